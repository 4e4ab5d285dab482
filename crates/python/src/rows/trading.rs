//! Rows about orders, fills, positions and their profit and loss.

use plimsoll_metrics::{
    Fill, LatencyClock, LatencyStage, Liquidity, Order, OrderEvent, OrderLatency, OrderStatus,
    OrderType, Pnl, PositionChange, PositionEvent, PositionSide, RefKind, RejectClass, Side,
    Source, TimeInForce,
};

use super::emits;
use crate::handle::{Account, Instrument, Strategy};
use crate::value::{At, Coded, Fx, Ms};

emits! { [Instrument, Account, Strategy] {
    /// Emits a row of `trading_pnl`: profit and loss, cumulative since `epoch`; a later row
    /// replaces an earlier one.
    emit_pnl() = Pnl::new();
    /// Start of the accumulation. A new epoch is a new value, never a silent zero.
    epoch: At,
    /// Price difference of closed quantity only, in `currency`; no fee, no funding.
    realized_pnl: f64,
    /// Open quantity at mark, in `currency`.
    unrealized_pnl: f64,
    /// Fees in `currency`: > 0 = cost, < 0 = rebate.
    commission: f64,
    /// Funding in `currency`: > 0 = received.
    funding: f64,
    /// The sum, in `currency`; completed by the worker when absent and all parts are known.
    total_pnl: f64,
    /// Units of base currency per unit of `currency`, at most 60 s old; never 1.0 for want of
    /// one.
    fx_to_base: Fx,
    /// `total_pnl` in base currency; completed by the worker when total and rate are known.
    total_pnl_base: f64,
    /// When it was true at the source; now, unless said.
    at: At,
} }

emits! { [Instrument] {
    /// Emits a row of `trading_orders`: one transition of an order.
    emit_order(client_order_id: &str, side: Coded<Side>, event: Coded<OrderEvent>) = Order::new(client_order_id, side.0, event.0);
    /// Market, limit and so on.
    order_type: Coded<OrderType>,
    /// How long it stands.
    time_in_force: Coded<TimeInForce>,
    /// State after it.
    status: Coded<OrderStatus>,
    /// Why it was refused.
    reject_class: Coded<RejectClass>,
    /// What `ref_px` is.
    ref_kind: Coded<RefKind>,
    /// Id that the venue gave (FIX `OrderID`).
    venue_order_id: &str,
    /// Position that it belongs to.
    position_id: &str,
    /// Size of the order, base units.
    qty: f64,
    /// Limit price, quote units.
    px: f64,
    /// Trigger price, quote units.
    trigger_px: f64,
    /// Filled so far, base units.
    cum_qty: f64,
    /// Still open, base units.
    leaves_qty: f64,
    /// Average price of what is filled, quote units.
    avg_px: f64,
    /// Price that slippage is measured against, quote units.
    ref_px: f64,
    /// `side × (avg_px − ref_px) / ref_px × 10⁴`: basis points, positive = cost. Completed by the
    /// worker when `side`, `avg_px` and `ref_px` are known.
    slippage_bps: f64,
    /// Time that this transition took, ms.
    latency_ms: Ms,
    /// May only reduce a position.
    reduce_only: bool,
    /// Known from reconciliation, not from the event itself.
    reconciliation: bool,
    /// The venue's words.
    reason: &str,
    /// When it was true at the source; now, unless said.
    at: At,
} }

emits! { [Instrument] {
    /// Emits a row of `trading_fills`: one execution. `at` is the venue's time; the same fill,
    /// emitted twice, is one row.
    emit_fill(trade_id: &str, side: Coded<Side>, last_qty: f64, last_px: f64, at: At) = Fill::new(trade_id, side.0, last_qty, last_px, at.0);
    /// Maker or taker.
    liquidity: Coded<Liquidity>,
    /// Who says so; sums leave out `inferred`.
    source: Coded<Source>,
    /// Currency that `commission` is in; often not the instrument's.
    commission_currency: &str,
    /// Id that the strategy gave.
    client_order_id: &str,
    /// Id of the order that the venue gave.
    venue_order_id: &str,
    /// Position that it belongs to.
    position_id: &str,
    /// Value here, `currency`.
    notional: f64,
    /// Fee here, `commission_currency`: > 0 = cost, < 0 = rebate.
    commission: f64,
    /// Fee here, base currency.
    commission_base: f64,
    /// What this fill realized, price only, `currency`.
    realized_pnl: f64,
    /// Price that slippage is measured against, quote units.
    ref_px: f64,
    /// `side × (last_px − ref_px) / ref_px × 10⁴`: basis points, positive = cost.
    slippage_bps: f64,
} }

emits! { [Instrument] {
    /// Emits a row of `order_latency`: one stage of one order, measured on this process's clock.
    emit_order_latency(client_order_id: &str, stage: Coded<LatencyStage>, latency_ms: Ms) = OrderLatency::new(client_order_id, stage.0, latency_ms.0);
    /// Type of the order.
    order_type: Coded<OrderType>,
    /// Whose clocks.
    clock: Coded<LatencyClock>,
    /// When it was true at the source; now, unless said.
    at: At,
} }

emits! { [Instrument] {
    /// Emits a row of `position_changes`: a position after a change. `qty` is never negative, its
    /// sign is `position_side`.
    emit_position_change(position_side: Coded<PositionSide>, qty: f64) = PositionChange::new(position_side.0, qty);
    /// What happened.
    event: Coded<PositionEvent>,
    /// Who says so: reconciliation is a query over this.
    source: Coded<Source>,
    /// Id of the position.
    position_id: &str,
    /// Average entry price, quote units.
    avg_px: f64,
    /// Mark price, quote units.
    mark_px: f64,
    /// Age of the mark, ms.
    mark_age_ms: Ms,
    /// qty × mark, `currency`, ≥ 0.
    notional: f64,
    /// `notional` in base currency, ≥ 0.
    notional_base: f64,
    /// Open profit and loss at mark, `currency`.
    unrealized_pnl: f64,
    /// Realized by this position, price only, `currency`.
    realized_pnl: f64,
    /// Fees of this position, `currency`, > 0 = cost.
    commission: f64,
    /// Funding of this position, `currency`, > 0 = received.
    funding: f64,
    /// Price at which the venue liquidates, quote units.
    liquidation_px: f64,
    /// Margin that it holds, `currency`.
    margin_used: f64,
    /// The limit that applies, in the limit's own unit.
    limit_value: f64,
    /// Share of the limit in use, ratio.
    limit_used_ratio: f64,
    /// When it was true at the source; now, unless said.
    at: At,
} }
