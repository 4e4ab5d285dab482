//! Python's tokens, as far as literals and names need them.

use crate::cursor::{Cursor, is_name_byte};
use crate::span::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Name,
    Number,
    /// A text; the span is what stands within its quotes.
    Text,
    /// A text with expressions in braces.
    Template,
    /// One byte of punctuation.
    Sign(u8),
    Comment,
    /// The end of a logical line; the number is the next line's indentation.
    Line(usize),
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

/// The tokens of a part of a text. A text without its closing quotes ends with its line, or with the file.
pub(crate) fn tokens(text: &str, part: Span) -> Vec<Token> {
    let mut lexer = Lexer {
        text,
        cursor: Cursor::new(text, part),
        tokens: Vec::with_capacity(part.len() / 6),
        depth: 0,
    };
    lexer.cursor.eat("\u{feff}");
    lexer.line_start();
    while !lexer.cursor.is_end() {
        lexer.one();
    }
    lexer.tokens
}

struct Lexer<'t> {
    text: &'t str,
    cursor: Cursor<'t>,
    tokens: Vec<Token>,
    /// Brackets that are open.
    depth: usize,
}

impl Lexer<'_> {
    fn push(&mut self, kind: Kind, span: Span) {
        self.tokens.push(Token { kind, span });
    }

    fn line_start(&mut self) {
        let blanks = self.cursor.skip_blanks();
        // An empty line or one of a comment alone does not end a block.
        if !matches!(self.cursor.peek(), None | Some(b'\n' | b'\r' | b'#')) {
            let at = Span::new(self.cursor.at(), self.cursor.at());
            self.push(Kind::Line(blanks.len()), at);
        }
    }

    fn one(&mut self) {
        let Some(byte) = self.cursor.peek() else { return };
        match byte {
            b'\n' => {
                self.cursor.advance(1);
                if self.depth == 0 {
                    self.line_start();
                }
            }
            b' ' | b'\t' | b'\r' => drop(self.cursor.skip_blanks_and_returns()),
            b'\\' => self.cursor.advance(2),
            b'#' => {
                let span = self.cursor.take_while(|byte| byte != b'\n');
                self.push(Kind::Comment, span.trimmed(self.text));
            }
            b'"' | b'\'' => self.string(Kind::Text),
            b'0'..=b'9' => self.number(),
            b'.' if self.cursor.peek_nth(1).is_some_and(|next| next.is_ascii_digit()) => {
                self.number();
            }
            byte if is_name_byte(byte) => self.name(),
            byte => {
                match byte {
                    b'(' | b'[' | b'{' => self.depth += 1,
                    b')' | b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                let at = self.cursor.at();
                self.cursor.advance(1);
                self.push(Kind::Sign(byte), Span::new(at, at + 1));
            }
        }
    }

    fn number(&mut self) {
        let span = self
            .cursor
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
        self.push(Kind::Number, span);
    }

    /// A name, or the letters before a text's quotes.
    fn name(&mut self) {
        let span = self.cursor.take_while(is_name_byte);
        let name = span.of(self.text);
        let is_prefix = name.len() <= 2 && name.bytes().all(|b| b"rRbBuUfFtT".contains(&b));
        if is_prefix && matches!(self.cursor.peek(), Some(b'"' | b'\'')) {
            let is_template = name.bytes().any(|b| b"fFtT".contains(&b));
            self.string(if is_template { Kind::Template } else { Kind::Text });
        } else {
            self.push(Kind::Name, span);
        }
    }

    fn string(&mut self, kind: Kind) {
        let Some(quote) = self.cursor.peek() else { return };
        let triple = if quote == b'"' { "\"\"\"" } else { "'''" };
        let is_long = self.cursor.starts_with(triple);
        let width = if is_long { 3 } else { 1 };
        self.cursor.advance(width);
        let start = self.cursor.at();
        loop {
            match self.cursor.peek() {
                None => break,
                Some(b'\\') => self.cursor.advance(2),
                Some(b'\n') if !is_long => break,
                Some(byte) if byte == quote && (!is_long || self.cursor.starts_with(triple)) => {
                    break;
                }
                Some(_) => {
                    self.cursor.advance(1);
                    self.cursor.take_while(|byte| byte != quote && byte != b'\\' && byte != b'\n');
                }
            }
        }
        let span = Span::new(start, self.cursor.at());
        if self.cursor.peek() == Some(quote) {
            self.cursor.advance(width);
        }
        self.push(kind, span);
    }
}
