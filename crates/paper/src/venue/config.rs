//! What a paper venue is like: fees, latency, funding, margin and what the script does to it.

use serde::{Deserialize, Serialize};

use crate::data::Bars;
use crate::money::{Decimal, SCALE_MAX};

/// The second currency that fees are paid in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeCurrency {
    /// Currency code.
    pub code: String,
    /// Digits after the point.
    pub scale: u8,
    /// Price of one unit in the quote currency.
    pub px: Decimal,
    /// How much of it the account begins with. When it is used up, fees are paid in the quote
    /// currency.
    pub deposit: Decimal,
}

/// Funding that long pays to short while the rate is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Funding {
    /// Bars between two payments, at least 1.
    pub every_bars: u32,
    /// Rate in millionths of the notional per payment.
    pub rate_ppm: i32,
}

/// How long the venue takes to answer, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LatencyConfig {
    /// Shortest answer. Default 8 ms.
    pub ack_min_ms: u32,
    /// Longest usual answer; one in fifty takes up to five times as long. Default 45 ms.
    pub ack_max_ms: u32,
}

impl Default for LatencyConfig {
    fn default() -> Self {
        Self { ack_min_ms: 8, ack_max_ms: 45 }
    }
}

/// Something that the script does after a bar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Action {
    /// Brings quote currency in.
    Deposit(Decimal),
    /// Takes quote currency out.
    Withdraw(Decimal),
    /// Takes a share of the equity out, in millionths: 200,000 is 20 %.
    WithdrawShare(u32),
    /// Moves quote currency from or to another account; into this one is positive.
    Transfer(Decimal),
    /// Breaks the line for that many bars. Orders stay and may fill meanwhile.
    Disconnect(u32),
    /// Rejects that many of the next orders, with this text.
    Reject(u32, String),
}

/// An [`Action`] and the bar after which it happens, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// Index of the bar.
    pub bar: u64,
    /// What happens.
    pub action: Action,
}

/// What a paper venue is like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct VenueConfig {
    /// Seed of latencies and ids. Default 1.
    pub seed: u64,
    /// The venue's name. Default `PAPER`.
    pub venue: String,
    /// The account's name. Default `paper-PAPER-main`.
    pub account_id: String,
    /// The instrument's name. Default `SPX-PERP`.
    pub instrument_id: String,
    /// Digits after the point of a quantity. Default 4.
    pub qty_scale: u8,
    /// Currency of prices and gains. Default `USDC`.
    pub quote: String,
    /// Digits after the point of the quote currency. Default 6.
    pub quote_scale: u8,
    /// What the account begins with, in the quote currency. Default 1,000,000.
    pub deposit: Decimal,
    /// Second currency for fees; `None` = fees in the quote currency. Default `FEE` at 2.50.
    pub fee_currency: Option<FeeCurrency>,
    /// Fee for taking, millionths of the notional. Default 450 (4.5 bps).
    pub taker_fee_ppm: i32,
    /// Fee for making, millionths of the notional; negative is a rebate. Default 150 (1.5 bps).
    pub maker_fee_ppm: i32,
    /// How much worse than the reference price a taker trades, millionths. Default 100 (1 bps).
    pub slippage_ppm: u32,
    /// Share of a bar's volume that may be traded, in billionths. Default 100,000,000 (10 %).
    pub participation_ppb: u32,
    /// Largest notional as a multiple of the equity, checked when an order comes in. Default 3.
    pub leverage_max: u32,
    /// Equity below this share of the notional is liquidated, millionths. Default 30,000 (3 %).
    pub maintenance_ppm: u32,
    /// Funding; `None` = none. Default every 480 bars, 100 millionths.
    pub funding: Option<Funding>,
    /// How long answers take.
    pub latency: LatencyConfig,
    /// Most orders that work at once. Default 200.
    pub open_orders_max: u32,
    /// Most orders that one run takes; further ones are an error. Default 1,000,000.
    pub orders_max: u32,
    /// What happens by script. Default nothing.
    pub script: Vec<Scripted>,
}

impl Default for VenueConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            venue: "PAPER".to_owned(),
            account_id: "paper-PAPER-main".to_owned(),
            instrument_id: "SPX-PERP".to_owned(),
            qty_scale: 4,
            quote: "USDC".to_owned(),
            quote_scale: 6,
            deposit: Decimal::of(1_000_000, 0),
            fee_currency: Some(FeeCurrency {
                code: "FEE".to_owned(),
                scale: 8,
                px: Decimal::of(25, 1),
                deposit: Decimal::of(10_000, 0),
            }),
            taker_fee_ppm: 450,
            maker_fee_ppm: 150,
            slippage_ppm: 100,
            participation_ppb: 100_000_000,
            leverage_max: 3,
            maintenance_ppm: 30_000,
            funding: Some(Funding { every_bars: 480, rate_ppm: 100 }),
            latency: LatencyConfig::default(),
            open_orders_max: 200,
            orders_max: 1_000_000,
            script: Vec::new(),
        }
    }
}

impl VenueConfig {
    /// Fits the scales to some bars, so that price times quantity stays exact.
    #[must_use]
    pub fn for_bars(mut self, bars: &Bars) -> Self {
        self.quote_scale =
            self.quote_scale.max(bars.px_scale().saturating_add(self.qty_scale)).min(SCALE_MAX);
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Adds something that happens after a bar.
    #[must_use]
    pub fn with_action(mut self, bar: u64, action: Action) -> Self {
        self.script.push(Scripted { bar, action });
        self
    }
}
