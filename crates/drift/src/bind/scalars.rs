//! Numbers, truth values and words: in keys, tables and prose, by the words of their names.

use super::clause::Clause;
use super::token::{Kind as TokenKind, tokens};
use super::{Binder, Named, has_hit};
use crate::fact::words::{self, Words, is_same_name};
use crate::fact::{Fact, FactId, Kind};
use crate::lexicon::Meaning;
use crate::outline::Role;
use crate::span::Span;
use crate::value::Value;
use crate::value::quantity::{Dimension, Quantity, Unit};

/// Keys that say nothing: the name is the one around them.
const EMPTY_KEYS: &[&str] =
    &["params", "threshold", "value", "default", "limit", "seconds", "minutes", "hours", "days"];

/// Keys between them and the name, as alert rules have them.
const EMPTY_PARENTS: &[&str] =
    &["evaluator", "conditions", "model", "data", "thresholds", "query", "settings"];

/// Words of tables' columns that have no values.
const NO_VALUES: &[&str] = &[
    "range",
    "validation",
    "validations",
    "constraint",
    "constraints",
    "rule",
    "rules",
    "valid",
    "bounds",
    "type",
    "required",
    "action",
    "description",
    "notes",
    "interval",
    "reference",
];

/// Words before a number that say how much something differs.
const RELATIVE: &[&str] = &[
    "by",
    "within",
    "reduce",
    "reduces",
    "reduced",
    "reduction",
    "increase",
    "increases",
    "every",
    "covers",
    "cover",
    "saves",
    "improves",
    "accuracy",
    "confidence",
];

/// How far from a number its name may be in a sentence, in words before and after it.
const WORDS_BEFORE: usize = 7;
const WORDS_AFTER: usize = 4;

impl Binder<'_> {
    /// The facts of whose names some parts of the text have a word.
    fn scalar_facts(&self, parts: &[Span]) -> Vec<(FactId, &Fact)> {
        let is_scalar = |fact: &Fact| matches!(fact.kind, Kind::Number | Kind::Bool | Kind::Text);
        let mut ids: Vec<FactId> = Vec::new();
        for part in parts {
            for hit in super::hits_in(self.hits, *part) {
                ids.extend(self.lexicon.facts_of(hit.meaning));
            }
        }
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter()
            .filter_map(|id| Some((id, self.facts.get(id).filter(|fact| is_scalar(fact))?)))
            .collect()
    }

    /// A scalar under its names.
    pub(super) fn scalar_value(&mut self, named: Named) {
        let Some(mut leaf) = self.leaf(named) else { return };
        let mut outer_unit = None;
        let is_threshold = EMPTY_KEYS.contains(&leaf.of(self.text));
        if EMPTY_KEYS.contains(&leaf.of(self.text)) {
            outer_unit = Unit::of_word(leaf.of(self.text));
            let is_empty = |scope: &&crate::outline::Scope| {
                let name = scope.name.of(self.text);
                let is_unit = scope.role == Role::Call && ["timedelta", "Duration"].contains(&name);
                EMPTY_KEYS.contains(&name) || EMPTY_PARENTS.contains(&name) || is_unit
            };
            let around = self.outer(named).find(|scope| !is_empty(scope));
            let Some(scope) = around.filter(|scope| scope.role != Role::Fence) else { return };
            leaf = scope.name;
        }
        if !has_hit(self.hits, leaf) || leaf.len() > 80 {
            return;
        }
        let words = Words::of(leaf.of(self.text));
        let Some(fact) = self.scalar_named(named, leaf, &words) else { return };
        // What a program is called with in a document is an example.
        let is_example = self.outline.chain(named.scope).any(|scope| scope.role == Role::Call)
            && self.outline.chain(named.scope).any(|scope| scope.role == Role::Fence);
        let Some(kind) = self.facts.get(fact).filter(|_| !is_example).map(|fact| fact.kind) else {
            return;
        };
        if named.note.is_some_and(|note| self.is_bound_told(fact, note)) {
            return;
        }
        let environment = self.environment(named);
        let unit = outer_unit.or(words.unit);
        match kind {
            Kind::Number => {
                let Some((span, own)) = self.quantity_in(named.value) else { return };
                let can_be = is_threshold || self.can_be_part(fact, &words, span, own.or(unit));
                if self.is_value_column(named) && can_be {
                    self.push(fact, span, environment, own.or(unit));
                }
            }
            _ if self.is_literal(named.value) => self.push(fact, named.value, environment, None),
            _ => {}
        }
    }

    /// The fact that a name is of, where its section is clear.
    fn scalar_named(&self, named: Named, leaf: Span, words: &Words) -> Option<FactId> {
        let found = self.scalar_facts(&[leaf]).into_iter().find(|(_, fact)| {
            let mut rest = words.without(&fact.section);
            rest.retain(|word| {
                self.environments.of_word(word).is_none()
                    && !word.starts_with(|c: char| c.is_ascii_digit())
            });
            fact.names.iter().any(|name| {
                // `RISK_MAX_DAILY_LOSS_PCT`: what stands before a clear name is the program's.
                let is_clear = fact.is_strong && name.len() >= 2;
                let may_have_prefix = is_clear || self.has_section_in(words, fact);
                let own = if may_have_prefix {
                    rest.get(1..).unwrap_or_default()
                } else {
                    rest.as_slice()
                };
                is_same_name(own, name) || is_same_name(&rest, name)
            }) && (fact.is_strong || self.has_section(named, words, fact))
        })?;
        Some(found.0)
    }

    /// Whether a comment says what the bound is, so that the value before it is one that was chosen within it:
    /// `max_leverage: 2.0  # must be <= 3.0`.
    fn is_bound_told(&self, fact: FactId, note: Span) -> bool {
        let Some(fact) = self.facts.get(fact).filter(|fact| fact.kind == Kind::Number) else {
            return false;
        };
        let inner = note.of(self.text);
        let told = ["<=", "≤", "at most", "less than", "tighter than", "up to"];
        told.iter().filter_map(|sign| inner.split_once(sign)).any(|(_, rest)| {
            let number = rest.trim_start().split([' ', ')', ',', ';']).next().unwrap_or_default();
            fact.base.value.is_said_by(number.trim_end_matches('.'), None)
        })
    }

    /// Whether a number can be the ratio that a fact is. One without a unit that is not below one can, if its
    /// name says in so many words what it bounds.
    fn can_be_part(&self, fact: FactId, words: &Words, span: Span, unit: Option<Unit>) -> bool {
        let Some(fact) = self.facts.get(fact) else { return false };
        let Value::Number { unit: Some(declared), .. } = &fact.base.value else { return true };
        let Some(quantity) = Quantity::parse(span.of(self.text)) else { return false };
        let is_told = declared.dimension != Dimension::Ratio
            || quantity.unit.or(unit).is_some()
            || quantity.number < 1.0;
        let telling = words.words.iter().filter(|word| !words::is_bound(word)).count();
        let bounds = |word: &String| {
            words::is_bound(word) || ["kill", "warn", "critical"].contains(&word.as_str())
        };
        is_told || (telling >= 2 && words.words.iter().any(bounds))
    }

    /// Whether the column of a table has values, not ranges and rules for them.
    fn is_value_column(&self, named: Named) -> bool {
        let is_row = self.outline.get(named.scope).is_some_and(|scope| scope.role == Role::Row);
        let column = self.outline.chain(named.scope).nth(1);
        !is_row
            || named.leaf.is_some()
            || !column.is_some_and(|column| self.name_has(column.name, NO_VALUES))
    }

    fn has_section_in(&self, words: &Words, fact: &Fact) -> bool {
        !fact.section.is_empty() && fact.section.iter().all(|word| words.words.contains(word))
    }

    /// A value that is written, not computed or filled in.
    fn is_literal(&self, value: Span) -> bool {
        let inner = value.of(self.text);
        !inner.is_empty() && !inner.contains(['$', '{', '<', '(', ' '])
    }

    /// The first number of a short value, with the unit that stands behind it as a word.
    fn quantity_in(&self, value: Span) -> Option<(Span, Option<Unit>)> {
        let inner = value.of(self.text);
        if inner.contains("${") || inner.len() > 60 {
            return None;
        }
        let mut all = Vec::new();
        tokens(self.text, value, &mut all);
        let tokens = all;
        let at = tokens.iter().position(|token| token.kind == TokenKind::Number)?;
        let is_dash = |index: usize| tokens.get(index).is_some_and(|token| token.is_sign(b'-'));
        let is_number =
            |index: usize| tokens.get(index).is_some_and(|token| token.kind == TokenKind::Number);
        if is_dash(at + 1) && is_number(at + 2) {
            return None;
        }
        // What a sentence says is found by its words.
        if at > 3 || tokens.len() > 12 {
            return None;
        }
        let span = tokens.get(at)?.span;
        // `.10` begins with its point.
        let point = at
            .checked_sub(1)
            .and_then(|at| tokens.get(at))
            .filter(|token| token.is_sign(b'.') && token.span.end == span.start);
        let span = Span::new(point.map_or(span.start, |point| point.span.start), span.end);
        let span = Span::new(
            span.start,
            span.start + span.of(self.text).trim_end_matches(['+', '.']).len(),
        );
        let quantity = Quantity::parse(span.of(self.text))?;
        let next = tokens.get(at + 1);
        let word = next.and_then(|next| match next.kind {
            TokenKind::Word if quantity.unit.is_none() => Unit::of_word(next.span.of(self.text)),
            TokenKind::Sign(b'%') => Unit::of_word("%"),
            _ => None,
        });
        let money =
            at.checked_sub(1).and_then(|at| tokens.get(at)).filter(|token| token.is_sign(b'$'));
        Some((span, word.or(money.and_then(|_| Unit::of_word("usd")))))
    }

    /// Numbers in prose: the words of a fact's name stand around it.
    pub(super) fn scalar_text(&mut self, clause: &Clause<'_>) {
        let names = |hit: &crate::lexicon::Hit| matches!(hit.meaning, Meaning::Anchor(_));
        let is_row = || {
            let row = self.outline.get(clause.named.scope).filter(|scope| scope.role == Role::Row);
            row.is_some_and(|row| super::hits_in(self.hits, row.name).iter().any(names))
        };
        let is_named = super::hits_in(self.hits, clause.span).iter().any(names) || is_row();
        if !is_named || self.tells_of_past(clause) {
            return;
        }
        for index in 0..clause.tokens.len() {
            let Some(token) = clause.get(index).filter(|token| token.kind == TokenKind::Number)
            else {
                continue;
            };
            if is_in_date(clause, index)
                || is_format(self.text, token.span)
                || is_conversion(clause, index)
                || self.is_relative(clause, index)
            {
                continue;
            }
            let Some((span, unit)) =
                self.quantity_in(Span::new(token.span.start, self.unit_end(clause, index)))
            else {
                continue;
            };
            if let Some(fact) = self.spoken_of(clause, index, span, unit) {
                let environment = self.environment_in(clause, index);
                self.push(fact, span, environment, unit);
            }
        }
    }

    fn is_relative(&self, clause: &Clause<'_>, index: usize) -> bool {
        let before = clause.tokens.get(index.saturating_sub(4)..index).unwrap_or_default();
        before.iter().any(|token| self.is_one_of(*token, RELATIVE))
    }

    fn unit_end(&self, clause: &Clause<'_>, index: usize) -> usize {
        let token = clause.get(index);
        let next = clause.get(index + 1).filter(|next| {
            next.is_sign(b'%')
                || (next.kind == TokenKind::Word
                    && Unit::of_word(next.span.of(self.text)).is_some())
        });
        next.or(token).map_or(0, |token| token.span.end)
    }

    /// The fact of which all words stand around a number; the one with the most words of several.
    fn spoken_of(
        &self,
        clause: &Clause<'_>,
        index: usize,
        span: Span,
        unit: Option<Unit>,
    ) -> Option<FactId> {
        let near = self.words_around(clause, index);
        let head = self.words_before_first_number(clause);
        let is_first =
            !clause.tokens.iter().take(index).any(|token| token.kind == TokenKind::Number);
        let has_own_words = self.has_own_words(clause, index);
        // In `drawdown > 5% warning, > 10% critical` the first words are about all numbers.
        self.spoken_by(clause, &near, span, unit)
            .or_else(|| {
                let all: Vec<String> = near.iter().chain(&head).cloned().collect();
                if has_own_words { None } else { self.spoken_by(clause, &all, span, unit) }
            })
            // In `| Kill switch | at a drawdown of 15% |` the row's name is a part of the sentence.
            .or_else(|| {
                let scope = self.outline.get(clause.named.scope)?;
                let is_name = matches!(scope.role, Role::Row | Role::Key)
                    && clause.named.leaf.is_none()
                    && is_first;
                let own = Words::of(scope.name.of(self.text)).words.into_iter().filter(|_| is_name);
                let all: Vec<String> = near.into_iter().chain(own).collect();
                self.spoken_by(clause, &all, span, unit)
            })
    }

    /// Whether a number has words of its own before it, after the last comma or number.
    fn has_own_words(&self, clause: &Clause<'_>, index: usize) -> bool {
        let before = clause.tokens.get(..index).unwrap_or_default().iter().rev();
        let own =
            before.take_while(|token| token.kind != TokenKind::Number && !token.is_sign(b','));
        own.filter(|token| token.kind == TokenKind::Word).any(|token| {
            let words = Words::of(token.span.of(self.text)).words;
            words.iter().any(|word| {
                !words::is_noise(word)
                    && !["by", "is", "and", "or", "at", "then", "over", "above"]
                        .contains(&word.as_str())
            })
        })
    }

    fn words_before_first_number(&self, clause: &Clause<'_>) -> Vec<String> {
        let before = clause.tokens.iter().take_while(|token| token.kind != TokenKind::Number);
        let words = before.filter(|token| token.kind == TokenKind::Word);
        words
            .flat_map(|token| Words::of(token.span.of(self.text)).words)
            .map(|word| words::folded(&word))
            .collect()
    }

    fn spoken_by(
        &self,
        clause: &Clause<'_>,
        words: &[String],
        span: Span,
        unit: Option<Unit>,
    ) -> Option<FactId> {
        let quantity = Quantity::parse(span.of(self.text))?;
        let dimension = quantity.unit.or(unit).map(|unit| unit.dimension);
        let mut best: Option<(usize, FactId)> = None;
        let mut is_tie = false;
        let name = self.outline.get(clause.named.scope).map_or(clause.span, |scope| scope.name);
        for (id, fact) in self.scalar_facts(&[clause.span, name]) {
            if fact.kind != Kind::Number || !could_be(fact, dimension) {
                continue;
            }
            for name in &fact.names {
                let telling: Vec<&String> =
                    name.iter().filter(|word| !words::is_bound(word)).collect();
                let has_all = telling.iter().all(|word| words.contains(*word));
                let has_bound = telling.len() >= 2
                    || name.iter().all(|word| {
                        words.contains(word) || words.iter().any(|w| words::is_bound(w))
                    });
                if telling.is_empty() || !has_all || !has_bound {
                    continue;
                }
                let has_own_bound = name.iter().any(|word| words::is_bound(word))
                    && self.is_bounded(clause, &telling);
                let is_clear = (fact.is_strong
                    && (telling.len() >= 2 || has_own_bound || is_own_word(&telling)))
                    || self.speaks_of_section(clause, fact);
                if is_clear {
                    match best {
                        Some((length, known)) if length == telling.len() => is_tie |= known != id,
                        Some((length, _)) if length > telling.len() => {}
                        _ => {
                            best = Some((telling.len(), id));
                            is_tie = false;
                        }
                    }
                }
            }
        }
        best.filter(|_| !is_tie).map(|(_, id)| id)
    }

    /// Whether a name of one word stands beside one that says that it is bounded: `max leverage`.
    fn is_bounded(&self, clause: &Clause<'_>, telling: &[&String]) -> bool {
        let [name] = telling else { return true };
        let word = |token: &super::token::Token| words::folded(token.span.of(self.text));
        clause.tokens.windows(2).any(|pair| match pair {
            [a, b] => {
                let (a, b) = (word(a), word(b));
                (a == **name && words::is_bound(&b)) || (b == **name && words::is_bound(&a))
            }
            _ => false,
        })
    }

    fn speaks_of_section(&self, clause: &Clause<'_>, fact: &Fact) -> bool {
        let all = clause.tokens.iter().filter(|token| token.kind == TokenKind::Word);
        let words = all.flat_map(|token| Words::of(token.span.of(self.text)).words).collect();
        let around = Words { words, unit: None };
        !fact.section.is_empty() && self.has_section(clause.named, &around, fact)
    }

    /// Words before a number and after it, up to other numbers.
    fn words_around(&self, clause: &Clause<'_>, index: usize) -> Vec<String> {
        let is_near = |token: &&super::token::Token| token.kind != TokenKind::Number;
        let mut found = Vec::new();
        let mut take = |token: &super::token::Token| {
            if token.kind == TokenKind::Word {
                found.extend(
                    Words::of(token.span.of(self.text))
                        .words
                        .into_iter()
                        .map(|w| words::folded(&w)),
                );
            }
        };
        let before = clause.tokens.get(..index).unwrap_or_default();
        // What stands in brackets of its own is about something else.
        let opens = |token: &&super::token::Token| {
            is_near(token) && !token.is_sign(b')') && !token.is_sign(b',')
        };
        before.iter().rev().take_while(opens).take(WORDS_BEFORE * 2).for_each(&mut take);
        let after = clause.tokens.get(index + 1..).unwrap_or_default();
        // What follows a comma is about the next number.
        let ends = |token: &&super::token::Token| {
            is_near(token) && !token.is_sign(b',') && !token.is_sign(b'|') && !token.is_sign(b'(')
        };
        after.iter().take_while(ends).take(WORDS_AFTER).for_each(&mut take);
        found
    }
}

/// Whether a name of one word is one that nobody uses for anything else: short, and no word of the language.
fn is_own_word(telling: &[&String]) -> bool {
    matches!(telling, [word] if !word.contains(['a', 'e', 'i', 'o', 'u']) && word.len() >= 3)
}

/// Whether a number is one side of `0.02 = 2%`.
fn is_conversion(clause: &Clause<'_>, index: usize) -> bool {
    let is = |at: Option<usize>, sign: bool| {
        at.and_then(|at| clause.get(at)).is_some_and(|token| {
            if sign { token.is_sign(b'=') } else { token.kind == TokenKind::Number }
        })
    };
    (is(Some(index + 1), true) && is(Some(index + 2), false))
        || (is(index.checked_sub(1), true) && is(index.checked_sub(2), false))
}

/// Whether a number says how another is written: `{ratio:.2%}`, `%.3f`.
fn is_format(text: &str, number: Span) -> bool {
    let before = text.get(..number.start).unwrap_or_default();
    [":.", ":,.", "%.", ":+."].iter().any(|sign| before.ends_with(sign))
}

/// Whether a number is a part of `2026-01-11`.
fn is_in_date(clause: &Clause<'_>, index: usize) -> bool {
    let is_dash =
        |token: Option<super::token::Token>| token.is_some_and(|token| token.is_sign(b'-'));
    let is_number = |at: Option<usize>| {
        at.and_then(|at| clause.get(at)).is_some_and(|token| token.kind == TokenKind::Number)
    };
    (is_dash(clause.touching_after(index)) && is_number(Some(index + 2)))
        || (is_dash(clause.touching_before(index)) && is_number(index.checked_sub(2)))
}

/// Whether a number of a dimension can be a fact's: a part is not a duration.
fn could_be(fact: &Fact, dimension: Option<Dimension>) -> bool {
    let Value::Number { unit, .. } = &fact.base.value else { return false };
    match (unit.map(|unit| unit.dimension), dimension) {
        (Some(declared), Some(found)) => declared == found,
        (None, Some(found)) => found == Dimension::Count,
        // In a sentence a part is written with its sign.
        (Some(declared), None) => declared != Dimension::Ratio,
        (None, None) => true,
    }
}
