//! Gets programs from where each is published: Debian, PyPI, npm.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::{command, machine};

const LIMIT: Duration = Duration::from_secs(600);

/// Where a program of a Debian package lies; the package is installed if need be.
pub(super) fn debian(package: &str, program: &str) -> anyhow::Result<PathBuf> {
    if let Some(path) = machine::program(program) {
        return Ok(path);
    }
    ensure!(machine::program("apt-get").is_some(), "no `{program}`, and there is no apt-get");
    command::stdout_of(Command::new("apt-get").args(["-q", "update"]), LIMIT)?;
    let mut apt = Command::new("apt-get");
    apt.args(["-q", "install", "-y", "--no-install-recommends", package]);
    command::stdout_of(apt.env("DEBIAN_FRONTEND", "noninteractive"), LIMIT)?;
    machine::program(program).with_context(|| format!("`{package}` brought no `{program}`"))
}

/// A Python that has these packages, in a folder of its own.
pub(super) fn python(dir: &Path, packages: &[&str]) -> anyhow::Result<PathBuf> {
    let python = dir.join("bin/python");
    if !python.is_file() {
        ensure!(machine::program("python3").is_some(), "no python3");
        command::stdout_of(Command::new("python3").args(["-m", "venv"]).arg(dir), LIMIT)?;
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
    command::stdout_of(&mut pip, LIMIT)?;
    Ok(python)
}

/// Packages of npm in a folder of its own, as this `package.json` names them.
pub(super) fn npm(dir: &Path, package_json: &str) -> anyhow::Result<()> {
    ensure!(machine::program("npm").is_some(), "no npm");
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create `{}`", dir.display()))?;
    let file = dir.join("package.json");
    std::fs::write(&file, package_json)
        .with_context(|| format!("cannot write `{}`", file.display()))?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(dir);
    command::stdout_of(&mut npm, LIMIT)?;
    Ok(())
}
