//! Serialized forms: they lie in files and databases of other people, so a change here is a change
//! of the interface.

use std::time::Duration;

use plimsoll_alerts::{
    AlertState, Class, Condition, Exception, Function, Matcher, Measure, OnAbsent, Override, Query,
    Rule, Severity, Text, Threshold, Unit,
};

#[track_caller]
fn check_round_trip(rule: &Rule) -> String {
    let json = serde_json::to_string_pretty(rule).unwrap();
    assert_eq!(&serde_json::from_str::<Rule>(&json).unwrap(), rule, "{json}");
    json
}

#[test]
fn a_plain_rule() {
    let rule = Rule::new("kill", "drawdown_ratio", Condition::above(0.1), Severity::Critical);
    insta::assert_snapshot!(check_round_trip(&rule.latched()));
}

#[test]
fn a_rule_with_everything() {
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let of = Query::rolling("trading_errors.count", Function::Sum, minutes(5))
        .filtered(Matcher::is("severity", ["error", "critical"]))
        .filtered(Matcher::is_not("error_class", ["expected"]));
    let to = Query::rolling("trading_orders", Function::Count, minutes(5)).with_samples_min(3);
    let measure = Measure::Ratio { of, to, to_min: 20.0 };
    let exception = Exception::Threshold(Threshold::new(0.02).resolving_at(0.015));
    let rule = Rule::measuring(
        "error_rate",
        measure,
        Condition::above(0.01).resolving_at(0.009),
        Severity::Warning,
    )
    .by(["strategy_id", "venue"])
    .pending_for(Duration::from_millis(1500))
    .keep_firing_for(minutes(1))
    .absent(minutes(1), OnAbsent::Keep, Severity::Critical)
    .of_class(Class::Liveness)
    .in_family("errors")
    .inhibited_by("heartbeat", ["producer"])
    .with_override(Override::new([("venue", "BIN*")], exception))
    .with_text(Text::new("Error rate", Unit::Ratio).explained("Orders fail.", "Look at them."));
    insta::assert_snapshot!(check_round_trip(&rule));
}

#[test]
fn a_short_text_is_a_whole_rule() {
    let rule: Rule = serde_json::from_str(
        r#"{"name": "x", "severity": "warning",
            "measure": {"value": {"metric": "lag_ms", "function": {"quantile": 0.99},
                                  "over": {"rolling_secs": 60}}},
            "condition": {"at_least": {"threshold": 5}}, "for_secs": 1.5}"#,
    )
    .unwrap();
    assert_eq!(rule.pending_for, Duration::from_millis(1500));
    check_round_trip(&rule);
}

#[track_caller]
fn check_refused(json: &str, said: &str) {
    let error = serde_json::from_str::<Rule>(json).unwrap_err().to_string();
    assert!(error.contains(said), "{error}");
}

#[test]
fn what_is_not_known_is_refused() {
    let with = |more: &str| {
        format!(
            r#"{{"name": "x", "severity": "warning", "measure": {{"value": {{"metric": "m"}}}},
                "condition": {{"above": {{"threshold": 1}}}}{more}}}"#
        )
    };
    check_refused(&with(r#", "treshold": 1"#), "unknown field `treshold`");
    check_refused(&with(r#", "for_secs": -1"#), "a number of seconds from 0");
    check_refused(&with(r#", "for_secs": 1e12"#), "a number of seconds from 0");
    check_refused(&with(r#", "resolve": "never""#), "unknown variant `never`");
}

#[test]
fn states_are_words() {
    use AlertState::{Error, Firing, NoData, Normal, Pending, Resolved};
    let states = [Normal, Pending, Firing, Resolved, NoData, Error];
    for state in states {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
    let words: Vec<_> = states.iter().map(|state| state.as_str()).collect();
    assert_eq!(words, ["normal", "pending", "firing", "resolved", "no_data", "error"]);
    for severity in [Severity::Info, Severity::Warning, Severity::Critical] {
        assert_eq!(serde_json::to_value(severity).unwrap(), severity.as_str());
    }
}
