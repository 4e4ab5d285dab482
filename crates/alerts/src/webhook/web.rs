//! What all receivers over HTTP have in common: secrets, one request, and what a status code means.

use std::{sync::Arc, time::Duration};

use plimsoll_redact::Secret;

use crate::http::{Http, Reply, Request};
use crate::notify::NotifyError;
use crate::secret::{SecretRef, Secrets};

/// Wait after a 429 that does not say for how long.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A receiver's name with what it needs to ask a server.
#[derive(Debug, Clone)]
pub(crate) struct Web {
    pub(crate) name: String,
    pub(crate) secrets: Secrets,
    pub(crate) http: Arc<Http>,
}

impl Web {
    /// Reads a secret now; one that cannot be had today may be there tomorrow.
    pub(crate) fn secret(&self, reference: &SecretRef) -> Result<Secret, NotifyError> {
        self.secrets.read(reference).map_err(|error| self.unreachable(error.to_string()))
    }

    /// Asks, and returns an answer of success.
    pub(crate) fn ask(&self, request: Request) -> Result<Reply, NotifyError> {
        let reply = self.send(request)?;
        if reply.is_success() { Ok(reply) } else { Err(self.judge(&reply)) }
    }

    /// Asks, and returns any answer.
    pub(crate) fn send(&self, request: Request) -> Result<Reply, NotifyError> {
        self.http.send(request).map_err(|fault| self.unreachable(fault.to_string()))
    }

    /// What an answer other than success means, where the service has no words of its own for it.
    pub(crate) fn judge(&self, reply: &Reply) -> NotifyError {
        let receiver = self.name.clone();
        let detail = self.show(reply);
        match reply.status {
            429 => self.rate_limited(reply.retry_after()),
            401 | 403 | 404 | 410 => NotifyError::Gone { receiver, detail },
            408 | 425 | 500.. => NotifyError::Unreachable { receiver, detail },
            _ => NotifyError::Refused { receiver, detail },
        }
    }

    pub(crate) fn rate_limited(&self, retry_after: Option<Duration>) -> NotifyError {
        NotifyError::RateLimited {
            receiver: self.name.clone(),
            retry_after: retry_after.unwrap_or(RETRY_AFTER),
            is_global: false,
        }
    }

    pub(crate) fn unreachable(&self, detail: String) -> NotifyError {
        NotifyError::Unreachable { receiver: self.name.clone(), detail }
    }

    pub(crate) fn show(&self, reply: &Reply) -> String {
        format!("status {}: {}", reply.status, reply.excerpt())
    }

    /// A number that changes with the secrets.
    pub(crate) fn address(&self, references: &[Option<&SecretRef>]) -> Option<u32> {
        let mut hasher = crc32fast::Hasher::new();
        for reference in references.iter().copied().flatten() {
            hasher.update(self.secrets.read(reference).ok()?.expose().as_bytes());
            hasher.update(b"\n");
        }
        Some(hasher.finalize())
    }
}
