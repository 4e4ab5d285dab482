//! Folder, package and library names belong together; modules are named after what they hold.

use syn::visit::{self, Visit};
use toml_edit::Item;

use super::Finding;
use super::tree::{Tree, is_below};

const EMPTY_NAMES: &[&str] = &["common", "core", "utils", "helpers", "types", "manager", "prelude"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in tree.members().iter().filter(|member| member.is_crate()) {
        let wanted = match member.folder() {
            "cli" => "plimsoll".to_owned(),
            folder => format!("plimsoll-{folder}"),
        };
        if member.name() != wanted {
            let message =
                format!("package `{}` should be `{wanted}`, after its folder", member.name());
            findings.push(Finding::new(
                member.manifest_path,
                member.line_of(tree, "name"),
                message,
            ));
        }
        let lib = member.manifest.get("lib").and_then(|lib| lib.get("name")).and_then(Item::as_str);
        if lib.is_some_and(|lib| lib != wanted.replace('-', "_")) {
            let message = "the library should have the package's name with underscores";
            findings.push(Finding::new(
                member.manifest_path,
                member.line_of(tree, "[lib]"),
                message,
            ));
        }
        if EMPTY_NAMES.contains(&member.folder()) {
            findings.push(Finding::new(member.manifest_path, 0, empty_name(member.folder())));
        }
    }
    findings.extend(modules(tree));
    findings
}

fn modules(tree: &Tree) -> Vec<Finding> {
    let excluded = tree.excluded();
    let mut findings = Vec::new();
    for (file, syntax) in tree.rust() {
        if excluded.iter().any(|dir| is_below(&file.path, dir)) {
            continue;
        }
        if file.path.ends_with("/mod.rs") {
            findings.push(Finding::new(&file.path, 0, "`foo.rs` beside `foo/`, not `mod.rs`"));
        }
        let mut declared = Declared { path: &file.path, findings: &mut findings };
        declared.visit_file(syntax);
    }
    findings
}

struct Declared<'a> {
    path: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl<'ast> Visit<'ast> for Declared<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let name = module.ident.to_string();
        if EMPTY_NAMES.contains(&name.as_str()) {
            let line = module.ident.span().start().line;
            self.findings.push(Finding::new(self.path, line, empty_name(&name)));
        }
        visit::visit_item_mod(self, module);
    }
}

fn empty_name(name: &str) -> String {
    format!("`{name}` says nothing about what is in it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: usize) {
        let findings = super::check(&Tree::of(files));
        assert_eq!(findings.len(), expected, "{findings:?}");
    }

    #[test]
    fn a_package_is_named_after_its_folder() {
        check(&[("crates/kit/Cargo.toml", "[package]\nname = \"plimsoll-kit\"")], 0);
        check(&[("crates/cli/Cargo.toml", "[package]\nname = \"plimsoll\"")], 0);
        check(&[("crates/kit/Cargo.toml", "[package]\nname = \"kit\"")], 1);
        check(
            &[(
                "crates/kit/Cargo.toml",
                "[package]\nname = \"plimsoll-kit\"\n[lib]\nname = \"kit\"",
            )],
            1,
        );
    }

    #[test]
    fn a_module_is_named_after_what_it_holds() {
        check(&[("crates/a/src/lib.rs", "mod ring; mod rings { mod lane; }")], 0);
        check(&[("crates/a/src/lib.rs", "mod a { mod utils {} }")], 1);
        check(&[("crates/a/src/a/mod.rs", "")], 1);
    }
}
