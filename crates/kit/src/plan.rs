//! Compares what a repository has with what it should have; nothing is written here.

mod apply;
mod json;
mod tail;
mod tools;

use serde::Serialize;

use crate::facts::{Config, Facts};
use crate::filling;
use crate::piece::{self, Piece, Source};
use crate::record::Record;
use crate::survey::Survey;

/// What would become of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The file, relative to the repository.
    pub path: String,
    /// What it belongs to; `None` for a file that nothing belongs to any more.
    pub piece: Option<Piece>,
    /// What would happen.
    pub state: State,
    /// Its text now; `None` if there is none.
    pub before: Option<String>,
    /// Its text then; `None` if it goes. The same as `before` where nothing happens.
    pub after: Option<String>,
    /// Why, where people should know.
    pub why: Option<String>,
}

/// What would happen to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum State {
    /// Nothing: it is as it should be.
    InStep,
    /// It is made.
    New,
    /// It gets what changed, and keeps what people changed.
    Update,
    /// It goes, as there is nothing left that it is for, and nobody changed it.
    Remove,
    /// It is people's own, and stays.
    Theirs,
    /// Both sides changed the same: people have to say.
    Conflict,
}

impl State {
    /// Whether the repository is out of step here.
    #[must_use]
    pub fn is_finding(self) -> bool {
        !matches!(self, State::InStep | State::Theirs)
    }
}

/// Everything that would happen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// By piece, then by path.
    pub changes: Vec<Change>,
    /// The record to keep once the changes are written.
    pub record: Record,
}

impl Plan {
    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_in_step(&self) -> bool {
        !self.changes.iter().any(|change| change.state.is_finding())
    }
}

/// What a plan is made from.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Wish<'a> {
    /// The repository.
    pub survey: &'a Survey,
    /// What the configuration says.
    pub facts: &'a Facts,
    /// How files are kept.
    pub config: &'a Config,
    /// What was rendered last.
    pub record: &'a Record,
    /// Files that are taken as the template has them, whatever people changed.
    pub taken: &'a [String],
}

impl<'a> Wish<'a> {
    /// Of a repository, its configuration and what was rendered last.
    #[must_use]
    pub fn new(
        survey: &'a Survey,
        facts: &'a Facts,
        config: &'a Config,
        record: &'a Record,
    ) -> Self {
        Self { survey, facts, config, record, taken: &[] }
    }

    /// Takes these files as the template has them.
    #[must_use]
    pub fn with_taken(mut self, taken: &'a [String]) -> Self {
        self.taken = taken;
        self
    }
}

/// Plans all changes. `read` gives the text of a file, `None` if there is none, or why it cannot be
/// read; such a file stays as it is.
pub fn plan(wish: &Wish<'_>, mut read: impl FnMut(&str) -> Result<Option<String>, String>) -> Plan {
    let Wish { survey, facts, config, .. } = *wish;
    let named = config.without.iter().filter_map(|name| Piece::named(name));
    let without: Vec<Piece> = named.chain(wish.record.left_out()).collect();
    let filling = filling::of(survey, facts, config, &without);
    let source = Source { survey, facts, filling, without: &without };
    let mut record = wish.record.clone();
    let mut changes: Vec<Change> = Vec::new();
    let rendered = piece::render(&source);
    for part in &rendered {
        let change = match read(&part.path) {
            Ok(before) => apply::apply(wish, part, before, &mut record),
            Err(why) => Change {
                path: part.path.clone(),
                piece: Some(part.piece),
                state: State::Conflict,
                before: None,
                after: None,
                why: Some(why),
            },
        };
        changes.push(change);
    }
    let gone: Vec<String> = record
        .paths()
        .filter(|path| !rendered.iter().any(|part| part.path == *path))
        .map(str::to_owned)
        .collect();
    for path in gone {
        changes.extend(apply::gone(&path, read(&path), &mut record));
    }
    Plan { changes, record }
}
