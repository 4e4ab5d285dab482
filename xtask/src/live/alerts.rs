//! Delivery: the ten scenarios beside a real Alertmanager, every body by another validator, faults, kills.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::{Live, install};
use crate::steps::Outcome;
use crate::{command, machine};

const LIMIT: Duration = Duration::from_secs(1_200);

/// Checks each line of a file against Discord's schema and prints how many there were.
const VALIDATE: &str = "
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
check = jsonschema.Draft202012Validator(schema)
count = 0
for line in open(sys.argv[2]):
    check.validate(json.loads(line))
    count += 1
print(count)
";

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let scratch = live.workspace.scratch()?.join("alerts");
    std::fs::create_dir_all(&scratch).context("no scratch directory")?;
    let mut figures = Vec::new();
    let mut skipped = Vec::new();
    let mut note = |part: &str, result: anyhow::Result<String>| match result {
        Ok(figure) => figures.push(figure),
        Err(error) => skipped.push(format!("{part}: {error:#}")),
    };
    match install::debian("prometheus-alertmanager", "prometheus-alertmanager") {
        Ok(program) => note("pair", Ok(pair(live, &program)?)),
        Err(error) => note("no Alertmanager", Err(error)),
    }
    let bodies = bodies(live, &scratch)?;
    match validator(&scratch) {
        Ok((python, schema)) => note("bodies", Ok(validate(&python, &schema, &bodies)?)),
        Err(error) => note("no second validator", Err(error)),
    }
    note("faults", Ok(faults(live)?));
    note("kills", Ok(kills(live)?));
    let figure = figures.join("; ");
    Ok(match skipped.as_slice() {
        [] => Outcome::Passed(figure),
        _ => Outcome::Skipped(format!("{}; the rest passed: {figure}", skipped.join("; "))),
    })
}

/// Runs tests of the alerts crate by name; the line of their output that has `word`.
fn test(
    live: &Live<'_>,
    name: &str,
    word: &str,
    vars: &[(&str, String)],
) -> anyhow::Result<String> {
    let mut cargo = live.workspace.cargo(["test", "-p", "plimsoll-alerts", "--test", "it"]);
    cargo.args(["--", "--nocapture", name]);
    for (variable, value) in vars {
        cargo.env(variable, value);
    }
    let output = command::capture(&mut cargo, LIMIT)?;
    let found = output.stdout.lines().find(|line| line.contains(word) && !line.contains("SKIPPED"));
    ensure!(output.status.success(), "{}{}", output.stdout, output.stderr);
    Ok(found.with_context(|| format!("no `{word}` in {}", output.stdout))?.to_owned())
}

fn pair(live: &Live<'_>, program: &Path) -> anyhow::Result<String> {
    let vars = [("PLIMSOLL_ALERTMANAGER", program.display().to_string())];
    test(live, "alertmanager_live::", "scenarios beside", &vars)
}

fn bodies(live: &Live<'_>, scratch: &Path) -> anyhow::Result<PathBuf> {
    let file = scratch.join("bodies.jsonl");
    let vars = [("PLIMSOLL_DISCORD_BODIES", file.display().to_string())];
    test(live, "discord::no_alert_makes", "test result: ok", &vars)?;
    Ok(file)
}

/// A Python with a validator, and the schema that Discord publishes.
fn validator(scratch: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    let fixtures = machine::env("PLIMSOLL_FIXTURES")
        .map_or_else(|| PathBuf::from("../shared/fixtures"), PathBuf::from);
    let schema = fixtures.join("discord/webhook.schema.json");
    ensure!(schema.is_file(), "no schema of Discord at hand");
    Ok((install::python(&scratch.join("python"), &["jsonschema"])?, schema))
}

fn validate(python: &Path, schema: &Path, bodies: &Path) -> anyhow::Result<String> {
    let mut check = Command::new(python);
    check.args(["-c", VALIDATE]).arg(schema).arg(bodies);
    let count = command::stdout_of(&mut check, LIMIT)?;
    Ok(format!("{} bodies valid by jsonschema too", count.trim()))
}

fn faults(live: &Live<'_>) -> anyhow::Result<String> {
    let line = test(live, "discord::", "test result: ok", &[])?;
    let count = line.split(' ').nth(3).context("no count of tests")?;
    Ok(format!("{count} tests of Discord's limits, edits and faults"))
}

fn kills(live: &Live<'_>) -> anyhow::Result<String> {
    let vars = [
        ("PLIMSOLL_KILLS", live.count(10, 200).to_string()),
        ("PLIMSOLL_NOTIFICATIONS", live.count(500, 10_000).to_string()),
    ];
    test(live, "kill::what_was_taken", "kills, ", &vars)
}
