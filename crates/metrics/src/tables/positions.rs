//! `position_changes`.

use crate::{
    row::row,
    schema::{Key, Ttl},
    tables::labels::{PositionEvent, PositionSide, Source},
    value::{Id, Millis},
};

row! {
    /// State of a position after a change. `qty` is never negative, the sign is `position_side`;
    /// in hedge mode an instrument has a row per side, each with a `position_id` of its own:
    /// without one a later row replaces the instrument's earlier one in the derived exposure.
    PositionChange<'a> = 6, "position_changes", since 1;
    Day, Ttl::Days(365), Medium, Key::Emission;
    series ["trader_id", "account_id", "strategy_id", "instrument_id", "venue", "currency"]
    codes {
        /// Long, short or flat.
        position_side: PositionSide,
        /// What happened.
        event: PositionEvent,
        /// Who says so: reconciliation is a query over this.
        source: Source,
    }
    values {
        /// Id of the position.
        position_id: Id<'a>;
        /// Size, base units, ≥ 0.
        qty: f64;
        /// Average entry price, quote units.
        avg_px: f64;
        /// Mark price, quote units.
        mark_px: f64;
        /// Age of the mark, ms.
        mark_age_ms: Millis;
        /// qty × mark, `currency`, ≥ 0.
        notional: f64;
        /// `notional` in base currency, ≥ 0.
        notional_base: f64;
        /// Open profit and loss at mark, `currency`.
        unrealized_pnl: f64;
        /// Realized by this position, price only, `currency`.
        realized_pnl: f64;
        /// Fees of this position, `currency`, > 0 = cost.
        commission: f64;
        /// Funding of this position, `currency`, > 0 = received.
        funding: f64;
        /// Price at which the venue liquidates, quote units.
        liquidation_px: f64;
        /// Margin that it holds, `currency`.
        margin_used: f64;
        /// The limit that applies, in the limit's own unit.
        limit_value: f64;
        /// Share of the limit in use, ratio.
        limit_used_ratio: f64;
    }
}

impl PositionChange<'_> {
    /// `qty` in base units; its sign is `side`, so a negative size is left out and flagged.
    #[inline(always)]
    pub fn new(side: PositionSide, qty: f64) -> Self {
        // A negative size has no meaning here and must not reach a sum.
        let qty = if qty < 0.0 { f64::NAN } else { qty };
        Self::empty().position_side(side).qty(qty)
    }
}
