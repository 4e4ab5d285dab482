//! Finds whether a file speaks of anything that is declared, and where, before anything is parsed.

mod patterns;
mod sight;

use std::collections::HashMap;

use aho_corasick::AhoCorasick;
use aho_corasick::packed::Searcher;

use crate::fact::{Fact, FactId, Facts, Kind, Subject, SubjectId};
use crate::span::Span;
use crate::value::Value;
use patterns::Patterns;
use sight::{Anchor, Traits};

pub(crate) use sight::Layout;

/// Words longer than this are looked for without their first letter.
const TAIL_MIN: usize = 4;
/// Shortest word that is looked for; a shorter one is in every file.
const WORD_MIN: usize = 3;

/// What a word in a file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It names a service, a runtime or a package.
    Subject(SubjectId),
    /// It is a word of the name of something that is no service, by its number among those words.
    Anchor(usize),
    /// It begins an address.
    Address,
    /// It is a table.
    Table,
    /// It begins a statement about tables.
    Sql,
}

/// A word that means something, where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) span: Span,
    pub(crate) meaning: Meaning,
}

/// What the word of a pattern means, and the letter before the pattern if it was cut off. Words may have the rest
/// in common, and one word may mean several things.
type Meanings = Vec<(Option<u8>, Meaning)>;

/// Everything that is looked for, made ready.
#[derive(Debug)]
pub(crate) struct Lexicon {
    /// Fast searchers, each with the number of its first pattern.
    fast: Vec<(usize, Searcher)>,
    /// The one that is used where there are too many patterns for those.
    sure: Option<AhoCorasick>,
    meanings: Vec<Meanings>,
    anchors: Vec<Anchor>,
    traits: Vec<Traits>,
    /// Services that nothing is declared about, in lower case.
    decoys: HashMap<String, SubjectId>,
}

impl Lexicon {
    pub(crate) fn new(facts: &Facts) -> Self {
        let mut patterns = Patterns::default();
        let mut decoys = HashMap::new();
        for (id, subject) in facts.subjects.iter().enumerate() {
            for name in &subject.names {
                if subject.facts.is_empty() {
                    decoys.insert(name.to_ascii_lowercase(), id);
                } else if !is_covered(subject, name) {
                    patterns.add(name, Meaning::Subject(id));
                }
            }
        }
        for (id, fact) in facts.facts.iter().enumerate() {
            add_fact(&mut patterns, id, fact);
        }
        if facts.facts.iter().any(|fact| fact.kind == Kind::Port) {
            patterns.add_exact("localhost:", Meaning::Address);
            patterns.add_exact("127.0.0.1:", Meaning::Address);
        }
        if facts.has_table_list {
            for word in ["CREATE TABLE", "create table", "SELECT", "select "] {
                patterns.add_exact(word, Meaning::Sql);
            }
            for table in &facts.tables {
                patterns.add_exact(&table.shape.name, Meaning::Table);
            }
        }
        let traits = (0..facts.subjects.len()).map(|id| traits(facts, id)).collect();
        patterns.finish(decoys, traits)
    }

    /// The words of a text that mean something, in order.
    pub(crate) fn hits(&self, text: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut take = |pattern: usize, start: usize, end: usize| {
            let Some(meanings) = self.meanings.get(pattern) else { return };
            for (first, meaning) in meanings {
                let start = match first {
                    Some(first) => start.checked_sub(1).filter(|at| {
                        text.as_bytes()
                            .get(*at)
                            .is_some_and(|byte| byte.eq_ignore_ascii_case(first))
                    }),
                    None => Some(start),
                };
                let Some(start) = start else { continue };
                let span = Span::new(start, end);
                if is_word(text, span, *meaning) {
                    hits.push(Hit { span, meaning: *meaning });
                }
            }
        };
        for (first, fast) in &self.fast {
            fast.find_iter(text).for_each(|found| {
                take(first + found.pattern().as_usize(), found.start(), found.end());
            });
        }
        if let Some(sure) = &self.sure {
            sure.find_iter(text)
                .for_each(|found| take(found.pattern().as_usize(), found.start(), found.end()));
        }
        if self.fast.len() > 1 {
            hits.sort_unstable_by_key(|hit| (hit.span.start, hit.span.end));
        }
        hits
    }

    /// What a file's path says that holds for values without a name: which service with ports they are about.
    pub(crate) fn path_hits(&self, path: &str) -> Vec<Hit> {
        let mut hits = self.hits(path);
        hits.retain(|hit| match hit.meaning {
            Meaning::Subject(subject) => {
                self.traits.get(subject).is_some_and(|traits| traits.has_ports)
            }
            _ => false,
        });
        hits
    }

    /// The service that a word names and nothing is declared about.
    pub(crate) fn decoy(&self, word: &str) -> Option<SubjectId> {
        self.decoys.get(&word.to_ascii_lowercase()).copied()
    }
}

/// Whether a match is a word, or a part of a name such as `GRAFANA_PORT` or `grafanaPort`.
fn is_word(text: &str, span: Span, meaning: Meaning) -> bool {
    let bytes = text.as_bytes();
    let first = bytes.get(span.start).copied().unwrap_or_default();
    let last = span.end.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or_default();
    let before = span.start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
    let after = bytes.get(span.end).copied();
    let is_part = !matches!(meaning, Meaning::Subject(_))
        && (span.len() > TAIL_MIN || !first.is_ascii_alphanumeric());
    let begins = is_part
        || before.is_none_or(|before| {
            !before.is_ascii_alphanumeric()
                || (before.is_ascii_lowercase() && first.is_ascii_uppercase())
        });
    let ends = !matches!(meaning, Meaning::Subject(_))
        || after.is_none_or(|after| {
            !after.is_ascii_alphabetic()
                || (last.is_ascii_lowercase() && after.is_ascii_uppercase())
        });
    begins && ends
}

/// `nautilus_trader` begins with `nautilus`, which is found anyway.
fn is_covered(subject: &Subject, name: &str) -> bool {
    subject.names.iter().any(|short| {
        let (long, short) = (name.to_ascii_lowercase(), short.to_ascii_lowercase());
        let begins = long.strip_prefix(&short).is_some_and(|rest| {
            rest.starts_with(['_', '-', ' ', '.'])
                || name
                    .get(short.len()..)
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        });
        let ends =
            long.strip_suffix(&short).is_some_and(|rest| rest.ends_with(['_', '-', ' ', '.']));
        name.len() > short.len() && (begins || ends)
    })
}

/// The names of a fact, and what is typical of its values.
fn add_fact(patterns: &mut Patterns, id: FactId, fact: &Fact) {
    match fact.kind {
        Kind::Port | Kind::Versions => return,
        Kind::Path | Kind::Number | Kind::Bool | Kind::Text => {
            for name in &fact.names {
                patterns.add_name(id, fact, name);
            }
        }
    }
    for value in std::iter::once(&fact.base).chain(fact.profiles.values()) {
        if let Value::Path(path) = &value.value {
            let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            let stem = last.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default();
            patterns.add_exact(stem, Meaning::Address);
        }
    }
}

fn traits(facts: &Facts, id: SubjectId) -> Traits {
    let is_one_number = |fact: &Fact| match &fact.base.value {
        Value::Versions { text, .. } => !text.contains('.'),
        _ => false,
    };
    Traits {
        has_ports: facts.about(id, Kind::Port).next().is_some(),
        has_version: facts.about(id, Kind::Versions).next().is_some(),
        is_one_number: facts.about(id, Kind::Versions).any(|(_, fact)| is_one_number(fact)),
    }
}
