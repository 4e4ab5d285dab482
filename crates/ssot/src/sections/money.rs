//! What money is counted in, and who has how much of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::number::Positive;
use crate::spec::Complaint;

/// Section `accounting`: what money is counted in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Accounting {
    /// Currency in which accounts are added up, such as USD or USDT. Default USD.
    pub base_currency: String,
}

impl Default for Accounting {
    fn default() -> Self {
        Self { base_currency: "USD".to_owned() }
    }
}

impl Accounting {
    /// Returns what is no currency.
    #[must_use]
    pub fn problems(&self) -> Vec<Complaint> {
        let code = &self.base_currency;
        let is_letters = code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if (3..=10).contains(&code.len()) && is_letters {
            return Vec::new();
        }
        let message =
            format!("{code:?} is no currency, wanted capital letters such as USD or USDT");
        vec![Complaint::new(message, ["base_currency"])]
    }
}

/// Section `strategies`: what is known of each strategy, by its id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Strategies(pub BTreeMap<String, Strategy>);

/// One strategy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Strategy {
    /// Money that the strategy was given, in `accounting.base_currency`; its drawdown is measured
    /// against it.
    pub capital: Positive,
}
