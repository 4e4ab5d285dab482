//! What tokens cost, in units that add up exactly.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::usage::Tokens;

/// What a model costs, in USD per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Price {
    /// Tokens read, not from a cache.
    pub input_usd_per_mtok: f64,
    /// Tokens written.
    pub output_usd_per_mtok: f64,
    /// Tokens read from a cache.
    pub cache_read_usd_per_mtok: f64,
    /// Tokens written to a cache that keeps them 5 minutes.
    pub cache_write_5m_usd_per_mtok: f64,
    /// Tokens written to a cache that keeps them an hour.
    pub cache_write_1h_usd_per_mtok: f64,
}

/// 1 USD per million tokens is 1,000 of these a token.
const NANO_PER_USD_PER_MTOK: f64 = 1_000.0;
/// More than any token costs, and far from where a float stops counting whole numbers.
const PRICE_MAX: f64 = 1e6;

impl Price {
    /// Prices per million tokens, USD.
    #[must_use]
    pub const fn new(input: f64, output: f64, cache_read: f64, cache_write: [f64; 2]) -> Self {
        let [write_5m, write_1h] = cache_write;
        Self {
            input_usd_per_mtok: input,
            output_usd_per_mtok: output,
            cache_read_usd_per_mtok: cache_read,
            cache_write_5m_usd_per_mtok: write_5m,
            cache_write_1h_usd_per_mtok: write_1h,
        }
    }

    fn fields(&self) -> [(&'static str, f64); 5] {
        [
            ("input_usd_per_mtok", self.input_usd_per_mtok),
            ("output_usd_per_mtok", self.output_usd_per_mtok),
            ("cache_read_usd_per_mtok", self.cache_read_usd_per_mtok),
            ("cache_write_5m_usd_per_mtok", self.cache_write_5m_usd_per_mtok),
            ("cache_write_1h_usd_per_mtok", self.cache_write_1h_usd_per_mtok),
        ]
    }

    /// The first field that is no price, and its value.
    pub(crate) fn problem(&self) -> Option<(&'static str, String)> {
        let wrong = |(_, value): &(&str, f64)| nano_per_token(*value).is_none();
        self.fields().into_iter().find(wrong).map(|(field, value)| (field, value.to_string()))
    }

    /// What these tokens cost, in 10⁻⁹ USD. Exact: a price has at most three decimals, so a
    /// token costs a whole number of them.
    #[deny(clippy::arithmetic_side_effects, reason = "money must not wrap")]
    pub(crate) fn cost_nano_usd(&self, tokens: &Tokens) -> u64 {
        let write_5m = tokens.cache_write_tokens.saturating_sub(tokens.cache_write_1h_tokens);
        let parts = [
            (self.input_usd_per_mtok, tokens.input_tokens),
            (self.output_usd_per_mtok, tokens.output_tokens),
            (self.cache_read_usd_per_mtok, tokens.cache_read_tokens),
            (self.cache_write_5m_usd_per_mtok, write_5m),
            (self.cache_write_1h_usd_per_mtok, tokens.cache_write_1h_tokens),
        ];
        parts.iter().fold(0, |sum, (price, count)| {
            let each = nano_per_token(*price).unwrap_or(u64::MAX);
            sum.saturating_add(each.saturating_mul(*count))
        })
    }
}

/// A price per million tokens as 10⁻⁹ USD per token, if it is one of at most three decimals.
fn nano_per_token(usd_per_mtok: f64) -> Option<u64> {
    if !(0.0..=PRICE_MAX).contains(&usd_per_mtok) {
        return None;
    }
    let scaled = usd_per_mtok * NANO_PER_USD_PER_MTOK;
    // 0.3 × 1,000 is not 300 in binary, but nearer than any fourth decimal would be.
    ((scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0)).then(|| whole(scaled.round()))
}

/// An amount of USD in 10⁻⁹ USD; nothing for what is no amount of money.
pub(crate) fn nano_usd(usd: f64) -> Option<u64> {
    let scaled = usd * 1e9;
    (0.0..1e19).contains(&scaled).then(|| whole(scaled.round()))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "callers pass what is not negative and below 2^64; the cast saturates"
)]
fn whole(value: f64) -> u64 {
    value as u64
}

/// `$3.20` of 10⁻⁹ USD; what is less than a cent but not nothing shows four decimals.
pub(crate) fn dollars(nano_usd: u64) -> String {
    if nano_usd > 0 && nano_usd < 10_000_000 {
        return format!("$0.{:04}", nano_usd.div_ceil(100_000));
    }
    let cents = nano_usd / 10_000_000;
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// 10⁻⁹ USD as USD, for a column or a report; not for adding up.
#[allow(clippy::cast_precision_loss, reason = "9 digits after the point are more than are shown")]
pub(crate) fn usd(nano_usd: u64) -> f64 {
    nano_usd as f64 / 1e9
}

/// The price of a model in a table. A date, a context size and a cloud's affixes are not part of
/// the name; but an unknown model never gets the price of one with a similar name.
pub(crate) fn price_of<'a>(table: &'a BTreeMap<String, Price>, model: &str) -> Option<&'a Price> {
    table.get(model).or_else(|| table.get(plain_name(model)))
}

fn plain_name(model: &str) -> &str {
    let name = model.rsplit_once("anthropic.").map_or(model, |(_, name)| name);
    let name = name.split(['[', '@', ':']).next().unwrap_or(name);
    let name = name.strip_suffix("-v1").or_else(|| name.strip_suffix("-v2")).unwrap_or(name);
    match name.rsplit_once('-') {
        Some((plain, date)) if date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()) => plain,
        _ => name,
    }
}

/// List prices as published in November 2026; models whose prices depend on more than tokens are
/// left out, so that they count as unknown.
pub(crate) fn list_prices() -> BTreeMap<String, Price> {
    const OPUS_5_5: Price = Price::new(4.0, 20.0, 0.2, [5.0, 8.0]);
    const OPUS: Price = Price::new(5.0, 25.0, 0.5, [6.25, 10.0]);
    const OPUS_4: Price = Price::new(15.0, 75.0, 1.5, [18.75, 30.0]);
    const SONNET_5: Price = Price::new(2.0, 10.0, 0.2, [2.5, 4.0]);
    const SONNET_4: Price = Price::new(3.0, 15.0, 0.3, [3.75, 6.0]);
    const HAIKU_4_5: Price = Price::new(1.0, 5.0, 0.1, [1.25, 2.0]);
    let table = [
        ("claude-opus-5-5", OPUS_5_5),
        ("claude-opus-5", OPUS),
        ("claude-opus-4-6", OPUS),
        ("claude-opus-4-5", OPUS),
        ("claude-opus-4-1", OPUS_4),
        ("claude-opus-4", OPUS_4),
        ("claude-sonnet-5-5", SONNET_5),
        ("claude-sonnet-5", SONNET_5),
        ("claude-sonnet-4-6", SONNET_4),
        ("claude-sonnet-4-5", SONNET_4),
        ("claude-sonnet-4", SONNET_4),
        ("claude-haiku-4-5", HAIKU_4_5),
    ];
    table.into_iter().map(|(model, price)| (model.to_owned(), price)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_exact() {
        let tokens = Tokens {
            input_tokens: 1_000_001,
            output_tokens: 3,
            cache_read_tokens: 7,
            cache_write_tokens: 11,
            cache_write_1h_tokens: 4,
        };
        let price = Price::new(3.0, 15.0, 0.3, [3.75, 6.0]);
        let expected = 1_000_001 * 3_000 + 3 * 15_000 + 7 * 300 + 7 * 3_750 + 4 * 6_000;
        assert_eq!(price.cost_nano_usd(&tokens), expected);
        assert!(list_prices().values().all(|price| price.problem().is_none()));
    }

    #[test]
    fn what_is_no_price_is_named() {
        for bad in [-1.0, f64::NAN, f64::INFINITY, 0.0001, 1e7] {
            let price = Price { output_usd_per_mtok: bad, ..Price::new(1.0, 1.0, 1.0, [1.0, 1.0]) };
            assert_eq!(price.problem().map(|(field, _)| field), Some("output_usd_per_mtok"));
        }
    }

    #[test]
    fn a_model_is_found_by_its_name_and_never_by_a_similar_one() {
        let table = list_prices();
        for known in [
            "claude-opus-4-1",
            "claude-opus-4-1-20250805",
            "claude-sonnet-4-5-20250929[1m]",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "claude-haiku-4-5@20251001",
        ] {
            assert!(price_of(&table, known).is_some(), "{known}");
        }
        for unknown in ["claude-opus-9", "claude-opus-4-9", "claude-opus", "<synthetic>", ""] {
            assert!(price_of(&table, unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn dollars_never_hide_that_something_was_spent() {
        for (nano, text) in [
            (0, "$0.00"),
            (1, "$0.0001"),
            (9_999_999, "$0.0100"),
            (3_209_999_999, "$3.20"),
            (20_000_000_000, "$20.00"),
        ] {
            assert_eq!(dollars(nano), text);
        }
    }
}
