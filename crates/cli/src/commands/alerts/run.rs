//! `plimsoll alerts run`: rules over a store as it grows, and people told. `plimsoll station` runs the
//! same over its own store.

pub(super) mod clock;
mod health;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::Args;
use plimsoll_alerts::{
    Alert, AlertsConfig, CommandAction, Delivery, DeliveryPorts, Monitor, Now, Opened, Outcome,
    Secrets, SelfReport, SignsOfLife, Status, parse_span,
};
use plimsoll_metrics::{self as metrics, HealthStatus, Series};

use self::{clock::Clock, health::Health};
use super::effective::{self, Effective, effective};
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::alerts_metrics::{self, MetricsHistory};
use crate::glue::alerts_store::StoreRows;
use crate::stop::Stop;
use crate::store::{StoreArgs, StorePlace};

/// Time between two reports of the process about itself.
const REPORT_EVERY: Duration = Duration::from_secs(10);
/// Fewer rows than these in one look are news, not the past.
const FEW: usize = 10_000;
/// Pause between two looks at a file, unless another one is asked for.
const LOOK_FILE: Duration = Duration::from_millis(250);
/// And at a server, which answers a query for each table.
const LOOK_SERVER: Duration = Duration::from_secs(1);
/// Longest time for what still waits at the end.
const CLOSE_MAX: Duration = Duration::from_secs(10);

/// Arguments of `plimsoll alerts run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Ends with Ctrl-C; state, outbox and how far it read survive also a kill. The first time it reads what came in the
last --since, which wakes nobody unless it still holds. A store that cannot be read is told, and does not end it.
Exit codes: 0 everything was delivered; 1 something waits in the outbox; 2 it could not run.

Examples:
  plimsoll alerts run --store plimsoll.db
  plimsoll alerts run --store http://127.0.0.1:9000
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
    /// Pause between two looks at the store [default: 250ms; 1s if it is a server]
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    every: Option<Duration>,
    /// SQLite file of the alert history [default: the store]
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Only print: nobody is told, no program runs, no history is written
    #[arg(long)]
    dry_run: bool,
}

/// Whom a run tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tells {
    /// Nobody: it only prints.
    Prints,
    /// Whom the configuration names, and it prints.
    PrintsAndDelivers,
    /// Whom the configuration names.
    Delivers,
}

/// How rules are run.
#[derive(Debug, Clone)]
pub(crate) struct How {
    /// Where rows are read from.
    pub(crate) store: StorePlace,
    /// Directory of the outbox and the state.
    pub(crate) dir: PathBuf,
    /// How much of the past to read the first time.
    pub(crate) since: Duration,
    /// SQLite file of the alert history; none: the store.
    pub(crate) history: Option<PathBuf>,
    pub(crate) tells: Tells,
}

/// What one look took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    /// Rows.
    pub(crate) rows: usize,
    /// Rows of these that this process did not write itself.
    pub(crate) of_others: usize,
}

/// Everything that runs.
pub(crate) struct Run {
    monitor: Monitor,
    rows: StoreRows,
    /// None: nobody is told.
    delivery: Option<Delivery>,
    health: Health,
    _signs: Option<SignsOfLife>,
    /// Where it tells of itself.
    own: Option<Series>,
    clock: Clock,
    reported_at: Option<Duration>,
    prints: bool,
}

pub(crate) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let effective = effective(args.store.config())?;
    let store = args.store.place()?;
    let every = args.every.unwrap_or(if store.is_server() { LOOK_SERVER } else { LOOK_FILE });
    let how = How {
        dir: args.outbox.clone().unwrap_or_else(|| effective.config.outbox.clone()),
        since: args.since,
        history: args.history.clone(),
        tells: if args.dry_run { Tells::Prints } else { Tells::PrintsAndDelivers },
        store,
    };
    let mut run = Run::open(&effective, &how)?;
    let stop = Stop::listen()?;
    run.catch_up()?;
    while !stop.is_wanted() {
        run.step()?;
        stop.pause(every);
    }
    run.close()
}

/// Delivery, and where this process tells of itself.
fn deliver(config: &AlertsConfig, how: &How) -> Result<(Delivery, Series), Failure> {
    let history = match &how.history {
        Some(file) => MetricsHistory::open(file),
        None if how.store.is_server() => {
            let (url, ca_file) = how.store.connection();
            MetricsHistory::connect(url, ca_file, how.dir.join("history-spool"))
        }
        None => MetricsHistory::open(Path::new(how.store.name())),
    };
    let history = history.hint("name another SQLite file for the history with --history")?;
    let own = history.own()?;
    let ports = DeliveryPorts::new().with_history(history);
    let delivery = Delivery::start(&how.dir, &config.delivery, &Secrets::of_process(), ports)
        .hint("`plimsoll alerts check` says what is wrong with receivers")?;
    Ok((delivery, own))
}

/// Signs of life for an outside watcher, if one is configured.
fn signs(
    config: &AlertsConfig,
    how: &How,
    health: &Health,
) -> Result<Option<SignsOfLife>, Failure> {
    let deadman = &config.deadman;
    if how.tells == Tells::Prints || (deadman.url.is_none() && deadman.listen.is_none()) {
        return Ok(None);
    }
    let health = health.clone();
    let signs = SignsOfLife::start(deadman, &Secrets::of_process(), move || health.check());
    Ok(Some(signs.hint("see `alerts.deadman` of the configuration")?))
}

fn say_start(rules: usize, store: &StorePlace, opened: &Opened, delivery: Option<&Delivery>) {
    eprintln!("{rules} rules over `{}`, {} alerts taken over", store.shown(), opened.alerts);
    let notes = delivery.map(Delivery::notes).unwrap_or_default();
    opened.notes.iter().chain(notes).for_each(|note| eprintln!("note: {note}"));
    for dropped in &opened.dropped {
        eprintln!("note: `{}` was {} and has no rule now", dropped.rule, dropped.state.as_str());
    }
}

impl Run {
    /// Takes the state over, and says what it found.
    pub(crate) fn open(effective: &Effective, how: &How) -> Result<Self, Failure> {
        let config = &effective.config;
        let clock = Clock::start();
        let rules = config.rules.rules(&effective.limits);
        let count = rules.len();
        let maintenance = config.maintenance.clone();
        let (mut monitor, opened) =
            Monitor::open(how.dir.join("rules"), rules, maintenance, clock.now()).hint(
                "`plimsoll alerts check` says what is wrong with rules; one process runs them",
            )?;
        if how.tells != Tells::Prints {
            for action in &config.actions {
                let port = CommandAction::new(action);
                monitor = monitor.with_action(action.rule.as_str(), action.name(), port);
            }
        }
        let since = clock.now().wall.checked_sub(how.since).unwrap_or(SystemTime::UNIX_EPOCH);
        let rows = StoreRows::open(&how.store, monitor.wanted(), &opened.cursors, since)?;
        let (delivery, own) = match how.tells {
            Tells::Prints => (None, None),
            _ => {
                let (delivery, own) = deliver(config, how)?;
                (Some(delivery), Some(own))
            }
        };
        say_start(count, &how.store, &opened, delivery.as_ref());
        let health = Health::default();
        let signs = signs(config, how, &health)?;
        let prints = how.tells != Tells::Delivers;
        let (reported_at, _signs) = (None, signs);
        Ok(Self { monitor, rows, delivery, health, _signs, own, clock, reported_at, prints })
    }

    /// What came while nobody watched.
    pub(crate) fn catch_up(&mut self) -> Result<(), Failure> {
        self.monitor.look_for_maintenance(self.clock.now())?;
        self.monitor.begin_catch_up();
        // One look takes a bounded number of rows; few are those that came meanwhile.
        while self.read().rows >= FEW {}
        let alerts = self.monitor.end_catch_up(self.clock.now()).to_vec();
        self.tell(&alerts);
        if let Some(delivery) = &self.delivery {
            delivery.resync(self.monitor.open_alerts())?;
        }
        Ok(())
    }

    /// One look at the store. Returns what it took.
    pub(crate) fn step(&mut self) -> Result<Taken, Failure> {
        let taken = self.read();
        let now = self.clock.now();
        let alerts = self.monitor.look_for_maintenance(now)?.to_vec();
        self.tell(&alerts);
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
        Ok(taken)
    }

    /// How delivery stands; none when nobody is told, or it does not answer.
    pub(crate) fn status(&self) -> Option<Status> {
        self.delivery.as_ref().and_then(Delivery::status)
    }

    /// What is not well with the running of the rules, if anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.health.check()
    }

    /// Where this process tells of itself.
    pub(crate) fn own(&self) -> Option<&Series> {
        self.own.as_ref()
    }

    fn read(&mut self) -> Taken {
        let look = self.rows.look();
        self.health.note_tables(&look);
        let mut taken = Taken { rows: look.rows.len(), of_others: 0 };
        for row in &look.rows {
            taken.of_others += usize::from(!row.is_of(alerts_metrics::SERVICE));
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
            eprintln!("`{table}` can be read again");
            let alerts = self.monitor.readable(&table, now).to_vec();
            self.tell(&alerts);
        }
        taken
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
        if let Some(own) = &self.own {
            let check = self.health.check();
            let status = if check.is_ok() { HealthStatus::Up } else { HealthStatus::Degraded };
            let detail = check.err().unwrap_or_default();
            own.emit_health(metrics::Health::new("alerts", status).detail(detail.as_str()));
        }
        let alerts = self.monitor.report(report, now).to_vec();
        self.tell(&alerts);
    }

    fn tell(&self, alerts: &[Alert]) {
        for alert in alerts {
            if self.prints && alert.is_telling() {
                println!("{}", effective::line(alert));
            }
            let refused = self.delivery.as_ref().map(|delivery| delivery.tell(alert.clone()));
            if let Some(Err(refused)) = refused {
                eprintln!("error: {refused}");
            }
        }
    }

    /// Keeps the state and tells what still waits.
    pub(crate) fn close(mut self) -> Result<Exit, Failure> {
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
