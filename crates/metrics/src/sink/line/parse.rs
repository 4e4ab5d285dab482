//! Reading lines: what a station does with what it is sent.

/// A value of a line.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LineValue {
    /// Text or binary float.
    Double(f64),
    /// `12i`.
    Long(i64),
    /// `12n`: nanoseconds since 1970-01-01 UTC; `12t` is read as microseconds and converted.
    Timestamp(i64),
    /// `t`, `T`, `true`, `f`, `F`, `false` and the like.
    Bool(bool),
    /// In quotes.
    Text(String),
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Line {
    /// Table.
    pub table: String,
    /// Labels in the order of the line.
    pub labels: Vec<(String, String)>,
    /// Values in the order of the line.
    pub values: Vec<(String, LineValue)>,
    /// Nanoseconds since 1970-01-01 UTC; `None` when the line has no time.
    pub ts: Option<i64>,
}

/// Why one line cannot be read. The others can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, byte {column}: found {found}, wanted {wanted}")]
pub struct ParseError {
    /// Number of the line, from 1.
    pub line: usize,
    /// Byte of the line, from 1.
    pub column: usize,
    /// What is there.
    pub found: String,
    /// What would have been right.
    pub wanted: &'static str,
}

/// Reads lines of either [`LineProtocol`](crate::LineProtocol), each for itself: after a line that cannot be read it
/// goes on after the next line end. Empty lines and lines that begin with `#` are passed over.
#[must_use]
pub fn parse(bytes: &[u8]) -> Vec<Result<Line, ParseError>> {
    let mut lines = Vec::new();
    let mut reader = Reader { bytes, at: 0, line_start: 0, line: 1 };
    while let Some(byte) = reader.peek() {
        reader.line_start = reader.at;
        if matches!(byte, b'\n' | b'\r' | b'#') {
            reader.skip_line();
        } else {
            let line = reader.line();
            if line.is_err() {
                reader.skip_line();
            }
            lines.push(line);
        }
        reader.line = reader.line.saturating_add(1);
    }
    lines
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    line_start: usize,
    line: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at = self.at.saturating_add(usize::from(found));
        found
    }

    fn skip_line(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length =
            rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |n| n.saturating_add(1));
        self.at = self.at.saturating_add(length);
    }

    fn wanted<T>(&self, wanted: &'static str) -> Result<T, ParseError> {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(b'\n') => "the end of the line".to_owned(),
            Some(byte) => format!("`{}`", byte.escape_ascii()),
        };
        let column = self.at.saturating_sub(self.line_start).saturating_add(1);
        Err(ParseError { line: self.line, column, found, wanted })
    }

    fn line(&mut self) -> Result<Line, ParseError> {
        let table = self.name(b", ", "a table name")?;
        let mut labels = Vec::new();
        while self.take(b',') {
            let name = self.name(b"=, ", "a label's name")?;
            if !self.take(b'=') {
                return self.wanted("`=`");
            }
            labels.push((name, self.name(b", ", "a label's value")?));
        }
        if !self.take(b' ') {
            return self.wanted("`,` or a space");
        }
        let mut line = Line { table, labels, values: Vec::new(), ts: None };
        if !matches!(self.peek(), Some(b'0'..=b'9' | b'-')) || self.is_value() {
            loop {
                let name = self.name(b"=, ", "a value's name")?;
                if !self.take(b'=') {
                    return self.wanted("`=`");
                }
                let value = self.value()?;
                line.values.push((name, value));
                if !self.take(b',') {
                    break;
                }
            }
            if self.take(b' ') {
                line.ts = Some(self.time()?);
            }
        } else {
            line.ts = Some(self.time()?);
        }
        self.take(b'\r');
        if self.peek().is_some() && !self.take(b'\n') {
            return self.wanted("the end of the line");
        }
        Ok(line)
    }

    /// Whether what begins with a digit is a value's name and not the time.
    fn is_value(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.iter().take_while(|b| !matches!(b, b'\n' | b' ')).any(|b| *b == b'=')
    }

    /// A name or a label up to one of `ends`, escapes undone.
    fn name(&mut self, ends: &[u8], wanted: &'static str) -> Result<String, ParseError> {
        let mut text = Vec::new();
        while let Some(byte) = self.peek() {
            if ends.contains(&byte) || byte == b'\n' {
                break;
            }
            self.at = self.at.saturating_add(1);
            if byte == b'\\'
                && let Some(escaped) = self.peek()
            {
                self.at = self.at.saturating_add(1);
                text.push(escaped);
            } else {
                text.push(byte);
            }
        }
        if text.is_empty() {
            return self.wanted(wanted);
        }
        String::from_utf8(text).or_else(|_| self.wanted("UTF-8"))
    }

    fn value(&mut self) -> Result<LineValue, ParseError> {
        match self.peek() {
            Some(b'"') => self.text(),
            Some(b'=') => self.binary(),
            _ => self.word(),
        }
    }

    fn text(&mut self) -> Result<LineValue, ParseError> {
        let mut text = Vec::new();
        self.at = self.at.saturating_add(1);
        loop {
            let Some(byte) = self.peek() else { return self.wanted("`\"`") };
            self.at = self.at.saturating_add(1);
            match byte {
                b'"' => break,
                b'\\' => {
                    let Some(escaped) = self.peek() else { return self.wanted("an escape") };
                    self.at = self.at.saturating_add(1);
                    text.push(escaped);
                }
                _ => text.push(byte),
            }
        }
        String::from_utf8(text).map(LineValue::Text).or_else(|_| self.wanted("UTF-8"))
    }

    /// A float as `=`, its type, and eight bytes, the lowest first.
    fn binary(&mut self) -> Result<LineValue, ParseError> {
        self.at = self.at.saturating_add(1);
        if !self.take(super::plan::BINARY_DOUBLE) {
            return self.wanted("the type of a binary float, 16");
        }
        let end = self.at.saturating_add(8);
        let bytes: Option<[u8; 8]> = self.bytes.get(self.at..end).and_then(|b| b.try_into().ok());
        let Some(bytes) = bytes else { return self.wanted("eight bytes of a float") };
        self.at = end;
        Ok(LineValue::Double(f64::from_le_bytes(bytes)))
    }

    fn word(&mut self) -> Result<LineValue, ParseError> {
        let start = self.at;
        let word = self.until_separator();
        let (number, suffix) = word.split_at(word.len().saturating_sub(1));
        let value = match (suffix, word) {
            (_, "t" | "T" | "true" | "True" | "TRUE") => Some(LineValue::Bool(true)),
            (_, "f" | "F" | "false" | "False" | "FALSE") => Some(LineValue::Bool(false)),
            ("i", _) => number.parse().ok().map(LineValue::Long),
            ("n", _) => number.parse().ok().map(LineValue::Timestamp),
            ("t", _) => micros(number).map(LineValue::Timestamp),
            _ => word.parse().ok().map(LineValue::Double),
        };
        let Some(value) = value else {
            self.at = start;
            return self.wanted("a number, a truth value, a text in quotes or a binary float");
        };
        Ok(value)
    }

    /// The time of the line; without a unit it is in nanoseconds.
    fn time(&mut self) -> Result<i64, ParseError> {
        let start = self.at;
        let word = self.until_separator();
        let ts = match word.strip_suffix('t') {
            Some(number) => micros(number),
            None => word.strip_suffix('n').unwrap_or(word).parse().ok(),
        };
        let Some(ts) = ts else {
            self.at = start;
            return self.wanted("a time as a whole number");
        };
        Ok(ts)
    }

    fn until_separator(&mut self) -> &str {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|b| matches!(b, b',' | b' ' | b'\n' | b'\r'));
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        self.at = self.at.saturating_add(word.len());
        std::str::from_utf8(word).unwrap_or_default()
    }
}

fn micros(number: &str) -> Option<i64> {
    number.parse::<i64>().ok()?.checked_mul(1000)
}
