//! Alerts of the engine and of delivery as a station's page shows them, and what a person on the page
//! wants of them.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use plimsoll_alerts::{
    Alert, AskError, Control, ControlError, DeliveryConfig, Dispatcher, History as _, Matcher, Now,
    Open, Receipt, Route, Severity, Status, ask,
};
use plimsoll_station::{Alarm, AlarmLevel, Alarms, Operate, OperateError, Watching, Wish};

use crate::glue::alerts_metrics::MetricsHistory;
use crate::moment::now;

/// Longest wait for the thread that delivers.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Rows of history that are kept at once.
const HISTORY_ROWS: usize = 256;
/// The rule that always fires, so that whoever is told hears when rules stop running.
const WATCHDOG: &str = "watchdog";
/// The one receiver of a replay, which is its terminal.
const TERMINAL: &str = "stderr";

/// How the rules stood when it was last looked.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenAlerts(Arc<Mutex<Shown>>);

#[derive(Debug, Default)]
struct Shown {
    watching: Watching,
    /// What is open, to make a silence for.
    open: Vec<Open>,
}

impl OpenAlerts {
    /// Takes how delivery stands, or why nobody can say. Returns whether that is news.
    pub(crate) fn put(&self, status: Result<Status, String>) -> bool {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let watching = match status {
            Ok(status) => {
                let watching = of_status(&status);
                shown.open = status.open;
                watching
            }
            Err(why) => Watching::new(shown.watching.alarms.clone()).unknown(why),
        };
        let is_news = watching != shown.watching;
        shown.watching = watching;
        is_news
    }

    fn find(&self, name: &str) -> Option<Alert> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        find(&shown.open, name)
    }
}

impl Alarms for OpenAlerts {
    fn watching(&self) -> Watching {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).watching.clone()
    }
}

/// Asks whoever delivers from an outbox, as `plimsoll alerts ack` and `silence` do.
#[derive(Debug)]
pub(crate) struct OutboxDesk {
    pub(crate) dir: PathBuf,
    pub(crate) config: DeliveryConfig,
    pub(crate) open: OpenAlerts,
}

impl Operate for OutboxDesk {
    fn operate(&self, wish: &Wish, by: &str) -> Result<String, OperateError> {
        let control = control(wish, by, now(), |name| self.open.find(name))?;
        let asked = ask(&self.dir, self.config.clone(), &control, ANSWER_MAX);
        let done = asked.map_err(|error| match error {
            AskError::Refused(why) => refused(&why),
            other => OperateError::Failed { reason: other.to_string() },
        })?;
        Ok(said(wish, &done))
    }
}

/// The desk of a replay: it decides as delivery does, by the replay's clock, and keeps history in its
/// store. What it delivers stands on the terminal already.
#[derive(Clone)]
pub(crate) struct ReplayDesk(Arc<Mutex<Replay>>);

struct Replay {
    dispatcher: Dispatcher,
    /// None: the store takes no history.
    history: Option<MetricsHistory>,
    now: Now,
    over: Option<String>,
}

impl fmt::Debug for ReplayDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayDesk").finish_non_exhaustive()
    }
}

impl ReplayDesk {
    pub(crate) fn new(history: Option<MetricsHistory>) -> Self {
        let now = Now::new(SystemTime::UNIX_EPOCH, Duration::ZERO);
        let route = Route::new("replay", [TERMINAL]).with_waits(
            Duration::ZERO,
            Duration::ZERO,
            Duration::from_hours(24),
        );
        let config = DeliveryConfig::default().with_route(route);
        let dispatcher = Dispatcher::new(config, "replay", now);
        Self(Arc::new(Mutex::new(Replay { dispatcher, history, now, over: None })))
    }

    /// Changes of alerts, and the time until which the replay has come.
    pub(crate) fn tell<'a>(&self, alerts: impl IntoIterator<Item = &'a Alert>, now: Now) {
        let mut replay = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        replay.now = now;
        for alert in alerts {
            replay.dispatcher.alert(alert, now);
        }
        replay.settle();
    }

    /// No more rows come.
    pub(crate) fn end(&self, why: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).over = Some(why.into());
    }
}

impl Replay {
    fn settle(&mut self) {
        let now = self.now;
        self.dispatcher.advance(now);
        while self.dispatcher.take(TERMINAL, now).is_some() {
            self.dispatcher.settle(TERMINAL, Ok(Receipt::default()), now);
        }
        loop {
            let rows = self.dispatcher.history(HISTORY_ROWS);
            if rows.is_empty() {
                return;
            }
            if let Some(Err(error)) = self.history.as_mut().map(|history| history.record(&rows)) {
                eprintln!("no history of alerts: {error}");
                self.history = None;
            }
            self.dispatcher.history_taken(rows.len());
        }
    }
}

impl Alarms for ReplayDesk {
    fn watching(&self) -> Watching {
        let replay = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wall = replay.now.wall;
        let watching = of_status(&replay.dispatcher.status(wall)).by_clock(wall);
        match &replay.over {
            Some(why) => watching.over(why.clone()),
            None => watching,
        }
    }
}

impl Operate for ReplayDesk {
    fn operate(&self, wish: &Wish, by: &str) -> Result<String, OperateError> {
        let mut replay = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = replay.now;
        let open = replay.dispatcher.status(now.wall).open;
        let control = control(wish, by, now.wall, |name| find(&open, name))?;
        let done = replay.dispatcher.control(&control, now).map_err(|error| refused(&error))?;
        replay.settle();
        Ok(said(wish, &done))
    }
}

fn find(open: &[Open], name: &str) -> Option<Alert> {
    open.iter().find(|open| open.name == name).map(|open| open.alert.clone())
}

/// The wish in the words of delivery. A silence is for this very alert.
fn control(
    wish: &Wish,
    by: &str,
    now: SystemTime,
    find: impl FnOnce(&str) -> Option<Alert>,
) -> Result<Control, OperateError> {
    let refused = |reason: String| OperateError::Refused { reason };
    match wish {
        Wish::Ack { alarm, note } => {
            Ok(Control::Ack { alert: alarm.clone(), by: by.to_owned(), note: note.clone() })
        }
        Wish::Silence { alarm, span, reason } => {
            let gone = || refused(format!("no open alert is called `{alarm}`"));
            let alert = find(alarm).ok_or_else(gone)?;
            let labels = alert.labels.iter().map(|(name, value)| Matcher::is(name, [value]));
            let rule = Matcher::is("rule", [alert.rule.as_str()]);
            let matches = std::iter::once(rule).chain(labels).collect();
            Control::silence(matches, now, *span, by, reason)
                .map_err(|error| refused(error.to_string()))
        }
        _ => Err(refused("this program does not know that wish".to_owned())),
    }
}

fn refused(error: &ControlError) -> OperateError {
    OperateError::Refused { reason: error.to_string() }
}

/// What was done, for a person.
fn said(wish: &Wish, done: &str) -> String {
    match wish {
        Wish::Silence { span, .. } => {
            format!("silenced for {} min as {done}", span.as_secs().div_ceil(60))
        }
        _ => format!("acknowledged {}", done.replace('\n', ", ")),
    }
}

fn of_status(status: &Status) -> Watching {
    let open = status.open.iter().filter(|open| open.alert.rule != WATCHDOG);
    let mut alarms: Vec<Alarm> = open.map(alarm).collect();
    alarms.sort_by_key(|alarm| {
        let is_cared_for = alarm.acked_by.is_some() || alarm.muted.is_some();
        (std::cmp::Reverse((alarm.is_firing, alarm.level)), is_cared_for)
    });
    let watching = Watching::new(alarms).delivering(delivery(status));
    match &status.outbox_error {
        Some(error) => watching.unknown(format!("alerts cannot be kept: {error}")),
        None => watching,
    }
}

/// What a person should know of delivery; nothing if all is delivered.
fn delivery(status: &Status) -> String {
    let mut words = Vec::new();
    for receiver in &status.receivers {
        if receiver.stopped.is_some() {
            words.push(format!("receiver {} is stopped", receiver.name));
        } else if receiver.failures > 0 {
            words.push(format!("receiver {} fails", receiver.name));
        }
    }
    if status.waiting > 0 {
        words.push(format!("{} messages wait", status.waiting));
    }
    if status.dead > 0 {
        words.push(format!("{} messages given up", status.dead));
    }
    words.join(", ")
}

fn alarm(of: &Open) -> Alarm {
    let alert = &of.alert;
    let level = match alert.severity {
        Severity::Critical => AlarmLevel::Critical,
        Severity::Warning => AlarmLevel::Warning,
        _ => AlarmLevel::Info,
    };
    let text = &alert.text.title;
    let title = if text.is_empty() { alert.rule.as_str() } else { text.as_str() };
    let since = alert.fired_at.or(alert.active_at).unwrap_or(alert.row_at);
    let labels = alert.labels.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    let alarm = Alarm::firing(title, level, since)
        .named(of.name.as_str())
        .with_value(alert.shown_value(), alert.shown_threshold())
        .with_labels(labels.collect())
        .with_people(of.acked_by.clone(), of.muted.clone());
    if alert.is_firing() { alarm } else { alarm.in_state(alert.to.as_str()) }
}

#[cfg(test)]
mod tests {
    use plimsoll_alerts::{Engine, Feed, Row, Rule};

    use super::*;

    /// A replay in which one rule fires for two accounts.
    fn desk() -> ReplayDesk {
        let rule = Rule::new(
            "low",
            "trading_risk.equity",
            plimsoll_alerts::Condition::below(100.0),
            Severity::Warning,
        );
        let rules = vec![rule];
        let mut feed = Feed::new(&rules);
        let mut engine = Engine::new(rules).unwrap();
        let desk = ReplayDesk::new(None);
        for account in ["A", "B"] {
            let at = SystemTime::UNIX_EPOCH + Duration::from_hours(1);
            let now = Now::new(at, Duration::ZERO);
            let labels = [("account_id", account)];
            let row = Row::new("trading_risk", at).labels(&labels).numbers(&[("equity", 90.0)]);
            feed.row(&mut engine, &row, now);
            desk.tell(&engine.alerts().collect::<Vec<_>>(), now);
        }
        desk
    }

    #[test]
    fn an_alert_is_acknowledged_by_its_name_and_shows_who_did() {
        let desk = desk();
        let open = desk.watching().alarms;
        assert_eq!(open.len(), 2, "{open:?}");
        let alarm = open[0].name.clone();
        let wish = Wish::Ack { alarm, note: String::new() };
        let said = desk.operate(&wish, "me").unwrap();
        assert!(said.starts_with("acknowledged low"), "{said}");
        let acked: Vec<_> =
            desk.watching().alarms.into_iter().map(|alarm| alarm.acked_by).collect();
        assert_eq!(acked, [None, Some("me".to_owned())], "what nobody has comes first");
        let gone = Wish::Ack { alarm: "none".to_owned(), note: String::new() };
        assert!(matches!(desk.operate(&gone, "me"), Err(OperateError::Refused { .. })));
    }

    #[test]
    fn a_silence_is_for_one_alert_only() {
        let desk = desk();
        let alarm = desk.watching().alarms[0].name.clone();
        let span = Duration::from_mins(30);
        let wish = Wish::Silence { alarm: alarm.clone(), span, reason: "known".to_owned() };
        let said = desk.operate(&wish, "me").unwrap();
        assert!(said.starts_with("silenced for 30 min as s-"), "{said}");
        let muted: Vec<_> =
            desk.watching().alarms.into_iter().filter(|a| a.muted.is_some()).collect();
        assert_eq!(muted.len(), 1, "{muted:?}");
        assert_eq!(muted[0].name, alarm);
    }
}
