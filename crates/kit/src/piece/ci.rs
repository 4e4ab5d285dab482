//! What runs for a change, and only where the change touches it.

use super::{Piece, Rendered, Source};

pub(super) fn render(source: &Source<'_>) -> Vec<Rendered> {
    let survey = source.survey;
    let has_parts = survey.python.is_some() || survey.has_rust_root();
    if !has_parts && source.facts.canonical.is_none() {
        return Vec::new();
    }
    let mut all = vec![source.whole(
        Piece::Ci,
        ".github/workflows/ci.yml",
        include_str!("../../templates/ci.yml"),
    )];
    if has_parts {
        all.push(source.whole(
            Piece::Ci,
            ".github/scripts/changed.sh",
            include_str!("../../templates/changed.sh"),
        ));
    }
    if survey.python.is_some() {
        all.push(source.whole(
            Piece::Ci,
            ".github/requirements/python.txt",
            include_str!("../../templates/requirements-python.txt"),
        ));
        all.push(source.whole(
            Piece::Codspeed,
            ".github/workflows/codspeed.yml",
            include_str!("../../templates/codspeed.yml"),
        ));
        all.push(source.once(
            Piece::Codspeed,
            "tests/benchmarks/README.md",
            include_str!("../../templates/benchmarks.md"),
        ));
        all.push(source.once(
            Piece::Codspeed,
            "tests/benchmarks/test_first.py",
            include_str!("../../templates/benchmark.py"),
        ));
    }
    if survey.has_rust_root() {
        all.push(source.once(Piece::Ci, "deny.toml", include_str!("../../templates/deny.toml")));
    }
    all
}
