//! The same checks before a commit.

use super::{Entry, How, Piece, Rendered, Source};

const HEAD: &str = "\
# Kept in step by `plimsoll kit update`; what you change here stays.
";

pub(super) fn render(source: &Source<'_>) -> Vec<Rendered> {
    let text = source.filling.fill(include_str!("../../templates/pre-commit-hooks.yaml"));
    let entries = vec![Entry { sign: "id: plimsoll-".to_owned(), text }];
    let how = How::Entries { key: "repos", name: "pre-commit", head: HEAD.to_owned(), entries };
    let path = ".pre-commit-config.yaml".to_owned();
    vec![
        Rendered { piece: Piece::PreCommit, path, text: String::new(), how },
        source.once(
            Piece::PreCommit,
            ".yamllint.yaml",
            include_str!("../../templates/yamllint.yaml"),
        ),
    ]
}
