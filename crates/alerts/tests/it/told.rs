//! Alerts as an engine gives them, and a dispatcher in virtual time.

use std::time::{Duration, SystemTime};

use plimsoll_alerts::{
    Alert, AlertState, Control, DeliveryConfig, Dispatcher, News, Notification, NotifyError, Now,
    Receipt, Severity,
};
use serde_json::json;

/// 2026-11-24 00:00:00 UTC.
pub(crate) const START_NS: u64 = 1_795_478_400_000_000_000;

pub(crate) fn wall(ms: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(START_NS + ms * 1_000_000)
}

pub(crate) fn now(ms: u64) -> Now {
    Now::new(wall(ms), Duration::from_millis(ms))
}

/// An alert's change of state at a time in milliseconds since the start.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) rule: &'static str,
    pub(crate) labels: Vec<(&'static str, &'static str)>,
    pub(crate) severity: Severity,
    pub(crate) to: AlertState,
    pub(crate) fired_ms: i64,
    pub(crate) value: f64,
    pub(crate) class: &'static str,
}

impl Change {
    pub(crate) fn fires(rule: &'static str, labels: &[(&'static str, &'static str)]) -> Self {
        Self {
            rule,
            labels: labels.to_vec(),
            severity: Severity::Warning,
            to: AlertState::Firing,
            fired_ms: 0,
            value: 0.06,
            class: "risk",
        }
    }

    pub(crate) fn critical(self) -> Self {
        Self { severity: Severity::Critical, ..self }
    }

    pub(crate) fn resolved(self) -> Self {
        Self { to: AlertState::Resolved, ..self }
    }

    pub(crate) fn in_state(self, to: AlertState) -> Self {
        Self { to, ..self }
    }

    /// When this episode began to fire.
    pub(crate) fn since(self, fired_ms: i64) -> Self {
        Self { fired_ms, ..self }
    }

    pub(crate) fn valued(self, value: f64) -> Self {
        Self { value, ..self }
    }

    /// As it is told at `ms`.
    pub(crate) fn at(&self, ms: u64) -> Alert {
        let labels: serde_json::Map<String, serde_json::Value> =
            self.labels.iter().map(|(n, v)| ((*n).to_owned(), json!(v))).collect();
        let ns = |ms: i64| i64::try_from(START_NS).unwrap() + ms * 1_000_000;
        let at = ns(i64::try_from(ms).unwrap());
        let fired = ns(self.fired_ms);
        let from = if self.to == AlertState::Resolved { "firing" } else { "pending" };
        serde_json::from_value(json!({
            "alert_id": format!("{}-{:?}-{}", self.rule, self.labels, self.fired_ms),
            "rule": self.rule,
            "family": self.rule,
            "class": self.class,
            "severity": self.severity.as_str(),
            "labels": labels,
            "from": from,
            "to": self.to.as_str(),
            "cause": "value",
            "value": self.value,
            "threshold": 0.05,
            "peak_value": self.value,
            "row_at_ns": at,
            "wall_at_ns": at,
            "active_at_ns": fired,
            "fired_at_ns": fired,
            "muted": null,
            "was_muted": false,
            "text": {
                "unit": "ratio",
                "title": "Drawdown",
                "meaning": "Equity lies below its peak.",
                "action": "Look at the open positions.",
                "runbook": "https://example.com/runbooks/drawdown",
            },
        }))
        .unwrap()
    }
}

/// What happens at a moment.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Alert(Change),
    Control(Control),
}

/// Lets time run from 0 to `until_ms`, with `steps` at their times. Each message is answered by `answer` at once;
/// the moments of the messages, and the messages, come back.
pub(crate) fn run(
    dispatcher: &mut Dispatcher,
    steps: &[(u64, Step)],
    until_ms: u64,
    answer: impl FnMut(u64, &Notification) -> Result<Receipt, NotifyError>,
) -> Vec<(u64, Notification)> {
    run_from(dispatcher, 0, steps, until_ms, answer)
}

/// As [`run`], from `start_ms` on.
pub(crate) fn run_from(
    dispatcher: &mut Dispatcher,
    start_ms: u64,
    steps: &[(u64, Step)],
    until_ms: u64,
    mut answer: impl FnMut(u64, &Notification) -> Result<Receipt, NotifyError>,
) -> Vec<(u64, Notification)> {
    let mut told = Vec::new();
    let mut steps = steps.iter().peekable();
    let mut ms = start_ms;
    loop {
        while let Some((at, step)) = steps.peek().filter(|(at, _)| *at <= ms) {
            match step {
                Step::Alert(change) => dispatcher.alert(&change.at(*at), now(*at)),
                Step::Control(control) => drop(dispatcher.control(control, now(*at)).unwrap()),
            }
            steps.next();
        }
        dispatcher.advance(now(ms));
        let names: Vec<String> =
            dispatcher.status(wall(ms)).receivers.iter().map(|r| r.name.clone()).collect();
        for name in names {
            while let Some(notification) = dispatcher.take(&name, now(ms)) {
                dispatcher.settle(&name, answer(ms, &notification), now(ms));
                told.push((ms, notification));
            }
        }
        let due = dispatcher.next_due(now(ms)).map(|due| u64::try_from(due.as_millis()).unwrap());
        let next = [due.map(|due| ms + due.max(1)), steps.peek().map(|(at, _)| *at)];
        match next.into_iter().flatten().min() {
            Some(next) if next <= until_ms => ms = next.max(ms + 1),
            _ => return told,
        }
    }
}

pub(crate) fn accepted(_: u64, _: &Notification) -> Result<Receipt, NotifyError> {
    Ok(Receipt::default())
}

pub(crate) fn dispatcher(config: DeliveryConfig) -> Dispatcher {
    Dispatcher::new(config, "test", now(0))
}

/// `1.0 a! b_`: the second, and each alert with `!` for firing, `_` for ended, `~` for muted; a brief one has
/// both marks.
pub(crate) fn shown(told: &[(u64, Notification)]) -> Vec<String> {
    let of = |(ms, notification): &(u64, Notification)| {
        let mut items: Vec<String> = notification
            .items
            .iter()
            .map(|item| {
                let mark = match item.news {
                    News::Resolved => "_",
                    News::Brief => "!_",
                    News::Muted => "~",
                    News::FiredAgain => "_!",
                    _ => "!",
                };
                format!("{}{mark}", item.alert.labels.get("n"))
            })
            .collect();
        items.sort();
        format!("{}.{} {}", ms / 1_000, ms % 1_000 / 100, items.join(" "))
    };
    told.iter().map(of).collect()
}
