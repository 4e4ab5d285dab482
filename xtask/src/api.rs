//! `cargo xtask api`: the public interface of plimsoll-metrics as a sorted list, so that a change of it is read.

mod external;
mod signature;
mod walk;

use std::fs;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use crate::command;
use crate::steps::{Outcome, Verdict, say};
use crate::workspace::Workspace;

const PACKAGE: &str = "plimsoll-metrics";
const FILE: &str = "crates/metrics/API.md";
/// Types of others that a library shows on purpose.
const EXTERNAL: &str = "allowed-external-types.toml";
const LIMIT: Duration = Duration::from_secs(900);

/// The command.
pub(crate) fn run(workspace: &Workspace, is_check: bool) -> anyhow::Result<Verdict> {
    if !is_check {
        return Ok(told(write(workspace)?));
    }
    let (listed, external) = (told(check(workspace)?), told(check_external(workspace)?));
    Ok(if listed == Verdict::Fine { external } else { listed })
}

fn told(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Passed(figure) => {
            say(&format!("api: {figure}"));
            Verdict::Fine
        }
        Outcome::Failed(why) => {
            say(&format!("api: {why}"));
            Verdict::Finding
        }
        Outcome::Skipped(why) => {
            say(&format!("SKIPPED: api: {why}"));
            Verdict::CouldNotTell
        }
    }
}

/// Compares the file with the code, as a step of `ci`.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let wanted = listing(workspace)?;
    let found = fs::read_to_string(workspace.root.join(FILE)).unwrap_or_default();
    Ok(match first_difference(&found, &wanted) {
        None => Outcome::Passed(format!("{} public items", items(&wanted))),
        Some(line) => Outcome::Failed(format!(
            "{FILE} is not what the code says, first at `{line}`: run `cargo xtask api`"
        )),
    })
}

fn write(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let wanted = listing(workspace)?;
    fs::write(workspace.root.join(FILE), &wanted)
        .with_context(|| format!("cannot write `{FILE}`"))?;
    Ok(Outcome::Passed(format!("{} public items in {FILE}", items(&wanted))))
}

/// Compares each library's file of exceptions with the types of others that it shows, as a step of `ci`.
pub(crate) fn check_external(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let (mut count, mut found) = (0_usize, Vec::new());
    for package in workspace.packages()? {
        let dir = package.name.trim_start_matches("plimsoll-");
        let file = format!("crates/{dir}/{EXTERNAL}");
        let Ok(text) = fs::read_to_string(workspace.root.join(&file)) else { continue };
        let allowed = external::allowed(&text).with_context(|| format!("cannot read `{file}`"))?;
        let shown = walk::external_types(&rustdoc(workspace, &package.name)?)?;
        count += 1;
        let differences = external::differences(&shown, &allowed);
        found.extend(differences.iter().map(|difference| format!("{file}: {difference}")));
    }
    found.iter().for_each(|line| say(line));
    Ok(match found.len() {
        0 => Outcome::Passed(format!("{count} libraries")),
        many => Outcome::Failed(format!("{many} findings in {count} libraries")),
    })
}

/// The listing as Markdown.
fn listing(workspace: &Workspace) -> anyhow::Result<String> {
    let krate = rustdoc(workspace, PACKAGE)?;
    let lines = walk::public_items(&krate)?;
    let head = format!(
        "# Public interface of {PACKAGE}\n\nWith all features. Made by `cargo xtask api`, compared by \
         `cargo xtask api --check`: a line that goes away or changes here breaks somebody.\n\n```text\n"
    );
    Ok(format!("{head}{}\n```\n", lines.join("\n")))
}

/// rustdoc's JSON. That output is unstable, so the compiler is told to allow it.
fn rustdoc(workspace: &Workspace, package: &str) -> anyhow::Result<Value> {
    let target = workspace.scratch()?.join("api");
    let mut cargo =
        workspace.cargo(["rustdoc", "--quiet", "--lib", "--all-features", "-p", package]);
    // What is wrong with the docs is for the step `doc` to say.
    cargo.args(["--", "-Z", "unstable-options", "--output-format", "json", "--cap-lints", "warn"]);
    cargo.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", &target);
    command::stdout_of(&mut cargo, LIMIT)?;
    let file = target.join("doc").join(format!("{}.json", package.replace('-', "_")));
    let json =
        fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    serde_json::from_str(&json).context("rustdoc's output is not JSON")
}

fn items(listing: &str) -> usize {
    listing.lines().filter(|line| line.contains(&PACKAGE.replace('-', "_"))).count()
}

/// The first line that only one of two texts has.
fn first_difference(found: &str, wanted: &str) -> Option<String> {
    if found == wanted {
        return None;
    }
    let only_in = |a: &str, b: &str| {
        a.lines().find(|line| !b.lines().any(|other| other == *line)).map(str::to_owned)
    };
    Some(
        only_in(wanted, found)
            .or_else(|| only_in(found, wanted))
            .unwrap_or_else(|| "the order".into()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_named_by_its_line() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\n", "a\nb\n").as_deref(), Some("b"));
        assert_eq!(first_difference("a\nb\nc\n", "a\nc\n").as_deref(), Some("b"));
        assert_eq!(first_difference("b\na\n", "a\nb\n").as_deref(), Some("the order"));
    }
}
