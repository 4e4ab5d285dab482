//! Moments of a rule test, whose second 0 is 1970.

use std::time::{Duration, SystemTime};

use plimsoll_alerts::Now;

pub(super) fn moment(secs: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(secs)
}

pub(super) fn now(secs: u64) -> Now {
    Now::of_row(moment(secs))
}

/// Seconds of a span as Prometheus writes it: `1h30m`.
pub(super) fn span(text: &str) -> Option<u64> {
    let mut total = 0;
    let mut number = String::new();
    let mut rest = text.trim().chars().peekable();
    while let Some(c) = rest.next() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c {
            'm' if rest.peek() == Some(&'s') => return None,
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total += number.parse::<u64>().ok()? * unit;
        number.clear();
    }
    match number.as_str() {
        "" | "0" => Some(total),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_span_is_a_row_of_numbers_with_units() {
        for (text, secs) in [("5m", 300), ("1h30m", 5_400), ("0", 0), ("90s", 90), ("1d", 86_400)] {
            assert_eq!(span(text), Some(secs), "{text}");
        }
        assert_eq!(span("5"), None);
        assert_eq!(span("5x"), None);
    }
}
