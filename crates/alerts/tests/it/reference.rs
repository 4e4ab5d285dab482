//! The engine against a model of Prometheus' alert states that agrees with promtool.

use std::time::Duration;

use plimsoll_alerts::{AlertState, Condition, Edge, OnAbsent, Options, Rule, Severity};
use proptest::{collection, prelude::*};

use crate::desk::{Desk, moment, now};

const MINUTE: u64 = 60;
const LOOK_BACK: usize = 5;

/// One minute of a series.
#[derive(Debug, Clone, Copy)]
enum Step {
    Value(f64),
    Missing,
    Stale,
}

#[derive(Debug, Clone)]
struct Scenario {
    edge: Edge,
    wait: usize,
    keep: usize,
    steps: Vec<Step>,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0_u8..10).prop_map(|v| Step::Value(f64::from(v))),
        3 => Just(Step::Missing),
        1 => Just(Step::Stale),
        1 => Just(Step::Value(f64::NAN)),
    ]
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let edge = prop_oneof![Just(Edge::Open), Just(Edge::Closed)];
    (edge, 0_usize..6, 0_usize..6, collection::vec(step(), 1..60))
        .prop_map(|(edge, wait, keep, steps)| Scenario { edge, wait, keep, steps })
}

/// Whether the alert fires, waits, or neither, minute by minute.
fn model(scenario: &Scenario) -> Vec<AlertState> {
    let (mut last, mut state, mut active, mut kept) = (None, AlertState::Normal, 0, None);
    let mut states = Vec::new();
    for (minute, step) in scenario.steps.iter().enumerate() {
        match step {
            Step::Value(value) => last = Some((minute, *value)),
            Step::Stale => last = None,
            Step::Missing => {}
        }
        let is_seen = |at: usize| match scenario.edge {
            Edge::Closed => minute - at <= LOOK_BACK,
            _ => minute - at < LOOK_BACK,
        };
        let value = last.filter(|(at, _)| is_seen(*at)).map(|(_, value)| value);
        if value.is_some_and(|value| value > 4.5) {
            if state == AlertState::Normal {
                (state, active) = (AlertState::Pending, minute);
            }
            kept = None;
        } else if state == AlertState::Pending {
            state = AlertState::Normal;
        } else if state == AlertState::Firing {
            let since = *kept.get_or_insert(minute);
            if scenario.keep == 0 || minute - since >= scenario.keep {
                (state, kept) = (AlertState::Normal, None);
            }
        }
        if state == AlertState::Pending && minute - active >= scenario.wait {
            state = AlertState::Firing;
        }
        states.push(state);
    }
    states
}

fn rule(scenario: &Scenario, then: OnAbsent) -> Rule {
    let minutes = |n: usize| Duration::from_secs(MINUTE * n as u64);
    Rule::new("r", "m", Condition::above(4.5), Severity::Warning)
        .pending_for(minutes(scenario.wait))
        .keep_firing_for(minutes(scenario.keep))
        .absent(minutes(LOOK_BACK), then, Severity::Warning)
}

fn states(scenario: &Scenario, then: OnAbsent) -> Vec<AlertState> {
    let options = match scenario.edge {
        Edge::Closed => Options::prometheus_2(),
        _ => Options::prometheus_3(),
    };
    let mut desk = Desk::with(vec![rule(scenario, then)], options);
    let series = desk.series("m", &[]);
    let mut states = Vec::new();
    for (minute, step) in scenario.steps.iter().enumerate() {
        let secs = (minute as u64 * MINUTE) as f64;
        match step {
            Step::Value(value) => drop(desk.observe(series, *value, secs)),
            Step::Stale => drop(desk.engine.end_series(series, now(secs)).len()),
            Step::Missing => {}
        }
        desk.advance(secs);
        states.push(desk.states("r").first().copied().unwrap_or_default());
    }
    assert!(moment(0.0) < moment(1.0));
    states
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn silence_as_an_end_is_what_prometheus_does(scenario in scenario()) {
        let ours: Vec<_> = states(&scenario, OnAbsent::Resolve)
            .into_iter()
            .map(|state| if state.is_fine() { AlertState::Normal } else { state })
            .collect();
        prop_assert_eq!(ours, model(&scenario));
    }

    #[test]
    fn by_default_what_does_not_come_is_never_fine(scenario in scenario()) {
        let ours = states(&scenario, OnAbsent::NoData);
        let mut last = None;
        for (minute, (state, step)) in ours.iter().zip(&scenario.steps).enumerate() {
            match step {
                Step::Value(value) => last = Some((minute, *value)),
                Step::Stale => last = None,
                Step::Missing => {}
            }
            let is_seen = last.is_some_and(|(at, value)| {
                let age = minute - at;
                !value.is_nan() && (age < LOOK_BACK || (age == LOOK_BACK && scenario.edge == Edge::Closed))
            });
            if !is_seen {
                prop_assert!(*state == AlertState::NoData, "minute {minute}: {state:?}");
            }
        }
    }
}
