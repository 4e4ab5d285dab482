//! What drawdown, day and exposure come to.

use super::*;

fn owner() -> Owner {
    Owner { scope: "account".into(), account_id: "HL-main".into(), ..Owner::default() }
}

fn known() -> RiskState {
    let mut state = RiskState::default();
    state.settle(Beginning::nothing());
    state
}

#[track_caller]
fn check(events: &[(&str, f64)], drawdown: Option<f64>) -> Option<Derived> {
    let mut state = known();
    let mut last = None;
    for (at, &(kind, v)) in events.iter().enumerate() {
        match kind {
            "equity" => last = state.equity(&owner(), v, i64::try_from(at).unwrap(), 0),
            "flow" => state.flow(&owner(), Some(v)),
            "unknown flow" => state.flow(&owner(), None),
            "restart" => {
                let saved = state.save();
                state = known();
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
    check(&[("equity", 100.0), ("equity", 80.0), ("equity", 120.0), ("equity", 90.0)], Some(0.25));
    check(&[("equity", 100.0), ("equity", 0.0)], Some(1.0));
    check(&[("equity", 100.0), ("equity", -5.0)], Some(1.0));
}

#[test]
fn a_withdrawal_does_not_move_drawdown() {
    check(&[("equity", 100.0), ("equity", 94.0), ("flow", -18.8), ("equity", 75.2)], Some(0.06));
}

#[test]
fn a_deposit_of_half_the_equity_does_not_dilute_a_loss() {
    check(&[("equity", 100.0), ("equity", 94.0), ("flow", 47.0), ("equity", 141.0)], Some(0.06));
}

#[test]
fn a_flow_of_unknown_size_makes_drawdown_unknown_not_zero() {
    check(&[("equity", 100.0), ("equity", 94.0), ("unknown flow", 0.0), ("equity", 90.0)], None);
}

#[test]
fn peak_and_day_survive_a_restart() {
    let day = check(&[("equity", 100.0), ("restart", 0.0), ("equity", 91.0)], Some(0.09));
    assert_eq!(day.and_then(|d| d.daily_pnl), Some(-9.0));
}

#[test]
fn a_new_day_counts_from_the_last_equity_of_the_old_one() {
    let mut state = known();
    state.equity(&owner(), 100.0, 10, 0);
    state.equity(&owner(), 90.0, 20, 0);
    let next = state.equity(&owner(), 99.0, DAY_NS + 1, 0).unwrap();
    assert_eq!(next.day_start_equity, Some(90.0));
    assert_eq!(next.daily_pnl, Some(9.0));
    assert_eq!(next.session_start, Some(DAY_NS));
}

#[test]
fn an_unknown_position_makes_exposure_unknown_not_zero() {
    let mut state = known();
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
    let mut state = known();
    state.equity(&owner(), 100.0, 1, 0);
    state.turn_off(&owner());
    assert_eq!(state.equity(&owner(), 90.0, 2, 0), None);
}

#[test]
fn torn_state_is_left_out_and_never_panics() {
    let mut state = known();
    state.equity(&owner(), 100.0, 1, 0);
    state.position(&owner(), "BTC", None);
    let bytes = state.save();
    for end in 0..bytes.len() {
        known().load(&bytes[..end]);
    }
}

/// A state that waits, goes through all of `events`, and learns after `at` of them what was before.
fn late(before: &RiskState, events: &[(u8, f64, i64)], at: usize) -> RiskState {
    let mut state = RiskState::default();
    for (n, event) in events.iter().enumerate() {
        if n == at {
            state.settle(Beginning::Known(before.owners.clone()));
        }
        if n % 5 == 4 {
            let saved = state.save();
            let beginning = state.beginning.clone();
            state = RiskState { beginning, ..RiskState::default() };
            state.load(&saved);
        }
        apply(&mut state, *event);
    }
    state.settle(Beginning::Known(before.owners.clone()));
    state
}

fn apply(state: &mut RiskState, (kind, value, at): (u8, f64, i64)) {
    match kind {
        0..=5 => drop(state.equity(&owner(), value, at, 0)),
        6 => state.flow(&owner(), Some(value - 60.0)),
        7 => state.position(&owner(), "BTC", Some(value)),
        8 => state.position(&owner(), "BTC", Some(0.0)),
        _ => state.flow(&owner(), None),
    }
}

#[test]
fn what_was_before_may_be_learned_late_and_all_comes_to_the_same() {
    use proptest::prelude::*;
    let events = prop::collection::vec((0_u8..10, 1.0_f64..120.0, 0_i64..4), 0..40);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(
        events in events,
        at in 0_usize..40,
    )| {
        let mut hour = 0;
        let events: Vec<_> = events
            .into_iter()
            .map(|(kind, value, step)| {
                hour += step;
                (kind, value, hour * (DAY_NS / 8))
            })
            .collect();
        let mut before = RiskState::default();
        before.settle(Beginning::nothing());
        for event in [(0, 100.0, -DAY_NS), (0, 91.0, -DAY_NS + 1), (7, 40.0, 0)] {
            apply(&mut before, event);
        }
        let mut at_once = before.clone();
        let mut late = late(&before, &events, at);
        events.iter().for_each(|event| apply(&mut at_once, *event));
        let last = (0, 95.0, hour * DAY_NS);
        apply(&mut late, last);
        apply(&mut at_once, last);
        prop_assert_eq!(late.owners, at_once.owners);
    });
}

#[test]
fn nothing_is_derived_while_the_past_is_unknown() {
    let mut state = RiskState::default();
    state.position(&owner(), "BTC", Some(50.0));
    assert_eq!(state.equity(&owner(), 91.0, 1, 0), Some(Derived::default()));
    assert!(state.is_waiting());
    state.settle(Beginning::nothing());
    let known = state.equity(&owner(), 91.0, 2, 0).unwrap();
    assert_eq!((known.drawdown_ratio, known.gross_exposure), (Some(0.0), Some(50.0)));
}

#[test]
fn so_many_flows_that_they_cannot_be_kept_make_the_peak_unknown() {
    let mut state = RiskState::default();
    for _ in 0..3_000 {
        state.flow(&owner(), Some(1.0));
    }
    state.settle(Beginning::nothing());
    let known = state.equity(&owner(), 91.0, 2, 0).unwrap();
    assert_eq!(known.drawdown_ratio, None);
}
