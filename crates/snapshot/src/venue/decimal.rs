//! Exact decimal numbers: quantities and prices are compared, never rounded.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Neg;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const SCALE_MAX: u32 = 18;

/// An exact decimal number with up to 18 places.
#[derive(Debug, Clone, Copy, Default)]
pub struct Decimal {
    mantissa: i128,
    scale: u32,
}

/// A text that is no such number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no decimal number with at most {SCALE_MAX} places")]
#[non_exhaustive]
pub struct DecimalError {
    /// The beginning of the text.
    pub found: String,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };

    /// Tells whether it is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// Returns the nearest double.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // Text of a decimal is always a number.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Returns it without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self { mantissa: self.mantissa.abs(), scale: self.scale }
    }

    /// Adds; `None` if the sum is too long.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let mantissa = self.at(scale)?.checked_add(other.at(scale)?)?;
        Some(Self { mantissa, scale })
    }

    /// Subtracts; `None` if the difference is too long.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(-other)
    }

    fn at(self, scale: u32) -> Option<i128> {
        self.mantissa.checked_mul(10_i128.checked_pow(scale.checked_sub(self.scale)?)?)
    }
}

impl Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        Self { mantissa: -self.mantissa, scale: self.scale }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        match (self.at(scale), other.at(scale)) {
            (Some(one), Some(other)) => one.cmp(&other),
            // Too long for the other's places, so by far the larger one.
            (None, _) => self.mantissa.cmp(&0),
            (_, None) => 0.cmp(&other.mantissa),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let wrong = || DecimalError { found: text.chars().take(40).collect() };
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(places) || digits.ends_with('.') {
            return Err(wrong());
        }
        let places = places.trim_end_matches('0');
        let scale = u32::try_from(places.len()).map_err(|_| wrong())?;
        if scale > SCALE_MAX {
            return Err(wrong());
        }
        let mantissa: i128 = format!("{whole}{places}").parse().map_err(|_| wrong())?;
        Ok(Self { mantissa: if is_negative { -mantissa } else { mantissa }, scale })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::try_from(self.scale).unwrap_or_default();
        let digits = format!("{:0width$}", self.mantissa.unsigned_abs(), width = scale + 1);
        let (whole, places) =
            digits.split_at_checked(digits.len() - scale).unwrap_or((&digits, ""));
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let places = places.trim_end_matches('0');
        let dot = if places.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{dot}{places}")
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_are_exact_and_have_one_form() {
        for (text, shown) in
            [("1.500", "1.5"), ("-0.0", "0"), ("0.1", "0.1"), ("12", "12"), ("-3.07", "-3.07")]
        {
            assert_eq!(number(text).to_string(), shown);
        }
        assert_eq!(number("1.50"), number("1.5"));
        assert_eq!(number("0.1").checked_add(number("0.2")), Some(number("0.3")));
        assert_eq!(
            number("1").checked_sub(number("1.000000000000000001")),
            Some(number("-0.000000000000000001"))
        );
        assert!(number("-2") < number("0.5") && number("10") > number("9.99"));
        let huge = number("170141183460469231731687303715884105727");
        assert!(huge > number("0.000000000000000001") && huge.checked_add(huge).is_none());
        for wrong in ["", "-", ".5", "5.", "1e3", "NaN", "+1", "1_0", "0.0000000000000000001"] {
            assert!(wrong.parse::<Decimal>().is_err(), "{wrong}");
        }
    }
}
