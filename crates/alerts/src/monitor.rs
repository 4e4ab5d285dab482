//! Rules over rows as one thing: rows in, alerts out, actions taken, and state that survives a crash.

mod actions;
mod command;
mod windows;
mod wishes;

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde_json::Value;

pub use actions::{ActionRecord, Outcome};
pub use command::{ActionConfig, CommandAction};
pub use windows::{close_maintenance, open_maintenance, opened_maintenance};
pub use wishes::{Obeyed, Wish, ask_to_resolve};

use self::{actions::Actions, windows::Windows};
use crate::outbox::{self, Outbox, OutboxError, Rows};
use crate::{
    Alert, DroppedAlert, Engine, Feed, Maintenance, MaintenanceProblem, Now, OnFiring,
    RestoreError, Row, Rule, RuleErrors, RuleStatus, Saved, SavedFeed, SeriesId, Wanted,
};

/// Shortest time between two saves; what a crash takes of the state of samples is not older.
const SAVE_PAUSE: Duration = Duration::from_secs(1);
/// Longest time between two saves while nothing changes.
const SAVE_PAUSE_MAX: Duration = Duration::from_secs(10);

/// How far each table has been read, in whatever words the reader has.
pub type Cursors = BTreeMap<String, String>;

/// Why a monitor cannot be opened, or cannot keep its state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MonitorError {
    /// Its directory cannot be used.
    #[error(transparent)]
    Disk(OutboxError),
    /// The rules cannot be evaluated.
    #[error(transparent)]
    Rules(RuleErrors),
    /// A maintenance window cannot be.
    #[error(transparent)]
    Maintenance(MaintenanceProblem),
    /// The state was written by a later version.
    #[error(transparent)]
    Newer(RestoreError),
    /// The state cannot be written as text.
    #[error("the state of the rules cannot be written")]
    Unwritable {
        /// Why.
        source: std::io::Error,
    },
}

/// What was found where a monitor was opened.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Opened {
    /// Alerts whose state was taken over.
    pub alerts: usize,
    /// Alerts that were not fine and whose rule is gone.
    pub dropped: Vec<DroppedAlert>,
    /// How far tables had been read when the state was kept.
    pub cursors: Cursors,
    /// What a person should know: damage that was repaired, state that could not be understood.
    pub notes: Vec<String>,
}

/// What the process that runs the rules knows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SelfReport {
    /// Notifications that were given up.
    pub dead_letters: u64,
    /// Alerts that delivery did not take.
    pub refused: u64,
}

/// Rules over rows. One call for each row, one a second for time; what it returns goes to
/// [`Delivery::tell`](crate::Delivery::tell), then [`Monitor::act`] and [`Monitor::keep`].
#[derive(Debug)]
pub struct Monitor {
    engine: Engine,
    feed: Feed,
    alerts: Vec<Alert>,
    actions: Actions,
    outbox: Outbox,
    own: Own,
    windows: Windows,
    saved_at: Option<Duration>,
    is_changed: bool,
}

/// Series of what the process tells of itself.
#[derive(Debug)]
struct Own {
    watchdog: Option<SeriesId>,
    dead_letters: Option<SeriesId>,
    actions_failed: Option<SeriesId>,
}

impl Monitor {
    /// Opens the state in `dir`, which is made if need be, and goes on from it.
    ///
    /// # Errors
    ///
    /// [`MonitorError`]: another process holds it, it cannot be read or is newer, or the rules cannot
    /// be meant.
    pub fn open(
        dir: impl AsRef<Path>,
        rules: Vec<Rule>,
        maintenance: Vec<Maintenance>,
        now: Now,
    ) -> Result<(Self, Opened), MonitorError> {
        let (outbox, loaded) = Outbox::open(dir.as_ref()).map_err(MonitorError::Disk)?;
        let mut opened = Opened { notes: loaded.notes, ..Opened::default() };
        let (engine, feed) = revive(rules, &loaded.rows, now, &mut opened)?;
        let mut monitor = Self {
            own: Own { watchdog: None, dead_letters: None, actions_failed: None },
            actions: Actions::load(&loaded.rows),
            engine,
            feed,
            alerts: Vec::new(),
            outbox,
            windows: Windows::of(maintenance.clone()),
            saved_at: None,
            is_changed: true,
        };
        let own = |engine: &mut Engine, metric| engine.series(metric, &[]).ok();
        monitor.own = Own {
            watchdog: own(&mut monitor.engine, "alerts.watchdog"),
            dead_letters: own(&mut monitor.engine, "alerts.dead_letters"),
            actions_failed: own(&mut monitor.engine, "alerts.actions_failed"),
        };
        monitor.engine.set_maintenance(maintenance, now).map_err(MonitorError::Maintenance)?;
        Ok((monitor, opened))
    }

    /// When `rule` fires, `action` is asked, once for each firing; its name is what it is journaled
    /// by.
    #[must_use]
    pub fn with_action(
        mut self,
        rule: impl Into<String>,
        name: impl Into<String>,
        action: impl OnFiring + Send + 'static,
    ) -> Self {
        self.actions.add(rule.into(), name.into(), Box::new(action));
        self
    }

    /// Tables and columns that the rules need.
    #[must_use]
    pub fn wanted(&self) -> &Wanted {
        self.feed.wanted()
    }

    /// A row, and the alerts that it and the time since the last call changed.
    pub fn row(&mut self, row: &Row<'_>, now: Now) -> &[Alert] {
        let changes = self.feed.row(&mut self.engine, row, now).len();
        self.told(changes)
    }

    /// The alerts that time changed: waits end, silences are noticed. To be called once a second at
    /// least.
    pub fn advance(&mut self, now: Now) -> &[Alert] {
        let changes = self.engine.advance(now).len();
        self.told(changes)
    }

    /// What the process that runs the rules knows of itself, and that it runs; about every 10 s.
    #[expect(clippy::cast_precision_loss, reason = "more than a few is too many")]
    pub fn report(&mut self, report: SelfReport, now: Now) -> &[Alert] {
        let letters = report.dead_letters.saturating_add(report.refused) as f64;
        let failed = self.actions.failed() as f64;
        let own = &self.own;
        let samples =
            [(own.watchdog, 1.0), (own.dead_letters, letters), (own.actions_failed, failed)];
        let samples: Vec<(SeriesId, f64)> =
            samples.into_iter().filter_map(|(series, value)| Some((series?, value))).collect();
        let changes = self.engine.observe_row(&samples, now.wall, now).len();
        self.told(changes)
    }

    /// A table cannot be read: rules that need it are in error until [`Monitor::readable`].
    pub fn unreadable(&mut self, table: &str, now: Now) -> &[Alert] {
        let changes = self.engine.unreadable(table, now).len();
        self.told(changes)
    }

    /// The table can be read again.
    pub fn readable(&mut self, table: &str, now: Now) -> &[Alert] {
        let changes = self.engine.readable(table, now).len();
        self.told(changes)
    }

    /// What comes until [`Monitor::end_catch_up`] happened long ago, and wakes nobody.
    pub fn begin_catch_up(&mut self) {
        self.engine.begin_catch_up();
    }

    /// What comes from now on is new again; what still fires is told.
    pub fn end_catch_up(&mut self, now: Now) -> &[Alert] {
        let changes = self.engine.end_catch_up(now).len();
        self.told(changes)
    }

    /// What is open now; for [`Delivery::resync`](crate::Delivery::resync) after a start.
    #[must_use]
    pub fn open_alerts(&self) -> Vec<Alert> {
        self.engine.open_alerts()
    }

    /// How each rule stands for each set of labels.
    #[must_use]
    pub fn status(&self) -> Vec<RuleStatus> {
        self.engine.status()
    }

    /// The engine, to ask what this type does not tell.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Asks the actions of what fires, and again those that failed before; to be called after the
    /// alerts were told. Takes as long as the actions do. Each call of an action is in the journal
    /// before it is made, and its outcome after it.
    ///
    /// # Errors
    ///
    /// [`MonitorError::Disk`]: the journal cannot be written. The actions are asked all the same.
    pub fn act(&mut self, now: Now) -> Result<Vec<ActionRecord>, MonitorError> {
        let firing = |alert: &Alert| self.engine.is_firing(&alert.rule, &alert.labels);
        self.actions.run(&mut self.outbox, &firing, now).map_err(MonitorError::Disk)
    }

    /// Every action that was asked for and is remembered, newest last.
    #[must_use]
    pub fn actions(&self) -> Vec<ActionRecord> {
        self.actions.records()
    }

    /// Keeps the state, with how far tables were read, when it is time: a second after a change, each
    /// 10 s without one. A crash in between is as if the rows since then had not been read yet.
    ///
    /// # Errors
    ///
    /// [`MonitorError`]: it cannot be written. What was kept before is untouched.
    pub fn keep(&mut self, cursors: &Cursors, now: Now) -> Result<(), MonitorError> {
        let pause = if self.is_changed { SAVE_PAUSE } else { SAVE_PAUSE_MAX };
        let is_due = self.saved_at.is_none_or(|at| now.monotonic.saturating_sub(at) >= pause);
        if is_due { self.keep_now(cursors, now) } else { Ok(()) }
    }

    /// Keeps the state now, as at the end.
    ///
    /// # Errors
    ///
    /// [`MonitorError`]: it cannot be written. What was kept before is untouched.
    pub fn keep_now(&mut self, cursors: &Cursors, now: Now) -> Result<(), MonitorError> {
        let written = |error: serde_json::Error| MonitorError::Unwritable { source: error.into() };
        let mut rows = Rows::new();
        let engine = serde_json::to_value(self.engine.save()).map_err(written)?;
        rows.insert(key("engine", ""), engine);
        let feed = serde_json::to_value(self.feed.save()).map_err(written)?;
        rows.insert(key("feed", ""), feed);
        rows.extend(cursors.iter().map(|(table, at)| (key("cursor", table), at.as_str().into())));
        rows.extend(self.actions.rows().map_err(written)?);
        self.outbox.compact(&rows).map_err(MonitorError::Disk)?;
        self.saved_at = Some(now.monotonic);
        self.is_changed = false;
        Ok(())
    }

    fn told(&mut self, changes: usize) -> &[Alert] {
        self.alerts.clear();
        if changes > 0 {
            self.is_changed = true;
            self.alerts.extend(self.engine.alerts());
            self.actions.note(&self.alerts);
        }
        &self.alerts
    }
}

/// How rules stood when a monitor kept its state last, also while it runs.
///
/// # Errors
///
/// [`MonitorError`]: nothing was ever kept there, it cannot be read, or the rules cannot be meant.
pub fn monitored(
    dir: &Path,
    rules: Vec<Rule>,
    now: Now,
) -> Result<(Vec<RuleStatus>, Vec<ActionRecord>), MonitorError> {
    let rows = outbox::read(dir).map_err(MonitorError::Disk)?;
    let (engine, _) = revive(rules, &rows, now, &mut Opened::default())?;
    Ok((engine.status(), Actions::load(&rows).records()))
}

/// Who runs the rules from a directory now, if anybody does.
#[must_use]
pub fn monitor_holder(dir: &Path) -> Option<String> {
    outbox::holder(dir)
}

/// Engine and feed as they were kept.
fn revive(
    rules: Vec<Rule>,
    rows: &Rows,
    now: Now,
    opened: &mut Opened,
) -> Result<(Engine, Feed), MonitorError> {
    let mut feed = Feed::new(&rules);
    let mut engine = Engine::new(rules).map_err(MonitorError::Rules)?;
    let mut notes = Vec::new();
    if let Some(saved) = understood::<Saved>(rows, "engine", &mut notes) {
        let restored = engine.restore(&saved, now).map_err(MonitorError::Newer)?;
        (opened.alerts, opened.dropped) = (restored.alerts, restored.dropped);
    }
    if let Some(saved) = understood::<SavedFeed>(rows, "feed", &mut notes) {
        feed.restore(saved);
    }
    let cursors = rows.iter().filter(|((table, _), _)| table == "cursor");
    let cursors =
        cursors.filter_map(|((_, name), at)| Some((name.clone(), at.as_str()?.to_owned())));
    opened.cursors = cursors.collect();
    opened.notes.extend(notes);
    Ok((engine, feed))
}

fn understood<T: serde::de::DeserializeOwned>(
    rows: &Rows,
    table: &str,
    notes: &mut Vec<String>,
) -> Option<T> {
    let value: &Value = rows.get(&key(table, ""))?;
    match T::deserialize(value) {
        Ok(found) => Some(found),
        Err(error) => {
            notes.push(format!("the kept state of the {table} cannot be understood: {error}"));
            None
        }
    }
}

fn key(table: &str, name: &str) -> (String, String) {
    (table.to_owned(), name.to_owned())
}
