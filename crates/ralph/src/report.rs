//! Why did it stop: the record of a loop, iteration by iteration, put together from its lines.

mod text;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cause::Cause;
use crate::config::Mode;
use crate::record::{
    AgentRecord, IterationRecord, Level, Line, LogRecord, LoopRecord, Record, ToolRecord,
};
use crate::usage::Usage;

/// The version of a report's JSON.
pub const REPORT_VERSION: u32 = 1;
const LOGS_MAX: usize = 50;
const CREATIVE_MAX: usize = 20;

/// What the record says, loop by loop, oldest first. Its `Display` is for people.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// Loops and guards.
    pub loops: Vec<LoopReport>,
    /// Creative tasks that were asked to be explored in several ways, newest last.
    pub explored: Vec<Moment>,
    /// Their solutions that are there, the newest first.
    pub alternatives: Vec<Alternative>,
    /// Warnings and errors that belong to no loop, newest last.
    pub logs: Vec<Moment>,
}

/// Something at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Moment {
    /// When, UTC.
    pub ts: String,
    /// What.
    pub text: String,
}

/// One solution of a creative task, on a branch of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Alternative {
    /// Its branch: `explore/NAME`.
    pub branch: String,
    /// Its newest commit, shortened.
    pub commit: String,
    /// What that commit says.
    pub subject: String,
    /// How much it changes what is checked out now, in git's words; `None` if that cannot be told.
    pub change: Option<String>,
    /// Where it is checked out.
    pub worktree: Option<String>,
}

/// One loop or guard.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LoopReport {
    /// Which.
    pub loop_id: String,
    /// Loop or guard.
    pub mode: Mode,
    /// Sessions that owned it, in order.
    pub sessions: Vec<String>,
    /// When it began, UTC; empty if the record does not go back so far.
    pub began: String,
    /// When the last thing happened, UTC.
    pub last: String,
    /// `running`, or how it ended.
    pub outcome: String,
    /// Why it ended or waits, with what was found and what was allowed.
    pub cause: Option<Cause>,
    /// What to do about it.
    pub advice: Option<String>,
    /// The ends of turns.
    pub iterations: Vec<IterationLine>,
    /// What was said and done in between, such as a reset.
    pub events: Vec<Moment>,
    /// Spent in all.
    pub total: Usage,
    /// By kind of subagent.
    pub agents: BTreeMap<String, AgentSum>,
    /// Tool calls by tool: how many, and how many of them failed or were refused.
    pub tools: BTreeMap<String, ToolSum>,
    /// Warnings and errors, newest last.
    pub logs: Vec<Moment>,
}

/// The end of a turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IterationLine {
    /// When, UTC.
    pub ts: String,
    /// What.
    pub record: IterationRecord,
}

/// Subagents of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AgentSum {
    /// Asked for.
    pub spawned: u64,
    /// Ended.
    pub ended: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Time that they took together, ms.
    pub duration_ms: u64,
    /// What they spent; part of the loop's total.
    pub usage: Usage,
}

/// Calls of one tool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ToolSum {
    /// Calls that ran.
    pub calls: u64,
    /// Of them, those that failed.
    pub failed: u64,
    /// Calls that were refused.
    pub denied: u64,
}

impl Report {
    /// Puts the lines together, in the order in which they were written.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Self {
        let mut report = Self { version: REPORT_VERSION, ..Self::default() };
        // Lines of tools and agents come before or after the loop's own, so all are seen first.
        let mut session_of: BTreeMap<String, String> = BTreeMap::new();
        for line in lines {
            report.take(line, &mut session_of);
        }
        report
    }

    /// With the solutions of creative tasks that are there.
    #[must_use]
    pub fn with_alternatives(self, alternatives: Vec<Alternative>) -> Self {
        Self { alternatives, ..self }
    }

    /// The loop whose id begins so, or without an id the one in which something happened last.
    #[must_use]
    pub fn find(&self, loop_id: Option<&str>) -> Option<&LoopReport> {
        match loop_id {
            Some(id) => {
                let mut found = self.loops.iter().filter(|found| found.loop_id.starts_with(id));
                found.next().filter(|_| found.next().is_none())
            }
            None => self.loops.iter().max_by(|a, b| a.last.cmp(&b.last)),
        }
    }

    fn take(&mut self, line: &Line, session_of: &mut BTreeMap<String, String>) {
        let known = line.record.loop_id().map(str::to_owned).or_else(|| {
            line.record.session_id().and_then(|session| session_of.get(session).cloned())
        });
        match (&line.record, known) {
            (Record::Loop(record), _) if record.event == "explored" => {
                let text = record.detail.clone().unwrap_or_default();
                push_bounded(&mut self.explored, moment(line, text), CREATIVE_MAX);
            }
            (Record::Loop(record), _) if record.loop_id.is_empty() => {}
            (_, Some(loop_id)) => {
                if let Some(session) = line.record.session_id() {
                    session_of.insert(session.to_owned(), loop_id.clone());
                }
                self.of_loop(&loop_id).take(line);
            }
            (Record::Log(log), None) => log_line(&mut self.logs, line, log),
            _ => {}
        }
    }

    fn of_loop(&mut self, loop_id: &str) -> &mut LoopReport {
        let at = self.loops.iter().position(|found| found.loop_id == loop_id);
        let at = at.unwrap_or_else(|| {
            self.loops.push(LoopReport {
                loop_id: loop_id.to_owned(),
                outcome: "running".to_owned(),
                ..LoopReport::default()
            });
            self.loops.len().saturating_sub(1)
        });
        #[allow(clippy::indexing_slicing, reason = "it was found or pushed in the lines above")]
        &mut self.loops[at]
    }
}

impl LoopReport {
    fn take(&mut self, line: &Line) {
        self.last.clone_from(&line.ts);
        // A command at a shell is in no session.
        if let Some(session) = line.record.session_id().filter(|session| !session.is_empty())
            && self.sessions.last().is_none_or(|last| last != session)
        {
            self.sessions.push(session.to_owned());
        }
        match &line.record {
            Record::Loop(record) => self.event(line, record),
            Record::Iteration(record) => {
                self.total = record.total;
                self.mode = record.mode;
                self.iterations.push(IterationLine { ts: line.ts.clone(), record: record.clone() });
                if record.outcome == "paused" || record.outcome == "waited" {
                    self.cause.clone_from(&record.cause);
                }
            }
            Record::Tool(record) => self.tool(record),
            Record::Agent(record) => self.agent(record),
            Record::Session(record) => {
                // The last message of all is in the transcript only after the last stop.
                if record.is_final && record.usage.tokens.total() >= self.total.tokens.total() {
                    self.total = record.usage;
                }
            }
            Record::Log(log) => log_line(&mut self.logs, line, log),
            Record::Begin { .. } => {}
        }
    }

    fn event(&mut self, line: &Line, record: &LoopRecord) {
        self.mode = record.mode;
        let why = record.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
        match record.event.as_str() {
            "started" => {
                self.began.clone_from(&line.ts);
                return;
            }
            "settled" => {
                self.total = record.usage;
                return;
            }
            "resumed" | "reset" | "half_open" | "closed" => {
                "running".clone_into(&mut self.outcome);
                self.cause = None;
                self.advice = None;
            }
            outcome => {
                outcome.clone_into(&mut self.outcome);
                self.cause.clone_from(&record.cause);
                self.advice = record.cause.as_ref().map(Cause::advice);
            }
        }
        self.events.push(moment(line, format!("{}{why}", record.event)));
    }

    fn tool(&mut self, record: &ToolRecord) {
        let sum = self.tools.entry(record.tool.clone()).or_default();
        match record.outcome.as_str() {
            "denied" => sum.denied = sum.denied.saturating_add(1),
            "asked" => {}
            outcome => {
                sum.calls = sum.calls.saturating_add(1);
                sum.failed = sum.failed.saturating_add(u64::from(outcome == "failed"));
            }
        }
    }

    fn agent(&mut self, record: &AgentRecord) {
        let sum = self.agents.entry(record.agent_type.clone()).or_default();
        match record.event.as_str() {
            "spawned" => sum.spawned = sum.spawned.saturating_add(1),
            "stopped" => {
                sum.ended = sum.ended.saturating_add(1);
                let failed = record.outcome.as_deref() == Some("failed");
                sum.failed = sum.failed.saturating_add(u64::from(failed));
                sum.duration_ms =
                    sum.duration_ms.saturating_add(record.duration_ms.unwrap_or_default());
                sum.usage = sum.usage.plus(record.usage.unwrap_or_default());
            }
            _ => {}
        }
    }
}

fn moment(line: &Line, text: String) -> Moment {
    Moment { ts: line.ts.clone(), text }
}

fn log_line(logs: &mut Vec<Moment>, line: &Line, log: &LogRecord) {
    if log.level >= Level::Warn {
        let text = if log.detail.is_empty() {
            log.message.clone()
        } else {
            format!("{}: {}", log.message, log.detail)
        };
        push_bounded(logs, moment(line, text), LOGS_MAX);
    }
}

fn push_bounded(list: &mut Vec<Moment>, item: Moment, max: usize) {
    list.push(item);
    let excess = list.len().saturating_sub(max);
    list.drain(..excess);
}
