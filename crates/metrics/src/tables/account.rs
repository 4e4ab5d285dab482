//! `trading_cashflows` and `account_state`.

use std::borrow::Cow;

use crate::{
    row::row,
    schema::{Key, Ttl},
    tables::labels::{CashflowKind, Source},
    value::{FxRate, Id, Name, Timestamp},
};

row! {
    /// Money that moved without a trade: funding, deposit, withdrawal, transfer. Identity is the
    /// venue's own, as for fills.
    Cashflow<'a> = 3, "trading_cashflows", since 1;
    Month, Ttl::Never, High, Key::Natural(Cow::Borrowed(&[
        Cow::Borrowed("ts"), Cow::Borrowed("account_id"), Cow::Borrowed("kind"),
        Cow::Borrowed("instrument_id"), Cow::Borrowed("currency"), Cow::Borrowed("ref_id"),
    ]));
    series ["account_id", "strategy_id", "instrument_id", "venue"]
    codes {
        /// What it was.
        kind: CashflowKind,
        /// Who says so.
        source: Source,
    }
    values {
        /// Currency of `amount`.
        currency: Name<'a>;
        /// The venue's id of it.
        ref_id: Id<'a>;
        /// > 0 = into the account, in `currency`.
        amount: f64;
        /// Funding rate of the interval as a ratio.
        rate: f64;
        /// Position that funding was paid on, base units.
        position_qty: f64;
        /// Units of base currency per unit of `currency`, at most 60 s old.
        fx_to_base: FxRate;
        /// `amount` in base currency; completed by the worker when the rate is known.
        amount_base: f64;
    }
}

impl<'a> Cashflow<'a> {
    /// `amount` of `currency`, > 0 = into the account, at the venue's time `ts`; `ref_id` is the
    /// venue's id of it.
    #[inline(always)]
    pub fn new(
        kind: CashflowKind,
        currency: &'a str,
        amount: f64,
        ref_id: &'a str,
        ts: impl Into<Timestamp>,
    ) -> Self {
        Self::empty().kind(kind).currency(currency).amount(amount).ref_id(ref_id).at(ts)
    }
}

row! {
    /// Balance of one currency of an account, as the venue or the cache has it.
    AccountState<'a> = 4, "account_state", since 1;
    Day, Ttl::Days(365), Medium, Key::Emission;
    series ["trader_id", "account_id", "venue"]
    codes {
        /// Who says so.
        source: Source,
    }
    values {
        /// Currency of the row.
        currency: Name<'a>;
        /// Currency of `equity_base`.
        base_currency: Name<'a>;
        /// Balance, `currency`.
        total: f64;
        /// Free of orders and margin, `currency`.
        free: f64;
        /// Held by orders and margin, `currency`.
        locked: f64;
        /// Balance with open profit and loss, `currency`.
        equity: f64;
        /// Initial margin, `currency`.
        margin_initial: f64;
        /// Maintenance margin, `currency`.
        margin_maintenance: f64;
        /// Maintenance margin / equity, ratio.
        margin_ratio: f64;
        /// Units of base currency per unit of `currency`, at most 60 s old.
        fx_to_base: FxRate;
        /// `equity` in base currency; completed by the worker when the rate is known.
        equity_base: f64;
    }
}

impl<'a> AccountState<'a> {
    /// State of the balance in `currency`.
    #[inline(always)]
    pub fn new(currency: &'a str) -> Self {
        Self::empty().currency(currency)
    }
}
