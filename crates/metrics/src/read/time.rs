//! A moment as people and other programs read it.

use std::fmt;

use crate::value::Timestamp;

const DAY_SECS: i64 = 86_400;
const SEC_NS: i64 = 1_000_000_000;

/// Shows a moment as RFC 3339 in UTC with nanoseconds: `2026-01-31T23:59:59.000000001Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rfc3339(pub Timestamp);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ns = self.0.as_nanos();
        let (secs, nanos) = (ns.div_euclid(SEC_NS), ns.rem_euclid(SEC_NS));
        let (year, month, day) = civil(secs.div_euclid(DAY_SECS));
        let of_day = secs.rem_euclid(DAY_SECS);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
    }
}

/// Year, month and day of a number of days since 1970-01-01, by the calendar that begins each
/// year on 1 March, so that the leap day is the last. i64 nanoseconds stay in 1677 to 2262.
fn civil(days: i64) -> (i64, i64, i64) {
    // 719,468 days lie between 0000-03-01 and 1970-01-01; 146,097 are 400 years.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}
