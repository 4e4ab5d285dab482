//! Sentences and command lines, one at a time.

use std::cell::OnceCell;

use super::token::{Kind, Token, tokens};
use super::{Binder, Named, has_hit};
use crate::class::has_day;
use crate::fact::SubjectId;
use crate::lexicon::Meaning;
use crate::outline::Role;
use crate::span::Span;

/// Words of sentences about what was, and about what is not; sorted.
const PAST: &[&str] = &[
    "archived",
    "backport",
    "before",
    "bumped",
    "changed",
    "compat",
    "deprecated",
    "deprecation",
    "different",
    "doesn",
    "downgraded",
    "earlier",
    "eol",
    "fixed",
    "formerly",
    "had",
    "historical",
    "initially",
    "instead",
    "introduced",
    "legacy",
    "longer",
    "migrated",
    "natively",
    "old",
    "older",
    "originally",
    "previous",
    "previously",
    "prior",
    "rather",
    "removed",
    "replaced",
    "rollback",
    "since",
    "supported",
    "syntax",
    "unlike",
    "until",
    "upgrade",
    "upgraded",
    "used",
    "was",
    "were",
    "workaround",
];

/// A part of a text that says one thing.
#[derive(Clone, Debug)]
pub(super) struct Clause<'t> {
    pub(super) tokens: &'t [Token],
    pub(super) span: Span,
    pub(super) named: Named,
    /// Whether it tells of the past, or of what something is not, once somebody has asked.
    past: OnceCell<bool>,
    /// It has itself a word that means something.
    pub(super) is_own: bool,
}

impl<'t> Clause<'t> {
    /// A value as a clause of its own.
    pub(super) fn of_value(tokens: &'t [Token], named: Named) -> Self {
        Self { tokens, span: named.value, named, past: OnceCell::from(false), is_own: true }
    }

    pub(super) fn get(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).copied()
    }

    pub(super) fn before(&self, index: usize) -> Option<Token> {
        self.tokens.get(index.checked_sub(1)?).copied()
    }

    /// The token before, if nothing stands between.
    pub(super) fn touching_before(&self, index: usize) -> Option<Token> {
        let token = self.get(index)?;
        self.before(index).filter(|before| before.span.end == token.span.start)
    }

    pub(super) fn touching_after(&self, index: usize) -> Option<Token> {
        let token = self.get(index)?;
        self.get(index + 1).filter(|after| after.span.start == token.span.end)
    }
}

/// Whether a word is in a sorted list of words in small letters.
fn is_in(sorted: &[&str], word: &str) -> bool {
    let mut lower = [0_u8; 16];
    let Some(lower) = lower.get_mut(..word.len()) else { return false };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    sorted.binary_search_by(|known| known.as_bytes().cmp(lower)).is_ok()
}

/// Whether a text has a day such as 2026-01-11: it tells of that day.
fn has_date(text: &str, tokens: &[Token]) -> bool {
    tokens.windows(5).any(|window| match window {
        [year, a, month, b, day] => {
            let length = |token: &Token| {
                if token.kind == Kind::Number { token.span.of(text).len() } else { 0 }
            };
            length(year) == 4
                && a.is_sign(b'-')
                && length(month) == 2
                && b.is_sign(b'-')
                && length(day) >= 2
        }
        _ => false,
    })
}

/// Words of names in pairs that mean what is around them.
const PAIRED: &[&str] = &[
    "port", "ports", "version", "tag", "url", "addr", "address", "endpoint", "host", "listen",
    "bind",
];

/// Words of names and headings of what is no longer so.
const OLD: &[&str] = &[
    "old",
    "previous",
    "former",
    "legacy",
    "deprecated",
    "obsolete",
    "archived",
    "archive",
    "incompatible",
    "history",
    "changelog",
    "historical",
];

/// Keys of values that somebody might choose.
const EXAMPLES: &[&str] = &["example", "examples"];

impl Binder<'_> {
    /// Whether a scope around a statement is about what is no longer so.
    pub(super) fn is_old(&self, named: Named) -> bool {
        self.outline.chain(named.scope).any(|scope| match scope.role {
            Role::Heading => {
                // What somebody wrote on a day, as in a log of a chat, is of that day.
                self.name_has(scope.name, OLD) || has_day(scope.name.of(self.text))
            }
            Role::Row | Role::Column => self.name_has(scope.name, OLD),
            Role::Key => EXAMPLES.contains(&scope.name.of(self.text)),
            _ => false,
        })
    }

    /// Goes over the clauses of a text that may speak of something declared.
    pub(super) fn each_clause(
        &mut self,
        named: Named,
        mut each: impl FnMut(&mut Self, &Clause<'_>),
    ) {
        let mut all = std::mem::take(&mut self.tokens);
        tokens(self.text, named.value, &mut all);
        let around = !self.path_hits.is_empty()
            || self.scope_hits.get(named.scope as usize).copied().unwrap_or_default();
        let mut start = 0;
        for index in 0..=all.len() {
            if index < all.len() && !self.ends_clause(&all, index) {
                continue;
            }
            let part = all.get(start..index).unwrap_or_default();
            start = index + 1;
            let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
            let span = Span::new(first.span.start, last.span.end);
            let is_own = has_hit(self.hits, span);
            if is_own || (around && self.may_have_port(part)) {
                let clause = Clause { tokens: part, span, named, past: OnceCell::new(), is_own };
                each(self, &clause);
            }
        }
        self.tokens = all;
    }

    /// Whether a clause that names nothing itself may have a port of what is named around it, or a version.
    fn may_have_port(&self, tokens: &[Token]) -> bool {
        let has_number = tokens.iter().any(|token| token.kind == Kind::Number);
        let has_sign = tokens.iter().any(|token| token.is_sign(b':') || token.is_sign(b'='));
        has_number
            && (has_sign
                || tokens
                    .iter()
                    .any(|token| self.is_one_of(*token, &["port", "ports", "version", "tag"])))
    }

    fn ends_clause(&self, all: &[Token], index: usize) -> bool {
        let Some(token) = all.get(index) else { return true };
        let next = all.get(index + 1);
        match token.kind {
            Kind::Sign(b';') => true,
            Kind::Sign(b'.' | b'!' | b'?') => {
                next.is_none_or(|next| next.span.start > token.span.end || next.kind == Kind::Break)
            }
            // A line that begins in small letters goes on with the sentence.
            Kind::Break => next.is_none_or(|next| {
                !next.span.of(self.text).starts_with(|c: char| c.is_ascii_lowercase() || c == '(')
            }),
            _ => false,
        }
    }

    /// Whether a clause tells of the past, or of what something is not.
    pub(super) fn tells_of_past(&self, clause: &Clause<'_>) -> bool {
        *clause.past.get_or_init(|| {
            clause.tokens.iter().any(|token| self.is_past(*token))
                || has_date(self.text, clause.tokens)
        })
    }

    fn is_past(&self, token: Token) -> bool {
        token.kind == Kind::Word && is_in(PAST, token.span.of(self.text))
    }

    pub(super) fn is_one_of(&self, token: Token, words: &[&str]) -> bool {
        token.kind == Kind::Word
            && words.iter().any(|word| token.span.of(self.text).eq_ignore_ascii_case(word))
    }

    /// The subject that a token names, or a part of the token does; `None` for a service of which nothing is
    /// declared.
    pub(super) fn subject_of_token(&self, token: Token) -> Option<Option<SubjectId>> {
        if token.kind != Kind::Word {
            return None;
        }
        // A name of two words begins in its first one.
        let first = self.hits.partition_point(|hit| hit.span.start < token.span.start);
        let begins = |hit: &&crate::lexicon::Hit| hit.span.start < token.span.end;
        let rest = self.hits.get(first..).unwrap_or_default();
        let own = rest.iter().take_while(begins).find_map(|hit| match hit.meaning {
            Meaning::Subject(subject) => Some(subject),
            Meaning::Anchor(_) | Meaning::Address | Meaning::Table | Meaning::Sql => None,
        });
        if own.is_some() {
            return Some(own);
        }
        self.lexicon.decoy(token.span.of(self.text)).map(|_| None)
    }

    /// The subject nearest to a token of a clause: the last one before it, else the first soon after it.
    pub(super) fn nearest_subject(
        &self,
        clause: &Clause<'_>,
        index: usize,
    ) -> Option<Option<SubjectId>> {
        let before = clause.tokens.get(..index).unwrap_or_default().iter().rev();
        let after = clause.tokens.get(index + 1..).unwrap_or_default().iter().take(10);
        before.chain(after).find_map(|token| self.subject_of_token(*token))
    }

    /// `name = value`, `name: value`, `name: kind = value`, `--name value`.
    pub(super) fn pairs(&mut self, clause: &Clause<'_>) {
        for index in 0..clause.tokens.len() {
            let Some(name) = clause.get(index).filter(|token| token.kind == Kind::Word) else {
                continue;
            };
            let Some(value) = self.pair_value(clause, index) else { continue };
            if !has_hit(self.hits, name.span) && !self.name_has(name.span, PAIRED) {
                continue;
            }
            let named =
                Named { leaf: Some(name.span), value, note: Some(clause.span), ..clause.named };
            self.port_value(named);
            self.version_value(named);
            self.scalar_value(named);
            self.path_value(named);
        }
    }

    fn pair_value(&self, clause: &Clause<'_>, name: usize) -> Option<Span> {
        let mut at = name + 1;
        let is_flag = name >= 2
            && clause.touching_before(name).is_some_and(|token| token.is_sign(b'-'))
            && clause.get(name - 2).is_some_and(|token| token.is_sign(b'-'));
        let skip = |at: &mut usize, signs: &[u8]| {
            while clause.get(*at).is_some_and(|token| signs.iter().any(|sign| token.is_sign(*sign)))
            {
                *at += 1;
            }
        };
        skip(&mut at, b"\"'`]*)");
        let sign = clause.get(at)?;
        if sign.is_sign(b':') || sign.is_sign(b'=') {
            at += 1;
            // `name: kind = value`.
            let is_kind = sign.is_sign(b':')
                && clause.get(at).is_some_and(|token| token.kind == Kind::Word)
                && clause.get(at + 1).is_some_and(|token| token.is_sign(b'='))
                && !clause.get(at + 2).is_some_and(|token| token.is_sign(b'='));
            at += if is_kind { 2 } else { 0 };
            // `name==1.2` compares.
            let is_equality =
                sign.is_sign(b'=') && clause.get(at).is_some_and(|token| token.is_sign(b'='));
            if is_equality {
                return None;
            }
            skip(&mut at, b"=>");
        } else if !is_flag {
            return None;
        }
        self.pair_text(clause, at)
    }

    /// The value that begins at a token: within quotes, or up to a blank.
    fn pair_text(&self, clause: &Clause<'_>, at: usize) -> Option<Span> {
        let mut first = clause.get(at)?;
        let mut from = at;
        while first.is_sign(b'*') || first.is_sign(b'`') {
            from += 1;
            first = clause.get(from)?;
        }
        if first.is_sign(b'"') || first.is_sign(b'\'') {
            let close =
                clause.tokens.iter().skip(from + 1).find(|token| token.kind == first.kind)?;
            return Some(Span::new(first.span.end, close.span.start));
        }
        let mut span = first.span;
        for token in clause.tokens.iter().skip(from + 1) {
            let is_end = token.span.start > span.end
                || matches!(
                    token.kind,
                    Kind::Break
                        | Kind::Sign(b',' | b')' | b'}' | b']' | b'`' | b'"' | b'\'' | b'*' | b'|')
                );
            let is_hole = span.of(self.text).contains("${") && token.is_sign(b'}');
            if is_end && !is_hole {
                break;
            }
            span.end = token.span.end;
        }
        Some(span)
    }
}
