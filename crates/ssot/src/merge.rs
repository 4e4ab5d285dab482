//! Layers over each other: maps are joined, everything else is replaced by the upper layer.

use std::sync::Arc;

use figment::value::{Dict, Tag, Value as Merged};
use figment::{Figment, Metadata, Profile, Provider};

use crate::node::{At, Entry, Map, Node, Value};

/// Merges layers, the defaults first. The roots are maps of sections; a section that is said to be
/// nothing above the defaults says nothing.
pub(crate) fn merge(layers: &[Arc<Node>]) -> Arc<Node> {
    let mut figment = Figment::new();
    for (number, root) in layers.iter().enumerate() {
        figment = figment.merge(Layer { number, root });
    }
    let layers: Vec<Option<&Arc<Node>>> = layers.iter().map(Some).collect();
    match figment.find_value("") {
        Ok(merged) => trace(&merged, &layers, &figment).unwrap_or_else(nothing),
        // Our layers always have data, and the empty path always finds it.
        Err(_) => nothing(),
    }
}

fn nothing() -> Arc<Node> {
    Node::empty_map(At::Default)
}

struct Layer<'a> {
    number: usize,
    root: &'a Node,
}

impl Provider for Layer<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.number.to_string())
    }

    fn data(&self) -> figment::error::Result<figment::value::Map<Profile, Dict>> {
        let sections = self.root.as_map().into_iter().flat_map(|map| &map.0);
        let is_default = self.number == 0;
        let spoken =
            sections.filter(|(_, entry)| is_default || !matches!(entry.node.value, Value::Null));
        let dict = spoken.map(|(name, entry)| (name.clone(), value_of(&entry.node))).collect();
        Ok(figment::value::Map::from([(Profile::Default, dict)]))
    }
}

/// A list is replaced as a whole, so that its length is all that has to be known of it here.
fn value_of(node: &Node) -> Merged {
    match &node.value {
        Value::Null => Merged::Empty(Tag::Default, figment::value::Empty::Unit),
        Value::Scalar { .. } => Merged::String(Tag::Default, String::new()),
        Value::List(_) => Merged::Array(Tag::Default, Vec::new()),
        Value::Map(map) => {
            let entries = map.0.iter().map(|(name, entry)| (name.clone(), value_of(&entry.node)));
            Merged::Dict(Tag::Default, entries.collect())
        }
    }
}

/// The nodes that the merged values came from: a leaf's tag names its layer.
fn trace(merged: &Merged, layers: &[Option<&Arc<Node>>], figment: &Figment) -> Option<Arc<Node>> {
    let Merged::Dict(_, entries) = merged else {
        let metadata = figment.get_metadata(merged.tag())?;
        let number: usize = metadata.name.parse().ok()?;
        return layers.get(number).copied().flatten().cloned();
    };
    let maps: Vec<Option<&Map>> =
        layers.iter().map(|layer| layer.and_then(|node| node.as_map())).collect();
    let mut joined = Map::default();
    for (name, value) in entries {
        let of_layers: Vec<Option<&Entry>> =
            maps.iter().map(|map| map.and_then(|map| map.get(name))).collect();
        let nodes: Vec<Option<&Arc<Node>>> =
            of_layers.iter().map(|entry| entry.map(|entry| &entry.node)).collect();
        let node = trace(value, &nodes, figment)?;
        let top = of_layers.iter().rev().flatten().next()?;
        let order = joined.0.len();
        let entry = Entry { order, node, ..Entry::clone(top) };
        joined.0.insert(name.clone(), entry);
    }
    let top = layers.iter().rev().flatten().find(|node| node.as_map().is_some())?;
    Some(Arc::new(Node { value: Value::Map(joined), at: top.at.clone() }))
}
