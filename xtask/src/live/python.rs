//! The Python package: the wheel builds, its tests pass on two versions of Python, and an emit is timed.

pub(super) mod nautilus;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::Live;
use crate::steps::Outcome;
use crate::{Depth, command, machine};

const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Oldest first: the wheel is for all of them.
const PYTHONS: [&str; 5] = ["python3.10", "python3.11", "python3.12", "python3.13", "python3.14"];

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let pythons = pythons();
    if pythons.is_empty() {
        return Ok(Outcome::Skipped("no Python of 3.10 or newer".to_owned()));
    }
    let scratch = live.workspace.scratch()?.join("python");
    // What an earlier run left would be installed in the place of what is built now.
    if scratch.exists() {
        std::fs::remove_dir_all(&scratch).context("cannot remove what an earlier run left")?;
    }
    let (_, oldest) = pythons.first().context("no Python")?;
    let wheel = match build(live, &scratch, oldest) {
        Ok(wheel) => wheel,
        Err(error) => return Ok(Outcome::Skipped(format!("no maturin: {error:#}"))),
    }?;
    let size_kb = std::fs::metadata(&wheel)?.len() / 1_000;
    let mut figures = vec![format!("a wheel of {size_kb} kB")];
    for (version, program) in &pythons {
        let python = scratch.join(version).join("bin/python");
        let mut packages = vec![wheel.display().to_string(), "pytest".to_owned()];
        // Stubs are the same for all versions, and so is what an event loop of another make does.
        if pythons.last().is_some_and(|(newest, _)| newest == version) {
            packages.extend(["mypy", "uvloop"].map(str::to_owned));
        }
        venv(program, &scratch.join(version), &packages)?;
        figures.push(format!("{version}: {}", test(live, &python)?));
    }
    // What is built in seconds is not what is timed.
    if let (Depth::Full, Some((version, _))) = (live.depth, pythons.last()) {
        figures.push(time(live, &scratch.join(version).join("bin/python"))?);
    }
    Ok(Outcome::Passed(figures.join("; ")))
}

/// Two versions that run, the oldest and the newest.
pub(super) fn pythons() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let candidates =
        PYTHONS.iter().map(|name| (*name, machine::program(name))).chain(pyenv_pythons());
    for (name, program) in candidates {
        let Some(program) = program else { continue };
        // A shim may stand for a version that is not chosen.
        let mut ask = Command::new(&program);
        ask.args(["-c", "import sys, venv; print('python3.%d' % sys.version_info[1])"]);
        let Ok(version) = command::stdout_of(&mut ask, LIMIT) else { continue };
        let is_new = found.iter().all(|(known, _): &(String, PathBuf)| known != version.trim());
        if version.trim() == name && is_new {
            found.push((name.to_owned(), program));
        }
    }
    found.sort_by_key(|(name, _)| PYTHONS.iter().position(|known| known == name));
    let newest = if found.len() > 1 { found.pop() } else { None };
    found.into_iter().take(1).chain(newest).collect()
}

/// Versions that pyenv has, chosen or not.
fn pyenv_pythons() -> impl Iterator<Item = (&'static str, Option<PathBuf>)> {
    let root = machine::env("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(machine::env("HOME")?).join(".pyenv")));
    let versions = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    let dirs: Vec<PathBuf> =
        versions.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    PYTHONS.into_iter().flat_map(move |name| {
        let programs: Vec<PathBuf> = dirs.iter().map(|dir| dir.join("bin").join(name)).collect();
        programs.into_iter().filter(|program| program.is_file()).map(move |p| (name, Some(p)))
    })
}

pub(super) fn venv(program: &Path, dir: &Path, packages: &[String]) -> anyhow::Result<()> {
    command::stdout_of(Command::new(program).args(["-m", "venv"]).arg(dir), LIMIT)?;
    let mut pip = Command::new(dir.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
    command::stdout_of(&mut pip, LIMIT)?;
    Ok(())
}

/// The wheel. The outer error is a machine that has no maturin, the inner one a wheel that does not build.
fn build(
    live: &Live<'_>,
    scratch: &Path,
    program: &Path,
) -> anyhow::Result<anyhow::Result<PathBuf>> {
    venv(program, &scratch.join("build"), &["maturin>=1.7,<2".to_owned()])?;
    let wheels = scratch.join("wheels");
    let mut maturin = Command::new(scratch.join("build/bin/maturin"));
    maturin.args(["build", "--locked", "--quiet", "--out"]).arg(&wheels);
    if live.depth == Depth::Full {
        maturin.arg("--release");
    }
    maturin.current_dir(live.workspace.root.join("crates/python"));
    // Beside the workspace's own, so that only what changed is built again.
    maturin.env("CARGO_TARGET_DIR", live.workspace.scratch()?.join("python-target"));
    Ok(command::stdout_of(&mut maturin, LIMIT).and_then(|_| {
        let mut built = std::fs::read_dir(&wheels)?;
        Ok(built.next().context("maturin made no wheel")??.path())
    }))
}

fn test(live: &Live<'_>, python: &Path) -> anyhow::Result<String> {
    let mut pytest = Command::new(python);
    pytest.args(["-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "tests"]);
    pytest.current_dir(live.workspace.root.join("crates/python"));
    pytest.env("PLIMSOLL_KILLS", live.count(5, 200).to_string());
    pytest.env("PLIMSOLL_OUTAGE_ROWS", live.count(20_000, 1_000_000).to_string());
    let output = command::capture(&mut pytest, LIMIT)?;
    ensure!(output.status.success(), "{}{}", output.stdout, output.stderr);
    let line = |word: &str| output.stdout.lines().find(|line| line.contains(word));
    let passed = line(" passed").context("pytest counts no tests")?;
    let kills = line(" kills, ").context("no count of kills")?;
    let outage = line(" kills of the store").context("no count of what an outage lost")?;
    let passed = passed.split(" in ").next().unwrap_or(passed);
    let told = |line: &str| line.trim_start_matches('.').to_owned();
    Ok(format!("{passed}, {}, {}", told(kills), told(outage)))
}

/// The mean of an emit, and how many of it others take.
fn time(live: &Live<'_>, python: &Path) -> anyhow::Result<String> {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "questdb"]);
    command::stdout_of(&mut pip, LIMIT)?;
    let mut bench = Command::new(python);
    bench.arg(live.workspace.root.join("crates/python/bench.py"));
    let output = command::stdout_of(&mut bench, LIMIT)?;
    let is_wanted = |line: &&str| line.starts_with("emit_pnl") || line.contains(" / emit_pnl");
    let lines: Vec<&str> = output.lines().filter(is_wanted).collect();
    ensure!(!lines.is_empty(), "no timing of an emit: {output}");
    Ok(lines.join("; "))
}
