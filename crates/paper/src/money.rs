//! Exact decimals, currencies and instruments: every amount is an integer of minor units.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Most digits after the point that a decimal, price or currency may have.
pub(crate) const SCALE_MAX: u8 = 18;

/// An exact decimal: `mantissa × 10^-scale`.
///
/// In JSON it is a string (`"1229.23"`) or an integer; a JSON float is refused, because it would
/// already have lost digits. Equality and order go by value: `1.50` equals `1.5`.
#[derive(Clone, Copy)]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

/// Why a text is not a decimal, or a decimal does not fit a scale.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// The text is not a plain decimal number.
    #[error("found `{found}`, wanted a decimal number such as 1229.23")]
    Invalid {
        /// What was found, cut at 40 characters.
        found: String,
    },
    /// The number has more digits than can be held exactly.
    #[error("`{found}` has more digits than an exact decimal holds (18 after the point)")]
    TooLong {
        /// What was found, cut at 40 characters.
        found: String,
    },
    /// The value has more digits after the point than the wanted scale keeps.
    #[error("{found} has more than {wanted_scale} digits after the point")]
    Inexact {
        /// The value.
        found: Decimal,
        /// Digits after the point that were allowed.
        wanted_scale: u8,
    },
}

impl Decimal {
    /// Zero, without digits after the point.
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };

    /// Builds `mantissa × 10^-scale`; a scale above 18 is `None`.
    pub const fn new(mantissa: i128, scale: u8) -> Option<Self> {
        if scale <= SCALE_MAX { Some(Self { mantissa, scale }) } else { None }
    }

    /// For callers that hold a scale which was checked when its owner was built.
    pub(crate) const fn of(mantissa: i128, scale: u8) -> Self {
        Self { mantissa, scale }
    }

    /// Returns the integer of minor units.
    pub const fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// Returns the number of digits after the point.
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// Returns the integer of minor units at another scale, without rounding.
    ///
    /// # Errors
    ///
    /// [`DecimalError::Inexact`] if digits would be lost, [`DecimalError::TooLong`] on overflow.
    pub fn rescale(self, scale: u8) -> Result<i128, DecimalError> {
        if scale >= self.scale {
            let factor = pow10(scale - self.scale);
            return factor
                .and_then(|factor| self.mantissa.checked_mul(factor))
                .ok_or_else(|| DecimalError::TooLong { found: self.to_string() });
        }
        let factor = pow10(self.scale - scale).unwrap_or(i128::MAX);
        if self.mantissa % factor != 0 {
            return Err(DecimalError::Inexact { found: self, wanted_scale: scale });
        }
        Ok(self.mantissa / factor)
    }

    /// Drops zeros at the end, so that the scale is the number of digits that matter.
    pub(crate) fn normalized(mut self) -> Self {
        while self.scale > 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.scale -= 1;
        }
        self
    }

    /// Returns the nearest double; for display and for the recording edge only.
    #[allow(clippy::cast_precision_loss, reason = "the edge to doubles is lossy by design")]
    pub fn to_f64(self) -> f64 {
        self.mantissa as f64 / 10f64.powi(i32::from(self.scale))
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Parses `-12.5`, `+3`, `.5`, `1e-05`; not `NaN`, `inf`, group separators or blanks inside.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let invalid = || DecimalError::Invalid { found: cut(text) };
        let too_long = || DecimalError::TooLong { found: cut(text) };
        let trimmed = text.trim();
        let (body, exponent) = match trimmed.split_once(['e', 'E']) {
            Some((body, exponent)) => (body, exponent.parse::<i32>().map_err(|_| invalid())?),
            None => (trimmed, 0),
        };
        let (negative, digits) = match body.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, body.strip_prefix('+').unwrap_or(body)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let mut mantissa: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return Err(invalid());
            }
            mantissa = mantissa
                .checked_mul(10)
                .and_then(|value| value.checked_add(i128::from(byte - b'0')))
                .ok_or_else(too_long)?;
        }
        let places = i32::try_from(fraction.len()).map_err(|_| too_long())?;
        let places = places.checked_sub(exponent).ok_or_else(too_long)?;
        let signed = if negative { -mantissa } else { mantissa };
        place(signed, places).ok_or_else(too_long)
    }
}

/// Puts the point, dropping zeros where the scale would pass its limit.
fn place(mut mantissa: i128, mut places: i32) -> Option<Decimal> {
    while places > i32::from(SCALE_MAX) && mantissa % 10 == 0 && mantissa != 0 {
        mantissa /= 10;
        places -= 1;
    }
    if mantissa == 0 {
        places = places.clamp(0, i32::from(SCALE_MAX));
    }
    if places < 0 {
        let factor = pow10(u8::try_from(places.unsigned_abs()).ok()?)?;
        mantissa = mantissa.checked_mul(factor)?;
        places = 0;
    }
    Decimal::new(mantissa, u8::try_from(places).ok()?)
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Ten to a power, `None` past what an `i128` holds.
pub(crate) fn pow10(exponent: u8) -> Option<i128> {
    10i128.checked_pow(u32::from(exponent))
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.mantissa.unsigned_abs();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        if self.scale == 0 {
            return write!(f, "{sign}{magnitude}");
        }
        let unit = 10u128.pow(u32::from(self.scale));
        let width = usize::from(self.scale);
        write!(f, "{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (self.normalized(), other.normalized());
        let scale = left.scale.max(right.scale);
        match (left.rescale(scale), right.rescale(scale)) {
            (Ok(left), Ok(right)) => left.cmp(&right),
            // The side that does not fit is the larger in magnitude, so its sign decides.
            (Err(_), _) => left.mantissa.cmp(&0),
            (_, Err(_)) => 0.cmp(&right.mantissa),
        }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal as a string, such as \"1229.23\", or an integer")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Decimal, E> {
                Ok(Decimal::of(i128::from(value), 0))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Decimal, E> {
                Ok(Decimal::of(i128::from(value), 0))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// An amount of one currency, in its minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Amount {
    /// The integer of minor units; what a unit is worth is the currency's scale.
    pub minor: i128,
}

/// Why an amount could not be computed, or an instrument not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// The result does not fit 128 bits; nothing was changed.
    #[error("{what} does not fit 128 bits")]
    Overflow {
        /// What was computed.
        what: &'static str,
    },
    /// A currency code or an instrument name is not usable.
    #[error("`{found}` is no usable {what}: wanted 1 to 32 letters, digits, `-`, `_`, `.` or `/`")]
    Name {
        /// What the name is for.
        what: &'static str,
        /// What was found, cut at 40 characters.
        found: String,
    },
    /// A scale is too large, or too small to hold price times quantity exactly.
    #[error("scale {found} of {what} is outside {from}..={to}")]
    Scale {
        /// Whose scale.
        what: String,
        /// What was found.
        found: u8,
        /// Smallest allowed.
        from: u8,
        /// Largest allowed.
        to: u8,
    },
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self { minor: 0 };

    /// Adds, or says that the sum does not fit.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        let sum = self.minor.checked_add(other.minor);
        sum.map(|minor| Self { minor }).ok_or(MoneyError::Overflow { what: "a sum" })
    }

    /// Subtracts, or says that the difference does not fit.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        let sum = self.minor.checked_sub(other.minor);
        sum.map(|minor| Self { minor }).ok_or(MoneyError::Overflow { what: "a difference" })
    }
}

/// A currency: its code and how many digits after the point one minor unit is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Currency {
    code: String,
    scale: u8,
}

impl Currency {
    /// Checks and builds a currency.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Name`] or [`MoneyError::Scale`] (at most 18 digits).
    pub fn new(code: &str, scale: u8) -> Result<Self, MoneyError> {
        if scale > SCALE_MAX {
            let what = code.to_owned();
            return Err(MoneyError::Scale { what, found: scale, from: 0, to: SCALE_MAX });
        }
        Ok(Self { code: name("currency code", code)?, scale })
    }

    /// Returns the code, such as `USDC`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the digits after the point of one minor unit.
    pub fn scale(&self) -> u8 {
        self.scale
    }

    /// Returns the amount as a decimal.
    pub fn decimal(&self, amount: Amount) -> Decimal {
        Decimal::of(amount.minor, self.scale)
    }

    /// Returns the decimal as an amount, without rounding.
    ///
    /// # Errors
    ///
    /// [`DecimalError`] if the currency has fewer digits than the decimal.
    pub fn amount(&self, decimal: Decimal) -> Result<Amount, DecimalError> {
        Ok(Amount { minor: decimal.rescale(self.scale)? })
    }
}

fn name(what: &'static str, text: &str) -> Result<String, MoneyError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if text.is_empty() || text.len() > 32 || !text.chars().all(plain) {
        return Err(MoneyError::Name { what, found: cut(text) });
    }
    Ok(text.to_owned())
}

/// What is traded: prices and quantities are integers at the instrument's scales.
///
/// The quote currency has at least as many digits as price and quantity together, so that
/// `price × quantity` is always exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    instrument_id: String,
    px_scale: u8,
    qty_scale: u8,
    quote: Currency,
}

impl Instrument {
    /// Checks and builds an instrument.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Name`], or [`MoneyError::Scale`] if the quote currency cannot hold
    /// `price × quantity` exactly.
    pub fn new(
        instrument_id: &str,
        px_scale: u8,
        qty_scale: u8,
        quote: Currency,
    ) -> Result<Self, MoneyError> {
        let needed = px_scale.saturating_add(qty_scale);
        if quote.scale < needed {
            let what = format!("{} for {instrument_id}", quote.code);
            let found = quote.scale;
            return Err(MoneyError::Scale { what, found, from: needed, to: SCALE_MAX });
        }
        let instrument_id = name("instrument name", instrument_id)?;
        Ok(Self { instrument_id, px_scale, qty_scale, quote })
    }

    /// Returns the instrument's name.
    pub fn instrument_id(&self) -> &str {
        &self.instrument_id
    }

    /// Returns the digits after the point of a price.
    pub fn px_scale(&self) -> u8 {
        self.px_scale
    }

    /// Returns the digits after the point of a quantity.
    pub fn qty_scale(&self) -> u8 {
        self.qty_scale
    }

    /// Returns the currency that it is quoted and settled in.
    pub fn quote(&self) -> &Currency {
        &self.quote
    }

    /// Returns price times quantity in the quote currency, exactly; signed as the quantity.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Overflow`].
    pub fn notional(&self, qty_minor: i128, px_minor: i128) -> Result<Amount, MoneyError> {
        let spare = self.quote.scale - self.px_scale - self.qty_scale;
        let minor = qty_minor
            .checked_mul(px_minor)
            .and_then(|value| value.checked_mul(pow10(spare)?))
            .ok_or(MoneyError::Overflow { what: "price times quantity" })?;
        Ok(Amount { minor })
    }

    pub(crate) fn px(&self, px_minor: i128) -> Decimal {
        Decimal::of(px_minor, self.px_scale)
    }

    pub(crate) fn qty(&self, qty_minor: i128) -> Decimal {
        Decimal::of(qty_minor, self.qty_scale)
    }
}
