//! Moments as people type them, and the clocks that only commands read.

use std::time::{Duration, Instant, SystemTime};

const DAY_SECS: i64 = 86_400;

/// The present.
#[allow(clippy::disallowed_methods, reason = "a command is the edge that reads the clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// The present, UTC nanoseconds.
pub(crate) fn now_ns() -> i64 {
    let since = now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Measures spans from when it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[allow(clippy::disallowed_methods, reason = "a command is the edge that reads the clock")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Reads RFC 3339 with any fraction, as QuestDB answers, as UTC nanoseconds.
pub(crate) fn parse_rfc_ns(text: &str) -> Option<i64> {
    let at: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(at.as_nanosecond()).ok()
}

/// Writes UTC nanoseconds as RFC 3339, as people and QuestDB read them.
pub(crate) fn rfc(ns: i64) -> String {
    jiff::Timestamp::from_nanosecond(ns.into())
        .map_or_else(|_| ns.to_string(), |at| format!("{at}"))
}

/// Reads `2026-11-24`, `2026-11-24T08:30:00Z` or seconds since 1970 as UTC nanoseconds.
pub(crate) fn parse_ns(text: &str) -> Result<i64, String> {
    let wanted =
        || format!("`{text}` is no moment, wanted 2026-11-24, 2026-11-24T08:30:00Z or seconds UTC");
    let secs = match text.parse::<i64>() {
        Ok(secs) => secs,
        Err(_) => civil_secs(text).ok_or_else(wanted)?,
    };
    secs.checked_mul(1_000_000_000).ok_or_else(wanted)
}

fn civil_secs(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, time.trim_end_matches('Z')),
        None => (text, "00:00:00"),
    };
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let month_len = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let is_possible = (1970..=2200).contains(&year)
        && (1..=12).contains(&month)
        && (1..=month_len).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    is_possible.then(|| days(year, month, day) * DAY_SECS + hour * 3600 + minute * 60 + second)
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut next = || {
        let part = parts.next()?;
        let is_number = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| part.parse().ok())?
    };
    let found = [next()?, next()?, next()?];
    parts.next().is_none().then_some(found)
}

/// Days from 1970-01-01, in a calendar whose year begins on 1 March, so that the leap day is last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{parse_ns, parse_rfc_ns};

    #[track_caller]
    fn check(text: &str, secs: Option<i64>) {
        assert_eq!(parse_ns(text).ok(), secs.map(|s| s * 1_000_000_000), "{text}");
    }

    #[test]
    fn what_questdb_answers_is_read_to_the_nanosecond() {
        let ns = parse_rfc_ns("2026-11-24T08:30:00.123456789Z");
        assert_eq!(ns, Some(1_795_509_000_123_456_789));
        assert_eq!(parse_rfc_ns("soon"), None);
    }

    #[test]
    fn moments_are_read_as_people_type_them() {
        check("2026-11-24", Some(1_795_478_400));
        check("2026-11-24T08:30:00Z", Some(1_795_509_000));
        check("2026-11-24 08:30:00", Some(1_795_509_000));
        check("2024-02-29", Some(1_709_164_800));
        check("1790000000", Some(1_790_000_000));
        for wrong in ["", "today", "2026-13-01", "2025-02-29", "2026-11-24T25:00:00Z", "2026-+1-01"]
        {
            check(wrong, None);
        }
    }
}
