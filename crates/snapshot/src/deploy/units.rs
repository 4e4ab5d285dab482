//! Services as units of systemd.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_process::{Command, Output};

use super::config::Unit;
use super::processes::{RunServices, ServiceError, start_number};
use super::release::Launch;

/// Longest wait for an answer, besides what a service may take to end.
const ANSWER_MAX: Duration = Duration::from_secs(20);
const SAID_MAX: usize = 300;

/// Services as units, one file for each service of each release.
///
/// The unit of what runs is enabled, so that a machine that starts again starts it, and those of
/// other releases are not.
#[derive(Debug, Clone)]
pub struct Units {
    environment: String,
}

impl Units {
    /// Units of that environment.
    #[must_use]
    pub fn new(environment: impl Into<String>) -> Self {
        Self { environment: environment.into() }
    }

    fn name(&self, launch: &Launch) -> String {
        format!("plimsoll-{}-{}-{}.service", self.environment, launch.name, launch.release)
    }

    fn of<'a>(&self, launch: &'a Launch) -> Result<&'a Unit, ServiceError> {
        let none = || ServiceError::NoProgram { service: launch.instance() };
        launch.systemd.as_ref().ok_or_else(none)
    }

    fn path(&self, launch: &Launch) -> Result<PathBuf, ServiceError> {
        Ok(self.of(launch)?.dir.join(self.name(launch)))
    }

    fn ask(
        &self,
        launch: &Launch,
        program: &str,
        words: &[&str],
        wait: Duration,
    ) -> Result<Output, ServiceError> {
        let mut command = Command::new(program).timeout(wait);
        if self.of(launch)?.user {
            command =
                command.args(["--user"]).env_allow(["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"]);
        }
        command.args(words.iter().copied()).run().map_err(|error| ServiceError::Engine {
            service: launch.instance(),
            said: crate::store::chain(&error),
        })
    }

    fn tell(&self, launch: &Launch, words: &[&str], wait: Duration) -> Result<(), ServiceError> {
        let output = self.ask(launch, &self.of(launch)?.program, words, wait)?;
        if output.success() {
            return Ok(());
        }
        let said = output.stderr.text().trim().chars().take(SAID_MAX).collect();
        Err(ServiceError::Engine { service: launch.instance(), said })
    }

    /// The file of a unit.
    fn render(&self, launch: &Launch, ticket: Option<&str>) -> Result<String, ServiceError> {
        let unit = self.of(launch)?;
        let number = start_number().to_string();
        let words = launch.run.iter().map(|word| quoted(&word.replace("{start}", &number)));
        let mut text = format!(
            "[Unit]\nDescription=plimsoll {} {}\nAfter=network-online.target\n\n[Service]\n\
             Type=exec\nWorkingDirectory={}\nExecStart={}\nTimeoutStopSec={}\nKillMode=mixed\n\
             Restart={}\nRestartSec=1\nNoNewPrivileges=yes\n",
            self.environment,
            launch.instance(),
            percent(&launch.dir.to_string_lossy()),
            words.collect::<Vec<_>>().join(" "),
            launch.stop_secs,
            // Whoever may send orders is started again by a person or by a deploy alone.
            if launch.lease.is_some() { "no" } else { "on-failure" },
        );
        // Writing into a text does not fail.
        let mut line = |words: String| writeln!(text, "{words}").unwrap_or_default();
        for (key, value) in &launch.env {
            line(format!("Environment={}", quoted(&format!("{key}={value}"))));
        }
        let ticket = ticket.unwrap_or_default();
        line(format!("Environment={}", quoted(&format!("PLIMSOLL_LEASE_TICKET={ticket}"))));
        // Secrets stay in a file of the operator's, and are written nowhere else.
        if let Some(file) = &unit.environment_file {
            line(format!("EnvironmentFile={}", percent(&file.to_string_lossy())));
        }
        if let Some(user) = &unit.run_as {
            line(format!("User={user}"));
        }
        let target = if unit.user { "default.target" } else { "multi-user.target" };
        line(format!("\n[Install]\nWantedBy={target}"));
        Ok(text)
    }
}

/// A word of a command line of a unit: `%` and `$` mean something there.
fn quoted(word: &str) -> String {
    let mut text = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '%' | '$' => text.extend([c, c]),
            '\n' => text.push_str("\\n"),
            _ => text.push(c),
        }
    }
    text.push('"');
    text
}

fn percent(path: &str) -> String {
    path.replace('%', "%%")
}

impl RunServices for Units {
    fn start(&mut self, launch: &Launch, ticket: Option<&str>) -> Result<(), ServiceError> {
        if self.is_running(launch)? {
            return Ok(());
        }
        let (path, name) = (self.path(launch)?, self.name(launch));
        let text = self.render(launch, ticket)?;
        plimsoll_durable::replace(&path, text)
            .map_err(|error| ServiceError::Io { path, source: std::io::Error::other(error) })?;
        self.tell(launch, &["daemon-reload"], ANSWER_MAX)?;
        self.tell(launch, &["reset-failed", &name], ANSWER_MAX).unwrap_or_default();
        self.tell(launch, &["enable", "--now", &name], ANSWER_MAX)
    }

    fn stop(&mut self, launch: &Launch) -> Result<&'static str, ServiceError> {
        let name = self.name(launch);
        let was_running = self.is_running(launch)?;
        if was_running || self.path(launch)?.exists() {
            let wait = ANSWER_MAX + Duration::from_secs(u64::from(launch.stop_secs));
            self.tell(launch, &["disable", "--now", &name], wait)?;
        }
        if self.is_running(launch)? {
            return Err(ServiceError::StillRuns { service: launch.instance() });
        }
        Ok(if was_running { "was stopped" } else { "had ended" })
    }

    fn is_running(&mut self, launch: &Launch) -> Result<bool, ServiceError> {
        let name = self.name(launch);
        let words = ["show", "--property=ActiveState", "--value", &name];
        let output = self.ask(launch, &self.of(launch)?.program, &words, ANSWER_MAX)?;
        let said = output.stdout.text();
        match (output.success(), said.trim()) {
            (true, "inactive" | "failed") => Ok(false),
            // What starts or ends is not yet gone.
            (true, "active" | "activating" | "deactivating" | "reloading") => Ok(true),
            (_, other) => Err(ServiceError::Engine {
                service: launch.instance(),
                said: format!("systemd says `{other}` {}", output.stderr.text().trim()),
            }),
        }
    }

    fn health(&mut self, launch: &Launch) -> Result<Option<String>, ServiceError> {
        let name = self.name(launch);
        let words = ["show", "--property=ActiveState,NRestarts", "--value", &name];
        let output = self.ask(launch, &self.of(launch)?.program, &words, ANSWER_MAX)?;
        let said = output.stdout.text();
        let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
        let is_active = lines.clone().any(|line| line == "active");
        let restarts = lines.find_map(|line| line.parse::<u32>().ok()).unwrap_or(0);
        if is_active && restarts == 0 {
            return Ok(Some("active".to_owned()));
        }
        let said = format!("systemd says `{}`", said.trim().replace('\n', ", restarts "));
        Err(ServiceError::Engine { service: launch.instance(), said })
    }

    fn last_words(&mut self, launch: &Launch) -> String {
        let name = self.name(launch);
        let words = ["--unit", &name, "--lines", "5", "--output", "cat", "--no-pager"];
        let Ok(output) = self.ask(launch, "journalctl", &words, ANSWER_MAX) else {
            return String::new();
        };
        let text = output.stdout.text().trim().replace('\n', " | ");
        plimsoll_redact::mask(&text, &plimsoll_redact::Rules::default()).into_owned()
    }
}
