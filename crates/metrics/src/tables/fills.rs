//! `trading_fills`.

use std::borrow::Cow;

use crate::{
    row::row,
    schema::{Key, Ttl},
    tables::labels::{Liquidity, Side, Source},
    value::{Id, Name, Timestamp},
};

row! {
    /// One execution. Its identity is the venue's own, so that a row that is read again from the
    /// venue's history is the same row. `ts` is the venue's time, rounded to its millisecond.
    Fill<'a> = 2, "trading_fills", since 1;
    Month, Ttl::Never, High, Key::Natural(Cow::Borrowed(&[
        Cow::Borrowed("ts"), Cow::Borrowed("account_id"), Cow::Borrowed("instrument_id"),
        Cow::Borrowed("side"), Cow::Borrowed("trade_id"),
    ]));
    series ["trader_id", "account_id", "strategy_id", "instrument_id", "venue", "currency"]
    codes {
        /// Buy or sell.
        side: Side,
        /// Maker or taker.
        liquidity: Liquidity,
        /// Who says so; sums leave out `inferred`.
        source: Source,
    }
    values {
        /// Currency that `commission` is in; often not the instrument's.
        commission_currency: Name<'a>;
        /// Id that the venue gave (FIX `ExecID`).
        trade_id: Id<'a>;
        /// Id that the strategy gave.
        client_order_id: Id<'a>;
        /// Id of the order that the venue gave.
        venue_order_id: Id<'a>;
        /// Position that it belongs to.
        position_id: Id<'a>;
        /// Filled here, base units (FIX `LastQty`).
        last_qty: f64;
        /// Price here, quote units (FIX `LastPx`).
        last_px: f64;
        /// Value here, `currency`.
        notional: f64;
        /// Fee here, `commission_currency`: > 0 = cost, < 0 = rebate.
        commission: f64;
        /// Fee here, base currency.
        commission_base: f64;
        /// What this fill realized, price only, `currency`.
        realized_pnl: f64;
        /// Price that slippage is measured against, quote units.
        ref_px: f64;
        /// `side × (last_px − ref_px) / ref_px × 10⁴`: basis points, positive = cost.
        slippage_bps: f64;
    }
}

impl<'a> Fill<'a> {
    /// What the venue reported: `last_qty` in base units at `last_px` in quote units, at `ts`.
    #[inline(always)]
    pub fn new(
        trade_id: &'a str,
        side: Side,
        last_qty: f64,
        last_px: f64,
        ts: impl Into<Timestamp>,
    ) -> Self {
        Self::empty().trade_id(trade_id).side(side).last_qty(last_qty).last_px(last_px).at(ts)
    }
}
