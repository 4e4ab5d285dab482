//! What rules do with samples and time.

use std::time::Duration;

use plimsoll_alerts::{
    By, Condition, Exception, Function, Labels, Matcher, Measure, OnAbsent, Options, Override,
    Query, Rule, SeriesError, Severity, Threshold,
};

use crate::desk::Desk;

fn above(limit: f64) -> Rule {
    Rule::new("r", "m", Condition::above(limit), Severity::Warning)
}

const NONE: &[&str] = &[];

/// Second, value; the lines of all changes.
#[track_caller]
fn check(name: &str, rule: Rule, samples: &[(f64, f64)], until: f64, expected: &[&str]) {
    let mut desk = Desk::new(vec![rule]);
    let series = desk.series("m", &[]);
    let mut lines = Vec::new();
    for (secs, value) in samples {
        lines.extend(desk.observe(series, *value, *secs));
    }
    lines.extend(desk.advance(until));
    assert_eq!(lines, expected, "{name}");
}

#[test]
fn a_threshold_is_strict() {
    check("equal is not above", above(5.0), &[(0.0, 5.0)], 1.0, NONE);
    check("above", above(5.0), &[(0.0, 5.1)], 1.0, &["0 r normal>firing 5.1"]);
    let at_least = Rule::new("r", "m", Condition::at_least(5.0), Severity::Warning);
    check("equal is at least", at_least, &[(0.0, 5.0)], 1.0, &["0 r normal>firing 5"]);
    let below = Rule::new("r", "m", Condition::below(5.0), Severity::Warning);
    check("below", below, &[(0.0, 5.0), (1.0, 4.0)], 2.0, &["1 r normal>firing 4"]);
}

#[test]
fn a_wait_ends_at_its_moment_not_at_the_next_sample() {
    let rule = above(5.0).pending_for(Duration::from_secs(10));
    let fires = &["0 r normal>pending 6", "10 r pending>firing 6"];
    check("nobody speaks", rule.clone(), &[(0.0, 6.0)], 100.0, fires);
    let more = &[(0.0, 6.0), (7.0, 7.0), (14.0, 8.0)];
    check(
        "between samples",
        rule.clone(),
        more,
        15.0,
        &["0 r normal>pending 6", "10 r pending>firing 7"],
    );
    let ends = &["0 r normal>pending 6", "10 r pending>normal 5"];
    check("a sample at that moment counts", rule, &[(0.0, 6.0), (10.0, 5.0)], 30.0, ends);
}

#[test]
fn two_limits_keep_an_alert_from_flapping() {
    let rule = Rule::new("r", "m", Condition::above(5.0).resolving_at(4.0), Severity::Warning);
    let samples = &[(0.0, 6.0), (1.0, 4.5), (2.0, 5.5), (3.0, 4.1), (4.0, 4.0)];
    check("above", rule, samples, 5.0, &["0 r normal>firing 6", "4 r firing>resolved 4"]);
    let rule = Rule::new("r", "m", Condition::below(5.0).resolving_at(6.0), Severity::Warning);
    let samples = &[(0.0, 4.0), (1.0, 5.5), (2.0, 6.0)];
    check("below", rule, samples, 5.0, &["0 r normal>firing 4", "2 r firing>resolved 6"]);
}

#[test]
fn what_is_no_number_and_what_does_not_come_is_no_data() {
    let samples = &[(0.0, 6.0), (1.0, f64::NAN), (2.0, 3.0)];
    let lines = &["0 r normal>firing 6", "1 r firing>no_data", "2 r no_data>resolved 3"];
    check("no number", above(5.0), samples, 3.0, lines);
    let rule = above(5.0).absent(Duration::from_secs(30), OnAbsent::NoData, Severity::Critical);
    let lines = &["0 r normal>firing 6", "30 r firing>no_data"];
    check("silence", rule, &[(0.0, 6.0)], 90.0, lines);
    let rule = above(5.0).absent(Duration::from_secs(30), OnAbsent::Resolve, Severity::Warning);
    let lines = &["0 r normal>firing 6", "30 r firing>resolved"];
    check("silence as an end", rule, &[(0.0, 6.0)], 90.0, lines);
    let rule = above(5.0).absent(Duration::from_secs(30), OnAbsent::Keep, Severity::Warning);
    check("silence as no change", rule, &[(0.0, 6.0)], 90.0, &["0 r normal>firing 6"]);
}

#[test]
fn a_latched_alert_waits_for_a_person() {
    let mut desk = Desk::new(vec![above(5.0).latched()]);
    let series = desk.series("m", &[("a", "1")]);
    desk.observe(series, 6.0, 0.0);
    assert!(desk.observe(series, 1.0, 1.0).is_empty());
    assert!(desk.advance(4_000.0).is_empty(), "nor does silence end it");
    let labels: Labels = [("a", "1")].into_iter().collect();
    let changes = desk.engine.resolve("r", &labels, crate::desk::now(4_001.0)).to_vec();
    assert_eq!(desk.lines(&changes), ["4001 r{a=1} firing>resolved"]);
    assert!(desk.engine.resolve("r", &labels, crate::desk::now(4_002.0)).is_empty());
    assert!(desk.engine.resolve("x", &labels, crate::desk::now(4_002.0)).is_empty());
    assert_eq!(
        desk.observe(series, 7.0, 4_003.0),
        ["4001.001 r{a=1} resolved>no_data", "4003 r{a=1} no_data>firing 7"],
        "and what was hidden by the latch comes out"
    );
}

#[test]
fn each_instance_has_its_own_limit() {
    let threshold = |limit| Exception::Threshold(Threshold::new(limit));
    let rule = above(5.0)
        .with_override(Override::new([("i", "BTC-*")], threshold(10.0)))
        .with_override(Override::new([("i", "BTC-USD")], threshold(20.0)))
        .with_override(Override::new([("i", "DOGE*")], Exception::Exempt));
    let mut desk = Desk::new(vec![rule]);
    let mut fires = |instrument: &str, value: f64| {
        let series = desk.series("m", &[("i", instrument)]);
        !desk.observe(series, value, 0.0).is_empty()
    };
    assert!(fires("ETH", 6.0));
    assert!(!fires("BTC-EUR", 10.0) && fires("BTC-EUR", 11.0));
    assert!(!fires("BTC-USD", 20.0) && fires("BTC-USD", 21.0));
    assert!(!fires("DOGE-USD", 1e9));
}

#[test]
fn several_series_of_one_instance_are_added_up() {
    let query = Query::rolling("m", Function::Sum, Duration::from_secs(10))
        .filtered(Matcher::is_not("class", ["expected"]));
    let rule =
        Rule::measuring("r", Measure::Value(query), Condition::above(5.0), Severity::Warning);
    let mut desk = Desk::new(vec![rule.by(["venue"])]);
    let a = desk.series("m", &[("venue", "X"), ("class", "a")]);
    let b = desk.series("m", &[("venue", "X"), ("class", "b")]);
    let expected = desk.series("m", &[("venue", "X"), ("class", "expected")]);
    let other = desk.series("m", &[("venue", "Y"), ("class", "a")]);
    assert!(desk.observe(a, 3.0, 0.0).is_empty());
    assert!(desk.observe(expected, 9.0, 1.0).is_empty());
    assert!(desk.observe(other, 5.0, 2.0).is_empty());
    assert_eq!(desk.observe(b, 4.0, 3.0), ["3 r{venue=X} normal>firing 7"]);
    assert_eq!(desk.advance(60.0), ["10 r{venue=X} firing>resolved 4"]);
}

#[test]
fn a_row_is_seen_whole() {
    let of = Query::last("a");
    let measure = Measure::Difference { of, minus: Query::last("b") };
    let rule = Rule::measuring("r", measure, Condition::above(1.0), Severity::Warning);
    let mut desk = Desk::new(vec![rule]);
    let (a, b) = (desk.series("a", &[]), desk.series("b", &[]));
    assert!(desk.row(&[(a, 1.0), (b, 1.0)], 0.0).is_empty());
    assert!(desk.row(&[(a, 9.0), (b, 9.0)], 1.0).is_empty(), "not with the old value of b");
    assert_eq!(desk.row(&[(a, 9.0), (b, 7.0)], 2.0), ["2 r normal>firing 2"]);
}

#[test]
fn a_ratio_needs_enough_to_divide_by() {
    let minute = Duration::from_secs(60);
    let of = Query::rolling("errors", Function::Count, minute);
    let to = Query::rolling("orders", Function::Count, minute);
    let measure = Measure::Ratio { of, to, to_min: 20.0 };
    let rule = Rule::measuring("r", measure, Condition::above(0.1), Severity::Warning);
    let mut desk = Desk::new(vec![rule]);
    let (errors, orders) = (desk.series("errors", &[]), desk.series("orders", &[]));
    assert_eq!(desk.observe(errors, 1.0, 0.0), ["0 r normal>no_data"]);
    for second in 0..2 {
        desk.observe(errors, 1.0, f64::from(second));
    }
    let mut lines = Vec::new();
    for second in 2..22 {
        lines.extend(desk.observe(orders, 1.0, f64::from(second)));
    }
    assert_eq!(lines, ["21 r no_data>firing 0.15"], "3 of 20");
    // The orders leave the window: nothing to divide by is not "fine".
    assert_eq!(desk.advance(300.0).first().map(String::as_str), Some("60 r firing>resolved 0.05"));
}

#[test]
fn a_heartbeat_that_stops_is_noticed_and_an_end_is_none() {
    let absent = Condition::Absent {
        longer_than: Duration::from_secs(30),
        ended_by: vec![Matcher::is("state", ["closed"])],
    };
    let mut rule = Rule::new("r", "beat", absent, Severity::Critical).by(["producer"]);
    rule.expected.push([("producer", "never")].into_iter().collect());
    let mut desk = Desk::new(vec![rule]);
    let beat = |desk: &mut Desk, producer: &str, state: &str, secs: f64| {
        let series = desk.series("beat", &[("producer", producer), ("state", state)]);
        desk.observe(series, 1.0, secs)
    };
    assert!(beat(&mut desk, "a", "open", 0.0).is_empty());
    assert!(beat(&mut desk, "b", "beat", 1.0).is_empty());
    assert!(beat(&mut desk, "a", "closed", 10.0).is_empty());
    assert_eq!(
        desk.advance(100.0),
        ["30 r{producer=never} normal>firing 30", "31 r{producer=b} normal>firing 30"]
    );
    assert_eq!(beat(&mut desk, "b", "open", 101.0), ["101 r{producer=b} firing>resolved 0"]);
}

#[test]
fn a_series_that_ends_by_itself_fires_nothing() {
    let rule = Rule::new("r", "m", Condition::absent(Duration::from_secs(5)), Severity::Critical);
    let mut desk =
        Desk::new(vec![rule, Rule::new("v", "m", Condition::above(1.0), Severity::Info)]);
    let series = desk.series("m", &[]);
    desk.observe(series, 2.0, 0.0);
    let changes = desk.engine.end_series(series, crate::desk::now(1.0)).to_vec();
    assert_eq!(desk.lines(&changes), ["1 v firing>resolved"]);
    assert!(desk.advance(100.0).is_empty());
    assert_eq!(desk.observe(series, 2.0, 101.0), ["101 v resolved>firing 2"]);
}

#[test]
fn the_age_of_a_moment_grows_by_itself() {
    let mut query = Query::last("backup_at");
    query.function = Function::SinceValue;
    let rule =
        Rule::measuring("r", Measure::Value(query), Condition::above(60.0), Severity::Warning)
            .absent(Duration::from_secs(3_600), OnAbsent::NoData, Severity::Warning);
    let mut desk = Desk::new(vec![rule]);
    let series = desk.series("backup_at", &[]);
    let origin = crate::desk::ORIGIN as f64;
    assert!(desk.observe(series, origin - 10.0, 0.0).is_empty());
    assert!(desk.advance(49.0).is_empty());
    assert_eq!(desk.advance(51.0), ["50 r normal>firing 60"]);
    assert_eq!(desk.observe(series, origin + 52.0, 52.0), ["52 r firing>resolved 0"]);
}

#[test]
fn an_unreadable_table_is_an_error_and_ends_no_alert() {
    let rule = Rule::new("r", "trading_risk.m", Condition::above(5.0), Severity::Warning);
    let mut desk = Desk::new(vec![rule]);
    let series = desk.series("trading_risk.m", &[]);
    desk.observe(series, 6.0, 0.0);
    let changes = desk.engine.unreadable("trading_risk", crate::desk::now(1.0)).to_vec();
    assert_eq!(desk.lines(&changes), ["1 r firing>error 6"]);
    assert!(desk.engine.unreadable("trading_risk", crate::desk::now(2.0)).is_empty());
    assert!(desk.observe(series, 1.0, 3.0).is_empty(), "still in error");
    let changes = desk.engine.readable("trading_risk", crate::desk::now(4.0)).to_vec();
    assert_eq!(desk.lines(&changes), ["4 r error>resolved 1"]);
}

#[test]
fn a_rule_of_two_tables_is_in_error_until_both_can_be_read() {
    let (of, to) = (Query::last("errors.n"), Query::last("orders.n"));
    let measure = Measure::Ratio { of, to, to_min: 0.0 };
    let rule = Rule::measuring("r", measure, Condition::above(0.5), Severity::Warning);
    let mut desk = Desk::new(vec![rule]);
    let (errors, orders) = (desk.series("errors.n", &[]), desk.series("orders.n", &[]));
    desk.observe(orders, 10.0, 0.0);
    desk.observe(errors, 6.0, 0.0);
    let at = crate::desk::now;
    desk.engine.unreadable("errors", at(1.0));
    assert!(desk.engine.unreadable("orders", at(2.0)).is_empty(), "it is in error already");
    assert!(desk.engine.readable("errors", at(3.0)).is_empty(), "the other one is still away");
    let changes = desk.engine.readable("orders", at(4.0)).to_vec();
    assert_eq!(desk.lines(&changes), ["4 r error>firing 0.6"]);
}

#[test]
fn series_are_bounded() {
    let mut desk = Desk::with(vec![above(1.0)], Options::default().with_series_max(2));
    let a = desk.series("m", &[("a", "1"), ("b", "2")]);
    assert_eq!(desk.series("m", &[("b", "2"), ("a", "1")]), a, "the order of labels is none");
    desk.series("other", &[]);
    let error = desk.engine.series("m", &[("a", "3")]).unwrap_err();
    assert_eq!(error, SeriesError::TooMany { max: 2 });
    assert_eq!(error.to_string(), "more than 2 series");
}

#[test]
fn labels_can_be_left_out_of_an_instance() {
    let mut rule = above(1.0);
    rule.by = By::Without(vec!["host".to_owned()]);
    let mut desk = Desk::new(vec![rule]);
    let a = desk.series("m", &[("host", "a"), ("venue", "X")]);
    let b = desk.series("m", &[("host", "b"), ("venue", "X")]);
    assert_eq!(desk.observe(a, 2.0, 0.0), ["0 r{venue=X} normal>firing 2"]);
    assert_eq!(desk.observe(b, 1.0, 1.0), ["1 r{venue=X} firing>resolved 1"], "the newest counts");
}

#[test]
fn a_rule_that_never_saw_a_series_is_not_fine() {
    use plimsoll_alerts::{AlertState, Cause};
    let desk = Desk::new(vec![above(1.0)]);
    let status = desk.engine.status();
    assert_eq!((status[0].state, status[0].cause), (AlertState::NoData, Cause::NeverSeen));
    assert_eq!(desk.states("r"), [AlertState::NoData]);
}
