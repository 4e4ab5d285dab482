//! Support knows support, a capability knows support, only an assembly knows capabilities.

use toml_edit::Item;

use super::Finding;
use super::tree::{Member, Tree};

const SUPPORT: &[&str] = &["durable", "redact", "process", "ring"];
const CAPABILITY: &[&str] =
    &["metrics", "alerts", "ssot", "drift", "snapshot", "ralph", "board", "review", "kit", "paper"];
const ASSEMBLY: &[&str] = &["cli", "station", "examples", "tests", "xtask"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.members().iter().flat_map(|member| check_member(tree, member)).collect()
}

fn check_member(tree: &Tree, member: &Member<'_>) -> Vec<Finding> {
    let folder = member.folder();
    if ASSEMBLY.contains(&folder) {
        return Vec::new();
    }
    if !SUPPORT.contains(&folder) && !CAPABILITY.contains(&folder) {
        let message = "no tier: say in xtask/src/tidy/depends.rs whether this is support, capability or assembly";
        return vec![Finding::new(member.manifest_path, 0, message)];
    }
    let mut findings = Vec::new();
    for (table, key, item) in member.dependencies() {
        let renamed = item.get("package").and_then(Item::as_str);
        let package = renamed.unwrap_or(key);
        let Some(other) = ours(package) else { continue };
        let is_testbed_in_tests = other == "testbed" && table.ends_with("dev-dependencies");
        // Tests of a crate may turn on all of its features.
        let is_itself_in_tests = other == folder && table.ends_with("dev-dependencies");
        if !SUPPORT.contains(&other) && !is_testbed_in_tests && !is_itself_in_tests {
            let message = format!(
                "`{folder}` may depend on support crates only, not on `{package}` ({table})"
            );
            findings.push(Finding::new(member.manifest_path, member.line_of(tree, key), message));
        }
    }
    findings
}

/// The folder of a package of this workspace.
fn ours(package: &str) -> Option<&str> {
    match package {
        "plimsoll" => Some("cli"),
        "testbed" | "xtask" => Some(package),
        _ => package.strip_prefix("plimsoll-"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(folder: &str, manifest: &str, expected: usize) {
        let findings = super::check(&Tree::of(&[(&format!("{folder}/Cargo.toml"), manifest)]));
        assert_eq!(findings.len(), expected, "{folder}: {findings:?}");
    }

    #[test]
    fn a_capability_knows_support_only() {
        check("crates/metrics", "[dependencies]\nplimsoll-ring.workspace = true\nserde = \"1\"", 0);
        check("crates/metrics", "[dev-dependencies]\ntestbed.workspace = true", 0);
        check("crates/metrics", "[dependencies]\ntestbed.workspace = true", 1);
        check("crates/alerts", "[dependencies]\nplimsoll-metrics.workspace = true", 1);
        check("crates/alerts", "[dev-dependencies]\nplimsoll-metrics.workspace = true", 1);
        check("crates/alerts", "[dev-dependencies]\nplimsoll-alerts = { path = \".\" }", 0);
        check("crates/alerts", "[dependencies]\nplimsoll-alerts = { path = \".\" }", 1);
        check("crates/alerts", "[dependencies]\nrows = { package = \"plimsoll-metrics\" }", 1);
        check("crates/alerts", "[target.'cfg(unix)'.dependencies]\nplimsoll = \"1\"", 1);
    }

    #[test]
    fn support_knows_no_capability_and_an_assembly_knows_all() {
        check("crates/ring", "[dependencies]\nplimsoll-durable.workspace = true", 0);
        check("crates/ring", "[dependencies]\nplimsoll-metrics.workspace = true", 1);
        check("crates/cli", "[dependencies]\nplimsoll-metrics.workspace = true", 0);
    }

    #[test]
    fn a_new_crate_has_to_have_a_tier() {
        check("crates/brandnew", "", 1);
    }
}
