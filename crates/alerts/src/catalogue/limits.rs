//! How much may be lost, held and borrowed, as the rules need it.

use serde::{Deserialize, Serialize};

use crate::rule::{Exception, Glob, Override, Threshold, TimeOfDay};

/// Limits of the operation. Ratios are shares of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Drawdown that is worth a warning. Default 0.05.
    pub drawdown_warn_ratio: f64,
    /// Drawdown that is critical. Default 0.10.
    pub drawdown_critical_ratio: f64,
    /// Drawdown at which trading stops. Default 0.15.
    pub drawdown_kill_ratio: f64,
    /// Loss since the session's start, of the equity then. Default 0.02.
    pub max_daily_loss_ratio: f64,
    /// Gross notional over equity. Default 3.
    pub max_leverage: f64,
    /// Start of the session, UTC. Default 00:00.
    pub session_start: TimeOfDay,
    /// Largest position of an instrument that no entry of `position` matches. None: such an instrument
    /// must not be held. Default a tenth of equity.
    pub position_default: Option<PositionSize>,
    /// Largest positions of single instruments.
    pub position: Vec<PositionLimit>,
    /// Largest gross notional over equity. Default none.
    pub max_gross_ratio: Option<f64>,
    /// Largest net notional over equity. Default none.
    pub max_net_ratio: Option<f64>,
}

/// The limit of some instruments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PositionLimit {
    /// Instruments as `INSTRUMENT.VENUE`, such as `BTC-*.HYPERLIQUID`.
    #[serde(rename = "match")]
    pub instruments: String,
    /// Accounts. Default all.
    #[serde(default = "all")]
    pub account: Glob,
    /// How much.
    pub size: PositionSize,
}

/// How large a position may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PositionSize {
    /// The limit.
    pub max: PositionMax,
    /// Whether open orders count as if they were filled.
    #[serde(default)]
    pub orders: OpenOrders,
}

/// What a position is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum PositionMax {
    /// Base units of the instrument.
    Qty(f64),
    /// Notional in base currency.
    Notional(f64),
    /// Notional as a ratio of the account's equity.
    EquityRatio(f64),
}

/// Whether open orders count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OpenOrders {
    /// Those on the position's side, as if they were filled.
    #[default]
    Count,
    /// They do not.
    Ignore,
}

fn all() -> Glob {
    Glob::new("*")
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            drawdown_warn_ratio: 0.05,
            drawdown_critical_ratio: 0.10,
            drawdown_kill_ratio: 0.15,
            max_daily_loss_ratio: 0.02,
            max_leverage: 3.0,
            session_start: TimeOfDay::MIDNIGHT,
            position_default: Some(PositionSize::new(PositionMax::EquityRatio(0.10))),
            position: Vec::new(),
            max_gross_ratio: None,
            max_net_ratio: None,
        }
    }
}

impl PositionSize {
    /// A limit that counts open orders.
    #[must_use]
    pub fn new(max: PositionMax) -> Self {
        Self { max, orders: OpenOrders::Count }
    }

    /// A limit that does not.
    #[must_use]
    pub fn without_orders(self) -> Self {
        Self { orders: OpenOrders::Ignore, ..self }
    }
}

impl PositionMax {
    /// The number, in its own unit.
    #[must_use]
    pub fn value(self) -> f64 {
        match self {
            Self::Qty(max) | Self::Notional(max) | Self::EquityRatio(max) => max,
        }
    }
}

impl PositionLimit {
    /// A limit for `instruments` of every account.
    pub fn new(instruments: impl Into<String>, size: PositionSize) -> Self {
        Self { instruments: instruments.into(), account: all(), size }
    }

    /// For these accounts.
    #[must_use]
    pub fn of_account(self, account: impl Into<String>) -> Self {
        Self { account: Glob::new(account), ..self }
    }

    /// An exception for the instances that this limit is about.
    pub(super) fn exception(&self, set: Exception) -> Override {
        let (instrument, venue) =
            self.instruments.rsplit_once('.').unwrap_or((&self.instruments, "*"));
        let labels = [
            ("instrument_id", instrument),
            ("venue", venue),
            ("account_id", self.account.as_str()),
        ];
        Override::new(labels, set)
    }
}

/// A limit as a rule's.
pub(super) fn threshold(max: f64) -> Exception {
    Exception::Threshold(Threshold::new(max))
}
