//! Services of compose files and workflows.

use super::Walk;
use crate::outline::{Form, Role, ScopeId};
use crate::tree::{Malformed, NodeId, Scalar};

/// Keys whose texts run inside the container.
const COMMANDS: [&str; 5] = ["command", "entrypoint", "test", "healthcheck", "options"];

/// Whether this is a map of services: one of them has an image, ports, a build or another service to extend.
pub(super) fn is_services(walk: &Walk<'_>, id: NodeId) -> bool {
    let has = |service: NodeId| {
        ["image", "build", "ports", "extends", "container_name"]
            .iter()
            .any(|key| walk.tree.child(service, walk.text, key).is_some())
    };
    walk.tree.entries(id).iter().any(|(_, service)| has(*service))
}

pub(super) fn services(
    walk: &mut Walk<'_>,
    key: Scalar,
    id: NodeId,
    scope: ScopeId,
) -> Result<(), Malformed> {
    let tree = walk.tree;
    let under = walk.outline.scope(scope, Role::Key, key.span);
    for (name, service) in tree.entries(id) {
        let scope = walk.outline.scope(under, Role::Service, name.span);
        known_as(walk, id, *service, scope, 0);
        one(walk, *service, scope)?;
    }
    Ok(())
}

/// A service is also known by its image, its container's name and what it extends.
fn known_as(walk: &mut Walk<'_>, services: NodeId, service: NodeId, scope: ScopeId, depth: usize) {
    let tree = walk.tree;
    for key in ["image", "container_name", "hostname"] {
        let found = tree.child(service, walk.text, key).and_then(|node| tree.scalar(node));
        if let Some(scalar) = found {
            walk.outline.also_known_as(scope, scalar.span);
        }
    }
    let Some(extends) = tree.child(service, walk.text, "extends") else { return };
    let base = tree
        .scalar(extends)
        .or_else(|| tree.child(extends, walk.text, "service").and_then(|node| tree.scalar(node)));
    let Some(base) = base else { return };
    walk.outline.also_known_as(scope, base.span);
    if depth < 8
        && let Some(base) = tree.child(services, walk.text, base.text(walk.text))
    {
        known_as(walk, services, base, scope, depth + 1);
    }
    // `<<: *defaults` is a child by that key.
    if let Some(merged) = tree.child(service, walk.text, "<<")
        && depth < 8
    {
        known_as(walk, services, merged, scope, depth + 1);
    }
}

fn one(walk: &mut Walk<'_>, service: NodeId, scope: ScopeId) -> Result<(), Malformed> {
    let tree = walk.tree;
    for (key, value) in tree.entries(service) {
        let name = key.text(walk.text);
        match name {
            "<<" => one(walk, *value, scope)?,
            "ports" => {
                let under = walk.outline.scope(scope, Role::Key, key.span);
                for item in tree.items(*value) {
                    port(walk, *item, under);
                }
            }
            "expose" => {
                let under = walk.outline.scope(scope, Role::Key, key.span);
                for item in tree.items(*value) {
                    walk.form(*item, under, Form::ContainerPort);
                }
            }
            _ if COMMANDS.contains(&name) => {
                let under = walk.outline.scope(scope, Role::Key, key.span);
                texts(walk, *value, under, 0);
            }
            _ => walk.entry(service, *key, *value, scope)?,
        }
    }
    Ok(())
}

fn port(walk: &mut Walk<'_>, item: NodeId, scope: ScopeId) {
    let tree = walk.tree;
    if let Some(scalar) = tree.scalar(item) {
        walk.outline.add(scope, Form::PortMapping, scalar.span);
        return;
    }
    let part = |key: &str| tree.child(item, walk.text, key).and_then(|node| tree.scalar(node));
    let (target, published) = (part("target"), part("published"));
    if let Some(target) = target {
        walk.outline.add(scope, Form::ContainerPort, target.span);
    }
    if let Some(published) = published {
        walk.published(scope, published.span, target.map(|target| target.span));
    }
}

/// Every scalar below a node as text.
fn texts(walk: &mut Walk<'_>, id: NodeId, scope: ScopeId, depth: usize) {
    if depth > 16 {
        return;
    }
    let tree = walk.tree;
    if let Some(scalar) = tree.scalar(id) {
        for line in crate::span::lines_in(walk.text, scalar.span) {
            walk.outline.add(scope, Form::Text, line);
        }
    }
    for item in tree.items(id) {
        texts(walk, *item, scope, depth + 1);
    }
    for (key, value) in tree.entries(id) {
        let under = walk.outline.scope(scope, Role::Key, key.span);
        texts(walk, *value, under, depth + 1);
    }
}
