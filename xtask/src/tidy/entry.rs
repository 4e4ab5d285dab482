//! `lib.rs` only says what there is; the README is its documentation.

use syn::spanned::Spanned;
use syn::{Expr, Item, Meta};

use super::Finding;
use super::syntax::is_for_tests;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in tree.members() {
        let path = format!("{}/src/lib.rs", member.dir);
        let found = tree.rust().find(|(file, _)| file.path == path);
        if let Some((_, syntax)) = found {
            let logic = syntax.items.iter().filter(|item| is_logic(item));
            findings.extend(logic.map(|item| {
                let message =
                    "lib.rs holds modules and re-exports only; move this to a file of its own";
                Finding::new(&path, item.span().start().line, message)
            }));
            if member.is_crate() && !syntax.attrs.iter().any(|attr| includes_readme(&attr.meta)) {
                let message =
                    "the crate's docs should be `#![doc = include_str!(\"../README.md\")]`";
                findings.push(Finding::new(&path, 1, message));
            }
        }
        if member.is_crate() {
            findings.extend(relative_links(tree, &format!("{}/README.md", member.dir)));
        }
    }
    findings
}

fn is_logic(item: &Item) -> bool {
    match item {
        Item::Mod(module) => {
            let inside = module.content.as_ref().map(|(_, items)| items.iter().any(is_logic));
            inside.unwrap_or(false) && !is_for_tests(&module.attrs)
        }
        // Macros reach other modules by textual order, so they may have to be here.
        Item::Use(_) | Item::ExternCrate(_) | Item::Macro(_) => false,
        _ => true,
    }
}

fn includes_readme(meta: &Meta) -> bool {
    let Meta::NameValue(pair) = meta else { return false };
    let Expr::Macro(call) = &pair.value else { return false };
    pair.path.is_ident("doc")
        && call.mac.path.is_ident("include_str")
        && call.mac.tokens.to_string().contains("../README.md")
}

/// A README is also shown by registries, where a relative link leads nowhere.
fn relative_links(tree: &Tree, path: &str) -> Vec<Finding> {
    let text = tree.text(path).unwrap_or_default();
    let mut findings = Vec::new();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        let links = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
        let relative = links.filter(|to| {
            !["https://", "http://", "#", "mailto:"].iter().any(|s| to.starts_with(s))
        });
        if !in_code {
            findings.extend(relative.map(|to| {
                Finding::new(path, index + 1, format!("link to `{to}` should be absolute"))
            }));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: (&str, &str) = ("crates/a/Cargo.toml", "[package]\nname = \"plimsoll-a\"");
    const DOCS: &str = "#![doc = include_str!(\"../README.md\")]\n";

    #[track_caller]
    fn check(lib: &str, readme: &str, expected: usize) {
        let files = [MANIFEST, ("crates/a/src/lib.rs", lib), ("crates/a/README.md", readme)];
        let findings = super::check(&Tree::of(&files));
        assert_eq!(findings.len(), expected, "{findings:?}");
    }

    #[test]
    fn lib_rs_holds_modules_and_reexports_only() {
        check(
            &format!(
                "{DOCS}mod a;\n#[cfg(feature = \"x\")]\npub use a::B;\nmacro_rules! m {{ () => {{}} }}"
            ),
            "",
            0,
        );
        check(&format!("{DOCS}#[cfg(test)] mod tests {{ fn f() {{}} }}"), "", 0);
        check(&format!("{DOCS}pub fn f() {{}}\nconst A: u8 = 0;"), "", 2);
        check(&format!("{DOCS}pub mod a {{ pub struct B; }}"), "", 1);
    }

    #[test]
    fn the_readme_is_the_docs_and_its_links_are_absolute() {
        check("//! Docs.", "", 1);
        check(DOCS, "[a](https://docs.rs/a) [b](#limits)\n```\nx[0](y)\n```", 0);
        check(DOCS, "[a](docs/a.md) and [b](crate::B)", 2);
    }
}
