//! What ralph records, as events of Sentry: a trip or an error of a hook is one event, and what came before are its
//! breadcrumbs.

use std::collections::VecDeque;

use plimsoll_alerts::SentryScope;
use plimsoll_ralph::{Cause, Level, Line, LogRecord, LoopRecord, Record};
use serde::{Deserialize, Serialize};

/// Records that an event has with it.
const BREADCRUMBS_MAX: usize = 100;
const TEXT_CHARS_MAX: usize = 200;

/// The last records, remembered from one run to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Trail {
    crumbs: VecDeque<Crumb>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Crumb {
    category: String,
    message: String,
    at: String,
}

/// What is worth an event.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Shipped {
    /// A bound was reached.
    #[error("{} was stopped at iteration {}: {cause}", record.loop_id, record.iteration)]
    Tripped {
        /// The loop or guard.
        record: LoopRecord,
        /// Why.
        cause: Cause,
    },
    /// A hook could not do its work.
    #[error("a hook failed: {}: {}", record.message, record.detail)]
    Hook {
        /// What it said.
        record: LogRecord,
    },
}

impl Trail {
    /// Takes a record; what is to be sent with everything remembered so far.
    pub(crate) fn take(&mut self, line: &Line) -> Option<Shipped> {
        let shipped = match &line.record {
            Record::Loop(record) if record.event == "tripped" => {
                let (record, cause) = (record.clone(), record.cause.clone());
                cause.map(|cause| Shipped::Tripped { record, cause })
            }
            Record::Log(record) if record.level == Level::Error => {
                Some(Shipped::Hook { record: record.clone() })
            }
            _ => None,
        };
        if shipped.is_none()
            && let Some((category, message)) = crumb(&line.record)
        {
            let message = message.chars().take(TEXT_CHARS_MAX).collect();
            self.crumbs.push_back(Crumb {
                category: category.into(),
                message,
                at: line.ts.clone(),
            });
            if self.crumbs.len() > BREADCRUMBS_MAX {
                self.crumbs.pop_front();
            }
        }
        shipped
    }

    /// Sends an event with what came before it.
    pub(crate) fn send(&self, shipped: &Shipped, line: &Line, scope: &SentryScope) {
        for crumb in &self.crumbs {
            scope.breadcrumb(&crumb.category, &crumb.message, &[("at", crumb.at.as_str())]);
        }
        let (what, session_id) = match shipped {
            Shipped::Tripped { record, cause } => (cause.name(), record.session_id.as_str()),
            Shipped::Hook { record } => ("hook", record.session_id.as_deref().unwrap_or_default()),
        };
        let loop_id = line.record.loop_id().unwrap_or_default();
        let tags = [
            ("ralph.breaker", what),
            ("ralph.loop", loop_id),
            ("ralph.session", session_id),
            ("ralph.project", line.project.as_str()),
            ("ralph.at", line.ts.as_str()),
        ];
        let tags: Vec<_> = tags.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        scope.capture_error(shipped, &tags);
    }
}

/// A record in a few words. Never an argument of a tool, never a prompt.
fn crumb(record: &Record) -> Option<(&'static str, String)> {
    let because = |cause: &Option<Cause>| {
        cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default()
    };
    Some(match record {
        Record::Loop(record) => {
            let text = format!("{} {}{}", record.loop_id, record.event, because(&record.cause));
            ("ralph.loop", text)
        }
        Record::Iteration(record) => {
            let (n, outcome) = (record.iteration, &record.outcome);
            ("ralph.iteration", format!("iteration {n} {outcome}{}", because(&record.cause)))
        }
        Record::Tool(record) => {
            ("ralph.tool", format!("{} {}{}", record.tool, record.outcome, because(&record.cause)))
        }
        Record::Agent(record) => ("ralph.agent", format!("{} {}", record.agent_type, record.event)),
        Record::Log(record) => ("ralph.log", format!("{}: {}", record.message, record.detail)),
        _ => return None,
    })
}
