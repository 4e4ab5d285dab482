//! Variables as a layer: `PLIMSOLL_RALPH__MAX_ITERATIONS` is `ralph.max_iterations`.
//!
//! A variable's text stays text until its type is known: `012` is a fine label and no number.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use crate::key::{Key, Step};
use crate::nearest::nearest;
use crate::node::{At, Entry, Form, Item, Map, Node, Value};
use crate::problem::{Problem, ProblemKind};
use crate::source::Variable;

const PREFIX: &str = "PLIMSOLL_";
const SEPARATOR: &str = "__";

/// What is known before variables are looked at.
pub(crate) struct Known<'a> {
    /// The layers below, merged: the sections, and in them the names that exist.
    pub(crate) below: &'a Node,
    /// Variables with names of their own, and the keys that they set.
    pub(crate) named: &'a [(String, Key)],
}

/// What the variables say.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) variables: Vec<Variable>,
    pub(crate) problems: Vec<Problem>,
    values: BTreeMap<Key, usize>,
}

/// Reads those variables that are ours; others are none of our business, and neither are empty ones.
pub(crate) fn read(
    variables: &BTreeMap<OsString, OsString>,
    known: &Known<'_>,
) -> (Arc<Node>, Read) {
    let mut read = Read::default();
    for (name, value) in variables {
        let Some(key) = key_of(&name.to_string_lossy(), known) else { continue };
        if !value.is_empty() {
            read.take(&name.to_string_lossy(), value, key, known);
        }
    }
    let root = read.root();
    (root, read)
}

impl Read {
    fn take(&mut self, name: &str, value: &OsString, key: Key, known: &Known<'_>) {
        let at = At::Env { variable: self.variables.len() };
        let text = value.to_str();
        let shown = text.unwrap_or_default().to_owned();
        self.variables.push(Variable { name: name.to_owned(), text: shown });
        if text.is_none() {
            self.complain(&key, &at, format!("`{name}` is no Unicode text"));
            return;
        }
        let section = match key.steps().first() {
            Some(Step::Name(section)) => section.clone(),
            _ => String::new(),
        };
        let sections = known.below.as_map();
        if sections.is_none_or(|sections| sections.get(&section).is_none()) {
            let names = sections.into_iter().flat_map(|map| map.0.keys().map(String::as_str));
            let nearest = nearest(&section, names).map(str::to_owned);
            let message = format!("`{name}` names the section `{section}`, which nobody has");
            let problem = Problem::new(ProblemKind::UnknownSection, &key, &at, message);
            self.problems.push(problem.with_nearest(nearest));
            return;
        }
        if key.steps().len() < 2 {
            self.complain(&key, &at, format!("`{name}` names a section, but no key in it"));
            return;
        }
        let number = self.variables.len() - 1;
        let near =
            self.values.keys().find(|other| other.starts_with(&key) || key.starts_with(other));
        if let Some(other) = near.cloned() {
            let before = self.values.get(&other).copied().unwrap_or_default();
            let is_same = self.variables.get(before).is_some_and(|v| Some(v.text.as_str()) == text);
            if other == key && is_same {
                return;
            }
            let before = At::Env { variable: before };
            let message = format!("two variables set `{key}`");
            let problem = Problem::new(ProblemKind::Environment, &key, &at, message)
                .with_related(&before, "the other one");
            self.problems.push(problem);
            return;
        }
        self.values.insert(key, number);
    }

    fn complain(&mut self, key: &Key, at: &At, message: String) {
        self.problems.push(Problem::new(ProblemKind::Environment, key, at, message));
    }

    /// The variables as a tree.
    fn root(&self) -> Arc<Node> {
        let mut root = Map::default();
        for (key, number) in &self.values {
            let at = At::Env { variable: *number };
            let text = self.variables.get(*number).map(|v| v.text.clone()).unwrap_or_default();
            insert(&mut root, key.steps(), &Node::scalar(text, Form::Untyped, at.clone()), &at);
        }
        Arc::new(Node { value: Value::Map(root), at: At::Default })
    }
}

fn insert(map: &mut Map, steps: &[Step], leaf: &Arc<Node>, at: &At) {
    let Some((Step::Name(name), rest)) = steps.split_first() else { return };
    let order = map.0.len();
    let entry = map.0.entry(name.clone()).or_insert_with(|| Entry {
        order,
        key_at: at.clone(),
        node: Node::empty_map(at.clone()),
        alias: None,
        is_merged: false,
    });
    if rest.is_empty() {
        entry.node = Arc::clone(leaf);
        return;
    }
    let mut node = Node::clone(&entry.node);
    if let Value::Map(inner) = &mut node.value {
        insert(inner, rest, leaf, at);
    }
    entry.node = Arc::new(node);
}

/// The key that a variable sets; `None` when it is not one of ours.
fn key_of(name: &str, known: &Known<'_>) -> Option<Key> {
    if let Some((_, key)) = known.named.iter().find(|(variable, _)| variable == name) {
        return Some(key.clone());
    }
    let path = name.strip_prefix(PREFIX)?;
    path.contains(SEPARATOR).then(|| {
        let mut below = Some(known.below);
        let mut key = Key::root();
        for part in path.split(SEPARATOR) {
            let name = spelled(part, below);
            below = below.and_then(|node| node.child(&Step::Name(name.clone()))).map(|n| &**n);
            key = key.name(&name);
        }
        key
    })
}

/// A part of a variable's name as the key that exists is spelled; in small letters if none does.
fn spelled(part: &str, parent: Option<&Node>) -> String {
    let lower = part.to_lowercase();
    let names = parent.and_then(Node::as_map).into_iter().flat_map(|map| map.0.keys());
    let mut same = names.filter(|name| **name == lower || as_variable(name) == lower);
    match (same.next(), same.next()) {
        (Some(only), None) => only.clone(),
        _ => lower,
    }
}

/// A key as it looks in a variable's name, in small letters.
fn as_variable(name: &str) -> String {
    let letter = |c: char| if c.is_alphanumeric() { c } else { '_' };
    name.to_lowercase().chars().map(letter).collect()
}

/// A list in a variable is written as YAML writes one in one line.
#[cfg(feature = "yaml")]
pub(crate) fn list(text: &str, at: &At) -> Option<Vec<Item>> {
    let node = crate::yaml::parse(0, text).ok()??;
    match &placed(&node, at).value {
        Value::List(items) => Some(items.clone()),
        _ => None,
    }
}

#[cfg(not(feature = "yaml"))]
pub(crate) fn list(_: &str, _: &At) -> Option<Vec<Item>> {
    None
}

/// The same values, all of them in one place.
#[cfg(feature = "yaml")]
fn placed(node: &Node, at: &At) -> Arc<Node> {
    let value = match &node.value {
        Value::List(items) => Value::List(
            items.iter().map(|i| Item { node: placed(&i.node, at), alias: None, ..*i }).collect(),
        ),
        Value::Map(map) => {
            let entries = map.0.iter().map(|(name, entry)| {
                let node = placed(&entry.node, at);
                let key_at = at.clone();
                (name.clone(), Entry { key_at, node, alias: None, ..*entry })
            });
            Value::Map(Map(entries.collect()))
        }
        other => other.clone(),
    };
    Arc::new(Node { value, at: at.clone() })
}
