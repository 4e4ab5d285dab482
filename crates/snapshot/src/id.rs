//! The name of a snapshot: when it began, and a random part.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// Length of the fixed form `20261124-083000-123456789-1a2b3c4d`.
const LEN: usize = 34;
/// Where the dashes stand in it.
const DASHES: [usize; 3] = [8, 15, 25];

/// The name of a snapshot, such as `20261124-083000-123456789-1a2b3c4d`.
///
/// Moment of its beginning in UTC, down to the nanosecond, and four random bytes. Names of one
/// store grow, also when the clock goes back: then the moment is one nanosecond after the
/// newest name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SnapshotId(String);

impl SnapshotId {
    /// Names the next snapshot of a store whose newest one is `newest`.
    pub(crate) fn next(now: SystemTime, newest: Option<&Self>) -> io::Result<Self> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let earliest = newest.map(|newest| newest.since() + Duration::from_nanos(1));
        let moment = moment(earliest.map_or(now, |earliest| now.max(earliest)));
        let mut random = [0_u8; 4];
        rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
        Ok(Self(format!("{moment}-{:08x}", u32::from_be_bytes(random))))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The moment in the name, since 1970.
    pub(crate) fn since(&self) -> Duration {
        let number = |from: usize, to: usize| -> i64 {
            self.0.get(from..to).and_then(|digits| digits.parse().ok()).unwrap_or_default()
        };
        let secs = days(number(0, 4), number(4, 6), number(6, 8)) * 86_400
            + number(9, 11) * 3600
            + number(11, 13) * 60
            + number(13, 15);
        Duration::from_secs(u64::try_from(secs).unwrap_or_default())
            + Duration::from_nanos(u64::try_from(number(16, 25)).unwrap_or_default())
    }
}

/// `20261124-083000-123456789`.
fn moment(since: Duration) -> String {
    let secs = since.as_secs();
    let (year, month, day) = civil(i64::try_from(secs / 86_400).unwrap_or_default());
    let of_day = secs % 86_400;
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let nanos = since.subsec_nanos();
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}-{nanos:09}")
}

/// The civil date of a day counted from 1970-01-01, by counting from a first of March.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Days from 1970-01-01 to a civil date: the way back from [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
        - 719_468
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that names no snapshot.
#[derive(Debug, thiserror::Error)]
#[error("`{found}` is no snapshot id, wanted the form 20261124-083000-123456789-1a2b3c4d")]
#[non_exhaustive]
pub struct SnapshotIdError {
    /// The beginning of the text.
    pub found: String,
}

impl FromStr for SnapshotId {
    type Err = SnapshotIdError;

    fn from_str(text: &str) -> Result<Self, SnapshotIdError> {
        let fits = |(at, byte): (usize, u8)| {
            if DASHES.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
        };
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let is_moment = text.bytes().take(25).all(|byte| byte.is_ascii_digit() || byte == b'-');
        if text.len() == LEN && is_lower && is_moment && text.bytes().enumerate().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(SnapshotIdError { found: text.chars().take(80).collect() })
        }
    }
}

impl TryFrom<String> for SnapshotId {
    type Error = SnapshotIdError;

    fn try_from(text: String) -> Result<Self, SnapshotIdError> {
        text.parse()
    }
}

impl From<SnapshotId> for String {
    fn from(id: SnapshotId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64, nanos: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::new(secs, nanos)
    }

    #[test]
    fn ids_grow_also_when_the_clock_goes_back() {
        let first = SnapshotId::next(at(1_795_509_000, 5), None).unwrap();
        assert!(first.as_str().starts_with("20261124-083000-000000005-"), "{first}");
        let second = SnapshotId::next(at(1_795_509_000, 5), Some(&first)).unwrap();
        let third = SnapshotId::next(at(1_000_000_000, 0), Some(&second)).unwrap();
        let last = SnapshotId::next(at(1_795_509_000, 999_999_999), Some(&third)).unwrap();
        let over = SnapshotId::next(at(0, 0), Some(&last)).unwrap();
        assert!(over.as_str().starts_with("20261124-083001-000000000-"), "{over}");
        assert!(first < second && second < third && third < last && last < over, "{third}");
    }

    #[test]
    fn only_the_fixed_form_is_an_id() {
        let id = SnapshotId::next(at(0, 0), None).unwrap();
        assert_eq!(id.as_str().parse::<SnapshotId>().unwrap(), id);
        for wrong in ["", "latest", "../../../etc/passwd-0123456789abcd", &id.0.to_uppercase()] {
            let is_same = wrong == id.as_str();
            assert!(is_same || wrong.parse::<SnapshotId>().is_err(), "{wrong}");
        }
    }
}
