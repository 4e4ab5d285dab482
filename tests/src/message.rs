//! One HTTP/1.1 message on a stream: its head, its body, and the bytes as they came.

use std::io::{self, BufRead, Read};

/// Most bytes that one message may have, head included.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

const HEAD_BYTES_MAX: usize = 64 * 1024;

/// A request or a response, read to its end.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) start_line: String,
    pub(crate) headers: Vec<(String, String)>,
    /// The body without its transfer coding.
    pub(crate) body: Vec<u8>,
    /// The message as it was on the wire.
    pub(crate) raw: Vec<u8>,
    /// Only the end of the connection ended the body.
    pub(crate) ended_by_close: bool,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Method and target of a request line.
    pub(crate) fn method_and_target(&self) -> (&str, &str) {
        let mut words = self.start_line.split(' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// Status code of a status line; zero bytes of one read as 0, which no server sends.
    fn status(&self) -> u16 {
        self.start_line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn closes(&self) -> bool {
        let close = self.header("connection").is_some_and(|v| v.eq_ignore_ascii_case("close"));
        close || self.ended_by_close
    }

    pub(crate) fn expects_continue(&self) -> bool {
        self.header("expect").is_some_and(|v| v.eq_ignore_ascii_case("100-continue"))
    }
}

/// Reads the head of a message. `None` when the peer closed before its first byte.
pub(crate) fn read_head(from: &mut impl BufRead) -> io::Result<Option<Message>> {
    let mut message = Message::default();
    loop {
        let line = read_line(from, &mut message.raw)?;
        if message.raw.is_empty() {
            return Ok(None);
        }
        match (line.is_empty(), message.start_line.is_empty()) {
            (true, true) => return Err(malformed("the message starts with an empty line")),
            (true, false) => return Ok(Some(message)),
            (false, true) => message.start_line = line,
            (false, false) => {
                let (name, value) =
                    line.split_once(':').ok_or_else(|| malformed("a header has no colon"))?;
                message.headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
        if message.raw.len() > HEAD_BYTES_MAX {
            return Err(malformed("the head is longer than 64 KiB"));
        }
    }
}

/// Reads the body that belongs to a request head.
pub(crate) fn read_request_body(from: &mut impl BufRead, head: &mut Message) -> io::Result<()> {
    if is_chunked(head) {
        return read_chunks(from, head);
    }
    let len = content_length(head)?.unwrap_or(0);
    read_exactly(from, head, len)
}

/// Reads one response, skipping interim ones. `to_method` is the method of the request it answers.
pub(crate) fn read_response(from: &mut impl BufRead, to_method: &str) -> io::Result<Message> {
    loop {
        let mut head = read_head(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = head.status();
        if (100..200).contains(&status) {
            continue;
        }
        if to_method == "HEAD" || status == 204 || status == 304 {
            return Ok(head);
        }
        if is_chunked(&head) {
            read_chunks(from, &mut head)?;
        } else if let Some(len) = content_length(&head)? {
            read_exactly(from, &mut head, len)?;
        } else {
            head.ended_by_close = true;
            let limit = u64::try_from(MESSAGE_BYTES_MAX).unwrap_or(u64::MAX);
            from.take(limit).read_to_end(&mut head.body)?;
            head.raw.extend_from_slice(&head.body);
        }
        return Ok(head);
    }
}

fn is_chunked(head: &Message) -> bool {
    head.header("transfer-encoding").is_some_and(|v| v.to_ascii_lowercase().contains("chunked"))
}

fn content_length(head: &Message) -> io::Result<Option<usize>> {
    let Some(text) = head.header("content-length") else { return Ok(None) };
    let len: usize = text.parse().map_err(|_| malformed("content-length is not a number"))?;
    if len > MESSAGE_BYTES_MAX { Err(malformed("the body is too long")) } else { Ok(Some(len)) }
}

fn read_exactly(from: &mut impl BufRead, to: &mut Message, len: usize) -> io::Result<()> {
    let limit = u64::try_from(len).map_err(|_| malformed("the body is too long"))?;
    let before = to.body.len();
    from.take(limit).read_to_end(&mut to.body)?;
    if to.body.len() - before < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    to.raw.extend(to.body.iter().skip(before));
    Ok(())
}

fn read_chunks(from: &mut impl BufRead, to: &mut Message) -> io::Result<()> {
    loop {
        let line = read_line(from, &mut to.raw)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let len = usize::from_str_radix(digits, 16)
            .map_err(|_| malformed("a chunk has no length in hexadecimal"))?;
        if len > MESSAGE_BYTES_MAX - to.body.len().min(MESSAGE_BYTES_MAX) {
            return Err(malformed("the body is too long"));
        }
        if len == 0 {
            // Trailers end with an empty line, as a head does.
            while !read_line(from, &mut to.raw)?.is_empty() {}
            return Ok(());
        }
        read_exactly(from, to, len)?;
        read_line(from, &mut to.raw)?;
    }
}

/// Reads a line without its end; the bytes as they came are added to `raw`.
fn read_line(from: &mut impl BufRead, raw: &mut Vec<u8>) -> io::Result<String> {
    let limit = u64::try_from(HEAD_BYTES_MAX).unwrap_or(u64::MAX);
    let mut line = Vec::new();
    from.take(limit).read_until(b'\n', &mut line)?;
    raw.extend_from_slice(&line);
    if !raw.is_empty() && line.last() != Some(&b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let text = String::from_utf8(line).map_err(|_| malformed("a line is not UTF-8"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wire: &str, body: &str) {
        let mut from = wire.as_bytes();
        let mut message = read_head(&mut from).unwrap().unwrap();
        read_request_body(&mut from, &mut message).unwrap();
        assert_eq!(String::from_utf8(message.body).unwrap(), body, "{wire:?}");
        assert_eq!(
            String::from_utf8(message.raw).unwrap(),
            wire,
            "the bytes are kept as they came"
        );
    }

    #[test]
    fn a_body_is_read_by_its_length_or_its_chunks() {
        check("GET / HTTP/1.1\r\nhost: a\r\n\r\n", "");
        check("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "abc");
        check(
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            "abc",
        );
    }

    #[test]
    fn a_torn_message_is_an_error_and_a_silent_close_is_not() {
        assert!(read_head(&mut &b""[..]).unwrap().is_none());
        assert!(read_head(&mut &b"GET / HT"[..]).is_err());
        let mut from = &b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"[..];
        let mut head = read_head(&mut from).unwrap().unwrap();
        assert!(read_request_body(&mut from, &mut head).is_err());
    }

    #[test]
    fn an_interim_response_is_skipped() {
        let mut from = &b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"[..];
        assert_eq!(read_response(&mut from, "POST").unwrap().status(), 204);
    }
}
