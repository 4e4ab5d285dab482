//! Runs programs for probes: this one, and tools that may not be installed.

use std::path::PathBuf;
use std::time::Duration;

use plimsoll_kit::CheckState;
use plimsoll_process::{Command, RunError};
use plimsoll_redact::{Rules, mask};

use crate::configuration::ConfigArgs;

/// Characters of a program's words that a report shows.
const WORDS_MAX: usize = 300;
/// The exit code of a command of ours that could not tell.
const COULD_NOT_TELL: i32 = 2;

/// This program, as it was started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Program {
    path: PathBuf,
    /// Names of our environment's variables: what a person has set up counts for a probe.
    variables: Vec<std::ffi::OsString>,
    limit: Duration,
    commands: Vec<String>,
    config: ConfigArgs,
    /// Configuration and profile that were named as arguments: what we run gets them as variables.
    named: Vec<(&'static str, std::ffi::OsString)>,
}

/// How a program ended: its exit code, and what it said.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Program {
    /// Takes note of where this program is. A probe gets a little less than `limit`, so that it is ended before its
    /// check is.
    pub(crate) fn this(limit: Duration, config: &ConfigArgs) -> anyhow::Result<Program> {
        let path = std::env::current_exe()?;
        let variables = std::env::vars_os().map(|(name, _)| name).collect();
        let limit =
            limit.saturating_sub(Duration::from_millis(500)).max(Duration::from_millis(500));
        let file = config.config.clone().map(|file| ("PLIMSOLL_CONFIG", file.into_os_string()));
        let profile = config.profile.clone().map(|name| ("PLIMSOLL_PROFILE", name.into()));
        let named = file.into_iter().chain(profile).collect();
        let commands = crate::cli::Cli::names();
        Ok(Program { path, variables, limit, commands, config: config.clone(), named })
    }

    /// Whether a variable of our environment is set.
    pub(super) fn has_variable(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| variable == name)
    }

    /// Runs a subcommand of this program. Exit code 0 is ok with the last line as evidence, anything else has failed; but
    /// a command that cannot tell, while the configuration that it reads is wrong, says nothing of its own subject.
    pub(super) fn own(&self, args: &[&str], fix: &str) -> CheckState {
        match self.ran(args) {
            Ok(ran) if ran.code == 0 => CheckState::ok(ran.last_words()),
            Ok(ran) if ran.code == COULD_NOT_TELL && self.is_misconfigured() => {
                let why = "the configuration is not valid, see drift.configuration";
                CheckState::skipped(format!("{why}; {}", ran.complaint()))
            }
            Ok(ran) => CheckState::failed(ran.complaint(), fix),
            Err(state) => state,
        }
    }

    /// Whether the check of the configuration fails, in whichever profile.
    fn is_misconfigured(&self) -> bool {
        !self.config.layers().is_ok_and(|layers| layers.check().is_ok())
    }

    /// Runs a subcommand of this program to its end.
    pub(super) fn ran(&self, args: &[&str]) -> Result<Ran, CheckState> {
        let name = args.first().copied().unwrap_or_default();
        if !self.commands.iter().any(|command| command == name) {
            return Err(CheckState::skipped(format!("this build has no `plimsoll {name}`")));
        }
        self.finish(Command::new(&self.path).args(args))
    }

    /// Runs a tool, if it is installed.
    pub(super) fn tool(&self, tool: &str, args: &[&str]) -> Result<Ran, CheckState> {
        self.finish(Command::new(tool).args(args))
    }

    fn finish(&self, command: Command) -> Result<Ran, CheckState> {
        let command = command.env_allow(&self.variables).timeout(self.limit);
        let named = self.named.iter();
        let output = named.fold(command, |command, (name, value)| command.env(name, value)).run();
        match output {
            Ok(output) => Ok(Ran {
                code: output.code().unwrap_or(-1),
                out: output.stdout.text().into_owned(),
                err: output.stderr.text().into_owned(),
            }),
            Err(RunError::NotFound { program, .. }) => {
                Err(CheckState::skipped(format!("`{}` is not installed", program.display())))
            }
            Err(error) => Err(CheckState::failed(error.to_string(), "run it by hand, to see why")),
        }
    }
}

impl Ran {
    /// The last line that says something, without anything secret.
    pub(super) fn last_words(&self) -> String {
        let last = |text: &str| text.lines().rev().find(|line| !line.trim().is_empty()).map(shown);
        last(&self.out).or_else(|| last(&self.err)).unwrap_or_else(|| "it said nothing".to_owned())
    }

    /// What it complained of: its error, or its last line.
    pub(super) fn complaint(&self) -> String {
        let error = self.err.lines().find(|line| line.starts_with("error"));
        let words = error.map_or_else(|| self.last_words(), shown);
        format!("exit code {}: {words}", self.code)
    }
}

fn shown(line: &str) -> String {
    mask(line.trim(), &Rules::default()).chars().take(WORDS_MAX).collect()
}
