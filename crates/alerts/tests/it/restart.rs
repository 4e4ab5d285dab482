//! State over a restart.

use std::time::Duration;

use plimsoll_alerts::{
    Condition, Drawdown, Engine, Function, Measure, OnAbsent, PeakReset, Query, RestoreError, Rule,
    SAVED_SCHEMA, Saved, Severity,
};
use proptest::{collection, prelude::*};

use crate::desk::{Desk, moment, now};

fn rules() -> Vec<Rule> {
    let secs = Duration::from_secs;
    let rolling = |function| Measure::Value(Query::rolling("m", function, secs(30)));
    let mut rules = vec![
        Rule::new("wait", "m", Condition::above(6.0), Severity::Warning)
            .pending_for(secs(9))
            .keep_firing_for(secs(6))
            .absent(secs(40), OnAbsent::NoData, Severity::Warning),
        Rule::new("latched", "m", Condition::above(8.0), Severity::Critical)
            .latched()
            .in_family("wait"),
        Rule::new("gone", "m", Condition::absent(secs(12)), Severity::Critical),
        Rule::joining("both", Condition::any(["wait", "sum"]), Severity::Critical),
    ];
    let limits = [
        ("sum", Function::Sum, 30.0),
        ("mean", Function::Mean, 6.0),
        ("max", Function::Max, 8.0),
        ("p90", Function::Quantile(0.9), 8.0),
        ("grown", Function::Increase, 20.0),
    ];
    rules.extend(limits.map(|(name, function, limit)| {
        Rule::measuring(name, rolling(function), Condition::above(limit), Severity::Info)
    }));
    let drawdown = Drawdown::new(Query::last("m"), Query::last("peak"), None, PeakReset::Manual);
    rules.push(Rule::measuring(
        "kept",
        Measure::Drawdown(drawdown),
        Condition::above(0.5),
        Severity::Critical,
    ));
    rules
}

fn through_json(saved: &Saved) -> Saved {
    let json = serde_json::to_string(saved).unwrap();
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn restart(desk: &Desk, secs: f64) -> Desk {
    let saved = through_json(&desk.engine.save());
    let mut desk = Desk::new(rules());
    desk.engine.restore(&saved, now(secs)).unwrap();
    desk
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// A restart that takes no time changes nothing, wherever it falls.
    #[test]
    fn a_restart_changes_no_alert(
        samples in collection::vec((1_u32..20, 0_u8..10), 2..40),
        restarts in collection::vec(any::<bool>(), 40),
    ) {
        let run = |restarts: &[bool]| {
            let mut desk = Desk::new(rules());
            let (mut lines, mut secs) = (Vec::new(), 0.0);
            let peak = desk.series("peak", &[]);
            desk.observe(peak, 10.0, 0.0);
            for ((gap, value), is_restart) in samples.iter().zip(restarts) {
                secs += f64::from(*gap);
                let series = desk.series("m", &[]);
                lines.extend(desk.observe(series, f64::from(*value), secs));
                if *is_restart {
                    desk = restart(&desk, secs);
                }
            }
            lines.extend(desk.advance(secs + 500.0));
            lines
        };
        prop_assert_eq!(run(&[false; 40]), run(&restarts));
    }
}

#[test]
fn since_when_an_alert_fires_is_kept() {
    let mut desk = Desk::new(rules());
    let series = desk.series("m", &[]);
    desk.observe(series, 7.0, 0.0);
    desk.observe(series, 7.5, 9.0);
    let before = desk.engine.save();
    let mut desk = restart(&desk, 3_600.0);
    let changes = desk.advance(3_600.1);
    assert!(
        changes.iter().all(|line| !line.contains(" wait")),
        "an hour down is no silence: {changes:?}"
    );
    let series = desk.series("m", &[]);
    desk.observe(series, 1.0, 3_601.0);
    let changes = desk.engine.advance(now(3_610.0)).to_vec();
    let ended =
        changes.iter().map(|c| desk.engine.alert(c).unwrap()).find(|a| a.rule == "wait").unwrap();
    assert_eq!((ended.active_at, ended.fired_at), (Some(moment(0.0)), Some(moment(9.0))));
    assert!(before == through_json(&before));
}

#[test]
fn a_changed_rule_goes_on_firing_and_forgets_its_wait() {
    let limit = |limit, wait| {
        Rule::new("r", "m", Condition::above(limit), Severity::Warning)
            .pending_for(Duration::from_secs(wait))
    };
    let mut desk = Desk::new(vec![limit(5.0, 0)]);
    let series = desk.series("m", &[("a", "1")]);
    desk.observe(series, 6.0, 0.0);
    let saved = desk.engine.save();
    let mut desk = Desk::new(vec![limit(7.0, 0)]);
    let restored = desk.engine.restore(&saved, now(1.0)).unwrap();
    assert_eq!((restored.alerts, restored.dropped.len()), (1, 0));
    let series = desk.series("m", &[("a", "1")]);
    let lines = desk.observe(series, 6.0, 2.0);
    assert_eq!(lines.last().map(String::as_str), Some("2 r{a=1} no_data>resolved 6"), "{lines:?}");

    let mut waiting = Desk::new(vec![limit(5.0, 60)]);
    let series = waiting.series("m", &[]);
    waiting.observe(series, 6.0, 0.0);
    let saved = waiting.engine.save();
    let mut desk = Desk::new(vec![limit(4.0, 10)]);
    desk.engine.restore(&saved, now(30.0)).unwrap();
    let series = desk.series("m", &[]);
    let lines = desk.observe(series, 6.0, 31.0);
    assert_eq!(lines.last().map(String::as_str), Some("31 r no_data>pending 6"), "{lines:?}");
}

#[test]
fn an_alert_whose_rule_is_gone_is_named() {
    let mut desk = Desk::new(rules());
    let series = desk.series("m", &[("a", "1")]);
    desk.observe(series, 9.0, 0.0);
    let saved = desk.engine.save();
    let mut engine = Engine::new(Vec::new()).unwrap();
    let restored = engine.restore(&saved, now(1.0)).unwrap();
    let dropped: Vec<_> = restored.dropped.iter().map(|alert| alert.rule.as_str()).collect();
    assert_eq!(dropped, ["wait", "latched", "mean", "max", "p90", "grown", "kept"], "{restored:?}");
}

#[test]
fn a_newer_state_is_refused() {
    let mut json = serde_json::to_value(Desk::new(rules()).engine.save()).unwrap();
    json["schema_version"] = (SAVED_SCHEMA + 1).into();
    let saved: Saved = serde_json::from_value(json).unwrap();
    let mut engine = Engine::new(rules()).unwrap();
    let error = engine.restore(&saved, now(0.0)).unwrap_err();
    assert_eq!(error, RestoreError::Newer { found: SAVED_SCHEMA + 1 });
}
