//! Lists of tables in programs and configurations: they should have all tables that are declared.

use std::collections::BTreeMap;

use crate::fact::Facts;
use crate::outline::{Form, Outline, ScopeId};
use crate::report::Place;
use crate::span::Span;

/// A list with fewer declared tables than this is about something else.
const NAMES_MIN: usize = 3;

/// The lists of a file that leave out declared tables: where each begins, and what it leaves out.
pub(crate) fn lists(
    facts: &Facts,
    outline: &Outline,
    text: &str,
    place: impl Fn(Span) -> Place,
) -> Vec<(Place, Vec<String>)> {
    let mut named: BTreeMap<ScopeId, Vec<Span>> = BTreeMap::new();
    let mut others: BTreeMap<ScopeId, usize> = BTreeMap::new();
    for statement in outline.statements.iter().filter(|statement| statement.form == Form::Value) {
        if facts.table(statement.value.of(text)).is_some() {
            named.entry(statement.scope).or_default().push(statement.value);
        } else {
            *others.entry(statement.scope).or_default() += 1;
        }
    }
    let mut found = Vec::new();
    for (scope, spans) in named {
        let has = |name: &str| spans.iter().any(|span| span.of(text).eq_ignore_ascii_case(name));
        let missing: Vec<String> = facts
            .tables
            .iter()
            .map(|table| table.shape.name.clone())
            .filter(|name| !has(name))
            .collect();
        let known = facts.tables.len() - missing.len();
        let is_list = known >= NAMES_MIN
            && known * 2 > facts.tables.len()
            && others.get(&scope).copied().unwrap_or_default() <= known;
        if let (true, false, Some(first)) = (is_list, missing.is_empty(), spans.first()) {
            found.push((place(*first), missing));
        }
    }
    found
}
