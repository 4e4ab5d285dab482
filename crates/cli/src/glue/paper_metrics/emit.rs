//! One function per kind of row.

use std::time::Duration;

use plimsoll_metrics::{
    AccountState, Cashflow, CashflowKind, Channel, ErrorEvent, ErrorSeverity, Fill, FxRate, Health,
    LatencyClock, LatencyStage, Liquidity, Order, OrderEvent, OrderLatency, Pnl, PositionChange,
    PositionEvent, PositionSide, RefKind, Side, Source, TimeInForce, Timestamp,
};
use plimsoll_paper as paper;

use super::words::{error_class, health_status, order_status, order_type, reject_class};
use super::{PaperMetrics, base_amount};

/// Sets the columns whose value is known.
macro_rules! set {
    ($row:ident, $($column:ident = $value:expr),+ $(,)?) => {
        $(if let Some(value) = $value {
            $row = $row.$column(value);
        })+
    };
}

impl PaperMetrics {
    pub(super) fn order(&mut self, ts: Timestamp, from: &paper::OrderRow) {
        let words = &mut self.words;
        let event = words.look("event", from.event.as_str(), OrderEvent::from_text);
        let side = words.look("side", from.side, Side::from_text);
        let (Some(event), Some(side)) = (event, side) else {
            self.lost_rows += 1;
            return;
        };
        let mut row = Order::new(&from.client_order_id, side, event).at(ts).qty(from.qty);
        let status = from.status.and_then(|word| words.look("status", word, order_status));
        let class = from.reject_class.and_then(|w| words.look("reject_class", w, reject_class));
        let kind =
            from.ref_kind.and_then(|k| words.look("ref_kind", k.as_str(), RefKind::from_text));
        set! { row,
            order_type = words.look("order_type", from.order_type, order_type),
            time_in_force = words.look("time_in_force", from.time_in_force, TimeInForce::from_text),
            status = status,
            reject_class = class,
            ref_kind = kind,
            venue_order_id = from.venue_order_id.as_deref(),
            reason = from.reason.as_deref(),
            px = from.px,
            trigger_px = from.trigger_px,
            cum_qty = from.cum_qty,
            leaves_qty = from.leaves_qty,
            avg_px = from.avg_px,
            ref_px = from.ref_px,
            slippage_bps = from.slippage_bps,
            latency_ms = from.latency_ms.and_then(span),
        }
        row = row.reduce_only(from.reduce_only).reconciliation(from.reconciliation);
        self.instrument.emit_order(if from.reconciliation { row.reconciled() } else { row });
    }

    pub(super) fn fill(&mut self, ts: Timestamp, from: &paper::FillRow) {
        let Some(side) = self.words.look("side", from.side, Side::from_text) else {
            self.lost_rows += 1;
            return;
        };
        let mut row = Fill::new(&from.trade_id, side, from.last_qty, from.last_px, ts)
            .client_order_id(from.client_order_id.as_str())
            .venue_order_id(from.venue_order_id.as_str())
            .notional(from.notional)
            .commission(from.commission)
            .commission_currency(from.commission_currency.as_str())
            .realized_pnl(from.realized_pnl);
        set! { row,
            liquidity = self.words.look("liquidity", from.liquidity, Liquidity::from_text),
            source = self.words.look("source", from.source, Source::from_text),
            commission_base = from.commission_base,
            ref_px = from.ref_px,
            slippage_bps = from.slippage_bps,
        }
        self.instrument.emit_fill(row);
    }

    pub(super) fn latency(&mut self, ts: Timestamp, from: &paper::LatencyRow) {
        let stage = self.words.look("stage", from.stage.as_str(), LatencyStage::from_text);
        let (Some(stage), Some(latency)) = (stage, span(from.latency_ms)) else {
            self.lost_rows += 1;
            return;
        };
        let mut row = OrderLatency::new(&from.client_order_id, stage, latency).at(ts);
        set! { row,
            clock = self.words.look("clock", from.clock, LatencyClock::from_text),
            order_type = self.words.look("order_type", from.order_type, order_type),
        }
        self.instrument.emit_order_latency(row);
    }

    pub(super) fn funding(&mut self, ts: Timestamp, from: &paper::CashFlowRow, currency: &str) {
        if let Some(row) = self.cashflow(ts, from) {
            let mut row = row;
            set! { row, amount_base = base_amount(from, currency) }
            self.instrument.emit_cashflow(row);
        }
    }

    /// A deposit, withdrawal or transfer.
    pub(super) fn transfer(&mut self, ts: Timestamp, from: &paper::CashFlowRow) {
        if let Some(row) = self.cashflow(ts, from) {
            self.strategy.emit_cashflow(row);
        }
    }

    fn cashflow<'a>(
        &mut self,
        ts: Timestamp,
        from: &'a paper::CashFlowRow,
    ) -> Option<Cashflow<'a>> {
        let Some(kind) = self.words.look("kind", from.kind, CashflowKind::from_text) else {
            self.lost_rows += 1;
            return None;
        };
        let mut row = Cashflow::new(kind, &from.currency, from.amount, &from.ref_id, ts);
        set! { row,
            source = self.words.look("source", from.source, Source::from_text),
            rate = from.rate,
            position_qty = from.position_qty,
            fx_to_base = from.fx_to_base.map(fresh),
            amount_base = from.amount_base,
        }
        Some(row)
    }

    pub(super) fn account(&mut self, ts: Timestamp, from: &paper::AccountState, currency: &str) {
        let fx = if from.currency == currency {
            Some(FxRate::base())
        } else {
            from.fx_to_base.map(fresh)
        };
        let mut row = AccountState::new(&from.currency)
            .at(ts)
            .base_currency(currency)
            .total(from.total)
            .equity(from.equity);
        set! { row,
            source = self.words.look("source", from.source, Source::from_text),
            free = from.free,
            locked = from.locked,
            margin_initial = from.margin_initial,
            margin_maintenance = from.margin_maintenance,
            margin_ratio = from.margin_ratio,
            fx_to_base = fx,
            equity_base = from.equity_base,
        }
        self.venue.emit(&row);
    }

    pub(super) fn position(&mut self, ts: Timestamp, from: &paper::PositionRow) {
        let side = self.words.look("position_side", from.position_side, PositionSide::from_text);
        let Some(side) = side else {
            self.lost_rows += 1;
            return;
        };
        let mut row = PositionChange::new(side, from.qty)
            .at(ts)
            .realized_pnl(from.realized_pnl)
            .funding(from.funding);
        set! { row,
            event = self.words.look("event", from.event.as_str(), PositionEvent::from_text),
            source = self.words.look("source", from.source, Source::from_text),
            avg_px = from.avg_px,
            mark_px = from.mark_px,
            mark_age_ms = from.mark_age_ms.and_then(span),
            notional = from.notional,
            notional_base = from.notional,
            unrealized_pnl = from.unrealized_pnl,
            commission = from.commission,
            margin_used = from.margin_used,
        }
        self.instrument.emit_position_change(row);
    }

    pub(super) fn pnl(&mut self, ts: Timestamp, from: &paper::Pnl) {
        let mut row = Pnl::new()
            .at(ts)
            .epoch(Timestamp::from_nanos(from.epoch_ns))
            .realized_pnl(from.realized_pnl)
            .funding(from.funding)
            .fx_to_base(FxRate::base());
        set! { row,
            unrealized_pnl = from.unrealized_pnl,
            commission = from.commission,
            total_pnl = from.total_pnl,
        }
        self.instrument.emit_pnl(row);
        self.strategy.emit_pnl(row);
        self.account.emit_pnl(row);
    }

    pub(super) fn error(&mut self, ts: Timestamp, from: &paper::ErrorRow) {
        let mut row = ErrorEvent::new(&from.error_code, &from.message)
            .at(ts)
            .component(from.component)
            .error_class(error_class(from.error_class))
            .transient(from.transient);
        set! { row,
            severity = self.words.look("severity", from.severity.as_str(), ErrorSeverity::from_text),
            client_order_id = from.client_order_id.as_deref(),
        }
        self.instrument.emit_error(row);
    }

    pub(super) fn health(&mut self, ts: Timestamp, from: &paper::Health) {
        let status = self.words.look("status", from.status.as_str(), health_status);
        let Some(status) = status else {
            self.lost_rows += 1;
            return;
        };
        let mut row = Health::new(from.component, status)
            .at(ts)
            .last_heartbeat(Timestamp::from_nanos(from.last_heartbeat_ns))
            .reconnects(i64::try_from(from.reconnects).unwrap_or(i64::MAX));
        set! { row,
            channel = self.words.look("channel", from.channel, Channel::from_text),
            last_msg_age_ms = from.last_msg_age_ms.and_then(span),
            detail = from.detail.as_deref(),
        }
        self.venue.emit_health(row);
    }
}

/// A rate that the venue quotes at this moment.
fn fresh(rate: f64) -> FxRate {
    FxRate::new(rate, Duration::ZERO)
}

/// Milliseconds as a span; `None` for what is no span.
fn span(ms: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(ms / 1e3).ok()
}
