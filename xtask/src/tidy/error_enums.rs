//! A new way to fail must not break those who match on the old ones.

use syn::visit::Visit;
use syn::{Attribute, ItemEnum, Visibility};

use super::Finding;
use super::syntax::{Node, OutsideTests};
use super::tree::{Tree, inside_package};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, syntax) in tree.rust() {
        if !file.path.starts_with("crates/") || !inside_package(&file.path).starts_with("src/") {
            continue;
        }
        let mut visitor = OutsideTests(|node: Node<'_>| {
            let Node::Enum(item) = node else { return };
            let is_open = item.attrs.iter().any(|attr| attr.path().is_ident("non_exhaustive"));
            if is_error(item) && !is_open && matches!(item.vis, Visibility::Public(_)) {
                let line = item.ident.span().start().line;
                let message = format!("`{}` should be #[non_exhaustive]", item.ident);
                findings.push(Finding::new(&file.path, line, message));
            }
        });
        visitor.visit_file(syntax);
    }
    findings
}

fn is_error(item: &ItemEnum) -> bool {
    item.ident.to_string().ends_with("Error") || item.attrs.iter().any(derives_error)
}

fn derives_error(attr: &Attribute) -> bool {
    let list = attr.meta.require_list().map(|list| list.tokens.to_string());
    let names_error = |list: String| list.split(',').any(|name| name.trim().ends_with("Error"));
    attr.path().is_ident("derive") && list.is_ok_and(names_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: usize) {
        let findings = super::check(&Tree::of(&[("crates/a/src/a.rs", text)]));
        assert_eq!(findings.len(), expected, "{text}: {findings:?}");
    }

    #[test]
    fn a_public_error_enum_is_non_exhaustive() {
        check("#[derive(Debug, thiserror::Error)]\n#[non_exhaustive]\npub enum OpenError {}", 0);
        check("#[derive(Debug, thiserror::Error)]\npub enum Refused {}", 1);
        check("pub enum OpenError {}", 1);
        check("pub(crate) enum OpenError {} pub enum Side { Buy, Sell }", 0);
        check("#[cfg(test)] mod tests { pub enum AnError {} }", 0);
    }
}
