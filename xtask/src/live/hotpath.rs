//! The allocator's and the kernel's view of an emit: the metrics crate's own tests, one of them under strace.

use std::process::Command;
use std::time::Duration;

use super::Live;
use crate::steps::Outcome;
use crate::{command, machine};

const INSTALL_LIMIT: Duration = Duration::from_secs(300);
const TEST_LIMIT: Duration = Duration::from_secs(25 * 60);

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    if machine::program("strace").is_none() {
        install();
    }
    let Some(strace) = machine::program("strace") else {
        return Ok(Outcome::Skipped("no strace, and it could not be installed".into()));
    };
    let mut args = vec!["test", "-p", "plimsoll-metrics", "--features", "ilp,testing"];
    if live.depth == crate::Depth::Full {
        args.push("--release");
    }
    args.extend(["--test", "it", "hotpath", "--", "--nocapture"]);
    let mut test = live.workspace.cargo(args);
    test.env("PLIMSOLL_STRACE", strace)
        .env("PLIMSOLL_HOTPATH_BATCHES", live.count(12, 250).to_string());
    let output = command::capture(&mut test, TEST_LIMIT)?;
    let text = output.stdout + &output.stderr;
    let figure = text.lines().find_map(|line| {
        let start = line.find(|c: char| c.is_ascii_digit())?;
        line.get(start..).filter(|rest| rest.ends_with(": 0 system calls"))
    });
    Ok(match figure {
        Some(figure) if output.status.success() => {
            Outcome::Passed(format!("{figure}; 0 allocations"))
        }
        _ => Outcome::Failed(text),
    })
}

/// Tries, where root may; whether it worked is seen by looking.
fn install() {
    let mut apt = Command::new("apt-get");
    apt.args(["-q", "-y", "install", "--no-install-recommends", "strace"]);
    // What fails here is reported as the missing program that it leaves.
    let _missing_is_reported =
        command::capture(apt.env("DEBIAN_FRONTEND", "noninteractive"), INSTALL_LIMIT);
}
