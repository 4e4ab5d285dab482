//! The state after a bar, as rows: account, position, P&L, risk, health.

use super::{Session, SessionError};
use crate::books::{FlowKind, PositionSide};
use crate::money::Amount;
use crate::record::{
    AccountState, Health, HealthStatus, Pnl, PositionEvent, PositionRow, Record, Risk, Row,
};

const DAY_NS: i64 = 86_400_000_000_000;

/// The position's value and margins, in the quote currency.
struct Exposure {
    net: f64,
    initial: f64,
    maintenance: f64,
}

impl Session {
    pub(super) fn tell_state(
        &mut self,
        ts_ns: i64,
        record: &mut dyn Record,
    ) -> Result<(), SessionError> {
        let quote = self.venue.instrument().quote().clone();
        let equity = quote.decimal(self.equity_base()?).to_f64();
        self.follow_peak(equity, ts_ns);
        self.tell_health(ts_ns, record);
        if !self.venue.is_connected() {
            // Nobody can know the account's state over a broken line: no row, not an old one.
            return Ok(());
        }
        let exposure = self.exposure()?;
        self.tell_accounts(ts_ns, &exposure, record)?;
        self.tell_position(ts_ns, &exposure, record)?;
        let value = |amount: Amount| quote.decimal(amount).to_f64();
        let own = self.venue.books().balance(quote.code());
        let flow = |kind| own.map_or(0.0, |balance| value(balance.flow(kind)));
        let unrealized = value(self.unrealized()?);
        let (realized, funding) = (flow(FlowKind::Realized), flow(FlowKind::Funding));
        let commission = value(self.commission_base);
        let pnl = Pnl {
            epoch_ns: self.clock.start_ns(),
            realized_pnl: realized,
            unrealized_pnl: Some(unrealized),
            commission: Some(commission),
            funding,
            total_pnl: Some(realized + unrealized + funding - commission),
        };
        record.record(&self.labels, ts_ns, Row::Pnl(&pnl));
        self.tell_risk(ts_ns, &exposure, record);
        Ok(())
    }

    /// Deposits and withdrawals scale peak and day start, so that they move no ratio.
    fn follow_peak(&mut self, equity: f64, ts_ns: i64) {
        let before = equity - self.new_flow;
        let mut last = self.equity;
        if self.new_flow != 0.0 && before > 0.0 && self.peak > 0.0 {
            self.peak = self.peak.max(before) * (equity / before);
            self.day_start *= equity / before;
            last *= equity / before;
        }
        self.new_flow = 0.0;
        self.peak = self.peak.max(equity);
        let day = ts_ns.div_euclid(DAY_NS);
        if day != self.day {
            // The first bar of a day has moved already; the day begins at the equity before it.
            self.day_start = if self.day == i64::MIN { equity } else { last };
            self.day = day;
        }
        self.equity = equity;
        let below = self.peak - equity;
        self.drawdown = if equity <= 0.0 { 1.0 } else { (below / self.peak).max(0.0) };
        self.drawdown_max = self.drawdown_max.max(self.drawdown);
    }

    fn exposure(&self) -> Result<Exposure, SessionError> {
        let mark = self.venue.mark_px().map(crate::Decimal::mantissa);
        let instrument = self.venue.instrument();
        let net = match (self.venue.position(), mark) {
            (Some(position), Some(mark)) => {
                let notional = instrument.notional(position.qty_minor, mark);
                let notional = notional.map_err(|source| SessionError::Money { source })?;
                instrument.quote().decimal(notional).to_f64()
            }
            _ => 0.0,
        };
        let config = self.venue.config();
        Ok(Exposure {
            net,
            initial: net.abs() / f64::from(config.leverage_max),
            maintenance: net.abs() * f64::from(config.maintenance_ppm) / 1e6,
        })
    }

    fn tell_accounts(
        &self,
        ts_ns: i64,
        exposure: &Exposure,
        record: &mut dyn Record,
    ) -> Result<(), SessionError> {
        let quote = self.venue.instrument().quote();
        for balance in self.venue.books().balances() {
            let currency = &balance.currency;
            let own = currency.code() == quote.code();
            let total = currency.decimal(balance.total).to_f64();
            let open = if own { quote.decimal(self.unrealized()?).to_f64() } else { 0.0 };
            let equity = total + open;
            let fx_to_base = self.venue.quote_px(currency.code()).map(crate::Decimal::to_f64);
            let locked = if own { exposure.initial } else { 0.0 };
            let row = AccountState {
                currency: currency.code().to_owned(),
                source: "paper",
                total,
                free: Some((equity - locked).min(total).max(0.0)),
                locked: Some(locked),
                equity,
                margin_initial: own.then_some(exposure.initial),
                margin_maintenance: own.then_some(exposure.maintenance),
                margin_ratio: (own && equity > 0.0).then(|| exposure.maintenance / equity),
                fx_to_base,
                equity_base: fx_to_base.map(|fx| equity * fx),
            };
            record.record(&self.labels, ts_ns, Row::Account(&row));
        }
        Ok(())
    }

    fn tell_position(
        &mut self,
        ts_ns: i64,
        exposure: &Exposure,
        record: &mut dyn Record,
    ) -> Result<(), SessionError> {
        let Some(position) = self.venue.position() else { return Ok(()) };
        let qty_minor = position.qty_minor;
        let event = match (self.told_position, qty_minor) {
            (before, now) if before == now => PositionEvent::Snapshot,
            (0, _) => PositionEvent::Opened,
            (_, 0) => PositionEvent::Closed,
            _ => PositionEvent::Changed,
        };
        let instrument = self.venue.instrument();
        let value = |amount: Amount| instrument.quote().decimal(amount).to_f64();
        let own = self.venue.books().balance(instrument.quote().code());
        let row = PositionRow {
            event,
            position_side: position.side().as_str(),
            source: "paper",
            qty: instrument.qty(qty_minor.saturating_abs()).to_f64(),
            avg_px: if position.side() == PositionSide::Flat { None } else { position.avg_px() },
            mark_px: self.venue.mark_px().map(crate::Decimal::to_f64),
            mark_age_ms: Some(super::tell::span_ms(self.venue.now_ns(), ts_ns).max(0.0)),
            notional: Some(exposure.net.abs()),
            unrealized_pnl: Some(value(self.unrealized()?)),
            realized_pnl: value(position.realized),
            commission: Some(value(self.commission_base)),
            funding: own.map_or(0.0, |balance| value(balance.flow(FlowKind::Funding))),
            margin_used: Some(exposure.initial),
        };
        record.record(&self.labels, ts_ns, Row::Position(&row));
        self.told_position = qty_minor;
        Ok(())
    }

    fn tell_risk(&self, ts_ns: i64, exposure: &Exposure, record: &mut dyn Record) {
        let ratio = (self.equity > 0.0).then(|| exposure.net.abs() / self.equity);
        let daily_pnl = self.equity - self.day_start;
        let open_orders = self.venue.open_orders().count();
        let row = Risk {
            trading_state: self.trading_state,
            equity: self.equity,
            peak_equity: self.peak,
            drawdown_ratio: self.drawdown,
            net_cashflow: self.net_cashflow,
            day_start_equity: self.day_start,
            daily_pnl,
            daily_pnl_ratio: (self.day_start > 0.0).then(|| daily_pnl / self.day_start),
            gross_exposure: exposure.net.abs(),
            net_exposure: exposure.net,
            exposure_ratio: ratio,
            leverage_ratio: ratio,
            open_orders: u64::try_from(open_orders).unwrap_or(u64::MAX),
            session_start_ns: self.clock.start_ns(),
        };
        record.record(&self.labels, ts_ns, Row::Risk(&row));
    }

    fn tell_health(&self, ts_ns: i64, record: &mut dyn Record) {
        let up = self.venue.is_connected();
        let row = Health {
            component: "paper-venue",
            channel: "orders",
            status: if up { HealthStatus::Connected } else { HealthStatus::Disconnected },
            last_msg_age_ms: self
                .last_message_ns
                .map(|last| super::tell::span_ms(last, ts_ns).max(0.0)),
            last_heartbeat_ns: ts_ns,
            reconnects: self.reconnects,
            detail: self.bars.date(self.index).map(|date| format!("bar of {date}")),
        };
        record.record(&self.labels, ts_ns, Row::Health(&row));
    }
}
