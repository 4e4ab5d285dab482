//! One section, with every fault in it: what is wrong is noted, taken out, and the rest read again.

use std::collections::BTreeSet;
use std::sync::Arc;

use plimsoll_redact::key_is_secret;
use serde::de::DeserializeOwned;

use crate::de::{self, Reading};
use crate::fault::{Fault, FaultKind};
use crate::key::Key;
use crate::nearest::nearest;
use crate::node::{At, Node, Value};
use crate::problem::{Problem, ProblemKind};

/// Most faults of one section; whoever has more has the wrong file.
const FAULTS_MAX: usize = 64;

/// Reads a section out of the whole tree. The value is there also when something was wrong, with
/// defaults where it was; it is good for nothing but finding more.
pub(crate) fn read_section<T: DeserializeOwned>(
    section: &Key,
    root: &Node,
    defaults: &Node,
    reading: &Reading<'_>,
) -> (Option<T>, Vec<Problem>) {
    let mut problems = Vec::new();
    let Some(found) = root.find(section.steps()) else { return (None, problems) };
    let mut tree = Arc::new(found.clone());
    let mut faulty = Faulty::default();
    let mut value = None;
    for _ in 0..FAULTS_MAX {
        reading.met.borrow_mut().clear();
        match de::read::<T>(&tree, reading) {
            Ok(read) => {
                value = Some(read);
                break;
            }
            Err(fault) => {
                let key = fault.key.clone().unwrap_or_default();
                if let Some((key, problem)) = faulty.problem(section, root, &key, &fault) {
                    problems.push(problem);
                    faulty.keys.insert(key);
                }
                match faulty.cure(&tree, defaults, &key, &fault) {
                    Some(cured) => tree = cured,
                    None => break,
                }
            }
        }
    }
    problems.extend(unknown(section, root, reading));
    (value, problems)
}

/// Keys that the section does not have, each one once.
fn unknown(section: &Key, root: &Node, reading: &Reading<'_>) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let unknown = reading.unknown.borrow();
    let new = unknown.iter().filter(|unknown| seen.insert(unknown.key.clone()));
    let problems = new.map(|unknown| {
        let key = unknown.key.below(section);
        let at = root.key_at(&key).unwrap_or(&At::Default);
        let message = match unknown.key.parent() {
            Some((parent, _)) => {
                format!("`{}` has no key `{}`", parent.below(section), key.last_name())
            }
            None => format!("unknown key `{key}`"),
        };
        Problem::new(ProblemKind::UnknownKey, &key, at, message)
            .with_nearest(unknown.nearest.clone())
    });
    problems.collect()
}

/// What was found faulty so far.
#[derive(Default)]
struct Faulty {
    keys: BTreeSet<Key>,
    replaced: BTreeSet<Key>,
    removed: BTreeSet<Key>,
}

impl Faulty {
    /// What to tell of a fault; nothing if it only follows from what was taken out before.
    fn problem(
        &self,
        section: &Key,
        root: &Node,
        key: &Key,
        fault: &Fault,
    ) -> Option<(Key, Problem)> {
        let key = match &fault.kind {
            FaultKind::UnknownKey { name, .. } => key.name(name),
            FaultKind::Missing { name } if self.removed.contains(&key.name(name)) => return None,
            _ => key.clone(),
        };
        if self.keys.contains(&key) {
            return None;
        }
        let full = key.below(section);
        let at = place(root, &full);
        let is_secret = key_is_secret(full.last_name());
        let problem = |kind, message: String| Problem::new(kind, &full, &at, message);
        let problem = match &fault.kind {
            FaultKind::Wrong { found, wanted, hint } => {
                let found = if is_secret { "[redacted]" } else { found.as_str() };
                let message = format!("`{full}` is {found}, wanted {wanted}");
                let mut problem = problem(ProblemKind::Value, message);
                problem.found = Some(found.to_owned());
                problem.wanted = Some(wanted.clone());
                problem.hint.clone_from(hint);
                problem
            }
            FaultKind::UnknownVariant { name, known } => {
                let wanted = format!("one of {}", known.join(", "));
                let message = format!("`{full}` is `{name}`, wanted {wanted}");
                let nearest = nearest(name, known.iter().copied()).map(str::to_owned);
                let mut problem = problem(ProblemKind::Value, message).with_nearest(nearest);
                problem.found = Some(format!("`{name}`"));
                problem.wanted = Some(wanted);
                problem
            }
            FaultKind::UnknownKey { name, known } => {
                let nearest = nearest(name, known.iter().copied()).map(str::to_owned);
                problem(ProblemKind::UnknownKey, format!("unknown key `{full}`"))
                    .with_nearest(nearest)
            }
            FaultKind::Missing { name } => {
                let missing = full.name(name);
                problem(ProblemKind::MissingKey, format!("`{missing}` is missing"))
            }
            FaultKind::Message(_) if is_secret => {
                problem(ProblemKind::Value, format!("`{full}` is not what is wanted"))
            }
            FaultKind::Message(message) => {
                problem(ProblemKind::Value, format!("`{full}`: {message}"))
            }
        };
        Some((key, problem))
    }

    /// The tree without the fault: with the default in its place, or without the value; what
    /// cannot be without it goes too. `None` when nothing would be left.
    fn cure(
        &mut self,
        tree: &Arc<Node>,
        defaults: &Node,
        key: &Key,
        fault: &Fault,
    ) -> Option<Arc<Node>> {
        let mut key = match &fault.kind {
            FaultKind::UnknownKey { name, .. } => key.name(name),
            _ => key.clone(),
        };
        let default = defaults.find(key.steps()).filter(|_| !key.steps().is_empty());
        let is_missing = matches!(fault.kind, FaultKind::Missing { .. });
        if let Some(default) = default.filter(|_| !is_missing && self.replaced.insert(key.clone()))
        {
            return Some(tree.replaced(key.steps(), Some(&Arc::new(default.clone()))));
        }
        while tree.find(key.steps()).is_none() || self.removed.contains(&key) {
            key = key.parent()?.0;
        }
        if key.steps().is_empty() {
            return None;
        }
        self.removed.insert(key.clone());
        Some(tree.replaced(key.steps(), None))
    }
}

/// A value's place; for what has values in it, the place of its name.
fn place(root: &Node, key: &Key) -> At {
    let node = root.find(key.steps());
    let is_leaf = node.is_some_and(|n| matches!(n.value, Value::Scalar { .. } | Value::Null));
    let own = node.map(|node| &node.at);
    let at = if is_leaf { own } else { root.key_at(key).or(own) };
    at.cloned().unwrap_or(At::Default)
}
