//! The actor for NautilusTrader: a backtest beside the engine's own reports, and a node started again on its cache.

mod examples;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::{LIMIT, build, pythons, venv};
use crate::live::Live;
use crate::live::questdb_server::install;
use crate::steps::Outcome;
use crate::{Depth, command, machine};

/// What is installed; NautilusTrader itself needs Python 3.12 or newer.
const PACKAGES: [&str; 2] = ["nautilus_trader>=1.231,<1.232", "pytest"];
const PYTHONS: [&str; 3] = ["python3.12", "python3.13", "python3.14"];

/// Days of recorded prices that are traded; all there are.
const DAYS: u64 = 5_031;

pub(in crate::live) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let root = live.workspace.scratch()?.join("nautilus");
    let python = root.join("bin/python");
    if !has_nautilus(&python) {
        // 900 MB are not installed by the way.
        if live.depth == Depth::Quick {
            let why = "NautilusTrader is 900 MB: `--full` installs it, once";
            return Ok(Outcome::Skipped(why.to_owned()));
        }
        let Some((_, program)) = pythons().into_iter().find(is_new_enough) else {
            return Ok(Outcome::Skipped("no Python of 3.12 or newer".to_owned()));
        };
        if let Err(error) = venv(&program, &root, &PACKAGES.map(str::to_owned)) {
            return Ok(Outcome::Skipped(format!("NautilusTrader cannot be installed: {error:#}")));
        }
    }
    if machine::program("redis-server").is_none()
        && let Err(error) = install(&["redis-server"])
    {
        return Ok(Outcome::Skipped(format!("no redis-server: {error:#}")));
    }
    let scratch = root.join("built");
    if scratch.exists() {
        std::fs::remove_dir_all(&scratch).context("cannot remove what an earlier run left")?;
    }
    let wheel = match build(live, &scratch, &python) {
        Ok(wheel) => wheel,
        Err(error) => return Ok(Outcome::Skipped(format!("no maturin: {error:#}"))),
    }?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.args(["--no-deps", "--force-reinstall"]).arg(wheel);
    command::stdout_of(&mut pip, LIMIT)?;
    let figures = test(live, &python)?;
    let examples = examples::run(live, &python)?;
    Ok(Outcome::Passed(format!("{figures}; {examples}")))
}

fn is_new_enough((version, _): &(String, PathBuf)) -> bool {
    PYTHONS.contains(&version.as_str())
}

fn has_nautilus(python: &Path) -> bool {
    let mut ask = Command::new(python);
    ask.args(["-c", "import nautilus_trader, pytest"]);
    python.is_file() && command::stdout_of(&mut ask, LIMIT).is_ok()
}

fn test(live: &Live<'_>, python: &Path) -> anyhow::Result<String> {
    let mut pytest = Command::new(python);
    pytest.args(["-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-W", "ignore"]);
    pytest.arg("tests/test_nautilus.py");
    pytest.current_dir(live.workspace.root.join("crates/python"));
    pytest.env("PLIMSOLL_NAUTILUS_DAYS", live.count(600, DAYS).to_string());
    let output = command::capture(&mut pytest, LIMIT)?;
    ensure!(output.status.success(), "{}{}", output.stdout, output.stderr);
    ensure!(!output.stdout.contains("skipped"), "a part was skipped: {}", output.stdout);
    let figures: Vec<&str> = ["to the cent", "restarts, "]
        .into_iter()
        .filter_map(|word| output.stdout.lines().find(|line| line.contains(word)))
        .map(|line| line.trim_start_matches('.'))
        .collect();
    ensure!(figures.len() == 2, "a figure is missing: {}", output.stdout);
    Ok(figures.join("; "))
}
