//! Sentry's wish for quiet.

use std::time::{Duration, Instant};

use crate::http::Reply;

/// Quiet after a 429 that does not say for how long.
const DEFAULT: Duration = Duration::from_secs(60);

/// Longest quiet that is believed.
const LIMIT_MAX: Duration = Duration::from_secs(24 * 3600);

/// Until when no event may be sent.
#[derive(Debug, Default)]
pub(super) struct Limits {
    until: Option<Instant>,
}

impl Limits {
    /// Whether events are to be dropped now.
    pub(super) fn is_limited(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Takes what an answer says.
    pub(super) fn learn(&mut self, reply: &Reply, now: Instant) {
        let asked = match reply.header("x-sentry-rate-limits") {
            Some(limits) => of_header(limits),
            None if reply.status == 429 => Some(reply.retry_after().unwrap_or(DEFAULT)),
            None => None,
        };
        if let Some(until) = asked.and_then(|span| now.checked_add(span.min(LIMIT_MAX))) {
            self.until = self.until.max(Some(until));
        }
    }
}

/// The longest limit that concerns errors, of `60:error;default:organization, 2700::key`.
fn of_header(header: &str) -> Option<Duration> {
    let of = |limit: &str| {
        let mut parts = limit.trim().split(':');
        let secs: f64 = parts.next()?.trim().parse().ok()?;
        let categories = parts.next().unwrap_or_default();
        let is_ours = categories.is_empty() || categories.split(';').any(|c| c.trim() == "error");
        is_ours.then(|| Duration::try_from_secs_f64(secs).ok()).flatten()
    };
    header.split(',').filter_map(of).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, secs: Option<u64>) {
        assert_eq!(of_header(header), secs.map(Duration::from_secs), "{header}");
    }

    #[test]
    fn limits_that_concern_errors_are_heard() {
        check("60::organization", Some(60));
        check("60:transaction:key, 2700:default;error;security:organization", Some(2_700));
        check("50:transaction:organization:quota", None);
        check("garbage, 10:error", Some(10));
        check("", None);
    }
}
