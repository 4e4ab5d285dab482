//! What Discord's answers mean.

use std::time::Duration;

use serde_json::Value;

use crate::http::Reply;
use crate::notify::{NotifyError, Receipt};
use crate::webhook::Web;

/// Code of "unknown message" in Discord's errors: somebody removed it. Other 404s mean the webhook.
const UNKNOWN_MESSAGE: u64 = 10_008;

/// An answer after which there is something to do.
pub(super) enum Answer {
    Taken(Receipt),
    /// The message to edit is not there any more.
    NoMessage,
}

impl Answer {
    pub(super) fn receipt(self) -> Receipt {
        match self {
            Self::Taken(receipt) => receipt,
            Self::NoMessage => Receipt::default(),
        }
    }
}

pub(super) fn judge(web: &Web, reply: &Reply) -> Result<Answer, NotifyError> {
    let said = reply.json().unwrap_or_default();
    if reply.is_success() {
        let id = said.get("id").and_then(Value::as_str).map(str::to_owned);
        let mut receipt = Receipt::default().with_pause(pause(reply));
        receipt.message_id = id;
        return Ok(Answer::Taken(receipt));
    }
    match reply.status {
        429 => {
            let is_global = said.get("global").and_then(Value::as_bool).unwrap_or(false)
                || reply.header("x-ratelimit-global").is_some();
            let retry_after = said
                .get("retry_after")
                .and_then(Value::as_f64)
                .and_then(|secs| Duration::try_from_secs_f64(secs).ok())
                .or_else(|| reply.retry_after());
            Err(match web.rate_limited(retry_after) {
                NotifyError::RateLimited { receiver, retry_after, .. } => {
                    NotifyError::RateLimited { receiver, retry_after, is_global }
                }
                other => other,
            })
        }
        404 if said.get("code").and_then(Value::as_u64) == Some(UNKNOWN_MESSAGE) => {
            Ok(Answer::NoMessage)
        }
        _ => Err(web.judge(reply)),
    }
}

/// How long to wait after a success, because no request is left in this window.
fn pause(reply: &Reply) -> Duration {
    if reply.header("x-ratelimit-remaining") != Some("0") {
        return Duration::ZERO;
    }
    let after = reply.header("x-ratelimit-reset-after").and_then(|secs| secs.parse().ok());
    after.and_then(|secs| Duration::try_from_secs_f64(secs).ok()).unwrap_or_default()
}
