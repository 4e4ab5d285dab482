//! A stand-in for the Messages API that a coding client calls: every reply is scripted, every call is kept.

mod call;
mod reply;

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::listening::locked;
use crate::scripted_http::{Reply, Request, ScriptedHttp};

pub use call::{ModelCall, Turn};
pub use reply::{ModelReply, ModelUsage, ToolUse, stream_events};

/// Serves `/v1/messages`, streamed or whole, to any number of clients on loopback.
#[derive(Debug)]
pub struct ClaudeApi {
    http: ScriptedHttp,
    served: Arc<Served>,
}

/// One answered call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Exchange {
    /// What the client asked.
    pub call: ModelCall,
    /// What it got.
    pub reply: ModelReply,
}

#[derive(Debug, Default)]
struct Served {
    exchanges: Mutex<Vec<Exchange>>,
    changed: Condvar,
}

impl ClaudeApi {
    /// Starts a stand-in that answers each call by `respond`, one call at a time.
    ///
    /// # Errors
    ///
    /// When no port or no thread can be had.
    pub fn start(
        mut respond: impl FnMut(&ModelCall) -> ModelReply + Send + 'static,
    ) -> io::Result<ClaudeApi> {
        let served = Arc::new(Served::default());
        let kept = Arc::clone(&served);
        let http = ScriptedHttp::answering(move |request| answer(request, &kept, &mut respond))?;
        Ok(ClaudeApi { http, served })
    }

    /// Returns `http://127.0.0.1:PORT`, for `ANTHROPIC_BASE_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        self.http.url()
    }

    /// Returns the calls answered so far, in their order.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        locked(&self.served.exchanges).clone()
    }

    /// Waits until a call is there that `is_wanted`, at most `timeout`; `false` when the time was over.
    #[must_use]
    pub fn wait_for(&self, timeout: Duration, is_wanted: impl Fn(&ModelCall) -> bool) -> bool {
        let exchanges = locked(&self.served.exchanges);
        let missing = |exchanges: &mut Vec<Exchange>| !exchanges.iter().any(|e| is_wanted(&e.call));
        let waited = self.served.changed.wait_timeout_while(exchanges, timeout, missing);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

fn answer(
    request: &Request,
    served: &Served,
    respond: &mut impl FnMut(&ModelCall) -> ModelReply,
) -> Reply {
    let path = request.target.split('?').next().unwrap_or_default();
    match (request.method.as_str(), path) {
        ("POST", "/v1/messages") => {}
        ("POST", "/v1/messages/count_tokens") => {
            return Reply::json(200, r#"{"input_tokens":100}"#);
        }
        ("GET", "/v1/models") => return Reply::json(200, r#"{"data":[],"has_more":false}"#),
        ("GET", _) => return Reply::json(404, &reply::error_body("not_found_error")),
        _ => return Reply::json(200, "{}"),
    }
    let mut exchanges = locked(&served.exchanges);
    let seq = u64::try_from(exchanges.len()).unwrap_or(u64::MAX).saturating_add(1);
    let Some(call) = ModelCall::parse(&request.body, seq) else {
        return Reply::json(400, &reply::error_body("invalid_request_error"));
    };
    let reply = respond(&call);
    let wire = reply.on_the_wire(&call);
    exchanges.push(Exchange { call, reply });
    drop(exchanges);
    served.changed.notify_all();
    wire
}

/// A field of an object; null when there is none.
fn field<'a>(of: &'a Value, name: &str) -> &'a Value {
    of.get(name).unwrap_or(&Value::Null)
}
