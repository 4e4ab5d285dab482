//! What has to be gathered before a step, and what was gathered.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::now::Now;
use crate::step::SpentFrom;
use crate::usage::{Cursor, Spent};

/// What [`step`](crate::step) will look at for an event. A tool call does not pay for a
/// fingerprint of the tree, and a session without a loop pays for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Needs {
    /// The fingerprint of the tree.
    pub tree: bool,
    /// What was spent, and from where on.
    pub spent: SpentFrom,
    /// Where the session's transcripts end now.
    pub end: bool,
    /// Which owners of loops have died.
    pub dead: bool,
    /// How the prompt is to be dealt with.
    pub route: bool,
    /// What the guard list says of the tool.
    pub verdict: bool,
    /// The end of `progress.md` and the task in `PROMPT.md`.
    pub texts: bool,
}

/// A process, told apart from one that has its number later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, in the kernel's ticks since the boot.
    pub started: u64,
    /// Which boot.
    pub boot_id: u64,
}

/// The tree at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tree {
    /// Digest of HEAD, index and content of what is changed or untracked, hexadecimal.
    pub fingerprint: String,
    /// The commit that is checked out, if there is one.
    pub head: Option<String>,
    /// How many files are changed or untracked.
    pub changed_files: u64,
}

impl Tree {
    /// A tree with this fingerprint.
    #[must_use]
    pub fn new(fingerprint: impl Into<String>) -> Self {
        Self { fingerprint: fingerprint.into(), head: None, changed_files: 0 }
    }
}

/// How a prompt is to be dealt with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Route {
    /// As always.
    #[default]
    Standard,
    /// A mechanical task: a loop.
    Loop {
        /// Whether it is sure enough to start one without asking.
        certain: bool,
        /// For the record, such as `0.93 by "fix all lint"`; never the prompt's text.
        reason: String,
    },
    /// A creative task: several approaches; this is put into the context.
    Explore {
        /// At most 600 characters.
        context: String,
    },
}

/// What the guard list says of a tool call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing.
    #[default]
    Pass,
    /// A person should decide.
    Ask {
        /// The rule.
        rule: String,
        /// What it protects.
        advice: String,
    },
    /// No.
    Deny {
        /// The rule.
        rule: String,
        /// What to do instead.
        advice: String,
    },
}

/// What was gathered. `None` is not asked for or not to be had; a step never takes it for "nothing".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Facts {
    /// Both clocks.
    pub now: Now,
    /// The client's process that the hook works for.
    pub process: Option<Process>,
    /// The tree.
    pub tree: Option<Tree>,
    /// What was spent since the cursor in the state.
    pub spent: Option<Spent>,
    /// Where the session's transcripts end: a loop that begins now counts from there.
    pub end: Option<Cursor>,
    /// Loops whose owner's process has ended.
    pub dead: BTreeSet<String>,
    /// How the prompt is to be dealt with.
    pub route: Option<Route>,
    /// What the guard list says.
    pub verdict: Option<Verdict>,
    /// The end of `progress.md`.
    pub progress_tail: Option<String>,
    /// The task in `PROMPT.md`.
    pub prompt_file: Option<String>,
    /// Lines that a session should begin with, such as keys in the environment.
    pub warnings: Vec<String>,
    /// What tells a loop that may begin now from all others.
    pub fresh_id: String,
}

impl Facts {
    /// Nothing but the time.
    #[must_use]
    pub fn at(now: Now) -> Self {
        Self {
            now,
            process: None,
            tree: None,
            spent: None,
            end: None,
            dead: BTreeSet::new(),
            route: None,
            verdict: None,
            progress_tail: None,
            prompt_file: None,
            warnings: Vec::new(),
            fresh_id: String::new(),
        }
    }
}
