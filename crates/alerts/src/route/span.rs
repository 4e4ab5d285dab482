//! A span in files as people write it: `500ms`, `30s`, `5m`, `4h`, `1d`.

use std::time::Duration;

use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

/// Units, the largest first, in milliseconds.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Longest span that a file may ask for: 400 days.
const SPAN_MS_MAX: u64 = 400 * 86_400_000;

pub(crate) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&show(*span))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).ok_or_else(|| D::Error::custom(wanted(&text)))
}

/// What to say of a text that is no span.
pub(crate) fn wanted(text: &str) -> String {
    format!("`{text}` is no span; wanted a whole number with ms, s, m, h or d, such as 5m")
}

/// The span as the largest unit that makes it whole.
pub(crate) fn show(span: Duration) -> String {
    let ms = u64::try_from(span.as_millis()).unwrap_or(SPAN_MS_MAX);
    let fits = |unit: &u64| ms > 0 && ms.is_multiple_of(*unit);
    match UNITS.iter().find(|(_, unit)| fits(unit)) {
        Some((name, unit)) => format!("{}{name}", ms / unit),
        None => "0s".to_owned(),
    }
}

/// Reads a span. `None`: it is none.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, name) = text.split_at_checked(digits)?;
    let (_, unit) = UNITS.iter().find(|(unit, _)| *unit == name)?;
    let ms = number.parse::<u64>().ok()?.checked_mul(*unit)?;
    (ms <= SPAN_MS_MAX).then(|| Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_shown_as_people_write_them() {
        for text in ["500ms", "30s", "5m", "4h", "1d", "90s"] {
            assert_eq!(show(parse(text).unwrap()), text);
        }
        assert_eq!(parse("0s"), Some(Duration::ZERO));
        for wrong in ["", "5", "m", "5 m", "-5m", "1.5h", "5w", "401d", "99999999999999999999d"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
