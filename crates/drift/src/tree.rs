//! Maps, lists and scalars with their spans: what YAML, JSON and TOML have in common.

use crate::span::Span;

/// A node of a [`Tree`].
pub(crate) type NodeId = u32;

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes.
    Plain,
    /// In quotes that keep every character.
    Raw,
    /// In quotes with escapes that begin with a backslash.
    Escaped,
    /// A block of lines.
    Block,
}

/// A scalar; its span is what stands within its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub(crate) span: Span,
    pub(crate) style: Style,
}

impl Scalar {
    pub(crate) fn text(self, text: &str) -> &str {
        self.span.of(text)
    }
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Scalar(Scalar),
    Map(Vec<(Scalar, NodeId)>),
    List(Vec<NodeId>),
}

/// A document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    /// Its documents' first nodes.
    pub(crate) roots: Vec<NodeId>,
    /// Its comments, with the sign that begins them.
    pub(crate) comments: Vec<Span>,
}

/// Why a text is no document of its format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The byte where the reader gave up.
    pub(crate) at: usize,
    /// What is wrong there, as a fragment of a sentence.
    pub(crate) what: String,
}

impl Malformed {
    pub(crate) fn new(at: usize, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }
}

impl Tree {
    pub(crate) fn add(&mut self, node: Node) -> NodeId {
        let id = NodeId::try_from(self.nodes.len()).unwrap_or(NodeId::MAX);
        self.nodes.push(node);
        id
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    pub(crate) fn get_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id as usize)
    }

    pub(crate) fn scalar(&self, id: NodeId) -> Option<Scalar> {
        match self.get(id)? {
            Node::Scalar(scalar) => Some(*scalar),
            Node::Map(_) | Node::List(_) => None,
        }
    }

    pub(crate) fn entries(&self, id: NodeId) -> &[(Scalar, NodeId)] {
        match self.get(id) {
            Some(Node::Map(entries)) => entries,
            _ => &[],
        }
    }

    pub(crate) fn items(&self, id: NodeId) -> &[NodeId] {
        match self.get(id) {
            Some(Node::List(items)) => items,
            _ => &[],
        }
    }

    /// The value of a map's key.
    pub(crate) fn child(&self, id: NodeId, text: &str, key: &str) -> Option<NodeId> {
        let found = self.entries(id).iter().find(|(name, _)| name.text(text) == key)?;
        Some(found.1)
    }
}
