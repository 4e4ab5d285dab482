//! A newcomer's first minute: a fresh clone, an empty home, nothing downloaded yet.

use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use super::Live;
use crate::steps::Outcome;
use crate::{Depth, command, machine};

const GIT_LIMIT: Duration = Duration::from_secs(120);
/// What somebody may have set who is no newcomer.
const UNSET: [&str; 7] = [
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "CARGO_INCREMENTAL",
    "RUSTFLAGS",
    "RUSTC_WRAPPER",
    "PLIMSOLL_SLOW_TESTS",
    "PLIMSOLL_FIXTURES",
];
const BUILD_LIMIT: Duration = Duration::from_secs(25 * 60);

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    if live.depth == Depth::Quick {
        return Ok(Outcome::Skipped("full only".into()));
    }
    let root = &live.workspace.root;
    let mut head = Command::new("git");
    head.args(["rev-parse", "--verify", "--quiet", "HEAD"]).current_dir(root);
    if !command::capture(&mut head, GIT_LIMIT)?.status.success() {
        return Ok(Outcome::Skipped("the checkout has no commit".into()));
    }
    let dir = tempfile::tempdir().context("no temporary directory")?;
    let (home, clone) = (dir.path().join("home"), dir.path().join("clone"));
    std::fs::create_dir(&home).context("cannot create the empty home")?;
    let mut git = Command::new("git");
    git.args(["clone", "--quiet"]).arg(root).arg(&clone);
    command::stdout_of(&mut git, GIT_LIMIT)?;

    // The toolchain's own cargo, not the launcher in somebody's home.
    let mut rustc = Command::new("rustc");
    let sysroot =
        command::stdout_of(rustc.args(["--print", "sysroot"]).current_dir(root), GIT_LIMIT)?;
    let bin = std::path::Path::new(sysroot.trim()).join("bin");
    let mut path = bin.clone().into_os_string();
    if let Some(rest) = machine::env("PATH") {
        path.push(":");
        path.push(rest);
    }
    let cargo = |args: &[&str]| -> anyhow::Result<Result<f64, String>> {
        let mut cargo = Command::new(bin.join("cargo"));
        cargo.args(args).current_dir(&clone).env("HOME", &home).env("PATH", &path);
        for name in UNSET {
            cargo.env_remove(name);
        }
        let start = machine::now();
        let status = command::run(&mut cargo, BUILD_LIMIT)?;
        let seconds = start.elapsed().as_secs_f64();
        Ok(if status.success() {
            Ok(seconds)
        } else {
            Err(format!("`cargo {}` in a fresh clone: {status}", args.join(" ")))
        })
    };
    let mut figures = Vec::new();
    for (what, args) in [
        ("build of the demo, downloads included", &["build", "--release", "--locked"][..]),
        ("`cargo run --release -- demo`", &["run", "--release", "--locked", "--", "demo"]),
        ("`cargo test --workspace`", &["test", "--workspace", "--locked"]),
    ] {
        match cargo(args)? {
            Ok(seconds) => figures.push(format!("{what}: {seconds:.0} s")),
            Err(why) => return Ok(Outcome::Failed(why)),
        }
    }
    Ok(Outcome::Passed(figures.join("; ")))
}
