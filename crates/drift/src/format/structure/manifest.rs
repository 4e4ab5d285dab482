//! Manifests and lock files of packages.

use super::Walk;
use crate::outline::{FILE, Form, Role, ScopeId};
use crate::tree::{Malformed, NodeId};

/// Tables of dependencies by name, wherever they are in a manifest.
const CARGO_TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
const PACKAGE_TABLES: [&str; 5] =
    ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies", "engines"];

/// `pyproject.toml`: requirements in lists of texts, and Poetry's in tables.
pub(super) fn py_project(walk: &mut Walk<'_>, root: NodeId) -> Result<(), Malformed> {
    lists(walk, root, FILE, 0);
    walk.node(root, FILE)
}

fn lists(walk: &mut Walk<'_>, id: NodeId, scope: ScopeId, depth: usize) {
    if depth > 5 {
        return;
    }
    let tree = walk.tree;
    for (key, value) in tree.entries(id) {
        let name = key.text(walk.text);
        let under = walk.outline.scope(scope, Role::Key, key.span);
        let is_requirements = ["dependencies", "requires", "dev-dependencies"].contains(&name)
            || matches!(walk.outline.get(scope), Some(outer)
                if ["optional-dependencies", "dependency-groups"].contains(&outer.name.of(walk.text)));
        if is_requirements {
            walk.requirements(*value, under);
            table(walk, *value, under);
        } else {
            lists(walk, *value, under, depth + 1);
        }
    }
}

/// `name = "^1.2"` and `name = {version = "^1.2"}`.
fn table(walk: &mut Walk<'_>, id: NodeId, scope: ScopeId) {
    let tree = walk.tree;
    for (name, value) in tree.entries(id) {
        let inner = tree.child(*value, walk.text, "version").unwrap_or(*value);
        let Some(scalar) = tree.scalar(inner) else { continue };
        let under = walk.outline.scope(scope, Role::Key, name.span);
        // A renamed dependency is the package that it names.
        let renamed = tree.child(*value, walk.text, "package").and_then(|node| tree.scalar(node));
        if let Some(renamed) = renamed {
            walk.outline.also_known_as(under, renamed.span);
        }
        walk.outline.add(under, Form::Requirement, scalar.span);
    }
}

/// `Cargo.toml`.
pub(super) fn cargo(walk: &mut Walk<'_>, root: NodeId) -> Result<(), Malformed> {
    tables_named(walk, root, FILE, &CARGO_TABLES, 0)
}

/// `package.json`.
pub(super) fn package(walk: &mut Walk<'_>, root: NodeId) -> Result<(), Malformed> {
    tables_named(walk, root, FILE, &PACKAGE_TABLES, 0)
}

fn tables_named(
    walk: &mut Walk<'_>,
    id: NodeId,
    scope: ScopeId,
    names: &[&str],
    depth: usize,
) -> Result<(), Malformed> {
    let tree = walk.tree;
    for (key, value) in tree.entries(id) {
        let name = key.text(walk.text);
        if names.contains(&name) && !tree.entries(*value).is_empty() {
            let under = walk.outline.scope(scope, Role::Key, key.span);
            table(walk, *value, under);
        } else if depth < 4 && !tree.entries(*value).is_empty() {
            let under = walk.outline.scope(scope, Role::Key, key.span);
            tables_named(walk, *value, under, names, depth + 1)?;
        } else {
            walk.entry(id, *key, *value, scope)?;
        }
    }
    Ok(())
}

/// `Cargo.lock`, `uv.lock`, `poetry.lock`: a list of packages.
pub(super) fn lock(walk: &mut Walk<'_>, root: NodeId) {
    let tree = walk.tree;
    for (key, value) in tree.entries(root) {
        match key.text(walk.text) {
            "package" => {
                for package in tree.items(*value) {
                    let part = |name: &str| {
                        tree.child(*package, walk.text, name).and_then(|n| tree.scalar(n))
                    };
                    if let (Some(name), Some(version)) = (part("name"), part("version")) {
                        let under = walk.outline.scope(FILE, Role::Key, name.span);
                        walk.outline.add(under, Form::Pinned, version.span);
                    }
                }
            }
            "requires-python" => {
                let under = walk.outline.scope(FILE, Role::Key, key.span);
                walk.form(*value, under, Form::Value);
            }
            "metadata" => {
                for (key, value) in tree.entries(*value) {
                    if key.text(walk.text) == "python-versions" {
                        let under = walk.outline.scope(FILE, Role::Key, key.span);
                        walk.form(*value, under, Form::Value);
                    }
                }
            }
            _ => {}
        }
    }
}

/// `package-lock.json`.
pub(super) fn package_lock(walk: &mut Walk<'_>, root: NodeId) {
    let tree = walk.tree;
    for table in ["packages", "dependencies"] {
        let Some(packages) = tree.child(root, walk.text, table) else { continue };
        for (name, package) in tree.entries(packages) {
            let version = tree.child(*package, walk.text, "version").and_then(|n| tree.scalar(n));
            let inner = name.text(walk.text);
            // A package within a package is another version of it, and nobody's fault.
            let is_nested = inner.matches("node_modules/").count() > 1;
            if let Some(version) = version.filter(|_| !inner.is_empty() && !is_nested) {
                let cut = inner.rfind("node_modules/").map_or(0, |at| at + "node_modules/".len());
                let name = crate::span::Span::new(name.span.start + cut, name.span.end);
                let under = walk.outline.scope(FILE, Role::Key, name);
                walk.outline.add(under, Form::Pinned, version.span);
            }
        }
    }
}
