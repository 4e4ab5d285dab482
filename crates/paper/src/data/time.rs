//! Moments as exporters write them: epoch numbers, ISO 8601, compact dates.

const DAY_NS: i64 = 86_400_000_000_000;
const SECOND_NS: i64 = 1_000_000_000;

/// What [`parse`] understands, for errors.
pub(super) const WANTED: &str =
    "a time: YYYY-MM-DD, ISO 8601, or an epoch in seconds, ms, us or ns";

/// Parses a moment into UTC nanoseconds. A text without a zone is UTC.
pub(super) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let whole = text.split('.').next().unwrap_or("");
    if !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return numeric(text, whole);
    }
    let (date, rest) = match text.find(['T', ' ']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?.trim()),
        None => (text, ""),
    };
    date_days(date)?.checked_mul(DAY_NS)?.checked_add(time_of_day(rest)?)
}

/// Parses a date column and a time column that belong together.
pub(super) fn parse_pair(date: &str, time: &str) -> Option<i64> {
    let days = date_days(date.trim())?;
    days.checked_mul(DAY_NS)?.checked_add(time_of_day(time.trim())?)
}

/// Tells seconds, ms, us and ns apart by the number of digits; eight digits are a date.
fn numeric(text: &str, whole: &str) -> Option<i64> {
    let unit = match whole.len() {
        8 if whole == text => return date_days(text)?.checked_mul(DAY_NS),
        9..=10 => SECOND_NS,
        12..=13 => 1_000_000,
        15..=16 => 1_000,
        18..=19 => 1,
        _ => return None,
    };
    let base = whole.parse::<i64>().ok()?.checked_mul(unit)?;
    let fraction = text.get(whole.len() + 1..).unwrap_or("");
    base.checked_add(fraction_ns(fraction)? / (SECOND_NS / unit))
}

/// Digits after a point as nanoseconds of a second.
fn fraction_ns(digits: &str) -> Option<i64> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nine: String = digits.chars().chain("000000000".chars()).take(9).collect();
    nine.parse().ok()
}

fn date_days(text: &str) -> Option<i64> {
    let (year, month, day) = if text.len() == 8 && !text.contains(['-', '/']) {
        (text.get(..4)?, text.get(4..6)?, text.get(6..)?)
    } else {
        let separator = if text.contains('/') { '/' } else { '-' };
        let mut parts = text.split(separator);
        let parsed = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || parsed.0.len() != 4 {
            return None;
        }
        parsed
    };
    let number = |text: &str| text.parse::<u16>().ok().map(i64::from);
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    let days = days_from_civil(year, month, day);
    // Going back and forth refuses the 31st of February.
    (civil_from_days(days) == (year, month, day)).then_some(days)
}

/// `HH:MM[:SS[.fff]]` or `HHMM[SS]`, with `Z`, `UTC`, `±HH:MM` or nothing behind.
fn time_of_day(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let text = text.strip_suffix("UTC").unwrap_or(text).trim_end();
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (clock, offset) = match text.find(['+', '-']) {
        Some(at) => (text.get(..at)?, zone_offset(text.get(at..)?)?),
        None => (text, 0),
    };
    let compact: String = clock.trim().chars().filter(|c| *c != ':').collect();
    let (whole, fraction) = compact.split_once('.').unwrap_or((&compact, ""));
    let pair = |from: usize| whole.get(from..from + 2)?.parse::<u8>().ok().map(i64::from);
    let second = match whole.len() {
        4 => 0,
        6 => pair(4)?,
        _ => return None,
    };
    let (hour, minute) = (pair(0)?, pair(2)?);
    if hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    Some((hour * 3600 + minute * 60 + second - offset) * SECOND_NS + fraction_ns(fraction)?)
}

/// `+02:00` or `-0530` in seconds.
fn zone_offset(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text.chars().skip(1).filter(|c| *c != ':').collect();
    let hours = digits.get(..2)?.parse::<u8>().ok().map(i64::from)?;
    let minutes = match digits.len() {
        2 => 0,
        4 => digits.get(2..)?.parse::<u8>().ok().map(i64::from)?,
        _ => return None,
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Formats UTC nanoseconds for people: the date, and the time of day unless it is midnight.
pub(super) fn format(ts_ns: i64) -> String {
    let (year, month, day) = civil_from_days(ts_ns.div_euclid(DAY_NS));
    let seconds = ts_ns.rem_euclid(DAY_NS) / SECOND_NS;
    let date = format!("{year:04}-{month:02}-{day:02}");
    if seconds == 0 {
        return date;
    }
    let (hour, minute) = (seconds / 3600, seconds % 3600 / 60);
    format!("{date} {hour:02}:{minute:02}:{:02}", seconds % 60)
}

/// Days since 1970-01-01 of the proleptic Gregorian calendar, with the year begun in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}
