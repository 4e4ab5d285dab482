//! Secrets, faults and holes.

use super::{Piece, Rendered, Source};

pub(super) fn render(source: &Source<'_>) -> Vec<Rendered> {
    let mut all = vec![source.whole(
        Piece::Gitleaks,
        ".gitleaks.toml",
        include_str!("../../templates/gitleaks.toml"),
    )];
    let has_python = source.survey.python.is_some();
    if has_python {
        all.push(source.whole(
            Piece::Bandit,
            "bandit.yaml",
            include_str!("../../templates/bandit.yaml"),
        ));
        all.push(source.once(
            Piece::Bandit,
            ".bandit-baseline.json",
            include_str!("../../templates/bandit-baseline.json"),
        ));
    }
    let jobs = [Piece::Gitleaks, Piece::Zizmor, Piece::Osv];
    // The piece that it is counted for is the first that is there.
    let first = jobs
        .into_iter()
        .find(|piece| source.has(*piece))
        .or_else(|| (has_python && source.has(Piece::Bandit)).then_some(Piece::Bandit));
    if let Some(piece) = first {
        all.push(source.whole(
            piece,
            ".github/workflows/security.yml",
            include_str!("../../templates/security.yml"),
        ));
        all.push(source.whole(
            piece,
            ".github/requirements/security.txt",
            include_str!("../../templates/requirements-security.txt"),
        ));
    }
    if let Some(languages) = languages(source) {
        let workflow = source.whole(
            Piece::Codeql,
            ".github/workflows/codeql.yml",
            include_str!("../../templates/codeql.yml"),
        );
        let text = workflow.text.replace("LANGUAGES", &languages);
        all.push(Rendered { text, ..workflow });
    }
    all
}

/// Languages of code scanning; workflows are one of them, and are always there.
fn languages(source: &Source<'_>) -> Option<String> {
    let survey = source.survey;
    let all = [
        ("actions", true),
        ("go", !survey.go.is_empty()),
        ("javascript-typescript", !survey.node.is_empty()),
        ("python", survey.python.is_some()),
        ("rust", !survey.rust.is_empty()),
    ];
    let names: Vec<&str> = all.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
