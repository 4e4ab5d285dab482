//! Debian's promtool.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use plimsoll_alerts::Options;

use crate::{command, machine};

const INSTALL_LIMIT: Duration = Duration::from_secs(300);
const TEST_LIMIT: Duration = Duration::from_secs(300);

/// The program, and what it calls itself.
#[derive(Debug)]
pub(super) struct Promtool {
    program: PathBuf,
    pub(super) version: String,
    major: u32,
}

/// Finds promtool, or installs it on a bare machine when it may.
pub(super) fn find() -> anyhow::Result<Promtool> {
    if machine::program("promtool").is_none() {
        install()?;
    }
    let program = machine::program("promtool").context("promtool is not there")?;
    let output = command::capture(Command::new(&program).arg("--version"), TEST_LIMIT)?;
    let words: Vec<&str> = output.stdout.split_whitespace().collect();
    let number = words.iter().position(|word| *word == "version").and_then(|at| words.get(at + 1));
    let major = number.and_then(|number| number.split('.').next()?.parse().ok());
    let version = match (number, major) {
        (Some(number), Some(_)) => format!("promtool {number}"),
        // One built from its module does not know its version; modules end at the newest.
        _ => "promtool of no version, taken for 3".to_owned(),
    };
    Ok(Promtool { program, version, major: major.unwrap_or(3) })
}

fn install() -> anyhow::Result<()> {
    let user = command::stdout_of(Command::new("id").arg("-u"), TEST_LIMIT)?;
    ensure!(user.trim() == "0", "promtool is missing, and only root could install it");
    ensure!(machine::program("apt-get").is_some(), "promtool is missing, and there is no apt-get");
    command::stdout_of(Command::new("apt-get").args(["-q", "update"]), INSTALL_LIMIT)?;
    let mut apt = Command::new("apt-get");
    apt.args(["-q", "-y", "install", "--no-install-recommends", "prometheus"]);
    command::stdout_of(apt.env("DEBIAN_FRONTEND", "noninteractive"), INSTALL_LIMIT)?;
    Ok(())
}

impl Promtool {
    /// The options with which our engine evaluates as this version does.
    pub(super) fn options(&self) -> Options {
        if self.is_closed() { Options::prometheus_2() } else { Options::prometheus_3() }
    }

    /// Whether a value that is exactly as old as allowed is still one.
    pub(super) fn is_closed(&self) -> bool {
        self.major < 3
    }

    /// Runs one test file; what it says when it does not agree.
    pub(super) fn test(&self, file: &Path) -> anyhow::Result<Result<(), String>> {
        let mut run = Command::new(&self.program);
        let output = command::capture(run.args(["test", "rules"]).arg(file), TEST_LIMIT)?;
        Ok(if output.status.success() {
            Ok(())
        } else {
            Err(command::last_lines(&format!("{}\n{}", output.stdout, output.stderr), 60))
        })
    }
}
