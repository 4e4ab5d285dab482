//! Waits for somebody else's signs of life, on another host.

use std::time::{Duration, SystemTime};

use plimsoll_redact::Secret;

use crate::http::{Http, Request};
use crate::notification::moment;
use crate::{Alert, AlertState, Cause, Class, Labels, Now, Severity, Text, Unit};

/// Name of the rule that a watch tells by.
const RULE: &str = "watched_process";

/// Follows signs of life. Pure: the clock is an argument.
#[derive(Debug, Clone)]
pub struct Watch {
    name: String,
    lost_after: Duration,
    /// When the last good sign came, or when the watch began.
    good: Now,
    lost_at: Option<SystemTime>,
    detail: String,
}

/// What one look came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Watched {
    /// It lives and says that it is well.
    Well,
    /// It does not answer, or says that something is not well.
    Unwell(String),
}

/// What there is to tell.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum WatchNews {
    /// Nothing new.
    Nothing,
    /// No good sign for too long.
    Lost(Box<Alert>),
    /// A good sign after that.
    Back(Box<Alert>),
}

impl Watch {
    /// Begins to watch. `lost_after` without a good sign it is lost.
    #[must_use]
    pub fn new(name: impl Into<String>, lost_after: Duration, now: Now) -> Self {
        Self { name: name.into(), lost_after, good: now, lost_at: None, detail: String::new() }
    }

    /// Takes the result of a look.
    #[must_use]
    pub fn see(&mut self, watched: Watched, now: Now) -> WatchNews {
        match watched {
            Watched::Well => {
                let was_lost = self.lost_at.take();
                let news = was_lost.map_or(WatchNews::Nothing, |lost_at| {
                    WatchNews::Back(Box::new(self.alert(AlertState::Resolved, lost_at, now)))
                });
                self.good = now;
                news
            }
            Watched::Unwell(detail) => {
                self.detail = detail;
                let silent = now.monotonic.saturating_sub(self.good.monotonic);
                if silent < self.lost_after || self.lost_at.is_some() {
                    return WatchNews::Nothing;
                }
                self.lost_at = Some(now.wall);
                WatchNews::Lost(Box::new(self.alert(AlertState::Firing, now.wall, now)))
            }
        }
    }

    fn alert(&self, to: AlertState, fired_at: SystemTime, now: Now) -> Alert {
        let silent = now.monotonic.saturating_sub(self.good.monotonic);
        let mut labels = Labels::new();
        labels.set("target", self.name.as_str());
        let text = Text::new("No sign of life", Unit::Secs).explained(
            format!("Rules may not be watched any more: {}.", self.detail),
            "Look at the host and at the process; until it is back, watch the positions by hand.",
        );
        let from = if to == AlertState::Firing { AlertState::Normal } else { AlertState::Firing };
        let since = moment::unix_secs(self.good.wall);
        Alert {
            alert_id: format!("{RULE}-{}-{since}", self.name),
            rule: RULE.to_owned(),
            family: RULE.to_owned(),
            class: Class::SelfCheck,
            severity: Severity::Critical,
            labels,
            from,
            to,
            cause: Cause::Absent,
            value: Some(silent.as_secs_f64().round()),
            threshold: Some(self.lost_after.as_secs_f64()),
            peak_value: Some(silent.as_secs_f64().round()),
            row_at: now.wall,
            wall_at: now.wall,
            active_at: Some(self.good.wall),
            fired_at: Some(fired_at),
            muted: None,
            was_muted: false,
            text,
        }
    }
}

/// Looks once, within `timeout`. Any answer of success is a good sign.
#[must_use]
pub fn fetch_sign(url: &str, timeout: Duration) -> Watched {
    let asked = Http::new(timeout).send_anywhere(Request::get(Secret::new(url)));
    match asked {
        Ok(reply) if reply.is_success() => Watched::Well,
        Ok(reply) => Watched::Unwell(format!("it answers {}: {}", reply.status, reply.excerpt())),
        Err(fault) => Watched::Unwell(fault.to_string()),
    }
}
