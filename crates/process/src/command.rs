//! What to run, and within which bounds.

mod error;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

pub use error::RunError;

use crate::output::Output;
use crate::supervise::{Bounds, supervise};

/// What passes from our environment into every child's.
const ALWAYS_ALLOWED: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];
const TIMEOUT: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(2);
const DRAIN: Duration = Duration::from_secs(1);
const OUTPUT_LIMIT_BYTES: usize = 1 << 20;

/// A program to run to its end, within bounds.
///
/// It runs in a process group of its own. When [`Command::run`] returns, nothing in that group
/// is running any more. Of our environment it sees `PATH`, `HOME`, `LANG`, `TZ`, `TMPDIR` and
/// what [`Command::env_allow`] names, nothing else.
#[derive(Debug, Clone)]
#[must_use = "a command does nothing until `run`"]
pub struct Command {
    program: OsString,
    args: Vec<OsString>,
    dir: Option<PathBuf>,
    allowed: Vec<OsString>,
    set: Vec<(OsString, Secretive)>,
    stdin: Vec<u8>,
    bounds: Bounds,
}

/// A value that `Debug` does not print: environment variables carry secrets.
#[derive(Clone)]
struct Secretive(OsString);

impl std::fmt::Debug for Secretive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

impl Command {
    /// Describes a run of `program`, a path or a name to be found in `PATH`.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            dir: None,
            allowed: ALWAYS_ALLOWED.iter().map(OsString::from).collect(),
            set: Vec::new(),
            stdin: Vec::new(),
            bounds: Bounds {
                timeout: TIMEOUT,
                grace: GRACE,
                drain: DRAIN,
                output_limit_bytes: OUTPUT_LIMIT_BYTES,
            },
        }
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets the directory the child starts in. Default: ours.
    pub fn current_dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = Some(dir.as_ref().to_owned());
        self
    }

    /// Lets the child see further variables of our environment, where they are set.
    pub fn env_allow(mut self, keys: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.allowed.extend(keys.into_iter().map(|key| key.as_ref().to_owned()));
        self
    }

    /// Sets a variable in the child's environment; it wins over one of ours.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.set.push((key.as_ref().to_owned(), Secretive(value.as_ref().to_owned())));
        self
    }

    /// Sets how long the child may run. Default 60 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.bounds.timeout = timeout;
        self
    }

    /// Sets how long the group has between SIGTERM and SIGKILL. Default 2 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.bounds.grace = grace;
        self
    }

    /// Sets how long an output pipe may stay open after the child has ended. Default 1 s.
    pub fn drain(mut self, drain: Duration) -> Self {
        self.bounds.drain = drain;
        self
    }

    /// Sets how many bytes of each output stream are kept. Default 1 MiB.
    ///
    /// Of a longer stream the beginning and the end are kept, half the limit each. The child is
    /// never blocked by it: what is not kept is read all the same.
    pub fn output_limit(mut self, limit_bytes: usize) -> Self {
        self.bounds.output_limit_bytes = limit_bytes;
        self
    }

    /// Sets what the child reads from standard input. Default: nothing.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Runs the program to its end and returns how it ended and what it said.
    ///
    /// A program that ends with another exit code than zero, or by a signal, is no error here:
    /// see [`Output::exit`].
    ///
    /// # Errors
    ///
    /// [`RunError`]: the program could not be started or watched, or did not end in time.
    pub fn run(self) -> Result<Output, RunError> {
        let program = PathBuf::from(&self.program);
        let child = self.spawn()?;
        supervise(child, &program, self.stdin, &self.bounds)
    }

    fn spawn(&self) -> Result<Child, RunError> {
        if let Some(dir) = &self.dir {
            // The system reports an absent directory as if the program were absent.
            if !dir.is_dir() {
                let program = PathBuf::from(&self.program);
                return Err(RunError::Directory { program, dir: dir.clone() });
            }
        }
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.args).env_clear().process_group(0);
        for key in &self.allowed {
            if let Some(value) = std::env::var_os(key) {
                command.env(key, value);
            }
        }
        command.envs(self.set.iter().map(|(key, value)| (key, &value.0)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        let stdin = if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|source| self.explain(source))
    }

    fn explain(&self, source: io::Error) -> RunError {
        let program = PathBuf::from(&self.program);
        let is_path = program.components().count() > 1;
        match source.kind() {
            io::ErrorKind::NotFound if is_path && program.exists() => {
                RunError::NoInterpreter { program, source }
            }
            io::ErrorKind::NotFound => RunError::NotFound { program, source },
            io::ErrorKind::PermissionDenied => RunError::NotExecutable { program, source },
            _ => RunError::Start { program, source },
        }
    }
}
