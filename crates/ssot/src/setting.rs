//! Single values with what is known of them, for people and for other programs.

use std::fmt;

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use crate::de::MetState;
use crate::key::Key;
use crate::node::{Form, Node, Value};
use crate::origin::Origin;
use crate::render::Mask;
use crate::scalar::{self, Natural};
use crate::ssot::Ssot;
use crate::unit;

/// A value without parts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Scalar {
    /// Said to be nothing, or nobody said anything and nothing is the default.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// A finite number.
    Float(f64),
    /// Text; of a secret its name, `${VARIABLE}` or `file:PATH`.
    Text(String),
}

impl Scalar {
    pub(crate) fn of(node: &Node) -> Option<Self> {
        match &node.value {
            Value::Null => Some(Self::Null),
            Value::Scalar { text, form } => Some(match scalar::natural(text, *form) {
                Natural::Null => Self::Null,
                Natural::Bool(value) => Self::Bool(value),
                Natural::Integer(value) => Self::Integer(value),
                Natural::Float(value) => Self::Float(value),
                Natural::Text(value) => Self::Text(value.to_owned()),
            }),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    fn masked(self, mask: &Mask) -> Self {
        match self {
            Self::Text(text) => Self::Text(mask.text(&text)),
            other => other,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Bool(value) => to.serialize_bool(*value),
            Self::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => to.serialize_i64(value),
                (_, Ok(value)) => to.serialize_u64(value),
                _ => to.serialize_str(&value.to_string()),
            },
            Self::Float(value) => to.serialize_f64(*value),
            Self::Text(text) => to.serialize_str(text),
        }
    }
}

/// One value of the configuration.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Setting {
    /// Its key from the root, such as `limits.position[0].match`.
    pub key: String,
    /// The value that holds.
    pub value: Scalar,
    /// Where it was said.
    pub origin: Origin,
    /// The unit that the key's name ends with.
    pub unit: Option<&'static str>,
    /// Whether it is a secret; then the value is its name only.
    pub is_secret: bool,
}

/// A part of the configuration in its form, secrets by their names; it serializes as that.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    node: &'a Node,
    mask: &'a Mask,
}

impl fmt::Debug for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mask.text(&one_line(self.node)))
    }
}

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let below = |node| Tree { node, mask: self.mask };
        match &self.node.value {
            Value::List(items) => {
                let mut list = to.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(&below(&item.node)))?;
                list.end()
            }
            Value::Map(map) => {
                let mut entries = to.serialize_map(Some(map.0.len()))?;
                for (name, entry) in map.ordered() {
                    entries.serialize_entry(name, &below(&entry.node))?;
                }
                entries.end()
            }
            _ => match Scalar::of(self.node) {
                Some(scalar) => scalar.masked(self.mask).serialize(to),
                None => to.serialize_unit(),
            },
        }
    }
}

/// What one layer says of a key.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Spoken {
    /// Where it says it.
    pub origin: Origin,
    /// What it says, on one line and as it was written.
    pub value: String,
    /// Whether this is what holds. Of a map nothing holds alone: its layers are joined.
    pub is_effective: bool,
}

/// Every layer that spoke of a key.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// The key.
    pub key: String,
    /// What the layers say, the lowest first; the defaults are the first one.
    pub layers: Vec<Spoken>,
    /// The unit that the key's name ends with.
    pub unit: Option<&'static str>,
    /// Whether it is a secret; then values are names only.
    pub is_secret: bool,
}

impl Ssot {
    /// Returns every value, in the order of the sections and of their keys.
    pub fn settings(&self) -> impl Iterator<Item = Setting> {
        self.leaves().into_iter().map(|(key, value)| Setting {
            value,
            origin: self.origin_of(&key).unwrap_or(Origin::Default),
            unit: unit::of(key.last_name()),
            is_secret: self.is_secret(&key),
            key: key.to_string(),
        })
    }

    /// Returns one value; `None` when there is no such key, or it has parts.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Scalar> {
        let node = self.loaded.normal.find(Key::parse(key)?.steps())?;
        Scalar::of(node).map(|scalar| scalar.masked(&self.loaded.mask))
    }

    /// Returns a part of the configuration, the whole of it for an empty key.
    #[must_use]
    pub fn tree(&self, key: &str) -> Option<Tree<'_>> {
        let node = self.loaded.normal.find(Key::parse(key)?.steps())?;
        Some(Tree { node, mask: &self.loaded.mask })
    }

    /// Returns every layer that spoke of a key; `None` when there is no such key.
    #[must_use]
    pub fn explain(&self, key: &str) -> Option<Explanation> {
        let key = Key::parse(key)?;
        let loaded = &self.loaded;
        let effective = loaded.normal.find(key.steps())?;
        let is_leaf = Scalar::of(effective).is_some();
        let holds = loaded.root.find(key.steps());
        let is_secret = self.is_secret(&key);
        let spoken = loaded.stack.iter().filter_map(|root| root.find(key.steps()));
        let layers = spoken.map(|node| Spoken {
            origin: loaded.sources.origin(&node.at),
            value: match node.as_map() {
                None if loaded.mask.hides(&node.at) => "[redacted]".to_owned(),
                _ => loaded.mask.text(&one_line(node)),
            },
            is_effective: is_leaf && holds.is_some_and(|holds| std::ptr::eq(holds, node)),
        });
        let mut layers: Vec<Spoken> = layers.collect();
        if layers.is_empty() {
            let value = loaded.mask.text(&one_line(effective));
            layers.push(Spoken { origin: Origin::Default, value, is_effective: is_leaf });
        }
        let unit = unit::of(key.last_name());
        Some(Explanation { key: key.to_string(), layers, unit, is_secret })
    }

    /// Every value without parts, masked.
    pub(crate) fn leaves(&self) -> Vec<(Key, Scalar)> {
        let mut leaves = Vec::new();
        collect(&self.loaded.normal, &Key::root(), &mut leaves);
        let mask = &self.loaded.mask;
        leaves.into_iter().map(|(key, value)| (key, value.masked(mask))).collect()
    }

    fn is_secret(&self, key: &Key) -> bool {
        self.loaded.met.iter().any(|met| met.key == *key && !matches!(met.state, MetState::Default))
    }
}

fn collect(node: &Node, key: &Key, leaves: &mut Vec<(Key, Scalar)>) {
    match &node.value {
        Value::Map(map) => {
            map.ordered().into_iter().for_each(|(n, e)| collect(&e.node, &key.name(n), leaves));
        }
        Value::List(items) => {
            items.iter().for_each(|item| collect(&item.node, &key.index(item.index), leaves));
        }
        _ => leaves.extend(Scalar::of(node).map(|scalar| (key.clone(), scalar))),
    }
}

/// A value as YAML writes it in one line.
pub(crate) fn one_line(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Scalar { text, form: Form::Text } => format!("{text:?}"),
        Value::Scalar { text, .. } => text.replace('\n', " "),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| one_line(&item.node)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(map) => {
            let entry = |(name, node): (&str, &Node)| format!("{name}: {}", one_line(node));
            let entries = map.ordered().into_iter().map(|(name, e)| entry((name, &e.node)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}
