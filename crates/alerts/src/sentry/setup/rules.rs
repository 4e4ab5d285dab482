//! The four rules, and how each differs from what Sentry has.

use serde_json::{Value, json};

use super::SentryProject;

/// At the end of each name: by this we know our own.
const MARK: &str = "[plimsoll]";

/// A rule as it should be.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) name: String,
    /// Pause between two messages, in minutes; Sentry takes 0, 5, 10, 30, 60, 180, 720 and 1440.
    frequency: u32,
    /// What wakes the rule; nothing: every event.
    triggers: Vec<&'static str>,
    /// All must hold.
    conditions: Vec<Value>,
    actions: Vec<Value>,
    environment: Option<String>,
}

/// Rules for what a strategy sends: by its tags `trading.kind` and `trading.critical`, not by words of a message,
/// so that a limit's second breach is told as its first is.
pub(super) fn wanted(project: &SentryProject) -> Vec<Wanted> {
    let rule = |name: &str, frequency, conditions: Vec<Value>| Wanted {
        name: format!("{name} {MARK}"),
        frequency,
        triggers: Vec::new(),
        conditions,
        actions: actions(project),
        environment: project.environment.clone(),
    };
    let mut critical = rule("Critical Trading Error", 5, vec![tagged("trading.critical", "true")]);
    critical.triggers = vec!["first_seen_event", "reappeared_event", "regression_event"];
    vec![
        rule("High Error Rate", 60, vec![more_than(10, "1h")]),
        critical,
        rule("Risk Limit Breach", 5, vec![tagged("trading.kind", "risk"), more_than(0, "5m")]),
        rule(
            "Connection Errors",
            30,
            vec![tagged("trading.kind", "connection"), more_than(5, "15m")],
        ),
    ]
}

fn tagged(key: &str, value: &str) -> Value {
    json!({
        "type": "tagged_event",
        "comparison": {"key": key, "match": "eq", "value": value},
        "conditionResult": true,
    })
}

fn more_than(value: u32, interval: &str) -> Value {
    json!({
        "type": "event_frequency_count",
        "comparison": {"value": value, "interval": interval},
        "conditionResult": true,
    })
}

fn actions(project: &SentryProject) -> Vec<Value> {
    let mut actions = vec![json!({
        "type": "email",
        "integrationId": null,
        "data": {"fallthroughType": "ActiveMembers"},
        "config": {
            "targetType": "issue_owners",
            "targetDisplay": null,
            "targetIdentifier": null,
        },
        "status": "active",
    })];
    if let Some((integration, channel)) = &project.discord {
        actions.push(json!({
            "type": "discord",
            "integrationId": integration,
            "data": {"tags": "trading.kind,trading.strategy_id"},
            "config": {
                "targetType": "specific",
                "targetDisplay": null,
                "targetIdentifier": channel,
            },
            "status": "active",
        }));
    }
    actions
}

impl Wanted {
    /// What is sent to create or replace it.
    pub(super) fn body(&self, detector: u64) -> Value {
        let triggers: Vec<Value> = self.triggers.iter().map(|kind| trigger(kind)).collect();
        json!({
            "name": self.name,
            "enabled": true,
            "environment": self.environment,
            "detector_ids": [detector],
            "config": {"frequency": self.frequency},
            "triggers": {"logic_type": "any-short", "conditions": triggers},
            "action_filters": [{
                "logic_type": "all",
                "conditions": self.conditions,
                "actions": self.actions,
            }],
        })
    }

    /// What differs from a rule that Sentry has, in words.
    pub(super) fn differences(&self, detector: u64, found: &Value) -> Vec<String> {
        let filters = found.get("actionFilters").and_then(Value::as_array);
        let filters = filters.map_or(&[][..], Vec::as_slice);
        let filter = filters.first().unwrap_or(&Value::Null);
        let wanted_conditions: Vec<Value> = self.conditions.iter().map(condition).collect();
        let wanted_actions: Vec<Value> = self.actions.iter().map(action).collect();
        let triggers: Vec<Value> =
            self.triggers.iter().map(|kind| condition(&trigger(kind))).collect();
        let pairs = [
            ("enabled", field(found, "/enabled"), json!(true)),
            ("environment", field(found, "/environment"), json!(self.environment)),
            ("detectors", ids(found.get("detectorIds")), json!([detector.to_string()])),
            ("minutes between messages", field(found, "/config/frequency"), json!(self.frequency)),
            ("triggers", list(found.pointer("/triggers/conditions"), condition), json!(triggers)),
            ("filters", json!(filters.len()), json!(1)),
            ("logic of the filter", field(filter, "/logicType"), json!("all")),
            ("conditions", list(filter.get("conditions"), condition), json!(wanted_conditions)),
            ("actions", list(filter.get("actions"), action), json!(wanted_actions)),
        ];
        let differs = pairs.into_iter().filter(|(_, found, wanted)| found != wanted);
        differs.map(|(what, found, wanted)| format!("{what}: {found} should be {wanted}")).collect()
    }
}

fn trigger(kind: &str) -> Value {
    json!({"type": kind, "comparison": true, "conditionResult": true})
}

fn field(of: &Value, pointer: &str) -> Value {
    of.pointer(pointer).cloned().unwrap_or_default()
}

fn list(of: Option<&Value>, each: fn(&Value) -> Value) -> Value {
    of.and_then(Value::as_array).into_iter().flatten().map(each).collect()
}

fn ids(of: Option<&Value>) -> Value {
    let text = |id: &Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    of.and_then(Value::as_array).into_iter().flatten().map(|id| json!(text(id))).collect()
}

/// A condition without ids, an interval in one spelling.
fn condition(of: &Value) -> Value {
    let mut comparison = field(of, "/comparison");
    if let Some(Value::String(interval)) = comparison.get_mut("interval") {
        *interval = short(interval);
    }
    json!({"type": field(of, "/type"), "comparison": comparison, "result": field(of, "/conditionResult")})
}

/// An action without ids and names that Sentry fills in.
fn action(of: &Value) -> Value {
    json!({
        "type": field(of, "/type"),
        "integration": field(of, "/integrationId"),
        "target": [field(of, "/config/targetType"), field(of, "/config/targetIdentifier")],
        "data": field(of, "/data"),
    })
}

/// `15min` and `1hr`, as Sentry's description has them, as `15m` and `1h`, as its examples do.
fn short(interval: &str) -> String {
    interval.replace("min", "m").replace("hr", "h")
}

/// The other spelling.
pub(super) fn long(body: &Value) -> Value {
    let mut body = body.clone();
    let filters = body.get_mut("action_filters").and_then(Value::as_array_mut);
    for filter in filters.into_iter().flatten() {
        let conditions = filter.get_mut("conditions").and_then(Value::as_array_mut);
        for condition in conditions.into_iter().flatten() {
            if let Some(Value::String(interval)) = condition.pointer_mut("/comparison/interval") {
                *interval = interval.replace('m', "min").replace('h', "hr");
            }
        }
    }
    body
}
