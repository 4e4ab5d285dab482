//! The plainest client: one connection, one request, whatever came back.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Sends a request on a connection of its own and returns everything up to the end of the connection.
pub(crate) fn post(to: SocketAddr, path: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    send(&mut stream, path, body)?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

pub(crate) fn send(stream: &mut TcpStream, path: &str, body: &str) -> io::Result<()> {
    let len = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {len}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes())
}
