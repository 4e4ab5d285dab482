//! The demo's alert rules: evaluated over its store as it grows, by the time of its rows.

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use plimsoll_alerts::{Alert, Cursors, Engine, Feed, Limits, Now, Rule, RuleChange, RulesConfig};

use crate::glue::alerts_station::ReplayDesk;
use crate::glue::alerts_store::{OwnedRow, StoreRows};

use super::history;
use super::questdb::Server;
use super::told::Told;
use super::watch::{Bar, Watch};

/// Rows come once a minute of replay time, so silence is a few of them.
const STALE: Duration = Duration::from_secs(200);
/// The paper venue says something of orders only when there are some: a day without is fine.
const PING: (&str, f64) = ("orders", 86_400.0);
/// The strategy goes in with nearly all that it has; more than that is worth an alert.
const POSITION: (&str, f64) = ("position_max_equity_ratio", 1.0);
/// Pause between two looks at the store.
const LOOK: Duration = Duration::from_millis(300);
/// Lines that a terminal is shown at the end.
const LINES_MAX: usize = 12;

/// The rules while they are evaluated.
pub(super) struct Rules(Rc<RefCell<Run>>);

struct Run {
    engine: Engine,
    feed: Feed,
    store: StoreRows,
    desk: ReplayDesk,
    /// Rows beyond `known`, by their time.
    waiting: Vec<OwnedRow>,
    /// Rows before this time have all been read.
    known: SystemTime,
    now: SystemTime,
    began: Option<SystemTime>,
    looked_at: Duration,
    tells_at_once: bool,
    lines: Vec<String>,
    firings: usize,
    /// None: nobody but who looks at the terminal is told.
    told: Option<Told>,
}

impl Rules {
    /// Rules over this store; without them the demo goes on, and says so.
    pub(super) fn open(
        store: &Path,
        questdb: Option<&Server>,
        told: Option<Told>,
        is_terminal: bool,
    ) -> Option<Self> {
        match Run::open(store, questdb, told, !is_terminal) {
            Ok(run) => Some(Self(Rc::new(RefCell::new(run)))),
            Err(error) => {
                eprintln!("no rules: {error:#}");
                None
            }
        }
    }

    /// Who keeps what is open, and does what a person wants of it.
    pub(super) fn desk(&self) -> ReplayDesk {
        self.0.borrow().desk.clone()
    }

    /// Somebody who looks at the store now and then.
    pub(super) fn watch(&self) -> Box<dyn Watch> {
        Box::new(Looker(Rc::clone(&self.0)))
    }

    /// Every row is in the store: evaluates the rest, and says what fired. Returns whether everybody who
    /// should be told was.
    pub(super) fn finish(&self, end_ns: i64) -> io::Result<bool> {
        let mut run = self.0.borrow_mut();
        let end = at(end_ns);
        // One look takes a bounded number of rows.
        while run.look(end) > 0 {}
        run.evaluate(end + Duration::from_nanos(1));
        run.desk.end("the replay is over");
        run.say();
        let told = run.told.take();
        told.map_or(Ok(true), |told| told.close(&mut io::stderr()))
    }
}

impl Run {
    fn open(
        store: &Path,
        questdb: Option<&Server>,
        told: Option<Told>,
        tells_at_once: bool,
    ) -> anyhow::Result<Self> {
        let rules = rules();
        let feed = Feed::new(&rules);
        let since = SystemTime::UNIX_EPOCH;
        // Where people are told, delivery keeps the history.
        let history = match &told {
            Some(_) => None,
            None => Some(history::open(store, questdb)?),
        };
        let store = StoreRows::of_file(store, feed.wanted(), &Cursors::default(), since)?;
        Ok(Self {
            engine: Engine::new(rules)?,
            feed,
            store,
            desk: ReplayDesk::new(history),
            waiting: Vec::new(),
            known: since,
            now: since,
            began: None,
            looked_at: Duration::ZERO,
            tells_at_once,
            lines: Vec::new(),
            firings: 0,
            told,
        })
    }

    /// Reads what came. Rows go into the store in their order, but tables are read one after the
    /// other: only what an earlier look went beyond is whole. Returns how many came.
    fn look(&mut self, bar: SystemTime) -> usize {
        let whole = self.waiting.iter().map(OwnedRow::at).max();
        self.known = self.known.max(whole.unwrap_or(self.known));
        let rows = self.store.look().rows;
        let len = rows.len();
        // What the pipeline tells of itself is by the clock of this machine, ahead of the replay.
        self.waiting.extend(rows.into_iter().filter(|row| row.at() <= bar));
        self.waiting.sort_by_key(OwnedRow::at);
        len
    }

    /// Evaluates the rules by the rows before `until`.
    fn evaluate(&mut self, until: SystemTime) {
        let len = self.waiting.partition_point(|row| row.at() < until);
        for row in self.waiting.drain(..len).collect::<Vec<_>>() {
            self.now = self.now.max(row.at());
            let now = self.moment();
            row.with(|row| self.feed.row(&mut self.engine, row, now).len());
            self.tell(now);
        }
        if self.began.is_some() {
            let now = self.moment();
            self.engine.advance(now);
            self.tell(now);
        }
    }

    fn moment(&mut self) -> Now {
        let began = *self.began.get_or_insert(self.now);
        Now::new(self.now, self.now.duration_since(began).unwrap_or_default())
    }

    fn tell(&mut self, now: Now) {
        let alerts: Vec<Alert> = self.engine.alerts().collect();
        self.desk.tell(&alerts, now);
        for alert in alerts {
            if let Some(told) = &self.told {
                told.tell(&alert);
            }
            if alert.muted.is_some() || !(alert.is_firing() || alert.is_resolved()) {
                continue;
            }
            self.firings += usize::from(alert.is_firing());
            let labels: Vec<String> =
                alert.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let limit = alert.shown_threshold();
            let limit = if limit.is_empty() { limit } else { format!(", limit {limit}") };
            let line = format!(
                "alert: {} {} {} {}: {}{limit}",
                alert.severity.as_str(),
                alert.to.as_str(),
                alert.rule,
                labels.join(" "),
                alert.shown_value(),
            );
            if self.tells_at_once {
                eprintln!("{line}");
            } else if self.lines.len() < LINES_MAX {
                self.lines.push(line);
            }
        }
    }

    fn say(&self) {
        for line in &self.lines {
            eprintln!("{line}");
        }
        eprintln!("alerts: {} fired", self.firings);
    }
}

/// The rules that come with it, except those about the process that evaluates them.
fn rules() -> Vec<Rule> {
    let mut config = RulesConfig::default();
    config.stale_after = STALE;
    config.ping_interval_secs.insert(PING.0.to_owned(), PING.1);
    let mut change = RuleChange::default();
    change.threshold = Some(POSITION.1);
    config.change.insert(POSITION.0.to_owned(), change);
    let mut rules = config.rules(&Limits::default());
    rules.retain(|rule| {
        rule.measure.queries().iter().all(|query| !query.metric.starts_with("alerts."))
    });
    rules
}

struct Looker(Rc<RefCell<Run>>);

impl Watch for Looker {
    fn bar(&mut self, bar: &Bar<'_>) {
        let mut run = self.0.borrow_mut();
        if bar.elapsed.saturating_sub(run.looked_at) >= LOOK {
            run.looked_at = bar.elapsed;
            run.look(at(bar.step.ts_ns));
            let known = run.known;
            run.evaluate(known);
        }
    }
}

fn at(ns: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(ns).unwrap_or(0))
}
