//! Rules over rows as one thing, with state that survives a kill.

use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex};

use plimsoll_alerts::{
    Alert, Condition, Cursors, Limits, Maintenance, Monitor, OnFiring, Opened, Outcome, Row, Rule,
    RulesConfig, SelfReport, Severity, Wish, ask_to_resolve, close_maintenance, monitored,
    open_maintenance, opened_maintenance,
};

use crate::desk::{moment, now};

/// A kill switch that fails as often as it is told to.
#[derive(Debug, Clone, Default)]
struct Switch {
    calls: Arc<Mutex<Vec<String>>>,
    failures: Arc<Mutex<u32>>,
}

impl OnFiring for Switch {
    fn on_firing(&mut self, alert: &Alert) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.calls.lock().unwrap().push(alert.shown_value());
        let mut left = self.failures.lock().unwrap();
        if *left > 0 {
            *left -= 1;
            return Err("the venue does not answer".into());
        }
        Ok(())
    }
}

fn rules() -> Vec<Rule> {
    let mut config = RulesConfig::default();
    config.enable = vec!["drawdown_kill".to_owned()];
    config.rules(&Limits::default())
}

fn open(dir: &Path, switch: &Switch, secs: f64) -> (Monitor, Opened) {
    let (monitor, opened) = Monitor::open(dir, rules(), Vec::new(), now(secs)).unwrap();
    (monitor.with_action("drawdown_kill", "halt", switch.clone()), opened)
}

fn equity(monitor: &mut Monitor, secs: f64, equity: f64, peak: f64) -> Vec<String> {
    let labels = [("env", "prod"), ("mode", "live"), ("scope", "account"), ("account_id", "A")];
    let columns = [("equity", equity), ("peak_equity", peak)];
    let row = Row::new("trading_risk", moment(secs)).labels(&labels).numbers(&columns);
    told(monitor.row(&row, now(secs)))
}

fn told(alerts: &[Alert]) -> Vec<String> {
    let lines = alerts.iter().filter(|alert| alert.is_telling());
    lines.map(|a| format!("{} {} {}", a.rule, a.to.as_str(), a.shown_value())).collect()
}

#[test]
fn a_killed_process_goes_on_where_its_state_was_kept() {
    let dir = tempfile::tempdir().unwrap();
    let switch = Switch::default();
    let (mut monitor, opened) = open(dir.path(), &switch, 0.0);
    assert_eq!(opened, Opened::default());
    assert_eq!(equity(&mut monitor, 1.0, 94.0, 100.0), ["drawdown_warning firing 6 %"]);
    let first = monitor.open_alerts();
    let cursors: Cursors = [("trading_risk".to_owned(), "17".to_owned())].into();
    monitor.keep(&cursors, now(1.0)).unwrap();
    // The process is killed: nothing is closed.
    drop(monitor);
    let (mut monitor, opened) = open(dir.path(), &switch, 100.0);
    assert_eq!((opened.alerts > 0, &opened.cursors), (true, &cursors));
    assert!(equity(&mut monitor, 101.0, 94.0, 100.0).is_empty(), "it fires already");
    let again = monitor.open_alerts();
    assert_eq!(
        again.iter().map(|a| (&a.alert_id, a.fired_at)).collect::<Vec<_>>(),
        first.iter().map(|a| (&a.alert_id, a.fired_at)).collect::<Vec<_>>(),
    );
    let crossed = equity(&mut monitor, 102.0, 89.0, 100.0);
    assert_eq!(crossed, ["drawdown_critical firing 11 %", "drawdown_warning firing 11 %"]);
}

#[test]
fn a_second_process_is_refused_and_a_reader_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let switch = Switch::default();
    let (mut monitor, _) = open(dir.path(), &switch, 0.0);
    equity(&mut monitor, 1.0, 94.0, 100.0);
    monitor.keep(&Cursors::new(), now(1.0)).unwrap();
    let error = Monitor::open(dir.path(), rules(), Vec::new(), now(1.0)).unwrap_err();
    assert!(error.to_string().contains("is in use by"), "{error}");
    let (status, _) = monitored(dir.path(), rules(), now(2.0)).unwrap();
    let firing = status.iter().filter(|s| s.state == plimsoll_alerts::AlertState::Firing);
    assert_eq!(firing.map(|s| s.rule.as_str()).collect::<Vec<_>>(), ["drawdown_warning"]);
}

#[test]
fn a_kill_switch_is_asked_once_and_again_while_it_fails() {
    let dir = tempfile::tempdir().unwrap();
    let switch = Switch::default();
    *switch.failures.lock().unwrap() = 1;
    let (mut monitor, _) = open(dir.path(), &switch, 0.0);
    equity(&mut monitor, 1.0, 84.0, 100.0);
    let record = monitor.act(now(1.0)).unwrap().remove(0);
    let failed = Outcome::Failed { why: "the venue does not answer".to_owned() };
    assert_eq!((record.attempts, record.outcome), (1, failed));
    let lines = told(monitor.report(SelfReport::default(), now(1.5)));
    assert!(lines.contains(&"action_failed firing 1".to_owned()), "{lines:?}");
    assert!(monitor.act(now(1.9)).unwrap().is_empty(), "not before a second has passed");
    assert_eq!(monitor.act(now(2.0)).unwrap().remove(0).outcome, Outcome::Done);
    assert!(monitor.act(now(9.0)).unwrap().is_empty());
    equity(&mut monitor, 10.0, 83.0, 100.0);
    assert!(monitor.act(now(10.0)).unwrap().is_empty(), "it is latched: one firing, one call");
    assert_eq!(*switch.calls.lock().unwrap(), ["16 %", "16 %"]);
}

#[test]
fn a_latched_alert_ends_by_a_person_and_stays_ended_over_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let switch = Switch::default();
    let (mut monitor, _) = open(dir.path(), &switch, 0.0);
    equity(&mut monitor, 1.0, 84.0, 100.0);
    equity(&mut monitor, 2.0, 99.0, 100.0);
    let is_latched =
        |monitor: &Monitor| monitor.open_alerts().iter().any(|alert| alert.rule == "drawdown_kill");
    assert!(is_latched(&monitor), "99 % of the peak, and it fires");
    let wish = Wish::new("drawdown_kill", "amy", "positions closed");
    let other = wish.clone().of([("account_id", "B")].into_iter().collect());
    let path = ask_to_resolve(dir.path(), &other).unwrap();
    assert!(monitor.obey(&Cursors::new(), now(3.0)).unwrap()[0].alerts.is_empty());
    assert!(!path.exists() && is_latched(&monitor), "another account's");
    ask_to_resolve(dir.path(), &wish).unwrap();
    let obeyed = monitor.obey(&Cursors::new(), now(4.0)).unwrap();
    assert_eq!((obeyed.len(), obeyed[0].wish.by.as_str()), (1, "amy"));
    assert_eq!(told(&obeyed[0].alerts), ["drawdown_kill resolved 1 %"]);
    // Killed right after.
    drop(monitor);
    let (mut monitor, _) = open(dir.path(), &switch, 9.0);
    assert!(!is_latched(&monitor));
    assert_eq!(monitor.obey(&Cursors::new(), now(9.0)).unwrap(), []);
}

#[test]
fn a_call_that_a_crash_cut_off_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let switch = Switch::default();
    let (mut monitor, _) = open(dir.path(), &switch, 0.0);
    equity(&mut monitor, 1.0, 84.0, 100.0);
    monitor.keep(&Cursors::new(), now(1.0)).unwrap();
    // Killed before it could act: what is wanted is part of the state.
    drop(monitor);
    let (mut monitor, _) = open(dir.path(), &switch, 60.0);
    assert_eq!(monitor.act(now(60.0)).unwrap().len(), 1);
    // Killed after: the journal has it.
    drop(monitor);
    let (mut monitor, _) = open(dir.path(), &switch, 120.0);
    assert!(monitor.act(now(120.0)).unwrap().is_empty());
    assert_eq!(switch.calls.lock().unwrap().len(), 1);
    assert_eq!(monitor.actions().len(), 1);
}

#[test]
fn what_is_over_or_ended_asks_no_action() {
    let dir = tempfile::tempdir().unwrap();
    let switch = Switch::default();
    *switch.failures.lock().unwrap() = 9;
    let rule = Rule::new("high", "t.v", Condition::above(1.0), Severity::Critical);
    let (monitor, _) = Monitor::open(dir.path(), vec![rule], Vec::new(), now(0.0)).unwrap();
    let mut monitor = monitor.with_action("high", "halt", switch.clone());
    let row = |at: f64, value| (moment(at), [("v", value)]);
    let (at, numbers) = row(1.0, 5.0);
    monitor.row(&Row::new("t", at).numbers(&numbers), now(1_000.0));
    assert!(monitor.act(now(1_000.0)).unwrap().is_empty(), "16 minutes late");
    let (at, numbers) = row(1_001.0, 5.0);
    monitor.row(&Row::new("t", at).numbers(&numbers), now(1_001.0));
    assert_eq!(monitor.act(now(1_001.0)).unwrap().len(), 1, "a newer row says the same");
    let (at, numbers) = row(1_002.0, 0.0);
    monitor.row(&Row::new("t", at).numbers(&numbers), now(1_002.0));
    assert!(monitor.act(now(1_010.0)).unwrap().is_empty(), "it has ended");
    let why = "the venue does not answer".to_owned();
    assert_eq!(monitor.actions()[0].outcome, Outcome::Over { why });
}

#[test]
fn positions_and_open_orders_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let switch = Switch::default();
    let (mut monitor, _) = open(dir.path(), &switch, 0.0);
    equity(&mut monitor, 1.0, 1_000.0, 1_000.0);
    let place = [
        ("env", "prod"),
        ("mode", "live"),
        ("account_id", "A"),
        ("venue", "HL"),
        ("instrument_id", "BTC"),
    ];
    let with = |more: &[(&'static str, &'static str)]| [&place[..], more].concat();
    let labels = with(&[("position_side", "long"), ("source", "cache")]);
    let row = Row::new("position_changes", moment(2.0)).labels(&labels);
    monitor.row(&row.numbers(&[("qty", 0.6), ("notional_base", 60.0)]), now(2.0));
    monitor.keep(&Cursors::new(), now(2.0)).unwrap();
    drop(monitor);
    let (mut monitor, _) = open(dir.path(), &switch, 3.0);
    let labels = with(&[("event", "submitted"), ("side", "buy")]);
    let row =
        Row::new("trading_orders", moment(4.0)).labels(&labels).texts(&[("client_order_id", "b")]);
    let lines = told(monitor.row(&row.numbers(&[("qty", 0.5)]), now(4.0)));
    assert_eq!(lines, ["position_max_equity_ratio firing 11 %"]);
}

#[test]
fn maintenance_announced_while_rules_run_mutes_what_is_down_and_no_loss() {
    let dir = tempfile::tempdir().unwrap();
    let (mut monitor, _) = open(dir.path(), &Switch::default(), 0.0);
    let heard = |alerts: &[Alert]| {
        let heard = alerts.iter().filter(|alert| alert.is_telling() && alert.muted.is_none());
        heard.map(|alert| alert.rule.clone()).collect::<Vec<_>>()
    };
    let stale = "stale_equity".to_owned();
    drop(equity(&mut monitor, 1.0, 100.0, 100.0));
    let mut window = Maintenance::default();
    window.reason = "deploy".to_owned();
    assert!(open_maintenance(dir.path(), "deploy of prod", &window).is_err(), "it has no end");
    window.from = Some("2026-11-24T00:00:00Z".to_owned());
    window.until = Some("2026-11-24T00:10:00Z".to_owned());
    open_maintenance(dir.path(), "deploy of prod", &window).unwrap();
    assert!(monitor.look_for_maintenance(now(2.0)).unwrap().is_empty());
    let silent = heard(monitor.advance(now(40.0)));
    assert!(!silent.contains(&stale), "{silent:?}");
    let loss = equity(&mut monitor, 41.0, 89.0, 100.0);
    assert!(loss.contains(&"drawdown_critical firing 11 %".to_owned()), "{loss:?}");
    let silent = heard(monitor.advance(now(80.0)));
    assert!(!silent.contains(&stale), "{silent:?}");
    // A new process keeps to it, as it does to what the configuration says.
    drop(monitor);
    assert_eq!(opened_maintenance(dir.path()).unwrap().len(), 1);
    let (mut monitor, _) = open(dir.path(), &Switch::default(), 80.0);
    drop(monitor.look_for_maintenance(now(80.0)).unwrap().to_vec());
    drop(equity(&mut monitor, 81.0, 89.0, 100.0));
    let silent = heard(monitor.advance(now(120.0)));
    assert!(!silent.contains(&stale), "{silent:?}");
    assert!(close_maintenance(dir.path(), "deploy of prod").unwrap());
    let ended = heard(monitor.look_for_maintenance(now(121.0)).unwrap());
    assert!(ended.contains(&stale), "told when it is over: {ended:?}");
}
