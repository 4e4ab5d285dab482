//! What a hook program may set.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::{Config, Mode};
use crate::guard_list::is_exchange_key;

/// How [`run`](super::run) works. Everything that it takes from the environment is here, so that
/// a test or a host program can say it.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// What the hooks do. It wins over `.ralph/limits.json`; the environment wins over it.
    pub mode: Option<Mode>,
    /// The bounds. Default: those of `.ralph/limits.json`, or the crate's defaults without one.
    pub config: Option<Config>,
    /// Variables that change bounds, with their values.
    pub env: Vec<(String, String)>,
    /// The project as the client names it, for events from elsewhere.
    pub project_dir: Option<PathBuf>,
    /// The client's process, if it says which.
    pub client_pid: Option<u32>,
    /// Variables that look like keys of an exchange or a wallet; a session is told of them at its start.
    pub secret_names: Vec<String>,
    /// The program that writes the bounds anew when the configuration has changed, run as `ralph limits --dir ROOT`.
    /// Default: `plimsoll` beside the hook program.
    pub resolver: Option<PathBuf>,
    /// The program that tells people of a loop's end, run as `ralph ship --alerts --dir ROOT` and not waited for; one
    /// that is not there is not run. Default: `plimsoll` beside the hook program.
    pub announcer: Option<PathBuf>,
    /// Near a budget, how long to wait for the client to write the message whose cost decides. Default 150 ms.
    pub transcript_wait_max: Option<Duration>,
    /// A file to which every step is appended with all that it was decided from, so that it can
    /// be replayed. It holds prompts. Default none.
    pub trace: Option<PathBuf>,
    /// Whether a blocked stop is answered by exit code 2 instead of JSON. Default no.
    pub exit_code_2: bool,
}

impl Options {
    /// Hooks of a mode, with nothing from the environment.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self { mode: Some(mode), ..Self::default() }
    }

    /// Takes from the environment what belongs to us and what the client says.
    #[must_use]
    pub fn from_env() -> Self {
        let mut options = Self::default();
        for (name, value) in std::env::vars_os() {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
            match name {
                "CLAUDE_PROJECT_DIR" => options.project_dir = Some(PathBuf::from(value)),
                "CLAUDE_PID" => options.client_pid = value.parse().ok(),
                "RALPH_TRACE" if !value.is_empty() => options.trace = Some(PathBuf::from(value)),
                _ if Config::is_env_name(name) => {
                    options.env.push((name.to_owned(), value.to_owned()));
                }
                _ if is_exchange_key(name, value) => options.secret_names.push(name.to_owned()),
                _ => {}
            }
        }
        options.secret_names.sort();
        let beside = std::env::current_exe().map(|program| program.with_file_name("plimsoll"));
        options.resolver = beside.ok();
        options.announcer.clone_from(&options.resolver);
        options
    }

    /// Sets what the hooks do.
    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Sets the bounds, so that no file is read for them.
    #[must_use]
    pub fn with_config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Answers a blocked stop by exit code 2.
    #[must_use]
    pub fn with_exit_code_2(mut self) -> Self {
        self.exit_code_2 = true;
        self
    }

    pub(crate) fn mode_from_env(&self) -> Option<Mode> {
        let named = |name: &str| {
            let (_, value) = self.env.iter().rev().find(|(n, _)| n == name)?;
            value.trim().parse().ok()
        };
        named("PLIMSOLL_RALPH__MODE").or_else(|| named("RALPH_MODE"))
    }
}
