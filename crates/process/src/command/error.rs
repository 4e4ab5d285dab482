//! Why a program did not run to its end.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::Output;

/// Why a program did not run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// There is no such program.
    #[error(
        "cannot find the program `{}`: install it, add its directory to PATH, or give its path",
        program.display()
    )]
    NotFound {
        /// The program as given.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is there, but what its first line or its header asks for to run it is not.
    #[error(
        "`{}` is there, but its interpreter is not: look at its first line, or at the system it is built for",
        program.display()
    )]
    NoInterpreter {
        /// The program as given.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file may not be executed.
    #[error("`{}` may not be executed: set its execute permission, or give a program", program.display())]
    NotExecutable {
        /// The program as given.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory to start in is not there.
    #[error("cannot start `{}` in `{}`: no such directory", program.display(), dir.display())]
    Directory {
        /// The program as given.
        program: PathBuf,
        /// The directory as given.
        dir: PathBuf,
    },
    /// The system refused to start the program for another reason.
    #[error("cannot start `{}`", program.display())]
    Start {
        /// The program as given.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program ran longer than allowed; it and its group have been ended.
    #[error("`{}` did not end within {} ms and was stopped", program.display(), timeout.as_millis())]
    TimedOut {
        /// The program as given.
        program: PathBuf,
        /// How long it was allowed to run.
        timeout: Duration,
        /// How it was ended and what it had said.
        output: Box<Output>,
    },
    /// The running program could not be watched; it and its group have been killed.
    #[error("cannot watch `{}` while it runs", program.display())]
    Watch {
        /// The program as given.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program did not end in time and not even on SIGKILL: the system keeps it, most often
    /// in a wait for a disk or a network file system. It may still run.
    #[error("`{}` (process {pid}) did not end {} ms after SIGKILL", program.display(), waited.as_millis())]
    Unkillable {
        /// The program as given.
        program: PathBuf,
        /// Its process id, which is also the id of its group.
        pid: u32,
        /// How long we waited after SIGKILL.
        waited: Duration,
    },
}
