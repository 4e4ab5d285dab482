//! Questions about Rust syntax that several rules ask.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, ItemFn, ItemMod};

/// Whether an item is compiled for tests only.
pub(super) fn is_for_tests(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| {
        let is_cfg = attr.path().is_ident("cfg");
        let condition = attr.meta.require_list().map(|list| list.tokens.to_string());
        let mentions_test =
            condition.is_ok_and(|text| text == "test" || text.starts_with("all (test"));
        attr.path().is_ident("test") || (is_cfg && mentions_test)
    })
}

/// First and last line of each module that is compiled for tests only.
pub(super) fn test_modules(file: &File) -> Vec<(usize, usize)> {
    let modules = file.items.iter().filter_map(|item| match item {
        Item::Mod(module) if is_for_tests(&module.attrs) => {
            Some((module.span().start().line, module.span().end().line))
        }
        _ => None,
    });
    modules.collect()
}

/// A visitor that leaves out what is compiled for tests only.
pub(super) struct OutsideTests<F>(pub(super) F);

/// What [`OutsideTests`] hands over.
pub(super) enum Node<'a> {
    Block(&'a syn::Block),
    Enum(&'a syn::ItemEnum),
}

impl<'ast, F: FnMut(Node<'ast>)> Visit<'ast> for OutsideTests<F> {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        (self.0)(Node::Block(block));
        visit::visit_block(self, block);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        (self.0)(Node::Enum(item));
        visit::visit_item_enum(self, item);
    }
}
