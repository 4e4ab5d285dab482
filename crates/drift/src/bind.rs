//! Which statements speak of which facts.
//!
//! A statement is bound to a fact by what stands around its value, never by the value itself: a value that has
//! drifted is bound as surely as one that has not.

mod clause;
mod context;
mod paths;
mod ports;
mod scalars;
mod scope;
pub(crate) mod token;
mod versions;

use std::cell::RefCell;
use std::collections::HashMap;

use crate::fact::{FactId, Facts};
use crate::lexicon::{Hit, Lexicon, Meaning};
use crate::outline::{FILE, Form, Outline, Scope, ScopeId, Statement};
use crate::span::Span;
use crate::value::quantity::Unit;

pub(crate) use scope::{Environment, Environments};

/// A value in a file that says what a fact is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bound {
    /// The fact; several if the file does not say which of a service's facts it means.
    pub(crate) facts: Vec<FactId>,
    /// The value, without what is around it: quotes, the `v` of a version, the variant of an image.
    pub(crate) span: Span,
    /// What the value is held to.
    pub(crate) environment: Environment,
    pub(crate) side: Side,
    /// The unit that the value's key names.
    pub(crate) unit: Option<Unit>,
    pub(crate) reading: Reading,
}

/// How a version is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As it stands.
    #[default]
    Plain,
    /// Newer versions are meant too: `3.11 or newer`.
    Open,
    /// Without the point after its first digit: `py312`.
    Compact,
    /// A manifest asks for a runtime: what it asks for is what is declared, not less.
    Asked,
}

/// Which port of a service is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The one that others see.
    Outside,
    /// The one inside its container.
    Inside,
}

/// A file with what is needed to understand it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'t> {
    /// Its path below the root, with `/` between its parts.
    pub(crate) path: &'t str,
    pub(crate) text: &'t str,
    /// The environment that its path names.
    pub(crate) environment: &'t Environment,
    /// Commented-out assignments are examples in it.
    pub(crate) is_example: bool,
}

/// Finds the values of a file that are bound to facts.
pub(crate) fn bind(
    source: Source<'_>,
    outline: &Outline,
    hits: &[Hit],
    known: Known<'_>,
) -> Vec<Bound> {
    let mut binder = Binder {
        source,
        text: source.text,
        outline,
        hits,
        facts: known.facts,
        lexicon: known.lexicon,
        environments: known.environments,
        scope_hits: scope_hits(outline, hits),
        path_hits: known.lexicon.path_hits(source.path),
        fences: RefCell::default(),
        tokens: Vec::new(),
        found: Vec::new(),
    };
    for statement in &outline.statements {
        if binder.is_promising(statement) {
            binder.statement(*statement);
        }
    }
    let mut found = binder.found;
    // Of two that are one within the other, the longer says more; of two in one place, the one that is surer.
    found.sort_by_key(|bound| {
        (bound.span.start, std::cmp::Reverse(bound.span.end), bound.facts.len())
    });
    found.dedup_by(|later, earlier| earlier.span.contains(later.span));
    let mut last_end = 0;
    found.retain(|bound| {
        let is_new = bound.span.end > last_end;
        last_end = last_end.max(bound.span.end);
        is_new
    });
    found
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) lexicon: &'a Lexicon,
    pub(crate) environments: &'a Environments,
}

/// Whether the names of a scope, or of one around it, have a word that means something.
fn scope_hits(outline: &Outline, hits: &[Hit]) -> Vec<bool> {
    let mut known: Vec<bool> = Vec::new();
    let mut id: ScopeId = FILE;
    while let Some(scope) = outline.get(id) {
        let above = id != FILE && known.get(scope.parent as usize).copied().unwrap_or_default();
        let is_fence = scope.role == crate::outline::Role::Fence;
        let own = !is_fence
            && std::iter::once(&scope.name).chain(&scope.also).any(|name| has_hit(hits, *name));
        known.push(above || own);
        id += 1;
    }
    known
}

fn hits_in(hits: &[Hit], span: Span) -> &[Hit] {
    let first = hits.partition_point(|hit| hit.span.start < span.start);
    let rest = hits.get(first..).unwrap_or_default();
    let count = rest.partition_point(|hit| hit.span.end <= span.end);
    rest.get(..count).unwrap_or_default()
}

fn has_hit(hits: &[Hit], span: Span) -> bool {
    !hits_in(hits, span).is_empty()
}

struct Binder<'a> {
    source: Source<'a>,
    text: &'a str,
    outline: &'a Outline,
    hits: &'a [Hit],
    facts: &'a Facts,
    lexicon: &'a Lexicon,
    environments: &'a Environments,
    scope_hits: Vec<bool>,
    path_hits: Vec<Hit>,
    /// The environments that blocks of code name, by where they begin.
    fences: RefCell<HashMap<usize, Option<Environment>>>,
    /// Room for the tokens of one statement after another.
    tokens: Vec<token::Token>,
    found: Vec<Bound>,
}

/// Words of names that mean what is around them.
const NAMELESS: &[&str] = &["port", "ports", "version", "tag", "channel", "params", "threshold"];

/// A value with the names that lead to it.
#[derive(Clone, Copy, Debug)]
struct Named {
    /// The innermost name, if it is not that of the scope.
    leaf: Option<Span>,
    scope: ScopeId,
    value: Span,
    note: Option<Span>,
}

impl Binder<'_> {
    fn is_promising(&self, statement: &Statement) -> bool {
        !self.path_hits.is_empty()
            || (statement.form == Form::Pinned && statement.scope == FILE)
            || self.source.path.ends_with("rust-toolchain.toml")
            || self.scope_hits.get(statement.scope as usize).copied().unwrap_or_default()
            || has_hit(self.hits, statement.value)
    }

    fn statement(&mut self, statement: Statement) {
        let named = Named {
            leaf: None,
            scope: statement.scope,
            value: statement.value,
            note: statement.note,
        };
        let before = self.found.len();
        match statement.form {
            Form::Value => self.value(named),
            Form::Commented if self.source.is_example => self.value(named),
            Form::Commented => {}
            Form::Text => self.text_statement(named),
            Form::PortMapping => self.port_mapping(named),
            Form::PublishedPort => self.published_port(named),
            Form::ContainerPort => self.container_port(named),
            Form::Image => self.image_value(named),
            Form::Requirement | Form::Pinned => self.requirement(named),
        }
        if self.found.len() > before && self.is_old(named) {
            self.found.truncate(before);
        }
    }

    /// One scalar under its names.
    fn value(&mut self, named: Named) {
        if !self.may_be_named(named) {
            return;
        }
        self.interpolations(named);
        let before = self.found.len();
        let is_port = self.port_value(named);
        self.version_value(named);
        self.scalar_value(named);
        self.path_value(named);
        if self.found.len() == before && !is_port && !self.is_plain(named.value) {
            self.text_statement(named);
        }
    }

    /// A value of which nothing is said by its own name or by itself can only be a port or a version of what is
    /// named around it.
    fn may_be_named(&self, named: Named) -> bool {
        let Some(leaf) = self.leaf(named) else { return true };
        if has_hit(self.hits, named.value) || has_hit(self.hits, leaf) {
            return true;
        }
        let value = named.value.of(self.text).as_bytes();
        let has_digit = value.iter().take(200).any(u8::is_ascii_digit);
        has_digit
            && (value.contains(&b':')
                || self.name_has(leaf, NAMELESS)
                || self.is_short_leaf(named, leaf))
    }

    /// In a table, and for keys that say nothing, the name is around.
    fn is_short_leaf(&self, named: Named, leaf: Span) -> bool {
        let is_row = self
            .outline
            .get(named.scope)
            .is_some_and(|scope| scope.role == crate::outline::Role::Row);
        is_row || leaf.len() <= 10
    }

    /// A value without a structure of its own.
    fn is_plain(&self, value: Span) -> bool {
        value.of(self.text).bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }

    /// Prose, a command line, a comment.
    fn text_statement(&mut self, named: Named) {
        let bytes = named.value.of(self.text).as_bytes();
        let may_say = bytes.iter().any(u8::is_ascii_digit)
            || hits_in(self.hits, named.value)
                .iter()
                .any(|hit| matches!(hit.meaning, Meaning::Anchor(_)));
        if bytes.len() < 3 || !may_say {
            return;
        }
        self.each_clause(named, |binder, clause| {
            binder.pairs(clause);
            binder.port_text(clause);
            if clause.is_own {
                binder.version_text(clause);
                binder.scalar_text(clause);
                binder.path_text(clause);
            }
        });
    }

    /// The defaults in `${NAME:-default}`.
    fn interpolations(&mut self, named: Named) {
        let inner = named.value.of(self.text);
        let mut from = 0;
        while let Some(at) = inner.get(from..).and_then(|rest| rest.find("${")).map(|at| at + from)
        {
            let start = at + 2;
            let rest = inner.get(start..).unwrap_or_default();
            let end = start + rest.find('}').unwrap_or(rest.len());
            let body = inner.get(start..end).unwrap_or_default();
            from = end;
            let Some(cut) = body.find([':', '-']) else { continue };
            let sign = body.get(cut..).map_or(0, |rest| {
                if rest.starts_with(":-") { 2 } else { usize::from(rest.starts_with('-')) }
            });
            if sign > 0 {
                let offset = named.value.start;
                let name = Span::new(offset + start, offset + start + cut);
                let value = Span::new(name.end + sign, offset + end);
                let named = Named { leaf: Some(name), value, ..named };
                self.port_value(named);
                self.version_value(named);
                self.scalar_value(named);
                self.path_value(named);
            }
        }
    }

    fn push(&mut self, fact: FactId, span: Span, environment: Environment, unit: Option<Unit>) {
        self.push_port(vec![fact], span, environment, Side::Outside);
        if let Some(bound) = self.found.last_mut() {
            bound.unit = unit;
        }
    }

    fn push_port(&mut self, facts: Vec<FactId>, span: Span, environment: Environment, side: Side) {
        self.found.push(Bound {
            facts,
            span,
            environment,
            side,
            unit: None,
            reading: Reading::Plain,
        });
    }

    /// The innermost name of a value.
    fn leaf(&self, named: Named) -> Option<Span> {
        named.leaf.or_else(|| self.outline.chain(named.scope).next().map(|scope| scope.name))
    }

    /// The scopes around the innermost name.
    fn outer(&self, named: Named) -> impl Iterator<Item = &Scope> {
        self.outline.chain(named.scope).skip(usize::from(named.leaf.is_none()))
    }
}
