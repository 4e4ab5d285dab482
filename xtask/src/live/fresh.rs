//! A newcomer's first minute: a fresh clone, an empty home, nothing downloaded yet.

use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use super::Live;
use crate::steps::Outcome;
use crate::{Depth, command, machine};

const GIT_LIMIT: Duration = Duration::from_secs(120);
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
    let mut build = Command::new(bin.join("cargo"));
    build
        .args(["build", "--release", "--locked"])
        .current_dir(&clone)
        .env("HOME", &home)
        .env("PATH", path);
    for name in
        ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_INCREMENTAL", "RUSTFLAGS", "RUSTC_WRAPPER"]
    {
        build.env_remove(name);
    }
    let start = machine::now();
    let status = command::run(&mut build, BUILD_LIMIT)?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(if status.success() {
        Outcome::Passed(format!(
            "clone to `plimsoll` in release: {seconds:.0} s, downloads included"
        ))
    } else {
        Outcome::Failed(format!("`cargo build --release` in a fresh clone: {status}"))
    })
}
