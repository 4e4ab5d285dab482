//! Files, functions and parameter lists stay small enough to read in one go.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, FnArg, Signature};

use super::Finding;
use super::syntax::test_modules;
use super::tree::Tree;

/// Lines of a file without its docs and its `#[cfg(test)]` modules.
const FILE_LINES_MAX: usize = 500;
/// Lines of a function from `fn` to its last brace.
const FUNCTION_LINES_MAX: usize = 60;
/// The same in a folder of tests, where the cases of a table stand in the function.
const TEST_LINES_MAX: usize = 120;
/// Parameters besides `self`.
const PARAMETERS_MAX: usize = 5;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, syntax) in tree.rust() {
        let lines = code_lines(&file.text, &test_modules(syntax));
        if lines > FILE_LINES_MAX {
            let message =
                format!("{lines} lines without docs and tests, more than {FILE_LINES_MAX}");
            findings.push(Finding::new(&file.path, 0, message));
        }
        let mut functions = Functions { path: &file.path, findings: &mut findings };
        functions.visit_file(syntax);
    }
    findings
}

fn code_lines(text: &str, tests: &[(usize, usize)]) -> usize {
    let lines = text.lines().enumerate().filter(|(index, line)| {
        let line = line.trim_start();
        let is_doc = line.starts_with("///") || line.starts_with("//!");
        let number = index + 1;
        !is_doc && !tests.iter().any(|(first, last)| (*first..=*last).contains(&number))
    });
    lines.count()
}

struct Functions<'a> {
    path: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl Functions<'_> {
    fn signature(&mut self, signature: &Signature) {
        let count = signature.inputs.iter().filter(|arg| matches!(arg, FnArg::Typed(_))).count();
        if count > PARAMETERS_MAX {
            let message =
                format!("`{}` has {count} parameters, more than {PARAMETERS_MAX}", signature.ident);
            self.findings.push(Finding::new(self.path, signature.span().start().line, message));
        }
    }

    fn body(&mut self, signature: &Signature, body: &Block) {
        self.signature(signature);
        let first = signature.span().start().line;
        let lines = body.span().end().line.saturating_sub(first) + 1;
        let is_test = self.path.contains("/tests/");
        let max = if is_test { TEST_LINES_MAX } else { FUNCTION_LINES_MAX };
        if lines > max {
            let message = format!("`{}` has {lines} lines, more than {max}", signature.ident);
            self.findings.push(Finding::new(self.path, first, message));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.body(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.body(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        match &item.default {
            Some(body) => self.body(&item.sig, body),
            None => self.signature(&item.sig),
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, expected: usize) {
        check_at("crates/a/src/lib.rs", name, text, expected);
    }

    #[track_caller]
    fn check_at(path: &str, name: &str, text: &str, expected: usize) {
        let findings = super::check(&Tree::of(&[(path, text)]));
        assert_eq!(findings.len(), expected, "{name}: {findings:?}");
    }

    #[test]
    fn a_file_is_measured_without_docs_and_tests() {
        check("at the limit", &"const A: u8 = 0;\n".repeat(500), 0);
        check("over the limit", &"const A: u8 = 0;\n".repeat(501), 1);
        let documented = "/// Doc.\n".repeat(600) + "const A: u8 = 0;\n";
        check("docs", &documented, 0);
        let tested =
            format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "const A: u8 = 0;\n".repeat(600));
        check("tests", &tested, 0);
    }

    #[test]
    fn a_function_is_measured_to_its_last_brace() {
        let of = |lines: usize| format!("/// Doc.\nfn f() {{\n{}}}\n", "a();\n".repeat(lines - 2));
        check("at the limit", &of(60), 0);
        check("over the limit", &of(61), 1);
        check_at("crates/a/tests/it/a.rs", "a table of cases", &of(120), 0);
        check_at("crates/a/tests/it/a.rs", "over the limit of tests", &of(121), 1);
        let braces = format!("fn f() {{ let s = \"}}\"; // }}\n{}}}\n", "a();\n".repeat(70));
        check("braces in text", &braces, 1);
    }

    #[test]
    fn parameters_are_counted_without_self() {
        check("five", "trait T { fn f(&self, a: u8, b: u8, c: u8, d: u8, e: u8); }", 0);
        check("six", "fn f(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) {}", 1);
    }
}
