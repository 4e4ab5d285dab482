//! One request per connection: bounded head, bounded body, bounded time.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::routes::ApiError;

const HEAD_BYTES_MAX: usize = 8 * 1024;
const BODY_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Vec<u8>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// Reads a request, has it answered and closes the connection.
pub(super) fn answer(
    mut connection: TcpStream,
    timeout: Duration,
    route: impl FnOnce(&Request) -> Answer,
) {
    let limits = connection
        .set_read_timeout(Some(timeout))
        .and_then(|()| connection.set_write_timeout(Some(timeout)));
    if limits.is_err() {
        return;
    }
    let answer = match read(&mut connection, timeout) {
        Ok(request) => route(&request),
        Err(answer) => answer,
    };
    // A client that went away cannot be told anything.
    drop(write(&mut connection, &answer));
}

/// Tells a client that too many are waiting.
pub(super) fn refuse_busy(mut connection: TcpStream) {
    let answer = refusal(503, "too many connections are waiting", "try again");
    let limit = connection.set_write_timeout(Some(Duration::from_millis(100)));
    if limit.is_ok() {
        // A client that went away cannot be told anything.
        drop(write(&mut connection, &answer));
    }
}

pub(super) fn refusal(status: u16, error: &str, hint: &str) -> Answer {
    let body = ApiError { error: error.to_owned(), hint: hint.to_owned() };
    Answer { status, body: serde_json::to_value(body).unwrap_or(Value::Null) }
}

#[allow(clippy::disallowed_methods, reason = "the deadline of a connection is kept at the edge")]
fn read(connection: &mut TcpStream, timeout: Duration) -> Result<Request, Answer> {
    let deadline = Instant::now() + timeout;
    let mut bytes = Vec::new();
    loop {
        if let Some(request) = parse(&bytes)? {
            return Ok(request);
        }
        if Instant::now() > deadline {
            return Err(refusal(408, "the request took too long", "send it at once"));
        }
        let mut chunk = [0; 4096];
        match connection.read(&mut chunk) {
            Ok(0) => return Err(refusal(400, "the request ended early", "send all of it")),
            Ok(count) => bytes.extend_from_slice(chunk.get(..count).unwrap_or(&[])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(refusal(408, "the request took too long", "send it at once")),
        }
    }
}

/// Returns the request when all of it is there.
fn parse(bytes: &[u8]) -> Result<Option<Request>, Answer> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Request::new(&mut headers);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() > HEAD_BYTES_MAX => {
            return Err(refusal(431, "the head is too large", "at most 8 KiB"));
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(refusal(400, &format!("no HTTP request: {error}"), "HTTP/1.1")),
    };
    let find =
        |name: &str| head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    if find("transfer-encoding").is_some() {
        return Err(refusal(501, "transfer-encoding is not understood", "send content-length"));
    }
    let body_length = match find("content-length") {
        None => 0,
        Some(header) => std::str::from_utf8(header.value)
            .ok()
            .and_then(|text| text.trim().parse::<usize>().ok())
            .ok_or_else(|| refusal(400, "content-length is no number", "send bytes in decimal"))?,
    };
    if body_length > BODY_BYTES_MAX {
        return Err(refusal(413, "the body is too large", "at most 64 KiB"));
    }
    let Some(body) = bytes.get(length..length + body_length) else { return Ok(None) };
    let target = head.path.unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Ok(Some(Request {
        method: head.method.unwrap_or("GET").to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        body: body.to_vec(),
    }))
}

fn write(connection: &mut TcpStream, answer: &Answer) -> io::Result<()> {
    let body = serde_json::to_vec(&answer.body)?;
    let reason = if answer.status < 400 { "OK" } else { "Refused" };
    let head = format!(
        "HTTP/1.1 {} {reason}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        answer.status,
        body.len()
    );
    connection.write_all(head.as_bytes())?;
    connection.write_all(&body)?;
    connection.flush()
}
