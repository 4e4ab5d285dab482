//! PagerDuty, events version 2: one event an alert, told apart by the alert's key.

use plimsoll_redact::Secret;
use serde_json::{Value, json};

use super::Web;
use crate::http::{Method, Request};
use crate::notification::{Item, Kind, Notification, alert_key, details, moment, text};
use crate::notify::{Notify, NotifyError, Receipt};
use crate::secret::SecretRef;
use crate::{AlertState, Severity};

const URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// Longest summary, in characters, by PagerDuty's description.
const SUMMARY_MAX: usize = 1024;

/// Longest key, in characters, by PagerDuty's description.
const KEY_MAX: usize = 255;

/// A service at PagerDuty.
#[derive(Debug)]
pub(crate) struct PagerDuty {
    pub(crate) web: Web,
    pub(crate) key: SecretRef,
    pub(crate) url: Option<String>,
}

impl Notify for PagerDuty {
    fn notify(&mut self, notification: &Notification) -> Result<Receipt, NotifyError> {
        let key = self.web.secret(&self.key)?;
        let url = self.url.clone().unwrap_or_else(|| URL.to_owned());
        // The same events again change nothing at PagerDuty, so that a failure in the middle may begin anew.
        for event in events(notification, key.expose()) {
            let request = Request::json(Method::Post, Secret::new(url.as_str()), &event);
            self.web.ask(request)?;
        }
        Ok(Receipt::default())
    }

    fn warm_up(&mut self) {
        self.web.http.warm_up();
    }

    fn address(&mut self) -> Option<u32> {
        self.web.address(&[Some(&self.key)])
    }
}

/// One event for each alert; one of its own for a test.
pub(crate) fn events(notification: &Notification, routing_key: &str) -> Vec<Value> {
    if notification.items.is_empty() {
        let summary = text::headline(notification);
        let payload = json!({"summary": summary, "source": "plimsoll", "severity": "info"});
        return vec![json!({
            "routing_key": routing_key,
            "event_action": "trigger",
            "dedup_key": notification.id,
            "payload": payload,
        })];
    }
    notification.items.iter().map(|item| event(notification, item, routing_key)).collect()
}

fn event(notification: &Notification, item: &Item, routing_key: &str) -> Value {
    let action = match notification.kind {
        _ if !item.is_open() => "resolve",
        Kind::Acknowledged => "acknowledge",
        _ => "trigger",
    };
    if action != "trigger" {
        return json!({
            "routing_key": routing_key,
            "event_action": action,
            "dedup_key": dedup_key(item),
        });
    }
    let runbook = Some(&item.alert.text.runbook).filter(|url| url.starts_with("https://"));
    let links: Vec<Value> =
        runbook.into_iter().map(|url| json!({"href": url, "text": "runbook"})).collect();
    json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key(item),
        "payload": payload(notification, item),
        "client": "Plimsoll",
        "links": links,
    })
}

fn payload(notification: &Notification, item: &Item) -> Value {
    let summary = format!("{}: {}", text::status(item), text::subject(item));
    let summary: String = summary.chars().take(SUMMARY_MAX).collect();
    let source = item.alert.labels.get("strategy_id");
    let mut custom: serde_json::Map<String, Value> =
        details(item).into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect();
    custom.insert("id".to_owned(), json!(notification.id));
    custom.extend(notification.note.iter().map(|note| ("note".to_owned(), json!(note))));
    json!({
        "summary": summary,
        "source": if source.is_empty() { "plimsoll" } else { source },
        "severity": severity(item),
        "timestamp": moment::rfc3339(item.first_fired_at.unwrap_or(item.alert.wall_at)),
        "component": item.alert.rule,
        "group": notification.group,
        "class": item.alert.family,
        "custom_details": custom,
    })
}

fn severity(item: &Item) -> &'static str {
    match (item.alert.to, item.alert.severity) {
        (AlertState::Error, Severity::Warning | Severity::Info) => "error",
        (_, Severity::Critical) => "critical",
        (_, Severity::Warning) => "warning",
        _ => "info",
    }
}

/// The alert's key; the end of one that is too long gives way to a checksum of the whole.
fn dedup_key(item: &Item) -> String {
    let key = alert_key(&item.alert);
    if key.chars().count() <= KEY_MAX {
        return key;
    }
    let start: String = key.chars().take(KEY_MAX - 9).collect();
    format!("{start}-{:08x}", crc32fast::hash(key.as_bytes()))
}
