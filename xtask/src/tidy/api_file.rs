//! The public interface of plimsoll-metrics is a reviewed file. Whether it is true is `cargo xtask api --check`.

use super::Finding;
use super::tree::Tree;

pub(crate) const PATH: &str = "crates/metrics/API.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let is_here = tree.members().iter().any(|member| member.dir == "crates/metrics");
    let lists_items = tree.text(PATH).is_some_and(|text| text.contains("plimsoll_metrics"));
    if is_here && !lists_items {
        return vec![Finding::new(
            PATH,
            0,
            "no list of the public interface: run `cargo xtask api`",
        )];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interface_of_metrics_is_listed() {
        let manifest = ("crates/metrics/Cargo.toml", "[package]");
        assert_eq!(super::check(&Tree::of(&[manifest])).len(), 1);
        assert_eq!(super::check(&Tree::of(&[manifest, (PATH, "# API\n")])).len(), 1);
        assert_eq!(
            super::check(&Tree::of(&[manifest, (PATH, "struct plimsoll_metrics::Metrics")])).len(),
            0
        );
        assert_eq!(super::check(&Tree::of(&[])).len(), 0);
    }
}
