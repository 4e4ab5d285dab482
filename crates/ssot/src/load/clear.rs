//! Secrets that stand in clear, and the names that stand for secrets.

use std::sync::Arc;

use plimsoll_redact::{Rules, find, key_is_secret};

use crate::de::{Met, MetState};
use crate::key::Key;
use crate::node::{At, Form, Node, Value};
use crate::problem::{Problem, ProblemKind};
use crate::scalar::{self, Natural};
use crate::secret::Reference;

/// What a value is shown as when it is a secret without a name.
pub(crate) const HIDDEN: &str = "[redacted]";

/// Every secret that a file holds in clear: by its type, by its key, and by its form.
pub(super) fn check(files: &[Arc<Node>], met: &[Met]) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut add = |key: &Key, at: &At, why: &str| {
        if problems.iter().all(|problem| problem.at != *at) {
            let message = format!("`{key}` {why}");
            let problem = Problem::new(ProblemKind::SecretInClear, key, at, message);
            problems.push(
                problem.with_hint("write ${VARIABLE} or file:PATH here, and keep the value there"),
            );
        }
    };
    for met in met.iter().filter(|met| matches!(met.state, MetState::Clear(_))) {
        add(&met.key, &met.at, "is a secret and stands in clear");
    }
    let rules = Rules::default();
    each_text(files, &mut |key, at, text| {
        if key_is_secret(key.last_name()) {
            add(key, at, "is a secret by its name and stands in clear");
        } else if !find(text, &rules).is_empty() {
            add(key, at, "looks like a secret and stands in clear");
        }
    });
    problems
}

/// Where values stand that are secrets by their names.
pub(super) fn places(files: &[Arc<Node>], stack: &[Arc<Node>]) -> Vec<At> {
    let mut places = Vec::new();
    let roots: Vec<Arc<Node>> = files.iter().chain(stack).cloned().collect();
    each_text(&roots, &mut |key, at, _| {
        if *at != At::Default && key_is_secret(key.last_name()) {
            places.push(at.clone());
        }
    });
    places
}

/// Each text that is no number, no truth value and no reference.
fn each_text(roots: &[Arc<Node>], see: &mut impl FnMut(&Key, &At, &str)) {
    let mut open: Vec<(Key, &Node)> = roots.iter().map(|root| (Key::root(), &**root)).collect();
    while let Some((key, node)) = open.pop() {
        match &node.value {
            Value::Null => {}
            Value::List(items) => {
                open.extend(items.iter().map(|item| (key.index(item.index), &*item.node)));
            }
            Value::Map(map) => {
                open.extend(map.0.iter().map(|(name, entry)| (key.name(name), &*entry.node)));
            }
            Value::Scalar { text, form } => {
                let is_text = matches!(scalar::natural(text, *form), Natural::Text(_));
                if is_text && Reference::parse(text).is_none() && !text.is_empty() {
                    see(&key, &node.at, text);
                }
            }
        }
    }
}

/// The tree with names in the place of secrets.
pub(super) fn named(root: &Arc<Node>, met: &[Met]) -> Arc<Node> {
    met.iter().fold(Arc::clone(root), |tree, met| {
        let text = match &met.state {
            MetState::Named(reference) | MetState::Missing(reference, _) => reference.to_string(),
            MetState::Variable(_) | MetState::Clear(_) => HIDDEN.to_owned(),
            MetState::Default => return tree,
        };
        let leaf = Node::scalar(text, Form::Text, At::Default);
        tree.replaced(met.key.steps(), Some(&leaf))
    })
}
