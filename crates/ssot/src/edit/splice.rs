//! Where in a text a value stands, or would have to stand.

use std::ops::Range;
use std::sync::Arc;

use super::EditError;
use super::write::{Place, Written, write};
use crate::key::{Key, Step};
use crate::node::{At, Entry, Form, Item, Map, Node, Value};
use crate::yaml;

/// A text, what it means, and the key to be set.
pub(super) struct Splice<'a> {
    pub(super) text: &'a str,
    pub(super) root: Option<&'a Node>,
    pub(super) key: &'a Key,
}

/// What is replaced by what.
struct Patch {
    bytes: Range<usize>,
    by: String,
}

/// The deepest value on the way that is there, and what of the way is left.
struct Found<'a> {
    node: &'a Node,
    /// The entry or element that holds it; none for the root.
    holder: Option<Holder<'a>>,
    rest: &'a [Step],
    /// Whether it stands between brackets.
    is_flow: bool,
}

#[derive(Clone, Copy)]
enum Holder<'a> {
    Entry(&'a Entry),
    Item(&'a Item),
}

impl Holder<'_> {
    fn alias(&self) -> Option<&Range<usize>> {
        match self {
            Self::Entry(entry) => entry.alias.as_ref(),
            Self::Item(item) => item.alias.as_ref(),
        }
    }
}

impl Splice<'_> {
    /// The text with the value, and the value as it was understood.
    pub(super) fn apply(
        &self,
        value: &str,
        written: Written,
    ) -> Result<(String, Arc<Node>), EditError> {
        let (patch, leaf) = match self.root.filter(|root| !matches!(root.value, Value::Null)) {
            None => self.append(value, written)?,
            Some(root) => {
                let found = self.walk(root)?;
                match found.rest {
                    [] => self.replace(&found, value, written)?,
                    rest => self.insert(&found, rest, value, written)?,
                }
            }
        };
        let mut after = self.text.to_owned();
        after.replace_range(patch.bytes, &patch.by);
        Ok((after, leaf))
    }

    fn refuse(&self, why: impl Into<String>) -> EditError {
        EditError::Key { key: self.key.to_string(), why: why.into() }
    }

    /// Goes down as far as values are there and stand in their own place.
    fn walk<'n>(&'n self, root: &'n Node) -> Result<Found<'n>, EditError> {
        let mut found =
            Found { node: root, holder: None, rest: self.key.steps(), is_flow: self.is_flow(root) };
        while let Some((step, rest)) = found.rest.split_first() {
            let holder = match (&found.node.value, step) {
                (Value::Map(map), Step::Name(name)) => map.get(name).map(Holder::Entry),
                (Value::List(items), Step::Index(index)) => items.get(*index).map(Holder::Item),
                _ => None,
            };
            let Some(holder) = holder else { break };
            let is_merged = matches!(holder, Holder::Entry(Entry { is_merged: true, .. }));
            if rest.is_empty() && is_merged {
                // A key of its own goes before a merged one.
                break;
            }
            if !rest.is_empty() && holder.alias().is_some() {
                return Err(self.refuse("it is reached through an alias, and others share it"));
            }
            let node = match holder {
                Holder::Entry(entry) => &*entry.node,
                Holder::Item(item) => &*item.node,
            };
            let is_flow = found.is_flow || self.is_flow(node);
            found = Found { node, holder: Some(holder), rest, is_flow };
        }
        Ok(found)
    }

    fn is_flow(&self, node: &Node) -> bool {
        let start = bytes(node).start;
        let is_collection = matches!(node.value, Value::Map(_) | Value::List(_));
        is_collection && self.text.get(start..).is_some_and(|text| text.starts_with(['{', '[']))
    }

    /// Another value in the place of one that is there.
    fn replace(
        &self,
        found: &Found<'_>,
        value: &str,
        written: Written,
    ) -> Result<(Patch, Arc<Node>), EditError> {
        let place = match found.holder.and_then(|holder| holder.alias().cloned()) {
            Some(alias) => alias,
            None => self.place(found)?,
        };
        if self.has_comments(&place) {
            return Err(EditError::Comments { key: self.key.to_string() });
        }
        let old = self.text.get(place.clone()).unwrap_or_default();
        let (mut by, leaf) =
            write(value, Place { written, is_flow: found.is_flow, old: Some(old) })?;
        let before = self.text.get(..place.start).unwrap_or_default();
        if before.ends_with(':') || before.ends_with('-') {
            by.insert(0, ' ');
        }
        Ok((Patch { bytes: place, by }, leaf))
    }

    /// The bytes of a value; of one over several lines, from behind its key.
    fn place(&self, found: &Found<'_>) -> Result<Range<usize>, EditError> {
        let own = bytes(found.node);
        let is_one_line = match &found.node.value {
            Value::Scalar { .. } => true,
            Value::Null => !own.is_empty(),
            Value::List(_) | Value::Map(_) => self.is_flow(found.node),
        };
        let is_block_scalar = matches!(&found.node.value, Value::Scalar { form: Form::Text, .. })
            && !self.text.get(own.clone()).unwrap_or_default().starts_with(['"', '\'']);
        let is_element = matches!(found.holder, Some(Holder::Item(_)));
        if (is_one_line || is_element) && !is_block_scalar {
            return Ok(own);
        }
        let Some(Holder::Entry(Entry { key_at: At::File { bytes: key, .. }, .. })) = found.holder
        else {
            return Err(self.refuse("an element over several lines is changed by hand"));
        };
        let behind = self.text.get(key.end..).unwrap_or_default();
        let colon = behind.find(':').ok_or_else(|| self.refuse("its colon was not found"))?;
        let start = key.end + colon + 1;
        let gap = self.text.get(start..own.end.max(start)).unwrap_or_default();
        let start = start + (gap.len() - gap.trim_start_matches(' ').len());
        if self.text.get(start..).unwrap_or_default().starts_with(['&', '!']) {
            return Err(self.refuse("it has an anchor or a tag"));
        }
        Ok(start..own.end.max(start))
    }

    fn has_comments(&self, place: &Range<usize>) -> bool {
        let comments = yaml::comments(self.text).unwrap_or_default();
        comments.iter().any(|(_, bytes)| bytes.start >= place.start && bytes.start < place.end)
    }

    /// A key that is not there yet.
    fn insert(
        &self,
        found: &Found<'_>,
        rest: &[Step],
        value: &str,
        written: Written,
    ) -> Result<(Patch, Arc<Node>), EditError> {
        let names = rest.iter().map(|step| match step {
            Step::Name(name) => Ok(name.as_str()),
            Step::Index(index) => {
                Err(self.refuse(format!("there is no element {index}: set the whole list")))
            }
        });
        let names: Vec<&str> = names.collect::<Result<_, _>>()?;
        let own = bytes(found.node);
        match &found.node.value {
            Value::Map(map) if self.is_flow(found.node) => {
                let (value, leaf) = write(value, Place { written, is_flow: true, old: None })?;
                Ok((self.flow_patch(map, &own, &flow(&names, &value)), leaf))
            }
            Value::Map(map) => {
                let (value, leaf) = write(value, Place { written, is_flow: false, old: None })?;
                let first = first_key(map).unwrap_or(own.start);
                let lines = block(&names, &value, self.column(first), self.newline());
                Ok((self.line_patch(own.end, &lines), leaf))
            }
            Value::Null if found.is_flow || !own.is_empty() => {
                let (value, leaf) = write(value, Place { written, is_flow: true, old: None })?;
                let by = format!("{{{}}}", flow(&names, &value));
                let gap = if own.is_empty() { " " } else { "" };
                let at = if own.is_empty() { self.behind_colon(found)? } else { own };
                Ok((Patch { bytes: at, by: format!("{gap}{by}") }, leaf))
            }
            Value::Null => {
                let (value, leaf) = write(value, Place { written, is_flow: false, old: None })?;
                let Some(Holder::Entry(Entry { key_at: At::File { bytes: key, .. }, .. })) =
                    found.holder
                else {
                    return Err(self.refuse("it is an empty element of a list"));
                };
                let indent = self.column(key.start) + 2;
                let lines = block(&names, &value, indent, self.newline());
                let name = names.first().copied().unwrap_or_default();
                let at = self.commented(key.end, indent, name).unwrap_or(key.end);
                Ok((self.line_patch(at, &lines), leaf))
            }
            _ => Err(self.refuse("a value without parts stands on the way")),
        }
    }

    fn behind_colon(&self, found: &Found<'_>) -> Result<Range<usize>, EditError> {
        let Some(Holder::Entry(Entry { key_at: At::File { bytes, .. }, .. })) = found.holder else {
            return Err(self.refuse("it is an empty element of a list"));
        };
        let behind = self.text.get(bytes.end..).and_then(|text| text.find(':'));
        let at = behind.map(|colon| bytes.end + colon + 1);
        at.map(|at| at..at).ok_or_else(|| self.refuse("its colon was not found"))
    }

    /// Where the same key stands as a comment below its section: the end of that line.
    fn commented(&self, from: usize, indent: usize, name: &str) -> Option<usize> {
        let mut at = from + self.text.get(from..)?.find('\n')? + 1;
        for line in self.text.get(at..)?.split_inclusive('\n') {
            let bare = line.trim_start_matches(' ');
            let is_comment = bare.starts_with('#') && line.len() - bare.len() == indent;
            if !is_comment && !bare.trim().is_empty() {
                return None;
            }
            let key = bare.trim_start_matches(['#', ' ']).split(':').next();
            if is_comment && bare.contains(':') && key == Some(name) {
                return Some(at + line.trim_end().len());
            }
            at += line.len();
        }
        None
    }

    /// An entry more between brackets.
    fn flow_patch(&self, map: &Map, own: &Range<usize>, entry: &str) -> Patch {
        let ends = map.0.values().filter(|entry| !entry.is_merged).filter_map(|entry| {
            let end = entry.alias.as_ref().map_or(bytes(&entry.node).end, |alias| alias.end);
            Some(end).filter(|end| own.contains(end))
        });
        match ends.max() {
            Some(end) => Patch { bytes: end..end, by: format!(", {entry}") },
            None => {
                let inside = own.start + 1;
                Patch { bytes: inside..inside, by: entry.to_owned() }
            }
        }
    }

    /// Lines more, below the line in which `end` is.
    fn line_patch(&self, end: usize, lines: &str) -> Patch {
        let newline = self.newline();
        let text = self.text.get(..end).unwrap_or_default();
        if end > 0 && text.ends_with('\n') {
            return Patch { bytes: end..end, by: format!("{lines}{newline}") };
        }
        match self.text.get(end..).and_then(|rest| rest.find('\n')) {
            Some(line) => {
                let at = end + line + 1;
                Patch { bytes: at..at, by: format!("{lines}{newline}") }
            }
            // The last line has no end, and the new one gets none either.
            None => {
                let at = self.text.len();
                Patch { bytes: at..at, by: format!("{newline}{lines}") }
            }
        }
    }

    /// The whole way, at the end of a text that says nothing yet.
    fn append(&self, value: &str, written: Written) -> Result<(Patch, Arc<Node>), EditError> {
        let names = self.key.steps().iter().map(|step| match step {
            Step::Name(name) => Ok(name.as_str()),
            Step::Index(_) => Err(self.refuse("there is no such element: set the whole list")),
        });
        let names: Vec<&str> = names.collect::<Result<_, _>>()?;
        let (value, leaf) = write(value, Place { written, is_flow: false, old: None })?;
        let newline = self.newline();
        let gap = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { newline };
        let at = self.text.len();
        let by = format!("{gap}{}{newline}", block(&names, &value, 0, newline));
        Ok((Patch { bytes: at..at, by }, leaf))
    }

    fn newline(&self) -> &'static str {
        let first = self.text.find('\n');
        let before =
            first.and_then(|at| at.checked_sub(1)).and_then(|at| self.text.as_bytes().get(at));
        if before == Some(&b'\r') { "\r\n" } else { "\n" }
    }

    /// Blanks before a byte on its line.
    fn column(&self, byte: usize) -> usize {
        let before = self.text.get(..byte).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        line.trim_start_matches('\u{feff}').chars().count()
    }
}

fn bytes(node: &Node) -> Range<usize> {
    match &node.at {
        At::File { bytes, .. } => bytes.clone(),
        _ => 0..0,
    }
}

fn first_key(map: &Map) -> Option<usize> {
    let own = map.0.values().filter(|entry| !entry.is_merged);
    own.filter_map(|entry| match &entry.key_at {
        At::File { bytes, .. } => Some(bytes.start),
        _ => None,
    })
    .min()
}

/// A way and a value between brackets.
fn flow(names: &[&str], value: &str) -> String {
    let mut names = names.iter().rev();
    let last = names.next().map_or(String::new(), |name| format!("{}: {value}", key_text(name)));
    names.fold(last, |inner, name| format!("{}: {{{inner}}}", key_text(name)))
}

/// A way and a value on lines of their own, without the last line end.
fn block(names: &[&str], value: &str, indent: usize, newline: &str) -> String {
    let line = |(depth, name): (usize, &&str)| {
        format!("{}{}:", " ".repeat(indent + 2 * depth), key_text(name))
    };
    let lines: Vec<String> = names.iter().enumerate().map(line).collect();
    format!("{} {value}", lines.join(newline))
}

/// A name as a key is written.
fn key_text(name: &str) -> String {
    let place = Place { written: Written::AsText, is_flow: true, old: None };
    write(name, place).map_or_else(|_| format!("{name:?}"), |(text, _)| text)
}

/// What a tree would be with a value at `steps`.
pub(super) fn with_value(root: Option<&Node>, steps: &[Step], leaf: &Node) -> Arc<Node> {
    let Some((first, rest)) = steps.split_first() else { return Arc::new(leaf.clone()) };
    let mut node = match root {
        Some(node) if !matches!(node.value, Value::Null) => node.clone(),
        _ => Node::clone(&Node::empty_map(At::Default)),
    };
    match (&mut node.value, first) {
        (Value::Map(map), Step::Name(name)) => {
            let old = map.get(name).map(|entry| Arc::clone(&entry.node));
            let new = with_value(old.as_deref(), rest, leaf);
            match map.0.get_mut(name) {
                Some(entry) => entry.node = new,
                None => map.push(name, At::Default, new),
            }
        }
        (Value::List(items), Step::Index(index)) => {
            if let Some(item) = items.get_mut(*index) {
                item.node = with_value(Some(&item.node), rest, leaf);
            }
        }
        _ => {}
    }
    Arc::new(node)
}

/// The first key at which two trees say different things.
pub(super) fn difference(a: &Node, b: &Node, key: &Key) -> Option<Key> {
    let differs = || Some(key.clone());
    match (&a.value, &b.value) {
        (Value::Null, Value::Null) => None,
        (Value::Scalar { text: a, form: x }, Value::Scalar { text: b, form: y }) => {
            if a == b && x == y { None } else { differs() }
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            a.iter().zip(b).find_map(|(a, b)| difference(&a.node, &b.node, &key.index(a.index)))
        }
        (Value::Map(a), Value::Map(b)) => {
            let names = a.0.keys().chain(b.0.keys());
            names.into_iter().find_map(|name| match (a.get(name), b.get(name)) {
                (Some(a), Some(b)) => difference(&a.node, &b.node, &key.name(name)),
                _ => Some(key.name(name)),
            })
        }
        _ => differs(),
    }
}
