//! Runs the binary in a directory of its own, with a bound on every wait.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longest that any run may take.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The binary with arguments, in `dir`, without this process's cargo and color settings.
pub(crate) fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.args(args).current_dir(dir).stdin(Stdio::null());
    for name in ["CARGO", "CARGO_PKG_NAME", "NO_COLOR"] {
        command.env_remove(name);
    }
    command
}

/// Runs it to its end.
#[track_caller]
pub(crate) fn plimsoll(dir: &Path, args: &[&str]) -> Ran {
    ended(&mut command(dir, args))
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn ended(command: &mut Command) -> Ran {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let output = wait(child);
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn wait(mut child: Child) -> Output {
    let out = reader(child.stdout.take().unwrap());
    let err = reader(child.stderr.take().unwrap());
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > WAIT_MAX {
            child.kill().unwrap();
            panic!("no end after {WAIT_MAX:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Output { status, stdout: out.join().unwrap(), stderr: err.join().unwrap() }
}

fn reader(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// A process that is killed when the test ends, however it ends.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    #[track_caller]
    pub(crate) fn start(dir: &Path, args: &[&str]) -> Self {
        Self::start_with(dir, args, Stdio::null())
    }

    /// With stderr to somewhere.
    #[track_caller]
    pub(crate) fn start_with(dir: &Path, args: &[&str], err: Stdio) -> Self {
        Self::spawn(command(dir, args).stderr(err))
    }

    /// A command as it is.
    #[track_caller]
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// The next line on stdout; empty at its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; returns the exit code and what stdout still had.
    #[track_caller]
    pub(crate) fn terminate(self) -> (i32, String) {
        self.ended_by("-TERM")
    }

    /// SIGINT, as Ctrl-C; returns the exit code and what stdout still had.
    #[track_caller]
    pub(crate) fn interrupt(self) -> (i32, String) {
        self.ended_by("-INT")
    }

    #[track_caller]
    fn ended_by(mut self, signal: &str) -> (i32, String) {
        let pid = self.pid();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let began = Instant::now();
        while began.elapsed() < WAIT_MAX {
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut rest = String::new();
                self.out.read_to_string(&mut rest).unwrap();
                return (status.code().unwrap_or(-1), rest);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{signal} did not end it within {WAIT_MAX:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
