//! Moments as text, in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

const MS_PER_DAY: u64 = 86_400_000;

/// `2026-11-24T09:30:00.125Z` of milliseconds since 1970.
pub(crate) fn stamp(wall_ms: u64) -> String {
    let (year, month, day) = date(wall_ms / MS_PER_DAY);
    let ms = wall_ms % MS_PER_DAY;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        ms / 3_600_000,
        ms / 60_000 % 60,
        ms / 1_000 % 60,
        ms % 1_000
    )
}

/// `09:30` of milliseconds since 1970.
pub(crate) fn clock(wall_ms: u64) -> String {
    let minutes = wall_ms % MS_PER_DAY / 60_000;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Minutes since midnight.
pub(crate) fn minute_of_day(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() % 86_400 / 60
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn date(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// Milliseconds since 1970 of a [`stamp`], also without milliseconds; nothing for other text.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let shape = text.get(4..5)? == "-" && text.get(10..11)? == "T" && text.ends_with('Z');
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    if !shape || !(1..=12).contains(&month) || !(1..=31).contains(&day) || year < 1970 {
        return None;
    }
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    let ms = if text.get(19..20)? == "." { part(20, 23)? } else { 0 };
    // The inverse of `date`, from the same source: `days_from_civil`.
    let y = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (y / 400, y % 400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (era * 146_097 + day_of_era).checked_sub(719_468)?;
    Some(days * MS_PER_DAY + ((hour * 60 + minute) * 60 + second) * 1_000 + ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_utc_and_read_back() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_512_600_125, "2026-11-24T09:30:00.125Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        ] {
            assert_eq!(stamp(ms), text);
            assert_eq!(parse(text), Some(ms), "{text}");
        }
        assert_eq!(parse("2026-11-24T09:30:00Z"), Some(1_795_512_600_000));
        for bad in ["", "yesterday", "2026-13-24T09:30:00Z", "1969-11-24T09:30:00Z", "2026-11-24"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
