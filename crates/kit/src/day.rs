//! Dates and moments in documents, UTC.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, civil, tz::TimeZone};

/// The date of a moment, as documents have it: `2026-11-24`.
pub(crate) fn date(at: SystemTime) -> String {
    Timestamp::try_from(at)
        .map(|at| at.to_zoned_datetime(TimeZone::UTC).date().to_string())
        .unwrap_or_default()
}

/// A moment to the second: `2026-11-24 08:30:00 UTC`.
pub(crate) fn moment(at: SystemTime) -> String {
    Timestamp::try_from(at)
        .map(|at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
        .unwrap_or_default()
}

/// Reads `2026-11-24 08:30:00 UTC`, as [`moment`] writes it, or RFC 3339.
pub(crate) fn parse_moment(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    let rfc = text.replacen(" UTC", "Z", 1).replacen(' ', "T", 1);
    rfc.parse::<Timestamp>().ok().and_then(|at| SystemTime::try_from(at).ok())
}

/// Whole days from a date to a moment; `None` if the text is no date.
pub(crate) fn days_since(date: &str, now: SystemTime) -> Option<i64> {
    let then: civil::Date = date.trim().parse().ok()?;
    let now = Timestamp::try_from(now).ok()?.to_zoned_datetime(TimeZone::UTC).date();
    Some(i64::from(then.until(now).ok()?.get_days()))
}

/// A span as a person says it: `4 min 30 s`, `2 h 5 min`, `12 s`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest} s"),
        (0, _) => format!("{minutes} min {rest} s"),
        _ => format!("{hours} h {minutes} min"),
    }
}
