//! A small HTTP client that sends exactly what a test says, and a station to send it to.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use plimsoll_station::{Station, StationOptions};
use serde_json::Value;
use tempfile::TempDir;

/// Longest wait for an answer.
const WAIT: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// One request on a connection of its own.
pub(crate) fn send(
    to: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(WAIT)).unwrap();
    let mut head = format!("{method} {target} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head.push_str(&format!("host: {to}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).unwrap();
    // A station that refuses by the head may have closed already.
    drop(stream.write_all(body));
    receive(&mut stream)
}

pub(crate) fn receive(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    drop(stream.read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no reply: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// A station with a store in a directory of its own.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) station: Station,
    pub(crate) dir: TempDir,
}

impl Running {
    pub(crate) fn start(change: impl FnOnce(StationOptions) -> StationOptions) -> Self {
        let dir = TempDir::new().unwrap();
        let options = StationOptions::new(dir.path().join("store.db"))
            .with_durability(plimsoll_metrics::Durability::Process)
            .without_upkeep();
        Self { station: Station::start(change(options)).unwrap(), dir }
    }

    pub(crate) fn write(&self, body: impl AsRef<[u8]>) -> Reply {
        send(self.station.address(), "POST", "/write", &[], body.as_ref())
    }

    pub(crate) fn get(&self, target: &str) -> Reply {
        send(self.station.address(), "GET", target, &[], b"")
    }

    pub(crate) fn query(&self, sql: &str) -> Value {
        self.get(&format!("/api/query?query={}", escape(sql))).is(200).json()
    }

    /// The first cell of a query.
    #[track_caller]
    pub(crate) fn cell(&self, sql: &str) -> Value {
        self.query(sql)["dataset"][0][0].clone()
    }
}

/// As in a query string.
pub(crate) fn escape(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric();
    text.bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
