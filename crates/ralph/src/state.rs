//! What is remembered between hook calls. Opaque, so that its shape is ours to change.

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::config::Mode;
use crate::event::Version;
use crate::facts::{Process, Tree};
use crate::now::{Moment, Now};
use crate::usage::{CheckResult, Cursor, Spent, Usage};

/// The directory of a project in which everything of ours is.
pub const DIR_NAME: &str = ".ralph";

/// The version of the state's shape. A file with a newer one is refused, never guessed.
pub const SCHEMA_VERSION: u32 = 1;

const RUNS_MAX: usize = 32;
const OFFERED_MAX: usize = 64;
const ENDED_MAX: usize = 16;
const ASKED_MAX: usize = 8;
/// Characters of a task that are kept; a longer one belongs into a file.
const TASK_CHARS_MAX: usize = 8_000;

/// Everything that is remembered of the loops and guards of one project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub(crate) runs: Vec<Run>,
    /// Sessions that have been told of a loop without an owner.
    pub(crate) offered: Vec<String>,
    /// Tasks that were asked about, and wait for a word.
    pub(crate) asked: Vec<Asked>,
    pub(crate) ended: Vec<Ended>,
}

/// A loop of our own, or the guard over a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) loop_id: String,
    pub(crate) mode: Mode,
    pub(crate) status: Status,
    pub(crate) owner: Owner,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) task: String,
    pub(crate) started: Moment,
    pub(crate) grant: Grant,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) half_open: bool,
    pub(crate) iteration: u32,
    pub(crate) usage: Usage,
    pub(crate) cursor: Cursor,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) calls_secs: Vec<u64>,
    #[serde(default)]
    pub(crate) counters: Counters,
    pub(crate) round: Round,
    #[serde(default)]
    pub(crate) tree: Option<Tree>,
    #[serde(default)]
    pub(crate) checks: Option<CheckResult>,
    #[serde(default)]
    pub(crate) model: Option<String>,
    /// The client's version, as the transcript has it.
    #[serde(default)]
    pub(crate) client_said: Option<Version>,
    /// The owner's transcript, as the client last named it.
    #[serde(default)]
    pub(crate) transcript: Option<String>,
    /// The next prompt of a person gets the task and the progress put in.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) context_due: bool,
    /// What the next prompt of ours has to say first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) feedback: Option<String>,
    /// Models whose price is unknown, and that the person was told of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unpriced: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Whose loop it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Owner {
    /// A session in a process of the client.
    Session { session_id: String, process: Option<Process> },
    /// The next session in which a person says something: a person decided so at a shell.
    Next { since: Moment },
}

/// Whether it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Active,
    /// Checks run, or a wait: what comes next is their end.
    Pending,
    /// Stops are let through until somebody says otherwise, or the time has come.
    Paused {
        cause: Cause,
    },
    /// A breaker is open.
    Tripped {
        cause: Cause,
    },
}

/// What a person granted, and where counting began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) at: Moment,
    pub(crate) iteration: u32,
    pub(crate) usage: Usage,
}

/// In a row, up to now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Counters {
    pub(crate) errors: u32,
    pub(crate) no_progress: u32,
    pub(crate) failed_checks: u32,
    /// Since the beginning, for the totals.
    pub(crate) tool_calls: u64,
    pub(crate) all_errors: u64,
}

/// The turn that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Round {
    pub(crate) at: Moment,
    pub(crate) usage: Usage,
    /// Calls of tools that hooks have seen; the transcript may know of more.
    pub(crate) tool_calls: u64,
    /// Calls of tools that the transcript had.
    pub(crate) transcript_calls: u64,
    /// Whether it began with a prompt of a person.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) attended: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) progressed: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checks: Option<CheckResult>,
}

/// A task that was asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) session_id: String,
    pub(crate) task: String,
}

/// A loop that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) loop_id: String,
    pub(crate) session_id: String,
    pub(crate) at: Moment,
    pub(crate) iteration: u32,
    /// Spent since the bounds were last granted.
    pub(crate) usage: Usage,
    pub(crate) cause: Cause,
    /// What was not in the transcript yet, until it is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unsettled: Option<Unsettled>,
}

/// A loop that has ended, while its last message may still come into the transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unsettled {
    pub(crate) cursor: Cursor,
    pub(crate) transcript: Option<String>,
    pub(crate) total: Usage,
}

/// How a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Breaker {
    /// All is well.
    Closed,
    /// It tripped, and a person has opened the way for one iteration: the next one decides.
    HalfOpen,
    /// It tripped: nothing goes on.
    Open,
}

impl Breaker {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
        }
    }
}

/// A loop or guard as people see it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Overview {
    /// Which.
    pub loop_id: String,
    /// Loop or guard.
    pub mode: Mode,
    /// The session that owns it; `None` while it waits for one.
    pub session_id: Option<String>,
    /// Its owner's process, if it is known.
    pub process: Option<Process>,
    /// `active`, `paused`, `tripped`.
    pub status: &'static str,
    /// Why it is paused or tripped.
    pub cause: Option<Cause>,
    /// How its breaker stands.
    pub breaker: Breaker,
    /// Iterations so far.
    pub iteration: u32,
    /// Iterations when the bounds were last granted.
    pub granted_iteration: u32,
    /// Spent so far.
    pub usage: Usage,
    /// Spent since the bounds were last granted.
    pub granted_usage: Usage,
    /// Failures so far, whether or not there was a success between.
    pub errors: u64,
    /// The task; empty for a guard.
    pub task: String,
    /// When it began, ms since 1970.
    pub started_ms: u64,
    /// The newest model.
    pub model: Option<String>,
}

impl State {
    /// The loops and guards that there are.
    #[must_use]
    pub fn overview(&self) -> Vec<Overview> {
        self.runs.iter().map(Run::overview).collect()
    }

    /// The loop or guard whose id begins so; without an id the only loop that there is.
    #[must_use]
    pub fn find(&self, loop_id: Option<&str>) -> Option<Overview> {
        self.target(loop_id, None).map(Run::overview)
    }

    /// Where the transcripts of a session were read up to, if it has a loop or guard.
    #[must_use]
    pub fn cursor(&self, session_id: &str) -> Option<&Cursor> {
        self.run_of(session_id).map(|run| &run.cursor)
    }

    /// Whether a session has a loop or guard.
    #[must_use]
    pub fn has_run_of(&self, session_id: &str) -> bool {
        self.run_of(session_id).is_some()
    }

    pub(crate) fn run_of(&self, session_id: &str) -> Option<&Run> {
        self.runs.iter().find(|run| run.is_of(session_id))
    }

    pub(crate) fn index_of(&self, session_id: &str) -> Option<usize> {
        self.runs.iter().position(|run| run.is_of(session_id))
    }

    /// The run that a command means: the one whose id begins so; without an id the session's
    /// own, or the only loop that there is, or the only guard.
    pub(crate) fn target(&self, loop_id: Option<&str>, own: Option<&str>) -> Option<&Run> {
        let begins = |run: &&Run, id: &str| run.loop_id.starts_with(id);
        let id = loop_id.filter(|id| !id.is_empty());
        if let Some(id) = id.or(own) {
            let mut found = self.runs.iter().filter(|run| begins(run, id));
            return found.next().filter(|_| found.next().is_none());
        }
        if let [only] = self.runs.as_slice() {
            return Some(only);
        }
        let mut loops = self.runs.iter().filter(|run| run.mode == Mode::Loop);
        loops.next().filter(|_| loops.next().is_none())
    }

    /// Where a loop's transcripts were read up to, and the owner's transcript.
    #[must_use]
    pub fn reading(&self, loop_id: &str) -> Option<(&Cursor, Option<&str>)> {
        if let Some(run) = self.runs.iter().find(|run| run.loop_id == loop_id) {
            return Some((&run.cursor, run.transcript.as_deref()));
        }
        let ended = self.ended.iter().find(|ended| ended.loop_id == loop_id)?;
        let unsettled = ended.unsettled.as_ref()?;
        Some((&unsettled.cursor, unsettled.transcript.as_deref()))
    }

    /// The last loop of a session that has ended, if its last message is still to be counted.
    pub(crate) fn unsettled(&self, session_id: &str) -> Option<&Ended> {
        let last = self.ended.iter().rev().find(|ended| ended.session_id == session_id)?;
        last.unsettled.is_some().then_some(last)
    }

    /// Owners of loops and guards by their ids, so that the edge can look which have died.
    pub fn owners(&self) -> impl Iterator<Item = (&str, Option<Process>)> {
        self.runs.iter().map(|run| (run.loop_id.as_str(), run.owner.process()))
    }

    /// The loop that waits for the next session in which a person says something.
    pub(crate) fn adoptable(&self) -> Option<&Run> {
        self.runs.iter().find(|run| matches!(run.owner, Owner::Next { .. }))
    }

    /// Whether there is no loop and no guard.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds a run. Over the limit, the oldest guard goes: it can be made anew from its session's
    /// transcript. A loop never goes.
    pub(crate) fn add(&mut self, run: Run) {
        if self.runs.len() >= RUNS_MAX {
            let oldest = self.runs.iter().position(|run| run.mode == Mode::Guard && !run.is_open());
            if let Some(oldest) = oldest {
                self.runs.remove(oldest);
            }
        }
        self.runs.push(run);
    }

    /// Whether there is room for another loop.
    pub(crate) fn has_room(&self) -> bool {
        self.runs.len() < RUNS_MAX
            || self.runs.iter().any(|run| run.mode == Mode::Guard && !run.is_open())
    }

    pub(crate) fn remember_offered(&mut self, session_id: &str) {
        push_bounded(&mut self.offered, session_id.to_owned(), OFFERED_MAX);
    }

    pub(crate) fn ask(&mut self, session_id: &str, task: &str) {
        self.asked.retain(|asked| asked.session_id != session_id);
        let asked = Asked { session_id: session_id.to_owned(), task: cut_task(task) };
        push_bounded(&mut self.asked, asked, ASKED_MAX);
    }

    pub(crate) fn take_asked(&mut self, session_id: &str) -> Option<String> {
        let index = self.asked.iter().position(|asked| asked.session_id == session_id)?;
        Some(self.asked.remove(index).task)
    }

    /// Ends the run at `index` and remembers how.
    pub(crate) fn end(&mut self, index: usize, cause: Cause, now: &Now) -> Option<Run> {
        if index >= self.runs.len() {
            return None;
        }
        let run = self.runs.remove(index);
        let ended = Ended {
            loop_id: run.loop_id.clone(),
            session_id: run.owner.session_id().unwrap_or_default().to_owned(),
            at: now.moment(),
            iteration: run.iteration,
            usage: run.usage.minus(run.grant.usage),
            cause,
            unsettled: Some(Unsettled {
                cursor: run.cursor.clone(),
                transcript: run.transcript.clone(),
                total: run.usage,
            }),
        };
        push_bounded(&mut self.ended, ended, ENDED_MAX);
        Some(run)
    }

    /// What loops of this session have spent that have ended.
    pub(crate) fn spent_by_ended(&self, session_id: &str) -> Usage {
        let of_session = self.ended.iter().filter(|ended| ended.session_id == session_id);
        of_session.map(|ended| ended.usage).fold(Usage::default(), Usage::plus)
    }
}

fn push_bounded<T>(list: &mut Vec<T>, item: T, max: usize) {
    list.push(item);
    let excess = list.len().saturating_sub(max);
    list.drain(..excess);
}

pub(crate) fn cut_task(task: &str) -> String {
    task.trim().chars().take(TASK_CHARS_MAX).collect()
}

impl Run {
    /// A run that begins now.
    pub(crate) fn new(loop_id: String, mode: Mode, owner: Owner, now: &Now) -> Self {
        let at = now.moment();
        Self {
            loop_id,
            mode,
            status: Status::Active,
            owner,
            task: String::new(),
            started: at,
            grant: Grant { at, iteration: 0, usage: Usage::default() },
            half_open: false,
            iteration: 0,
            usage: Usage::default(),
            cursor: Cursor::default(),
            calls_secs: Vec::new(),
            counters: Counters::default(),
            round: Round::new(at, Usage::default()),
            tree: None,
            checks: None,
            model: None,
            client_said: None,
            transcript: None,
            context_due: false,
            feedback: None,
            unpriced: Vec::new(),
        }
    }

    pub(crate) fn is_of(&self, session_id: &str) -> bool {
        self.owner.session_id() == Some(session_id)
    }

    /// Whether it waits for a person, so that what the session does meanwhile is not the loop's.
    pub(crate) fn rests(&self) -> bool {
        self.mode == Mode::Loop
            && matches!(self.status, Status::Paused { .. } | Status::Tripped { .. })
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.status, Status::Tripped { .. })
    }

    pub(crate) fn breaker(&self) -> Breaker {
        match (self.is_open(), self.half_open) {
            (true, _) => Breaker::Open,
            (false, true) => Breaker::HalfOpen,
            (false, false) => Breaker::Closed,
        }
    }

    /// Grants every bound anew, from here on.
    pub(crate) fn grant_anew(&mut self, now: &Now) {
        self.grant = Grant { at: now.moment(), iteration: self.iteration, usage: self.usage };
        self.clear_counters();
    }

    pub(crate) fn clear_counters(&mut self) {
        self.counters.errors = 0;
        self.counters.no_progress = 0;
        self.counters.failed_checks = 0;
    }

    /// Begins the next turn.
    pub(crate) fn next_round(&mut self, now: &Now) {
        self.round = Round::new(now.moment(), self.usage);
    }

    fn overview(&self) -> Overview {
        let (status, cause) = match &self.status {
            Status::Active | Status::Pending => ("active", None),
            Status::Paused { cause } => ("paused", Some(cause.clone())),
            Status::Tripped { cause } => ("tripped", Some(cause.clone())),
        };
        Overview {
            loop_id: self.loop_id.clone(),
            mode: self.mode,
            session_id: self.owner.session_id().map(str::to_owned),
            process: self.owner.process(),
            status,
            cause,
            breaker: self.breaker(),
            iteration: self.iteration,
            granted_iteration: self.grant.iteration,
            usage: self.usage,
            granted_usage: self.usage.minus(self.grant.usage),
            errors: self.counters.all_errors,
            task: self.task.clone(),
            started_ms: self.started.wall_ms(),
            model: self.model.clone(),
        }
    }
}

impl Round {
    fn new(at: Moment, usage: Usage) -> Self {
        Self {
            at,
            usage,
            tool_calls: 0,
            transcript_calls: 0,
            attended: false,
            progressed: None,
            checks: None,
        }
    }

    /// Calls of tools. Hooks and transcript tell of the same calls, and either may miss some.
    pub(crate) fn calls(&self) -> u64 {
        self.tool_calls.max(self.transcript_calls)
    }
}

impl Counters {
    /// A tool failed in the main conversation.
    pub(crate) fn failed(&mut self, count: u64) {
        let count_32 = u32::try_from(count).unwrap_or(u32::MAX);
        self.errors = self.errors.saturating_add(count_32);
        self.all_errors = self.all_errors.saturating_add(count);
    }

    /// Failures that only the transcript tells of.
    pub(crate) fn count_failures(&mut self, spent: &Spent) {
        if spent.tool_succeeded {
            self.errors = 0;
        }
        self.failed(spent.tool_errors);
    }
}

impl Owner {
    pub(crate) fn session(session_id: &str, process: Option<Process>) -> Self {
        Self::Session { session_id: session_id.to_owned(), process }
    }

    pub(crate) fn session_id(&self) -> Option<&str> {
        match self {
            Self::Session { session_id, .. } => Some(session_id),
            Self::Next { .. } => None,
        }
    }

    pub(crate) fn process(&self) -> Option<Process> {
        match self {
            Self::Session { process, .. } => *process,
            Self::Next { .. } => None,
        }
    }
}
