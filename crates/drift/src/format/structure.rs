//! What YAML, JSON and TOML documents state, with the meaning that well-known files give their keys.

mod manifest;
mod service;

use super::requirements;
use crate::outline::{FILE, Form, Outline, Role, ScopeId, Statement};
use crate::span::{Lines, Span, lines_in};
use crate::tables::sql;
use crate::tree::{Malformed, Node, NodeId, Scalar, Style, Tree};

/// Most nodes that are visited, so that aliases of aliases end.
const NODES_MAX: usize = 2_000_000;
/// Deepest nesting, aliases followed.
const DEPTH_MAX: usize = 160;

/// What a document is, as far as its keys mean more than their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A configuration of any program.
    Any,
    /// `pyproject.toml`.
    PyProject,
    /// `Cargo.toml`.
    Cargo,
    /// A lock file with a list of packages.
    Lock,
    /// `package.json`.
    Package,
    /// `package-lock.json`.
    PackageLock,
}

/// The statements of a document.
pub(crate) fn outline(tree: &Tree, text: &str, kind: Kind) -> Result<Outline, Malformed> {
    let mut walk = Walk {
        tree,
        text,
        outline: Outline::with_room(text.len().min(64 * 1024)),
        visited: 0,
        depth: 0,
    };
    for root in &tree.roots {
        match kind {
            Kind::Lock => manifest::lock(&mut walk, *root),
            Kind::PackageLock => manifest::package_lock(&mut walk, *root),
            Kind::PyProject => manifest::py_project(&mut walk, *root)?,
            Kind::Cargo => manifest::cargo(&mut walk, *root)?,
            Kind::Package => manifest::package(&mut walk, *root)?,
            Kind::Any => walk.node(*root, FILE)?,
        }
    }
    let mut outline = walk.outline;
    comments(tree, text, &mut outline);
    Ok(outline)
}

/// A comment is prose, and says more about the value before it on its line.
fn comments(tree: &Tree, text: &str, outline: &mut Outline) {
    if tree.comments.is_empty() {
        return;
    }
    let lines = Lines::new(text);
    let mut by_line: Vec<(usize, Span)> =
        tree.comments.iter().map(|comment| (lines.index_of(comment.start), *comment)).collect();
    by_line.sort_unstable();
    for statement in &mut outline.statements {
        if statement.note.is_some() || statement.form == Form::Text {
            continue;
        }
        let line = lines.index_of(statement.value.end);
        if let Ok(index) = by_line.binary_search_by_key(&line, |(line, _)| *line) {
            statement.note = by_line.get(index).map(|(_, comment)| *comment);
        }
    }
    for comment in &tree.comments {
        outline.add(FILE, Form::Text, *comment);
    }
}

struct Walk<'t> {
    tree: &'t Tree,
    text: &'t str,
    outline: Outline,
    visited: usize,
    depth: usize,
}

impl Walk<'_> {
    fn node(&mut self, id: NodeId, scope: ScopeId) -> Result<(), Malformed> {
        self.visited += 1;
        if self.visited > NODES_MAX || self.depth > DEPTH_MAX {
            return Err(Malformed::new(0, "more values than a file of this size should have"));
        }
        let tree = self.tree;
        match tree.get(id) {
            Some(Node::Scalar(scalar)) => self.scalar(*scalar, scope),
            Some(Node::List(items)) => {
                self.depth += 1;
                for item in items {
                    let scope = self.item_scope(*item, scope);
                    self.node(*item, scope)?;
                }
                self.depth -= 1;
            }
            Some(Node::Map(entries)) => {
                self.depth += 1;
                for (key, value) in entries {
                    self.entry(id, *key, *value, scope)?;
                }
                self.depth -= 1;
            }
            None => {}
        }
        Ok(())
    }

    /// An item of a list is known by what it calls itself.
    fn item_scope(&mut self, item: NodeId, scope: ScopeId) -> ScopeId {
        let named = ["name", "title", "alert", "job_name", "id"].iter().find_map(|key| {
            self.tree.child(item, self.text, key).and_then(|node| self.tree.scalar(node))
        });
        match named {
            Some(name) => self.outline.scope(scope, Role::Key, name.span),
            None => scope,
        }
    }

    /// One key of a map and its value.
    fn entry(
        &mut self,
        map: NodeId,
        key: Scalar,
        value: NodeId,
        scope: ScopeId,
    ) -> Result<(), Malformed> {
        let name = key.text(self.text);
        if (name == "services" || name == "containers") && service::is_services(self, value) {
            return service::services(self, key, value, scope);
        }
        let under = self.outline.scope(scope, Role::Key, key.span);
        match name {
            "image" | "container" if self.tree.scalar(value).is_some() => {
                self.form(value, under, Form::Image);
                Ok(())
            }
            // Helm: `image: {repository: grafana/grafana, tag: 12.3.1}`.
            "tag" | "version" => {
                for sibling in ["repository", "image", "name"] {
                    let found = self.tree.child(map, self.text, sibling);
                    if let Some(scalar) = found.and_then(|node| self.tree.scalar(node)) {
                        self.outline.also_known_as(under, scalar.span);
                    }
                }
                self.node(value, under)
            }
            "env" | "environment" | "build_args" | "args" => {
                self.environment(value, under);
                self.node_unless_pairs(value, under)
            }
            "additional_dependencies" => {
                self.requirements(value, under);
                Ok(())
            }
            _ => self.node(value, under),
        }
    }

    fn form(&mut self, id: NodeId, scope: ScopeId, form: Form) {
        if let Some(scalar) = self.tree.scalar(id) {
            self.outline.add(scope, form, scalar.span);
        }
    }

    fn scalar(&mut self, scalar: Scalar, scope: ScopeId) {
        let inner = scalar.text(self.text);
        if inner.is_empty() {
            return;
        }
        let begins = match scalar.style {
            Style::Block => inner.trim_start_matches(['|', '>', '-', '+', '\n', ' ']),
            Style::Plain | Style::Raw | Style::Escaped => inner,
        };
        if sql::looks_like(begins) {
            let escapes = match scalar.style {
                Style::Escaped => sql::Escapes::Backslash,
                Style::Plain | Style::Raw | Style::Block => sql::Escapes::None,
            };
            sql::read(self.text, scalar.span, escapes, &mut self.outline.tables);
            return;
        }
        if scalar.style == Style::Block || memchr::memchr(b'\n', inner.as_bytes()).is_some() {
            for line in lines_in(self.text, scalar.span) {
                self.outline.add(scope, Form::Text, line.trimmed(self.text));
            }
        } else {
            self.outline.add(scope, Form::Value, scalar.span);
        }
    }

    /// `- NAME=value` entries of a list; maps are read like any other.
    fn environment(&mut self, id: NodeId, scope: ScopeId) {
        for item in self.tree.items(id) {
            let Some(scalar) = self.tree.scalar(*item) else { continue };
            let inner = scalar.text(self.text);
            let Some(at) = inner.find('=') else { continue };
            let name = Span::new(scalar.span.start, scalar.span.start + at);
            let value = Span::new(name.end + 1, scalar.span.end);
            let under = self.outline.scope(scope, Role::Key, name);
            self.outline.add(under, Form::Value, value);
        }
    }

    fn node_unless_pairs(&mut self, id: NodeId, scope: ScopeId) -> Result<(), Malformed> {
        let is_pair = |item: &NodeId| {
            self.tree.scalar(*item).is_some_and(|scalar| scalar.text(self.text).contains('='))
        };
        let items = self.tree.items(id);
        if items.is_empty() || !items.iter().any(is_pair) {
            return self.node(id, scope);
        }
        let rest: Vec<NodeId> = items.iter().filter(|item| !is_pair(item)).copied().collect();
        rest.into_iter().try_for_each(|item| self.node(item, scope))
    }

    /// Requirements in a list of texts.
    fn requirements(&mut self, id: NodeId, scope: ScopeId) {
        for item in self.tree.items(id) {
            let Some(scalar) = self.tree.scalar(*item) else { continue };
            if let Some((name, versions)) = requirements::split(self.text, scalar.span) {
                let under = self.outline.scope(scope, Role::Key, name);
                self.outline.add(under, Form::Requirement, versions);
            }
        }
    }

    fn published(&mut self, scope: ScopeId, value: Span, target: Option<Span>) {
        let form = Form::PublishedPort;
        self.outline.add_noted(Statement { scope, value, form, note: target });
    }
}
