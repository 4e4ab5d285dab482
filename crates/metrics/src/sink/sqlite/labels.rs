//! Ids of label texts in the store's `strings`, remembered by [`SymbolId`].

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use crate::batch::SymbolId;

/// Texts outside of a batch's symbols that are remembered; more are asked again.
const TEXTS_MAX: usize = 4096;

#[derive(Debug, Clone)]
struct Known {
    id: i64,
    /// The batch in which `text` was last compared: a number may mean another text in a batch of
    /// another pipeline.
    batch: u64,
    text: Box<str>,
}

#[derive(Debug, Default)]
pub(super) struct LabelIds {
    by_symbol: Vec<Option<Known>>,
    by_text: HashMap<Box<str>, i64>,
    /// What this transaction learned; void if it is rolled back.
    new_symbols: Vec<usize>,
    new_texts: Vec<Box<str>>,
    batch: u64,
}

impl LabelIds {
    pub(super) fn begin(&mut self) {
        self.batch = self.batch.wrapping_add(1);
        self.keep();
    }

    /// The next batch of the same transaction.
    pub(super) fn next_batch(&mut self) {
        self.batch = self.batch.wrapping_add(1);
    }

    pub(super) fn keep(&mut self) {
        self.new_symbols.clear();
        self.new_texts.clear();
    }

    pub(super) fn roll_back(&mut self) {
        for index in self.new_symbols.drain(..) {
            if let Some(slot) = self.by_symbol.get_mut(index) {
                *slot = None;
            }
        }
        for text in self.new_texts.drain(..) {
            self.by_text.remove(&text);
        }
    }

    /// The id of a label, from memory if this batch has shown it before.
    #[inline]
    pub(super) fn of_symbol<'t>(
        &mut self,
        connection: &Connection,
        symbol: SymbolId,
        text: impl FnOnce() -> &'t str,
    ) -> rusqlite::Result<i64> {
        match self.by_symbol.get(symbol.index()) {
            Some(Some(known)) if known.batch == self.batch => Ok(known.id),
            _ => self.learn(connection, symbol, text()),
        }
    }

    #[cold]
    fn learn(&mut self, c: &Connection, symbol: SymbolId, text: &str) -> rusqlite::Result<i64> {
        let index = symbol.index();
        if self.by_symbol.len() <= index {
            self.by_symbol.resize(index.saturating_add(1), None);
        }
        let batch = self.batch;
        if let Some(Some(known)) = self.by_symbol.get_mut(index)
            && *known.text == *text
        {
            known.batch = batch;
            return Ok(known.id);
        }
        let id = intern(c, text)?;
        if let Some(slot) = self.by_symbol.get_mut(index) {
            *slot = Some(Known { id, batch, text: text.into() });
            self.new_symbols.push(index);
        }
        Ok(id)
    }

    /// The id of a text that has no number.
    pub(super) fn of_text(&mut self, connection: &Connection, text: &str) -> rusqlite::Result<i64> {
        if let Some(&id) = self.by_text.get(text) {
            return Ok(id);
        }
        let id = intern(connection, text)?;
        if self.by_text.len() < TEXTS_MAX {
            self.by_text.insert(text.into(), id);
            self.new_texts.push(text.into());
        }
        Ok(id)
    }
}

fn intern(connection: &Connection, text: &str) -> rusqlite::Result<i64> {
    let mut find = connection.prepare_cached("SELECT id FROM strings WHERE text = ?1")?;
    if let Some(id) = find.query_row([text], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    let mut insert = connection.prepare_cached("INSERT INTO strings (text) VALUES (?1)")?;
    insert.insert([text])
}
