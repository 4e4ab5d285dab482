//! Nodes from the events of the parser.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::Tag;

use super::{NODES_MAX, syntax};
use crate::key::{Key, Step};
use crate::node::{At, Entry, Form, Item, Map, Node, Value};
use crate::problem::{Problem, ProblemKind};
use crate::scalar;

const MERGE: &str = "<<";

/// A finished value, and the number of values in it with every alias followed.
#[derive(Clone)]
struct Built {
    node: Arc<Node>,
    size: usize,
}

/// The tree as far as it has come.
pub(super) struct Build {
    file: usize,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Built>,
    root: Option<Built>,
    documents: usize,
    /// Values so far, with every alias followed.
    values: usize,
    pub(super) problems: Vec<Problem>,
}

/// A collection that is open.
struct Frame {
    content: Content,
    anchor: usize,
    bytes: Range<usize>,
    size: usize,
}

enum Content {
    List(Vec<Item>),
    Map(OpenMap),
}

#[derive(Default)]
struct OpenMap {
    map: Map,
    key: Option<OpenKey>,
    /// What `<<` names, and where.
    merges: Vec<(Arc<Node>, Range<usize>)>,
}

/// A key whose value is still to come.
enum OpenKey {
    Name(String, Range<usize>),
    Merge(Range<usize>),
    /// Refused already; its value is dropped.
    Refused,
}

impl Build {
    pub(super) fn new(file: usize) -> Self {
        Self {
            file,
            frames: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            documents: 0,
            values: 0,
            problems: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Result<Option<Arc<Node>>, Vec<Problem>> {
        if self.problems.is_empty() {
            return Ok(self.root.map(|built| built.node));
        }
        Err(self.problems)
    }

    pub(super) fn document(&mut self, bytes: Range<usize>) -> bool {
        self.documents += 1;
        if self.documents > 1 {
            self.complain(bytes, "a second document begins, and a configuration has one");
        }
        self.documents == 1
    }

    pub(super) fn scalar(
        &mut self,
        text: String,
        is_plain: bool,
        node: (usize, Option<&Tag>),
        bytes: Range<usize>,
    ) {
        let (anchor, tag) = node;
        if self.expects_key() {
            self.open_key(text, is_plain, bytes);
            return;
        }
        let form = self.form(is_plain, tag, &bytes);
        let value = match form {
            Form::Plain if scalar::is_null(&text, form) => Value::Null,
            _ => Value::Scalar { text, form },
        };
        let node = Arc::new(Node { value, at: self.at(bytes) });
        self.values += 1;
        self.complete(Built { node, size: 1 }, anchor, None);
    }

    pub(super) fn open_list(&mut self, anchor: usize, tag: Option<&Tag>, bytes: Range<usize>) {
        self.check_collection(tag, "seq", &bytes);
        self.open(Content::List(Vec::new()), anchor, bytes);
    }

    pub(super) fn open_map(&mut self, anchor: usize, tag: Option<&Tag>, bytes: Range<usize>) {
        self.check_collection(tag, "map", &bytes);
        self.open(Content::Map(OpenMap::default()), anchor, bytes);
    }

    fn open(&mut self, content: Content, anchor: usize, bytes: Range<usize>) {
        self.values += 1;
        self.frames.push(Frame { content, anchor, bytes, size: 1 });
    }

    pub(super) fn close(&mut self, end: &Range<usize>) {
        let Some(mut frame) = self.frames.pop() else { return };
        // The end of a block is told where the next thing begins; it ends with its last value.
        if !end.is_empty() {
            frame.bytes.end = end.end;
        }
        let value = match frame.content {
            Content::List(items) => Value::List(items),
            Content::Map(OpenMap { mut map, merges, .. }) => {
                for (source, bytes) in &merges {
                    if !merge(&mut map, source, bytes) {
                        self.complain(bytes.clone(), "`<<` takes a map, or a list of maps");
                    }
                }
                Value::Map(map)
            }
        };
        let node = Arc::new(Node { value, at: self.at(frame.bytes) });
        self.complete(Built { node, size: frame.size }, frame.anchor, None);
    }

    pub(super) fn alias(&mut self, anchor: usize, bytes: Range<usize>) {
        match self.anchors.get(&anchor).cloned() {
            None => self.nothing(bytes, "this alias stands inside of what it refers to"),
            Some(built) => {
                self.values = self.values.saturating_add(built.size);
                self.complete(built, 0, Some(bytes));
            }
        }
    }

    /// Whether there is room for more values; if not, that is said.
    ///
    /// Less than a kilobyte of aliases of aliases can stand for more than memory holds.
    pub(super) fn has_room(&mut self) -> bool {
        let has_room = self.values <= NODES_MAX;
        if !has_room {
            self.complain(0..0, format!("more than {NODES_MAX} values once aliases are followed"));
        }
        has_room
    }

    pub(super) fn unknown_alias(&mut self, name: &str, bytes: Range<usize>) {
        self.nothing(bytes, format!("nothing above this place is called `&{name}`"));
    }

    /// A value that is not there.
    fn nothing(&mut self, bytes: Range<usize>, message: impl Into<String>) {
        self.complain(bytes.clone(), message);
        let node = Arc::new(Node { value: Value::Null, at: self.at(bytes) });
        self.complete(Built { node, size: 1 }, 0, None);
    }

    fn expects_key(&self) -> bool {
        let top = self.frames.last().map(|frame| &frame.content);
        matches!(top, Some(Content::Map(OpenMap { key: None, .. })))
    }

    fn open_key(&mut self, name: String, is_plain: bool, bytes: Range<usize>) {
        let is_merge = is_plain && name == MERGE;
        let Some(Frame { content: Content::Map(map), .. }) = self.frames.last() else { return };
        let before = match map.map.get(&name).map(|entry| entry.key_at.clone()) {
            _ if is_merge => map.merges.last().map(|(_, bytes)| self.at(bytes.clone())),
            before => before,
        };
        if let Some(before) = before {
            let key = self.path().name(&name);
            let message = format!("the key `{key}` stands here for the second time");
            let kind = ProblemKind::DuplicateKey;
            let problem = Problem::new(kind, &key, &self.at(bytes.clone()), message)
                .with_related(&before, "the first one");
            self.problems.push(problem);
        }
        if is_plain && bytes.is_empty() {
            self.complain(bytes.clone(), "a value without a key");
        }
        if let Some(Frame { content: Content::Map(map), .. }) = self.frames.last_mut() {
            map.key = Some(match is_merge {
                true => OpenKey::Merge(bytes),
                false => OpenKey::Name(name, bytes),
            });
        }
    }

    /// Puts a finished value where it belongs.
    fn complete(&mut self, built: Built, anchor: usize, alias: Option<Range<usize>>) {
        let own = match &built.node.at {
            At::File { bytes, .. } => bytes.clone(),
            _ => 0..0,
        };
        let bytes = alias.clone().unwrap_or(own);
        if anchor != 0 {
            self.anchors.insert(anchor, built.clone());
        }
        let file = self.file;
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(built);
            return;
        };
        frame.size = frame.size.saturating_add(built.size);
        frame.bytes.end = frame.bytes.end.max(bytes.end);
        let node = built.node;
        let map = match &mut frame.content {
            Content::List(items) => {
                items.push(Item { index: items.len(), node, alias });
                return;
            }
            Content::Map(map) => map,
        };
        match map.key.take() {
            Some(OpenKey::Merge(key)) => map.merges.push((node, alias.unwrap_or(key))),
            Some(OpenKey::Name(name, key)) => {
                let order = map.map.0.len();
                let key_at = At::File { file, bytes: key };
                let entry = Entry { order, key_at, node, alias, is_merged: false };
                map.map.0.entry(name).or_insert(entry);
            }
            Some(OpenKey::Refused) => {}
            None => {
                map.key = Some(OpenKey::Refused);
                self.complain(bytes, "a key has to be a text, written out");
            }
        }
    }

    fn form(&mut self, is_plain: bool, tag: Option<&Tag>, bytes: &Range<usize>) -> Form {
        let by_style = if is_plain { Form::Plain } else { Form::Text };
        let Some(tag) = tag else { return by_style };
        match tag.core_suffix() {
            Some("str") => Form::Text,
            Some("int" | "float" | "bool" | "null") => Form::Plain,
            _ if tag.original() == "!" => Form::Text,
            _ => {
                self.refuse_tag(tag, bytes);
                by_style
            }
        }
    }

    fn check_collection(&mut self, tag: Option<&Tag>, wanted: &str, bytes: &Range<usize>) {
        if let Some(tag) = tag.filter(|tag| tag.core_suffix() != Some(wanted)) {
            self.refuse_tag(tag, bytes);
        }
    }

    fn refuse_tag(&mut self, tag: &Tag, bytes: &Range<usize>) {
        let message = format!("the tag `{}` means nothing in a configuration", tag.original());
        self.complain(bytes.clone(), message);
    }

    fn complain(&mut self, bytes: Range<usize>, message: impl Into<String>) {
        self.problems.push(syntax(self.file, bytes, message));
    }

    fn at(&self, bytes: Range<usize>) -> At {
        At::File { file: self.file, bytes }
    }

    /// The way to the collection that is open.
    fn path(&self) -> Key {
        let steps = self.frames.iter().filter_map(|frame| match &frame.content {
            Content::List(items) => Some(Step::Index(items.len())),
            Content::Map(map) => match &map.key {
                Some(OpenKey::Name(name, _)) => Some(Step::Name(name.clone())),
                _ => None,
            },
        });
        Key::from_steps(steps.collect())
    }
}

/// Adds the entries that are not there yet; earlier maps of a list go before later ones.
fn merge(map: &mut Map, source: &Node, bytes: &Range<usize>) -> bool {
    match &source.value {
        Value::Map(merged) => {
            for (name, entry) in merged.ordered() {
                let order = map.0.len();
                let alias = Some(bytes.clone());
                let entry = Entry { order, alias, is_merged: true, ..entry.clone() };
                map.0.entry(name.to_owned()).or_insert(entry);
            }
            true
        }
        Value::List(items) => items.iter().all(|item| {
            item.node.as_map().is_some()
                && merge(map, &item.node, item.alias.as_ref().unwrap_or(bytes))
        }),
        _ => false,
    }
}
