//! A test file that no module names is never compiled, so never run.

use syn::visit::{self, Visit};

use super::Finding;
use super::tree::{File, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let Some((package, inside)) = file.path.split_once("/tests/it/") else { continue };
        let Some(module) = inside.strip_suffix(".rs").filter(|module| *module != "main") else {
            continue;
        };
        let (parent, name) = match module.rsplit_once('/') {
            Some((parent, name)) => (format!("{package}/tests/it/{parent}.rs"), name),
            None => (format!("{package}/tests/it/main.rs"), module),
        };
        let declares =
            tree.files.iter().find(|f| f.path == parent).is_some_and(|f| declares(f, name));
        if !declares {
            let message = format!("`{parent}` has no `mod {name};`, so this file is never run");
            findings.push(Finding::new(&file.path, 0, message));
        }
    }
    findings
}

fn declares(parent: &File, name: &str) -> bool {
    let mut modules = Modules(Vec::new());
    if let Some(syntax) = &parent.syntax {
        modules.visit_file(syntax);
    }
    modules.0.iter().any(|module| module == name)
}

struct Modules(Vec<String>);

impl<'ast> Visit<'ast> for Modules {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.0.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
    }
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
    fn every_test_file_is_a_module() {
        let main = ("crates/a/tests/it/main.rs", "mod close;\n// mod open;\n");
        check(&[main, ("crates/a/tests/it/close.rs", "")], 0);
        check(&[main, ("crates/a/tests/it/open.rs", "")], 1);
        check(
            &[
                main,
                ("crates/a/tests/it/close.rs", "mod late;"),
                ("crates/a/tests/it/close/late.rs", ""),
            ],
            0,
        );
        check(
            &[main, ("crates/a/tests/it/close.rs", ""), ("crates/a/tests/it/close/late.rs", "")],
            1,
        );
    }
}
