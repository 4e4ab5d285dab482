//! A network namespace with nothing in it but loopback, in which a proof runs once more.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use super::client;
use crate::Depth;
use crate::live::Live;
use crate::steps::Outcome;
use crate::{command, machine};

/// Set for the run inside; names the file that takes the outcome.
const INSIDE: &str = "PLIMSOLL_LIVE_OUTCOME";
const BUILD_LIMIT: Duration = Duration::from_secs(25 * 60);
const PROBE_LIMIT: Duration = Duration::from_secs(20);
const PROOF_LIMIT: Duration = Duration::from_secs(45 * 60);
/// Brings loopback up, then becomes the program that the arguments say.
const SCRIPT: &str = "ip link set lo up && exec \"$0\" \"$@\"";

/// Runs `outside` where there is a network, then `inside` where there is none.
pub(super) fn run(
    live: &Live<'_>,
    name: &str,
    outside: fn(&Live<'_>) -> anyhow::Result<()>,
    inside: fn(&Live<'_>) -> anyhow::Result<String>,
) -> anyhow::Result<Outcome> {
    if let Some(file) = machine::env(INSIDE) {
        return run_inside(live, Path::new(&file), inside);
    }
    let Some(unshare) = unshare()? else {
        return Ok(Outcome::Skipped("no `unshare -n` with loopback for this user".into()));
    };
    if let Err(error) = client::install(&live.workspace.scratch()?) {
        return Ok(Outcome::Skipped(format!("no Claude Code client: {error:#}")));
    }
    outside(live)?;
    build(live)?;
    again(live, name, &unshare)
}

/// The words that make a namespace: with rights as root, with a user namespace otherwise. `None`: neither works.
fn unshare() -> anyhow::Result<Option<Vec<&'static str>>> {
    for words in [vec!["unshare", "-n"], vec!["unshare", "-r", "-n"]] {
        let Some((program, args)) = words.split_first() else { continue };
        let mut probe = Command::new(program);
        probe.args(args).args(["sh", "-c", SCRIPT, "true"]);
        if machine::program(program).is_some()
            && command::capture(&mut probe, PROBE_LIMIT)?.status.success()
        {
            return Ok(Some(words));
        }
    }
    Ok(None)
}

fn build(live: &Live<'_>) -> anyhow::Result<()> {
    let mut cargo = live.workspace.cargo(["build", "--quiet", "--package", "plimsoll"]);
    let status = command::run(&mut cargo, BUILD_LIMIT)?;
    ensure!(status.success(), "`cargo build --package plimsoll` ended with {status}");
    Ok(())
}

fn again(live: &Live<'_>, name: &str, unshare: &[&str]) -> anyhow::Result<Outcome> {
    let dir = tempfile::tempdir().context("no temporary directory")?;
    let file = dir.path().join("outcome");
    let this = std::env::current_exe().context("no path of this program")?;
    let depth = if live.depth == Depth::Full { "--full" } else { "--quick" };
    let (program, args) = unshare.split_first().context("no program")?;
    let mut inner = Command::new(program);
    inner.args(args).args(["sh", "-c", SCRIPT]).arg(this).args(["live", name, depth]);
    inner.env(INSIDE, &file);
    let status = command::run(&mut inner, PROOF_LIMIT)?;
    let Ok(text) = std::fs::read_to_string(&file) else {
        bail!("the run without a network ended with {status} and left no outcome");
    };
    match text.split_once('\n') {
        Some(("passed", figure)) => Ok(Outcome::Passed(figure.to_owned())),
        Some(("failed", why)) => Ok(Outcome::Failed(why.to_owned())),
        _ => bail!("the run without a network left `{text}` as its outcome"),
    }
}

fn run_inside(
    live: &Live<'_>,
    file: &Path,
    inside: fn(&Live<'_>) -> anyhow::Result<String>,
) -> anyhow::Result<Outcome> {
    let result = only_loopback().and_then(|()| inside(live));
    let (word, text) = match &result {
        Ok(figure) => ("passed", figure.clone()),
        Err(error) => ("failed", format!("{error:#}")),
    };
    std::fs::write(file, format!("{word}\n{text}")).context("cannot leave the outcome")?;
    result.map(Outcome::Passed)
}

/// The client must not start where it could reach anything.
fn only_loopback() -> anyhow::Result<()> {
    let table = std::fs::read_to_string("/proc/self/net/dev")
        .context("cannot tell which network devices there are")?;
    let names =
        table.lines().skip(2).filter_map(|line| line.split_once(':')).map(|(n, _)| n.trim());
    let others: Vec<&str> = names.filter(|name| *name != "lo").collect();
    ensure!(others.is_empty(), "there are network devices besides loopback: {others:?}");
    Ok(())
}

/// The folder of the binaries that [`run`] has built.
pub(super) fn binaries(live: &Live<'_>) -> anyhow::Result<PathBuf> {
    let scratch = live.workspace.scratch()?;
    let target = scratch.parent().context("the scratch folder has no parent")?;
    Ok(target.join("debug"))
}
