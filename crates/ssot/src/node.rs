//! Values as layers state them: text that is not typed yet, and where it stands.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::key::{Key, Step};

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// In the crate that owns the section.
    Default,
    /// In a file, by its number and the bytes of the value.
    File { file: usize, bytes: Range<usize> },
    /// In a variable, by its number.
    Env { variable: usize },
}

/// How a scalar was written, which says what it may be read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Without quotes: its type is the one that is asked for, if the text fits.
    Plain,
    /// In quotes: text and nothing else.
    Text,
    /// From a variable: whatever is asked for.
    Untyped,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Said to be nothing.
    Null,
    Scalar {
        text: String,
        form: Form,
    },
    List(Vec<Item>),
    Map(Map),
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) at: At,
}

/// An element of a list.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Its place in the list as it was written; stays when others are taken away.
    pub(crate) index: usize,
    pub(crate) node: Arc<Node>,
    /// Where the alias stands, if the element is one.
    pub(crate) alias: Option<Range<usize>>,
}

/// Entries by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Map(pub(crate) BTreeMap<String, Entry>);

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its place among the entries.
    pub(crate) order: usize,
    pub(crate) key_at: At,
    pub(crate) node: Arc<Node>,
    /// Where the alias stands that brought the value here; of a merged entry, the merge.
    pub(crate) alias: Option<Range<usize>>,
    /// Whether `<<` brought the entry here.
    pub(crate) is_merged: bool,
}

impl Map {
    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.0.get(name)
    }

    /// In the order in which they were written.
    pub(crate) fn ordered(&self) -> Vec<(&str, &Entry)> {
        let mut entries: Vec<_> = self.0.iter().map(|(name, entry)| (&**name, entry)).collect();
        entries.sort_by_key(|(_, entry)| entry.order);
        entries
    }

    /// Adds an entry after those that are there.
    pub(crate) fn push(&mut self, name: &str, key_at: At, node: Arc<Node>) {
        let order = self.0.len();
        self.0
            .insert(name.to_owned(), Entry { order, key_at, node, alias: None, is_merged: false });
    }
}

impl Node {
    pub(crate) fn empty_map(at: At) -> Arc<Self> {
        Arc::new(Self { value: Value::Map(Map::default()), at })
    }

    pub(crate) fn scalar(text: impl Into<String>, form: Form, at: At) -> Arc<Self> {
        Arc::new(Self { value: Value::Scalar { text: text.into(), form }, at })
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn child(&self, step: &Step) -> Option<&Arc<Self>> {
        match (&self.value, step) {
            (Value::Map(map), Step::Name(name)) => map.get(name).map(|entry| &entry.node),
            (Value::List(items), Step::Index(index)) => {
                items.iter().find(|item| item.index == *index).map(|item| &item.node)
            }
            _ => None,
        }
    }

    pub(crate) fn find(&self, steps: &[Step]) -> Option<&Self> {
        steps.iter().try_fold(self, |node, step| node.child(step).map(|child| &**child))
    }

    /// Where the name of the value at `key` stands; for an element of a list, the element.
    pub(crate) fn key_at(&self, key: &Key) -> Option<&At> {
        let (parent, last) = key.parent()?;
        let parent = self.find(parent.steps())?;
        match (&parent.value, last) {
            (Value::Map(map), Step::Name(name)) => map.get(name).map(|entry| &entry.key_at),
            (Value::List(items), Step::Index(index)) => items.get(*index).map(|i| &i.node.at),
            _ => None,
        }
    }

    /// The tree with another value at `steps`, or without any.
    pub(crate) fn replaced(&self, steps: &[Step], new: Option<&Arc<Self>>) -> Arc<Self> {
        let Some((first, rest)) = steps.split_first() else {
            return new.cloned().unwrap_or_else(|| Arc::new(self.clone()));
        };
        let mut node = self.clone();
        let child = |child: &Arc<Self>| match (rest.is_empty(), new) {
            (true, new) => new.cloned(),
            (false, new) => Some(child.replaced(rest, new)),
        };
        match (&mut node.value, first) {
            (Value::Map(map), Step::Name(name)) => {
                if let Some(entry) = map.0.get_mut(name) {
                    match child(&entry.node) {
                        Some(node) => entry.node = node,
                        None => drop(map.0.remove(name)),
                    }
                }
            }
            (Value::List(items), Step::Index(index)) => {
                let at = items.iter().position(|item| item.index == *index);
                if let Some((at, item)) = at.and_then(|at| Some((at, items.get_mut(at)?))) {
                    match child(&item.node) {
                        Some(node) => item.node = node,
                        None => drop(items.remove(at)),
                    }
                }
            }
            _ => {}
        }
        Arc::new(node)
    }
}
