//! A small reader of JSON: total, bounded in depth, numbers kept exact where they are integers.

use std::{fmt, iter::Peekable, str::Chars};

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 64;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without fraction or exponent, when it fits.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object, in the order of the text; a name may occur twice.
    Object(Vec<(String, Json)>),
}

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not JSON at character {at}: wanted {wanted}")]
pub struct JsonError {
    /// Number of characters before the fault.
    pub at: usize,
    /// What would have been right there.
    pub wanted: &'static str,
}

impl Json {
    /// Reads a whole text.
    ///
    /// # Errors
    ///
    /// [`JsonError`] says where and what was wanted.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut reader = Reader { chars: text.chars().peekable(), at: 0 };
        let value = reader.value(0)?;
        reader.space();
        if reader.chars.peek().is_some() {
            return reader.wanted("the end");
        }
        Ok(value)
    }

    /// The value of a name of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// An integer.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Integer(n) = self { Some(*n) } else { None }
    }

    /// A truth value.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(b) = self { Some(*b) } else { None }
    }

    /// The items of an array; empty for any other value.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }
}

impl fmt::Display for Json {
    /// A value of a table's cell: strings bare, `null` empty; arrays and objects are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(b) => b.fmt(f),
            Self::Integer(n) => n.fmt(f),
            Self::Float(n) => n.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::List(_) => f.write_str("[…]"),
            Self::Object(_) => f.write_str("{…}"),
        }
    }
}

struct Reader<'t> {
    chars: Peekable<Chars<'t>>,
    at: usize,
}

impl Reader<'_> {
    fn wanted<T>(&self, wanted: &'static str) -> Result<T, JsonError> {
        Err(JsonError { at: self.at, wanted })
    }

    fn next(&mut self) -> Option<char> {
        let next = self.chars.next();
        self.at = self.at.saturating_add(usize::from(next.is_some()));
        next
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.chars.peek() == Some(&c);
        if found {
            self.next();
        }
        found
    }

    fn space(&mut self) {
        while matches!(self.chars.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        if depth > DEPTH_MAX {
            return self.wanted("less nesting");
        }
        self.space();
        match self.chars.peek() {
            Some('"') => self.text().map(Json::Text),
            Some('[') => self.list(depth),
            Some('{') => self.object(depth),
            Some('t') => self.word("true", Json::Bool(true)),
            Some('f') => self.word("false", Json::Bool(false)),
            Some('n') => self.word("null", Json::Null),
            Some('-' | '0'..='9') => self.number(),
            _ => self.wanted("a value"),
        }
    }

    fn word(&mut self, word: &'static str, value: Json) -> Result<Json, JsonError> {
        for c in word.chars() {
            if !self.take(c) {
                return self.wanted(word);
            }
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let mut text = String::new();
        while let Some(c) = self
            .chars
            .peek()
            .copied()
            .filter(|c| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
        {
            text.push(c);
            self.next();
        }
        if let Ok(n) = text.parse() {
            return Ok(Json::Integer(n));
        }
        match text.parse() {
            Ok(n) => Ok(Json::Float(n)),
            Err(_) => self.wanted("a number"),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, JsonError> {
        let mut items = Vec::new();
        self.next();
        self.space();
        if self.take(']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth.saturating_add(1))?);
            self.space();
            if self.take(']') {
                return Ok(Json::List(items));
            }
            if !self.take(',') {
                return self.wanted("`,` or `]`");
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        let mut members = Vec::new();
        self.next();
        self.space();
        if self.take('}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            if self.chars.peek() != Some(&'"') {
                return self.wanted("a name");
            }
            let name = self.text()?;
            self.space();
            if !self.take(':') {
                return self.wanted("`:`");
            }
            members.push((name, self.value(depth.saturating_add(1))?));
            self.space();
            if self.take('}') {
                return Ok(Json::Object(members));
            }
            if !self.take(',') {
                return self.wanted("`,` or `}`");
            }
        }
    }

    fn text(&mut self) -> Result<String, JsonError> {
        let mut text = String::new();
        self.next();
        loop {
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some(c) => text.push(c),
                None => return self.wanted("`\"`"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        Ok(match self.next() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let first = self.unit()?;
                let pair = (0xd800..0xdc00).contains(&first) && self.take('\\') && self.take('u');
                let second = if pair { Some(self.unit()?) } else { None };
                let units = [first, second.unwrap_or_default()];
                let used = if pair { units.as_slice() } else { units.get(..1).unwrap_or_default() };
                let mut decoded = char::decode_utf16(used.iter().copied());
                decoded.next().and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return self.wanted("an escape"),
        })
    }

    fn unit(&mut self) -> Result<u16, JsonError> {
        let mut unit = 0_u32;
        for _ in 0..4 {
            match self.next().and_then(|c| c.to_digit(16)) {
                Some(digit) => unit = unit * 16 + digit,
                None => return self.wanted("four hexadecimal digits"),
            }
        }
        Ok(u16::try_from(unit).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_of_questdb_is_read() {
        let text = r#"{"query":"a\"\u00e4\ud83d\ude00\n","dataset":[[1,-2.5E-3,null,true,9223372036854775807,[]]],"x":{}}"#;
        let json = Json::parse(text).unwrap();
        assert_eq!(json.get("query").and_then(Json::as_str), Some("a\"ä😀\n"));
        let row = json.get("dataset").unwrap().items()[0].items();
        let wanted = [
            Json::Integer(1),
            Json::Float(-2.5e-3),
            Json::Null,
            Json::Bool(true),
            Json::Integer(i64::MAX),
            Json::List(vec![]),
        ];
        assert_eq!(row, wanted);
    }

    #[test]
    fn a_text_that_is_not_json_says_where() {
        for (text, at) in [
            ("", 0),
            ("{", 1),
            ("[1,", 3),
            ("nul", 3),
            ("1 2", 2),
            ("\"a", 2),
            ("{\"a\" 1}", 5),
            ("\"\\q\"", 3),
            ("--1", 3),
        ] {
            assert_eq!(Json::parse(text).unwrap_err().at, at, "{text}");
        }
        assert!(Json::parse(&"[".repeat(100_000)).is_err(), "nesting is bounded");
    }
}
