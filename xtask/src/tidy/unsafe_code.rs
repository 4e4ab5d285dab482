//! `unsafe` is in the ring only, also where a lint does not look.

use proc_macro2::{TokenStream, TokenTree};

use super::Finding;
use super::tree::{Tree, is_below};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with(".rs")) {
        if is_below(&file.path, "crates/ring") {
            continue;
        }
        // A file that is no Rust at all is the compiler's to report.
        let Ok(tokens) = file.text.parse::<TokenStream>() else { continue };
        let mut lines = Vec::new();
        find(tokens, &mut lines);
        findings.extend(lines.into_iter().map(|line| {
            Finding::new(
                &file.path,
                line,
                "`unsafe` belongs into plimsoll-ring, with its invariants",
            )
        }));
    }
    findings
}

/// Lines of the keyword, macros' arguments and attributes included.
fn find(tokens: TokenStream, lines: &mut Vec<usize>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => find(group.stream(), lines),
            TokenTree::Ident(ident) if ident == "unsafe" => lines.push(ident.span().start().line),
            _ => {}
        }
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
    fn unsafe_is_in_the_ring_only() {
        check("crates/ring/src/map.rs", "fn f() { unsafe { g() } }", 0);
        check("crates/a/src/a.rs", "fn f() { unsafe { g() } }", 1);
        check("crates/a/tests/it/a.rs", "unsafe impl Send for A {}", 1);
        check("crates/a/src/a.rs", "macro_rules! m { () => { unsafe { g() } } }", 1);
        check("crates/a/src/a.rs", "#[unsafe(no_mangle)] fn f() {}", 1);
    }

    #[test]
    fn the_word_in_text_and_names_is_fine() {
        check(
            "crates/a/src/a.rs",
            "// unsafe\n#![forbid(unsafe_code)]\nconst A: &str = \"unsafe\";",
            0,
        );
    }
}
