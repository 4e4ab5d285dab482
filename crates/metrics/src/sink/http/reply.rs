//! Reading a reply: status, the few headers that matter, a bounded body.

use std::io::{self, BufRead as _, BufReader, Read};

use super::{Deadline, is_timeout, stream::Stream};

/// Longest head of a reply, in bytes.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// How much of a body is read past what is kept, so that the connection can be used again.
const DRAIN_BYTES_MAX: usize = 1 << 20;

/// A server's reply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header `Server`; empty when absent.
    pub server: String,
    /// The body, as far as it is kept.
    pub body: Vec<u8>,
    /// The body was longer than [`HttpOptions::response_bytes_max`](super::HttpOptions).
    pub truncated: bool,
}

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum Fault {
    TimedOut,
    /// The connection ended before any byte of the reply.
    Stale(Option<io::Error>),
    /// The connection ended within the reply.
    Broken(Option<io::Error>),
    Malformed(String),
}

/// Reads one reply; the flag says whether the connection can be used again.
pub(super) fn read(
    stream: &mut Stream,
    deadline: Deadline,
    keep: usize,
) -> Result<(Response, bool), Fault> {
    let mut input = BufReader::new(Timed { stream, deadline });
    match input.fill_buf() {
        Ok([]) => return Err(Fault::Stale(None)),
        Ok(_) => {}
        Err(e) if is_timeout(&e) => return Err(Fault::TimedOut),
        Err(e) => return Err(Fault::Stale(Some(e))),
    }
    let mut head = Head::read(&mut input)?;
    // 1xx replies only announce the real one; a few are plenty.
    for _ in 0..4 {
        if !(100..200).contains(&head.status) {
            break;
        }
        head = Head::read(&mut input)?;
    }
    let mut body = Body { kept: Vec::new(), keep, read: 0 };
    let mut reusable = head.keep_alive;
    if matches!(head.status, 100..=199 | 204 | 304) {
    } else if head.chunked {
        body.chunks(&mut input)?;
    } else if let Some(length) = head.length {
        body.take(&mut input, length)?;
    } else {
        body.rest(&mut input)?;
        reusable = false;
    }
    let truncated = body.read > body.kept.len();
    if body.is_over() || !input.buffer().is_empty() {
        reusable = false;
    }
    Ok((
        Response { status: head.status, server: head.server, body: body.kept, truncated },
        reusable,
    ))
}

/// Reads from a socket until a deadline.
struct Timed<'s> {
    stream: &'s mut Stream,
    deadline: Deadline,
}

impl Read for Timed<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.left().ok_or(io::ErrorKind::TimedOut)?;
        self.stream.set_read_timeout(left)?;
        self.stream.read(to)
    }
}

type Input<'s> = BufReader<Timed<'s>>;

#[derive(Default)]
struct Head {
    status: u16,
    server: String,
    length: Option<usize>,
    chunked: bool,
    keep_alive: bool,
}

impl Head {
    fn read(input: &mut Input<'_>) -> Result<Self, Fault> {
        let mut left = HEAD_BYTES_MAX;
        let status_line = line(input, &mut left)?;
        let malformed = || Fault::Malformed(format!("status line `{}`", short(&status_line)));
        let (version, rest) = status_line.split_once(' ').ok_or_else(malformed)?;
        let minor = version.strip_prefix("HTTP/1.").ok_or_else(malformed)?;
        let status = rest.split(' ').next().and_then(|s| s.parse().ok());
        let status = status.filter(|s| (100..600).contains(s)).ok_or_else(malformed)?;
        let mut head = Self { status, keep_alive: minor != "0", ..Self::default() };
        loop {
            let line = line(input, &mut left)?;
            if line.is_empty() {
                return Ok(head);
            }
            let Some((name, value)) = line.split_once(':') else {
                return Err(Fault::Malformed(format!("header `{}`", short(&line))));
            };
            head.header(&name.to_ascii_lowercase(), value.trim())?;
        }
    }

    fn header(&mut self, name: &str, value: &str) -> Result<(), Fault> {
        match name {
            "content-length" => {
                let length =
                    value.parse().ok().filter(|_| value.bytes().all(|b| b.is_ascii_digit()));
                let length = length.ok_or_else(|| {
                    Fault::Malformed(format!("content-length `{}`", short(value)))
                })?;
                if self.length.is_some_and(|known| known != length) {
                    return Err(Fault::Malformed("two lengths".to_owned()));
                }
                self.length = Some(length);
            }
            "transfer-encoding" if value.eq_ignore_ascii_case("chunked") => self.chunked = true,
            "transfer-encoding" => {
                return Err(Fault::Malformed(format!("transfer-encoding `{}`", short(value))));
            }
            "connection" if value.eq_ignore_ascii_case("close") => self.keep_alive = false,
            "server" => value.clone_into(&mut self.server),
            _ => {}
        }
        Ok(())
    }
}

struct Body {
    kept: Vec<u8>,
    keep: usize,
    read: usize,
}

impl Body {
    /// Whether reading stopped before the end of the body.
    fn is_over(&self) -> bool {
        self.read > self.keep.saturating_add(DRAIN_BYTES_MAX)
    }

    fn take(&mut self, input: &mut Input<'_>, length: usize) -> Result<(), Fault> {
        let mut left = length;
        while left > 0 && !self.is_over() {
            let part = input.fill_buf().map_err(broken)?;
            if part.is_empty() {
                return Err(Fault::Broken(None));
            }
            let n = part.len().min(left);
            let room = self.keep.saturating_sub(self.kept.len()).min(n);
            self.kept.extend_from_slice(part.get(..room).unwrap_or_default());
            self.read = self.read.saturating_add(n);
            left = left.saturating_sub(n);
            input.consume(n);
        }
        Ok(())
    }

    fn rest(&mut self, input: &mut Input<'_>) -> Result<(), Fault> {
        while !self.is_over() && !input.fill_buf().map_err(broken)?.is_empty() {
            let n = input.buffer().len();
            self.take(input, n)?;
        }
        Ok(())
    }

    fn chunks(&mut self, input: &mut Input<'_>) -> Result<(), Fault> {
        while !self.is_over() {
            let mut left = HEAD_BYTES_MAX;
            let size_line = line(input, &mut left)?;
            let size = size_line.split(';').next().unwrap_or_default().trim();
            let length = usize::from_str_radix(size, 16)
                .ok()
                .filter(|_| size.bytes().all(|b| b.is_ascii_hexdigit()))
                .ok_or_else(|| Fault::Malformed(format!("chunk size `{}`", short(size))))?;
            if length == 0 {
                // Trailers, if any, end with an empty line.
                while !line(input, &mut left)?.is_empty() {}
                return Ok(());
            }
            self.take(input, length)?;
            if !self.is_over() && !line(input, &mut left)?.is_empty() {
                return Err(Fault::Malformed("chunk without an end of line".to_owned()));
            }
        }
        Ok(())
    }
}

/// One line without its end; `left` bounds the whole head.
fn line(input: &mut Input<'_>, left: &mut usize) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(*left).unwrap_or(u64::MAX);
    let n = input.by_ref().take(limit).read_until(b'\n', &mut bytes).map_err(broken)?;
    *left = left.saturating_sub(n);
    if bytes.pop() != Some(b'\n') {
        if *left == 0 {
            return Err(Fault::Malformed(format!("head longer than {HEAD_BYTES_MAX} bytes")));
        }
        return Err(Fault::Broken(None));
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).or_else(|e| Ok(String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

fn broken(error: io::Error) -> Fault {
    if is_timeout(&error) { Fault::TimedOut } else { Fault::Broken(Some(error)) }
}

/// The beginning of a text, for a message.
fn short(text: &str) -> String {
    text.chars().take(60).flat_map(char::escape_debug).collect()
}
