//! A dependency's version is said once, in the root manifest, and leaves room for patches.

use toml_edit::Item;

use super::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in tree.members() {
        for (table, key, item) in member.dependencies() {
            // A crate whose tests turn on its own features names no version, or it could not be packaged.
            let is_itself = item.get("path").and_then(Item::as_str) == Some(".");
            if item.get("workspace").and_then(Item::as_bool) != Some(true) && !is_itself {
                let message = format!("`{key}` in [{table}] should be `{key}.workspace = true`");
                findings.push(Finding::new(
                    member.manifest_path,
                    member.line_of(tree, key),
                    message,
                ));
            }
        }
    }
    let root = tree.root_manifest();
    let shared = root.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    for (key, item) in
        shared.and_then(Item::as_table_like).into_iter().flat_map(|table| table.iter())
    {
        let version = item.as_str().or_else(|| item.get("version").and_then(Item::as_str));
        if version.is_some_and(|version| version.trim_start().starts_with('=')) {
            findings.push(Finding::new("Cargo.toml", 0, format!("`{key}` is pinned by `=`")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, manifest: &str, expected: usize) {
        let findings = super::check(&Tree::of(&[(path, manifest)]));
        assert_eq!(findings.len(), expected, "{manifest}: {findings:?}");
    }

    #[test]
    fn versions_come_from_the_workspace() {
        check("crates/a/Cargo.toml", "[dependencies]\nserde.workspace = true", 0);
        check(
            "crates/a/Cargo.toml",
            "[dependencies]\nserde = { workspace = true, optional = true }",
            0,
        );
        check("crates/a/Cargo.toml", "[dev-dependencies]\nserde = \"1\"", 1);
        check("xtask/Cargo.toml", "[dependencies]\na = { path = \"../a\" }", 1);
        check("crates/a/Cargo.toml", "[dev-dependencies]\nplimsoll-a = { path = \".\" }", 0);
    }

    #[test]
    fn the_workspace_pins_nothing() {
        check(
            "Cargo.toml",
            "[workspace.dependencies]\na = \"1\"\nb = { version = \">=0.3, <0.5\" }",
            0,
        );
        check(
            "Cargo.toml",
            "[workspace.dependencies]\na = \"=1.0.3\"\nb = { version = \"=2\" }",
            2,
        );
    }
}
