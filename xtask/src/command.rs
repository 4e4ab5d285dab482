//! Child processes with a bound on their time.

use std::io::{IsTerminal, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::machine;

const POLL: Duration = Duration::from_millis(50);

/// What a child wrote and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command that writes to our own output. An error when it could not start or took longer than `limit`.
pub(crate) fn run(command: &mut Command, limit: Duration) -> anyhow::Result<ExitStatus> {
    let shown = shown(command);
    let is_grouped = own_group(command);
    let mut child =
        command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot start {shown}"))?;
    wait(&mut child, limit, is_grouped).with_context(|| shown)
}

/// Runs a command and keeps what it writes.
pub(crate) fn capture(command: &mut Command, limit: Duration) -> anyhow::Result<Output> {
    let shown = shown(command);
    let is_grouped = own_group(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {shown}"))?;
    let out = child.stdout.take().map(read_on_a_thread);
    let err = child.stderr.take().map(read_on_a_thread);
    let status = wait(&mut child, limit, is_grouped).with_context(|| shown)?;
    let joined = |reading: Option<thread::JoinHandle<Vec<u8>>>| {
        let bytes = reading.map(thread::JoinHandle::join).transpose().ok().flatten();
        String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
    };
    Ok(Output { status, stdout: joined(out), stderr: joined(err) })
}

/// Runs a command and returns its standard output; an error with the end of its error output if it fails.
pub(crate) fn stdout_of(command: &mut Command, limit: Duration) -> anyhow::Result<String> {
    let shown = shown(command);
    let output = capture(command, limit)?;
    if !output.status.success() {
        bail!("{shown} ended with {}: {}", output.status, last_lines(&output.stderr, 5));
    }
    Ok(output.stdout)
}

/// The end of a long text, on one line.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.iter().skip(lines.len().saturating_sub(count)).copied().collect::<Vec<_>>().join(" | ")
}

fn read_on_a_thread(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        match from.read_to_end(&mut bytes) {
            Ok(_) => bytes,
            Err(error) => format!("<output could not be read: {error}>").into_bytes(),
        }
    })
}

/// Puts the child into a group of its own, so that its own children end with it. Not at a terminal: there,
/// Ctrl-C has to reach it.
fn own_group(command: &mut Command) -> bool {
    let is_grouped = !std::io::stdin().is_terminal();
    if is_grouped {
        command.process_group(0);
    }
    is_grouped
}

fn wait(child: &mut Child, limit: Duration, is_grouped: bool) -> anyhow::Result<ExitStatus> {
    let start = machine::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if start.elapsed() > limit {
            if is_grouped {
                signal("KILL", &format!("-{}", child.id()))?;
            }
            child.kill()?;
            child.wait()?;
            bail!("still running after {} s, killed", limit.as_secs());
        }
        machine::pause(POLL);
    }
}

/// Sends a signal by name to a process, or to a group (`-ID`). The shell's own `kill` is on every machine.
pub(crate) fn signal(name: &str, target: &str) -> anyhow::Result<()> {
    let script = r#"kill -s "$1" -- "$2""#;
    let status = Command::new("sh")
        .args(["-c", script, "sh", name, target])
        .stderr(Stdio::null())
        .status()?;
    if status.success() { Ok(()) } else { bail!("cannot send SIG{name} to {target}") }
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    format!("`{}`", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_takes_too_long_is_killed() {
        let mut command = Command::new("sh");
        command.args(["-c", "exec sleep 600"]);
        let error = run(&mut command, Duration::ZERO).unwrap_err();
        assert!(format!("{error:#}").contains("still running"), "{error:#}");
    }

    #[test]
    fn a_failure_shows_the_end_of_what_was_written() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one >&2; echo two >&2; exit 3"]);
        let error = stdout_of(&mut command, Duration::from_secs(60)).unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.ends_with("one | two"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut Command::new("no-such-program-x"), Duration::ZERO).unwrap_err();
        assert!(error.to_string().contains("cannot start `no-such-program-x`"), "{error}");
    }
}
