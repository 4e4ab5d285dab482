//! Rules that are made of others, and alerts that silence others.

use std::time::Duration;

use plimsoll_alerts::{Class, Condition, Inhibition, Join, Maintenance, OnAbsent, Rule, Severity};

use crate::desk::{Desk, now};

fn part(name: &str) -> Rule {
    Rule::new(name, name, Condition::above(0.5), Severity::Warning)
        .absent(Duration::from_secs(60), OnAbsent::NoData, Severity::Warning)
        .for_rules_only()
}

/// Second, metric, labels as `name=value`, value; the lines of all changes.
#[track_caller]
fn check(name: &str, rules: Vec<Rule>, samples: &[(f64, &str, &str, f64)], expected: &[&str]) {
    let mut desk = Desk::new(rules);
    let mut lines = Vec::new();
    for (secs, metric, labels, value) in samples {
        let labels: Vec<_> = labels.split(',').filter_map(|l| l.split_once('=')).collect();
        let series = desk.series(metric, &labels);
        lines.extend(desk.observe(series, *value, *secs));
    }
    assert_eq!(lines, expected, "{name}");
}

#[test]
fn all_of_several_rules_must_fire() {
    let both = Rule::joining("both", Condition::all(["a", "b"]), Severity::Critical);
    let rules = vec![part("a"), part("b"), both];
    let samples = &[
        (0.0, "a", "v=X", 1.0),
        (1.0, "b", "v=Y", 1.0),
        (2.0, "b", "v=X", 1.0),
        (3.0, "a", "v=X", 0.0),
    ];
    let lines = &["2 both{v=X} normal>firing", "3 both{v=X} firing>resolved"];
    check(
        "for the same labels",
        rules.clone(),
        samples,
        &["2 both{v=X} normal>firing 1", "3 both{v=X} firing>resolved 1"],
    );
    assert_eq!(lines.len(), 2);
    let blind = &[(0.0, "a", "v=X", 1.0), (1.0, "b", "v=X", f64::NAN), (2.0, "a", "v=X", 0.0)];
    let lines = &["1 both{v=X} normal>no_data 1", "2 both{v=X} no_data>normal 1"];
    check("what cannot be told stays so", rules, blind, lines);
}

#[test]
fn one_of_several_rules_is_enough() {
    let any = Rule::joining("any", Condition::any(["a", "b"]), Severity::Critical);
    let samples = &[
        (0.0, "b", "v=X", 0.0),
        (1.0, "a", "v=X", 1.0),
        (2.0, "b", "v=X", f64::NAN),
        (3.0, "a", "v=X", 0.0),
        (4.0, "b", "v=X", 0.0),
    ];
    let lines = &[
        "1 any{v=X} normal>firing 1",
        "3 any{v=X} firing>no_data 1",
        "4 any{v=X} no_data>resolved 1",
    ];
    check("any", vec![part("a"), part("b"), any], samples, lines);
}

#[test]
fn rules_are_joined_on_some_labels_and_barred_by_others() {
    let mut join = Join::of(["a"]);
    join.unless = vec!["b".to_owned()];
    join.on = Some(vec!["v".to_owned()]);
    let rule = Rule::joining("alone", Condition::All(join), Severity::Critical);
    let samples = &[
        (0.0, "a", "v=X,i=1", 1.0),
        (1.0, "a", "v=X,i=2", 1.0),
        (2.0, "b", "v=X", 1.0),
        (3.0, "b", "v=X", 0.0),
        (4.0, "b", "v=Y", 1.0),
        (5.0, "a", "v=X,i=2", 0.0),
    ];
    let lines = &[
        "0 alone{i=1,v=X} normal>firing 1",
        "1 alone{i=2,v=X} normal>firing 1",
        "2 alone{i=1,v=X} firing>resolved 1",
        "2 alone{i=2,v=X} firing>resolved 1",
        "3 alone{i=1,v=X} resolved>firing 1",
        "3 alone{i=2,v=X} resolved>firing 1",
        "5 alone{i=2,v=X} firing>resolved 1",
    ];
    check("unless", vec![part("a"), part("b"), rule], samples, lines);
}

#[test]
fn joined_rules_can_be_joined_and_wait() {
    let ab = Rule::joining("ab", Condition::all(["a", "b"]), Severity::Warning).for_rules_only();
    let abc = Rule::joining("abc", Condition::any(["ab", "c"]), Severity::Critical)
        .pending_for(Duration::from_secs(5));
    // Named before what they are made of: the order of rules is none.
    let mut desk = Desk::new(vec![abc, ab, part("c"), part("b"), part("a")]);
    let (a, b) = (desk.series("a", &[]), desk.series("b", &[]));
    desk.observe(a, 1.0, 0.0);
    assert_eq!(desk.observe(b, 1.0, 1.0), ["1 abc normal>pending 1"]);
    assert_eq!(desk.advance(10.0), ["6 abc pending>firing 1"]);
}

fn step(name: &str, limit: f64, severity: Severity) -> Rule {
    Rule::new(name, "m", Condition::above(limit), severity).in_family("m").absent(
        Duration::from_secs(60),
        OnAbsent::NoData,
        Severity::Warning,
    )
}

#[test]
fn the_graver_step_silences_the_other() {
    let rules = vec![step("warn", 5.0, Severity::Warning), step("crit", 10.0, Severity::Critical)];
    let by_crit = r#"InhibitedBy { rule: "crit" }"#;
    let samples = &[
        (0.0, "m", "s=1", 6.0),
        (1.0, "m", "s=1", 11.0),
        (2.0, "m", "s=2", 6.0),
        (3.0, "m", "s=1", 7.0),
        (4.0, "m", "s=1", 1.0),
    ];
    let silenced = format!("1 warn{{s=1}} firing>firing 11 {by_crit}");
    let lines = &[
        "0 warn{s=1} normal>firing 6",
        "1 crit{s=1} normal>firing 11",
        silenced.as_str(),
        "2 warn{s=2} normal>firing 6",
        "3 crit{s=1} firing>resolved 7",
        "3 warn{s=1} firing>firing 7",
        "4 warn{s=1} firing>resolved 1",
    ];
    check("step by step", rules.clone(), samples, lines);
    let at_once = format!("0 warn normal>firing 11 {by_crit}");
    let lines = &[at_once.as_str(), "0 crit normal>firing 11"];
    check(
        "both at once: the other is quiet from the start",
        rules.clone(),
        &[(0.0, "m", "", 11.0)],
        lines,
    );
    let no_data = format!("0 warn normal>no_data {by_crit}");
    let lines = &[no_data.as_str(), "0 crit normal>no_data"];
    check("one word about missing data", rules, &[(0.0, "m", "", f64::NAN)], lines);
}

#[test]
fn a_rule_silences_another_with_the_same_venue() {
    let lost = Rule::new("lost", "lost", Condition::above(0.5), Severity::Critical);
    let stale = Rule::new("stale", "age", Condition::above(30.0), Severity::Warning)
        .inhibited_by("lost", ["venue"]);
    let samples = &[
        (0.0, "lost", "venue=X,channel=user", 1.0),
        (1.0, "age", "venue=X,table=t", 40.0),
        (2.0, "age", "venue=Y,table=t", 40.0),
        (3.0, "lost", "venue=X,channel=user", 0.0),
    ];
    let lines = &[
        "0 lost{channel=user,venue=X} normal>firing 1",
        r#"1 stale{table=t,venue=X} normal>firing 40 InhibitedBy { rule: "lost" }"#,
        "2 stale{table=t,venue=Y} normal>firing 40",
        "3 lost{channel=user,venue=X} firing>resolved 0",
        "3 stale{table=t,venue=X} firing>firing 40",
    ];
    check("venue", vec![stale, lost], samples, lines);
}

#[test]
fn maintenance_mutes_what_lives_and_never_risk() {
    let live =
        Rule::new("live", "m", Condition::above(0.5), Severity::Critical).of_class(Class::Liveness);
    let risk = Rule::new("risk", "m", Condition::above(0.5), Severity::Critical);
    let mut desk = Desk::new(vec![live, risk]);
    let json = r#"[{"match": {"v": "X*"}, "from": "2026-11-24T00:01:00Z",
                    "until": "2026-11-24T00:02:00Z", "reason": "venue upgrade"}]"#;
    let windows: Vec<Maintenance> = serde_json::from_str(json).unwrap();
    assert!(desk.engine.set_maintenance(windows, now(0.0)).unwrap().is_empty());
    let x = desk.series("m", &[("v", "X1")]);
    let y = desk.series("m", &[("v", "Y")]);
    assert_eq!(
        desk.observe(x, 1.0, 61.0),
        [
            r#"61 live{v=X1} normal>firing 1 Maintenance { reason: "venue upgrade" }"#,
            "61 risk{v=X1} normal>firing 1"
        ]
    );
    assert_eq!(desk.observe(y, 1.0, 62.0).len(), 2);
    assert_eq!(desk.advance(121.0), ["121 live{v=X1} firing>firing 1"], "told when it is over");
    let endless =
        r#"[{"from": "2026-11-24T00:01:00Z", "until": "2027-11-24T00:02:00Z", "reason": "x"}]"#;
    let windows: Vec<Maintenance> = serde_json::from_str(endless).unwrap();
    assert!(desk.engine.set_maintenance(windows, now(122.0)).is_err());
}

#[track_caller]
fn check_refused(rules: Vec<Rule>, said: &str) {
    let error = plimsoll_alerts::Engine::new(rules).unwrap_err();
    assert!(error.to_string().contains(said), "{error}");
}

#[test]
fn rules_that_cannot_be_are_all_named_at_once() {
    let plain = |name: &str| Rule::new(name, "m", Condition::above(1.0), Severity::Info);
    check_refused(vec![plain("a"), plain("a")], "rule `a`: `name` is used twice");
    let ring = |name: &str, of: &str| Rule::joining(name, Condition::all([of]), Severity::Info);
    check_refused(vec![ring("a", "b"), ring("b", "a")], "rule `a`: `condition` is made of itself");
    check_refused(vec![ring("a", "x")], "`condition` is `x`, wanted the name of a rule");
    let wrong = Condition::above(1.0).resolving_at(2.0);
    let wrong = Rule::new("w", "m", wrong, Severity::Info);
    check_refused(vec![wrong], "`condition.resolve_at` is 2, wanted at most the threshold 1");
    let rule = plain("a").inhibited_by("a", ["v"]);
    assert_eq!(rule.inhibited_by.first().map(|i: &Inhibition| i.rule.as_str()), Some("a"));
    check_refused(
        vec![rule, Rule::new("", "", Condition::above(f64::NAN), Severity::Info)],
        "the rule itself",
    );
}
