//! The programs that read what is rendered; each must be content.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::fixtures::Fixture;
use super::tools::Tools;

const STAGING: &str = "docker-compose.staging.yml";

/// Has every program read; returns how many readings there were.
pub(super) fn read(tools: &Tools, fixture: &Fixture, is_full: bool) -> anyhow::Result<u64> {
    let dir = fixture.path();
    let mut readings = 4;
    tools.fine(dir, &["actionlint"])?;
    tools.fine(dir, &["zizmor", "--offline", "--quiet", ".github"])?;
    tools.fine(dir, &["yamllint", "--strict", "."])?;
    tools.fine(dir, &["gitleaks", "git", "--config", ".gitleaks.toml", "--no-banner", "."])?;
    let mut workflows: Vec<String> = Vec::new();
    for entry in fs::read_dir(dir.join(".github/workflows"))? {
        workflows.push(entry?.path().display().to_string());
    }
    ensure!(workflows.len() >= 3, "only {} workflows", workflows.len());
    let workflows: Vec<&str> = workflows.iter().map(String::as_str).collect();
    let schemas: [(&str, Vec<&str>); 3] = [
        ("vendor.github-workflows", workflows),
        ("vendor.dependabot", vec![".github/dependabot.yml"]),
        (
            "vendor.compose-spec",
            dir.join(STAGING).exists().then_some(STAGING).into_iter().collect(),
        ),
    ];
    for (schema, files) in schemas.iter().filter(|(_, files)| !files.is_empty()) {
        let args = [&["check-jsonschema", "--builtin-schema", schema][..], files].concat();
        tools.fine(dir, &args)?;
        readings += 1;
    }
    if dir.join("bandit.yaml").exists() {
        tools.fine(dir, &BANDIT)?;
        readings += 1;
    }
    if dir.join(STAGING).exists() {
        readings += compose(tools, dir)?;
    }
    if is_full {
        tools.fine(dir, &["pre-commit", "run", "--all-files"])?;
        readings += 1;
    }
    Ok(readings)
}

/// The client resolves the file: every port on loopback, every image with a version; and it refuses a condition that there
/// is not. Returns how many readings there were: none where no client is.
fn compose(tools: &Tools, dir: &Path) -> anyhow::Result<u64> {
    let Some(client) = tools.compose(dir) else { return Ok(0) };
    let config = |file: &str| {
        tools.run(dir, &[&client[..], &["-f", file, "config", "--format", "json"]].concat())
    };
    let said = config(STAGING)?;
    ensure!(said.is_fine, "compose is not content: {}", said.text);
    let from = said.text.find('{').context("compose said nothing")?;
    let json = said.text.get(from..).unwrap_or_default();
    let resolved: Value = serde_json::Deserializer::from_str(json)
        .into_iter()
        .next()
        .context("compose said nothing")??;
    let services = resolved.get("services").and_then(Value::as_object).context("no services")?;
    ensure!(services.len() > 1, "only the guard: {services:?}");
    for (name, service) in services {
        let image = service.get("image").and_then(Value::as_str).unwrap_or_default();
        ensure!(image.contains(':'), "{name} has an image without a version: `{image}`");
        let ports = service.get("ports").and_then(Value::as_array).into_iter().flatten();
        for port in ports {
            let is_loopback = port.get("host_ip").and_then(Value::as_str) == Some("127.0.0.1");
            ensure!(is_loopback, "{name} is open to others: {port}");
        }
    }
    let text = fs::read_to_string(dir.join(STAGING))?;
    let wrong = text.replace("service_completed_successfully", "service_was_nice");
    let beside = dir.join("wrong.yml");
    fs::write(&beside, wrong)?;
    let refused = !config("wrong.yml")?.is_fine;
    fs::remove_file(&beside)?;
    ensure!(refused, "compose takes a condition that there is not");
    Ok(1)
}

/// As the workflow calls it.
pub(super) const BANDIT: [&str; 10] = [
    "bandit",
    "--recursive",
    "--quiet",
    "--severity-level",
    "high",
    "--configfile",
    "bandit.yaml",
    "--baseline",
    ".bandit-baseline.json",
    ".",
];
