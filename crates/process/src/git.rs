//! Git, by its command line, without hooks and without the user's surprises.

mod error;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::GitError;

use crate::{Command, Output, RunError};

/// Settings that win over those of the user and of the repository.
///
/// Each would otherwise run a program, ask somebody, or change the output.
const SETTINGS: [&str; 8] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "color.ui=false",
    "advice.detachedHead=false",
];

/// Variables of ours that git sees, besides those that every child sees; all come from us.
const ENVIRONMENT: [(&str, &str); 7] = [
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_PAGER", "cat"),
    ("GIT_EDITOR", "false"),
    ("GIT_ASKPASS", ""),
    ("LC_ALL", "C"),
];

/// Git in one directory.
///
/// Hooks do not run; there is no pager, no editor, no prompt, no signing, no housekeeping in the
/// background. The system's settings are not read, the user's are, because the author's name
/// and `safe.directory` live there. Of our environment only what every [`Command`] passes is
/// seen, so `GIT_DIR`, `GIT_WORK_TREE` and `GIT_INDEX_FILE` cannot point it elsewhere.
#[derive(Debug, Clone)]
pub struct Git {
    dir: PathBuf,
    allowed: Vec<OsString>,
    timeout: Duration,
    output_limit_bytes: usize,
}

impl Git {
    /// Uses git in `dir`, a directory in a repository or one that shall become one.
    #[must_use]
    pub fn at(dir: impl AsRef<Path>) -> Self {
        Self {
            dir: dir.as_ref().to_owned(),
            allowed: Vec::new(),
            timeout: Duration::from_secs(60),
            output_limit_bytes: 16 << 20,
        }
    }

    /// Sets how long one git command may run. Default 60 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how many bytes of each output stream are kept. Default 16 MiB.
    #[must_use]
    pub fn with_output_limit(mut self, limit_bytes: usize) -> Self {
        self.output_limit_bytes = limit_bytes;
        self
    }

    /// Lets git see further variables of our environment, for example `SSH_AUTH_SOCK`.
    #[must_use]
    pub fn with_env_allow(mut self, keys: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.allowed.extend(keys.into_iter().map(|key| key.as_ref().to_owned()));
        self
    }

    /// Returns the directory that git runs in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Describes a git command, for what [`Git::run`] does not offer, such as standard input.
    pub fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new("git").arg("--no-pager");
        for setting in SETTINGS {
            command = command.args(["-c", setting]);
        }
        for (key, value) in ENVIRONMENT {
            command = command.env(key, value);
        }
        command
            .args(args)
            .current_dir(&self.dir)
            .env_allow(&self.allowed)
            .timeout(self.timeout)
            .output_limit(self.output_limit_bytes)
    }

    /// Runs a git command that must succeed, and returns all that it wrote to standard output.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] with what git said if it did not end with exit code zero;
    /// [`GitError::TooLong`] if the output exceeds the limit, as part of an answer is none;
    /// [`GitError::Run`] if git could not be run to its end.
    pub fn run(
        &self,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<Vec<u8>, GitError> {
        let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let subcommand = args.first().map(|arg| arg.to_string_lossy().into_owned());
        let subcommand = subcommand.unwrap_or_default();
        let dir = || self.dir.clone();
        let output = match self.status(&args) {
            Ok(output) => output,
            Err(source) => return Err(GitError::Run { subcommand, dir: dir(), source }),
        };
        if !output.success() {
            let said = error::short(&output.stderr.text());
            return Err(GitError::Failed { subcommand, dir: dir(), exit: output.exit, said });
        }
        if output.stdout.left_out_bytes > 0 {
            let found_bytes = output.stdout.total_bytes();
            let limit_bytes = self.output_limit_bytes;
            return Err(GitError::TooLong { subcommand, dir: dir(), found_bytes, limit_bytes });
        }
        Ok(output.stdout.head)
    }

    /// Runs a git command whose exit code is an answer, such as `diff --quiet`.
    ///
    /// # Errors
    ///
    /// [`RunError`] if git could not be run to its end.
    pub fn status(
        &self,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<Output, RunError> {
        self.command(args).run()
    }
}
