//! `trading_risk`.

use crate::{
    row::{bits, row},
    schema::{Key, Ttl},
    tables::labels::TradingState,
    value::{Id, Name, Timestamp},
};

row! {
    /// Equity and what follows from it, per account or strategy. Emitted as equity alone, the
    /// worker adds peak, drawdown, day and exposure; what is unknown stays absent, never 0.
    Risk<'a> = 8, "trading_risk", since 1;
    Day, Ttl::Days(365), Medium, Key::Emission;
    series ["scope", "trader_id", "account_id", "strategy_id"]
    codes {
        /// What the trader may do.
        trading_state: TradingState,
    }
    values {
        /// Currency of the amounts: the base currency.
        currency: Name<'a>;
        /// Mark to market after fees and funding, base currency.
        equity: f64;
        /// Highest equity so far, scaled by deposits and withdrawals, base currency.
        peak_equity: f64;
        /// (peak − equity) / peak, ratio ≥ 0; 1 when equity ≤ 0.
        drawdown_ratio: f64;
        /// Deposits − withdrawals ± transfers since the day's start, base currency.
        net_cashflow: f64;
        /// Equity at the day's start, base currency.
        day_start_equity: f64;
        /// `equity − day_start_equity − net_cashflow`, base currency.
        daily_pnl: f64;
        /// `daily_pnl / day_start_equity`, ratio.
        daily_pnl_ratio: f64;
        /// Σ|notional|, base currency.
        gross_exposure: f64;
        /// Σ signed notional, base currency.
        net_exposure: f64;
        /// |net exposure| / equity, ratio.
        exposure_ratio: f64;
        /// gross exposure / equity, ratio.
        leverage_ratio: f64;
        /// Orders at the venue.
        open_orders: i64;
        /// Start of the day that `daily_pnl` counts from.
        session_start: Timestamp;
        /// Digest of the configuration with the limits.
        config_hash: Id<'a>, since 2;
    }
}

impl Risk<'_> {
    /// A row that the strategy computed itself. The first one turns the worker's derivation off
    /// for its label set.
    #[inline(always)]
    pub fn new(equity: f64) -> Self {
        Self::empty().equity(equity)
    }

    /// Equity alone; the worker completes the row.
    #[inline(always)]
    pub(crate) fn derived(equity: f64) -> Self {
        let mut row = Self::empty().equity(equity);
        row.bits |= bits::DERIVE;
        row
    }
}
