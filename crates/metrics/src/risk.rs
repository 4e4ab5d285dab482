//! Peak, drawdown, day and exposure from equity, cash flows and positions: a pure state machine.
//!
//! The state is kept in the spool beside the rows, so a producer that is killed at 9 % drawdown
//! still reads 9 % when it starts again. When the spool is gone, the store says what was before;
//! until it did, nothing is derived.

mod beginning;

use std::collections::BTreeMap;

use crate::wire::{Get, Put};

pub(crate) use beginning::Beginning;
use beginning::Event;

/// Nanoseconds of a day.
const DAY_NS: i64 = 86_400_000_000_000;

/// Flags of an owner in the spool.
const IS_OFF: u8 = 1;
const IS_WAITING: u8 = 2;

/// Whose equity: `account` or `strategy`, and its ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Owner {
    pub(crate) scope: String,
    pub(crate) account_id: String,
    pub(crate) strategy_id: String,
}

/// What is known of one owner.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Known {
    equity: Option<f64>,
    peak: Option<f64>,
    /// A flow of unknown size happened: the peak cannot be told until a person resets it.
    peak_lost: bool,
    session_start: Option<i64>,
    day_start_equity: Option<f64>,
    net_cashflow: f64,
    /// The strategy emits its own `trading_risk` rows.
    is_off: bool,
    /// Signed notional in base currency by position; unknown for one makes the sums unknown.
    positions: BTreeMap<String, Option<f64>>,
    /// What happened while it is not known what was before; `None` once that is known.
    waiting: Option<Vec<Event>>,
}

/// What the worker adds to a row that carries equity alone. Unknown stays absent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Derived {
    pub(crate) peak_equity: Option<f64>,
    pub(crate) drawdown_ratio: Option<f64>,
    pub(crate) net_cashflow: Option<f64>,
    pub(crate) day_start_equity: Option<f64>,
    pub(crate) daily_pnl: Option<f64>,
    pub(crate) daily_pnl_ratio: Option<f64>,
    pub(crate) gross_exposure: Option<f64>,
    pub(crate) net_exposure: Option<f64>,
    pub(crate) exposure_ratio: Option<f64>,
    pub(crate) leverage_ratio: Option<f64>,
    pub(crate) session_start: Option<i64>,
}

/// State of every owner.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct RiskState {
    beginning: Beginning,
    owners: BTreeMap<Owner, Known>,
    changed: std::collections::BTreeSet<Owner>,
}

impl RiskState {
    /// Takes in an equity of `owner` at `ts`; `session_offset_ns` is the day's start after
    /// midnight UTC. `None` when the owner computes its own rows.
    pub(crate) fn equity(
        &mut self,
        owner: &Owner,
        equity: f64,
        ts: i64,
        session_offset_ns: i64,
    ) -> Option<Derived> {
        let known = self.known(owner);
        if known.is_off {
            return None;
        }
        let session = session_of(ts, session_offset_ns);
        if let Some(waiting) = &mut known.waiting {
            beginning::add_equity(waiting, session, equity);
            return Some(Derived::default());
        }
        known.take_equity(session, equity);
        Some(known.derive(equity))
    }

    /// Takes in a deposit (> 0), withdrawal (< 0) or transfer in base currency. The peak is scaled
    /// by (equity + flow) / equity, so that the drawdown ratio does not move.
    pub(crate) fn flow(&mut self, owner: &Owner, amount_base: Option<f64>) {
        let known = self.known(owner);
        match &mut known.waiting {
            Some(waiting) => beginning::add_flow(waiting, amount_base),
            None => known.take_flow(amount_base),
        }
    }

    /// Takes in a position's signed notional in base currency; zero forgets it.
    pub(crate) fn position(&mut self, owner: &Owner, position: &str, notional_base: Option<f64>) {
        let known = self.known(owner);
        if known.waiting.is_some() {
            // Also one that is flat: it may be among those that the store knows.
            known.positions.insert(position.to_owned(), notional_base);
        } else {
            known.put_position(position, notional_base);
        }
    }

    /// Whether an owner waits for what was before.
    pub(crate) fn is_waiting(&self) -> bool {
        self.owners.values().any(|known| known.waiting.is_some())
    }

    /// It is known what was before.
    pub(crate) fn settle(&mut self, beginning: Beginning) {
        for (owner, known) in self.owners.iter_mut().filter(|(_, k)| k.waiting.is_some()) {
            known.settle(beginning.of(owner));
            self.changed.insert(owner.clone());
        }
        self.beginning = beginning;
    }

    /// The owner emits rows of its own from now on.
    pub(crate) fn turn_off(&mut self, owner: &Owner) {
        if !self.owners.get(owner).is_some_and(|known| known.is_off) {
            self.known(owner).is_off = true;
        }
    }

    fn known(&mut self, owner: &Owner) -> &mut Known {
        self.changed.insert(owner.clone());
        let beginning = &self.beginning;
        self.owners.entry(owner.clone()).or_insert_with(|| beginning.of(owner))
    }

    /// What changed since the last call, as bytes for the spool; empty when nothing did.
    pub(crate) fn take_changes(&mut self) -> Vec<u8> {
        let mut put = Put::default();
        for owner in std::mem::take(&mut self.changed) {
            if let Some(known) = self.owners.get(&owner) {
                put_known(&mut put, &owner, known);
            }
        }
        put.0
    }

    /// Makes [`RiskState::take_changes`] give everything again.
    pub(crate) fn mark_all_changed(&mut self) {
        self.changed = self.owners.keys().cloned().collect();
    }

    /// All of it, as bytes for a new spool segment.
    pub(crate) fn save(&self) -> Vec<u8> {
        let mut put = Put::default();
        for (owner, known) in &self.owners {
            put_known(&mut put, owner, known);
        }
        put.0
    }

    /// Takes over what [`RiskState::save`] or [`RiskState::take_changes`] wrote; what is torn is
    /// left out.
    pub(crate) fn load(&mut self, bytes: &[u8]) {
        let mut get = Get(bytes);
        while !get.is_empty() {
            let Some((owner, known)) = get_known(&mut get) else { return };
            self.owners.insert(owner, known);
        }
    }
}

impl Known {
    #[cfg(any(feature = "sqlite", feature = "ilp"))]
    /// What a stored row of `trading_risk` says, positions apart.
    pub(crate) fn stored(row: &Derived, equity: Option<f64>) -> Self {
        Self {
            equity,
            peak: row.peak_equity,
            // Such rows carry the day; without a peak it was lost, and stays so.
            peak_lost: row.peak_equity.is_none(),
            session_start: row.session_start,
            day_start_equity: row.day_start_equity,
            net_cashflow: row.net_cashflow.unwrap_or(0.0),
            ..Self::default()
        }
    }

    #[cfg(any(feature = "sqlite", feature = "ilp"))]
    pub(crate) fn take_equity_at(&mut self, equity: f64, ts: i64, session_offset_ns: i64) {
        self.take_equity(session_of(ts, session_offset_ns), equity);
    }

    fn take_equity(&mut self, session: i64, equity: f64) {
        if self.session_start.is_none_or(|start| session > start) {
            self.day_start_equity = self.equity.or(Some(equity));
            self.net_cashflow = 0.0;
            self.session_start = Some(session);
        }
        self.equity = Some(equity);
        if !self.peak_lost {
            self.peak = Some(self.peak.map_or(equity, |peak| peak.max(equity)));
        }
    }

    fn take_flow(&mut self, amount_base: Option<f64>) {
        let Some(flow) = amount_base else {
            self.peak = None;
            self.peak_lost = true;
            // What is profit of this day and what came in cannot be told apart.
            self.day_start_equity = None;
            return;
        };
        self.net_cashflow += flow;
        let Some(equity) = self.equity else { return };
        let after = equity + flow;
        if equity > 0.0 && after > 0.0 {
            self.peak = self.peak.map(|peak| peak * after / equity);
        } else {
            // Nothing was there or nothing is left: a ratio to the old peak has no meaning.
            self.peak = None;
        }
        self.equity = Some(after);
    }

    pub(crate) fn put_position(&mut self, position: &str, notional_base: Option<f64>) {
        if notional_base == Some(0.0) {
            self.positions.remove(position);
        } else {
            self.positions.insert(position.to_owned(), notional_base);
        }
    }

    fn derive(&self, equity: f64) -> Derived {
        let day_start = self.day_start_equity;
        let daily = day_start.map(|start| equity - start - self.net_cashflow);
        let signed: Option<Vec<f64>> = self.positions.values().copied().collect();
        let gross = signed.as_ref().map(|s| s.iter().fold(0.0, |sum, v| sum + v.abs()));
        let net = signed.as_ref().map(|s| s.iter().fold(0.0, |sum, v| sum + v));
        let of_equity = |v: f64| (equity > 0.0).then(|| v / equity);
        Derived {
            peak_equity: self.peak,
            drawdown_ratio: self.peak.map(|peak| drawdown_ratio(peak, equity)),
            net_cashflow: day_start.map(|_| self.net_cashflow),
            day_start_equity: day_start,
            daily_pnl: daily,
            daily_pnl_ratio: daily
                .zip(day_start)
                .and_then(|(pnl, start)| (start > 0.0).then(|| pnl / start)),
            gross_exposure: gross,
            net_exposure: net,
            exposure_ratio: net.map(f64::abs).and_then(of_equity),
            leverage_ratio: gross.and_then(of_equity),
            session_start: self.session_start,
        }
    }
}

/// How far `equity` lies below `peak`: ratio in `0..=1`; 1 when nothing is left.
fn drawdown_ratio(peak: f64, equity: f64) -> f64 {
    if equity <= 0.0 || peak <= 0.0 { 1.0 } else { ((peak - equity) / peak).max(0.0) }
}

fn session_of(ts: i64, offset: i64) -> i64 {
    let shifted = ts.saturating_sub(offset);
    shifted.saturating_sub(shifted.rem_euclid(DAY_NS)).saturating_add(offset)
}

fn put_known(put: &mut Put, owner: &Owner, known: &Known) {
    put.str(&owner.scope).str(&owner.account_id).str(&owner.strategy_id);
    put.f64_opt(known.equity).f64_opt(known.peak).f64_opt(known.day_start_equity);
    put.f64_opt(Some(known.net_cashflow)).i64_opt(known.session_start);
    let flags = [(known.is_off, IS_OFF), (known.waiting.is_some(), IS_WAITING)];
    let flags = flags.iter().filter(|(is_set, _)| *is_set).fold(0, |all, (_, bit)| all | bit);
    put.u8(u8::from(known.peak_lost)).u8(flags);
    put.u32(u32::try_from(known.positions.len()).unwrap_or(u32::MAX));
    for (position, notional) in &known.positions {
        put.str(position).f64_opt(*notional);
    }
    if let Some(waiting) = &known.waiting {
        beginning::put_events(put, waiting);
    }
}

fn get_known(get: &mut Get<'_>) -> Option<(Owner, Known)> {
    let owner = Owner {
        scope: get.str()?.to_owned(),
        account_id: get.str()?.to_owned(),
        strategy_id: get.str()?.to_owned(),
    };
    let mut known = Known {
        equity: get.f64_opt()?,
        peak: get.f64_opt()?,
        day_start_equity: get.f64_opt()?,
        net_cashflow: get.f64_opt()?.unwrap_or(0.0),
        session_start: get.i64_opt()?,
        peak_lost: get.u8()? == 1,
        ..Known::default()
    };
    let flags = get.u8()?;
    known.is_off = flags & IS_OFF != 0;
    let n = get.u32()?;
    for _ in 0..n {
        let position = get.str()?.to_owned();
        known.positions.insert(position, get.f64_opt()?);
    }
    if flags & IS_WAITING != 0 {
        known.waiting = Some(beginning::get_events(get)?);
    }
    Some((owner, known))
}

#[cfg(test)]
mod tests;
