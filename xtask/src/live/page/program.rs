//! The program while it serves a page.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::{command, machine};

const START: Duration = Duration::from_secs(60);
const END: Duration = Duration::from_secs(30);

/// A program that runs, and what it says.
pub(in crate::live) struct Program {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Program {
    pub(in crate::live) fn start(
        plimsoll: &Path,
        dir: &Path,
        args: &[&str],
    ) -> anyhow::Result<Self> {
        let mut program = Command::new(plimsoll);
        program.args(args).current_dir(dir).stdin(Stdio::null());
        program.stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in ["CARGO", "CARGO_PKG_NAME", "PLIMSOLL_CONFIG"] {
            program.env_remove(name);
        }
        let mut child = program.spawn().context("cannot start plimsoll")?;
        let out = lines(child.stdout.take().context("no output")?);
        let err = lines(child.stderr.take().context("no error output")?);
        Ok(Self { child, out, err })
    }

    /// The rest of the first line on stderr that begins so.
    pub(in crate::live) fn says(&self, begin: &str) -> anyhow::Result<String> {
        after(&self.err, begin)
    }

    /// The rest of the first line on stdout that begins so.
    pub(in crate::live) fn prints(&self, begin: &str) -> anyhow::Result<String> {
        after(&self.out, begin)
    }

    /// Ends it as Ctrl-C does; it must say that all was well.
    pub(in crate::live) fn end(mut self) -> anyhow::Result<()> {
        command::signal("INT", &self.child.id().to_string())?;
        let begun = machine::now();
        while begun.elapsed() < END {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "it ended with {status}: {}", self.rest());
                return Ok(());
            }
            machine::pause(Duration::from_millis(20));
        }
        anyhow::bail!("it has not ended within {} s", END.as_secs())
    }

    fn rest(&self) -> String {
        self.err.try_iter().collect::<Vec<_>>().join(" | ")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What is written, line by line, so that the writer never waits.
fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            // Who asked may have heard enough; the pipe is emptied all the same.
            let _heard = send.send(line);
        }
    });
    receive
}

fn after(lines: &Receiver<String>, begin: &str) -> anyhow::Result<String> {
    let begun = machine::now();
    let mut said = Vec::new();
    loop {
        let left = START.saturating_sub(begun.elapsed());
        let line = lines.recv_timeout(left);
        let line = line.map_err(|_| anyhow::anyhow!("no line begins with `{begin}`: {said:?}"))?;
        if let Some(rest) = line.strip_prefix(begin) {
            return Ok(rest.to_owned());
        }
        said.push(line);
    }
}
