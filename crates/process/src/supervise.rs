//! Watching a child, its pipes and the clock in one loop, and leaving nothing of it behind.

mod pipes;

use std::io::{self, PipeReader};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::RunError;
use crate::output::{Exit, Output};
use pipes::Pipes;

/// How long the system may take to end a process after SIGKILL.
const KILL_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long the pipes may take to close after the last of the group was killed.
const CLOSE_WAIT_MAX: Duration = Duration::from_millis(200);

#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    pub(crate) timeout: Duration,
    pub(crate) grace: Duration,
    pub(crate) drain: Duration,
    pub(crate) output_limit_bytes: usize,
}

/// A child whose group is killed when this is dropped.
struct Group {
    child: Child,
    pid: Pid,
    given_up: bool,
}

impl Group {
    // Invariant: the child is not reaped before the last signal, so its id, and with it the id
    // of the group, cannot mean another process.
    fn signal(&self, signal: Signal) {
        // The one error that can come is that the group has ended, which is what is wanted.
        kill_process_group(self.pid, signal).unwrap_or_default();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        if !self.given_up {
            self.child.wait().map(drop).unwrap_or_default();
        }
    }
}

#[derive(Clone, Copy)]
enum Phase {
    Running {
        until: Option<Instant>,
    },
    Terminating {
        until: Instant,
    },
    Killed {
        until: Instant,
    },
    /// The child has ended; its outputs may still be open in other processes.
    Draining {
        until: Instant,
    },
    Closing {
        until: Instant,
    },
}

enum End {
    /// All is read, or nobody of the group is left to write.
    Done {
        pipe_left_open: bool,
    },
    Unkillable,
}

#[allow(clippy::disallowed_methods, reason = "a timeout of another process needs the clock")]
pub(crate) fn supervise(
    mut child: Child,
    program: &Path,
    stdin: Vec<u8>,
    bounds: &Bounds,
) -> Result<Output, RunError> {
    let started = Instant::now();
    let watch = |source| RunError::Watch { program: program.to_owned(), source };
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let input = child.stdin.take();
    let mut group = Group { pid: Pid::from_child(&child), child, given_up: false };
    let exited = announce_exit(group.pid).map_err(watch)?;
    let mut pipes = Pipes::new(stdout, stderr, bounds.output_limit_bytes).map_err(watch)?;
    pipes.feed(input, stdin).map_err(watch)?;
    pipes.watch_exit(exited);
    let mut timed_out = false;
    let end = attend(&group, &mut pipes, bounds, &mut timed_out).map_err(watch)?;
    let End::Done { pipe_left_open } = end else {
        group.given_up = true;
        return Err(RunError::Unkillable {
            program: program.to_owned(),
            pid: group.child.id(),
            waited: KILL_WAIT_MAX,
        });
    };
    group.signal(Signal::KILL);
    let status = group.child.wait().map_err(watch)?;
    group.given_up = true;
    let stdin_unsent_bytes = pipes.unsent_bytes();
    let (stdout, stderr) = pipes.finish();
    let elapsed = started.elapsed();
    let exit = Exit::of(status);
    let output = Output { exit, stdout, stderr, stdin_unsent_bytes, pipe_left_open, elapsed };
    if timed_out {
        let (program, timeout) = (program.to_owned(), bounds.timeout);
        return Err(RunError::TimedOut { program, timeout, output: Box::new(output) });
    }
    Ok(output)
}

/// Moves bytes and keeps the deadlines until the child has ended and its outputs are closed.
#[allow(clippy::disallowed_methods, reason = "a timeout of another process needs the clock")]
fn attend(
    group: &Group,
    pipes: &mut Pipes,
    bounds: &Bounds,
    timed_out: &mut bool,
) -> io::Result<End> {
    // A timeout too far away to be a moment is no timeout.
    let mut phase = Phase::Running { until: Instant::now().checked_add(bounds.timeout) };
    loop {
        let now = Instant::now();
        let ended = pipes.has_exited();
        if ended && pipes.outputs_closed() {
            return Ok(End::Done { pipe_left_open: false });
        }
        phase = match phase {
            Phase::Draining { until } if now >= until => {
                group.signal(Signal::KILL);
                Phase::Closing { until: now + CLOSE_WAIT_MAX }
            }
            Phase::Closing { until } if now >= until => {
                return Ok(End::Done { pipe_left_open: true });
            }
            Phase::Draining { .. } | Phase::Closing { .. } => phase,
            _ if ended => {
                let drain = if *timed_out { Duration::ZERO } else { bounds.drain };
                let until = now.checked_add(drain).unwrap_or(now + KILL_WAIT_MAX);
                Phase::Draining { until }
            }
            Phase::Running { until: Some(until) } if now >= until => {
                *timed_out = true;
                group.signal(Signal::TERM);
                let until = now.checked_add(bounds.grace).unwrap_or(now + KILL_WAIT_MAX);
                Phase::Terminating { until }
            }
            Phase::Terminating { until } if now >= until => {
                group.signal(Signal::KILL);
                Phase::Killed { until: now + KILL_WAIT_MAX }
            }
            Phase::Killed { until } if now >= until => return Ok(End::Unkillable),
            _ => phase,
        };
        let until = match phase {
            Phase::Running { until } => until,
            Phase::Terminating { until }
            | Phase::Killed { until }
            | Phase::Draining { until }
            | Phase::Closing { until } => Some(until),
        };
        pipes.turn(until.map(|until| until.saturating_duration_since(now)))?;
    }
}

/// Returns a pipe that closes when the process ends. The process is not reaped.
fn announce_exit(pid: Pid) -> io::Result<PipeReader> {
    let (reader, writer) = io::pipe()?;
    std::thread::Builder::new().name("plimsoll-process-wait".to_owned()).spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(pid), options).is_err_and(|error| error == Errno::INTR) {}
        drop(writer);
    })?;
    Ok(reader)
}
