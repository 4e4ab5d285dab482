//! YAML, by a parser of events with spans.

use granit_parser::{Event, Options, Parser, ScalarStyle};

use crate::span::Span;
use crate::tree::{Malformed, Node, NodeId, Scalar, Style, Tree};

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 128;

/// Reads a part of a text; every span is one of the whole text.
pub(crate) fn read(text: &str, part: Span) -> Result<Tree, Malformed> {
    let mut options = Options::default();
    options.set_emit_comments(true);
    options.flow_nesting_limit = DEPTH_MAX;
    options.block_nesting_limit = DEPTH_MAX;
    let mut reader = Reader { text, base: part.start, ..Reader::default() };
    for event in Parser::new_from_str_with_options(part.of(text), options) {
        let (event, span) = event.map_err(|error| {
            let offset = error.marker().byte_offset().unwrap_or_default();
            Malformed::new(part.start + offset.min(part.len()), error.to_string())
        })?;
        reader.take(&event, span)?;
    }
    Ok(reader.tree)
}

/// Maps and lists that are open, and the anchors seen so far.
#[derive(Default)]
struct Reader<'t> {
    text: &'t str,
    base: usize,
    tree: Tree,
    open: Vec<Open>,
    anchors: Vec<(usize, NodeId)>,
}

struct Open {
    node: NodeId,
    /// A map's key that waits for its value.
    key: Option<Scalar>,
    is_map: bool,
}

impl Reader<'_> {
    fn take(&mut self, event: &Event<'_>, span: granit_parser::Span) -> Result<(), Malformed> {
        match event {
            Event::Scalar(_, style, anchor, _) => {
                let scalar = self.scalar(*style, span);
                let is_key = self.open.last().is_some_and(|open| open.is_map && open.key.is_none());
                if is_key {
                    if let Some(open) = self.open.last_mut() {
                        open.key = Some(scalar);
                    }
                    return Ok(());
                }
                let node = self.tree.add(Node::Scalar(scalar));
                self.place(node, *anchor);
            }
            Event::MappingStart(_, anchor, _) => self.start(Node::Map(Vec::new()), *anchor, true),
            Event::SequenceStart(_, anchor, _) => {
                self.start(Node::List(Vec::new()), *anchor, false);
            }
            Event::Comment(..) => {
                let range = span.byte_range().unwrap_or_default();
                let comment = Span::new(self.base + range.start, self.base + range.end);
                self.tree.comments.push(comment);
            }
            Event::MappingEnd | Event::SequenceEnd => drop(self.open.pop()),
            Event::Alias(id) => {
                let known = self.anchors.iter().rev().find(|(anchor, _)| anchor == id);
                match known.map(|(_, node)| *node) {
                    Some(node) if !self.open.iter().any(|open| open.node == node) => {
                        self.place(node, 0);
                    }
                    Some(_) => {
                        let at = self.base + span.start.byte_offset().unwrap_or_default();
                        return Err(Malformed::new(at, "an alias inside its own anchor"));
                    }
                    None => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, node: Node, anchor: usize, is_map: bool) {
        let node = self.tree.add(node);
        self.place(node, anchor);
        self.open.push(Open { node, key: None, is_map });
    }

    /// Puts a node under the map or list that is open.
    fn place(&mut self, node: NodeId, anchor: usize) {
        if anchor != 0 {
            self.anchors.push((anchor, node));
        }
        let Some(open) = self.open.last_mut() else {
            self.tree.roots.push(node);
            return;
        };
        let key = open.key.take();
        match (self.tree.get_mut(open.node), key) {
            (Some(Node::Map(entries)), Some(key)) => entries.push((key, node)),
            // A map or a list as a key: its scalars are read, its value has no name.
            (Some(Node::Map(entries)), None) => {
                let at = Span::new(self.base, self.base);
                open.key = Some(Scalar { span: at, style: Style::Plain });
                entries.push((Scalar { span: at, style: Style::Plain }, node));
            }
            (Some(Node::List(items)), _) => items.push(node),
            _ => {}
        }
    }

    fn scalar(&self, style: ScalarStyle, span: granit_parser::Span) -> Scalar {
        let range = span.byte_range().unwrap_or_default();
        let span = Span::new(self.base + range.start, self.base + range.end);
        match style {
            ScalarStyle::SingleQuoted => Scalar { span: self.inner(span), style: Style::Raw },
            ScalarStyle::DoubleQuoted => Scalar { span: self.inner(span), style: Style::Escaped },
            ScalarStyle::Literal | ScalarStyle::Folded => Scalar { span, style: Style::Block },
            ScalarStyle::Plain => Scalar { span: span.trimmed(self.text), style: Style::Plain },
        }
    }

    fn inner(&self, span: Span) -> Span {
        let is_quoted = span.len() >= 2
            && span.of(self.text).starts_with(['"', '\''])
            && span.of(self.text).ends_with(['"', '\'']);
        if is_quoted { Span::new(span.start + 1, span.end - 1) } else { span }
    }
}
