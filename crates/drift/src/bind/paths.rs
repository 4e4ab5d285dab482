//! Paths: in keys, and wherever a text has one that leads to the same place or to one beside it.

use super::clause::Clause;
use super::token::Kind as TokenKind;
use super::{Binder, Named};
use crate::fact::words::Words;
use crate::fact::{Fact, FactId, Kind};
use crate::span::Span;
use crate::value::Value;
use crate::value::path;

/// Words that say that a value is a path.
const PATH: &[&str] =
    &["path", "dir", "root", "location", "file", "home", "base", "data", "source", "target"];

impl Binder<'_> {
    fn path_facts(&self) -> impl Iterator<Item = (FactId, &Fact)> {
        self.facts.facts.iter().enumerate().filter(|(_, fact)| fact.kind == Kind::Path)
    }

    /// A path under its names.
    pub(super) fn path_value(&mut self, named: Named) {
        let inner = named.value.of(self.text);
        if !path::is_path(inner) {
            return;
        }
        let Some(leaf) = self.leaf(named) else { return };
        let words = Words::of(leaf.of(self.text));
        let environment = self.environment(named);
        let profile = environment.profile();
        let found = self.path_facts().find(|(_, fact)| {
            let Value::Path(declared) = &fact.value(profile).value else { return false };
            self.is_path_name(named, &words, fact) && is_comparable(inner, declared)
        });
        let found = found.map(|(id, _)| id).or_else(|| self.similar_path(inner, profile));
        if let Some(fact) = found {
            self.push(fact, named.value, environment, None);
        }
    }

    fn is_path_name(&self, named: Named, words: &Words, fact: &Fact) -> bool {
        let rest: Vec<&str> =
            words.without(&fact.section).into_iter().filter(|word| !PATH.contains(word)).collect();
        let is_name = |name: &Vec<String>| {
            let wanted: Vec<&str> =
                name.iter().map(String::as_str).filter(|word| !PATH.contains(word)).collect();
            // `NAUTILUS_CATALOG_PATH`: what stands before the name is the program's.
            !wanted.is_empty() && rest.ends_with(&wanted) && rest.len() <= wanted.len() + 1
        };
        let names_it = fact.names.iter().any(is_name) && self.is_name_enough(named, words, fact);
        names_it && (fact.is_strong || self.has_section(named, words, fact))
    }

    /// A name of one word is that of many paths: what the declared path is called has to be named too.
    fn is_name_enough(&self, named: Named, words: &Words, fact: &Fact) -> bool {
        let telling =
            |name: &Vec<String>| name.iter().filter(|word| !PATH.contains(&word.as_str())).count();
        if fact.names.iter().all(|name| telling(name) >= 2) || !fact.section.is_empty() {
            return true;
        }
        let Value::Path(declared) = &fact.base.value else { return false };
        let last = path::parts(declared).last().copied().unwrap_or_default().to_owned();
        let wanted = Words::of(&last).words;
        wanted
            .iter()
            .filter(|word| word.len() > 3 && word.bytes().all(|b| b.is_ascii_alphabetic()))
            .all(|word| {
                words.words.contains(word)
                    || self.outer(named).any(|scope| {
                        scope.role == crate::outline::Role::Key
                            && Words::of(scope.name.of(self.text)).words.contains(word)
                    })
            })
    }

    /// A path whose last part has the name of a declared one's last part but for its numbers, or which leads
    /// there.
    fn similar_path(&self, text: &str, profile: Option<&str>) -> Option<FactId> {
        let found = path::parts(text);
        let matches = |declared: &str| {
            let declared = path::parts(declared);
            let Some(last) = declared.last() else { return false };
            let stem = path::stem(last);
            let telling = stem.chars().filter(char::is_ascii_alphabetic).count() >= 6;
            telling
                && declared.len() >= 3
                && found.len() >= 2
                && found.iter().any(|part| path::stem(part) == stem)
        };
        let fact = self.path_facts().find(|(_, fact)| match &fact.value(profile).value {
            Value::Path(declared) => matches(declared),
            _ => false,
        })?;
        Some(fact.0)
    }

    /// A path in the same folder as a declared one, in a sentence that has the words of its name.
    fn neighbor_path(
        &self,
        clause: &Clause<'_>,
        text: &str,
        profile: Option<&str>,
    ) -> Option<FactId> {
        let found = path::parts(text);
        let (_, folder) = found.split_last()?;
        let said: Vec<String> = clause
            .tokens
            .iter()
            .filter(|token| token.kind == TokenKind::Word && !found_in(self.text, text, token.span))
            .flat_map(|token| Words::of(token.span.of(self.text)).words)
            .collect();
        let fact = self.path_facts().find(|(_, fact)| {
            let Value::Path(declared) = &fact.value(profile).value else { return false };
            let declared = path::parts(declared);
            let is_beside = folder.len() >= 3
                && declared.split_last().is_some_and(|(_, other)| other == folder);
            let is_named = fact.names.iter().any(|name| {
                name.iter()
                    .filter(|word| !PATH.contains(&word.as_str()))
                    .all(|word| said.contains(word))
            });
            is_beside && is_named
        })?;
        Some(fact.0)
    }

    /// Paths in prose and command lines.
    pub(super) fn path_text(&mut self, clause: &Clause<'_>) {
        let has_path = clause.tokens.iter().any(|token| token.is_sign(b'/'));
        if !has_path || self.path_facts().next().is_none() || self.tells_of_past(clause) {
            return;
        }
        let mut index = 0;
        while let Some(token) = clause.get(index) {
            let begins = token.is_sign(b'/') || token.is_sign(b'~') || token.is_sign(b'$');
            let touches = clause.touching_before(index).is_some_and(|before| {
                matches!(
                    before.kind,
                    TokenKind::Word
                        | TokenKind::Number
                        | TokenKind::Sign(b'/' | b':' | b'.' | b'}')
                )
            });
            if !begins || touches {
                index += 1;
                continue;
            }
            let rest = Span::new(token.span.start, clause.span.end).of(self.text);
            let is_end = |c: char| {
                c.is_whitespace()
                    || matches!(
                        c,
                        '"' | '\''
                            | '`'
                            | ')'
                            | '('
                            | ','
                            | ';'
                            | '|'
                            | '<'
                            | '>'
                            | '*'
                            | ']'
                            | ':'
                            | '='
                    )
            };
            let length = rest.find(is_end).unwrap_or(rest.len());
            let span = Span::new(token.span.start, token.span.start + length);
            let inner = span.of(self.text).trim_end_matches(['.', '!']);
            let span = Span::new(span.start, span.start + inner.len());
            index += 1;
            while clause.get(index).is_some_and(|token| token.span.start < span.end) {
                index += 1;
            }
            if path::is_path(inner) {
                let environment = self.environment_in(clause, index.saturating_sub(1));
                let profile = environment.profile();
                let fact = self
                    .similar_path(inner, profile)
                    .or_else(|| self.neighbor_path(clause, inner, profile));
                if let Some(fact) = fact {
                    self.push(fact, span, environment, None);
                }
            }
        }
    }

    /// Whether the section of a fact is named by a value's names or by the file's path.
    pub(super) fn has_section(&self, named: Named, leaf: &Words, fact: &Fact) -> bool {
        let is_in = |text: &str, word: &String| Words::of(text).words.contains(word);
        fact.section.iter().all(|word| {
            leaf.words.contains(word)
                || self.outline.chain(named.scope).any(|scope| {
                    scope.role != crate::outline::Role::Fence
                        && is_in(scope.name.of(self.text), word)
                })
                || is_in(self.source.path, word)
        })
    }
}

/// Whether a token is a part of a path.
fn found_in(text: &str, path: &str, token: Span) -> bool {
    let before = token.start.checked_sub(1).and_then(|at| text.as_bytes().get(at));
    let after = text.as_bytes().get(token.end);
    path.contains(token.of(text)) && (before == Some(&b'/') || after == Some(&b'/'))
}

/// A path of a machine is not compared with one inside the repository.
fn is_comparable(found: &str, declared: &str) -> bool {
    let is_absolute =
        |path: &str| path.starts_with('/') || path.starts_with('~') || path.starts_with('$');
    if !is_absolute(declared) {
        return !is_absolute(found);
    }
    let (found, declared) = (path::parts(found), path::parts(declared));
    // Paths inside containers and of examples lead elsewhere from their first part on.
    let first =
        |parts: &[&str]| parts.iter().find(|part| **part != "/").map(|part| (*part).to_owned());
    first(&found) == first(&declared)
}
