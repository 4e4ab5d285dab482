//! What a check found, as data.

mod fingerprint;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::span::{Position, Span};

use fingerprint::fingerprint;

/// The version of the report's JSON. It grows when a reader of the old one would misread the new one.
pub const REPORT_VERSION: u32 = 1;

/// How a place or a fact stands to what is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum State {
    /// It says what is declared.
    Match,
    /// It says something else.
    Drift,
    /// It is declared, and a place that should say it does not.
    MissingInDocument,
    /// A place says it, and nobody declares it.
    MissingInSource,
    /// The thing that would tell did not answer. Never a match.
    Unreachable,
    /// A file could not be read as what it is. Never a match.
    Unparsable,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Match => "match",
            State::Drift => "drift",
            State::MissingInDocument => "missing in document",
            State::MissingInSource => "missing in source",
            State::Unreachable => "unreachable",
            State::Unparsable => "unparsable",
        })
    }
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Level {
    /// It is told; it does not fail the check.
    Note,
    /// It fails the check if the configuration says `strict`.
    Warning,
    /// It fails the check.
    Error,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Place {
    /// The path below the root, with `/` between its parts.
    pub path: String,
    /// Where it begins.
    pub start: Position,
    /// One past its last character.
    pub end: Position,
    /// Its bytes.
    pub span: Span,
}

impl Place {
    /// The beginning of a file, for what is about the file as a whole.
    pub fn top_of(path: impl Into<String>) -> Self {
        let start = Position { line: 1, column: 1 };
        Self { path: path.into(), start, end: start, span: Span::default() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.start.line, self.start.column)
    }
}

/// A place that states a declared value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Occurrence {
    /// The key of the value; several if the place does not say which of a service's it means.
    pub keys: Vec<String>,
    /// Where.
    pub place: Place,
    /// Whether it says what is declared.
    pub state: State,
    /// What it says.
    pub found: String,
    /// What is declared for it.
    pub declared: String,
    /// Where that is declared.
    pub origin: String,
    /// The profile whose value counts there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The text that would stand there after a fix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The rule, stable over versions: `port`, `version`, `path`, `value`, `table`, `column`, …
    pub rule: &'static str,
    /// How it stands.
    pub state: State,
    /// How much it weighs.
    pub level: Level,
    /// The key that it is about, or the name of a table or package.
    pub key: String,
    /// Where. A thing that is missing is shown where it is declared, or at the top of the file that lacks it.
    pub place: Place,
    /// What stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What should.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<String>,
    /// Where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The profile whose value counts there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// All of it in a sentence.
    pub message: String,
    /// Other places that belong to it, and what they say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<(Place, String)>,
    /// The text that would stand there after a fix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Several files agree with each other against what is declared: a person has to say who is right.
    pub is_conflict: bool,
    /// What stays the same when lines move: the rule, the key, the file, what was found.
    pub fingerprint: String,
}

impl Finding {
    pub(crate) fn new(
        rule: &'static str,
        state: State,
        level: Level,
        key: impl Into<String>,
        place: Place,
    ) -> Self {
        Self {
            rule,
            state,
            level,
            key: key.into(),
            place,
            found: None,
            declared: None,
            origin: None,
            profile: None,
            message: String::new(),
            related: Vec::new(),
            fix: None,
            is_conflict: false,
            fingerprint: String::new(),
        }
    }

    pub(crate) fn with_fingerprint(mut self) -> Self {
        let found = self.found.as_ref().unwrap_or(&self.message);
        self.fingerprint = fingerprint(&[self.rule, &self.key, &self.place.path, found]);
        self
    }

    pub(crate) fn with_message(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }
}

/// A file or folder that was not checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Skipped {
    /// Its path below the root.
    pub path: String,
    /// Why.
    pub reason: String,
    /// Whether it leaves a question open, so that the check cannot say that all is well.
    pub is_open: bool,
}

/// Everything that a check did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The version of this format.
    pub report_version: u32,
    /// What a person should look at, by path and line.
    pub findings: Vec<Finding>,
    /// Every place that states a declared value, whether it is right or not.
    pub occurrences: Vec<Occurrence>,
    /// Files that were read.
    pub files_read: usize,
    /// Files that state at least one declared value or table.
    pub files_with_values: usize,
    /// Values that were compared, tables and columns included.
    pub values_checked: usize,
    /// Files and folders that were not checked.
    pub skipped: Vec<Skipped>,
    /// Values that were not compared, by the reason.
    pub values_skipped: BTreeMap<String, usize>,
    /// Declared keys that are not looked for, and why.
    pub untracked: Vec<(String, String)>,
    /// Findings that are accepted, by a marker or the baseline.
    pub accepted: usize,
    /// Whether warnings fail the check.
    pub is_strict: bool,
}

/// What a check comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Everything that was checked agrees, and everything that should be checked was.
    Clean,
    /// Something disagrees.
    Drift,
    /// Nothing is known to disagree, and not everything could be told.
    Unknown,
}

impl Report {
    /// What it comes to. A check of nothing tells nothing.
    pub fn verdict(&self) -> Verdict {
        let fails = |finding: &Finding| {
            let is_known = !matches!(finding.state, State::Unreachable | State::Unparsable);
            is_known
                && match finding.level {
                    Level::Error => true,
                    Level::Warning => self.is_strict,
                    Level::Note => false,
                }
        };
        if self.findings.iter().any(fails) {
            return Verdict::Drift;
        }
        let is_open = |finding: &Finding| {
            matches!(finding.state, State::Unreachable | State::Unparsable)
                && finding.level == Level::Error
        };
        let leaves_open =
            self.findings.iter().any(is_open) || self.skipped.iter().any(|skipped| skipped.is_open);
        if leaves_open || self.values_checked == 0 { Verdict::Unknown } else { Verdict::Clean }
    }

    /// The findings in a state.
    pub fn in_state(&self, state: State) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.state == state)
    }
}
