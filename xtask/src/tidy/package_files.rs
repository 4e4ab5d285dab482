//! Every crate comes with what a registry and a reader expect of it, and a library names the types of others that it
//! shows.

use toml_edit::Item;

use super::Finding;
use super::tree::{Member, Tree};

/// The ring has a lint table of its own: the only one that allows `unsafe`.
const OWN_LINTS: &str = "crates/ring";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in tree.members() {
        let mut add =
            |message: String| findings.push(Finding::new(member.manifest_path, 0, message));
        if member.is_crate() {
            for name in ["README.md", "CHANGELOG.md"] {
                let text = tree.text(&format!("{}/{name}", member.dir));
                if text.is_none_or(|text| text.trim().is_empty()) {
                    add(format!("the crate has no {name}"));
                }
            }
            let has_library = tree.text(&format!("{}/src/lib.rs", member.dir)).is_some();
            let external = format!("{}/allowed-external-types.toml", member.dir);
            if has_library && tree.text(&external).is_none() {
                add("the library has no allowed-external-types.toml".to_owned());
            }
            for key in ["description", "license", "readme"] {
                if package_value(&member, key).is_none() {
                    add(format!("the package has no {key}"));
                }
            }
        }
        let inherits = member.manifest.get("lints").and_then(|lints| lints.get("workspace"));
        let inherits = inherits.and_then(Item::as_bool) == Some(true);
        let has_own = member.dir == OWN_LINTS && member.manifest.get("lints").is_some();
        if !inherits && !has_own {
            add("the lints are not the workspace's: `[lints] workspace = true`".to_owned());
        }
    }
    findings
}

/// A value of `[package]` that is there and not empty, or inherited.
fn package_value<'a>(member: &'a Member<'_>, key: &str) -> Option<&'a Item> {
    let value = member.manifest.get("package")?.get(key)?;
    (value.as_str() != Some("")).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "[package]\ndescription = \"A.\"\nlicense.workspace = true\nreadme = \"README.md\"\n[lints]\nworkspace = true";

    #[track_caller]
    fn check(dir: &str, manifest: &str, files: &[&str], expected: usize) {
        let manifest_path = format!("{dir}/Cargo.toml");
        let paths: Vec<String> = files.iter().map(|name| format!("{dir}/{name}")).collect();
        let mut all = vec![(manifest_path.as_str(), manifest)];
        all.extend(paths.iter().map(|path| (path.as_str(), "# Text")));
        let findings = super::check(&Tree::of(&all));
        assert_eq!(findings.len(), expected, "{findings:?}");
    }

    #[test]
    fn a_crate_has_its_files_and_its_values() {
        let both = ["README.md", "CHANGELOG.md"];
        check("crates/a", WHOLE, &both, 0);
        check("crates/a", WHOLE, &["README.md"], 1);
        check("crates/a", &WHOLE.replace("\"A.\"", "\"\""), &both, 1);
        check("crates/a", &WHOLE.replace("license.workspace = true\n", ""), &both, 1);
    }

    #[test]
    fn a_library_names_the_types_of_others_that_it_shows() {
        let files = ["README.md", "CHANGELOG.md", "src/lib.rs"];
        check("crates/a", WHOLE, &files, 1);
        check("crates/a", WHOLE, &[&files[..], &["allowed-external-types.toml"]].concat(), 0);
    }

    #[test]
    fn only_the_ring_has_lints_of_its_own() {
        let both = ["README.md", "CHANGELOG.md"];
        let own =
            WHOLE.replace("[lints]\nworkspace = true", "[lints.rust]\nunsafe_code = \"warn\"");
        check("crates/a", &own, &both, 1);
        check("crates/ring", &own, &both, 0);
        check("xtask", "[package]\n[lints]\nworkspace = true", &[], 0);
        check("xtask", "[package]", &[], 1);
    }
}
