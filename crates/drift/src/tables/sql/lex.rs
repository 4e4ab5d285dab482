//! SQL's tokens.

use super::Escapes;
use crate::cursor::{Cursor, is_name_byte};
use crate::span::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// A name in double quotes; the span is what stands within.
    Quoted,
    /// A text in single quotes.
    Text,
    Number,
    /// Something that another program fills in: `$var`, `${var}`, `{name}`, `[[var]]`.
    Hole,
    Sign(u8),
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

pub(super) fn tokens(text: &str, part: Span, escapes: Escapes) -> Vec<Token> {
    let mut lexer = Lexer { text, cursor: Cursor::new(text, part), escapes, tokens: Vec::new() };
    while !lexer.cursor.is_end() {
        lexer.one();
    }
    lexer.tokens
}

struct Lexer<'t> {
    text: &'t str,
    cursor: Cursor<'t>,
    escapes: Escapes,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    /// The character here as SQL has it, and how many bytes it takes in the text.
    fn peek(&self) -> Option<(u8, usize)> {
        let byte = self.cursor.peek()?;
        match (self.escapes, byte) {
            (Escapes::Backslash, b'\\') => Some(match self.cursor.peek_nth(1) {
                Some(b'n' | b't' | b'r' | b'\n') | None => (b' ', 2),
                Some(other) => (other, 2),
            }),
            (Escapes::Percent, b'+') => Some((b' ', 1)),
            (Escapes::Percent, b'%') => {
                let digit = |n| self.cursor.peek_nth(n).and_then(|b| char::from(b).to_digit(16));
                let value = digit(1).zip(digit(2)).and_then(|(a, b)| u8::try_from(a * 16 + b).ok());
                Some(value.map_or((b'%', 1), |value| (value, 3)))
            }
            _ => Some((byte, 1)),
        }
    }

    fn push(&mut self, kind: Kind, span: Span) {
        self.tokens.push(Token { kind, span });
    }

    fn one(&mut self) {
        let Some((byte, width)) = self.peek() else { return };
        let start = self.cursor.at();
        match byte {
            _ if byte.is_ascii_whitespace() => self.cursor.advance(width),
            b'-' if self.cursor.starts_with("--") => self.line_comment(),
            b'/' if self.cursor.starts_with("/*") => {
                self.cursor.find_past("*/");
            }
            b'\'' => self.quoted(b'\'', Kind::Text),
            b'"' | b'`' => self.quoted(byte, Kind::Quoted),
            b'$' => {
                self.cursor.advance(width);
                if self.cursor.peek() == Some(b'{') {
                    self.braces();
                }
                self.cursor.take_while(|b| is_name_byte(b) || b == b'$');
                self.push(Kind::Hole, Span::new(start, self.cursor.at()));
            }
            b'{' => {
                self.braces();
                self.push(Kind::Hole, Span::new(start, self.cursor.at()));
            }
            b'0'..=b'9' if width == 1 => {
                let span =
                    self.cursor.take_while(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_');
                self.push(Kind::Number, span);
            }
            _ if is_name_byte(byte) && width == 1 => {
                let span = self.cursor.take_while(is_name_byte);
                self.push(Kind::Word, span);
            }
            _ => {
                self.cursor.advance(width);
                self.push(Kind::Sign(byte), Span::new(start, start + width));
            }
        }
    }

    /// To the end of the line, which may be an escape.
    fn line_comment(&mut self) {
        while let Some((byte, width)) = self.peek() {
            let raw = self.cursor.peek();
            let is_break = raw == Some(b'\n')
                || (self.escapes == Escapes::Backslash
                    && raw == Some(b'\\')
                    && self.cursor.peek_nth(1) == Some(b'n'))
                || (self.escapes == Escapes::Percent && byte == b'\n');
            self.cursor.advance(width);
            if is_break {
                return;
            }
        }
    }

    fn braces(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.cursor.peek() {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                b'\n' => return,
                _ => {}
            }
            self.cursor.advance(1);
            if depth == 0 {
                return;
            }
        }
    }

    /// A text or a name in quotes; quotes are doubled within.
    fn quoted(&mut self, quote: u8, kind: Kind) {
        if let Some((_, width)) = self.peek() {
            self.cursor.advance(width);
        }
        let start = self.cursor.at();
        while let Some((byte, width)) = self.peek() {
            let end = self.cursor.at();
            self.cursor.advance(width);
            if byte != quote {
                continue;
            }
            match self.peek() {
                Some((next, width)) if next == quote => self.cursor.advance(width),
                _ => {
                    self.push(kind, Span::new(start, end));
                    return;
                }
            }
        }
        // Without its closing quote it is the rest, and says nothing.
        debug_assert!(
            self.cursor.is_end() && self.text.len() >= self.cursor.at(),
            "read to the end"
        );
    }
}
