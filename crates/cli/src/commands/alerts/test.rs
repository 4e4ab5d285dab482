//! `plimsoll alerts test`: from a sample to the receiver's answer, with everything that is in between.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, SystemTime};

use anyhow::anyhow;
use clap::Args;
use plimsoll_alerts::{
    Alert, AlertState, AlertsConfig, Cause, Condition, Delivery, DeliveryPorts, Dispatcher, Engine,
    History, HistoryKind, HistoryRow, Measure, Now, Rule, Sample, Secrets,
};
use serde_json::json;

use super::effective::{Effective, effective};
use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::alerts_metrics::MetricsHistory;
use crate::moment::{Stopwatch, now_ns};

/// Metric that stands in for what the rule measures.
const METRIC: &str = "alerts_test";

/// Arguments of `plimsoll alerts test`.
#[derive(Debug, Args)]
#[command(after_help = "\
The rule's condition, severity, words and routes are its own; the value stands in the place of what it measures, and
its waits pass at once. The message says TEST. Exit codes: 0 every receiver has it; 1 one has not, or the value passes
no limit; 2 the rule or the configuration cannot be used.")]
pub(crate) struct TestArgs {
    /// Name of the rule
    rule: String,
    /// The value, in the rule's unit: 0.175 is 17.5 %
    #[arg(long, allow_negative_numbers = true)]
    value: f64,
    /// Labels of the alert
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
    /// Longest wait for all receivers
    #[arg(long, value_name = "SPAN", value_parser = plimsoll_alerts::parse_span, default_value = "30s")]
    timeout: Duration,
    /// Leave the message firing; otherwise it is resolved right after
    #[arg(long)]
    keep: bool,
    /// Only say who would be told
    #[arg(long)]
    dry_run: bool,
    /// Write what happens into the alert history of this SQLite file, too
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What one receiver came to.
struct Told {
    receiver: String,
    /// From the sample to its answer, milliseconds; none if it never took it.
    took_ms: Option<f64>,
    message_id: String,
    detail: String,
}

pub(crate) fn run(args: &TestArgs) -> Result<Exit, Failure> {
    let effective = effective(&args.config)?;
    let rule = find(&effective, &args.rule)?;
    let config = effective.config;
    let alert = breach(args, rule)?;
    let routes = routes(&config, &alert);
    if args.dry_run {
        for (route, receivers) in routes {
            println!("route {route}: {}", receivers.join(", "));
        }
        return Ok(Exit::Fine);
    }
    let receivers: Vec<String> = routes.into_iter().flat_map(|(_, receivers)| receivers).collect();
    let dir = tempdir()?;
    let (to, rows) = mpsc::channel();
    let kept = args.history.as_deref().map(MetricsHistory::open).transpose();
    let kept = kept.hint("name an SQLite file that no other process writes")?;
    let ports = DeliveryPorts::new().with_history(Rows { to, kept });
    let secrets = Secrets::of_process();
    let delivery = Delivery::start(&dir.0, &config.delivery, &secrets, ports)
        .hint("`plimsoll ssot check` says what is wrong with the configuration")?;
    let watch = Stopwatch::start();
    delivery.tell(alert.clone())?;
    delivery.hurry()?;
    let told = wait(&rows, &receivers, watch, args.timeout);
    if !args.keep {
        delivery.tell(ended(alert))?;
    }
    // What was not delivered is told below, receiver by receiver.
    drop(delivery.close(args.timeout));
    show(args, &told);
    let is_fine = told.iter().all(|told| told.took_ms.is_some());
    Ok(if is_fine { Exit::Fine } else { Exit::Finding })
}

/// A rule of the configuration, also one that is off.
fn find(effective: &Effective, name: &str) -> Result<Rule, Failure> {
    let rules = &effective.config.rules;
    let catalogue = rules.catalogue(&effective.limits).into_iter().map(|entry| entry.rule);
    catalogue.chain(rules.own.iter().cloned()).find(|rule| rule.name == name).ok_or_else(|| {
        Failure::new(anyhow!("no rule is called `{name}`"))
            .with_hint("`plimsoll alerts rules` lists them")
    })
}

/// What an engine says in which the rule fires.
fn breach(args: &TestArgs, mut rule: Rule) -> Result<Alert, Failure> {
    rule.measure = Measure::last(METRIC);
    rule.expected.clear();
    // Other rules are not there: what it is made of, and what silences it.
    rule.inhibited_by.clear();
    if rule.condition.join().is_some() {
        rule.condition = Condition::above(0.0);
    }
    rule.text.title = format!("TEST {}", rule.text.title).trim().to_owned();
    let wait = rule.pending_for;
    let mut engine = Engine::new(vec![rule])?;
    let labels: Vec<(&str, &str)> =
        args.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let series = engine.series(METRIC, &labels)?;
    let wall = wall();
    let mut changes = Vec::new();
    for monotonic in [Duration::ZERO, wait] {
        let sample = Sample::new(args.value, wall);
        changes.extend(engine.observe(series, sample, Now::new(wall, monotonic)).to_vec());
        changes.extend(engine.advance(Now::new(wall, monotonic)).to_vec());
    }
    let fired = changes.iter().find(|change| change.to == AlertState::Firing);
    fired.and_then(|change| engine.alert(change)).ok_or_else(|| {
        Failure::refused(anyhow!("{} passes no limit of `{}`", args.value, args.rule))
            .with_hint("nobody was told; try a value on the other side of the threshold")
    })
}

/// Its end: a person ends it, whatever the rule says of values.
fn ended(mut alert: Alert) -> Alert {
    (alert.from, alert.to) = (alert.to, AlertState::Resolved);
    alert.cause = Cause::Person;
    alert.wall_at = wall();
    alert.row_at = alert.wall_at;
    alert
}

fn routes(config: &AlertsConfig, alert: &Alert) -> Vec<(String, Vec<String>)> {
    let now = Now::new(wall(), Duration::ZERO);
    Dispatcher::new(config.delivery.clone(), "test", now).would_tell(alert)
}

/// Sends attempts on as they are made, and keeps them if somebody wants that.
struct Rows {
    to: Sender<HistoryRow>,
    kept: Option<MetricsHistory>,
}

impl History for Rows {
    fn record(
        &mut self,
        rows: &[HistoryRow],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        for row in rows {
            // Who waited for the answers may have gone.
            let _gone = self.to.send(row.clone());
        }
        self.kept.as_mut().map_or(Ok(()), |kept| kept.record(rows))
    }
}

/// Waits for every receiver's answer.
fn wait(
    rows: &Receiver<HistoryRow>,
    receivers: &[String],
    watch: Stopwatch,
    timeout: Duration,
) -> Vec<Told> {
    let of = |receiver: &String| Told {
        receiver: receiver.clone(),
        took_ms: None,
        message_id: String::new(),
        detail: "no answer yet".to_owned(),
    };
    let mut told: Vec<Told> = receivers.iter().map(of).collect();
    while told.iter().any(|told| told.took_ms.is_none()) {
        let Ok(row) = rows.recv_timeout(timeout.saturating_sub(watch.elapsed())) else { break };
        let found = told.iter_mut().find(|told| told.receiver == row.receiver);
        let Some(found) = found.filter(|_| row.kind == HistoryKind::Delivery) else { continue };
        found.detail = row.detail;
        if row.delivered == Some(true) {
            found.took_ms = Some(watch.elapsed().as_secs_f64() * 1e3);
            found.message_id = row.message_id;
        }
    }
    told
}

fn show(args: &TestArgs, told: &[Told]) {
    if args.json {
        let of = |told: &Told| {
            json!({
                "receiver": told.receiver,
                "delivered": told.took_ms.is_some(),
                "took_ms": told.took_ms,
                "message_id": told.message_id,
                "detail": told.detail,
            })
        };
        let receivers: Vec<_> = told.iter().map(of).collect();
        println!(
            "{:#}",
            json!({"version": 1, "rule": args.rule, "value": args.value, "receivers": receivers})
        );
        return;
    }
    for told in told {
        match told.took_ms {
            Some(ms) if told.message_id.is_empty() => {
                println!("{}: delivered {ms:.1} ms after the breach", told.receiver);
            }
            Some(ms) => println!(
                "{}: delivered {ms:.1} ms after the breach, message {}",
                told.receiver, told.message_id
            ),
            None => println!("{}: NOT DELIVERED: {}", told.receiver, told.detail),
        }
    }
}

fn wall() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(now_ns()).unwrap_or(0))
}

/// A directory that is removed at the end: a test leaves no trace in the real outbox.
struct TempDir(std::path::PathBuf);

impl Drop for TempDir {
    fn drop(&mut self) {
        // What is left lies where the system cleans up.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

fn tempdir() -> Result<TempDir, Failure> {
    let name = format!("plimsoll-alerts-test-{}-{}", std::process::id(), now_ns());
    let dir = std::env::temp_dir().join(name);
    std::fs::create_dir(&dir).hint("is there space for temporary files?")?;
    Ok(TempDir(dir))
}

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is no NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}
