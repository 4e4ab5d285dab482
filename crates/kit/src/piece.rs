//! The pieces of a set-up, each of which can be left out.

mod agents;
mod automation;
mod ci;
mod hooks;
mod knowledge;
mod security;
mod staging;

use std::fmt;

use serde::Serialize;

use crate::facts::Facts;
use crate::mark::Marks;
use crate::survey::Survey;
use crate::template::Filling;

/// One thing that is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Piece {
    /// Updates of what is depended on.
    Dependabot,
    /// Merges patch updates that passed.
    AutoMerge,
    /// Secrets in history and in commits.
    Gitleaks,
    /// Known faults of Python code.
    Bandit,
    /// GitHub's code scanning.
    Codeql,
    /// Known holes of what is depended on.
    Osv,
    /// Holes in workflows themselves.
    Zizmor,
    /// Lints and tests, where a change touches them.
    Ci,
    /// Benchmarks that a pull request is held against.
    Codspeed,
    /// Hooks before a commit.
    PreCommit,
    /// Reviews each pull request.
    Review,
    /// Proposes what brings files back to the configuration.
    FixDrift,
    /// Proposes to take retired agents out.
    RetireAgents,
    /// Runbooks.
    Runbooks,
    /// What a reviewer looks at.
    ReviewChecklist,
    /// How to contribute.
    Contributing,
    /// The rehearsal of production.
    Staging,
    /// The variables that hold secrets, without values.
    EnvExample,
    /// A part for coding agents.
    Agents,
    /// Sentry's server for coding agents.
    Mcp,
}

impl Piece {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Piece; 20] = [
        Piece::Dependabot,
        Piece::AutoMerge,
        Piece::Gitleaks,
        Piece::Bandit,
        Piece::Codeql,
        Piece::Osv,
        Piece::Zizmor,
        Piece::Ci,
        Piece::Codspeed,
        Piece::PreCommit,
        Piece::Review,
        Piece::FixDrift,
        Piece::RetireAgents,
        Piece::Runbooks,
        Piece::ReviewChecklist,
        Piece::Contributing,
        Piece::Staging,
        Piece::EnvExample,
        Piece::Agents,
        Piece::Mcp,
    ];

    /// Its name, as in `--without NAME`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Piece::Dependabot => "dependabot",
            Piece::AutoMerge => "auto-merge",
            Piece::Gitleaks => "gitleaks",
            Piece::Bandit => "bandit",
            Piece::Codeql => "codeql",
            Piece::Osv => "osv",
            Piece::Zizmor => "zizmor",
            Piece::Ci => "ci",
            Piece::Codspeed => "codspeed",
            Piece::PreCommit => "pre-commit",
            Piece::Review => "review",
            Piece::FixDrift => "fix-drift",
            Piece::RetireAgents => "retire-agents",
            Piece::Runbooks => "runbooks",
            Piece::ReviewChecklist => "review-checklist",
            Piece::Contributing => "contributing",
            Piece::Staging => "staging",
            Piece::EnvExample => "env-example",
            Piece::Agents => "agents",
            Piece::Mcp => "mcp",
        }
    }

    /// What it is, in a few words.
    #[must_use]
    pub fn shows(self) -> &'static str {
        match self {
            Piece::Dependabot => "updates of exactly the ecosystems that are here, weekly",
            Piece::AutoMerge => "patch updates merge by themselves once required checks passed",
            Piece::Gitleaks => "no secret in any commit",
            Piece::Bandit => "no known fault of high severity in Python code",
            Piece::Codeql => "GitHub's code scanning, weekly and for pull requests",
            Piece::Osv => "known holes of what is depended on; advisory",
            Piece::Zizmor => "no hole in a workflow",
            Piece::Ci => "lints, types, tests and coverage of what a change touches",
            Piece::Codspeed => "benchmarks of Python, held against each pull request",
            Piece::PreCommit => "the same checks before a commit",
            Piece::Review => "a review of each pull request, with comments at its lines",
            Piece::FixDrift => "a pull request that brings files back to the configuration",
            Piece::RetireAgents => "a pull request that takes retired agents out",
            Piece::Runbooks => "deploy, rollback, recovery, incident response, on call",
            Piece::ReviewChecklist => "what a reviewer of a trading system looks at",
            Piece::Contributing => "how a change gets in",
            Piece::Staging => "the rehearsal of production as a compose file",
            Piece::EnvExample => "the variables that hold secrets, without values",
            Piece::Agents => "what a coding agent has to know here",
            Piece::Mcp => "Sentry's tools for coding agents",
        }
    }

    /// The piece of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Piece> {
        Piece::ALL.into_iter().find(|piece| piece.name() == name)
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How a text becomes part of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum How {
    /// A file of ours; what people change in it is merged.
    Whole,
    /// A file that is made once, and theirs from then on.
    Once,
    /// A part between marks, at the end of a file that may be there already. `head` begins a new file.
    Part { marks: Marks, name: &'static str, head: String },
    /// Entries of the list `key`, with which a YAML file ends. `head` begins a new file.
    Entries { key: &'static str, name: &'static str, head: String, entries: Vec<Entry> },
    /// A tool in the definition of a coding agent.
    Tool(&'static str),
    /// A member of the object `key` of a JSON file.
    Member { key: &'static str, name: &'static str },
}

/// An entry of a list, and what a list has that has it already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) sign: String,
    pub(crate) text: String,
}

/// A text and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) piece: Piece,
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) how: How,
}

/// What pieces are rendered from.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) survey: &'a Survey,
    pub(crate) facts: &'a Facts,
    pub(crate) filling: Filling,
    pub(crate) without: &'a [Piece],
}

impl Source<'_> {
    /// A template, filled, as a file of ours.
    fn whole(&self, piece: Piece, path: &str, template: &str) -> Rendered {
        let text = self.filling.fill(template);
        Rendered { piece, path: path.to_owned(), text, how: How::Whole }
    }

    /// A template, filled, as a file that is made once.
    fn once(&self, piece: Piece, path: &str, template: &str) -> Rendered {
        Rendered { how: How::Once, ..self.whole(piece, path, template) }
    }

    fn has(&self, piece: Piece) -> bool {
        !self.without.contains(&piece)
    }
}

/// Everything that a repository of this kind has.
pub(crate) fn render(source: &Source<'_>) -> Vec<Rendered> {
    let all = [
        automation::render(source),
        security::render(source),
        ci::render(source),
        hooks::render(source),
        knowledge::render(source),
        staging::render(source),
        agents::render(source),
    ];
    all.into_iter().flatten().filter(|rendered| source.has(rendered.piece)).collect()
}
