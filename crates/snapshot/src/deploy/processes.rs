//! Services as plain processes that outlive the program that started them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::release::Launch;
use crate::disk::{Act, Disk, Watch};

/// What passes from our environment into every service's.
const ALWAYS_ALLOWED: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];
const POLL: Duration = Duration::from_millis(10);
/// How long a process that was just started may take to write its number down.
const PID_WAIT: Duration = Duration::from_secs(5);
const KILL_WAIT: Duration = Duration::from_secs(5);
/// Writes its number down, then becomes the service.
const WRAPPER: &str = r#"printf %s "$$" > "$0.new" && mv "$0.new" "$0" && exec "$@""#;

/// Starts and stops services. Whatever is asked for again and is so already is fine.
pub trait RunServices {
    /// Finds what a service runs by a name that can never mean anything else, such as the
    /// digest of an image, and sees that it is here. `None` if the files of the release are it.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    fn pin(&mut self, _launch: &Launch) -> Result<Option<String>, ServiceError> {
        Ok(None)
    }

    /// Starts a service, unless it runs.
    ///
    /// # Errors
    ///
    /// When it could not be started.
    fn start(&mut self, launch: &Launch, ticket: Option<&str>) -> Result<(), ServiceError>;

    /// Asks a service to end, and ends it if it does not; returns once it has ended.
    ///
    /// # Errors
    ///
    /// When it still runs.
    fn stop(&mut self, launch: &Launch) -> Result<&'static str, ServiceError>;

    /// Whether anything of it runs.
    ///
    /// # Errors
    ///
    /// When that is not known.
    fn is_running(&mut self, launch: &Launch) -> Result<bool, ServiceError>;

    /// What whoever runs it says of its health; `None` if nobody looks.
    ///
    /// # Errors
    ///
    /// When it is not well, or that is not known.
    fn health(&mut self, _launch: &Launch) -> Result<Option<String>, ServiceError> {
        Ok(None)
    }

    /// What it said last, for people.
    fn last_words(&mut self, launch: &Launch) -> String;
}

/// Why a service was not started or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// No program is named.
    #[error("service `{service}` names no program")]
    NoProgram {
        /// Which.
        service: String,
    },
    /// It could not be started.
    #[error("cannot start `{service}`")]
    Start {
        /// Which.
        service: String,
        /// Why.
        source: io::Error,
    },
    /// A file of its state could not be used.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is there, and its process has no number by which it could be ended.
    #[error("`{service}` runs, and its process is not known: end it by hand")]
    NoPid {
        /// Which.
        service: String,
    },
    /// Whatever runs it refused, or did not answer.
    #[error("`{service}`: {said}")]
    Engine {
        /// Which.
        service: String,
        /// What was said.
        said: String,
    },
    /// It did not end.
    #[error("`{service}` still runs after SIGKILL")]
    StillRuns {
        /// Which.
        service: String,
    },
}

/// Services as processes of this machine, each in a group of its own.
///
/// A service holds a lock for as long as it or a child of it lives, through its standard input;
/// so whether it runs is never guessed by a number that the system may have given away again.
#[derive(Debug, Clone)]
pub struct Processes {
    dir: PathBuf,
    variables: Vec<(String, String)>,
    disk: Disk,
}

impl Processes {
    /// Processes whose locks and logs are in that directory; `variables` is the environment
    /// that what is allowed is taken from.
    #[must_use]
    pub fn new(
        dir: impl Into<PathBuf>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let variables = variables.into_iter().collect();
        Self { dir: dir.into(), variables, disk: Disk::default() }
    }

    /// Lets `watch` see every change of a file before it is made.
    #[must_use]
    pub fn watched(mut self, watch: Arc<dyn Watch>) -> Self {
        self.disk = Disk::watched(watch);
        self
    }

    fn path(&self, launch: &Launch, what: &str) -> PathBuf {
        self.dir.join(format!("{}.{what}", launch.instance()))
    }

    fn open(&self, launch: &Launch, what: &str) -> Result<File, ServiceError> {
        let path = self.path(launch, what);
        fs::create_dir_all(&self.dir)
            .map_err(|source| ServiceError::Io { path: self.dir.clone(), source })?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        if !path.exists() {
            let created = self.disk.before(&Act::Create { path: &path });
            created.map_err(|source| ServiceError::Io { path: path.clone(), source })?;
        }
        options.open(&path).map_err(|source| ServiceError::Io { path, source })
    }

    /// The lock of an instance, if it does not run.
    fn lock(&self, launch: &Launch) -> Result<Option<File>, ServiceError> {
        let file = self.open(launch, "lock")?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(source)) => {
                Err(ServiceError::Io { path: self.path(launch, "lock"), source })
            }
        }
    }

    fn wait_until_ended(&self, launch: &Launch, max: Duration) -> Result<bool, ServiceError> {
        let began = now();
        while self.lock(launch)?.is_none() {
            if began.elapsed() >= max {
                return Ok(false);
            }
            pause();
        }
        Ok(true)
    }

    /// The group of a running service.
    fn group(&self, launch: &Launch) -> Result<Option<Pid>, ServiceError> {
        let began = now();
        while began.elapsed() < PID_WAIT {
            let text = fs::read_to_string(self.path(launch, "pid")).unwrap_or_default();
            if let Some(pid) = text.trim().parse().ok().and_then(Pid::from_raw) {
                return Ok(Some(pid));
            }
            if self.lock(launch)?.is_some() {
                return Ok(None);
            }
            pause();
        }
        Err(ServiceError::NoPid { service: launch.instance() })
    }
}

impl RunServices for Processes {
    fn start(&mut self, launch: &Launch, ticket: Option<&str>) -> Result<(), ServiceError> {
        let Some(lock) = self.lock(launch)? else { return Ok(()) };
        if launch.run.is_empty() {
            return Err(ServiceError::NoProgram { service: launch.instance() });
        }
        // The number of an earlier run would be taken for that of this one.
        let pid = self.path(launch, "pid");
        match fs::remove_file(&pid) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ServiceError::Io { path: pid, source }),
        }
        let log = self.open(launch, "log")?;
        let failed = |source| ServiceError::Start { service: launch.instance(), source };
        let starts = self.open(launch, "starts")?;
        let number = starts.metadata().map_err(failed)?.len();
        let mark = Act::Write { path: &self.path(launch, "starts"), offset: number, bytes: b"." };
        self.disk.before(&mark).map_err(failed)?;
        io::Write::write_all(&mut &starts, b".").map_err(failed)?;
        let words = launch.run.iter().map(|word| word.replace("{start}", &number.to_string()));
        let mut command = Command::new("sh");
        command.arg("-c").arg(WRAPPER).arg(&pid).args(words).current_dir(&launch.dir);
        command.env_clear().envs(
            self.variables
                .iter()
                .filter(|(name, _)| {
                    ALWAYS_ALLOWED.contains(&name.as_str()) || launch.env_allow.contains(name)
                })
                .map(|(name, value)| (name, value)),
        );
        command.envs(&launch.env);
        command.env("PLIMSOLL_LEASE_TICKET", ticket.unwrap_or_default());
        command.stdout(log.try_clone().map_err(failed)?).stderr(log);
        // The lock goes with the process: it is of the open file, not of ours.
        command.stdin(Stdio::from(lock)).process_group(0);
        command.spawn().map(drop).map_err(failed)
    }

    fn stop(&mut self, launch: &Launch) -> Result<&'static str, ServiceError> {
        if self.lock(launch)?.is_some() {
            return Ok("had ended");
        }
        let Some(group) = self.group(launch)? else { return Ok("had ended") };
        let grace = Duration::from_secs(u64::from(launch.stop_secs));
        for (signal, wait, how) in
            [(Signal::TERM, grace, "ended when asked"), (Signal::KILL, KILL_WAIT, "was killed")]
        {
            // It may end between the look and the signal; the look after it tells.
            rustix::process::kill_process_group(group, signal).unwrap_or_default();
            if self.wait_until_ended(launch, wait)? {
                return Ok(how);
            }
        }
        Err(ServiceError::StillRuns { service: launch.instance() })
    }

    fn is_running(&mut self, launch: &Launch) -> Result<bool, ServiceError> {
        Ok(self.lock(launch)?.is_none())
    }

    fn last_words(&mut self, launch: &Launch) -> String {
        let text = fs::read(self.path(launch, "log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        let lines: Vec<&str> = lines.into_iter().rev().collect();
        plimsoll_redact::mask(&lines.join(" | "), &plimsoll_redact::Rules::default()).into_owned()
    }
}

/// A number that no other start of a service has.
#[allow(clippy::disallowed_methods, reason = "tells starts apart, at the edge")]
pub(super) fn start_number() -> u128 {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_nanos()
}

#[allow(clippy::disallowed_methods, reason = "a bounded wait for another process, at the edge")]
fn pause() {
    std::thread::sleep(POLL);
}

#[allow(clippy::disallowed_methods, reason = "measures a bounded wait, at the edge")]
fn now() -> Instant {
    Instant::now()
}
