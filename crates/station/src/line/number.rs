//! What a word of a line means.

use super::Value;

/// Unit of a time that has no suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Precision {
    #[default]
    Nanos,
    Micros,
    Millis,
    Seconds,
    Minutes,
    Hours,
}

impl Precision {
    /// By the word of the query string; `None` for a word that QuestDB does not know either.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "" | "n" | "ns" => Self::Nanos,
            "u" | "us" => Self::Micros,
            "ms" => Self::Millis,
            "s" => Self::Seconds,
            "m" => Self::Minutes,
            "h" => Self::Hours,
            _ => return None,
        })
    }

    fn nanos(self) -> i64 {
        match self {
            Self::Nanos => 1,
            Self::Micros => 1_000,
            Self::Millis => 1_000_000,
            Self::Seconds => 1_000_000_000,
            Self::Minutes => 60_000_000_000,
            Self::Hours => 3_600_000_000_000,
        }
    }
}

/// The time of a line.
pub(super) fn time(word: &str, precision: Precision) -> Result<i64, &'static str> {
    let (digits, unit) = moment_unit(word).unwrap_or((word, precision));
    let count = integer(digits).ok_or("wanted a time as a whole number, such as 1700000000000")?;
    if count < 0 {
        return Err("the time lies before 1970");
    }
    count.checked_mul(unit.nanos()).ok_or("the time lies after the year 2262")
}

/// The number and the unit of `12n`, `12t` (microseconds) and `12m` (milliseconds).
fn moment_unit(word: &str) -> Option<(&str, Precision)> {
    let unit = match word.as_bytes().last()? {
        b'n' => Precision::Nanos,
        b't' => Precision::Micros,
        b'm' => Precision::Millis,
        _ => return None,
    };
    Some((word.get(..word.len().saturating_sub(1))?, unit))
}

/// An optional minus and digits.
fn integer(digits: &str) -> Option<i64> {
    if digits.starts_with('+') { None } else { digits.parse().ok() }
}

const WANTED: &str = "wanted a number, a truth value, a text in quotes or a binary float";

/// A value without quotes, and its text without the suffix.
pub(super) fn word(word: &str) -> Result<(Value<'static>, &str), &'static str> {
    let last = word.as_bytes().last().copied().ok_or("the value is missing")?;
    let body = word.get(..word.len().saturating_sub(1)).unwrap_or_default();
    match last {
        b'0'..=b'9' | b'.' => Ok((float(word)?, word)),
        b'i' if !body.is_empty() => {
            let value = integer(body).ok_or("wanted a whole number of 64 bits before `i`")?;
            Ok((Value::Long(value), body))
        }
        _ => other(word).ok_or(WANTED)?,
    }
}

fn other(word: &str) -> Option<Result<(Value<'static>, &str), &'static str>> {
    let is = |text: &str| word.eq_ignore_ascii_case(text);
    if is("t") || is("true") {
        return Some(Ok((Value::Bool(true), word)));
    }
    if is("f") || is("false") {
        return Some(Ok((Value::Bool(false), word)));
    }
    if matches!(word, "NaN" | "Infinity" | "-Infinity") {
        return Some(Ok((Value::NonFinite, word)));
    }
    if let Some((digits, unit)) = moment_unit(word)
        && let Some(count) = integer(digits)
    {
        let nanos = count.checked_mul(unit.nanos()).ok_or("the time does not fit nanoseconds");
        return Some(nanos.map(|nanos| (Value::Timestamp(nanos), digits)));
    }
    let is_decimal = word.strip_suffix('d').is_some_and(|digits| float(digits).is_ok());
    is_decimal.then_some(Err("decimals are not kept here; send a float"))
}

/// A decimal float that a 64-bit float can hold; neither overflow nor underflow is rounded away.
fn float(word: &str) -> Result<Value<'static>, &'static str> {
    let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    if !word.bytes().all(is_digit) {
        return Err(WANTED);
    }
    let value: f64 = word.parse().map_err(|_| WANTED)?;
    let mantissa = word.split(['e', 'E']).next().unwrap_or_default();
    let is_zero = !mantissa.bytes().any(|b| matches!(b, b'1'..=b'9'));
    if value.is_infinite() || (value == 0.0 && !is_zero) {
        return Err("the number does not fit a 64-bit float");
    }
    Ok(Value::Double(value))
}
