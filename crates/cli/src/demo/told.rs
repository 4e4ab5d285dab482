//! What fires is delivered to people: at once by the clock of this machine, while rules run by the time
//! of the rows.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use plimsoll_alerts::{
    Alert, AlertsConfig, Delivery, DeliveryConfig, DeliveryPorts, History, HistoryKind, HistoryRow,
    Muted, ReceiverConfig, Route, SecretRef, Secrets, Urgent,
};
use serde_json::Value;

use crate::failure::{Failure, Hint as _};
use crate::glue::{alerts_metrics::MetricsHistory, sections::ALERTS};
use crate::grid::{self, Format};
use crate::moment;
use crate::store::Rows;

use super::args::DemoArgs;
use super::history;
use super::place::spool_of;
use super::questdb::Server;

/// Longest wait for messages at the end.
const CLOSE_MAX: Duration = Duration::from_secs(30);
/// Lines of the table at the end.
const ROWS_MAX: usize = 60;
const COLUMNS: [&str; 9] =
    ["row time", "sent", "after ms", "severity", "state", "rule", "of", "value", "told"];

/// Delivery that runs.
pub(super) struct Told {
    delivery: Delivery,
    kept: Arc<Mutex<Kept>>,
    outbox: PathBuf,
}

/// What happened, for the table.
#[derive(Default)]
struct Kept {
    rows: Vec<HistoryRow>,
    beyond: usize,
}

/// Into the store, and kept for the table.
struct Keeper {
    store: MetricsHistory,
    kept: Arc<Mutex<Kept>>,
}

impl Told {
    /// Begins, over a store that is there.
    pub(super) fn open(
        config: &DeliveryConfig,
        store: &Path,
        questdb: Option<&Server>,
    ) -> Result<Self, Failure> {
        let outbox = spool_of(store, ".demo-outbox");
        // Messages of a demo that was killed are not news any more.
        if outbox.is_dir() {
            let shown = outbox.display();
            fs::remove_dir_all(&outbox)
                .with_context(|| format!("cannot remove the old outbox `{shown}`"))?;
        }
        let kept = Arc::<Mutex<Kept>>::default();
        let store = history::open(store, questdb)?;
        let keeper = Keeper { store, kept: Arc::clone(&kept) };
        let ports = DeliveryPorts::new().with_history(keeper);
        let delivery = Delivery::start(&outbox, config, &Secrets::of_process(), ports)
            .hint("`plimsoll alerts check` says what is wrong with receivers; docs/discord.md shows how a webhook is made")?;
        Ok(Self { delivery, kept, outbox })
    }

    /// Hands an alert over. It happened at a row's time, and is noticed now.
    pub(super) fn tell(&self, alert: &Alert) {
        let mut alert = alert.clone();
        alert.wall_at = moment::now();
        if let Err(refused) = self.delivery.tell(alert) {
            eprintln!("error: {refused}");
        }
    }

    /// Delivers the rest and shows what was told. Returns whether everything arrived.
    pub(super) fn close(self, to: &mut dyn Write) -> io::Result<bool> {
        let closed = self.delivery.close(CLOSE_MAX);
        let kept = std::mem::take(&mut *lock(&self.kept));
        let mut table = Rows { columns: COLUMNS.map(str::to_owned).into(), ..Rows::default() };
        table.rows.extend(kept.rows.iter().map(row));
        grid::print(&table, Format::Table, to)?;
        if kept.beyond > 0 {
            writeln!(to, "and {} more, in the table `alert_history`", kept.beyond)?;
        }
        match closed {
            Ok(report) => {
                writeln!(to, "{} messages delivered, {} given up", report.delivered, report.dead)?;
                // Nothing waits in it; what stays of it harms nobody.
                drop(fs::remove_dir_all(self.outbox));
                Ok(report.dead == 0 && report.refused == 0)
            }
            Err(error) => {
                writeln!(to, "error: {error}")?;
                Ok(false)
            }
        }
    }
}

/// Who shall be told, if anybody; every secret that it takes is there.
pub(super) fn receivers(args: &DemoArgs) -> Result<Option<DeliveryConfig>, Failure> {
    let config = match &args.discord_webhook {
        // What is no reference is not repeated: it may be the address.
        Some(text) => to_discord(
            &SecretRef::parse(text)
                .hint("put the address into a file of mode 0600, and name it as file:PATH")?,
        ),
        None if args.deliver => args.config.section::<AlertsConfig>(ALERTS)?.delivery,
        None => return Ok(None),
    };
    let secrets = Secrets::of_process();
    for (name, receiver) in &config.receivers {
        for secret in receiver.secrets() {
            let known = secrets.check(secret);
            known
                .with_context(|| format!("receiver `{name}` cannot be told"))
                .hint("`plimsoll alerts setup discord` makes a webhook and keeps its address")?;
        }
    }
    Ok(Some(config))
}

/// One receiver that is told everything at once.
fn to_discord(url: &SecretRef) -> DeliveryConfig {
    let mut route = Route::new("demo", ["discord"]);
    route.urgent = Urgent::Info;
    route.wait = Duration::ZERO;
    route.interval = Duration::ZERO;
    DeliveryConfig::default()
        .with_receiver("discord", ReceiverConfig::discord(url.clone()))
        .with_route(route)
}

impl History for Keeper {
    fn record(
        &mut self,
        rows: &[HistoryRow],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.store.record(rows)?;
        let mut kept = lock(&self.kept);
        for row in rows.iter().filter(|row| is_shown(row)) {
            if kept.rows.len() < ROWS_MAX {
                kept.rows.push(row.clone());
            } else {
                kept.beyond += 1;
            }
        }
        Ok(())
    }
}

/// Each attempt to tell, and what nobody is told because another alert says enough.
fn is_shown(row: &HistoryRow) -> bool {
    let Some(alert) = &row.alert else { return false };
    match row.kind {
        HistoryKind::Delivery => true,
        HistoryKind::Transition => alert.muted.is_some() && alert.is_telling(),
        _ => false,
    }
}

fn row(of: &HistoryRow) -> Vec<Value> {
    let Some(alert) = &of.alert else { return Vec::new() };
    let told = match (&alert.muted, of.delivered) {
        (_, Some(true)) => format!("{} {}", of.receiver, of.message_id),
        (_, Some(false)) => format!("{}: {}", of.receiver, of.detail),
        (Some(Muted::InhibitedBy { rule }), None) => format!("no: {rule} says enough"),
        (_, None) => "no".to_owned(),
    };
    let after = of.latency_ms.map_or(Value::Null, |ms| format!("{ms:.1}").into());
    let labels: Vec<&str> = ["scope", "account_id", "strategy_id", "venue", "instrument_id"]
        .into_iter()
        .map(|name| alert.labels.get(name))
        .filter(|value| !value.is_empty())
        .collect();
    vec![
        shown(alert.row_at, "%m-%d %H:%M").into(),
        shown(of.at, "%H:%M:%S%.3f").into(),
        after,
        alert.severity.as_str().into(),
        alert.to.as_str().into(),
        alert.rule.as_str().into(),
        labels.join(" ").into(),
        alert.shown_value().into(),
        told.into(),
    ]
}

fn shown(at: SystemTime, format: &str) -> String {
    jiff::Timestamp::try_from(at).map(|at| at.strftime(format).to_string()).unwrap_or_default()
}

fn lock(kept: &Mutex<Kept>) -> std::sync::MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
