//! The protocol: what is sent and what comes back.

use std::io::{self, BufRead, BufReader, Read};
use std::net::TcpStream;

/// No reply of one value is longer; Redis itself has that limit.
const LEN_MAX: usize = 512 << 20;
const LINE_LEN_MAX: u64 = 64 << 10;
const DEPTH_MAX: usize = 8;

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Error(String),
    Number(i64),
    /// `None`: there is no such key.
    Bytes(Option<Vec<u8>>),
    List(Option<Vec<Value>>),
}

impl Value {
    pub(crate) fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Text(text) => Some(text.into_bytes()),
            _ => None,
        }
    }

    pub(crate) fn number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    pub(crate) fn list(self) -> Option<Vec<Self>> {
        if let Self::List(list) = self { list } else { None }
    }
}

pub(super) fn write(bytes: &mut Vec<u8>, words: &[&[u8]]) {
    bytes.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
}

/// Reads replies from a connection.
pub(super) struct Reader<S: Read = TcpStream>(BufReader<S>);

impl<S: Read> Reader<S> {
    pub(super) fn new(stream: S) -> Self {
        Self(BufReader::with_capacity(64 << 10, stream))
    }

    pub(super) fn get_mut(&mut self) -> &mut S {
        self.0.get_mut()
    }

    pub(super) fn read(&mut self) -> io::Result<Value> {
        self.value(0)
    }

    fn value(&mut self, depth: usize) -> io::Result<Value> {
        let line = self.line()?;
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "it does not speak RESP");
        let (sort, rest) = line.split_at_checked(1).ok_or_else(wrong)?;
        let number = || rest.parse::<i64>().map_err(|_| wrong());
        let len = || match number()? {
            -1 => Ok(None),
            len => match usize::try_from(len) {
                Ok(len) if len <= LEN_MAX => Ok(Some(len)),
                _ => Err(wrong()),
            },
        };
        match sort {
            "+" => Ok(Value::Text(rest.to_owned())),
            "-" => Ok(Value::Error(rest.chars().take(200).collect())),
            ":" => Ok(Value::Number(number()?)),
            "$" => Ok(Value::Bytes(len()?.map(|len| self.bytes(len)).transpose()?)),
            "*" if depth < DEPTH_MAX => {
                let Some(len) = len()? else { return Ok(Value::List(None)) };
                // Room is made as values come, not as they are announced.
                let mut list = Vec::new();
                for _ in 0..len {
                    list.push(self.value(depth + 1)?);
                }
                Ok(Value::List(Some(list)))
            }
            _ => Err(wrong()),
        }
    }

    fn bytes(&mut self, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let wanted = u64::try_from(len).unwrap_or(u64::MAX).saturating_add(2);
        (&mut self.0).take(wanted).read_to_end(&mut bytes)?;
        if bytes.len() != len + 2 || !bytes.ends_with(b"\r\n") {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.truncate(len);
        Ok(bytes)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        (&mut self.0).take(LINE_LEN_MAX).read_until(b'\n', &mut line)?;
        match line.strip_suffix(b"\r\n") {
            Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_and_garbage_is_refused() {
        let check = |bytes: &[u8], wanted: Option<Value>| {
            let found = Reader::new(bytes).read().ok();
            assert_eq!(found, wanted, "{}", bytes.escape_ascii());
        };
        check(b"+OK\r\n", Some(Value::Text("OK".to_owned())));
        check(b"-ERR no\r\n", Some(Value::Error("ERR no".to_owned())));
        check(b":-7\r\n", Some(Value::Number(-7)));
        check(b"$3\r\na\r\n\r\n", Some(Value::Bytes(Some(b"a\r\n".to_vec()))));
        check(b"$-1\r\n", Some(Value::Bytes(None)));
        let list = vec![Value::Number(1), Value::List(Some(Vec::new()))];
        check(b"*2\r\n:1\r\n*0\r\n", Some(Value::List(Some(list))));
        for garbage in [
            &b""[..],
            b"HTTP/1.1 400\r\n",
            b"$5\r\nab",
            b"$9999999999999\r\n",
            b"*2\r\n:1\r\n",
            b":x\r\n",
        ] {
            check(garbage, None);
        }
        check(&b"*1\r\n".repeat(100), None);
    }
}
