//! `trading_pnl`.

use crate::{
    row::row,
    schema::{Key, Ttl},
    value::{FxRate, Timestamp},
};

row! {
    /// Profit and loss, cumulative since `epoch`: a later row replaces an earlier one, sums over
    /// rows mean nothing. `total_pnl` = realized + unrealized + funding − commission, completed by
    /// the worker when all four are known.
    Pnl = 0, "trading_pnl", since 1;
    Day, Ttl::Days(90), Medium, Key::Emission;
    series ["scope", "trader_id", "account_id", "strategy_id", "instrument_id", "venue", "currency"]
    codes {}
    values {
        /// Start of the accumulation. A new epoch is a new value, never a silent zero.
        epoch: Timestamp;
        /// Price difference of closed quantity only, in `currency`; no fee, no funding.
        realized_pnl: f64;
        /// Open quantity at mark, in `currency`.
        unrealized_pnl: f64;
        /// Fees in `currency`: > 0 = cost, < 0 = rebate.
        commission: f64;
        /// Funding in `currency`: > 0 = received.
        funding: f64;
        /// The sum, in `currency`; completed by the worker when absent and all parts are known.
        total_pnl: f64;
        /// Units of base currency per unit of `currency`, at most 60 s old; never 1.0 for want of one.
        fx_to_base: FxRate;
        /// `total_pnl` in base currency; completed by the worker when total and rate are known.
        total_pnl_base: f64;
    }
}

impl Default for Pnl {
    fn default() -> Self {
        Self::new()
    }
}

impl Pnl {
    /// A row with nothing known yet.
    #[inline(always)]
    pub const fn new() -> Self {
        Self::empty()
    }
}
