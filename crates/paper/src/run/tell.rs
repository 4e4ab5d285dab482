//! What happened at the venue, as rows.

use super::{Session, SessionError};
use crate::books::FlowKind;
use crate::event::{CashFlow, Event, EventKind, Fill, Liquidity};
use crate::money::{Amount, Decimal};
use crate::order::{NewOrder, OrderState, OrderStatus, OrderType, RejectReason};
use crate::record::{
    CashFlowRow, ErrorRow, FillRow, LatencyRow, LatencyStage, OrderEvent, OrderRow, Record,
    RefKind, Row, Severity,
};
use crate::venue::PlaceError;

/// How long the session waits for an answer on a broken line, milliseconds.
const TIMEOUT_MS: f64 = 5_000.0;

/// What went wrong, for an error row.
struct Trouble<'a> {
    severity: Severity,
    class: &'static str,
    id: Option<&'a str>,
    message: String,
}

/// An order that the venue may never have seen.
pub(super) fn unanswered(order: &NewOrder, now_ns: i64) -> OrderState {
    OrderState {
        venue_order_id: None,
        status: OrderStatus::Rejected,
        reason: None,
        cum_qty: Decimal::ZERO,
        leaves_qty: order.qty,
        cum_notional: Decimal::ZERO,
        accepted_ns: now_ns,
        order: order.clone(),
    }
}

/// Milliseconds between two moments; the later second.
#[allow(clippy::cast_precision_loss, reason = "spans of a session are far below 2^53 ms")]
pub(super) fn span_ms(from_ns: i64, to_ns: i64) -> f64 {
    (to_ns - from_ns) as f64 / 1e6
}

/// How much worse than the reference, in hundredths of a percent; positive = cost.
fn slippage_bps(sign: i128, px: f64, ref_px: f64) -> Option<f64> {
    let direction = if sign > 0 { 1.0 } else { -1.0 };
    (ref_px > 0.0).then(|| direction * (px - ref_px) / ref_px * 1e4)
}

impl Session {
    pub(super) fn tell_events(&mut self, record: &mut dyn Record) -> Result<(), SessionError> {
        for Event { ts_ns, kind } in self.venue.take_events() {
            self.last_message_ns = Some(ts_ns.max(self.last_message_ns.unwrap_or(ts_ns)));
            self.tell_event(ts_ns, kind, record)?;
        }
        Ok(())
    }

    fn tell_event(
        &mut self,
        ts_ns: i64,
        kind: EventKind,
        record: &mut dyn Record,
    ) -> Result<(), SessionError> {
        match kind {
            EventKind::Accepted { order } => {
                self.answered(&order, LatencyStage::Ack, ts_ns, record);
                self.tell_order(OrderEvent::Accepted, &order, ts_ns, record);
            }
            EventKind::Rejected { order } => self.tell_rejected(order, ts_ns, record),
            EventKind::Triggered { order } => {
                self.tell_order(OrderEvent::Triggered, &order, ts_ns, record);
            }
            EventKind::Updated { order } => {
                self.answered(&order, LatencyStage::ModifyAck, ts_ns, record);
                self.tell_order(OrderEvent::Updated, &order, ts_ns, record);
            }
            EventKind::ModifyRejected { client_order_id, reason } => {
                self.tell_refused(&client_order_id, &reason, ts_ns, record);
                self.tell_by_id(&client_order_id, OrderEvent::ModifyRejected, ts_ns, record);
            }
            EventKind::CancelRejected { client_order_id, reason } => {
                self.tell_refused(&client_order_id, &reason, ts_ns, record);
                self.tell_by_id(&client_order_id, OrderEvent::CancelRejected, ts_ns, record);
            }
            EventKind::Canceled { order } => {
                if order.reason == Some(RejectReason::Requested) {
                    self.answered(&order, LatencyStage::CancelAck, ts_ns, record);
                }
                self.tell_order(OrderEvent::Canceled, &order, ts_ns, record);
                self.ended.push(order);
            }
            EventKind::Expired { order } => {
                self.tell_order(OrderEvent::Expired, &order, ts_ns, record);
                self.ended.push(order);
            }
            EventKind::PartiallyFilled { order, fill } => {
                self.tell_fill(OrderEvent::PartiallyFilled, &order, &fill, record)?;
            }
            EventKind::Filled { order, fill } => {
                self.tell_fill(OrderEvent::Filled, &order, &fill, record)?;
                self.ended.push(order);
            }
            EventKind::Liquidated { order, fill } => {
                self.tell_fill(OrderEvent::Liquidated, &order, &fill, record)?;
            }
            EventKind::CashMoved { flow } => self.tell_cash(&flow, ts_ns, record)?,
            EventKind::Disconnected { reason } => {
                let message = format!("the line to the venue broke: {reason}");
                let (severity, class) = (Severity::Critical, "connection");
                self.tell_error(Trouble { severity, class, id: None, message }, ts_ns, record);
            }
            EventKind::Reconnected => self.reconcile(ts_ns, record),
        }
        Ok(())
    }

    fn tell_rejected(&mut self, order: OrderState, ts_ns: i64, record: &mut dyn Record) {
        self.answered(&order, LatencyStage::Reject, ts_ns, record);
        self.tell_order(OrderEvent::Rejected, &order, ts_ns, record);
        let id = order.order.client_order_id.clone();
        if let Some(reason) = order.reason.clone() {
            self.tell_refused(&id, &reason, ts_ns, record);
        }
        self.ended.push(order);
    }

    fn tell_refused(&self, id: &str, reason: &RejectReason, ts_ns: i64, record: &mut dyn Record) {
        let severity = match reason {
            RejectReason::PostOnlyWouldCross | RejectReason::NotOpen => Severity::Warning,
            _ => Severity::Error,
        };
        let message = match reason {
            RejectReason::Scripted(text) => text.clone(),
            other => format!("the venue refused: {}", other.as_str()),
        };
        let (class, id) = (reason.as_str(), Some(id));
        self.tell_error(Trouble { severity, class, id, message }, ts_ns, record);
    }

    fn tell_error(&self, trouble: Trouble<'_>, ts_ns: i64, record: &mut dyn Record) {
        let row = ErrorRow {
            component: "execution",
            severity: trouble.severity,
            error_class: trouble.class,
            error_code: trouble.class.to_owned(),
            transient: trouble.class == "connection",
            client_order_id: trouble.id.map(str::to_owned),
            message: trouble.message,
        };
        record.record(&self.labels, ts_ns, Row::Error(&row));
    }

    pub(super) fn tell_submitted(&mut self, order: &NewOrder, ts_ns: i64, record: &mut dyn Record) {
        let row = OrderRow {
            status: None,
            cum_qty: None,
            leaves_qty: None,
            latency_ms: None,
            ..self.order_row(OrderEvent::Submitted, &unanswered(order, ts_ns), ts_ns)
        };
        self.put(&row, ts_ns, record);
    }

    pub(super) fn tell_denied(&mut self, order: &NewOrder, ts_ns: i64, record: &mut dyn Record) {
        let row = OrderRow {
            status: None,
            cum_qty: None,
            leaves_qty: None,
            reject_class: Some("halted"),
            reason: Some("trading is halted: only reduce-only orders are sent".to_owned()),
            ..self.order_row(OrderEvent::Denied, &unanswered(order, ts_ns), ts_ns)
        };
        self.put(&row, ts_ns, record);
    }

    pub(super) fn tell_pending(
        &mut self,
        id: &str,
        event: OrderEvent,
        ts_ns: i64,
        record: &mut dyn Record,
    ) {
        if let Some(sent) = self.sent.get_mut(id) {
            match event {
                OrderEvent::PendingCancel => sent.cancel_ns = Some(ts_ns),
                _ => sent.modify_ns = Some(ts_ns),
            }
        }
        self.tell_by_id(id, event, ts_ns, record);
    }

    fn tell_by_id(&mut self, id: &str, event: OrderEvent, ts_ns: i64, record: &mut dyn Record) {
        if let Some(order) = self.venue.order(id).cloned() {
            self.tell_order(event, &order, ts_ns, record);
        }
    }

    /// A request failed before the venue took it.
    pub(super) fn tell_failed(
        &mut self,
        id: &str,
        error: &PlaceError,
        ts_ns: i64,
        record: &mut dyn Record,
    ) {
        let lost = *error == PlaceError::Disconnected;
        if lost {
            let known = self.unanswered.iter().find(|state| state.order.client_order_id == id);
            let order_type = known
                .or_else(|| self.venue.order(id))
                .map_or("unknown", |state| state.order.order_type.as_str());
            let row = LatencyRow {
                stage: LatencyStage::Timeout,
                order_type,
                clock: "mixed",
                client_order_id: id.to_owned(),
                latency_ms: TIMEOUT_MS,
            };
            record.record(&self.labels, ts_ns, Row::Latency(&row));
        }
        let class = if lost { "connection" } else { "invalid" };
        let (severity, message) = (Severity::Error, error.to_string());
        self.tell_error(Trouble { severity, class, id: Some(id), message }, ts_ns, record);
    }

    /// The line is back: what the venue does not know was never placed.
    fn reconcile(&mut self, ts_ns: i64, record: &mut dyn Record) {
        self.reconnects += 1;
        let waiting: Vec<String> =
            self.unanswered.iter().map(|state| state.order.client_order_id.clone()).collect();
        for id in waiting {
            self.give_up(&id, "not known to the venue after the reconnect", ts_ns, record);
        }
    }

    pub(super) fn give_up(&mut self, id: &str, why: &str, ts_ns: i64, record: &mut dyn Record) {
        let at = self.unanswered.iter().position(|state| state.order.client_order_id == id);
        let Some(at) = at else { return };
        let state = self.unanswered.remove(at);
        if self.venue.order(id).is_none() {
            let row = OrderRow {
                reconciliation: true,
                reject_class: Some("connection"),
                reason: Some(why.to_owned()),
                latency_ms: None,
                ..self.order_row(OrderEvent::Rejected, &state, ts_ns)
            };
            self.put(&row, ts_ns, record);
            self.ended.push(state);
        }
    }

    fn answered(
        &self,
        order: &OrderState,
        stage: LatencyStage,
        ts_ns: i64,
        record: &mut dyn Record,
    ) {
        let id = &order.order.client_order_id;
        let Some(sent) = self.sent.get(id) else { return };
        let from = match stage {
            LatencyStage::CancelAck => sent.cancel_ns,
            LatencyStage::ModifyAck => sent.modify_ns,
            _ => Some(sent.sent_ns),
        };
        let Some(from) = from else { return };
        let row = LatencyRow {
            stage,
            order_type: order.order.order_type.as_str(),
            clock: "mixed",
            client_order_id: id.clone(),
            latency_ms: span_ms(from, ts_ns),
        };
        record.record(&self.labels, ts_ns, Row::Latency(&row));
    }

    fn tell_fill(
        &mut self,
        event: OrderEvent,
        order: &OrderState,
        fill: &Fill,
        record: &mut dyn Record,
    ) -> Result<(), SessionError> {
        let ts_ns = fill.ts_ns;
        self.fills += 1;
        let kind = order.order.order_type;
        let marketable = kind == OrderType::Market
            || (kind == OrderType::Limit && fill.liquidity == Liquidity::Taker);
        let first = self.sent.get_mut(&fill.client_order_id).is_some_and(|sent| {
            let first = !sent.filled;
            sent.filled = true;
            first
        });
        if marketable && first {
            self.answered(order, LatencyStage::FirstFill, ts_ns, record);
        }
        self.tell_order(event, order, ts_ns, record);
        let money = |source| SessionError::Money { source };
        let base = self.to_base(fill.commission, &fill.commission_currency).map_err(money)?;
        self.commission_base =
            self.commission_base.plus(base.unwrap_or_default()).map_err(money)?;
        let quote = self.venue.instrument().quote();
        let ref_px = self.sent.get(&fill.client_order_id).map(|sent| sent.ref_px.to_f64());
        let last_px = fill.last_px.to_f64();
        let row = FillRow {
            trade_id: fill.trade_id.clone(),
            client_order_id: fill.client_order_id.clone(),
            venue_order_id: fill.venue_order_id.clone(),
            side: fill.side.as_str(),
            liquidity: fill.liquidity.as_str(),
            source: "paper",
            last_qty: fill.last_qty.to_f64(),
            last_px,
            notional: fill.notional.to_f64(),
            commission: fill.commission.to_f64(),
            commission_currency: fill.commission_currency.clone(),
            commission_base: base.map(|amount: Amount| quote.decimal(amount).to_f64()),
            realized_pnl: fill.realized_pnl.to_f64(),
            ref_px,
            slippage_bps: ref_px.and_then(|r| slippage_bps(fill.side.sign(), last_px, r)),
        };
        record.record(&self.labels, ts_ns, Row::Fill(&row));
        Ok(())
    }

    fn tell_cash(
        &mut self,
        flow: &CashFlow,
        ts_ns: i64,
        record: &mut dyn Record,
    ) -> Result<(), SessionError> {
        let base = self
            .to_base(flow.amount, &flow.currency)
            .map_err(|source| SessionError::Money { source })?;
        let quote = self.venue.instrument().quote();
        let amount_base = base.map(|amount| quote.decimal(amount).to_f64());
        if flow.kind != FlowKind::Funding {
            self.new_flow += amount_base.unwrap_or(0.0);
            self.net_cashflow += amount_base.unwrap_or(0.0);
        }
        let row = CashFlowRow {
            kind: flow.kind.as_str(),
            currency: flow.currency.clone(),
            ref_id: flow.ref_id.clone(),
            source: "paper",
            amount: flow.amount.to_f64(),
            rate: flow.rate.map(Decimal::to_f64),
            position_qty: flow.position_qty.map(Decimal::to_f64),
            fx_to_base: self.venue.quote_px(&flow.currency).map(Decimal::to_f64),
            amount_base,
        };
        record.record(&self.labels, ts_ns, Row::CashFlow(&row));
        Ok(())
    }

    fn tell_order(
        &mut self,
        event: OrderEvent,
        order: &OrderState,
        ts_ns: i64,
        record: &mut dyn Record,
    ) {
        let row = self.order_row(event, order, ts_ns);
        self.put(&row, ts_ns, record);
    }

    fn put(&mut self, row: &OrderRow, ts_ns: i64, record: &mut dyn Record) {
        *self.counts.entry(row.event.as_str()).or_default() += 1;
        record.record(&self.labels, ts_ns, Row::Order(row));
    }

    fn order_row(&self, event: OrderEvent, state: &OrderState, ts_ns: i64) -> OrderRow {
        let order = &state.order;
        let sent = self.sent.get(&order.client_order_id);
        let ref_px = sent.map(|sent| sent.ref_px.to_f64());
        let avg_px = state.avg_px();
        let answers = match event {
            OrderEvent::Accepted | OrderEvent::Rejected => sent.map(|sent| sent.sent_ns),
            OrderEvent::Canceled => sent.and_then(|sent| sent.cancel_ns),
            OrderEvent::Updated => sent.and_then(|sent| sent.modify_ns),
            _ => None,
        };
        let reason = match &state.reason {
            Some(RejectReason::Scripted(text)) => Some(text.clone()),
            Some(other) => Some(other.as_str().to_owned()),
            None => None,
        };
        let refused = event == OrderEvent::Rejected;
        OrderRow {
            event,
            client_order_id: order.client_order_id.clone(),
            venue_order_id: state.venue_order_id.clone(),
            side: order.side.as_str(),
            order_type: order.order_type.as_str(),
            time_in_force: order.time_in_force.as_str(),
            status: Some(state.status.as_str()),
            reject_class: state.reason.as_ref().filter(|_| refused).map(RejectReason::as_str),
            reason,
            qty: order.qty.to_f64(),
            px: order.px.map(Decimal::to_f64),
            trigger_px: order.trigger_px.map(Decimal::to_f64),
            cum_qty: Some(state.cum_qty.to_f64()),
            leaves_qty: Some(state.leaves_qty.to_f64()),
            avg_px,
            ref_px,
            ref_kind: ref_px.map(|_| RefKind::Decision),
            slippage_bps: avg_px
                .zip(ref_px)
                .and_then(|(px, ref_px)| slippage_bps(order.side.sign(), px, ref_px)),
            latency_ms: answers.map(|from| span_ms(from, ts_ns)),
            reduce_only: order.reduce_only,
            reconciliation: false,
        }
    }
}
