//! Peak, drawdown, day and exposure from equity, cash flows and positions: a pure state machine.
//!
//! The state is kept in the spool beside the rows, so a producer that is killed at 9 % drawdown
//! still reads 9 % when it starts again.

use std::collections::BTreeMap;

use crate::wire::{Get, Put};

/// Nanoseconds of a day.
const DAY_NS: i64 = 86_400_000_000_000;

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
        if known.session_start.is_none_or(|start| session > start) {
            known.day_start_equity = known.equity.or(Some(equity));
            known.net_cashflow = 0.0;
            known.session_start = Some(session);
        }
        known.equity = Some(equity);
        if !known.peak_lost {
            known.peak = Some(known.peak.map_or(equity, |peak| peak.max(equity)));
        }
        Some(known.derive(equity))
    }

    /// Takes in a deposit (> 0), withdrawal (< 0) or transfer in base currency. The peak is scaled
    /// by (equity + flow) / equity, so that the drawdown ratio does not move.
    pub(crate) fn flow(&mut self, owner: &Owner, amount_base: Option<f64>) {
        let known = self.known(owner);
        let Some(flow) = amount_base else {
            known.peak = None;
            known.peak_lost = true;
            return;
        };
        known.net_cashflow += flow;
        let Some(equity) = known.equity else { return };
        let after = equity + flow;
        if equity > 0.0 && after > 0.0 {
            known.peak = known.peak.map(|peak| peak * after / equity);
        } else {
            // Nothing was there or nothing is left: a ratio to the old peak has no meaning.
            known.peak = None;
        }
        known.equity = Some(after);
    }

    /// Takes in a position's signed notional in base currency; zero forgets it.
    pub(crate) fn position(&mut self, owner: &Owner, position: &str, notional_base: Option<f64>) {
        let positions = &mut self.known(owner).positions;
        if notional_base == Some(0.0) {
            positions.remove(position);
        } else {
            positions.insert(position.to_owned(), notional_base);
        }
    }

    /// The owner emits rows of its own from now on.
    pub(crate) fn turn_off(&mut self, owner: &Owner) {
        if !self.owners.get(owner).is_some_and(|known| known.is_off) {
            self.known(owner).is_off = true;
        }
    }

    fn known(&mut self, owner: &Owner) -> &mut Known {
        self.changed.insert(owner.clone());
        self.owners.entry(owner.clone()).or_default()
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
    put.u8(u8::from(known.peak_lost)).u8(u8::from(known.is_off));
    put.u32(u32::try_from(known.positions.len()).unwrap_or(u32::MAX));
    for (position, notional) in &known.positions {
        put.str(position).f64_opt(*notional);
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
        is_off: get.u8()? == 1,
        ..Known::default()
    };
    let n = get.u32()?;
    for _ in 0..n {
        let position = get.str()?.to_owned();
        known.positions.insert(position, get.f64_opt()?);
    }
    Some((owner, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner { scope: "account".into(), account_id: "HL-main".into(), ..Owner::default() }
    }

    #[track_caller]
    fn check(events: &[(&str, f64)], drawdown: Option<f64>) -> Option<Derived> {
        let mut state = RiskState::default();
        let mut last = None;
        for (at, &(kind, v)) in events.iter().enumerate() {
            match kind {
                "equity" => last = state.equity(&owner(), v, i64::try_from(at).unwrap(), 0),
                "flow" => state.flow(&owner(), Some(v)),
                "unknown flow" => state.flow(&owner(), None),
                "restart" => {
                    let saved = state.save();
                    state = RiskState::default();
                    state.load(&saved);
                }
                other => panic!("no such event: {other}"),
            }
        }
        let found = last.and_then(|d| d.drawdown_ratio);
        match (found, drawdown) {
            (Some(a), Some(b)) => assert!((a - b).abs() < 1e-12, "{events:?}: {a} is not {b}"),
            (a, b) => assert_eq!(a, b, "{events:?}"),
        }
        last
    }

    #[test]
    fn drawdown_is_measured_from_the_running_peak() {
        check(&[("equity", 100.0)], Some(0.0));
        check(&[("equity", 100.0), ("equity", 95.0)], Some(0.05));
        check(
            &[("equity", 100.0), ("equity", 80.0), ("equity", 120.0), ("equity", 90.0)],
            Some(0.25),
        );
        check(&[("equity", 100.0), ("equity", 0.0)], Some(1.0));
        check(&[("equity", 100.0), ("equity", -5.0)], Some(1.0));
    }

    #[test]
    fn a_withdrawal_does_not_move_drawdown() {
        check(
            &[("equity", 100.0), ("equity", 94.0), ("flow", -18.8), ("equity", 75.2)],
            Some(0.06),
        );
    }

    #[test]
    fn a_deposit_of_half_the_equity_does_not_dilute_a_loss() {
        check(
            &[("equity", 100.0), ("equity", 94.0), ("flow", 47.0), ("equity", 141.0)],
            Some(0.06),
        );
    }

    #[test]
    fn a_flow_of_unknown_size_makes_drawdown_unknown_not_zero() {
        check(
            &[("equity", 100.0), ("equity", 94.0), ("unknown flow", 0.0), ("equity", 90.0)],
            None,
        );
    }

    #[test]
    fn peak_and_day_survive_a_restart() {
        let day = check(&[("equity", 100.0), ("restart", 0.0), ("equity", 91.0)], Some(0.09));
        assert_eq!(day.and_then(|d| d.daily_pnl), Some(-9.0));
    }

    #[test]
    fn a_new_day_counts_from_the_last_equity_of_the_old_one() {
        let mut state = RiskState::default();
        state.equity(&owner(), 100.0, 10, 0);
        state.equity(&owner(), 90.0, 20, 0);
        let next = state.equity(&owner(), 99.0, DAY_NS + 1, 0).unwrap();
        assert_eq!(next.day_start_equity, Some(90.0));
        assert_eq!(next.daily_pnl, Some(9.0));
        assert_eq!(next.session_start, Some(DAY_NS));
    }

    #[test]
    fn an_unknown_position_makes_exposure_unknown_not_zero() {
        let mut state = RiskState::default();
        state.position(&owner(), "BTC", Some(50.0));
        state.position(&owner(), "ETH", Some(-30.0));
        let known = state.equity(&owner(), 100.0, 1, 0).unwrap();
        assert_eq!((known.gross_exposure, known.net_exposure), (Some(80.0), Some(20.0)));
        assert_eq!((known.leverage_ratio, known.exposure_ratio), (Some(0.8), Some(0.2)));
        state.position(&owner(), "SOL", None);
        let unknown = state.equity(&owner(), 100.0, 2, 0).unwrap();
        assert_eq!((unknown.gross_exposure, unknown.leverage_ratio), (None, None));
    }

    #[test]
    fn a_strategy_that_emits_its_own_rows_gets_none_derived() {
        let mut state = RiskState::default();
        state.equity(&owner(), 100.0, 1, 0);
        state.turn_off(&owner());
        assert_eq!(state.equity(&owner(), 90.0, 2, 0), None);
    }

    #[test]
    fn torn_state_is_left_out_and_never_panics() {
        let mut state = RiskState::default();
        state.equity(&owner(), 100.0, 1, 0);
        state.position(&owner(), "BTC", None);
        let bytes = state.save();
        for end in 0..bytes.len() {
            RiskState::default().load(&bytes[..end]);
        }
    }
}
