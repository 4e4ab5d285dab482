//! The body of a reply: of a stated length, in chunks, or to the end of the connection.

use std::io::{self, Read};

use super::Stream;

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    Close,
}

pub(super) fn framing(status: u16, headers: &[httparse::Header<'_>]) -> Result<Framing, String> {
    if status == 204 || status == 304 {
        return Ok(Framing::Length(0));
    }
    let find = |name: &str| {
        let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(header.value).trim().to_ascii_lowercase())
    };
    match (find("transfer-encoding").as_deref(), find("content-length")) {
        (Some("chunked"), _) => Ok(Framing::Chunked),
        (Some(other), _) => Err(format!("it is coded as `{other}`")),
        (None, Some(length)) => {
            length.parse().map(Framing::Length).map_err(|_| "its length is no number".to_owned())
        }
        (None, None) => Ok(Framing::Close),
    }
}

/// A body that is being read.
pub(super) struct Body {
    stream: Box<dyn Stream>,
    /// What came with the head.
    ahead: io::Cursor<Vec<u8>>,
    framing: Framing,
    /// Left of the body, or of the chunk under way.
    left: u64,
    is_done: bool,
}

/// A chunk's first line may be so long.
const LINE_LEN_MAX: usize = 1024;

impl Body {
    pub(super) fn new(stream: Box<dyn Stream>, ahead: Vec<u8>, framing: Framing) -> Self {
        let left = if let Framing::Length(length) = framing { length } else { 0 };
        Self { stream, ahead: io::Cursor::new(ahead), framing, left, is_done: false }
    }

    fn raw(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self.ahead.read(room)? {
            0 => self.stream.read(room),
            len => Ok(len),
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        let mut one = [0];
        while line.len() < LINE_LEN_MAX {
            if self.raw(&mut one)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let [byte] = one;
            if byte == b'\n' {
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            line.push(byte);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "the line of a chunk is too long"))
    }

    /// Goes to the next chunk; the last one is empty and followed by trailers.
    fn next_chunk(&mut self) -> io::Result<()> {
        let line = self.line()?;
        let size = line.split(';').next().unwrap_or_default().trim();
        self.left = u64::from_str_radix(size, 16)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a chunk has no length"))?;
        if self.left == 0 {
            while !self.line()?.is_empty() {}
            self.is_done = true;
        }
        Ok(())
    }
}

impl Read for Body {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.is_done || room.is_empty() {
            return Ok(0);
        }
        if self.framing == Framing::Close {
            let len = self.raw(room)?;
            self.is_done = len == 0;
            return Ok(len);
        }
        if self.left == 0 {
            if self.framing != Framing::Chunked {
                self.is_done = true;
                return Ok(0);
            }
            self.next_chunk()?;
            if self.is_done {
                return Ok(0);
            }
        }
        let max = room.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let len = self.raw(room.get_mut(..max).unwrap_or_default())?;
        if len == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left = self.left.saturating_sub(u64::try_from(len).unwrap_or_default());
        if self.left == 0 && self.framing == Framing::Chunked {
            self.line()?;
        }
        Ok(len)
    }
}
