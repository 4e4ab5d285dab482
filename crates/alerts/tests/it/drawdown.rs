//! Drawdown and the loss of a day.

use std::time::Duration;

use plimsoll_alerts::{
    Condition, Drawdown, Labels, Measure, OnAbsent, PeakReset, Query, Rule, SeriesId, Session,
    SessionLoss, Severity, TimeOfDay,
};

use crate::desk::Desk;

fn measuring(measure: Measure, limit: f64) -> Rule {
    let condition = Condition::above(limit).resolving_at(limit * 0.9);
    Rule::measuring("r", measure, condition, Severity::Critical).absent(
        Duration::from_secs(100_000),
        OnAbsent::NoData,
        Severity::Warning,
    )
}

fn drawdown(reset: PeakReset) -> Measure {
    let flows = Some(Query::last("flow"));
    Measure::Drawdown(Drawdown::new(Query::last("equity"), Query::last("peak"), flows, reset))
}

struct Account {
    desk: Desk,
    equity: SeriesId,
    peak: SeriesId,
    flow: SeriesId,
    secs: f64,
}

impl Account {
    fn new(measure: Measure, limit: f64) -> Self {
        let mut desk = Desk::new(vec![measuring(measure, limit)]);
        let (equity, peak, flow) =
            (desk.series("equity", &[]), desk.series("peak", &[]), desk.series("flow", &[]));
        Self { desk, equity, peak, flow, secs: 0.0 }
    }

    fn has(&mut self, equity: f64) -> String {
        self.secs += 1.0;
        self.desk.observe(self.equity, equity, self.secs).join(", ")
    }

    fn row(&mut self, equity: f64, peak: f64) -> String {
        self.secs += 1.0;
        self.desk.row(&[(self.equity, equity), (self.peak, peak)], self.secs).join(", ")
    }

    fn moves(&mut self, amount: f64) -> String {
        self.secs += 1.0;
        self.desk.observe(self.flow, amount, self.secs).join(", ")
    }
}

/// Rows of equity and the producer's peak, with a limit of 5 %.
#[track_caller]
fn check(rows: &[(f64, f64)], expected: &[&str]) {
    let mut account = Account::new(drawdown(PeakReset::Never), 0.05);
    let lines: Vec<_> = rows.iter().map(|(equity, peak)| account.row(*equity, *peak)).collect();
    let lines: Vec<_> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, expected, "{rows:?}");
}

#[test]
fn exactly_the_limit_is_not_more() {
    // 1 − 95/100 is 0.05000000000000004.
    check(&[(95.0, 100.0), (950.0, 1_000.0), (9.5, 10.0)], &[]);
    check(&[(94.999, 100.0)], &["1 r normal>firing 0.05"]);
    check(
        &[(94.9, 100.0), (95.4, 100.0), (95.5, 100.0)],
        &["1 r normal>firing 0.051", "3 r firing>resolved 0.045"],
    );
}

#[test]
fn nothing_left_is_a_total_loss() {
    check(&[(0.0, 100.0)], &["1 r normal>firing 1"]);
    check(&[(-5.0, 100.0)], &["1 r normal>firing 1"]);
    check(&[(-5.0, f64::NAN)], &["1 r normal>firing 1"]);
}

#[test]
fn a_peak_that_nobody_knows_is_no_data_and_not_zero() {
    check(&[(90.0, f64::NAN)], &["1 r normal>no_data"]);
    let mut account = Account::new(drawdown(PeakReset::Never), 0.05);
    assert_eq!(account.has(90.0), "1 r normal>no_data");
    let mut account = Account::new(drawdown(PeakReset::Manual), 0.05);
    assert_eq!(account.has(90.0), "1 r normal>no_data");
    assert_eq!(account.row(90.0, 100.0), "2 r no_data>firing 0.1", "until somebody says");
}

/// A rule that keeps the peak, begun at 100, limit 5 %.
fn kept() -> Account {
    let mut account = Account::new(drawdown(PeakReset::Manual), 0.05);
    assert_eq!(account.row(100.0, 100.0), "");
    account
}

#[test]
fn money_that_comes_and_goes_moves_no_ratio() {
    let mut account = kept();
    assert_eq!(account.has(94.0), "2 r normal>firing 0.06");
    assert_eq!(account.moves(47.0), "", "a deposit of half the equity leaves 6 %");
    assert_eq!(account.has(141.0), "");
    assert_eq!(account.moves(-28.2), "", "a fifth is withdrawn");
    assert_eq!(account.has(112.8), "");
    let peak = account.desk.engine.kept_peak("r", &Labels::new()).unwrap();
    assert!((peak - 120.0).abs() < 1e-9, "{peak}");
    let mut account = kept();
    assert_eq!(account.moves(-20.0), "");
    assert_eq!(account.has(80.0), "", "a withdrawal of 20 % is no loss");
    assert_eq!(account.has(75.9), "4 r normal>firing 0.0512");
}

#[test]
fn a_flow_of_unknown_size_makes_the_peak_unknown() {
    let mut account = kept();
    assert_eq!(account.moves(f64::NAN), "2 r normal>no_data");
    assert_eq!(account.has(99.0), "");
}

#[test]
fn a_person_lets_the_peak_start_anew() {
    let mut account = kept();
    account.has(90.0);
    assert!(account.desk.engine.reset_peak("r", &Labels::new()));
    assert_eq!(account.row(90.0, 100.0), "3 r firing>resolved 0", "the producer's does not count");
    assert!(!account.desk.engine.reset_peak("x", &Labels::new()));
}

const HOUR: f64 = 3_600.0;

#[test]
fn a_daily_peak_starts_anew_at_the_sessions_start() {
    let berlin = Session::new(TimeOfDay::MIDNIGHT, "Europe/Berlin");
    let mut account = Account::new(drawdown(PeakReset::Daily(berlin)), 0.05);
    account.row(100.0, 100.0);
    assert_eq!(account.has(94.0), "2 r normal>firing 0.06");
    // Midnight of Berlin is 23:00 UTC.
    assert!(account.desk.advance(22.9 * HOUR).is_empty());
    assert_eq!(account.desk.advance(23.1 * HOUR), ["82800 r firing>resolved 0"]);
}

fn day_loss() -> Measure {
    let session = Session::new(TimeOfDay::MIDNIGHT, "UTC");
    let start = Some(Query::last("peak"));
    Measure::SessionLoss(SessionLoss::new(
        Query::last("equity"),
        Some(Query::last("flow")),
        start,
        session,
    ))
}

#[test]
fn a_days_loss_counts_from_its_start_without_flows() {
    let mut account = Account::new(day_loss(), 0.02);
    assert_eq!(account.has(100.0), "1 r normal>no_data", "nobody said what the day began with");
    assert_eq!(account.row(99.0, 100.0), "2 r no_data>normal 0.01");
    assert_eq!(account.moves(-50.0), "");
    assert_eq!(account.has(49.0), "", "a withdrawal is no loss");
    assert_eq!(account.has(48.0), "", "2 % is not more than 2 %");
    assert_eq!(account.has(47.9), "6 r normal>firing 0.021");
    assert_eq!(account.desk.advance(25.0 * HOUR), ["86400 r firing>resolved 0"], "a new day");
    account.secs = 25.0 * HOUR;
    assert_eq!(account.has(46.9), "90001 r resolved>firing 0.0209");
}

#[test]
fn a_clock_that_is_set_forward_and_back_keeps_the_day() {
    use crate::desk::{moment, now};
    use plimsoll_alerts::{Now, Sample};
    let mut account = Account::new(day_loss(), 0.02);
    account.row(100.0, 100.0);
    account.has(98.5);
    // A day ahead for a second, by mistake.
    let wrong = 3.0 + 24.0 * HOUR;
    let there = Now::new(moment(wrong), now(3.0).monotonic);
    let sample = Sample::new(98.5, moment(wrong));
    assert!(account.desk.engine.observe(account.equity, sample, there).is_empty());
    account.secs = 3.0;
    assert_eq!(account.has(97.9), "4 r normal>firing 0.021", "2.1 % since the day's start");
}
