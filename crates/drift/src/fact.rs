//! Facts: declared values with the names by which files speak of them, inferred from their keys.

mod infer;
pub(crate) mod known;
pub(crate) mod words;

use std::collections::BTreeMap;

use crate::declared::{Declared, Origin, TableShape};
use crate::value::Value;

pub(crate) use infer::infer;

/// The number of a fact among the facts.
pub(crate) type FactId = usize;
/// The number of a subject among the subjects.
pub(crate) type SubjectId = usize;

/// What a fact is about, which decides how files speak of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Port,
    Versions,
    Path,
    Number,
    Bool,
    Text,
}

/// A declared value for one profile or for all, and where it is declared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Valued {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// One declared value that is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) key: String,
    pub(crate) kind: Kind,
    pub(crate) base: Valued,
    pub(crate) profiles: BTreeMap<String, Valued>,
    /// The service or runtime that it is about.
    pub(crate) subject: Option<SubjectId>,
    /// What tells it apart from other facts about the same subject, as one of the known words.
    pub(crate) qualifiers: Vec<String>,
    /// The words of its names; any one of them is enough.
    pub(crate) names: Vec<Vec<String>>,
    /// The words of its section.
    pub(crate) section: Vec<String>,
    /// Its name is clear without its section.
    pub(crate) is_strong: bool,
    /// The port inside the container.
    pub(crate) container_port: Option<u16>,
}

impl Fact {
    /// The value for a profile.
    pub(crate) fn value(&self, profile: Option<&str>) -> &Valued {
        profile.and_then(|profile| self.profiles.get(profile)).unwrap_or(&self.base)
    }

    pub(crate) fn port(&self, profile: Option<&str>) -> Option<u16> {
        match self.value(profile).value {
            Value::Port(port) => Some(port),
            _ => None,
        }
    }

    /// Whether a port inside a container is right: the service's own, or the declared one.
    pub(crate) fn has_container_port(&self, port: u16, profile: Option<&str>) -> bool {
        self.container_port == Some(port)
            || self.port(profile) == Some(port)
            || (self.container_port.is_none() && self.port(None) == Some(port))
    }
}

/// A service, a runtime or a package, by all its names.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) names: Vec<String>,
    /// The facts about it; none if it is only known so that nothing is said of another by mistake.
    pub(crate) facts: Vec<FactId>,
    /// Its name in the table of known services.
    pub(crate) known: Option<&'static known::Known>,
}

/// Everything that is looked for.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) facts: Vec<Fact>,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) tables: Vec<DeclaredTable>,
    /// Whether the declared tables are all that there should be.
    pub(crate) has_table_list: bool,
    /// Files that have to be there, and where that is declared.
    pub(crate) derived: Vec<(String, Origin)>,
    pub(crate) profiles: Vec<String>,
    /// Keys that are not looked for, and why.
    pub(crate) untracked: Vec<(String, String)>,
}

/// A table that is declared.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredTable {
    pub(crate) shape: TableShape,
    pub(crate) origin: Origin,
}

impl Facts {
    pub(crate) fn get(&self, fact: FactId) -> Option<&Fact> {
        self.facts.get(fact)
    }

    /// The facts of a kind about a subject.
    pub(crate) fn about(
        &self,
        subject: SubjectId,
        kind: Kind,
    ) -> impl Iterator<Item = (FactId, &Fact)> {
        let facts =
            self.subjects.get(subject).map(|subject| subject.facts.as_slice()).unwrap_or_default();
        facts
            .iter()
            .filter_map(move |id| Some((*id, self.get(*id)?)))
            .filter(move |(_, fact)| fact.kind == kind)
    }

    pub(crate) fn table(&self, name: &str) -> Option<&DeclaredTable> {
        self.tables.iter().find(|table| table.shape.name.eq_ignore_ascii_case(name))
    }
}

/// The section and the last part of a key.
pub(crate) fn parted(declared: &Declared) -> (Vec<&str>, &str) {
    let mut parts: Vec<&str> = declared.key.split('.').collect();
    let leaf = parts.pop().unwrap_or_default();
    (parts, leaf)
}
