//! The programs that read what is rendered; each must be content.

use std::fs;

use anyhow::ensure;

use super::fixtures::Fixture;
use super::tools::Tools;

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
    let staging = "docker-compose.staging.yml";
    let schemas: [(&str, Vec<&str>); 3] = [
        ("vendor.github-workflows", workflows),
        ("vendor.dependabot", vec![".github/dependabot.yml"]),
        (
            "vendor.compose-spec",
            dir.join(staging).exists().then_some(staging).into_iter().collect(),
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
    if is_full {
        tools.fine(dir, &["pre-commit", "run", "--all-files"])?;
        readings += 1;
    }
    Ok(readings)
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
