//! Diffs made from the body of a hunk.

use plimsoll_review::{Diff, Finding, lint};

/// A diff of one hunk: the body with its marks, numbered from line 1.
pub(crate) fn diff_of(path: &str, body: &str) -> String {
    let count = |marks: [char; 2]| body.lines().filter(|line| line.starts_with(marks)).count();
    let (old, new) = (count([' ', '-']), count([' ', '+']));
    let from = if old == 0 { "/dev/null".to_owned() } else { format!("a/{path}") };
    format!("--- {from}\n+++ b/{path}\n@@ -1,{old} +1,{new} @@\n{body}")
}

/// What the lints say of a hunk's body.
pub(crate) fn linted(path: &str, body: &str) -> Vec<Finding> {
    lint(&Diff::parse(&diff_of(path, body)).unwrap(), &[])
}
