//! Statements that make tables, change them and write into them.

use super::Reader;
use super::lex::Kind;
use crate::span::Span;
use crate::tables::{ColumnAt, Deed, TableStatement};

/// Words that begin an entry of a column list which is no column.
const CONSTRAINTS: [&str; 7] =
    ["primary", "unique", "foreign", "check", "constraint", "index", "key"];

impl Reader<'_> {
    /// After `CREATE`.
    pub(super) fn create(&mut self) {
        while self.eat_word("or") || self.eat_word("replace") || self.eat_word("temporary") {}
        let is_view = self.eat_word("materialized") | self.eat_word("view");
        if is_view {
            self.eat_word("view");
        } else if !self.eat_word("table") {
            return;
        }
        self.eat_words(&["if", "not", "exists"]);
        let Some(name) = self.qualified_name() else { return };
        let mut made = TableStatement::new(Deed::Creates, name);
        self.eat_word("as");
        if self.eat_sign(b'(') {
            if is_view || self.is_word(self.peek(), "select") || self.is_word(self.peek(), "with") {
                made.deed = Deed::Derives;
                self.query();
                self.eat_sign(b')');
            } else {
                self.columns(&mut made);
            }
        } else {
            made.deed = Deed::Derives;
        }
        self.layout(&mut made);
        self.found.push(made);
    }

    /// A table's name; of `schema.table` the last part. QuestDB writes it in single quotes.
    fn qualified_name(&mut self) -> Option<Span> {
        let mut name = self.table_name()?;
        while self.eat_sign(b'.') {
            name = self.table_name()?;
        }
        Some(name)
    }

    fn table_name(&mut self) -> Option<Span> {
        match self.peek() {
            Some(text) if text.kind == Kind::Text => {
                self.next();
                Some(text.span)
            }
            _ => Some(self.name()?.span),
        }
    }

    /// Columns and the bracket that closes them.
    fn columns(&mut self, made: &mut TableStatement) {
        loop {
            let Some(name) = self.name() else {
                self.skip_brackets();
                return;
            };
            let is_constraint = name.kind == Kind::Word
                && CONSTRAINTS.iter().any(|word| self.text(name).eq_ignore_ascii_case(word));
            let kind = self.peek().filter(|token| token.kind == Kind::Word);
            // A column may be called `index` or `key`: then a type follows.
            let is_column = !is_constraint
                || kind.is_some_and(|kind| !["key", "foreign"].contains(&self.text(kind)));
            if is_column && !(is_constraint && self.is_sign(b'(')) {
                made.columns.push(ColumnAt { name: name.span, kind: kind.map(|token| token.span) });
            }
            if !self.skip_to_next_column() {
                return;
            }
        }
    }

    /// Goes behind the next comma of this list; says `false` when the list is over.
    fn skip_to_next_column(&mut self) -> bool {
        while let Some(token) = self.next() {
            match token.kind {
                Kind::Sign(b',') => return true,
                Kind::Sign(b'(') => self.skip_brackets(),
                Kind::Sign(b')' | b';') => return false,
                _ => {}
            }
        }
        false
    }

    /// What follows the columns: timestamp, partition, time to live, write-ahead log, deduplication.
    fn layout(&mut self, made: &mut TableStatement) {
        while let Some(token) = self.peek() {
            if matches!(token.kind, Kind::Sign(b';' | b')')) {
                self.at += 1;
                return;
            }
            if self.is_word(Some(token), "create") || self.is_word(Some(token), "select") {
                return;
            }
            if self.eat_word("timestamp") {
                if self.eat_sign(b'(') {
                    made.layout.timestamp = self.name().map(|token| token.span);
                    self.eat_sign(b')');
                }
            } else if self.eat_words(&["partition", "by"]) {
                made.layout.partition = self.name().map(|token| token.span);
            } else if self.eat_word("ttl") {
                made.layout.ttl = self.time_to_live();
            } else if self.eat_words(&["bypass", "wal"]) {
                made.layout.wal = Some(false);
            } else if self.eat_word("wal") {
                made.layout.wal = Some(true);
            } else if self.eat_words(&["dedup", "upsert", "keys"]) {
                made.layout.dedup = self.names_in_brackets();
            } else {
                self.at += 1;
            }
        }
    }

    /// `90 DAYS`, `4w`.
    fn time_to_live(&mut self) -> Option<Span> {
        let number = self.peek().filter(|token| token.kind == Kind::Number)?.span;
        self.at += 1;
        let unit = self.peek().filter(|token| {
            let text = self.text(*token).to_ascii_lowercase();
            let text = text.trim_end_matches('s');
            token.kind == Kind::Word && ["hour", "day", "week", "month", "year"].contains(&text)
        });
        self.at += usize::from(unit.is_some());
        Some(Span::new(number.start, unit.map_or(number.end, |unit| unit.span.end)))
    }

    fn names_in_brackets(&mut self) -> Vec<Span> {
        let mut names = Vec::new();
        if self.eat_sign(b'(') {
            while let Some(token) = self.next() {
                match token.kind {
                    Kind::Word | Kind::Quoted => names.push(token.span),
                    Kind::Sign(b',') => {}
                    _ => break,
                }
            }
        }
        names
    }

    /// After `ALTER TABLE`.
    pub(super) fn alter(&mut self) {
        let Some(name) = self.qualified_name() else { return };
        let mut altered = TableStatement::new(Deed::Alters, name);
        if self.eat_words(&["add", "column"]) || self.eat_word("add") {
            self.eat_words(&["if", "not", "exists"]);
            let column = self.name();
            let kind = self.peek().filter(|token| token.kind == Kind::Word);
            altered.columns.extend(
                column.map(|column| ColumnAt { name: column.span, kind: kind.map(|k| k.span) }),
            );
        } else if self.eat_words(&["set", "ttl"]) {
            altered.layout.ttl = self.time_to_live();
        }
        self.found.push(altered);
        self.skip_statement();
    }

    /// After `INSERT INTO`.
    pub(super) fn insert(&mut self) {
        let Some(name) = self.qualified_name() else { return };
        let mut written = TableStatement::new(Deed::Writes, name);
        let columns = self.names_in_brackets();
        written.columns = columns.into_iter().map(|name| ColumnAt { name, kind: None }).collect();
        self.found.push(written);
    }
}
