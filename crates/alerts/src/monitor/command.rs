//! An action that is a program, such as the one that halts trading.

use std::{error::Error, time::Duration};

use plimsoll_process::{Command, Exit};
use serde::{Deserialize, Serialize};

use crate::rule::seconds;
use crate::{Alert, OnFiring};

/// A program that is run when a rule fires, as a configuration names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ActionConfig {
    /// Name of the rule.
    pub rule: String,
    /// Name that the journal has for it; that of the program if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Program and arguments, such as `plimsoll halt --reason drawdown`.
    pub command: Vec<String>,
    /// Longest time that it may take. Default 5 s: rules wait for it.
    #[serde(rename = "timeout_secs", default = "timeout", with = "seconds")]
    pub timeout: Duration,
}

fn timeout() -> Duration {
    Duration::from_secs(5)
}

impl ActionConfig {
    /// A program for a rule.
    pub fn new(rule: impl Into<String>, command: Vec<String>) -> Self {
        Self { rule: rule.into(), name: String::new(), command, timeout: timeout() }
    }

    /// Its name in the journal.
    #[must_use]
    pub fn name(&self) -> &str {
        match (self.name.as_str(), self.command.first()) {
            ("", Some(program)) => program,
            (name, _) => name,
        }
    }
}

/// Runs a program with the alert as JSON on its standard input. Exit code 0: done. Anything else has
/// failed, and is asked again.
#[derive(Debug, Clone)]
pub struct CommandAction {
    argv: Vec<String>,
    timeout: Duration,
}

impl CommandAction {
    /// The program of a configuration.
    #[must_use]
    pub fn new(config: &ActionConfig) -> Self {
        Self { argv: config.command.clone(), timeout: config.timeout }
    }
}

impl OnFiring for CommandAction {
    fn on_firing(&mut self, alert: &Alert) -> Result<(), Box<dyn Error + Send + Sync>> {
        let (program, args) = self.argv.split_first().ok_or("no program is named")?;
        let output = Command::new(program)
            .args(args)
            .env("PLIMSOLL_ALERT_ID", &alert.alert_id)
            .env("PLIMSOLL_ALERT_RULE", &alert.rule)
            .stdin(format!("{}\n", serde_json::to_string(alert)?).into_bytes())
            .timeout(self.timeout)
            .run()?;
        if output.exit == Exit::Code(0) {
            return Ok(());
        }
        let said = output.stderr.text();
        let said = said.lines().last().unwrap_or_default();
        Err(format!("`{program}` ended by {}: {said}", output.exit).into())
    }
}
