//! What each NautilusTrader event becomes: pure mapping, no I/O. The table in the README is this
//! file in words.

use nautilus_model::{
    enums::{LiquiditySide, OrderSide, OrderStatus, OrderType, PositionSide, TimeInForce},
    events::{OrderEventAny, OrderFilled, PositionEvent},
    orders::{Order as _, OrderAny},
    position::Position,
    types::{AccountBalance, Currency, MarginBalance, Money, Price, Quantity},
};
use plimsoll_metrics as rows;
use plimsoll_metrics::{Source, Timestamp};

/// The simulated venue is a paper venue. A live node writes [`Source::Venue`] here.
const SOURCE: Source = Source::Paper;

/// A row of `trading_orders`; `None` for what happens inside the strategy only (initialized,
/// emulated, released) and for an order without a side.
pub fn order(event: &OrderEventAny, order: &OrderAny) -> Option<rows::Order<'static>> {
    let kind = order_event(event, order)?;
    let detail = event.clone().into_boxed();
    let id = event.client_order_id().inner().as_str();
    let mut row = rows::Order::new(id, side(order.order_side())?, kind)
        .at(at(detail.ts_event().as_u64()))
        .time_in_force(time_in_force(order.time_in_force()))
        .status(status(order))
        .qty(order.quantity().as_f64())
        .cum_qty(order.filled_qty().as_f64())
        .leaves_qty(order.leaves_qty().as_f64())
        .reduce_only(order.is_reduce_only());
    if let Some(kind) = order_type(order.order_type()) {
        row = row.order_type(kind);
    }
    if let Some(id) = event.venue_order_id().or_else(|| order.venue_order_id()) {
        row = row.venue_order_id(id.inner().as_str());
    }
    if let Some(id) = detail.position_id() {
        row = row.position_id(id.inner().as_str());
    }
    if let Some(px) = order.price() {
        row = row.px(px.as_f64());
    }
    if let Some(px) = order.trigger_price() {
        row = row.trigger_px(px.as_f64());
    }
    if let Some(px) = order.avg_px() {
        row = row.avg_px(px);
    }
    if let Some(reason) = detail.reason() {
        row = row.reason(reason.as_str());
    }
    if let Some(class) = reject_class(event) {
        row = row.reject_class(class);
    }
    Some(if detail.reconciliation() { row.reconciliation(true).reconciled() } else { row })
}

/// A row of `trading_fills`; `None` if the fill has no side. `notional` comes from the instrument,
/// which knows multipliers and inverse contracts.
pub fn fill<'a>(event: &'a OrderFilled, notional: Option<Money>) -> Option<rows::Fill<'a>> {
    let mut row = rows::Fill::new(
        event.trade_id.as_str(),
        side(event.order_side)?,
        event.last_qty.as_f64(),
        event.last_px.as_f64(),
        at(event.ts_event.as_u64()),
    )
    .client_order_id(event.client_order_id.as_str())
    .venue_order_id(event.venue_order_id.as_str())
    .source(SOURCE);
    if let Some(id) = &event.position_id {
        row = row.position_id(id.as_str());
    }
    if let Some(notional) = notional {
        row = row.notional(notional.as_f64());
    }
    // An unknown fee stays absent: 0 would be a claim.
    if let Some(fee) = &event.commission {
        row = row.commission(fee.as_f64()).commission_currency(fee.currency.code.as_str());
    }
    row = match event.liquidity_side {
        LiquiditySide::Maker => row.liquidity(rows::Liquidity::Maker),
        LiquiditySide::Taker => row.liquidity(rows::Liquidity::Taker),
        LiquiditySide::NoLiquiditySide => row,
    };
    Some(if event.reconciliation { row.reconciled() } else { row })
}

/// What the three position events have in common.
struct Change {
    event: rows::PositionEvent,
    side: PositionSide,
    quantity: Quantity,
    last_px: Price,
    avg_px: f64,
    ts: u64,
}

/// A row of `position_changes`; `None` for an adjustment, which is no change of size by a trade.
/// `position` is the engine's position after the event.
pub fn position_change<'a>(
    event: &PositionEvent,
    position: &'a Position,
) -> Option<rows::PositionChange<'a>> {
    let change = change(event)?;
    let currency = position.settlement_currency;
    let mut row = rows::PositionChange::new(position_side(change.side)?, change.quantity.as_f64())
        .event(change.event)
        .at(at(change.ts))
        .source(SOURCE)
        .position_id(position.id.as_str())
        .avg_px(change.avg_px)
        .mark_px(change.last_px.as_f64())
        .notional(position.notional_value(change.last_px).as_f64())
        .unrealized_pnl(position.unrealized_pnl(change.last_px).as_f64());
    // The engine takes fees in the settlement currency off the realized P&L; the column is price
    // only, with fees beside it.
    let fees = position.commissions.get(&currency).map_or(0.0, Money::as_f64);
    if let Some(realized) = position.realized_pnl {
        row = row.realized_pnl(realized.as_f64() + fees);
    }
    if position.commissions.keys().all(|c| *c == currency) {
        row = row.commission(fees);
    }
    Some(row)
}

/// A row of `account_state` for one currency of the account.
pub fn account_state<'a>(
    balance: &'a AccountBalance,
    margins: &[MarginBalance],
    ts: u64,
) -> rows::AccountState<'a> {
    let sum = |of: fn(&MarginBalance) -> Money| {
        margins
            .iter()
            .filter(|m| m.currency == balance.currency)
            .map(|m| of(m).as_f64())
            .sum::<f64>()
    };
    rows::AccountState::new(balance.currency.code.as_str())
        .at(at(ts))
        .source(SOURCE)
        .total(balance.total.as_f64())
        .free(balance.free.as_f64())
        .locked(balance.locked.as_f64())
        .margin_initial(sum(|m| m.initial))
        .margin_maintenance(sum(|m| m.maintenance))
}

/// Equity in `currency`; `None` if the portfolio has none in it, or more than one currency, whose
/// sum would need exchange rates.
pub fn equity<'m>(
    mut amounts: impl Iterator<Item = (&'m Currency, &'m Money)>,
    currency: Currency,
    ts: u64,
) -> Option<rows::Equity> {
    let (first, amount) = amounts.next()?;
    let is_alone = amounts.next().is_none() && *first == currency;
    is_alone.then(|| rows::Equity::new(amount.as_f64()).at(at(ts)))
}

fn at(nanos: u64) -> Timestamp {
    Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

fn side(side: OrderSide) -> Option<rows::Side> {
    match side {
        OrderSide::Buy => Some(rows::Side::Buy),
        OrderSide::Sell => Some(rows::Side::Sell),
        OrderSide::NoOrderSide => None,
    }
}

fn position_side(side: PositionSide) -> Option<rows::PositionSide> {
    match side {
        PositionSide::Long => Some(rows::PositionSide::Long),
        PositionSide::Short => Some(rows::PositionSide::Short),
        PositionSide::Flat => Some(rows::PositionSide::Flat),
        PositionSide::NoPositionSide => None,
    }
}

fn order_event(event: &OrderEventAny, order: &OrderAny) -> Option<rows::OrderEvent> {
    use rows::OrderEvent as To;
    Some(match event {
        OrderEventAny::Initialized(_) | OrderEventAny::Emulated(_) | OrderEventAny::Released(_) => {
            return None;
        }
        OrderEventAny::Denied(_) => To::Denied,
        OrderEventAny::Submitted(_) => To::Submitted,
        OrderEventAny::Accepted(_) => To::Accepted,
        OrderEventAny::Rejected(_) => To::Rejected,
        OrderEventAny::Canceled(_) => To::Canceled,
        OrderEventAny::Expired(_) => To::Expired,
        OrderEventAny::Triggered(_) => To::Triggered,
        OrderEventAny::PendingUpdate(_) => To::PendingUpdate,
        OrderEventAny::PendingCancel(_) => To::PendingCancel,
        OrderEventAny::ModifyRejected(_) => To::ModifyRejected,
        OrderEventAny::CancelRejected(_) => To::CancelRejected,
        OrderEventAny::Updated(_) => To::Updated,
        OrderEventAny::Filled(_) if order.leaves_qty().is_zero() => To::Filled,
        OrderEventAny::Filled(_) => To::PartiallyFilled,
    })
}

fn reject_class(event: &OrderEventAny) -> Option<rows::RejectClass> {
    match event {
        OrderEventAny::Rejected(e) if e.due_post_only != 0 => Some(rows::RejectClass::Expected),
        OrderEventAny::Rejected(_) | OrderEventAny::Denied(_) => Some(rows::RejectClass::Other),
        _ => None,
    }
}

fn status(order: &OrderAny) -> rows::OrderStatus {
    use rows::OrderStatus as To;
    match order.status() {
        OrderStatus::Initialized | OrderStatus::Emulated | OrderStatus::Released => To::Initialized,
        OrderStatus::Submitted => To::Submitted,
        OrderStatus::Denied | OrderStatus::Rejected => To::Rejected,
        OrderStatus::Canceled => To::Canceled,
        OrderStatus::Expired => To::Expired,
        OrderStatus::Filled => To::Filled,
        OrderStatus::PartiallyFilled => To::PartiallyFilled,
        OrderStatus::Accepted
        | OrderStatus::Triggered
        | OrderStatus::PendingUpdate
        | OrderStatus::PendingCancel => {
            if order.filled_qty().is_zero() {
                To::Open
            } else {
                To::PartiallyFilled
            }
        }
    }
}

fn order_type(from: OrderType) -> Option<rows::OrderType> {
    use rows::OrderType as To;
    Some(match from {
        OrderType::Market => To::Market,
        OrderType::Limit => To::Limit,
        OrderType::StopMarket => To::StopMarket,
        OrderType::StopLimit => To::StopLimit,
        OrderType::MarketToLimit => To::MarketToLimit,
        OrderType::MarketIfTouched => To::MarketIfTouched,
        OrderType::LimitIfTouched => To::LimitIfTouched,
        OrderType::TrailingStopMarket => To::TrailingStopMarket,
        // The column has no such text: absent is better than nearly right.
        OrderType::TrailingStopLimit => return None,
    })
}

fn time_in_force(from: TimeInForce) -> rows::TimeInForce {
    use rows::TimeInForce as To;
    match from {
        TimeInForce::Gtc => To::Gtc,
        TimeInForce::Ioc => To::Ioc,
        TimeInForce::Fok => To::Fok,
        TimeInForce::Gtd => To::Gtd,
        TimeInForce::Day => To::Day,
        TimeInForce::AtTheOpen => To::AtTheOpen,
        TimeInForce::AtTheClose => To::AtTheClose,
    }
}

fn change(event: &PositionEvent) -> Option<Change> {
    Some(match event {
        PositionEvent::PositionOpened(e) => Change {
            event: rows::PositionEvent::Opened,
            side: e.side,
            quantity: e.quantity,
            last_px: e.last_px,
            avg_px: e.avg_px_open,
            ts: e.ts_event.as_u64(),
        },
        PositionEvent::PositionChanged(e) => Change {
            event: rows::PositionEvent::Changed,
            side: e.side,
            quantity: e.quantity,
            last_px: e.last_px,
            avg_px: e.avg_px_open,
            ts: e.ts_event.as_u64(),
        },
        PositionEvent::PositionClosed(e) => Change {
            event: rows::PositionEvent::Closed,
            side: e.side,
            quantity: e.quantity,
            last_px: e.last_px,
            avg_px: e.avg_px_open,
            ts: e.ts_event.as_u64(),
        },
        PositionEvent::PositionAdjusted(_) => return None,
    })
}
