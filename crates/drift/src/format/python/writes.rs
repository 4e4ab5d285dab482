//! Rows that a Python program writes: line protocol in texts, and calls that take a table and columns.

use std::cell::Cell;

use super::token::{Kind, Token};
use crate::cursor::{Cursor, is_name_byte};
use crate::outline::Outline;
use crate::span::Span;
use crate::tables::{ColumnAt, Deed, TableStatement};

/// How many variables deep a line's columns are looked for.
const LOOKUPS_MAX: usize = 4;

/// Most variables that are looked up in a file.
const LOOKUPS_OF_FILE_MAX: usize = 2_000;

/// Parts of the names of calls that write a row.
const WRITERS: &[&str] =
    &["row", "line", "write", "insert", "emit", "send", "record", "point", "ilp"];

pub(super) fn read(text: &str, tokens: &[Token], outline: &mut Outline) {
    let is_def = |token: &Token| token.kind == Kind::Name && token.span.of(text) == "def";
    let lookups = Cell::new(LOOKUPS_OF_FILE_MAX);
    let mut rest = tokens;
    while !rest.is_empty() {
        // A function is what stands between two `def`: names of variables hold within it.
        let length = rest.iter().skip(1).position(is_def).map_or(rest.len(), |at| at + 1);
        let (function, after) = rest.split_at(length);
        let function = Function { text, tokens: function, lookups: &lookups };
        function.lines(outline);
        function.calls(outline);
        rest = after;
    }
}

struct Function<'t> {
    text: &'t str,
    tokens: &'t [Token],
    /// How many more variables are looked up in this file.
    lookups: &'t Cell<usize>,
}

impl Function<'_> {
    /// Texts such as `f"trading_pnl,strategy_id={id} total={total} {ts}"`.
    fn lines(&self, outline: &mut Outline) {
        let mut at = 0;
        while let Some(token) = self.tokens.get(at) {
            if !is_text(token) {
                at += 1;
                continue;
            }
            let joined: Vec<Span> = self
                .tokens
                .iter()
                .skip(at)
                .take_while(|token| is_text(token))
                .map(|token| token.span)
                .collect();
            at += joined.len();
            let Some(table) = joined.first().and_then(|first| measurement(self.text, *first))
            else {
                continue;
            };
            let mut written = TableStatement {
                is_line_protocol: true,
                ..TableStatement::new(Deed::Writes, table)
            };
            for part in &joined {
                let start = if part.contains(table) { table.end } else { part.start };
                self.columns(Span::new(start, part.end), LOOKUPS_MAX, &mut written.columns);
            }
            if !written.columns.is_empty() {
                outline.tables.push(written);
            }
        }
    }

    /// Adds the names before `=` in a text, and those of the variables in its braces.
    fn columns(&self, part: Span, lookups: usize, into: &mut Vec<ColumnAt>) {
        let mut cursor = Cursor::new(self.text, part);
        let mut may_begin = true;
        while let Some(byte) = cursor.peek() {
            if byte == b'{' {
                let hole = braces(&mut cursor);
                self.variables(hole, lookups, into);
                may_begin = false;
            } else if may_begin && is_name_byte(byte) {
                let name = cursor.take_while(is_name_byte);
                if cursor.peek() == Some(b'=') && !into.iter().any(|known| known.name == name) {
                    into.push(ColumnAt { name, kind: None });
                }
                may_begin = false;
            } else if byte == b'"' || byte == b'\\' {
                // A field's text is not looked into.
                cursor.advance(if byte == b'\\' { 2 } else { 1 });
                may_begin = false;
            } else {
                may_begin = byte == b',' || byte == b' ';
                cursor.advance(1);
            }
        }
    }

    /// Adds the columns of the texts that variables in braces hold.
    fn variables(&self, hole: Span, lookups: usize, into: &mut Vec<ColumnAt>) {
        if lookups == 0 {
            return;
        }
        let mut cursor = Cursor::new(self.text, hole);
        while !cursor.is_end() {
            let name = cursor.take_while(is_name_byte);
            if name.is_empty() {
                cursor.advance(1);
                continue;
            }
            // `self.x` and `f(x)` are values; `{tags}` and `','.join(fields)` are parts of the line.
            let is_plain = matches!(cursor.peek(), None | Some(b')' | b'}')) && {
                let before = self.text.as_bytes().get(name.start.wrapping_sub(1));
                matches!(before, Some(b'{' | b'('))
            };
            if is_plain {
                self.assigned(name, lookups - 1, into);
            }
        }
    }

    /// Adds the columns of what is assigned to a variable or appended to it.
    fn assigned(&self, name: Span, lookups: usize, into: &mut Vec<ColumnAt>) {
        let Some(left) = self.lookups.get().checked_sub(1) else { return };
        self.lookups.set(left);
        let wanted = name.of(self.text);
        let mut holds = false;
        for (index, token) in self.tokens.iter().enumerate() {
            match token.kind {
                Kind::Line(_) => {
                    let first = self.tokens.get(index + 1);
                    let sign = self.tokens.get(index + 2).map(|token| token.kind);
                    holds = first.is_some_and(|first| first.span.of(self.text) == wanted)
                        && matches!(sign, Some(Kind::Sign(b'=' | b'+' | b'.' | b':')));
                }
                Kind::Name if holds && token.span.of(self.text) != wanted && lookups > 0 => {
                    let is_joined = matches!(
                        self.tokens.get(index.wrapping_sub(1)).map(|token| token.kind),
                        Some(Kind::Sign(b'('))
                    );
                    if is_joined {
                        self.assigned(token.span, lookups - 1, into);
                    }
                }
                Kind::Text | Kind::Template if holds => self.columns(token.span, lookups, into),
                _ => {}
            }
        }
    }

    /// Calls such as `sender.row("trades", symbols={"side": side}, columns={"px": px})`.
    fn calls(&self, outline: &mut Outline) {
        for (index, window) in self.tokens.windows(4).enumerate() {
            let [callee, open, table, comma] = window else { continue };
            let is_call = callee.kind == Kind::Name
                && open.kind == Kind::Sign(b'(')
                && table.kind == Kind::Text
                && comma.kind == Kind::Sign(b',');
            if !is_call
                || table.span.is_empty()
                || !table.span.of(self.text).bytes().all(is_name_byte)
            {
                continue;
            }
            let name = callee.span.of(self.text).to_ascii_lowercase();
            if !WRITERS.iter().any(|part| name.contains(part)) {
                continue;
            }
            let mut written = TableStatement {
                is_line_protocol: true,
                ..TableStatement::new(Deed::Writes, table.span)
            };
            written.columns = self.keys(index + 2);
            if !written.columns.is_empty() {
                outline.tables.push(written);
            }
        }
    }

    /// The keys of the dictionaries that are arguments of the call whose arguments begin here.
    fn keys(&self, first: usize) -> Vec<ColumnAt> {
        let (mut round, mut curly) = (1_usize, 0_usize);
        let mut keys = Vec::new();
        for (index, token) in self.tokens.iter().enumerate().skip(first) {
            match token.kind {
                Kind::Sign(b'(' | b'[') => round += 1,
                Kind::Sign(b')' | b']') => round = round.saturating_sub(1),
                Kind::Sign(b'{') => curly += 1,
                Kind::Sign(b'}') => curly = curly.saturating_sub(1),
                Kind::Text if round == 1 && curly == 1 => {
                    let next = self.tokens.get(index + 1).map(|token| token.kind);
                    if next == Some(Kind::Sign(b':')) {
                        keys.push(ColumnAt { name: token.span, kind: None });
                    }
                }
                _ => {}
            }
            if round == 0 {
                break;
            }
        }
        keys
    }
}

fn is_text(token: &Token) -> bool {
    matches!(token.kind, Kind::Text | Kind::Template)
}

/// The table of a text of line protocol: `table,tag=…`, `table field=…`, `table,{tags} …`.
fn measurement(text: &str, part: Span) -> Option<Span> {
    let mut cursor = Cursor::new(text, part);
    let table = cursor
        .take_while(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let separator = cursor.peek()?;
    if table.is_empty() || (separator != b',' && separator != b' ') {
        return None;
    }
    cursor.advance(1);
    if cursor.peek() == Some(b'{') && separator == b',' {
        return Some(table);
    }
    let key = cursor.take_while(is_name_byte);
    (!key.is_empty() && cursor.peek() == Some(b'=')).then_some(table)
}

/// Takes `{…}`; gives it without the braces.
fn braces(cursor: &mut Cursor<'_>) -> Span {
    let start = cursor.at() + 1;
    let mut depth = 0_usize;
    while let Some(byte) = cursor.peek() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        cursor.advance(1);
    }
    let inner = Span::new(start, cursor.at());
    cursor.advance(1);
    inner
}
