//! Moments as texts.

const DAY_SECS: i64 = 86_400;
const SEC_NS: i64 = 1_000_000_000;

/// ns since 1970 of `2026-01-31T23:59:59.000000001Z`, with any number of digits behind the point.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (date, time) = text.trim_end_matches('Z').split_once(['T', ' '])?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut time = time.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    let is_time =
        (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    if !is_date || !is_time || fraction.len() > 9 {
        return None;
    }
    let nanos: i64 =
        if fraction.is_empty() { 0 } else { format!("{fraction:0<9}").parse().ok()? };
    let secs = days(year, month, day)
        .checked_mul(DAY_SECS)?
        .checked_add(hour * 3_600 + minute * 60 + second)?;
    secs.checked_mul(SEC_NS)?.checked_add(nanos)
}

/// Days since 1970-01-01, by the calendar that begins each year on 1 March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted = (month + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month, day, hour, minute and second of a moment.
pub(crate) fn parts(ns: i64) -> [i64; 6] {
    let secs = ns.div_euclid(SEC_NS);
    let (days, of_day) = (secs.div_euclid(DAY_SECS) + 719_468, secs.rem_euclid(DAY_SECS));
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    [year, month, day, of_day / 3_600, of_day / 60 % 60, of_day % 60]
}

/// `2026-01-31 23:59:59`, UTC.
pub(crate) fn full(ns: i64) -> String {
    let [year, month, day, hour, minute, second] = parts(ns);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// `2026-01-31`, UTC.
pub(crate) fn date(ns: i64) -> String {
    let [year, month, day, ..] = parts(ns);
    format!("{year:04}-{month:02}-{day:02}")
}

/// As much of a moment as tells the ticks of a range of `span_ns` apart.
pub(crate) fn tick(ns: i64, span_ns: i64) -> String {
    let [_, month, day, hour, minute, second] = parts(ns);
    let span_secs = span_ns / SEC_NS;
    if span_secs > 300 * DAY_SECS {
        return date(ns).chars().take(7).collect();
    }
    if span_secs > 2 * DAY_SECS {
        return format!("{month:02}-{day:02}");
    }
    if span_secs > 600 {
        return format!("{hour:02}:{minute:02}");
    }
    format!("{hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_it_is_written() {
        for (text, ns) in [
            ("1970-01-01T00:00:00.000000000Z", 0),
            ("2026-01-31T23:59:59.000000001Z", 1_769_903_999_000_000_001),
            ("2024-02-29T12:00:00.5Z", 1_709_208_000_500_000_000),
            ("1969-12-31T23:59:59.000000Z", -1_000_000_000),
        ] {
            assert_eq!(parse(text), Some(ns), "{text}");
            assert_eq!(full(ns), text.replace('T', " ").chars().take(19).collect::<String>());
        }
        for text in ["", "2026", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "x-1-1T0:0:0"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_tick_says_as_much_as_its_range_needs() {
        let noon = 1_709_208_000_000_000_000;
        let of = |secs: i64| tick(noon, secs * SEC_NS);
        assert_eq!(of(60), "12:00:00");
        assert_eq!(of(7_200), "12:00");
        assert_eq!(of(10 * DAY_SECS), "02-29");
        assert_eq!(of(400 * DAY_SECS), "2024-02");
    }
}
