//! A stand-in of Sentry: it takes envelopes, knows events by their ids, and keeps alert rules as the workflow API
//! does. What it is sent is checked strictly; what it answers has the form of the published description.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::listening::locked;
use crate::{Reply, Request, ScriptedHttp};

/// Key and number of the only project.
const KEY: &str = "0123456789abcdef0123456789abcdef";
const PROJECT_ID: u32 = 42;

/// Organization and project as their addresses name them, and the token that is let in.
const ORGANIZATION: &str = "desk";
const PROJECT: &str = "strategies";
const TOKEN: &str = "stand-in-of-a-sentry-token";

/// Rules on one page of a list.
const PAGE: usize = 2;

/// A Sentry of one project, on loopback.
#[derive(Debug)]
pub struct SentryStandIn {
    server: ScriptedHttp,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    next_replies: VecDeque<Reply>,
    events: Vec<Value>,
    reports: Vec<Value>,
    workflows: Vec<Value>,
    next_id: u64,
    violations: Vec<String>,
    writes: u64,
    bodies: Vec<Value>,
    forgets_events: bool,
    wants_long_intervals: bool,
}

impl SentryStandIn {
    /// Starts one without events and rules.
    ///
    /// # Errors
    ///
    /// When no port or no thread can be had.
    pub fn start() -> io::Result<SentryStandIn> {
        let shared = Arc::new(Shared::default());
        let in_server = Arc::clone(&shared);
        let server = ScriptedHttp::answering(move |request| in_server.answer(request))?;
        Ok(SentryStandIn { server, shared })
    }

    /// Returns the project's address.
    #[must_use]
    pub fn dsn(&self) -> String {
        format!("http://{KEY}@{}/{PROJECT_ID}", self.server.addr())
    }

    /// Returns the base address of its API.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Returns organization, project and token.
    #[must_use]
    pub fn access(&self) -> (&'static str, &'static str, &'static str) {
        (ORGANIZATION, PROJECT, TOKEN)
    }

    /// The next requests get these replies, and nothing is kept of them.
    pub fn reply_next(&self, replies: impl IntoIterator<Item = Reply>) {
        locked(&self.shared.state).next_replies.extend(replies);
    }

    /// From now on events are taken and never found, as when processing is behind.
    pub fn forget_events(&self) {
        locked(&self.shared.state).forgets_events = true;
    }

    /// From now on only `15min` and `1hr` are intervals, not `15m` and `1h`.
    pub fn want_long_intervals(&self) {
        locked(&self.shared.state).wants_long_intervals = true;
    }

    /// Somebody changes a rule by hand.
    pub fn edit_workflow(&self, index: usize, edit: impl FnOnce(&mut Value)) {
        if let Some(workflow) = locked(&self.shared.state).workflows.get_mut(index) {
            edit(workflow);
        }
    }

    /// Returns the events that it took.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        locked(&self.shared.state).events.clone()
    }

    /// Returns what it was told of events that it will not get.
    #[must_use]
    pub fn client_reports(&self) -> Vec<Value> {
        locked(&self.shared.state).reports.clone()
    }

    /// Returns the rules that it has.
    #[must_use]
    pub fn workflows(&self) -> Vec<Value> {
        locked(&self.shared.state).workflows.clone()
    }

    /// Returns how often a rule was created or replaced.
    #[must_use]
    pub fn writes(&self) -> u64 {
        locked(&self.shared.state).writes
    }

    /// Returns the bodies by which rules were created or replaced.
    #[must_use]
    pub fn workflow_bodies(&self) -> Vec<Value> {
        locked(&self.shared.state).bodies.clone()
    }

    /// Returns what was wrong with what it was sent.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        locked(&self.shared.state).violations.clone()
    }

    /// Waits until it has so many events, at most `timeout`, and returns them.
    #[must_use]
    pub fn wait_for_events(&self, count: usize, timeout: Duration) -> Vec<Value> {
        let state = locked(&self.shared.state);
        let waited =
            self.shared.changed.wait_timeout_while(state, timeout, |s| s.events.len() < count);
        waited.unwrap_or_else(PoisonError::into_inner).0.events.clone()
    }
}

impl Shared {
    fn answer(&self, request: &Request) -> Reply {
        let mut state = locked(&self.state);
        let reply = match state.next_replies.pop_front() {
            Some(reply) => reply,
            None => state.answer(request),
        };
        self.changed.notify_all();
        reply
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Reply {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        if path == format!("/api/{PROJECT_ID}/envelope/") {
            return self.envelope(request);
        }
        let base = format!("/api/0/organizations/{ORGANIZATION}/");
        let Some(path) = path.strip_prefix(&base) else { return refused(404, "no such place") };
        if request.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
            return refused(401, "Invalid token");
        }
        let is_project = query.split('&').any(|part| part == format!("project={PROJECT}"));
        match (request.method.as_str(), path.split_once('/').unwrap_or((path, ""))) {
            ("GET", ("detectors", "")) if is_project => Reply::json(200, &detectors().to_string()),
            ("GET", ("workflows", "")) if is_project => self.page(query),
            ("POST", ("workflows", "")) => self.write(request, None),
            ("PUT", ("workflows", id)) => self.write(request, Some(id.trim_end_matches('/'))),
            ("GET", ("eventids", id)) => self.event(id.trim_end_matches('/')),
            _ => refused(404, "The requested resource does not exist"),
        }
    }

    fn envelope(&mut self, request: &Request) -> Reply {
        let auth = request.header("x-sentry-auth").unwrap_or_default();
        if !auth.contains(&format!("sentry_key={KEY}")) {
            return refused(403, "bad sentry DSN public key");
        }
        match items(&request.body) {
            Ok(items) => {
                for (kind, payload) in items {
                    match kind.as_str() {
                        "event" => self.events.push(payload),
                        "client_report" => self.reports.push(payload),
                        other => self.violations.push(format!("an item of type `{other}`")),
                    }
                }
                Reply::json(200, "{}")
            }
            Err(wrong) => {
                self.violations.push(wrong.clone());
                refused(400, &wrong)
            }
        }
    }

    fn page(&self, query: &str) -> Reply {
        let cursor = query.split('&').find_map(|part| part.strip_prefix("cursor="));
        let start = cursor.and_then(|cursor| cursor.split("%3A").nth(1)?.parse().ok()).unwrap_or(0);
        let page: Vec<&Value> = self.workflows.iter().skip(start).take(PAGE).collect();
        let has_more = start + PAGE < self.workflows.len();
        let link = format!(
            "<http://x/>; rel=\"previous\"; results=\"{}\"; cursor=\"0:0:1\", \
             <http://x/>; rel=\"next\"; results=\"{has_more}\"; cursor=\"0:{}:0\"",
            start > 0,
            start + PAGE
        );
        Reply::json(200, &json!(page).to_string()).with_header("link", &link)
    }

    fn write(&mut self, request: &Request, id: Option<&str>) -> Reply {
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return refused(400, "no JSON");
        };
        let wrong = self.wrong_with(&body);
        if !wrong.is_empty() {
            if !(self.wants_long_intervals && wrong == ["interval"]) {
                self.violations.extend(wrong.iter().cloned());
            }
            return refused(400, &wrong.join("; "));
        }
        self.bodies.push(body.clone());
        self.writes += 1;
        let index = match id {
            None => {
                self.next_id += 1;
                self.workflows.push(Value::Null);
                self.workflows.len() - 1
            }
            Some(id) => match self.workflows.iter().position(|workflow| workflow["id"] == id) {
                Some(index) => index,
                None => return refused(404, "no such workflow"),
            },
        };
        let number = id.map_or_else(|| (9_000 + self.next_id).to_string(), str::to_owned);
        let stored = shown(&body, &number);
        let reply = Reply::json(if id.is_some() { 200 } else { 201 }, &stored.to_string());
        if let Some(place) = self.workflows.get_mut(index) {
            *place = stored;
        }
        reply
    }

    /// What is wrong with a rule, by the published description and stricter.
    fn wrong_with(&self, body: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let Some(fields) = body.as_object() else { return vec!["no object".to_owned()] };
        const KNOWN: [&str; 8] = [
            "name",
            "id",
            "enabled",
            "environment",
            "detector_ids",
            "config",
            "triggers",
            "action_filters",
        ];
        wrong.extend(
            fields.keys().filter(|k| !KNOWN.contains(&k.as_str())).map(|k| format!("`{k}`")),
        );
        let name = body["name"].as_str().unwrap_or_default();
        if name.is_empty() || name.chars().count() > 256 {
            wrong.push("name".to_owned());
        }
        let frequency = body.pointer("/config/frequency").and_then(Value::as_u64).unwrap_or(9);
        if ![0, 5, 10, 30, 60, 180, 720, 1_440].contains(&frequency) {
            wrong.push(format!("frequency {frequency}"));
        }
        if body["detector_ids"] != json!([7]) {
            wrong.push(format!("detector_ids {}", body["detector_ids"]));
        }
        self.check_conditions(&mut wrong, &body["triggers"], &TRIGGERS);
        for filter in body["action_filters"].as_array().into_iter().flatten() {
            self.check_conditions(&mut wrong, filter, &FILTERS);
            for action in filter["actions"].as_array().into_iter().flatten() {
                let is_known =
                    ["email", "discord"].contains(&action["type"].as_str().unwrap_or(""));
                if !is_known || action.pointer("/config/targetType").is_none() {
                    wrong.push(format!("action {action}"));
                }
            }
        }
        wrong
    }

    fn check_conditions(&self, wrong: &mut Vec<String>, group: &Value, known: &[&str]) {
        let logic = group["logic_type"].as_str().unwrap_or_default();
        if !["any", "any-short", "all", "none"].contains(&logic) {
            wrong.push(format!("logic_type `{logic}`"));
        }
        for condition in group["conditions"].as_array().into_iter().flatten() {
            let kind = condition["type"].as_str().unwrap_or_default();
            if !known.contains(&kind) || condition["conditionResult"] != json!(true) {
                wrong.push(format!("condition {condition}"));
            }
            let interval = condition.pointer("/comparison/interval").and_then(Value::as_str);
            let short = ["1m", "5m", "15m", "1h", "1d", "1w", "30d"];
            let long = ["1min", "5min", "15min", "1hr", "1d", "1w", "30d"];
            let known = if self.wants_long_intervals { long } else { short };
            if interval.is_some_and(|interval| !known.contains(&interval)) {
                wrong.push("interval".to_owned());
            }
        }
    }

    fn event(&self, id: &str) -> Reply {
        let found = self.events.iter().find(|event| event["event_id"] == id);
        match found.filter(|_| !self.forgets_events) {
            Some(_) => {
                let said = json!({
                    "organizationSlug": ORGANIZATION,
                    "projectSlug": PROJECT,
                    "groupId": "1",
                    "eventId": id,
                    "event": {"id": id, "eventID": id},
                });
                Reply::json(200, &said.to_string())
            }
            None => refused(404, "Event not found"),
        }
    }
}

const TRIGGERS: [&str; 4] =
    ["first_seen_event", "issue_resolved_trigger", "reappeared_event", "regression_event"];

const FILTERS: [&str; 6] = [
    "event_frequency_count",
    "tagged_event",
    "event_attribute",
    "level",
    "issue_occurrences",
    "issue_priority_greater_or_equal",
];

fn detectors() -> Value {
    let of = |id: &str, kind: &str| {
        json!({
            "id": id,
            "projectId": PROJECT_ID.to_string(),
            "name": format!("{kind} monitor"),
            "type": kind,
            "workflowIds": [],
            "dateCreated": "2026-01-13T21:21:15.975384Z",
            "dateUpdated": "2026-01-13T21:21:15.975384Z",
            "dataSources": null,
            "conditionGroup": null,
            "config": {},
            "enabled": true,
        })
    };
    json!([of("5", "uptime_domain_failure"), of("7", "issue_stream"), of("6", "error")])
}

/// A rule as Sentry shows it: with ids of its own, and the names of its parts in another spelling.
fn shown(body: &Value, id: &str) -> Value {
    let group = |group: &Value, number: u32| {
        let conditions = group["conditions"].as_array().into_iter().flatten().enumerate();
        let conditions: Vec<Value> = conditions
            .map(|(index, condition)| with_id(condition, &format!("{number}{index}")))
            .collect();
        let actions = group["actions"].as_array().into_iter().flatten().enumerate();
        let actions: Vec<Value> =
            actions.map(|(index, action)| with_id(action, &format!("8{number}{index}"))).collect();
        json!({
            "id": number.to_string(),
            "organizationId": "1",
            "logicType": group["logic_type"],
            "conditions": conditions,
            "actions": actions,
        })
    };
    let filters = body["action_filters"].as_array().into_iter().flatten();
    let detectors = body["detector_ids"].as_array().into_iter().flatten();
    json!({
        "id": id,
        "name": body["name"],
        "organizationId": "1",
        "createdBy": "17",
        "dateCreated": "2026-01-13T21:21:15.975384Z",
        "dateUpdated": "2026-01-13T21:21:15.975384Z",
        "triggers": group(&body["triggers"], 300),
        "actionFilters": filters.map(|filter| group(filter, 400)).collect::<Vec<_>>(),
        "environment": body["environment"],
        "config": body["config"],
        "detectorIds": detectors.map(ToString::to_string).collect::<Vec<_>>(),
        "enabled": body["enabled"],
        "lastTriggered": null,
        "owner": null,
    })
}

fn with_id(value: &Value, id: &str) -> Value {
    let mut fields = value.as_object().cloned().unwrap_or_else(Map::new);
    fields.insert("id".to_owned(), json!(id));
    Value::Object(fields)
}

fn refused(status: u16, detail: &str) -> Reply {
    Reply::json(status, &json!({"detail": detail}).to_string())
}

/// The items of an envelope, with the types that their headers name.
fn items(body: &[u8]) -> Result<Vec<(String, Value)>, String> {
    let mut lines = body.split(|byte| *byte == b'\n');
    let parse = |line: Option<&[u8]>, what: &str| -> Result<Value, String> {
        let line = line.ok_or_else(|| format!("no {what}"))?;
        serde_json::from_slice(line).map_err(|error| format!("{what}: {error}"))
    };
    let header = parse(lines.next(), "envelope header")?;
    let id = header.get("event_id").cloned();
    let mut items = Vec::new();
    while let Some(line) = lines.next().filter(|line| !line.is_empty()) {
        let item = parse(Some(line), "item header")?;
        let raw = lines.next().unwrap_or_default();
        let length = item.get("length").and_then(Value::as_u64);
        if length.is_some_and(|length| length != raw.len() as u64) {
            return Err(format!("an item of {} bytes says {length:?}", raw.len()));
        }
        let payload = parse(Some(raw), "payload")?;
        let kind = item.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if kind == "event" && payload.get("event_id") != id.as_ref() {
            return Err("the envelope has another event's id".to_owned());
        }
        items.push((kind, payload));
    }
    Ok(items)
}
