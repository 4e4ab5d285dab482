//! Rows about accounts, risk and errors.

use plimsoll_metrics::{
    AccountState, Cashflow, CashflowKind, ErrorEvent, ErrorSeverity, Risk, Source, TradingState,
};

use super::emits;
use crate::handle::{Account, Instrument, Series, Strategy};
use crate::value::{At, Coded, Fx};

emits! { [Instrument, Account] {
    /// Emits a row of `trading_cashflows`: funding, a deposit, a withdrawal. `amount` > 0 is into
    /// the account; `ref_id` is the venue's id of it. Emit it before the equity that it changed.
    emit_cashflow(kind: Coded<CashflowKind>, currency: &str, amount: f64, ref_id: &str, at: At) = Cashflow::new(kind.0, currency, amount, ref_id, at.0);
    /// Who says so.
    source: Coded<Source>,
    /// Funding rate of the interval as a ratio.
    rate: f64,
    /// Position that funding was paid on, base units.
    position_qty: f64,
    /// Units of base currency per unit of `currency`, at most 60 s old.
    fx_to_base: Fx,
    /// `amount` in base currency; completed by the worker when the rate is known.
    amount_base: f64,
} }

emits! { [Account] {
    /// Emits a row of `account_state`: the balance of one currency.
    emit_account(currency: &str) = AccountState::new(currency);
    /// Who says so.
    source: Coded<Source>,
    /// Currency of `equity_base`.
    base_currency: &str,
    /// Balance, `currency`.
    total: f64,
    /// Free of orders and margin, `currency`.
    free: f64,
    /// Held by orders and margin, `currency`.
    locked: f64,
    /// Balance with open profit and loss, `currency`.
    equity: f64,
    /// Initial margin, `currency`.
    margin_initial: f64,
    /// Maintenance margin, `currency`.
    margin_maintenance: f64,
    /// Maintenance margin / equity, ratio.
    margin_ratio: f64,
    /// Units of base currency per unit of `currency`, at most 60 s old.
    fx_to_base: Fx,
    /// `equity` in base currency; completed by the worker when the rate is known.
    equity_base: f64,
    /// When it was true at the source; now, unless said.
    at: At,
} }

emits! { [Account, Strategy] {
    /// Emits a row of `trading_risk` that you computed; the first one turns the derivation off.
    /// `emit_equity` is what is usually wanted.
    emit_risk(equity: f64) = Risk::new(equity);
    /// What the trader may do.
    trading_state: Coded<TradingState>,
    /// Currency of the amounts: the base currency.
    currency: &str,
    /// Highest equity so far, scaled by deposits and withdrawals, base currency.
    peak_equity: f64,
    /// (peak − equity) / peak, ratio ≥ 0; 1 when equity ≤ 0.
    drawdown_ratio: f64,
    /// Deposits − withdrawals ± transfers since the day's start, base currency.
    net_cashflow: f64,
    /// Equity at the day's start, base currency.
    day_start_equity: f64,
    /// `equity − day_start_equity − net_cashflow`, base currency.
    daily_pnl: f64,
    /// `daily_pnl / day_start_equity`, ratio.
    daily_pnl_ratio: f64,
    /// Σ|notional|, base currency.
    gross_exposure: f64,
    /// Σ signed notional, base currency.
    net_exposure: f64,
    /// |net exposure| / equity, ratio.
    exposure_ratio: f64,
    /// gross exposure / equity, ratio.
    leverage_ratio: f64,
    /// Orders at the venue.
    open_orders: i64,
    /// Start of the day that `daily_pnl` counts from.
    session_start: At,
    /// Digest of the configuration with the limits.
    config_hash: &str,
    /// When it was true at the source; now, unless said.
    at: At,
} }

emits! { [Instrument, Account, Strategy, Series] {
    /// Emits a row of `trading_errors`: one error of severity `error`, or `count` of a kind. No
    /// secret belongs into `message`.
    emit_error(error_code: &str, message: &str) = ErrorEvent::new(error_code, message);
    /// How bad.
    severity: Coded<ErrorSeverity>,
    /// Part of the program.
    component: &str,
    /// Class, `expected` for what belongs to normal trading (not in error rates).
    error_class: &str,
    /// How many; 1 when absent.
    count: i64,
    /// Hash that groups alike errors.
    fingerprint: i64,
    /// Whether a retry may help.
    transient: bool,
    /// Order that it concerns.
    client_order_id: &str,
    /// Id of the event in Sentry.
    sentry_event_id: &str,
    /// When it was true at the source; now, unless said.
    at: At,
} }
