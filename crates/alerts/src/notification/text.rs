//! A notification in words, for receivers that show plain text. Nothing is told by color alone.

use std::time::{Duration, SystemTime};

use super::{Item, Kind, News, Notification, moment};
use crate::{AlertState, Severity};

/// Row time and wall time closer than this are shown as one.
const SAME_TIME: Duration = Duration::from_secs(2);

/// One line that says the most important: `CRITICAL firing: Drawdown, ema-001: 17.5 % (limit 10 %)`.
#[must_use]
pub fn headline(notification: &Notification) -> String {
    let prefix = match notification.kind {
        Kind::Escalation => "NOT ACKNOWLEDGED: ",
        Kind::Repeat => "STILL ",
        Kind::Test => "TEST: ",
        Kind::Acknowledged | Kind::News => "",
    };
    let body = match notification.items.as_slice() {
        [] => "Plimsoll can reach this place".to_owned(),
        [item] => format!("{}: {}", status(item), subject(item)),
        items => several(items),
    };
    format!("{prefix}{body}")
}

/// The whole message, a line for each thing to know.
#[must_use]
pub fn plain_text(notification: &Notification) -> String {
    let mut lines = vec![headline(notification)];
    lines.extend(notification.note.iter().map(|note| format!("note: {note}")));
    let is_one = notification.items.len() == 1;
    for item in &notification.items {
        if !is_one {
            lines.push(String::new());
            lines.push(format!("{}: {}", status(item), subject(item)));
        }
        lines.extend(details(item).into_iter().map(|(name, text)| format!("{name}: {text}")));
    }
    lines.push(format!("id: {}", notification.id));
    lines.join("\n")
}

/// What is the matter, with its severity: `CRITICAL firing`, `CRITICAL resolved`, `WARNING no data`.
pub(crate) fn status(item: &Item) -> String {
    let severity = severity_word(item.alert.severity);
    let state = match item.news {
        News::Brief => "fired and ended".to_owned(),
        News::FiredAgain => format!("{} again", state_word(item)),
        News::Resolved => "resolved".to_owned(),
        News::Muted => format!("{}, muted", state_word(item)),
        News::Unmuted => format!("{}, not muted any more", state_word(item)),
        News::Still | News::Fired | News::Changed => state_word(item).to_owned(),
    };
    format!("{severity} {state}")
}

/// What it is about: `Drawdown, ema-001: 17.5 % (limit 10 %)`.
pub(crate) fn subject(item: &Item) -> String {
    let alert = &item.alert;
    let mut parts = vec![title(item).to_owned()];
    parts.extend(places(item));
    let value = alert.shown_value();
    let limit = alert.shown_threshold();
    let limit = if limit.is_empty() { limit } else { format!(" (limit {limit})") };
    format!("{}: {value}{limit}", parts.join(", "))
}

/// Title of the rule, or its name.
pub(crate) fn title(item: &Item) -> &str {
    if item.alert.text.title.is_empty() { &item.alert.rule } else { &item.alert.text.title }
}

/// Values of the labels that say where it is.
fn places(item: &Item) -> impl Iterator<Item = String> {
    const PLACES: [&str; 4] = ["strategy_id", "instrument_id", "venue", "account_id"];
    let values = PLACES.map(|name| item.alert.labels.get(name).to_owned());
    values.into_iter().filter(|value| !value.is_empty() && value != "-")
}

/// Everything to know of an alert, by name, the most important first.
pub(crate) fn details(item: &Item) -> Vec<(&'static str, String)> {
    let alert = &item.alert;
    let text = &alert.text;
    let mut details = vec![
        ("rule", alert.rule.clone()),
        ("severity", alert.severity.as_str().to_owned()),
        ("strategy", or_dash(alert.labels.get("strategy_id"))),
        ("value", alert.shown_value()),
        ("limit", or_dash(&alert.shown_threshold())),
    ];
    let worst = item.peak_value.or(alert.peak_value).map(|peak| text.unit.show(peak));
    details.extend(worst.map(|worst| ("worst", worst)));
    details.extend(since(item).map(|since| ("since", since)));
    details.extend(lasted(item).map(|lasted| ("lasted", lasted)));
    if item.flaps > 0 {
        details.push(("flapped", format!("{} times since it was last told", item.flaps)));
    }
    if differs(alert.row_at, alert.wall_at) {
        let (row, wall) = (moment::utc(alert.row_at), moment::utc(alert.wall_at));
        details.push(("times", format!("data of {row}, noticed {wall}")));
    }
    details.extend(item.muted.clone().map(|why| ("muted", why)));
    details.extend(item.acked_by.clone().map(|who| ("acknowledged", format!("by {who}"))));
    let told = [("means", &text.meaning), ("do", &text.action), ("runbook", &text.runbook)];
    details
        .extend(told.into_iter().filter(|(_, t)| !t.is_empty()).map(|(name, t)| (name, t.clone())));
    details.extend(other_labels(item).map(|labels| ("labels", labels)));
    details
}

/// Since when: the first of the episodes that are told together.
fn since(item: &Item) -> Option<String> {
    let alert = &item.alert;
    let at = item.first_fired_at.or(alert.active_at).or(alert.fired_at)?;
    Some(moment::utc(alert.active_at.map_or(at, |active| active.min(at))))
}

/// How long an alert that ended had lasted.
fn lasted(item: &Item) -> Option<String> {
    if item.is_open() {
        return None;
    }
    let from = item.first_fired_at.or(item.alert.fired_at)?;
    Some(moment::span(item.alert.row_at.duration_since(from).ok()?))
}

fn other_labels(item: &Item) -> Option<String> {
    let rest = item.alert.labels.iter().filter(|(name, _)| *name != "strategy_id");
    let rest: Vec<String> = rest.map(|(name, value)| format!("{name}={value}")).collect();
    (!rest.is_empty()).then(|| rest.join(", "))
}

fn several(items: &[Item]) -> String {
    let open = items.iter().filter(|item| item.is_open()).count();
    let over = items.len().saturating_sub(open);
    let worst = items.iter().filter(|item| item.is_open()).map(|item| item.alert.severity).max();
    let worst = worst.or_else(|| items.iter().map(|item| item.alert.severity).max());
    let severity = severity_word(worst.unwrap_or_default());
    let mut titles: Vec<&str> = items.iter().map(title).collect();
    titles.dedup();
    titles.truncate(3);
    let counts = match (open, over) {
        (open, 0) => format!("{open} alerts"),
        (0, over) => format!("{over} alerts ended"),
        (open, over) => format!("{open} open, {over} ended"),
    };
    format!("{severity} {counts}: {}", titles.join(", "))
}

fn state_word(item: &Item) -> &'static str {
    match item.alert.to {
        AlertState::NoData => "no data",
        AlertState::Error => "cannot be judged",
        AlertState::Resolved | AlertState::Normal => "fine",
        _ => "firing",
    }
}

pub(crate) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "CRITICAL",
        Severity::Warning => "WARNING",
        _ => "INFO",
    }
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

fn differs(a: SystemTime, b: SystemTime) -> bool {
    a.duration_since(b).or_else(|_| b.duration_since(a)).is_ok_and(|apart| apart > SAME_TIME)
}
