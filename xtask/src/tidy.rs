//! `cargo xtask tidy`: one file per convention, each with a test that breaks it.

mod adr;
mod api_file;
mod depends;
mod entry;
mod error_enums;
mod figures;
mod ignored_results;
mod names;
mod package_files;
mod sizes;
mod syntax;
mod test_files;
mod tree;
mod unsafe_code;
mod versions;
mod words;

use crate::steps::{Outcome, Verdict, say};
use crate::workspace::Workspace;
use tree::Tree;

/// A place that breaks a convention.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// Counted from one; zero when the whole file is meant.
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, message: message.into() }
    }
}

type Rule = (&'static str, fn(&Tree) -> Vec<Finding>);

const RULES: &[Rule] = &[
    ("names", names::check),
    ("depends", depends::check),
    ("sizes", sizes::check),
    ("entry", entry::check),
    ("ignored-results", ignored_results::check),
    ("words", words::check),
    ("package-files", package_files::check),
    ("unsafe-code", unsafe_code::check),
    ("versions", versions::check),
    ("error-enums", error_enums::check),
    ("adr", adr::check),
    ("test-files", test_files::check),
    ("figures", figures::check),
    ("api-file", api_file::check),
];

/// The command.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<Verdict> {
    match step(workspace)? {
        Outcome::Passed(figure) => {
            say(&format!("tidy: {figure}"));
            Ok(Verdict::Fine)
        }
        Outcome::Failed(why) | Outcome::Skipped(why) => {
            say(&format!("tidy: {why}"));
            Ok(Verdict::Finding)
        }
    }
}

/// The same as a step of `ci`.
pub(crate) fn step(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let tree = Tree::load(&workspace.root)?;
    let mut count = 0_usize;
    for (rule, check) in RULES {
        let mut findings = check(&tree);
        findings.sort();
        count += findings.len();
        for Finding { path, line, message } in findings {
            let at = if line == 0 { path } else { format!("{path}:{line}") };
            say(&format!("{at}: {message} [{rule}]"));
        }
    }
    let files = tree.files.len();
    Ok(if count == 0 {
        Outcome::Passed(format!("{} rules, {files} files", RULES.len()))
    } else {
        Outcome::Failed(format!("{count} findings in {files} files"))
    })
}
