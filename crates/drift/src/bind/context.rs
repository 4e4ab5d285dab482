//! What the names around a value say about it.

use super::{Binder, Named};
use crate::fact::{SubjectId, words};
use crate::lexicon::Meaning;
use crate::outline::{Role, Scope};
use crate::span::Span;

/// The subjects that a name speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subjects {
    None,
    One(SubjectId, Span),
    /// More than one, or one of which nothing is declared.
    Other,
}

impl Binder<'_> {
    /// The subjects in a part of the text.
    pub(super) fn subjects_in(&self, part: Span) -> Subjects {
        let mut found = Subjects::None;
        for hit in super::hits_in(self.hits, part) {
            let Meaning::Subject(subject) = hit.meaning else { continue };
            found = match found {
                Subjects::None => Subjects::One(subject, hit.span),
                Subjects::One(known, span) if known == subject => Subjects::One(known, span),
                _ => return Subjects::Other,
            };
        }
        if found == Subjects::None {
            let mut is_decoy = false;
            words::split(part.of(self.text), |word| is_decoy |= self.lexicon.decoy(word).is_some());
            if is_decoy {
                return Subjects::Other;
            }
        }
        found
    }

    pub(super) fn subjects_of_scope(&self, scope: &Scope) -> Subjects {
        if scope.role == Role::Fence {
            return Subjects::None;
        }
        // What a thing is called counts before what it is made of.
        std::iter::once(&scope.name)
            .chain(&scope.also)
            .map(|name| self.subjects_in(*name))
            .find(|found| *found != Subjects::None)
            .unwrap_or(Subjects::None)
    }

    /// The subject of the nearest scope that names one.
    pub(super) fn subject_around<'s>(
        &self,
        mut scopes: impl Iterator<Item = &'s Scope>,
    ) -> Option<SubjectId> {
        let found = scopes.find_map(|scope| match self.subjects_of_scope(scope) {
            Subjects::None => None,
            found => Some(found),
        })?;
        match found {
            Subjects::One(subject, _) => Some(subject),
            Subjects::None | Subjects::Other => None,
        }
    }

    /// The subject that the file's path names, if it names one only.
    pub(super) fn subject_of_path(&self) -> Option<SubjectId> {
        let mut found = None;
        for hit in &self.path_hits {
            let Meaning::Subject(subject) = hit.meaning else { continue };
            if found.is_some_and(|known| known != subject) {
                return None;
            }
            found = Some(subject);
        }
        found
    }

    /// Whether a name has one of some words.
    pub(super) fn name_has(&self, name: Span, wanted: &[&str]) -> bool {
        let mut has = false;
        words::split(name.of(self.text), |word| {
            let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
            has |= wanted.iter().any(|w| word.eq_ignore_ascii_case(w));
        });
        has
    }

    /// Whether a scope around a value has one of some words in its name.
    pub(super) fn is_under(&self, named: Named, wanted: &[&str]) -> bool {
        self.outer(named)
            .any(|scope| scope.role != Role::Fence && self.name_has(scope.name, wanted))
    }

    /// Whether a value is seen from inside a container: in a service's environment, commands or health check.
    pub(super) fn is_inside(&self, named: Named) -> bool {
        let mut inside = false;
        for scope in self.outline.chain(named.scope) {
            if scope.role == Role::Service {
                return inside;
            }
            inside |= [
                "environment",
                "env",
                "command",
                "entrypoint",
                "test",
                "healthcheck",
                "args",
                "options",
            ]
            .contains(&scope.name.of(self.text));
        }
        false
    }
}
