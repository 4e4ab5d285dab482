//! When something happens again and again: five fields, as cron has them.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// Minute, hour, day of the month, month, day of the week (0 and 7 are Sunday).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cron {
    /// Bit n: n is in the field.
    fields: [u64; 5],
    /// Whether the two fields for days name some days only; then one of them is enough.
    has_days: [bool; 2],
}

const RANGES: [(u8, u8); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
const NAMES: [&[&str]; 5] = [
    &[],
    &[],
    &[],
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
];

impl Cron {
    /// Reads five fields, each `*`, numbers, names, `a-b`, lists and `/step`.
    ///
    /// # Errors
    ///
    /// The field that cannot be read.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        if parts.len() != RANGES.len() {
            return Err(format!("{} fields in `{text}`", parts.len()));
        }
        let mut fields = [0_u64; 5];
        let all = fields.iter_mut().zip(&parts).zip(RANGES.iter().zip(NAMES));
        for ((field, part), (range, names)) in all {
            *field = parse_field(part, *range, names).ok_or_else(|| format!("`{part}`"))?;
        }
        // Sunday has two numbers.
        if fields[4] & (1 << 7) != 0 {
            fields[4] |= 1;
        }
        let is_some = |index: usize| parts.get(index).is_some_and(|part| !part.starts_with('*'));
        Ok(Self { fields, has_days: [is_some(2), is_some(4)] })
    }

    /// Whether it happens in the minute that `at` (seconds since 1970) is in.
    pub(crate) fn is_at(&self, secs: i64, zone: &TimeZone) -> bool {
        let Ok(moment) = Timestamp::from_second(secs) else { return false };
        self.matches(zone.to_datetime(moment))
    }

    fn matches(&self, at: DateTime) -> bool {
        let [minute, hour, day, month, weekday] = self.fields;
        let has = |field: u64, n: i8| u32::try_from(n).is_ok_and(|n| field & (1 << n) != 0);
        let is_day = has(day, at.day());
        let is_weekday = has(weekday, at.weekday().to_sunday_zero_offset());
        let is_right_day = match self.has_days {
            [true, true] => is_day || is_weekday,
            _ => is_day && is_weekday,
        };
        has(minute, at.minute()) && has(hour, at.hour()) && has(month, at.month()) && is_right_day
    }
}

fn parse_field(text: &str, (min, max): (u8, u8), names: &[&str]) -> Option<u64> {
    let mut field = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (part, 1_usize),
        };
        let number = |text: &str| -> Option<u8> {
            let named = names.iter().position(|name| text.eq_ignore_ascii_case(name));
            let named = named.and_then(|index| u8::try_from(index).ok());
            let number = named.map(|n| n.saturating_add(min)).or_else(|| text.parse().ok())?;
            (min..=max).contains(&number).then_some(number)
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (min, max),
            Some((first, last)) => (number(first)?, number(last)?),
            None => {
                let first = number(range)?;
                (first, if part.contains('/') { max } else { first })
            }
        };
        if first > last {
            return None;
        }
        for n in (first..=last).step_by(step) {
            field |= 1_u64 << n;
        }
    }
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, at: &str, expected: bool) {
        let moment: Timestamp = at.parse().unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let cron = Cron::parse(text).unwrap();
        assert_eq!(cron.is_at(moment.as_second(), &zone), expected, "`{text}` at {at}");
    }

    #[test]
    fn five_fields_pick_minutes_of_a_zone() {
        // 2026-11-24 is a Tuesday; Berlin is one hour ahead.
        check("* * * * *", "2026-11-24T10:07:30Z", true);
        check("7 11 * * *", "2026-11-24T10:07:59Z", true);
        check("7 10 * * *", "2026-11-24T10:07:00Z", false);
        check("*/15 * * * *", "2026-11-24T10:45:00Z", true);
        check("*/15 * * * *", "2026-11-24T10:50:00Z", false);
        check("0 9-17 * * mon-fri", "2026-11-24T11:00:00Z", true);
        check("0 9-17 * * sat,sun", "2026-11-24T11:00:00Z", false);
        check("0 0 * * 7", "2026-11-28T23:00:00Z", true);
        check("0 12 24 nov *", "2026-11-24T11:00:00Z", true);
    }

    #[test]
    fn either_kind_of_day_is_enough_when_both_are_named() {
        check("0 12 1 * tue", "2026-11-24T11:00:00Z", true);
        check("0 12 1 * wed", "2026-11-24T11:00:00Z", false);
        check("0 12 24 * wed", "2026-11-24T11:00:00Z", true);
    }

    #[test]
    fn what_is_no_field_is_refused() {
        for text in ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "5-2 * * * *"] {
            assert!(Cron::parse(text).is_err(), "{text}");
        }
        assert_eq!(Cron::parse("* * * foo *"), Err("`foo`".to_owned()));
        assert!(Cron::parse("*/0 * * * *").is_err());
    }
}
