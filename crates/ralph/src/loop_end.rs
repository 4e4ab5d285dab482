//! The end of a loop, told to people who are not there to see it.

use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::cause::{Cause, span};
use crate::config::Mode;
use crate::price::dollars;
use crate::record::{Line, LoopRecord, Record};
use crate::usage::Usage;

/// The client writes the last message after the loop has ended, and the session says so when it ends. What comes
/// later than this is not waited for.
const SETTLES_IN_MS: u64 = 5_000;
const WAITING_MAX: usize = 64;
const TRIPPED_MAX: usize = 64;

/// A loop has ended, or a loop or guard was stopped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LoopEnd {
    /// Which.
    pub loop_id: String,
    /// The session that owned it.
    pub session_id: String,
    /// The directory name of the project.
    pub project: String,
    /// Loop or guard.
    pub mode: Mode,
    /// `done`, `tripped`, `stopped`, `discarded`.
    pub how: String,
    /// Why, with what was found and what was allowed.
    pub cause: Option<Cause>,
    /// Iterations in all.
    pub iterations: u32,
    /// Spent in all.
    pub usage: Usage,
    /// How long it took, ms.
    pub duration_ms: u64,
    /// When, ms since 1970.
    pub at_ms: u64,
}

/// Port: told that a loop has ended. After a crash it may be told of the same end again.
pub trait Announce {
    /// Takes an end.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being told; it is told again then.
    fn announce(&mut self, end: &LoopEnd) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// Finds the ends in a record, line by line, and waits for what each has cost in all. Remembered from one run to the
/// next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoopEnds {
    waiting: Vec<Waiting>,
    /// Loops that were stopped at a bound: that a person then ends them is no news.
    tripped: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Waiting {
    end: LoopEnd,
    is_settled: bool,
}

/// Whether a record is the end of a loop.
#[cfg(feature = "hook")]
pub(crate) fn is_end(record: &Record) -> bool {
    let Record::Loop(record) = record else { return false };
    matches!(record.event.as_str(), "tripped" | "done" | "stopped" | "discarded")
}

impl LoopEnds {
    /// Takes a line of the record.
    pub fn take(&mut self, line: &Line) {
        match &line.record {
            Record::Loop(record) => self.take_loop(line, record),
            Record::Session(record) if record.is_final => {
                let of_session = |waiting: &&mut Waiting| {
                    !record.session_id.is_empty() && waiting.end.session_id == record.session_id
                };
                for waiting in self.waiting.iter_mut().filter(of_session) {
                    waiting.settle(record.usage);
                }
            }
            _ => {}
        }
    }

    fn take_loop(&mut self, line: &Line, record: &LoopRecord) {
        match record.event.as_str() {
            "tripped" => {
                self.tripped.push(record.loop_id.clone());
                let excess = self.tripped.len().saturating_sub(TRIPPED_MAX);
                self.tripped.drain(..excess);
                self.wait_for(line, record);
            }
            "done" => self.wait_for(line, record),
            "stopped" | "discarded" if !self.tripped.contains(&record.loop_id) => {
                self.wait_for(line, record);
            }
            "resumed" | "half_open" | "closed" | "reset" => {
                self.tripped.retain(|tripped| *tripped != record.loop_id);
            }
            "settled" => {
                let of_loop = |waiting: &&mut Waiting| waiting.end.loop_id == record.loop_id;
                self.waiting.iter_mut().filter(of_loop).for_each(|w| w.settle(record.usage));
            }
            _ => {}
        }
    }

    fn wait_for(&mut self, line: &Line, record: &LoopRecord) {
        let end = LoopEnd {
            loop_id: record.loop_id.clone(),
            session_id: record.session_id.clone(),
            project: line.project.clone(),
            mode: record.mode,
            how: record.event.clone(),
            cause: record.cause.clone(),
            iterations: record.iteration,
            usage: record.usage,
            duration_ms: record.duration_ms,
            at_ms: line.at_ms().unwrap_or_default(),
        };
        self.waiting.push(Waiting { end, is_settled: false });
        let excess = self.waiting.len().saturating_sub(WAITING_MAX);
        self.waiting.drain(..excess);
    }

    /// Whether no end waits to be told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Forgets the ends from before a moment: nobody is helped by old news.
    pub fn forget_before(&mut self, moment: SystemTime) {
        let oldest_ms = since_1970_ms(moment);
        self.waiting.retain(|waiting| waiting.end.at_ms >= oldest_ms);
    }

    /// Tells every end whose cost is known, or was waited for long enough, oldest first. Returns how many.
    ///
    /// # Errors
    ///
    /// The first that was not taken; it and those after it wait on.
    pub fn announce(
        &mut self,
        now: SystemTime,
        to: &mut dyn Announce,
    ) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
        let now_ms = since_1970_ms(now);
        let mut told = 0_usize;
        while let Some(at) = self.waiting.iter().position(|waiting| waiting.is_due(now_ms)) {
            if let Some(waiting) = self.waiting.get(at) {
                to.announce(&waiting.end)?;
            }
            self.waiting.remove(at);
            told = told.saturating_add(1);
        }
        Ok(told)
    }
}

impl Waiting {
    fn settle(&mut self, total: Usage) {
        if total.tokens.total() >= self.end.usage.tokens.total() {
            self.end.usage = total;
        }
        self.is_settled = true;
    }

    fn is_due(&self, now_ms: u64) -> bool {
        // A clock that was set back must not keep it for ever.
        self.is_settled || now_ms.abs_diff(self.end.at_ms) >= SETTLES_IN_MS
    }
}

impl LoopEnd {
    /// Whether a bound ended it, and not its work or a person.
    #[must_use]
    pub fn is_trip(&self) -> bool {
        self.how == "tripped"
    }

    /// What a person can do about it.
    #[must_use]
    pub fn advice(&self) -> String {
        self.cause.as_ref().map(Cause::advice).unwrap_or_default()
    }

    /// How it ended and why, in a few words: `was stopped: iteration 15 of 15`.
    #[must_use]
    pub fn reason(&self) -> String {
        match (self.how.as_str(), &self.cause) {
            ("done", _) => "is done".to_owned(),
            ("tripped", Some(cause)) => format!("was stopped: {cause}"),
            ("tripped", None) => "was stopped".to_owned(),
            (how, _) => format!("was {how} by a person"),
        }
    }
}

impl fmt::Display for LoopEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { loop_id, project, iterations, usage, .. } = self;
        let took = span(self.duration_ms / 1_000);
        let cost = dollars(usage.cost_nano_usd);
        let tokens = usage.tokens.total();
        write!(f, "{loop_id} of {project} {}, ", self.reason())?;
        write!(f, "after {iterations} iterations, {took}, {cost} and {tokens} tokens")?;
        match usage.unpriced_tokens {
            0 => Ok(()),
            unpriced => write!(f, ", {unpriced} of them at an unknown price"),
        }
    }
}

fn since_1970_ms(moment: SystemTime) -> u64 {
    crate::now::ms(moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}
