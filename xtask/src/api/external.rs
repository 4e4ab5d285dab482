//! Types of other crates in a public interface: each is a promise that their next major version breaks.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use serde_json::Value;

/// Crates whose types anybody may show.
const ALWAYS: [&str; 5] = ["std", "core", "alloc", "serde", "serde_core"];

/// What a crate shows of others: type, and one place where.
pub(super) type Shown = BTreeMap<String, String>;

/// Finds paths of other crates in signatures.
pub(super) struct Finder<'a> {
    paths: &'a Value,
    crates: &'a Value,
    shown: Shown,
}

impl<'a> Finder<'a> {
    pub(super) fn new(krate: &'a Value) -> anyhow::Result<Finder<'a>> {
        Ok(Finder {
            paths: krate.get("paths").context("rustdoc's JSON has no paths")?,
            crates: krate.get("external_crates").context("rustdoc's JSON has no crates")?,
            shown: Shown::new(),
        })
    }

    /// Takes in a part of an item's signature.
    pub(super) fn scan(&mut self, value: &Value, at: &str) {
        match value {
            Value::Object(members) => {
                if let (Some(id), true) = (members.get("id"), members.contains_key("path")) {
                    self.see(id, at);
                }
                members.values().for_each(|value| self.scan(value, at));
            }
            Value::Array(items) => items.iter().for_each(|value| self.scan(value, at)),
            _ => {}
        }
    }

    fn see(&mut self, id: &Value, at: &str) {
        let key = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let Some(found) = self.paths.get(&key) else { return };
        let number = found.get("crate_id").map(ToString::to_string).unwrap_or_default();
        let Some(name) = self.crates.get(&number).and_then(|c| c.get("name")?.as_str()) else {
            return;
        };
        if number == "0" || ALWAYS.contains(&name) {
            return;
        }
        let path = found.get("path").and_then(Value::as_array);
        let path: Vec<&str> = path.into_iter().flatten().filter_map(Value::as_str).collect();
        self.shown.entry(path.join("::")).or_insert_with(|| at.to_owned());
    }

    pub(super) fn shown(self) -> Shown {
        self.shown
    }
}

/// The list `allowed_external_types` of a crate's file.
pub(super) fn allowed(text: &str) -> anyhow::Result<BTreeSet<String>> {
    let document: toml_edit::DocumentMut = text.parse().context("not TOML")?;
    let list = document.get("allowed_external_types").and_then(toml_edit::Item::as_array);
    let list = list.context("no list `allowed_external_types`")?;
    Ok(list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
}

/// What is shown and not allowed, and what is allowed and not shown. `a::*` allows all of `a`.
pub(super) fn differences(shown: &Shown, allowed: &BTreeSet<String>) -> Vec<String> {
    let fits = |pattern: &str, ty: &str| match pattern.strip_suffix('*') {
        Some(prefix) => ty.starts_with(prefix),
        None => pattern == ty,
    };
    let extra = shown
        .iter()
        .filter(|(ty, _)| !allowed.iter().any(|pattern| fits(pattern, ty)))
        .map(|(ty, at)| format!("`{at}` shows `{ty}`"));
    let stale = allowed
        .iter()
        .filter(|pattern| !shown.keys().any(|ty| fits(pattern, ty)))
        .map(|pattern| format!("`{pattern}` is allowed and shown nowhere"));
    extra.chain(stale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_other_crates_are_found_and_those_of_std_are_not() {
        let krate = serde_json::json!({
            "paths": {
                "1": {"crate_id": 0, "path": ["mine", "Row"]},
                "2": {"crate_id": 1, "path": ["std", "path", "Path"]},
                "3": {"crate_id": 2, "path": ["questdb", "Sender"]}},
            "external_crates": {"1": {"name": "std"}, "2": {"name": "questdb"}}});
        let path =
            |id: u32| serde_json::json!({"resolved_path": {"path": "x", "id": id, "args": null}});
        let mut finder = Finder::new(&krate).unwrap();
        for id in [1, 2] {
            finder.scan(&path(id), "mine::f");
        }
        finder
            .scan(&serde_json::json!({"sig": {"inputs": [["a", {"slice": path(3)}]]}}), "mine::g");
        let shown = finder.shown();
        assert_eq!(shown, Shown::from([("questdb::Sender".into(), "mine::g".into())]));
        let check = |list: &str, wanted: &[&str]| {
            let text = format!("allowed_external_types = [{list}]");
            assert_eq!(differences(&shown, &allowed(&text).unwrap()), wanted, "{list}");
        };
        check("", &["`mine::g` shows `questdb::Sender`"]);
        check("\"questdb::Sender\"", &[]);
        check("\"questdb::*\"", &[]);
        check(
            "\"ring::*\"",
            &["`mine::g` shows `questdb::Sender`", "`ring::*` is allowed and shown nowhere"],
        );
    }
}
