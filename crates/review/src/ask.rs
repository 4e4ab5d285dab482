//! The port to the model, answers that were recorded, and which failures are worth another try.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::request::Request;

/// Longest pause that a service may ask for before the next try.
const PAUSE_MAX: Duration = Duration::from_secs(60);
const PAUSE_FIRST: Duration = Duration::from_secs(1);

/// Somebody who answers a request.
pub trait Ask {
    /// Sends one request and gives the body of the answer.
    ///
    /// # Errors
    ///
    /// [`AskError`] says whether another try may help; the caller tries again.
    fn ask(&mut self, request: &Request) -> Result<Value, AskError>;
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The service refused.
    #[error("the service answered {status}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What it said, without secrets.
        message: String,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
    },
    /// No answer came: a connection, a time limit.
    #[error("no answer from the service")]
    Unreachable {
        /// What happened.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is not JSON.
    #[error("the answer of the service is not JSON")]
    Garbage {
        /// Where it stops being JSON.
        source: serde_json::Error,
    },
    /// No answer was recorded for this request.
    #[error("no recorded answer for request {digest}")]
    NotRecorded {
        /// Its digest.
        digest: String,
    },
}

impl AskError {
    /// How long to wait before trying again after so many tries; `None` if it would not help.
    pub fn retry_in(&self, tries: u32) -> Option<Duration> {
        let doubled =
            PAUSE_FIRST.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1).min(10)));
        match self {
            AskError::Refused { status: 408 | 409 | 429 | 500..=599, retry_after, .. } => {
                Some(retry_after.unwrap_or(doubled).min(PAUSE_MAX))
            }
            AskError::Unreachable { .. } | AskError::Garbage { .. } => Some(doubled.min(PAUSE_MAX)),
            AskError::Refused { .. } | AskError::NotRecorded { .. } => None,
        }
    }
}

/// Answers that were recorded, for a review without a network.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Recording {
    /// Version of this form: 1.
    pub schema_version: u32,
    /// Body of the answer by the request's digest.
    pub answers: BTreeMap<String, Value>,
}

impl Recording {
    /// Nothing recorded.
    pub fn new() -> Recording {
        Recording { schema_version: 1, answers: BTreeMap::new() }
    }
}

impl Ask for Recording {
    fn ask(&mut self, request: &Request) -> Result<Value, AskError> {
        let answer = self.answers.get(&request.digest).cloned();
        answer.ok_or_else(|| AskError::NotRecorded { digest: request.digest.clone() })
    }
}

/// Passes requests on and keeps what came back.
#[derive(Debug)]
pub struct Recorder<A> {
    inner: A,
    recording: Recording,
}

impl<A: Ask> Recorder<A> {
    /// Records what `inner` answers.
    pub fn new(inner: A) -> Recorder<A> {
        Recorder { inner, recording: Recording::new() }
    }

    /// What was answered so far.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }
}

impl<A: Ask> Ask for Recorder<A> {
    fn ask(&mut self, request: &Request) -> Result<Value, AskError> {
        let answer = self.inner.ask(request)?;
        self.recording.answers.insert(request.digest.clone(), answer.clone());
        Ok(answer)
    }
}
