//! The pipes to and from a child, read and written without ever blocking.

use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{ChildStderr, ChildStdin, ChildStdout};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};

use crate::captured::{Capture, Captured};

const CHUNK_BYTES: usize = 64 * 1024;

pub(super) struct Pipes {
    stdout: Reading<ChildStdout>,
    stderr: Reading<ChildStderr>,
    stdin: Option<ChildStdin>,
    input: Vec<u8>,
    sent: usize,
    exited: Option<PipeReader>,
    chunk: Vec<u8>,
}

struct Reading<R> {
    pipe: Option<R>,
    capture: Capture,
}

impl Pipes {
    pub(super) fn new(
        stdout: Option<ChildStdout>,
        stderr: Option<ChildStderr>,
        limit_bytes: usize,
    ) -> io::Result<Self> {
        Ok(Self {
            stdout: Reading::new(stdout, limit_bytes)?,
            stderr: Reading::new(stderr, limit_bytes)?,
            stdin: None,
            input: Vec::new(),
            sent: 0,
            exited: None,
            chunk: vec![0; CHUNK_BYTES],
        })
    }

    pub(super) fn feed(&mut self, stdin: Option<ChildStdin>, input: Vec<u8>) -> io::Result<()> {
        if let Some(pipe) = &stdin {
            ioctl_fionbio(pipe, true)?;
        }
        self.stdin = stdin;
        self.input = input;
        Ok(())
    }

    pub(super) fn watch_exit(&mut self, exited: PipeReader) {
        self.exited = Some(exited);
    }

    pub(super) fn has_exited(&self) -> bool {
        self.exited.is_none()
    }

    pub(super) fn outputs_closed(&self) -> bool {
        self.stdout.pipe.is_none() && self.stderr.pipe.is_none()
    }

    pub(super) fn unsent_bytes(&self) -> u64 {
        u64::try_from(self.input.len().saturating_sub(self.sent)).unwrap_or(u64::MAX)
    }

    pub(super) fn finish(self) -> (Captured, Captured) {
        (self.stdout.capture.finish(), self.stderr.capture.finish())
    }

    /// Waits until something can be done or the time is over, and does one piece of each.
    pub(super) fn turn(&mut self, wait_max: Option<Duration>) -> io::Result<()> {
        self.wait(wait_max)?;
        self.stdout.take_chunk(&mut self.chunk)?;
        self.stderr.take_chunk(&mut self.chunk)?;
        self.send_chunk()?;
        let mut byte = [0_u8];
        if self.exited.as_ref().is_some_and(|pipe| is_ready(pipe.as_fd())) {
            if let Some(pipe) = self.exited.as_mut() {
                retry(|| pipe.read(&mut byte))?;
            }
            self.exited = None;
        }
        Ok(())
    }

    fn wait(&self, wait_max: Option<Duration>) -> io::Result<()> {
        let mut fds = Vec::with_capacity(4);
        if let Some(pipe) = &self.stdout.pipe {
            fds.push(PollFd::new(pipe, PollFlags::IN));
        }
        if let Some(pipe) = &self.stderr.pipe {
            fds.push(PollFd::new(pipe, PollFlags::IN));
        }
        if let Some(pipe) = &self.stdin {
            fds.push(PollFd::new(pipe, PollFlags::OUT));
        }
        if let Some(pipe) = &self.exited {
            fds.push(PollFd::new(pipe, PollFlags::IN));
        }
        let wait_max = wait_max.and_then(|wait| Timespec::try_from(wait).ok());
        match poll(&mut fds, wait_max.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn send_chunk(&mut self) -> io::Result<()> {
        let Some(pipe) = self.stdin.as_mut() else { return Ok(()) };
        let rest = self.input.get(self.sent..).unwrap_or_default();
        match retry(|| pipe.write(rest)) {
            Ok(0) => self.stdin = None,
            Ok(sent) => self.sent = self.sent.saturating_add(sent),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // The child does not read on, which is its right; what is unsent is counted.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.stdin = None,
            Err(error) => return Err(error),
        }
        if self.sent == self.input.len() {
            self.stdin = None;
        }
        Ok(())
    }
}

impl<R: Read + AsFd> Reading<R> {
    fn new(pipe: Option<R>, limit_bytes: usize) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            ioctl_fionbio(pipe, true)?;
        }
        Ok(Self { pipe, capture: Capture::new(limit_bytes) })
    }

    fn take_chunk(&mut self, chunk: &mut [u8]) -> io::Result<()> {
        let Some(pipe) = self.pipe.as_mut() else { return Ok(()) };
        match retry(|| pipe.read(chunk)) {
            Ok(0) => self.pipe = None,
            Ok(len) => self.capture.push(chunk.get(..len).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

fn is_ready(fd: BorrowedFd<'_>) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&now)).is_ok_and(|ready| ready > 0)
}

fn retry<T>(mut action: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match action() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
