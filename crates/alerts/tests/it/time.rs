//! Clocks, late samples, and how often somebody asks.

use std::time::Duration;

use plimsoll_alerts::{Condition, Function, Measure, Now, OnAbsent, Query, Rule, Sample, Severity};
use proptest::{collection, prelude::*};

use crate::desk::{Desk, moment, now};

fn rules() -> Vec<Rule> {
    let count = Query::rolling("m", Function::Count, Duration::from_secs(20));
    let p50 = Query::rolling("m", Function::Quantile(0.5), Duration::from_secs(30));
    let first = Rule::new("wait", "m", Condition::above(5.0).resolving_at(3.0), Severity::Warning)
        .pending_for(Duration::from_secs(7))
        .keep_firing_for(Duration::from_secs(4))
        .absent(Duration::from_secs(25), OnAbsent::NoData, Severity::Warning);
    vec![
        first,
        Rule::measuring("count", Measure::Value(count), Condition::at_least(4.0), Severity::Info),
        Rule::measuring("p50", Measure::Value(p50), Condition::above(5.0), Severity::Info),
        Rule::new("gone", "m", Condition::absent(Duration::from_secs(10)), Severity::Critical),
        Rule::joining("both", Condition::all(["wait", "count"]), Severity::Critical)
            .pending_for(Duration::from_secs(3)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn it_does_not_matter_how_often_somebody_asks(
        samples in collection::vec((1_u32..15, 0_u8..10), 1..40),
        asks in collection::vec(1_u32..9, 0..200),
    ) {
        let run = |asks: &[u32]| {
            let mut desk = Desk::new(rules());
            let series = desk.series("m", &[]);
            let (mut lines, mut secs) = (desk.advance(0.0), 0.0);
            let mut asks = asks.iter().scan(0.0, |at, gap| {
                *at += f64::from(*gap) + 0.25;
                Some(*at)
            }).peekable();
            for (gap, value) in &samples {
                secs += f64::from(*gap);
                while let Some(at) = asks.next_if(|at| *at < secs) {
                    lines.extend(desk.advance(at));
                }
                lines.extend(desk.observe(series, f64::from(*value), secs));
            }
            lines.extend(desk.advance(secs + 1_000.0));
            lines
        };
        prop_assert_eq!(run(&[]), run(&asks));
    }
}

#[test]
fn a_step_of_the_wall_clock_fires_nothing_and_loses_nothing() {
    for step in [3_600.0, -3_600.0] {
        let mut desk = Desk::new(rules());
        let series = desk.series("m", &[]);
        let mut lines = Vec::new();
        for second in 0..60_u32 {
            let secs = f64::from(second);
            let wall = if second < 30 { secs } else { secs + step };
            let at = Now::new(moment(7_200.0 + wall), Duration::from_secs(u64::from(second)));
            let sample = Sample::new(6.0, moment(7_200.0 + wall));
            let changes = desk.engine.observe(series, sample, at).to_vec();
            lines.extend(
                changes
                    .iter()
                    .map(|c| (second, desk.engine.rule(c.rule).unwrap().name.clone(), c.to)),
            );
        }
        let told: Vec<_> =
            lines.iter().map(|(at, rule, to)| format!("{at} {rule} {}", to.as_str())).collect();
        let expected = [
            "0 wait pending",
            "0 p50 firing",
            "3 count firing",
            "7 wait firing",
            "7 both pending",
            "11 both firing",
        ];
        assert_eq!(told, expected, "a step of {step} s");
    }
}

#[test]
fn a_late_sample_wakes_nobody_until_a_newer_one_says_the_same() {
    let rule = Rule::new("r", "m", Condition::above(5.0), Severity::Critical);
    let mut desk = Desk::new(vec![rule]);
    let series = desk.series("m", &[]);
    desk.observe(series, 1.0, 0.0);
    let late = desk.engine.observe(series, Sample::new(9.0, moment(10.0)), now(200.0)).to_vec();
    assert_eq!(desk.lines(&late), ["10 r normal>firing 9 Late"]);
    assert_eq!(desk.engine.late_samples(), 1);
    assert_eq!(desk.observe(series, 8.0, 201.0), ["201 r firing>firing 8"]);
    let old = desk.engine.observe(series, Sample::new(1.0, moment(5.0)), now(202.0)).to_vec();
    assert!(old.is_empty(), "older than the newest: it changes nothing now");
}

#[test]
fn what_is_over_when_an_engine_catches_up_is_not_told_as_news() {
    let rule = Rule::new("r", "m", Condition::above(5.0), Severity::Critical);
    let mut desk = Desk::new(vec![rule]);
    let (a, b) = (desk.series("m", &[("i", "a")]), desk.series("m", &[("i", "b")]));
    desk.engine.begin_catch_up();
    assert_eq!(desk.observe(a, 9.0, 0.0), ["0 r{i=a} normal>firing 9 Late"]);
    assert_eq!(desk.observe(a, 1.0, 1.0), ["1 r{i=a} firing>resolved 1 Late"]);
    assert_eq!(desk.observe(b, 9.0, 2.0), ["2 r{i=b} normal>firing 9 Late"]);
    let told = desk.engine.end_catch_up(now(3.0)).to_vec();
    assert_eq!(desk.lines(&told), ["3 r{i=b} firing>firing 9"], "what still fires");
}

#[test]
fn a_sample_from_the_future_is_one_of_now() {
    let rule = Rule::new("r", "m", Condition::absent(Duration::from_secs(30)), Severity::Critical);
    let mut desk = Desk::new(vec![rule]);
    let series = desk.series("m", &[]);
    let ahead = Sample::new(1.0, moment(90_000.0));
    assert!(desk.engine.observe(series, ahead, now(0.0)).is_empty());
    assert_eq!(desk.advance(31.0), ["30 r normal>firing 30"], "a skewed venue hides no silence");
}
