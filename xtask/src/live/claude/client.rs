//! Clients of several versions, each installed from npm in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::{command, machine};

/// Versions from before and after the changes of the hook protocol that matter, and the newest.
const VERSIONS: &[&str] = &["2.0.67", "2.1.9", "latest"];
const PACKAGE: &str = "@anthropic-ai/claude-code";
const NPM_LIMIT: Duration = Duration::from_secs(300);

/// An installed client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) version: String,
    /// Program and leading arguments: the binary, or node and a script.
    pub(super) program: Vec<PathBuf>,
}

impl Client {
    /// Whether the version is at least this one.
    pub(super) fn is_at_least(&self, version: [u32; 3]) -> bool {
        let numbers = self.version.split('.').map(|part| part.parse().unwrap_or(0));
        numbers.collect::<Vec<u32>>().as_slice() >= version.as_slice()
    }
}

/// Installs what is missing. An error says what could not be had.
pub(super) fn install(scratch: &Path) -> anyhow::Result<()> {
    ensure!(machine::program("npm").is_some(), "no npm");
    for version in VERSIONS {
        let dir = folder(scratch, version);
        let is_newest = *version == "latest";
        if !dir.join("node_modules").is_dir() || is_newest {
            npm_install(&dir, &[&format!("{PACKAGE}@{version}")])?;
        }
    }
    Ok(())
}

/// The clients that [`install`] left, oldest first.
pub(super) fn installed(scratch: &Path) -> anyhow::Result<Vec<Client>> {
    VERSIONS.iter().map(|version| find(&folder(scratch, version))).collect()
}

/// The newest client that [`install`] left.
pub(super) fn newest(scratch: &Path) -> anyhow::Result<Client> {
    installed(scratch)?.pop().context("no client is installed")
}

/// `npm install` of exactly these packages in `dir`, which becomes a package of its own.
pub(super) fn npm_install(dir: &Path, packages: &[&str]) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create `{}`", dir.display()))?;
    std::fs::write(dir.join("package.json"), "{\"private\": true}\n")
        .with_context(|| format!("cannot write into `{}`", dir.display()))?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]);
    npm.args(packages).current_dir(dir);
    command::stdout_of(&mut npm, NPM_LIMIT)?;
    Ok(())
}

fn folder(scratch: &Path, version: &str) -> PathBuf {
    scratch.join("claude").join(version)
}

fn find(dir: &Path) -> anyhow::Result<Client> {
    let package = dir.join("node_modules").join(PACKAGE);
    let manifest = std::fs::read_to_string(package.join("package.json"))
        .with_context(|| format!("no client in `{}`", dir.display()))?;
    let manifest: serde_json::Value = serde_json::from_str(&manifest)?;
    let version = manifest.get("version").and_then(serde_json::Value::as_str);
    let version = version.context("a client without a version")?.to_owned();
    let script = package.join("cli.js");
    if script.is_file() {
        let node = machine::program("node").context("no node")?;
        return Ok(Client { version, program: vec![node, script] });
    }
    // Newer packages hold a native binary, put in place by the package for this platform.
    let native = package.join("bin/claude.exe");
    ensure!(native.is_file(), "client {version} has neither cli.js nor a binary");
    Ok(Client { version, program: vec![native] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: &str, at_least: [u32; 3], expected: bool) {
        let client = Client { version: version.into(), program: Vec::new() };
        assert_eq!(client.is_at_least(at_least), expected, "{version} against {at_least:?}");
    }

    #[test]
    fn versions_compare_by_number() {
        check("2.1.101", [2, 1, 101], true);
        check("2.1.9", [2, 1, 101], false);
        check("2.0.67", [2, 1, 0], false);
        check("3.0.0", [2, 1, 330], true);
    }
}
