//! A stand-in of Discord's webhooks: it takes messages, checks every body as Discord would and stricter,
//! and fails when a test says so.

mod rules;
mod schema;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::listening::locked;
use crate::{Reply, Request, ScriptedHttp};

/// Path of the only webhook that the stand-in has.
const WEBHOOK: &str = "/api/webhooks/4242/stand-in-of-a-webhook-token";

/// How the stand-in fails one request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DiscordFault {
    /// 429 that says in its body how many seconds to wait.
    RateLimited {
        /// Seconds.
        retry_after: f64,
        /// Whether it holds for everything that the caller does.
        is_global: bool,
    },
    /// 429 without a body, with the header `retry-after`: what a proxy before Discord answers.
    RateLimitedByHeader {
        /// Seconds.
        retry_after: u32,
    },
    /// A status without more, such as 500.
    Status(u16),
    /// 404: the webhook was removed.
    UnknownWebhook,
    /// No answer.
    Hang,
    /// The connection is closed without an answer.
    Reset,
    /// Bytes that are no HTTP.
    Garbage,
    /// The message is taken, and the answer is lost.
    TakenUnanswered,
    /// The message is taken; the answer says that no other may come for so many seconds.
    LastOfWindow {
        /// Seconds.
        reset_after: f64,
    },
}

/// A message that the stand-in has.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DiscordMessage {
    /// Its id.
    pub id: String,
    /// As it was posted.
    pub posted: Value,
    /// As it was edited, the oldest first.
    pub edits: Vec<Value>,
}

impl DiscordMessage {
    /// As it reads now.
    #[must_use]
    pub fn now(&self) -> &Value {
        self.edits.last().unwrap_or(&self.posted)
    }
}

/// A Discord of one webhook, on loopback.
#[derive(Debug)]
pub struct DiscordStandIn {
    server: ScriptedHttp,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    schema: Option<Value>,
}

#[derive(Debug, Default)]
struct State {
    faults: VecDeque<DiscordFault>,
    messages: Vec<DiscordMessage>,
    bodies: Vec<Value>,
    violations: Vec<String>,
}

impl DiscordStandIn {
    /// Starts one. With `schema`, a JSON schema of a webhook's message as Discord describes it, every body is
    /// checked against that too; without, against the rules that are written down here.
    ///
    /// # Errors
    ///
    /// When no port or no thread can be had.
    pub fn start(schema: Option<Value>) -> io::Result<DiscordStandIn> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
            schema,
        });
        let in_server = Arc::clone(&shared);
        let server = ScriptedHttp::answering(move |request| in_server.answer(request))?;
        Ok(DiscordStandIn { server, shared })
    }

    /// Returns the schema that Discord publishes of a webhook's message, if the fixtures are at hand: in the
    /// directory that `PLIMSOLL_FIXTURES` names, else beside the checkout. If not, says so on standard error.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        clippy::print_stderr,
        reason = "what a test is given, and skips"
    )]
    pub fn published_schema() -> Option<Value> {
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures");
        let fixtures =
            std::env::var_os("PLIMSOLL_FIXTURES").map_or_else(|| PathBuf::from(beside), Into::into);
        let text = std::fs::read_to_string(fixtures.join("discord/webhook.schema.json"));
        if text.is_err() {
            eprintln!(
                "SKIPPED: no schema of Discord at hand; bodies are checked against our rules only"
            );
        }
        serde_json::from_str(&text.ok()?).ok()
    }

    /// Returns the address of its webhook.
    #[must_use]
    pub fn webhook_url(&self) -> String {
        format!("{}{WEBHOOK}", self.server.url())
    }

    /// The next requests fail so, one by one; those after them do not.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = DiscordFault>) {
        locked(&self.shared.state).faults.extend(faults);
    }

    /// Returns the messages that it has, the oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<DiscordMessage> {
        locked(&self.shared.state).messages.clone()
    }

    /// Somebody removes all messages, as people do in a channel.
    pub fn remove_messages(&self) {
        locked(&self.shared.state).messages.clear();
    }

    /// Returns every body that it was sent, failed requests included.
    #[must_use]
    pub fn bodies(&self) -> Vec<Value> {
        locked(&self.shared.state).bodies.clone()
    }

    /// Returns the requests that it got.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// Returns what was wrong with the bodies.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        locked(&self.shared.state).violations.clone()
    }

    /// Waits until `is_enough` says so of the messages, at most `timeout`, and returns them.
    #[must_use]
    pub fn wait_until(
        &self,
        timeout: Duration,
        is_enough: impl Fn(&[DiscordMessage]) -> bool,
    ) -> Vec<DiscordMessage> {
        let state = locked(&self.shared.state);
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(state, timeout, |state| !is_enough(&state.messages))
            .unwrap_or_else(PoisonError::into_inner);
        state.messages.clone()
    }
}

impl Shared {
    fn answer(&self, request: &Request) -> Reply {
        let mut state = locked(&self.state);
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        state.bodies.push(body.clone());
        let is_edit = request.method == "PATCH";
        let mut wrong = rules::violations(&body, is_edit);
        if let Some(schema) = &self.schema {
            wrong.extend(schema::violations(schema, &body));
        }
        state.violations.extend(wrong.iter().cloned());
        let fault = state.faults.pop_front();
        let answer = match fault {
            Some(DiscordFault::TakenUnanswered) => {
                state.take(request, &body);
                Reply::Close
            }
            Some(DiscordFault::LastOfWindow { reset_after }) => state
                .take(request, &body)
                .with_header("x-ratelimit-remaining", "0")
                .with_header("x-ratelimit-reset-after", &reset_after.to_string()),
            Some(fault) => failure(&fault),
            None if !wrong.is_empty() => {
                let message = json!({"code": 50_035, "message": wrong.join("; ")});
                Reply::json(400, &message.to_string())
            }
            None => state.take(request, &body),
        };
        self.changed.notify_all();
        answer
    }
}

impl State {
    /// Keeps a message or an edit and answers as Discord does.
    fn take(&mut self, request: &Request, body: &Value) -> Reply {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let Some(rest) = path.strip_prefix(WEBHOOK) else {
            return unknown(10_015, "Unknown Webhook");
        };
        match (request.method.as_str(), rest.strip_prefix("/messages/")) {
            ("POST", None) if rest.is_empty() => {
                let id = format!("{}", 900_000_000_000_000_000 + self.messages.len());
                self.messages.push(DiscordMessage {
                    id: id.clone(),
                    posted: body.clone(),
                    edits: Vec::new(),
                });
                if !query.split('&').any(|part| part == "wait=true") {
                    return Reply::status(204);
                }
                shown(&id, body)
            }
            ("PATCH", Some(id)) => {
                let Some(message) = self.messages.iter_mut().find(|message| message.id == id)
                else {
                    return unknown(10_008, "Unknown Message");
                };
                message.edits.push(body.clone());
                shown(id, body)
            }
            _ => Reply::status(405),
        }
    }
}

fn shown(id: &str, body: &Value) -> Reply {
    let message =
        json!({"id": id, "type": 0, "content": body["content"], "embeds": body["embeds"]});
    let reply = Reply::json(200, &message.to_string());
    reply.with_header("x-ratelimit-limit", "5").with_header("x-ratelimit-remaining", "4")
}

fn unknown(code: u32, message: &str) -> Reply {
    Reply::json(404, &json!({"message": message, "code": code}).to_string())
}

fn failure(fault: &DiscordFault) -> Reply {
    match fault {
        DiscordFault::RateLimited { retry_after, is_global } => {
            let body = json!({
                "message": "You are being rate limited.",
                "retry_after": retry_after,
                "global": is_global,
            });
            let scope = if *is_global { "global" } else { "user" };
            Reply::json(429, &body.to_string())
                // As Discord does, the header says whole seconds, rounded up.
                .with_header("retry-after", &format!("{:.0}", retry_after.ceil()))
                .with_header("x-ratelimit-scope", scope)
        }
        DiscordFault::RateLimitedByHeader { retry_after } => {
            Reply::status(429).with_header("retry-after", &retry_after.to_string())
        }
        DiscordFault::Status(status) => Reply::status(*status),
        DiscordFault::UnknownWebhook => unknown(10_015, "Unknown Webhook"),
        DiscordFault::Hang => Reply::Hang,
        DiscordFault::Garbage => Reply::Raw(b"\x00\xff this is no HTTP\r\n\r\n".to_vec()),
        _ => Reply::Close,
    }
}
