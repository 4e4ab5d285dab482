//! How a crate's section is registered.

use std::any::type_name;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::de::{Met, Reading};
use crate::key::Key;
use crate::node::{At, Node};
use crate::problem::{Problem, ProblemKind};
use crate::read_section::read_section;
use crate::ser;

/// Values that are fine alone and exclude each other.
///
/// A crate finds them in its own `Config::problems()`; the glue hands them on in this form, and
/// each key gets its file, line and column here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    message: String,
    keys: Vec<String>,
}

impl Complaint {
    /// Takes what is wrong, in one line, and the keys that take part, the one to change first.
    ///
    /// Keys of a section's own check are relative to the section, such as `position[0].max_qty`.
    pub fn new(
        message: impl Into<String>,
        keys: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self { message: message.into(), keys: keys.into_iter().map(Into::into).collect() }
    }

    /// The problem that it is, with the places of its keys.
    pub(crate) fn place(&self, section: &Key, root: &Node) -> Problem {
        let mut marks = self.keys.iter().map(|key| {
            let parsed = Key::parse(key).unwrap_or_default().below(section);
            let (at, label) = place(root, &parsed);
            (parsed, at, label)
        });
        let first = marks.next().unwrap_or_else(|| (section.clone(), At::Default, String::new()));
        let kind = ProblemKind::Contradiction;
        let mut problem = Problem::new(kind, &first.0, &first.1, self.message.clone());
        problem.label = Some(first.2).filter(|label| !label.is_empty());
        for (_, at, label) in marks {
            problem = problem.with_related(&at, label);
        }
        problem
    }
}

/// Where a key stands, or the nearest thing above it that stands somewhere, and what to say there.
fn place(root: &Node, key: &Key) -> (At, String) {
    if let Some(node) = root.find(key.steps()) {
        let is_leaf = matches!(node.value, crate::node::Value::Scalar { .. });
        let at = if is_leaf { Some(&node.at) } else { root.key_at(key) };
        return (at.unwrap_or(&node.at).clone(), format!("`{key}`"));
    }
    let parent = |key: &Key| key.parent().map(|(parent, _)| parent);
    let mut above = std::iter::successors(parent(key), parent);
    let at = above.find_map(|above| root.key_at(&above).cloned());
    (at.unwrap_or(At::Default), format!("`{key}` is not set here"))
}

/// In which direction a limit gets looser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loosens {
    /// A higher value allows more, and so does none.
    Up,
    /// A lower value allows more, and so does none.
    Down,
    /// Nobody can tell: every change counts.
    AnyChange,
}

type Check<T> = Box<dyn Fn(&T) -> Vec<Complaint> + Send + Sync>;

/// A section: its name, the type that it is read as, its defaults, and what is known about it.
///
/// The type should refuse nothing that its crate can work with, and have a default for every key;
/// keys that it does not have are refused here, whatever its serde attributes say. A newtype
/// called `Secret` in it, of whichever crate, is read by reference and never shown.
pub struct SectionSpec<T> {
    pub(crate) name: String,
    defaults: Result<Arc<Node>, String>,
    check: Option<Check<T>>,
    pub(crate) schema: Option<String>,
    pub(crate) variables: Vec<(String, Key)>,
    pub(crate) limits: Vec<(String, Loosens)>,
}

impl<T: Serialize + DeserializeOwned> SectionSpec<T> {
    /// Registers `name` with the values that hold where nobody says anything.
    pub fn new(name: impl Into<String>, defaults: &T) -> Self {
        Self {
            name: name.into(),
            defaults: ser::node(defaults).map_err(|error| error.to_string()),
            check: None,
            schema: None,
            variables: Vec::new(),
            limits: Vec::new(),
        }
    }

    /// Adds what the section's own crate says about values that exclude each other.
    #[must_use]
    pub fn with_check(
        mut self,
        check: impl Fn(&T) -> Vec<Complaint> + Send + Sync + 'static,
    ) -> Self {
        self.check = Some(Box::new(check));
        self
    }

    /// Adds the JSON Schema of the section, as text.
    #[must_use]
    pub fn with_schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Lets a variable with a name of its own set a key of the section.
    #[must_use]
    pub fn with_variable(mut self, variable: impl Into<String>, key: &str) -> Self {
        let key = Key::parse(key).unwrap_or_default().below(&Key::of(&self.name));
        self.variables.push((variable.into(), key));
        self
    }

    /// Says that a key is a limit. A key that is a map or a list stands for everything in it.
    #[must_use]
    pub fn with_limit(mut self, key: impl Into<String>, loosens: Loosens) -> Self {
        self.limits.push((key.into(), loosens));
        self
    }
}

impl<T> fmt::Debug for SectionSpec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = type_name::<T>();
        f.debug_struct("SectionSpec").field("name", &self.name).field("type", &name).finish()
    }
}

/// What reading a section gave.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) problems: Vec<Problem>,
    /// Every value as its type writes it; without what nobody may see.
    pub(crate) normal: Option<Arc<Node>>,
    pub(crate) met: Vec<Met>,
}

type Read = Box<dyn Fn(&Node, &Node) -> Outcome + Send + Sync>;

/// A section without its type.
#[derive(Clone)]
pub(crate) struct Registered {
    pub(crate) name: String,
    pub(crate) defaults: Result<Arc<Node>, String>,
    #[cfg_attr(
        not(feature = "schema"),
        allow(dead_code, reason = "the whole schema is made of it")
    )]
    pub(crate) schema: Option<String>,
    pub(crate) variables: Vec<(String, Key)>,
    pub(crate) limits: BTreeMap<Key, Loosens>,
    read: Arc<Read>,
}

impl Registered {
    pub(crate) fn new<T>(spec: SectionSpec<T>) -> Self
    where
        T: Serialize + DeserializeOwned + 'static,
    {
        let section = Key::of(&spec.name);
        let limits = spec
            .limits
            .iter()
            .map(|(key, loosens)| (Key::parse(key).unwrap_or_default().below(&section), *loosens));
        let limits = limits.collect();
        let check = spec.check;
        let read: Read = Box::new(move |root, defaults| {
            let reading = Reading::default();
            let (value, problems) = read_section::<T>(&section, root, defaults, &reading);
            let met = reading.met.into_inner();
            let mut outcome = Outcome { problems, normal: None, met };
            let Some(value) = value.filter(|_| outcome.problems.is_empty()) else { return outcome };
            if let Some(check) = &check {
                let complaints = check(&value);
                outcome.problems = complaints.iter().map(|c| c.place(&section, root)).collect();
            }
            match ser::node(&value) {
                Ok(node) => outcome.normal = Some(node),
                Err(error) => outcome.problems.push(registration(&section, &error.to_string())),
            }
            outcome
        });
        Self {
            name: spec.name,
            defaults: spec.defaults,
            schema: spec.schema,
            variables: spec.variables,
            limits,
            read: Arc::new(read),
        }
    }

    /// Reads the section out of the whole tree, and checks it.
    pub(crate) fn read(&self, root: &Node, defaults: &Node) -> Outcome {
        (self.read)(root, defaults)
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered").field("name", &self.name).finish_non_exhaustive()
    }
}

pub(crate) fn registration(section: &Key, why: &str) -> Problem {
    let message = format!("the section `{section}` was registered wrongly: {why}");
    Problem::new(ProblemKind::Registration, section, &At::Default, message)
}
