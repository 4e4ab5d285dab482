//! What can be named from outside, found from the crate's root in rustdoc's JSON.

use std::collections::BTreeSet;

use anyhow::Context;
use serde_json::Value;

use super::external::{Finder, Shown};
use super::signature;

/// Deepest nesting followed; a re-export may point back at its own module.
const DEPTH_MAX: usize = 16;

/// One line for each public item, sorted.
pub(super) fn public_items(krate: &Value) -> anyhow::Result<Vec<String>> {
    Ok(walk(krate)?.0)
}

/// Types of other crates that public items show.
pub(super) fn external_types(krate: &Value) -> anyhow::Result<Shown> {
    Ok(walk(krate)?.1)
}

fn walk(krate: &Value) -> anyhow::Result<(Vec<String>, Shown)> {
    let index = krate.get("index").context("rustdoc's JSON has no index")?;
    let root = krate.get("root").context("rustdoc's JSON has no root")?;
    let mut walk = Walk { index, lines: BTreeSet::new(), finder: Finder::new(krate)? };
    let item = walk.item(root).context("rustdoc's JSON has no root item")?;
    let name = item.get("name").and_then(Value::as_str).context("the crate has no name")?;
    walk.children(item, name, 0);
    Ok((walk.lines.into_iter().collect(), walk.finder.shown()))
}

struct Walk<'a> {
    index: &'a Value,
    lines: BTreeSet<String>,
    finder: Finder<'a>,
}

impl<'a> Walk<'a> {
    fn item(&self, id: &Value) -> Option<&'a Value> {
        // Ids are numbers in newer versions and strings in older ones; keys are always strings.
        let key = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        self.index.get(&key)
    }

    fn children(&mut self, module: &Value, path: &str, depth: usize) {
        let items = module
            .pointer("/inner/module/items")
            .or_else(|| module.pointer("/inner/enum/variants"));
        for id in items.and_then(Value::as_array).into_iter().flatten() {
            if let Some(item) = self.item(id) {
                let name = item.get("name").and_then(Value::as_str);
                self.visit(item, path, name, depth);
            }
        }
    }

    fn visit(&mut self, item: &'a Value, parent: &str, name: Option<&str>, depth: usize) {
        if depth > DEPTH_MAX || !is_public(item) {
            return;
        }
        let Some((kind, inner)) = kind_of(item) else { return };
        if kind == "use" {
            self.reexport(inner, parent, depth);
            return;
        }
        let Some(name) = name else { return };
        let path = format!("{parent}::{name}");
        if kind != "module" {
            self.finder.scan(inner, &path);
        }
        match kind {
            "module" => self.children(item, &path, depth + 1),
            "struct" => {
                self.line("struct", &path, "");
                self.all(inner.pointer("/kind/plain/fields"), &path, depth);
                self.methods(inner, &path, depth);
            }
            "enum" => {
                self.line("enum", &path, "");
                self.children(item, &path, depth + 1);
                self.methods(inner, &path, depth);
            }
            "variant" => {
                self.line("variant", &path, "");
                self.all(inner.pointer("/kind/struct/fields"), &path, depth);
            }
            "trait" => {
                self.line("trait", &path, "");
                self.all(inner.get("items"), &path, depth);
            }
            "function" => self.line("fn", &path, &signature::function(inner)),
            "struct_field" => self.line("field", &path, &format!(": {}", signature::ty(inner))),
            "constant" | "assoc_const" | "static" | "type_alias" => {
                let ty = inner.get("type").map(signature::ty).unwrap_or_default();
                self.line(&kind.replace('_', " "), &path, &format!(": {ty}"));
            }
            _ => self.line(&kind.replace('_', " "), &path, ""),
        }
    }

    fn reexport(&mut self, inner: &'a Value, parent: &str, depth: usize) {
        let target = inner.get("id").and_then(|id| self.item(id));
        let is_glob = inner.get("is_glob").and_then(Value::as_bool).unwrap_or(false);
        let name = inner.get("name").and_then(Value::as_str).unwrap_or_default();
        match target {
            Some(module) if is_glob => self.children(module, parent, depth + 1),
            Some(item) => self.visit(item, parent, Some(name), depth + 1),
            None => {
                let source = inner.get("source").and_then(Value::as_str).unwrap_or_default();
                self.line("use", &format!("{parent}::{name}"), &format!(" = {source}"));
            }
        }
    }

    /// Functions and constants of the type itself; those of a trait are said by the trait.
    fn methods(&mut self, inner: &'a Value, path: &str, depth: usize) {
        for id in inner.get("impls").and_then(Value::as_array).into_iter().flatten() {
            let Some(block) = self.item(id).and_then(|item| item.pointer("/inner/impl")) else {
                continue;
            };
            if block.get("trait").is_none_or(Value::is_null) {
                self.all(block.get("items"), path, depth);
            } else if is_written(block) {
                self.finder.scan(block.get("trait").unwrap_or(&Value::Null), path);
            }
        }
    }

    fn all(&mut self, ids: Option<&'a Value>, path: &str, depth: usize) {
        for id in ids.and_then(Value::as_array).into_iter().flatten() {
            if let Some(item) = self.item(id) {
                let name = item.get("name").and_then(Value::as_str);
                self.visit(item, path, name, depth + 1);
            }
        }
    }

    fn line(&mut self, kind: &str, path: &str, rest: &str) {
        self.lines.insert(format!("{kind} {path}{rest}"));
    }
}

/// `default` is what items of traits and variants have: as public as what holds them.
fn is_public(item: &Value) -> bool {
    matches!(item.get("visibility").and_then(Value::as_str), Some("public" | "default"))
}

/// Whether an `impl` stands in the code: neither automatic nor of every type.
fn is_written(block: &Value) -> bool {
    let is_automatic = block.get("is_synthetic").and_then(Value::as_bool).unwrap_or(false);
    !is_automatic && block.get("blanket_impl").is_none_or(Value::is_null)
}

fn kind_of(item: &Value) -> Option<(&str, &Value)> {
    let (kind, inner) = item.get("inner")?.as_object()?.iter().next()?;
    Some((kind, inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_items_are_found_through_reexports_and_private_ones_are_not() {
        let krate = serde_json::json!({"root": 0, "paths": {}, "external_crates": {}, "index": {
            "0": {"name": "a", "visibility": "public", "inner": {"module": {"items": [1, 2, 6]}}},
            "1": {"name": null, "visibility": "public", "inner": {"use":
                {"source": "b::C", "name": "D", "id": 3, "is_glob": false}}},
            "2": {"name": "hidden", "visibility": "crate", "inner": {"module": {"items": [3]}}},
            "3": {"name": "C", "visibility": "public", "inner": {"struct":
                {"kind": {"plain": {"fields": [4]}}, "impls": [5]}}},
            "4": {"name": "rows", "visibility": "public", "inner": {"struct_field": {"primitive": "u64"}}},
            "5": {"name": null, "visibility": "default", "inner": {"impl": {"trait": null, "items": [7]}}},
            "6": {"name": null, "visibility": "public", "inner": {"use":
                {"source": "std::time::Duration", "name": "Duration", "id": 99, "is_glob": false}}},
            "7": {"name": "len", "visibility": "public", "inner": {"function": {"sig": {
                "inputs": [["self", {"borrowed_ref": {"lifetime": null, "is_mutable": false, "type": {"generic": "Self"}}}]],
                "output": {"primitive": "usize"}}}}}
        }});
        assert_eq!(
            public_items(&krate).unwrap(),
            [
                "field a::D::rows: u64",
                "fn a::D::len(&self) -> usize",
                "struct a::D",
                "use a::Duration = std::time::Duration"
            ]
        );
    }
}
