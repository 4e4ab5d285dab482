//! What systemd is told of this process: ready, alive, reloading, stopping. Without systemd, nothing.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::moment::Stopwatch;

/// The socket that systemd listens on, if it started this process.
#[derive(Debug)]
pub(crate) struct Service {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants to hear that this process is alive.
    every: Option<Duration>,
    told: Option<Stopwatch>,
}

impl Service {
    /// By the variables that systemd sets.
    #[allow(
        clippy::disallowed_methods,
        reason = "a command is the edge that reads its environment"
    )]
    pub(crate) fn of_process() -> Self {
        let path = std::env::var_os("NOTIFY_SOCKET").filter(|path| !path.is_empty());
        let address = path.and_then(|path| address(&path));
        let socket = address.zip(UnixDatagram::unbound().ok());
        let us = std::env::var("WATCHDOG_USEC").ok().and_then(|us| us.parse::<u64>().ok());
        // Half of the bound, as sd_watchdog_enabled(3) recommends.
        let every = us.filter(|us| *us > 0).map(|us| Duration::from_micros(us / 2));
        Self { socket: socket.map(|(address, socket)| (socket, address)), every, told: None }
    }

    /// Requests are answered.
    pub(crate) fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={}\n", status.replace('\n', " ")));
    }

    /// The configuration is read again; [`Service::ready`] ends it.
    pub(crate) fn reloading(&self) {
        self.tell("RELOADING=1\n");
    }

    /// Nothing new is taken.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1\n");
    }

    /// The loop came around; told as often as systemd wants to hear it.
    pub(crate) fn alive(&mut self) {
        let Some(every) = self.every else { return };
        if self.told.is_none_or(|at| at.elapsed() >= every) {
            self.told = Some(Stopwatch::start());
            self.tell("WATCHDOG=1\n");
        }
    }

    fn tell(&self, text: &str) {
        if let Some((socket, address)) = &self.socket
            && let Err(error) = socket.send_to_addr(text.as_bytes(), address)
        {
            eprintln!("systemd cannot be told: {error}");
        }
    }
}

/// A path, or an abstract name that begins with `@`.
fn address(path: &OsStr) -> Option<SocketAddr> {
    match path.as_bytes().strip_prefix(b"@") {
        None => SocketAddr::from_pathname(path).ok(),
        #[cfg(target_os = "linux")]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt as _;
            SocketAddr::from_abstract_name(name).ok()
        }
        #[cfg(not(target_os = "linux"))]
        Some(_) => None,
    }
}
