//! `cargo xtask ci`: every check that needs no server.

mod deny;
mod features;
mod package;

use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use crate::steps::{Outcome, Steps, Verdict, required_names};
use crate::workspace::Workspace;
use crate::{Depth, api, command, tidy};

/// Longest that one step may take; a cold build on two shared cores took a tenth of it.
const STEP_LIMIT: Duration = Duration::from_secs(30 * 60);

/// What this repository asks of itself by its own command, and the name of each step.
const OWN: &[(&str, &[&str])] = &[
    ("drift", &["drift"]),
    ("kit", &["kit", "check"]),
    ("adr", &["adr", "check"]),
    ("verify", &["verify", "--offline"]),
];

pub(crate) fn run(workspace: &Workspace, depth: Depth, no_tests: bool) -> anyhow::Result<Verdict> {
    let required = workspace.root.join("xtask/required.txt");
    let required = std::fs::read_to_string(&required)
        .with_context(|| format!("cannot read `{}`", required.display()))?;
    let mut steps = Steps::default();
    steps.run("fmt", || cargo(workspace, &["fmt", "--all", "--", "--check"]));
    steps.run("tidy", || tidy::step(workspace));
    steps.run("clippy", || {
        let flags =
            ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
        cargo(workspace, &flags)
    });
    if !no_tests {
        steps.run("test", || {
            let mut test = workspace.cargo(["test", "--workspace"]);
            passed(test.env("PLIMSOLL_SLOW_TESTS", "1"))
        });
    }
    if depth == Depth::Full {
        for (step, args) in OWN {
            let all = ["run", "-q", "-p", "plimsoll", "--"].iter().chain(*args);
            steps.run(step, || cargo(workspace, &all.copied().collect::<Vec<_>>()));
        }
        steps.run("doc", || {
            let mut doc = workspace.cargo(["doc", "--workspace", "--no-deps", "--all-features"]);
            passed(doc.env("RUSTDOCFLAGS", "-D warnings"))
        });
        steps.run("features", || features::step(workspace));
        steps.run("package", || package::step(workspace));
        steps.run("deny", || deny::step(workspace));
        steps.run("api", || api::check(workspace));
        steps.run("external-types", || api::check_external(workspace));
    }
    Ok(steps.finish(&required_names(&required)))
}

fn cargo(workspace: &Workspace, args: &[&str]) -> anyhow::Result<Outcome> {
    passed(&mut workspace.cargo(args.iter().copied()))
}

/// Runs a command to its end: passed if it ends with zero.
fn passed(command: &mut Command) -> anyhow::Result<Outcome> {
    let status = command::run(command, STEP_LIMIT)?;
    Ok(if status.success() {
        Outcome::Passed(String::new())
    } else {
        Outcome::Failed(status.to_string())
    })
}
