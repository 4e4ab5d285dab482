//! What is wrong with a configuration: all of it at once, each with its place.

use std::fmt;

use crate::key::Key;
use crate::node::At;
use crate::origin::Origin;
use crate::render;
use crate::source::Sources;

/// What sort of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The text is not YAML, or more of YAML than a configuration may use.
    Syntax,
    /// A key stands twice in one map.
    DuplicateKey,
    /// No section has this name.
    UnknownSection,
    /// The section has no such key.
    UnknownKey,
    /// The section needs a key that nobody gave.
    MissingKey,
    /// The value is of another type, or out of range.
    Value,
    /// Values that are fine alone exclude each other.
    Contradiction,
    /// A secret stands in clear where a reference is wanted.
    SecretInClear,
    /// What a secret refers to is not there.
    SecretMissing,
    /// A variable cannot be what its name says.
    Environment,
    /// The profile is not declared in the canonical file.
    UnknownProfile,
    /// A section was registered wrongly: a mistake of the program, not of the configuration.
    Registration,
}

impl ProblemKind {
    /// The name that programs match on, such as `unknown-key`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::DuplicateKey => "duplicate-key",
            Self::UnknownSection => "unknown-section",
            Self::UnknownKey => "unknown-key",
            Self::MissingKey => "missing-key",
            Self::Value => "value",
            Self::Contradiction => "contradiction",
            Self::SecretInClear => "secret-in-clear",
            Self::SecretMissing => "secret-missing",
            Self::Environment => "environment",
            Self::UnknownProfile => "unknown-profile",
            Self::Registration => "registration",
        }
    }
}

/// One thing that is wrong. No secret is in any of its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What sort of problem it is.
    pub kind: ProblemKind,
    /// The key; empty where a whole file is meant.
    pub key: String,
    /// Where it stands.
    pub origin: Origin,
    /// What is wrong, in one line.
    pub message: String,
    /// What stands there, where something else was wanted.
    pub found: Option<String>,
    /// What was wanted.
    pub wanted: Option<String>,
    /// The nearest name that is known.
    pub nearest: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The other places that take part, with what stands there.
    pub related: Vec<(Origin, String)>,
    /// What stands at its own place, for those who see the excerpt.
    pub(crate) label: Option<String>,
    pub(crate) at: At,
    pub(crate) related_at: Vec<(At, String)>,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, key: &Key, at: &At, message: impl Into<String>) -> Self {
        Self {
            kind,
            key: key.to_string(),
            origin: Origin::Default,
            message: message.into(),
            found: None,
            wanted: None,
            nearest: None,
            hint: None,
            related: Vec::new(),
            label: None,
            at: at.clone(),
            related_at: Vec::new(),
        }
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(crate) fn with_nearest(self, nearest: Option<String>) -> Self {
        Self { nearest, ..self }
    }

    pub(crate) fn with_related(mut self, at: &At, label: impl Into<String>) -> Self {
        self.related_at.push((at.clone(), label.into()));
        self
    }
}

/// How problems look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Letters only.
    Plain,
    /// With the colors of a terminal; nothing is said by color alone.
    Colored,
}

/// Everything that is wrong; never empty.
#[derive(Clone)]
pub struct Problems(Box<Inner>);

#[derive(Clone)]
struct Inner {
    problems: Vec<Problem>,
    sources: Sources,
    mask: render::Mask,
}

impl Problems {
    /// In the order of the files; `sources` are masked before anything is shown of them.
    pub(crate) fn new(mut problems: Vec<Problem>, sources: Sources, mask: render::Mask) -> Self {
        for problem in &mut problems {
            problem.origin = sources.origin(&problem.at);
            problem.related = problem
                .related_at
                .iter()
                .map(|(at, l)| (sources.origin(at), mask.text(l)))
                .collect();
            for text in [&mut problem.message, &mut problem.key] {
                *text = mask.text(text);
            }
            for text in [&mut problem.found, &mut problem.wanted, &mut problem.hint] {
                *text = text.take().map(|text| mask.text(&text));
            }
        }
        Self(Box::new(Inner { problems, sources, mask })).sorted()
    }

    /// These and those, each one once; both are of the same files and variables.
    pub(crate) fn joined(mut self, other: Self) -> Self {
        let new: Vec<Problem> =
            other.0.problems.into_iter().filter(|new| !self.0.problems.contains(new)).collect();
        self.0.problems.extend(new);
        self.0.mask = self.0.mask.joined(&other.0.mask);
        self.sorted()
    }

    fn sorted(mut self) -> Self {
        self.0.problems.sort_by_key(|problem| match &problem.at {
            At::File { file, bytes } => (0, *file, bytes.start),
            At::Env { variable } => (1, *variable, 0),
            At::Default => (2, 0, 0),
        });
        self
    }

    /// Returns every problem, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.problems.iter()
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.problems.len()
    }

    /// Always false.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.problems.is_empty()
    }

    /// Returns all of them as excerpts of the sources, with carets under what is meant.
    #[must_use]
    pub fn render(&self, look: Look) -> String {
        render::render(&self.0.problems, &self.0.sources, &self.0.mask, look)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Look::Plain))
    }
}

impl fmt::Debug for Problems {
    // Not derived: the sources hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0.problems).finish()
    }
}

impl std::error::Error for Problems {}
