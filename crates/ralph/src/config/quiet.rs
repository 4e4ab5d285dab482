//! Hours in which no iteration begins.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::utc;

/// A span of every day, UTC, from a minute up to another; over midnight if the end is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    from_minute: u16,
    until_minute: u16,
}

impl QuietHours {
    /// How long they still last at `now`; `None` outside of them.
    pub(crate) fn remaining(self, now: SystemTime) -> Option<Duration> {
        const DAY: u64 = 24 * 60;
        let minute = utc::minute_of_day(now);
        let (from, until) = (u64::from(self.from_minute), u64::from(self.until_minute));
        let since = (minute + DAY - from) % DAY;
        let length = (until + DAY - from) % DAY;
        (since < length).then(|| Duration::from_secs((length - since) * 60))
    }
}

impl std::str::FromStr for QuietHours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let minute = |clock: &str| -> Option<u16> {
            let (hours, minutes) = clock.trim().split_once(':')?;
            let (hours, minutes) = (hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok()?);
            (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
        };
        let parsed = text.split_once('-').and_then(|(from, until)| {
            let (from_minute, until_minute) = (minute(from)?, minute(until)?);
            (from_minute != until_minute).then_some(Self { from_minute, until_minute })
        });
        parsed.ok_or_else(|| format!("`{text}` is no span of a day such as 22:00-06:30"))
    }
}

impl std::fmt::Display for QuietHours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (from, until) = (self.from_minute, self.until_minute);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

impl Serialize for QuietHours {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for QuietHours {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[track_caller]
    fn check(hours: &str, minute: u64, expected_minutes: Option<u64>) {
        let hours: QuietHours = hours.parse().unwrap();
        let at = UNIX_EPOCH + Duration::from_secs(86_400 * 20_000 + minute * 60);
        assert_eq!(hours.remaining(at), expected_minutes.map(|m| Duration::from_secs(m * 60)));
        assert_eq!(hours.to_string().parse(), Ok(hours));
    }

    #[test]
    fn quiet_hours_may_go_over_midnight() {
        check("22:00-06:30", 22 * 60, Some(8 * 60 + 30));
        check("22:00-06:30", 6 * 60 + 29, Some(1));
        check("22:00-06:30", 6 * 60 + 30, None);
        check("09:00-17:00", 8 * 60 + 59, None);
        check("09:00-17:00", 12 * 60, Some(5 * 60));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for bad in ["", "22:00", "22:00-22:00", "25:00-06:00", "10:00-10:60", "a-b"] {
            assert!(bad.parse::<QuietHours>().is_err(), "{bad}");
        }
    }
}
