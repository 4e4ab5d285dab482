//! Ports for servers that are started by a test.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// Returns a TCP port on 127.0.0.1 that nothing listened on a moment ago.
///
/// The port is free again when this returns, so another process may take it first: bind it soon, and start
/// again with a new port if that fails.
///
/// # Errors
///
/// When the kernel has no port to give.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
