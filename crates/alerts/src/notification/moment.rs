//! A moment and a span for people's eyes.

use std::time::{Duration, SystemTime};

/// `2026-11-24 08:30:00 UTC`.
pub(crate) fn utc(at: SystemTime) -> String {
    let secs = unix_secs(at);
    let (year, month, day) = civil(i64::try_from(secs / 86_400).unwrap_or(0));
    let (hour, minute, second) = (secs / 3_600 % 24, secs / 60 % 60, secs % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// `2026-11-24T08:30:00Z`, as programs read it.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    utc(at).replacen(' ', "T", 1).replace(" UTC", "Z")
}

/// Seconds since 1970; 0 before.
pub(crate) fn unix_secs(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// `340 ms`, `12 s`, `5 min 3 s`, `2 h 5 min`, `3 d 4 h`.
pub(crate) fn span(span: Duration) -> String {
    let secs = span.as_secs();
    match secs {
        0 => format!("{} ms", span.as_millis()),
        1..60 => format!("{secs} s"),
        60..3_600 => two(secs, 60, "min", "s"),
        3_600..86_400 => two(secs / 60, 60, "h", "min"),
        _ => two(secs / 3_600, 24, "d", "h"),
    }
}

fn two(of: u64, per: u64, large: &str, small: &str) -> String {
    let (whole, rest) = (of / per.max(1), of % per.max(1));
    if rest == 0 { format!("{whole} {large}") } else { format!("{whole} {large} {rest} {small}") }
}

/// The civil date of a day counted from 1970-01-01, by counting days from a first of March.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_spans_are_shown_as_people_say_them() {
        let at = |secs| SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
        assert_eq!(utc(at(0)), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(at(1_709_164_799)), "2024-02-28 23:59:59 UTC");
        assert_eq!(rfc3339(at(1_795_509_000)), "2026-11-24T08:30:00Z");
        let show = |ms| span(Duration::from_millis(ms));
        assert_eq!(show(340), "340 ms");
        assert_eq!(show(12_900), "12 s");
        assert_eq!(show(303_000), "5 min 3 s");
        assert_eq!(show(300_000), "5 min");
        assert_eq!(show(7_500_000), "2 h 5 min");
        assert_eq!(show(273_600_000), "3 d 4 h");
    }
}
