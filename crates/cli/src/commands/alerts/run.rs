//! `plimsoll alerts run`: rules over a store as it grows, and people told.

pub(super) mod clock;
mod health;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::anyhow;
use clap::Args;
use plimsoll_alerts::{
    Alert, AlertsConfig, CommandAction, Delivery, DeliveryPorts, Monitor, Now, Opened, Outcome,
    Secrets, SelfReport, SignsOfLife, parse_span,
};

use self::{clock::Clock, health::Health};
use super::effective::{self, effective};
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::alerts_metrics::MetricsHistory;
use crate::glue::alerts_store::StoreRows;
use crate::stop::Stop;
use crate::store::StoreArgs;

/// Time between two reports of the process about itself.
const REPORT_EVERY: Duration = Duration::from_secs(10);
/// Longest time for what still waits at the end.
const CLOSE_MAX: Duration = Duration::from_secs(10);

/// Arguments of `plimsoll alerts run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Ends with Ctrl-C; state, outbox and how far it read survive also a kill. The first time it reads what came in the
last --since, which wakes nobody unless it still holds.
Exit codes: 0 everything was delivered; 1 something waits in the outbox; 2 it could not run.

Examples:
  plimsoll alerts run --store plimsoll.db
  plimsoll alerts run --store plimsoll.db --dry-run    say what would be told")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Directory of the outbox and the state of the rules [default: as configured, else runs/alerts]
    #[arg(long, value_name = "DIR")]
    outbox: Option<PathBuf>,
    /// How much of the past to read the first time, so that windows and peaks are known
    #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "1h")]
    since: Duration,
    /// Pause between two looks at the store
    #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "250ms")]
    every: Duration,
    /// Where alert history goes [default: the store]
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Only print: nobody is told, no program runs, no history is written
    #[arg(long)]
    dry_run: bool,
}

/// Everything that runs.
struct Run {
    monitor: Monitor,
    rows: StoreRows,
    /// None: nobody is told.
    delivery: Option<Delivery>,
    health: Health,
    clock: Clock,
    reported_at: Option<Duration>,
}

pub(crate) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let effective = effective(args.store.config())?;
    let config = &effective.config;
    let place = args.store.place()?;
    if place.is_server() {
        return Err(Failure::new(anyhow!("rules are run over an SQLite file")).with_hint(
            "name the file that `plimsoll station` or a producer writes, with --store",
        ));
    }
    let store = PathBuf::from(place.name());
    let dir = args.outbox.clone().unwrap_or_else(|| config.outbox.clone());
    let clock = Clock::start();
    let rules = effective.config.rules.rules(&effective.limits);
    let count = rules.len();
    let (mut monitor, opened) =
        Monitor::open(dir.join("rules"), rules, config.maintenance.clone(), clock.now())
            .hint("`plimsoll alerts check` says what is wrong with rules; one process runs them")?;
    if !args.dry_run {
        for action in &config.actions {
            let port = CommandAction::new(action);
            monitor = monitor.with_action(action.rule.as_str(), action.name(), port);
        }
    }
    let since = clock.now().wall.checked_sub(args.since).unwrap_or(SystemTime::UNIX_EPOCH);
    let rows = StoreRows::open(&store, monitor.wanted(), &opened.cursors, since)
        .hint("`plimsoll demo` makes a store in runs/demo.db; name yours with --store")?;
    let delivery = if args.dry_run { None } else { Some(deliver(args, config, &dir, &store)?) };
    say_start(count, &store, &opened, delivery.as_ref());
    let health = Health::default();
    let _signs = signs(config, args, &health)?;
    let mut run = Run { monitor, rows, delivery, health, clock, reported_at: None };
    let stop = Stop::listen()?;
    run.catch_up()?;
    while !stop.is_wanted() {
        run.step()?;
        stop.pause(args.every);
    }
    run.close()
}

fn deliver(
    args: &RunArgs,
    config: &AlertsConfig,
    dir: &std::path::Path,
    store: &std::path::Path,
) -> Result<Delivery, Failure> {
    let history = MetricsHistory::open(args.history.as_deref().unwrap_or(store))
        .hint("name another SQLite file for the history with --history")?;
    let ports = DeliveryPorts::new().with_history(history);
    Delivery::start(dir, &config.delivery, &Secrets::of_process(), ports)
        .hint("`plimsoll alerts check` says what is wrong with receivers")
}

/// Signs of life for an outside watcher, if one is configured.
fn signs(
    config: &AlertsConfig,
    args: &RunArgs,
    health: &Health,
) -> Result<Option<SignsOfLife>, Failure> {
    let deadman = &config.deadman;
    if args.dry_run || (deadman.url.is_none() && deadman.listen.is_none()) {
        return Ok(None);
    }
    let health = health.clone();
    let signs = SignsOfLife::start(deadman, &Secrets::of_process(), move || health.check());
    Ok(Some(signs.hint("see `alerts.deadman` of the configuration")?))
}

fn say_start(rules: usize, store: &std::path::Path, opened: &Opened, delivery: Option<&Delivery>) {
    eprintln!("{rules} rules over `{}`, {} alerts taken over", store.display(), opened.alerts);
    let notes = delivery.map(Delivery::notes).unwrap_or_default();
    opened.notes.iter().chain(notes).for_each(|note| eprintln!("note: {note}"));
    for dropped in &opened.dropped {
        eprintln!("note: `{}` was {} and has no rule now", dropped.rule, dropped.state.as_str());
    }
}

impl Run {
    /// What came while nobody watched.
    fn catch_up(&mut self) -> Result<(), Failure> {
        self.monitor.begin_catch_up();
        self.read();
        let alerts = self.monitor.end_catch_up(self.clock.now()).to_vec();
        self.tell(&alerts);
        if let Some(delivery) = &self.delivery {
            delivery.resync(self.monitor.open_alerts())?;
        }
        Ok(())
    }

    /// One look at the store.
    fn step(&mut self) -> Result<(), Failure> {
        self.read();
        let now = self.clock.now();
        let alerts = self.monitor.advance(now).to_vec();
        self.tell(&alerts);
        self.report(now);
        for record in self.monitor.act(now)? {
            let what = format!("action `{}` of {}", record.action, record.alert.rule);
            match record.outcome {
                Outcome::Done => eprintln!("{what}: done"),
                Outcome::Failed { why } => eprintln!("{what}: failed, tried again: {why}"),
                _ => {}
            }
        }
        for obeyed in self.monitor.obey(&self.rows.cursors(), now)? {
            let wish = &obeyed.wish;
            eprintln!("`{}` is ended by {}: {}", wish.rule, wish.by, wish.reason);
            self.tell(&obeyed.alerts);
        }
        let kept = self.monitor.keep(&self.rows.cursors(), now);
        self.health.note(&kept);
        if let Err(error) = kept {
            // Rules go on: the next kill forgets more, and the watcher is told.
            eprintln!("error: {error}");
        }
        Ok(())
    }

    fn read(&mut self) {
        let look = self.rows.look();
        for row in &look.rows {
            let now = self.clock.now();
            let alerts = row.with(|row| self.monitor.row(row, now).to_vec());
            self.tell(&alerts);
        }
        let now = self.clock.now();
        for (table, why) in look.lost {
            eprintln!("error: cannot read `{table}`: {why}");
            let alerts = self.monitor.unreadable(&table, now).to_vec();
            self.tell(&alerts);
        }
        for table in look.found {
            let alerts = self.monitor.readable(&table, now).to_vec();
            self.tell(&alerts);
        }
    }

    fn report(&mut self, now: Now) {
        let is_due =
            self.reported_at.is_none_or(|at| now.monotonic.saturating_sub(at) >= REPORT_EVERY);
        if !is_due {
            return;
        }
        self.reported_at = Some(now.monotonic);
        let mut report = SelfReport::default();
        if let Some(delivery) = &self.delivery {
            report.refused = delivery.refused();
            report.dead_letters = match delivery.status() {
                Some(status) => status.dead,
                None => 0,
            };
            self.health.note_delivery(delivery.status().as_ref());
        }
        let alerts = self.monitor.report(report, now).to_vec();
        self.tell(&alerts);
    }

    fn tell(&self, alerts: &[Alert]) {
        for alert in alerts {
            if alert.is_telling() {
                println!("{}", effective::line(alert));
            }
            let refused = self.delivery.as_ref().map(|delivery| delivery.tell(alert.clone()));
            if let Some(Err(refused)) = refused {
                eprintln!("error: {refused}");
            }
        }
    }

    fn close(mut self) -> Result<Exit, Failure> {
        self.monitor.keep_now(&self.rows.cursors(), self.clock.now())?;
        match self.delivery.take().map(|delivery| delivery.close(CLOSE_MAX)) {
            None | Some(Ok(_)) => Ok(Exit::Fine),
            Some(Err(error)) => {
                eprintln!("{error}; it goes first at the next start");
                Ok(Exit::Finding)
            }
        }
    }
}
