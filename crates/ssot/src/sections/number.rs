//! Numbers that cannot be nonsense.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number outside of what the type allows.
#[derive(Clone, Debug, PartialEq)]
pub struct NotInRange {
    found: f64,
    wanted: &'static str,
}

impl fmt::Display for NotInRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "found {}, wanted {}", self.found, self.wanted)
    }
}

impl std::error::Error for NotInRange {}

/// A part of a whole, above 0 and at most 1; 0.05 is 5 %.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "f64", into = "f64")]
pub struct Ratio(
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0, "maximum" = 1)))] f64,
);

impl Ratio {
    /// Takes a number above 0 and at most 1.
    ///
    /// # Errors
    ///
    /// [`NotInRange`] for any other number; 5 for 5 % is the usual one.
    pub fn new(number: f64) -> Result<Self, NotInRange> {
        match number > 0.0 && number <= 1.0 {
            true => Ok(Self(number)),
            false => {
                let wanted = "a ratio above 0 and at most 1, such as 0.05 for 5 %";
                Err(NotInRange { found: number, wanted })
            }
        }
    }

    /// Returns the number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

/// A finite number above 0.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "f64", into = "f64")]
pub struct Positive(#[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0)))] f64);

impl Positive {
    /// Takes a finite number above 0.
    ///
    /// # Errors
    ///
    /// [`NotInRange`] for any other number.
    pub fn new(number: f64) -> Result<Self, NotInRange> {
        match number > 0.0 && number.is_finite() {
            true => Ok(Self(number)),
            false => Err(NotInRange { found: number, wanted: "a number above 0" }),
        }
    }

    /// Returns the number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

macro_rules! from_and_into {
    ($($type:ident)+) => {$(
        impl TryFrom<f64> for $type {
            type Error = NotInRange;

            fn try_from(number: f64) -> Result<Self, NotInRange> {
                Self::new(number)
            }
        }

        impl From<$type> for f64 {
            fn from(number: $type) -> Self {
                number.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )+};
}

from_and_into! { Ratio Positive }
