//! Prose and command lines taken apart: words, numbers, signs.

use crate::cursor::Cursor;
use crate::span::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word or a name, with the dots and hyphens inside it.
    Word,
    /// What begins with a digit: `9000`, `v9.2.3-alpine`, `60s`, `2.5%`.
    Number,
    /// One character of punctuation.
    Sign(u8),
    /// The end of a line inside the text.
    Break,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

impl Token {
    pub(crate) fn is_sign(self, sign: u8) -> bool {
        self.kind == Kind::Sign(sign)
    }
}

/// The tokens of a part of a text, in place of what `tokens` had.
pub(crate) fn tokens(text: &str, part: Span, tokens: &mut Vec<Token>) {
    let mut cursor = Cursor::new(text, part);
    tokens.clear();
    while let Some(byte) = cursor.peek() {
        let start = cursor.at();
        let kind = match byte {
            b' ' | b'\t' | b'\r' => {
                cursor.skip_blanks_and_returns();
                continue;
            }
            b'\n' => {
                cursor.advance(1);
                Kind::Break
            }
            b'0'..=b'9' => {
                number(&mut cursor);
                Kind::Number
            }
            b'v' | b'V' if cursor.peek_nth(1).is_some_and(|next| next.is_ascii_digit()) => {
                cursor.advance(1);
                number(&mut cursor);
                Kind::Number
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' => {
                word(&mut cursor);
                Kind::Word
            }
            _ if byte >= 0x80 => {
                cursor.take_while(|byte| byte >= 0x80);
                Kind::Sign(0x80)
            }
            _ => {
                cursor.advance(1);
                Kind::Sign(byte)
            }
        };
        tokens.push(Token { kind, span: Span::new(start, cursor.at()) });
    }
}

fn word(cursor: &mut Cursor<'_>) {
    loop {
        cursor.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let goes_on = matches!(cursor.peek(), Some(b'.' | b'-'))
            && cursor.peek_nth(1).is_some_and(|next| next.is_ascii_alphanumeric() || next == b'_');
        if !goes_on {
            return;
        }
        cursor.advance(1);
    }
}

/// Digits and what belongs to them. A comma does before three digits, a hyphen before a letter.
fn number(cursor: &mut Cursor<'_>) {
    let start = cursor.at();
    loop {
        let span = cursor.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let next = cursor.peek_nth(1);
        let goes_on = match cursor.peek() {
            Some(b'.') => next.is_some_and(|next| next.is_ascii_alphanumeric() || next == b'*'),
            Some(b'*') => cursor.previous() == Some(b'.'),
            Some(b'-') => next.is_some_and(|next| next.is_ascii_alphabetic()),
            Some(b'+') => !next.is_some_and(|next| next.is_ascii_alphabetic()),
            Some(b'%') => true,
            Some(b',') => span.start == start && span.len() <= 3 && is_group(cursor),
            _ => false,
        };
        if !goes_on {
            return;
        }
        let is_end = matches!(cursor.peek(), Some(b'%'));
        cursor.advance(1);
        if is_end {
            return;
        }
    }
}

/// Three digits and no more after the comma here.
fn is_group(cursor: &Cursor<'_>) -> bool {
    let is_digit = |n| cursor.peek_nth(n).is_some_and(|byte| byte.is_ascii_digit());
    (1..=3).all(is_digit) && !is_digit(4)
}
