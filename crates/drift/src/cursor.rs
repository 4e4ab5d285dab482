//! A place in a text that moves forward: what every lexer here is made of.

use crate::span::Span;

/// Reads a part of a text byte by byte; it never leaves the part.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    end: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str, part: Span) -> Self {
        let end = part.end.min(text.len());
        Self { text, at: part.start.min(end), end }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn end(&self) -> usize {
        self.end
    }

    pub(crate) fn is_end(&self) -> bool {
        self.at >= self.end
    }

    fn rest_bytes(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..self.end).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest_bytes().first().copied()
    }

    pub(crate) fn peek_nth(&self, n: usize) -> Option<u8> {
        self.rest_bytes().get(n).copied()
    }

    /// The byte before this place, within the part or not.
    pub(crate) fn previous(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at.checked_sub(1)?).copied()
    }

    pub(crate) fn advance(&mut self, by: usize) {
        self.at = self.at.saturating_add(by).min(self.end);
    }

    pub(crate) fn jump(&mut self, to: usize) {
        self.at = to.clamp(self.at, self.end);
    }

    pub(crate) fn starts_with(&self, what: &str) -> bool {
        self.rest_bytes().starts_with(what.as_bytes())
    }

    pub(crate) fn eat(&mut self, what: &str) -> bool {
        let is_there = self.starts_with(what);
        if is_there {
            self.advance(what.len());
        }
        is_there
    }

    /// Takes bytes while they please; gives what it took.
    pub(crate) fn take_while(&mut self, pleases: impl Fn(u8) -> bool) -> Span {
        let taken = self.rest_bytes().iter().take_while(|byte| pleases(**byte)).count();
        let start = self.at;
        self.at += taken;
        Span::new(start, self.at)
    }

    pub(crate) fn skip_blanks_and_returns(&mut self) -> Span {
        self.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
    }

    pub(crate) fn skip_blanks(&mut self) -> Span {
        self.take_while(|byte| byte == b' ' || byte == b'\t')
    }

    /// Goes to the next one of a byte, or to the end; says whether it is there.
    pub(crate) fn find(&mut self, byte: u8) -> bool {
        match memchr::memchr(byte, self.rest_bytes()) {
            Some(offset) => {
                self.at += offset;
                true
            }
            None => {
                self.at = self.end;
                false
            }
        }
    }

    /// Goes to the next one of two bytes, or to the end.
    pub(crate) fn find_either(&mut self, first: u8, second: u8) -> Option<u8> {
        match memchr::memchr2(first, second, self.rest_bytes()) {
            Some(offset) => {
                self.at += offset;
                self.peek()
            }
            None => {
                self.at = self.end;
                None
            }
        }
    }

    /// Goes past the next occurrence of a text; says whether it is there.
    pub(crate) fn find_past(&mut self, what: &str) -> bool {
        match memchr::memmem::find(self.rest_bytes(), what.as_bytes()) {
            Some(offset) => {
                self.at += offset + what.len();
                true
            }
            None => {
                self.at = self.end;
                false
            }
        }
    }

    /// The rest of the line without its break; the cursor stands behind the break afterwards.
    pub(crate) fn take_line(&mut self) -> Span {
        let start = self.at;
        let end = if self.find(b'\n') { self.at } else { self.end };
        self.advance(1);
        let line = Span::new(start, end);
        let is_crlf = self.text.as_bytes().get(start..end).is_some_and(|l| l.ends_with(b"\r"));
        if is_crlf { Span::new(start, end - 1) } else { line }
    }
}

/// Whether a byte may be in a name of most languages.
pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
