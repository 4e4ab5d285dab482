//! The bytes of a body, line by line.

use std::borrow::Cow;

use super::{Field, Label, Line, Precision, Problem, Value, number};

/// Types of a binary value, after its `=`.
const ARRAY: u8 = 14;
const DOUBLE: u8 = 16;
const DECIMAL: u8 = 23;

/// Reads a body. A line ends at `\n` or `\r` outside of quotes and binary values.
#[derive(Debug)]
pub(crate) struct Scanner<'b> {
    bytes: &'b [u8],
    at: usize,
    number: usize,
    precision: Precision,
}

type Failed = (usize, Cow<'static, str>);

impl<'b> Scanner<'b> {
    pub(crate) fn new(bytes: &'b [u8], precision: Precision) -> Self {
        Self { bytes, at: 0, number: 1, precision }
    }

    /// Reads the next line into `line`; `false` at the end.
    pub(crate) fn next(&mut self, line: &mut Line<'b>) -> Result<bool, Problem> {
        while let Some(byte) = self.peek() {
            if !matches!(byte, b'\n' | b'\r') {
                line.number = self.number;
                line.start = self.at;
                line.labels.clear();
                line.fields.clear();
                line.ts = None;
                self.line(line).map_err(|(at, reason)| line.problem(at, reason))?;
                return Ok(true);
            }
            self.end_line();
        }
        Ok(false)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.step();
        }
        found
    }

    fn is_end(&self) -> bool {
        matches!(self.peek(), None | Some(b'\n' | b'\r'))
    }

    fn end_line(&mut self) {
        if self.peek() == Some(b'\n') {
            self.number = self.number.saturating_add(1);
        }
        self.step();
    }

    fn failed<T>(&self, reason: impl Into<Cow<'static, str>>) -> Result<T, Failed> {
        Err((self.at, reason.into()))
    }

    fn line(&mut self, line: &mut Line<'b>) -> Result<(), Failed> {
        line.table = self.name(b",= \n\r\0")?;
        if self.peek() == Some(b'=') {
            return self.failed("found `=`, wanted `,` or a space after the table's name");
        }
        self.labels(line)?;
        let has_labels = !line.labels.is_empty();
        if self.is_end() {
            return if has_labels { Ok(()) } else { self.failed("the line has no value") };
        }
        if !self.take(b' ') {
            return self.failed("wanted `,` or a space");
        }
        if has_labels && self.is_time_only() {
            self.take(b' ');
        } else {
            self.fields(line)?;
        }
        if line.fields.is_empty() && !has_labels {
            return self.failed("the line has no value");
        }
        self.time(line)
    }

    fn labels(&mut self, line: &mut Line<'b>) -> Result<(), Failed> {
        while self.take(b',') {
            // QuestDB takes a comma with nothing after it, and some clients write one.
            if self.peek() == Some(b' ') {
                break;
            }
            let at = self.at;
            let name = self.name(b"=, \n\r")?;
            if name.is_empty() {
                return Err((at, "the label has no name".into()));
            }
            if !self.take(b'=') {
                return Err((at, format!("label `{name}` has no value").into()));
            }
            let value = self.name(b"=, \n\r\0")?;
            match self.peek() {
                Some(b'=') => return self.failed("wanted `\\=` for `=` in a label's value"),
                Some(0) => return self.failed("a label cannot hold NUL"),
                _ => line.labels.push(Label { name, value, at }),
            }
        }
        Ok(())
    }

    /// Whether what is left of a line after its labels is a time, or nothing.
    fn is_time_only(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
        let rest = rest.get(..end).unwrap_or_default();
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        !rest.iter().any(|b| matches!(b, b'=' | b' ' | b',' | b'"'))
            && rest.first().is_none_or(|b| b.is_ascii_digit() || *b == b'-')
    }

    fn fields(&mut self, line: &mut Line<'b>) -> Result<(), Failed> {
        loop {
            let at = self.at;
            let name = self.name(b"=, \n\r")?;
            if !self.take(b'=') {
                let reason = if name.is_empty() && line.fields.is_empty() && self.is_end() {
                    "the line has no value".to_owned()
                } else {
                    format!("`{name}` has no value")
                };
                return Err((at, reason.into()));
            }
            if name.is_empty() {
                return Err((at, "the value has no name".into()));
            }
            let (value, raw) = self.value()?;
            line.fields.push(Field { name, value, raw, at });
            if self.is_end() || self.take(b' ') {
                return Ok(());
            }
            if !self.take(b',') {
                return self.failed("wanted `,`, a space or the end of the line after a value");
            }
            if self.take(b' ') {
                return Ok(());
            }
        }
    }

    fn value(&mut self) -> Result<(Value<'b>, &'b str), Failed> {
        match self.peek() {
            Some(b'"') => self.text(),
            Some(b'=') => self.binary(),
            _ => {
                let start = self.at;
                let found = self.until(|b| matches!(b, b',' | b' ' | b'\n' | b'\r'));
                let word = std::str::from_utf8(found).map_err(|_| not_utf8(start))?;
                number::word(word).map_err(|reason| (start, reason.into()))
            }
        }
    }

    fn text(&mut self) -> Result<(Value<'b>, &'b str), Failed> {
        let start = self.at;
        self.step();
        let text = self.name(b"\"\n")?;
        if !self.take(b'"') {
            return Err((start, "the text has no closing `\"` before the end of its line".into()));
        }
        Ok((Value::Text(text), ""))
    }

    fn binary(&mut self) -> Result<(Value<'b>, &'b str), Failed> {
        let start = self.at;
        self.step();
        match self.peek() {
            Some(DOUBLE) => self.step(),
            Some(ARRAY) => {
                return Err((start, "arrays are not kept here; send one column each".into()));
            }
            Some(DECIMAL) => {
                return Err((start, "decimals are not kept here; send a float".into()));
            }
            _ => return Err((start, "unknown type of a binary value".into())),
        }
        let end = self.at.saturating_add(8);
        let bytes = self.bytes.get(self.at..end).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
        let Some(bytes) = bytes else {
            return Err((start, "a binary float has eight bytes".into()));
        };
        self.at = end;
        let float = f64::from_le_bytes(bytes);
        Ok((if float.is_finite() { Value::Double(float) } else { Value::NonFinite }, ""))
    }

    fn time(&mut self, line: &mut Line<'b>) -> Result<(), Failed> {
        let start = self.at;
        let found = self.until(|b| matches!(b, b'\n' | b'\r'));
        if !found.is_empty() {
            let word = std::str::from_utf8(found).map_err(|_| not_utf8(start))?;
            let ts = number::time(word, self.precision).map_err(|reason| (start, reason.into()))?;
            line.ts = Some(ts);
        }
        Ok(())
    }

    fn until(&mut self, is_end: impl Fn(u8) -> bool) -> &'b [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|b| is_end(*b)).unwrap_or(rest.len());
        self.at = self.at.saturating_add(end);
        rest.get(..end).unwrap_or_default()
    }

    /// A text up to one of `ends` or the end of the body; a backslash takes the byte after it as
    /// it is. Borrowed unless there is one.
    fn name(&mut self, ends: &[u8]) -> Result<Cow<'b, str>, Failed> {
        let start = self.at;
        let found = self.until(|b| b == b'\\' || ends.contains(&b));
        if self.peek() != Some(b'\\') {
            return std::str::from_utf8(found).map(Cow::Borrowed).map_err(|_| not_utf8(start));
        }
        let mut text = found.to_vec();
        while let Some(byte) = self.peek() {
            if ends.contains(&byte) {
                break;
            }
            self.step();
            if byte != b'\\' {
                text.push(byte);
            } else if let Some(escaped) = self.peek() {
                self.step();
                text.push(escaped);
            } else {
                return Err((start, "a backslash with nothing after it".into()));
            }
        }
        String::from_utf8(text).map(Cow::Owned).map_err(|_| not_utf8(start))
    }
}

fn not_utf8(at: usize) -> Failed {
    (at, "the text is not UTF-8".into())
}
