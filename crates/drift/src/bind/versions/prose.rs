//! Versions in prose and in command lines.

use super::{FILLERS, NEWER, PARTS, operator_before, version_span, without_v};
use crate::bind::clause::Clause;
use crate::bind::token::{Kind as TokenKind, Token};
use crate::bind::{Binder, Reading, has_hit};
use crate::fact::{FactId, SubjectId};
use crate::span::Span;
use crate::value::quantity::Unit;
use crate::value::version::{Version, Versions};

/// Words of sentences about what goes wrong with others, and about what a version looks like.
const OF_OTHERS: &[&str] =
    &["fixed", "issue", "issues", "compatibility", "failed", "trying", "pattern", "e.g"];

impl Binder<'_> {
    /// Versions in prose and command lines: right behind a name.
    pub(in crate::bind) fn version_text(&mut self, clause: &Clause<'_>) {
        for index in 0..clause.tokens.len() {
            let Some(token) = clause.get(index) else { continue };
            match token.kind {
                TokenKind::Number => {
                    self.version_token(clause, index, token);
                }
                TokenKind::Word
                    if has_hit(self.hits, token.span)
                        && self.image(clause, index, None).is_none()
                        && !self.tells_of_past(clause) =>
                {
                    self.version_in_word(clause, index, token);
                }
                _ => {}
            }
        }
    }

    /// `python3.12`, `py312`.
    fn version_in_word(&mut self, clause: &Clause<'_>, index: usize, token: Token) {
        let Some(span) = self.python_tag(token.span) else { return };
        let environment = self.environment_in(clause, index);
        self.push_python(span, environment);
    }

    fn version_token(&mut self, clause: &Clause<'_>, index: usize, token: Token) -> Option<()> {
        let (start, operator) = operator_before(self.text, clause, index);
        // `name:1.2` is an image, and was looked at as one.
        if clause.touching_before(index).is_some_and(|before| before.is_sign(b':')) {
            return None;
        }
        let span = version_span(self.text, token.span);
        let inner = span.of(self.text);
        let version = Version::parse(inner.trim_end_matches('+'))?;
        let subject = self.subject_before(clause, start)?;
        let touches =
            clause.touching_before(start).is_some_and(|before| before.kind == TokenKind::Word);
        if operator.is_some() && touches && self.is_service(subject) {
            return None;
        }
        let facts = self.version_facts(subject);
        let precision = facts.first().and_then(|fact| self.declared_precision(*fact)).unwrap_or(2);
        let is_plain_number = version.precision() == 1 && precision > 1;
        let is_address = version.precision() == 4 && precision < 4;
        let next = clause.get(index + 1);
        let has_unit = next.is_some_and(|next| {
            next.kind == TokenKind::Word && Unit::of_word(next.span.of(self.text)).is_some()
        });
        if is_plain_number
            || is_address
            || has_unit
            || (operator.is_none() && self.tells_of_past(clause))
            || clause.tokens.iter().any(|token| self.is_one_of(*token, OF_OTHERS))
        {
            return None;
        }
        let environment = self.environment_in(clause, index);
        let is_open = (1..=3).any(|ahead| {
            clause.get(index + ahead).is_some_and(|token| self.is_one_of(token, NEWER))
        });
        let span = match operator {
            Some(operator) => Span::new(operator.start, span.end),
            None => without_v(self.text, span),
        };
        let reading = if is_open { Reading::Open } else { Reading::Plain };
        self.push_version_read(subject, span, environment, reading);
        Some(())
    }

    pub(super) fn declared_precision(&self, fact: FactId) -> Option<usize> {
        match &self.facts.get(fact)?.base.value {
            crate::value::Value::Versions { versions: Versions::One(version), .. } => {
                Some(version.precision())
            }
            crate::value::Value::Versions { versions: Versions::Range(range), .. } => {
                range.lower().map(Version::precision)
            }
            _ => None,
        }
    }

    /// The subject whose name ends right before a place, with nothing between but words for versions.
    fn subject_before(&self, clause: &Clause<'_>, index: usize) -> Option<SubjectId> {
        let before = clause.tokens.get(..index)?;
        let is_of_part = || before.iter().any(|token| self.is_one_of(*token, PARTS));
        let mut is_told = false;
        for token in before.iter().rev().take(6) {
            match token.kind {
                TokenKind::Word => match self.subject_of_token(*token) {
                    Some(subject) => {
                        let subject = subject?;
                        // In `the plugin for Grafana is at version 1.0` the version is the plugin's.
                        let is_other = is_told && is_of_part();
                        return (self.is_exact_name(token.span, subject) && !is_other)
                            .then_some(subject);
                    }
                    None if self.is_one_of(*token, FILLERS) => is_told = true,
                    None => return None,
                },
                TokenKind::Sign(
                    b'`' | b'*' | b'_' | b'"' | b'\'' | b'=' | b':' | b'(' | b'[' | b'-' | b'|'
                    | b'@',
                )
                | TokenKind::Break => {}
                TokenKind::Sign(_) | TokenKind::Number => return None,
            }
        }
        None
    }
}
