//! A project with ralph's hooks in it, and what ralph says of it.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::client::Client;
use super::project::Project;
use super::sandbox;
use crate::command;
use crate::live::Live;

/// A project whose client runs ralph's hooks.
#[derive(Debug)]
pub(super) struct Ralph {
    pub(super) project: Project,
    plimsoll: PathBuf,
}

impl Ralph {
    /// Installs hooks by the command, as a person would. `config` is the section `ralph` of the canonical file, `more`
    /// are further arguments of `install`.
    pub(super) fn new(
        live: &Live<'_>,
        client: &Client,
        config: &str,
        more: &[&str],
    ) -> anyhow::Result<Ralph> {
        let ralph = Ralph::without_hooks(live, client, config)?;
        ralph.install(more)?;
        Ok(ralph)
    }

    /// The same project before anything is installed.
    pub(super) fn without_hooks(
        live: &Live<'_>,
        client: &Client,
        config: &str,
    ) -> anyhow::Result<Ralph> {
        let programs = sandbox::binaries(live)?;
        let plimsoll = programs.join("plimsoll");
        let project = Project::new(client)?.with_programs(programs);
        let section: String = config.lines().map(|line| format!("  {line}\n")).collect();
        let file = format!("ralph:\n  iteration_interval_min_secs: 0\n{section}");
        project.write("config/canonical.yaml", &file)?;
        project.git(&["add", "config"])?;
        project.git(&["commit", "--quiet", "--message", "configuration"])?;
        Ok(Ralph { project, plimsoll })
    }

    /// Puts hooks in; what the client's version allows is asked of the client.
    pub(super) fn install(&self, more: &[&str]) -> anyhow::Result<()> {
        let client = self.project.client_program()?.display().to_string();
        let args = [&["ralph", "install", "--client", client.as_str()], more].concat();
        self.plimsoll(&args)?;
        Ok(())
    }

    /// Runs our command, which has to end well, and returns what it wrote.
    pub(super) fn plimsoll(&self, args: &[&str]) -> anyhow::Result<String> {
        let output = self.project.capture(&self.plimsoll, args)?;
        ensure!(
            output.status.success(),
            "`plimsoll {}` ended with {}: {}",
            args.join(" "),
            output.status,
            command::last_lines(&(output.stdout + &output.stderr), 5)
        );
        Ok(output.stdout)
    }

    /// What `doctor` says; that it found something is no failure here.
    pub(super) fn doctor(&self) -> anyhow::Result<String> {
        let client = self.project.client_program()?.display().to_string();
        let output =
            self.project.capture(&self.plimsoll, &["ralph", "doctor", "--client", &client])?;
        ensure!(output.status.code() != Some(2), "doctor could not tell: {}", output.stderr);
        Ok(output.stdout)
    }

    /// The report of the latest loop or guard.
    pub(super) fn report(&self) -> anyhow::Result<Report> {
        let text = self.plimsoll(&["ralph", "report", "--json"])?;
        let json = serde_json::from_str(&text).context("the report is not JSON")?;
        Ok(Report { json })
    }
}

/// What `plimsoll ralph report --json` says of one loop.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) json: Value,
}

impl Report {
    pub(super) fn outcome(&self) -> &str {
        self.json.get("outcome").and_then(Value::as_str).unwrap_or_default()
    }

    /// The name of the cause: `iterations`, `no_progress`, `done`.
    pub(super) fn cause(&self) -> String {
        match self.json.get("cause") {
            Some(Value::String(name)) => name.clone(),
            Some(Value::Object(fields)) => fields.keys().next().cloned().unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// The cause with what was found and allowed.
    pub(super) fn cause_text(&self) -> String {
        self.json.get("cause").map(Value::to_string).unwrap_or_default()
    }

    /// A number of the cause, such as `count` or `max`.
    pub(super) fn cause_number(&self, field: &str) -> Option<u64> {
        let fields = self.json.get("cause")?.as_object()?.values().next()?;
        fields.get(field)?.as_u64()
    }

    pub(super) fn iterations(&self) -> usize {
        self.json.get("iterations").and_then(Value::as_array).map_or(0, Vec::len)
    }
}
