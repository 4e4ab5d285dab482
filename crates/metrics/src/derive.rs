//! Joins records and the risk derivation: which rows it reads, and what it writes.

#[cfg(any(feature = "sqlite", feature = "ilp"))]
pub(crate) mod past;

use std::{collections::HashMap, time::Duration};

use crate::{
    record::{self, Head, Value},
    risk::{Beginning, Derived, Owner, RiskState},
    row::{Code, Table, bits},
    scratch::Scratch,
    tables::{Cashflow, CashflowKind, PositionChange, PositionSide, Risk},
    value::Timestamp,
};

/// Whom a label set is about.
#[derive(Debug, Clone, Default)]
struct About {
    /// The owner that a row of risk belongs to.
    own: Owner,
    /// Every owner whose equity a flow or position of this label set touches.
    touched: Vec<Owner>,
    /// Account, venue and instrument: what a position belongs to.
    instrument: String,
}

/// Reads rows on their way into the spool and completes those of equity.
#[derive(Debug)]
pub(crate) struct Deriver {
    state: RiskState,
    /// The state that is in the spool.
    kept: RiskState,
    session_offset_ns: i64,
    about: HashMap<u32, About>,
    scratch: Scratch,
}

impl Deriver {
    pub(crate) fn new(session_start: Duration) -> Result<Self, plimsoll_ring::RingError> {
        Ok(Self {
            state: RiskState::default(),
            kept: RiskState::default(),
            session_offset_ns: i64::try_from(session_start.as_nanos()).unwrap_or(0),
            about: HashMap::new(),
            scratch: Scratch::new()?,
        })
    }

    pub(crate) fn state(&mut self) -> &mut RiskState {
        &mut self.state
    }

    /// What was before this spool.
    pub(crate) fn settle(&mut self, beginning: Beginning) {
        self.kept.settle(beginning.clone());
        self.state.settle(beginning);
    }

    /// The state is in the spool.
    pub(crate) fn keep(&mut self) {
        if self.state != self.kept {
            self.kept = self.state.clone();
        }
    }

    /// The rows since the last [`Deriver::keep`] come again.
    pub(crate) fn undo(&mut self) {
        self.state = self.kept.clone();
        self.state.mark_all_changed();
    }

    /// Forgets what numbers of label sets stand for, before records of another scope.
    pub(crate) fn forget_labels(&mut self) {
        self.about.clear();
    }

    /// Whether the derivation wants to see rows of this table.
    #[inline]
    pub(crate) fn reads(table: u8) -> bool {
        [Risk::table_id(), Cashflow::table_id(), PositionChange::table_id()]
            .iter()
            .any(|id| id.number == table)
    }

    /// Sees the record that begins at `start` of `block` and may replace it; `labels` gives the
    /// texts of a label set.
    pub(crate) fn see(
        &mut self,
        block: &mut Vec<u8>,
        start: usize,
        labels: impl Fn(u32) -> Vec<(String, String)>,
    ) {
        let Some(head) = block.get(start..).and_then(Head::read) else { return };
        let about = self
            .about
            .entry(head.series)
            .or_insert_with(|| About::of(&labels(head.series)))
            .clone();
        let record = block.get(start..).unwrap_or_default();
        if head.table == Cashflow::table_id().number {
            self.flow(record, &about);
        } else if head.table == PositionChange::table_id().number {
            self.position(record, &about);
        } else if let Some(completed) = self.equity(record, head, &about) {
            block.truncate(start);
            self.scratch.append(block, &completed, head);
        }
    }

    fn flow(&mut self, record: &[u8], about: &About) {
        let is_transfer = [CashflowKind::Deposit, CashflowKind::Withdrawal, CashflowKind::Transfer]
            .iter()
            .any(|kind| record::code(record, 0) == kind.code());
        if !is_transfer {
            return;
        }
        let double = |name| double(record, Cashflow::SCHEMA, name);
        let base =
            double("amount_base").or_else(|| Some(double("amount")? * double("fx_to_base")?));
        for owner in &about.touched {
            self.state.flow(owner, base);
        }
    }

    fn position(&mut self, record: &[u8], about: &About) {
        let schema = PositionChange::SCHEMA;
        let side = record::code(record, 0);
        let sign = if side == PositionSide::Short.code() { -1.0 } else { 1.0 };
        let notional = if side == PositionSide::Flat.code() {
            Some(0.0)
        } else {
            double(record, schema, "notional_base").map(|n| n.abs() * sign)
        };
        let id = match record::find(record, schema, "position_id") {
            Some(Value::Text(id)) => Some(id),
            _ => None,
        };
        let position = about.position(id);
        for owner in &about.touched {
            self.state.position(owner, &position, notional);
        }
    }

    /// The completed row, when the record carries equity alone.
    fn equity(&mut self, record: &[u8], head: Head, about: &About) -> Option<Risk<'static>> {
        if head.bits & bits::DERIVE == 0 {
            self.state.turn_off(&about.own);
            return None;
        }
        let equity = double(record, Risk::SCHEMA, "equity")?;
        let ts = record::ts(record, Risk::SCHEMA);
        let at = ts.unwrap_or(head.time);
        let derived = self.state.equity(&about.own, equity, at, self.session_offset_ns)?;
        let row = complete(Risk::derived(equity), &derived);
        Some(match ts {
            Some(ts) => row.at(Timestamp::from_nanos(ts)),
            None => row,
        })
    }
}

fn complete(mut row: Risk<'static>, derived: &Derived) -> Risk<'static> {
    let Derived { session_start, .. } = *derived;
    for (value, set) in [
        (derived.peak_equity, Risk::peak_equity as fn(Risk<'static>, f64) -> Risk<'static>),
        (derived.drawdown_ratio, Risk::drawdown_ratio),
        (derived.net_cashflow, Risk::net_cashflow),
        (derived.day_start_equity, Risk::day_start_equity),
        (derived.daily_pnl, Risk::daily_pnl),
        (derived.daily_pnl_ratio, Risk::daily_pnl_ratio),
        (derived.gross_exposure, Risk::gross_exposure),
        (derived.net_exposure, Risk::net_exposure),
        (derived.exposure_ratio, Risk::exposure_ratio),
        (derived.leverage_ratio, Risk::leverage_ratio),
    ] {
        if let Some(value) = value {
            row = set(row, value);
        }
    }
    match session_start {
        Some(start) => row.session_start(Timestamp::from_nanos(start)),
        None => row,
    }
}

fn double(record: &[u8], schema: &crate::Schema, name: &str) -> Option<f64> {
    match record::find(record, schema, name) {
        Some(Value::Word(word)) => Some(f64::from_bits(word)).filter(|v| v.is_finite()),
        _ => None,
    }
}

impl About {
    /// Name of a position of this label set.
    fn position(&self, id: Option<&str>) -> String {
        id.map_or_else(|| self.instrument.clone(), |id| format!("{}/{id}", self.instrument))
    }

    fn of(labels: &[(String, String)]) -> Self {
        let get = |name: &str| {
            labels.iter().find(|(n, _)| n == name).map(|(_, text)| text.clone()).unwrap_or_default()
        };
        let (account_id, strategy_id) = (get("account_id"), get("strategy_id"));
        let owner = |scope: &str, account: &str, strategy: &str| Owner {
            scope: scope.to_owned(),
            account_id: account.to_owned(),
            strategy_id: strategy.to_owned(),
        };
        let mut touched = Vec::new();
        if !strategy_id.is_empty() {
            touched.push(owner("strategy", "", &strategy_id));
            if !account_id.is_empty() {
                touched.push(owner("strategy", &account_id, &strategy_id));
            }
        }
        if !account_id.is_empty() {
            touched.push(owner("account", &account_id, ""));
        }
        let own = owner(&get("scope"), &account_id, &strategy_id);
        let instrument = format!("{account_id}/{}/{}", get("venue"), get("instrument_id"));
        Self { own, touched, instrument }
    }
}
