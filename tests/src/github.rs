//! A stand-in of GitHub's REST API for one repository: pull requests, the comments at their lines and in their
//! conversation. What it is sent is checked against the fields of the published description.

#![allow(
    clippy::indexing_slicing,
    reason = "an index of a JSON value gives null, or makes the entry"
)]

mod fields;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::listening::locked;
use crate::{Reply, Request, ScriptedHttp};

const REPOSITORY: &str = "desk/strategies";
const TOKEN: &str = "stand-in-of-a-github-token";
/// Who writes with the token.
const LOGIN: &str = "github-actions[bot]";
/// Entries of a list that one page holds, however many are asked for.
const PAGE: usize = 2;

/// A GitHub of one repository, on loopback.
#[derive(Debug)]
pub struct GitHubStandIn {
    server: ScriptedHttp,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    base: String,
    pulls: Vec<Value>,
    advisories: Vec<Value>,
    diffs: BTreeMap<u64, String>,
    comments: Vec<Entry>,
    next_id: u64,
    writes: Vec<(String, String, Value)>,
    violations: Vec<String>,
    next_replies: Vec<Reply>,
}

/// A comment with the place that it belongs to.
#[derive(Debug, Clone)]
struct Entry {
    kind: &'static str,
    pull: u64,
    json: Value,
}

impl GitHubStandIn {
    /// Starts one without pull requests.
    ///
    /// # Errors
    ///
    /// When no port or no thread can be had.
    pub fn start() -> io::Result<GitHubStandIn> {
        let state = Arc::new(Mutex::new(State { next_id: 1, ..State::default() }));
        let in_server = Arc::clone(&state);
        let server = ScriptedHttp::answering(move |request| locked(&in_server).answer(request))?;
        locked(&state).base = server.url();
        Ok(GitHubStandIn { server, state })
    }

    /// Returns the base address of its API.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Returns the repository and the token that is let in.
    #[must_use]
    pub fn access(&self) -> (&'static str, &'static str) {
        (REPOSITORY, TOKEN)
    }

    /// Somebody opens a pull request with this diff; returns its number.
    #[must_use]
    pub fn open_pull(&self, base_sha: &str, head_sha: &str, diff: &str) -> u64 {
        let mut state = locked(&self.state);
        let number = state.pull("by hand", "", "topic", "main");
        if let Some(pull) = state.pulls.last_mut() {
            pull["base"]["sha"] = base_sha.into();
            pull["head"]["sha"] = head_sha.into();
        }
        state.diffs.insert(number, diff.to_owned());
        number
    }

    /// Somebody opens one from a branch, with these words; returns its number.
    #[must_use]
    pub fn open_pull_from(&self, head: &str, title: &str, body: &str) -> u64 {
        locked(&self.state).pull(title, body, head, "main")
    }

    /// An advisory of severity critical becomes known.
    pub fn open_advisory(&self, package: &str) {
        let mut state = locked(&self.state);
        let number = state.id();
        state.advisories.push(json!({"number": number, "state": "open",
            "security_advisory": {"severity": "critical"},
            "dependency": {"package": {"name": package}}}));
    }

    /// All advisories are dealt with.
    pub fn fix_advisories(&self) {
        locked(&self.state).advisories.clear();
    }

    /// Somebody pushes to it.
    pub fn push(&self, number: u64, head_sha: &str, diff: &str) {
        let mut state = locked(&self.state);
        for pull in state.pulls.iter_mut().filter(|pull| pull["number"] == number) {
            pull["head"]["sha"] = head_sha.into();
        }
        state.diffs.insert(number, diff.to_owned());
    }

    /// Somebody else writes a comment at a line.
    pub fn write_review_comment(&self, number: u64, login: &str, body: &str) {
        locked(&self.state).comment("pulls", number, login, json!({"body": body}));
    }

    /// The next requests get these replies, the first one first, and nothing is kept of them.
    pub fn reply_next(&self, replies: impl IntoIterator<Item = Reply>) {
        locked(&self.state).next_replies.extend(replies);
    }

    /// Returns the comments at the lines of a pull request.
    #[must_use]
    pub fn review_comments(&self, number: u64) -> Vec<Value> {
        locked(&self.state).list("pulls", number)
    }

    /// Returns the comments of its conversation.
    #[must_use]
    pub fn comments(&self, number: u64) -> Vec<Value> {
        locked(&self.state).list("issues", number)
    }

    /// Returns all pull requests.
    #[must_use]
    pub fn pulls(&self) -> Vec<Value> {
        locked(&self.state).pulls.clone()
    }

    /// Returns method, path below the repository and body of each request that wrote.
    #[must_use]
    pub fn writes(&self) -> Vec<(String, String, Value)> {
        locked(&self.state).writes.clone()
    }

    /// Returns what was wrong with what it was sent.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        locked(&self.state).violations.clone()
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Reply {
        if !self.next_replies.is_empty() {
            return self.next_replies.remove(0);
        }
        self.check_headers(request);
        if request.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
            return refused(401, "Bad credentials");
        }
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let Some(path) = path.strip_prefix(&format!("/repos/{REPOSITORY}")) else {
            return refused(404, "Not Found");
        };
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        if request.method != "GET" {
            self.writes.push((request.method.clone(), path.to_owned(), body.clone()));
        }
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let wrong = fields::wrong(&request.method, &parts, query, &body);
        if !wrong.is_empty() {
            self.violations.extend(wrong);
            return refused(422, "Validation Failed");
        }
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["dependabot", "alerts"]) => self.page(&self.advisories, path, query),
            ("GET", ["pulls"]) => self.page(&self.pulls_of(query), path, query),
            ("POST", ["pulls"]) => self.create_pull(&body),
            ("GET", ["pulls", number]) => self.show_pull(request, number),
            ("PATCH", ["pulls", number]) => self.edit_pull(number, &body),
            ("GET", [kind @ ("pulls" | "issues"), number, "comments"]) => {
                self.page(&self.list(kind, number.parse().unwrap_or(0)), path, query)
            }
            ("POST", ["pulls", number, "comments"]) => self.create_comment("pulls", number, &body),
            ("POST", ["issues", number, "comments"]) => {
                self.create_comment("issues", number, &body)
            }
            ("PATCH", [kind @ ("pulls" | "issues"), "comments", id]) => {
                self.edit_comment(kind, id, &body)
            }
            _ => refused(404, "Not Found"),
        }
    }

    fn check_headers(&mut self, request: &Request) {
        for name in ["user-agent", "x-github-api-version", "accept"] {
            if request.header(name).is_none() {
                self.violations.push(format!("no header {name}"));
            }
        }
        if request.method != "GET" && request.header("content-type") != Some("application/json") {
            self.violations.push("a body that is not application/json".to_owned());
        }
    }

    fn pulls_of(&self, query: &str) -> Vec<Value> {
        let value = |name: &str| {
            query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let head = value("head").map(|text| text.replace("%3A", ":").replace("%2F", "/"));
        let wanted = |pull: &&Value| {
            value("state").is_none_or(|state| pull["state"] == *state || state == "all")
                && head.as_ref().is_none_or(|head| pull["head"]["label"] == **head)
        };
        // The newest one comes first, as it does there unless one asks otherwise.
        self.pulls.iter().rev().filter(wanted).cloned().collect()
    }

    fn create_pull(&mut self, body: &Value) -> Reply {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let (Some(title), Some(head), Some(base)) = (text("title"), text("head"), text("base"))
        else {
            return refused(422, "Validation Failed");
        };
        if !self.pulls_of(&format!("state=open&head=desk:{head}")).is_empty() {
            return refused(422, "A pull request already exists");
        }
        self.pull(&title, &text("body").unwrap_or_default(), &head, &base);
        Reply::json(201, &self.pulls.last().unwrap_or(&Value::Null).to_string())
    }

    fn show_pull(&self, request: &Request, number: &str) -> Reply {
        let Some(pull) = self.pulls.iter().find(|pull| is(&pull["number"], number)) else {
            return refused(404, "Not Found");
        };
        if request.header("accept") != Some("application/vnd.github.diff") {
            return Reply::json(200, &pull.to_string());
        }
        let diff = number.parse().ok().and_then(|number: u64| self.diffs.get(&number));
        let body = diff.cloned().unwrap_or_default().into_bytes();
        Reply::Respond { status: 200, headers: Vec::new(), body }
    }

    fn edit_pull(&mut self, number: &str, body: &Value) -> Reply {
        let Some(pull) = self.pulls.iter_mut().find(|pull| is(&pull["number"], number)) else {
            return refused(404, "Not Found");
        };
        for name in ["title", "body", "state"] {
            if let Some(text) = body[name].as_str() {
                pull[name] = text.into();
            }
        }
        Reply::json(200, &pull.to_string())
    }

    fn create_comment(&mut self, kind: &'static str, number: &str, body: &Value) -> Reply {
        let number = number.parse().unwrap_or(0);
        if !self.pulls.iter().any(|pull| pull["number"] == number) {
            return refused(404, "Not Found");
        }
        if body["body"].as_str().is_none_or(str::is_empty) {
            return refused(422, "body is missing");
        }
        if kind == "pulls"
            && let Err(why) = check_place(body)
        {
            self.violations.push(why.to_owned());
            return refused(422, why);
        }
        let json = self.comment(kind, number, LOGIN, body.clone());
        Reply::json(201, &json.to_string())
    }

    fn edit_comment(&mut self, kind: &str, id: &str, body: &Value) -> Reply {
        let Some(text) = body["body"].as_str() else { return refused(422, "body is missing") };
        let mut all = self.comments.iter_mut();
        match all.find(|entry| entry.kind == kind && is(&entry.json["id"], id)) {
            Some(entry) => {
                entry.json["body"] = text.into();
                Reply::json(200, &entry.json.to_string())
            }
            None => refused(404, "Not Found"),
        }
    }

    fn pull(&mut self, title: &str, body: &str, head: &str, base: &str) -> u64 {
        let number = self.id();
        let url = format!("https://github.com/{REPOSITORY}/pull/{number}");
        self.pulls.push(json!({"number": number, "state": "open", "title": title, "body": body,
            "html_url": url, "head": {"ref": head, "label": format!("desk:{head}"), "sha": "0".repeat(40)},
            "base": {"ref": base, "label": format!("desk:{base}"), "sha": "0".repeat(40)}}));
        number
    }

    fn comment(&mut self, kind: &'static str, pull: u64, login: &str, mut json: Value) -> Value {
        json["id"] = self.id().into();
        json["user"] = json!({"login": login});
        self.comments.push(Entry { kind, pull, json: json.clone() });
        json
    }

    fn list(&self, kind: &str, pull: u64) -> Vec<Value> {
        let of = self.comments.iter().filter(|entry| entry.kind == kind && entry.pull == pull);
        of.map(|entry| entry.json.clone()).collect()
    }

    fn page(&self, all: &[Value], path: &str, query: &str) -> Reply {
        let number = query.split('&').find_map(|part| part.strip_prefix("page=")?.parse().ok());
        let number: usize = number.unwrap_or(1).max(1);
        let start = (number - 1) * PAGE;
        let page: Vec<&Value> = all.iter().skip(start).take(PAGE).collect();
        let reply = Reply::json(200, &json!(page).to_string());
        if all.len() <= start + PAGE {
            return reply;
        }
        let kept: Vec<&str> = query.split('&').filter(|part| !part.starts_with("page=")).collect();
        let next = format!(
            "<{}/repos/{REPOSITORY}{path}?{}&page={}>; rel=\"next\"",
            self.base,
            kept.join("&"),
            number + 1
        );
        reply.with_header("link", &next)
    }

    fn id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

/// What the published description asks of a comment at lines.
fn check_place(body: &Value) -> Result<(), &'static str> {
    let known = ["body", "commit_id", "path", "line", "side", "start_line", "start_side"];
    let fields = body.as_object().ok_or("a comment is an object")?;
    if fields.keys().any(|name| !known.contains(&name.as_str())) {
        return Err("a field of a comment is not known");
    }
    if body["commit_id"].as_str().is_none_or(|sha| sha.len() != 40) {
        return Err("commit_id is no commit");
    }
    let line = body["line"].as_u64().ok_or("line is no number")?;
    match &body["start_line"] {
        Value::Null => Ok(()),
        start if start.as_u64().is_some_and(|start| start < line) => Ok(()),
        _ => Err("start_line must precede the end line"),
    }
}

fn refused(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({"message": message}).to_string())
}

/// Whether a number is the one that an address names.
fn is(number: &Value, named: &str) -> bool {
    number.as_u64().is_some_and(|number| named.parse() == Ok(number))
}
