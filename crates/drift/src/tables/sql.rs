//! SQL of QuestDB and its neighbors: what makes a table, writes into it and reads from it.

mod ddl;
mod lex;
mod select;

use crate::cursor::Cursor;
use crate::span::Span;
use crate::tables::TableStatement;
use lex::{Kind, Token};

/// How characters are written in the text around the SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// As they are.
    None,
    /// `\n`, `\"` and so on.
    Backslash,
    /// `%20` and `+`, as in a URL.
    Percent,
}

/// Whether a text is SQL and not a sentence that begins with the same word.
pub(crate) fn looks_like(text: &str) -> bool {
    let mut rest = text.trim_start();
    while let Some(escape) = ["\\n", "\\t", "\\r", "\\"].iter().find(|e| rest.starts_with(**e)) {
        rest = rest.get(escape.len()..).unwrap_or_default().trim_start();
    }
    let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = rest.get(..length).unwrap_or_default();
    if !(4..=6).contains(&length) {
        return false;
    }
    let is_one_case = word.bytes().all(|b| b.is_ascii_uppercase())
        || word.bytes().all(|b| b.is_ascii_lowercase());
    if !is_one_case || rest.get(word.len()..).is_none_or(|next| !next.starts_with(SEPARATORS)) {
        return false;
    }
    let find = |word: &str| memchr::memmem::find(rest.as_bytes(), word.as_bytes()).is_some();
    let has = |upper: &str, lower: &str| find(upper) || find(lower);
    match word.to_ascii_lowercase().as_str() {
        "select" => has("FROM", "from"),
        "with" => has("SELECT", "select") && has("AS", "as"),
        "create" => has("TABLE", "table") && rest.contains('('),
        "alter" | "drop" => has("TABLE", "table"),
        "insert" => has("INTO", "into"),
        _ => false,
    }
}

const SEPARATORS: [char; 7] = [' ', '\n', '\t', '\r', '\\', '%', '+'];

/// Adds what the statements of a part of a text do with tables.
pub(crate) fn read(text: &str, part: Span, escapes: Escapes, into: &mut Vec<TableStatement>) {
    let tokens = lex::tokens(text, part, escapes);
    let mut reader = Reader { text, tokens: &tokens, at: 0, depth: 0, found: Vec::new() };
    while reader.peek().is_some() {
        reader.statement();
    }
    into.append(&mut reader.found);
}

/// The SQL in URLs such as `http://host/exec?query=SELECT%201`, anywhere in a line.
pub(crate) fn read_urls(text: &str, line: Span, into: &mut Vec<TableStatement>) {
    let mut cursor = Cursor::new(text, line);
    while cursor.find_past("query=") {
        let is_end = |byte: u8| {
            matches!(byte, b' ' | b'"' | b'\'' | b'`' | b'&' | b'>' | b'\\')
                || byte.is_ascii_whitespace()
        };
        let value = cursor.take_while(|byte| !is_end(byte));
        if looks_like(value.of(text)) {
            read(text, value, Escapes::Percent, into);
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    depth: usize,
    found: Vec<TableStatement>,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    fn peek_nth(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    fn text(&self, token: Token) -> &'t str {
        token.span.of(self.text)
    }

    fn is_word(&self, token: Option<Token>, word: &str) -> bool {
        token.is_some_and(|t| t.kind == Kind::Word && self.text(t).eq_ignore_ascii_case(word))
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let is_there = self.is_word(self.peek(), word);
        self.at += usize::from(is_there);
        is_there
    }

    fn eat_words(&mut self, words: &[&str]) -> bool {
        let is_there =
            words.iter().enumerate().all(|(ahead, word)| self.is_word(self.peek_nth(ahead), word));
        if is_there {
            self.at += words.len();
        }
        is_there
    }

    fn is_sign(&self, sign: u8) -> bool {
        self.peek().is_some_and(|token| token.kind == Kind::Sign(sign))
    }

    fn eat_sign(&mut self, sign: u8) -> bool {
        let is_there = self.is_sign(sign);
        self.at += usize::from(is_there);
        is_there
    }

    /// A name of a table or column, in quotes or not.
    fn name(&mut self) -> Option<Token> {
        let token = self.peek().filter(|token| matches!(token.kind, Kind::Word | Kind::Quoted))?;
        self.at += 1;
        Some(token)
    }

    fn statement(&mut self) {
        if self.eat_word("create") {
            self.create();
        } else if self.eat_words(&["alter", "table"]) {
            self.alter();
        } else if self.eat_words(&["insert", "into"]) {
            self.insert();
        } else if self.is_word(self.peek(), "select") || self.is_word(self.peek(), "with") {
            self.query();
        } else {
            self.at += 1;
        }
    }

    /// Goes behind the `;` that ends this statement.
    fn skip_statement(&mut self) {
        while let Some(token) = self.next() {
            if token.kind == Kind::Sign(b';') {
                return;
            }
        }
    }

    /// Goes behind the bracket that closes the one before this place.
    fn skip_brackets(&mut self) {
        let mut depth = 1_usize;
        while let Some(token) = self.next() {
            match token.kind {
                Kind::Sign(b'(') => depth += 1,
                Kind::Sign(b')') => depth -= 1,
                Kind::Sign(b';') => return,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }
}
