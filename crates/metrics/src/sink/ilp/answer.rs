//! What a reply to a write means for the rows.

use crate::sink::{
    SinkError,
    exec::one_line,
    http::{HttpError, Response, chain},
    json::Json,
};

/// A reply that is about the rows, not about the store.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Stored,
    /// The store names the line, from 1.
    BadLine {
        line: usize,
        reason: String,
    },
    /// The store refuses the batch and does not say which line.
    BadBatch {
        reason: String,
    },
    TooLarge,
}

/// A status that may be another one later.
#[derive(Debug, thiserror::Error)]
#[error("the store answered with status {status}: {message}")]
struct StatusError {
    status: u16,
    message: String,
}

pub(super) fn retry(status: u16, message: &str) -> SinkError {
    SinkError::Retry { source: Box::new(StatusError { status, message: message.to_owned() }) }
}

pub(super) fn classify(reply: Result<Response, HttpError>, url: &str) -> Result<Answer, SinkError> {
    let reply = reply.map_err(http_error)?;
    if matches!(reply.status, 200..=299) {
        return Ok(Answer::Stored);
    }
    let text = String::from_utf8_lossy(&reply.body);
    let json = Json::parse(&text).ok();
    let message = json.as_ref().and_then(|j| j.get("message")).and_then(Json::as_str);
    let reason = one_line(message.unwrap_or(&text));
    match reply.status {
        400 | 422 => {
            let line = json.as_ref().and_then(|j| j.get("line")).and_then(Json::as_i64);
            Ok(match line.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0) {
                Some(line) => Answer::BadLine { line, reason },
                None => Answer::BadBatch { reason },
            })
        }
        413 => Ok(Answer::TooLarge),
        401 | 403 => Err(refused(reply.status, url)),
        408 | 425 | 429 | 500..=599 => Err(retry(reply.status, &reason)),
        404 => Err(SinkError::Pause {
            reason: format!(
                "{url} has no `/write`: neither QuestDB 9 nor a station; check the URL"
            ),
        }),
        status => Err(SinkError::Pause {
            reason: format!("{url} answered a write with status {status}: {reason}"),
        }),
    }
}

/// No reply: the same rows later, unless what answers is not HTTP at all.
pub(super) fn http_error(error: HttpError) -> SinkError {
    if error.is_transient() {
        return SinkError::Retry { source: Box::new(error) };
    }
    SinkError::Pause { reason: format!("{}; check host and port", chain(&error)) }
}

pub(super) fn refused(status: u16, url: &str) -> SinkError {
    SinkError::Pause {
        reason: format!(
            "{url} refuses the credentials (status {status}); set user and password or token"
        ),
    }
}
