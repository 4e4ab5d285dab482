//! A result that is thrown away needs a sentence about why that is right.

use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Expr, Pat, Stmt};

use super::Finding;
use super::syntax::{Node, OutsideTests};
use super::tree::{Tree, is_test_code};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, syntax) in tree.rust().filter(|(file, _)| !is_test_code(&file.path)) {
        let lines: Vec<&str> = file.text.lines().collect();
        let mut visitor = OutsideTests(|node: Node<'_>| {
            let Node::Block(block) = node else { return };
            for line in block.stmts.iter().filter(|s| throws_away(s)).map(|s| s.span().start().line)
            {
                let above = line.checked_sub(2).and_then(|index| lines.get(index));
                if !above.is_some_and(|above| above.trim_start().starts_with("//")) {
                    let message = "a result is thrown away: handle it, or say why in a comment on the line above";
                    findings.push(Finding::new(&file.path, line, message));
                }
            }
        });
        visitor.visit_file(syntax);
    }
    findings
}

/// `let _ = f();` and `f().ok();`.
fn throws_away(statement: &Stmt) -> bool {
    match statement {
        Stmt::Local(local) => local.init.is_some() && matches!(local.pat, Pat::Wild(_)),
        Stmt::Expr(Expr::MethodCall(call), Some(_)) => call.method == "ok" && call.args.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, expected: usize) {
        let findings = super::check(&Tree::of(&[(path, text)]));
        assert_eq!(findings.len(), expected, "{text}: {findings:?}");
    }

    #[test]
    fn a_thrown_away_result_needs_a_reason() {
        let path = "crates/a/src/a.rs";
        check(path, "fn f() {\n    let _ = g();\n}", 1);
        check(path, "fn f() {\n    g().ok();\n}", 1);
        check(path, "fn f() {\n    if x {\n        let _ = g();\n    }\n}", 1);
        check(
            path,
            "fn f() {\n    // The reader is gone, so nobody waits for it.\n    let _ = g();\n}",
            0,
        );
        check(path, "fn f() {\n    let (_, b) = g();\n    let c = g().ok();\n}", 0);
    }

    #[test]
    fn tests_may_throw_results_away() {
        check("crates/a/tests/it/a.rs", "fn f() { let _ = g(); }", 0);
        check("crates/a/src/a.rs", "#[cfg(test)]\nmod tests { fn f() { let _ = g(); } }", 0);
    }
}
