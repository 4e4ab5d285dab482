//! Where in a text: byte spans, and lines and columns for people.

use serde::Serialize;

/// A half-open range of bytes of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    pub(crate) fn whole(text: &str) -> Self {
        Self { start: 0, end: text.len() }
    }

    /// The text of the span; empty if it does not lie on character boundaries of the text.
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    pub(crate) fn is_empty(self) -> bool {
        self.start >= self.end
    }

    pub(crate) fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    pub(crate) fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The span of a part of the text that this span covers, `part` counted from this span's start.
    pub(crate) fn inside(self, part: Span) -> Span {
        Span::new(self.start + part.start, self.start + part.end)
    }

    /// Without white space on either side.
    pub(crate) fn trimmed(self, text: &str) -> Span {
        let inner = self.of(text);
        let start = self.start + (inner.len() - inner.trim_start().len());
        Span::new(start, start + inner.trim().len())
    }

    /// Without one pair of equal quotes around it.
    pub(crate) fn unquoted(self, text: &str) -> Span {
        let inner = self.of(text);
        let is_quoted = ['"', '\'', '`']
            .iter()
            .any(|quote| inner.len() >= 2 && inner.starts_with(*quote) && inner.ends_with(*quote));
        if is_quoted { Span::new(self.start + 1, self.end - 1) } else { self }
    }
}

/// A place for people: both numbers count from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The line of a byte, counted from zero.
    pub(crate) fn index_of(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    pub(crate) fn position(&self, at: usize) -> Position {
        let index = self.index_of(at);
        let start = self.starts.get(index).copied().unwrap_or_default();
        let before = self.text.get(start..at).unwrap_or_default();
        Position { line: index + 1, column: before.chars().count() + 1 }
    }

    /// A line without its break; lines count from zero.
    pub(crate) fn line(&self, index: usize) -> Option<Span> {
        let start = *self.starts.get(index)?;
        let end = self.starts.get(index + 1).map_or(self.text.len(), |next| next - 1);
        let line = Span::new(start, end);
        let is_crlf = line.of(self.text).ends_with('\r');
        Some(Span::new(start, if is_crlf { end - 1 } else { end }))
    }
}

/// The lines of a part of a text, without their breaks.
pub(crate) fn lines_in(text: &str, part: Span) -> impl Iterator<Item = Span> + '_ {
    let mut at = part.start;
    let mut is_over = part.is_empty();
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let rest = text.as_bytes().get(at..part.end).unwrap_or_default();
        let (end, next) = match memchr::memchr(b'\n', rest) {
            Some(offset) => (at + offset, at + offset + 1),
            None => (part.end, part.end),
        };
        let line = Span::new(at, end);
        is_over = next >= part.end;
        at = next;
        let is_crlf = text.as_bytes().get(line.start..line.end).is_some_and(|l| l.ends_with(b"\r"));
        Some(if is_crlf { Span::new(line.start, line.end - 1) } else { line })
    })
}
