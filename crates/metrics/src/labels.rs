//! Interning of labels and label sets, on the slow path: before a handle is given out.

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    dictionary::{self, Entry, Scope},
    schema::Schema,
    tables,
};

/// Longest label, in bytes.
pub const LABEL_BYTES_MAX: usize = 200;

/// Values that a label may have, by its name.
#[must_use]
pub(crate) fn values_max(label: &str) -> usize {
    if label == "instrument_id" { 10_000 } else { 1_000 }
}

/// Why a handle cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A label is empty.
    #[error("label `{name}` is empty")]
    Empty {
        /// Which.
        name: String,
    },
    /// A label is longer than [`LABEL_BYTES_MAX`].
    #[error("label `{name}` has {found} bytes, at most {LABEL_BYTES_MAX} fit")]
    TooLong {
        /// Which.
        name: String,
        /// Bytes found.
        found: usize,
    },
    /// A label holds a control character, which a store would refuse.
    #[error("label `{name}` holds a control character at byte {at}")]
    Control {
        /// Which.
        name: String,
        /// Where.
        at: usize,
    },
    /// A label has too many values; an id that never repeats is not a label.
    #[error("label `{name}` has {max} values already; put ids into a text column instead")]
    TooMany {
        /// Which.
        name: String,
        /// How many it may have.
        max: usize,
    },
    /// The table of a team's own cannot be kept: this process has too many.
    #[error("no room for one more table in this process")]
    TooManyTables,
    /// This process is a fork; the pipeline belongs to its parent.
    #[error("this process is a fork: open a pipeline of its own")]
    Forked,
    /// The journal could not be written, so recovered rows would have no names.
    #[error("cannot write the journal of labels")]
    Journal {
        /// Cause.
        source: io::Error,
    },
}

/// Numbers of labels and label sets of one pipeline.
#[derive(Debug)]
pub(crate) struct Registry {
    scope: u64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    labels: HashMap<String, u32>,
    series: HashMap<Vec<(String, String)>, u32>,
    series_by_id: Vec<Vec<(String, String)>>,
    values: HashMap<String, HashSet<String>>,
    own_tables: HashSet<u8>,
    /// Every entry so far, framed: what a spool segment carries.
    log: Vec<u8>,
}

impl Registry {
    /// A registry whose log begins with the scope and every built-in table.
    pub(crate) fn new(scope: &Scope) -> Self {
        let mut inner = Inner::default();
        dictionary::append(&mut inner.log, scope.id, &Entry::Scope(scope.clone()));
        for (number, schema) in tables::built_in() {
            let entry = Entry::Table { number, schema: schema.clone() };
            dictionary::append(&mut inner.log, scope.id, &entry);
        }
        Self { scope: scope.id, inner: Mutex::new(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log from byte `from` on.
    pub(crate) fn log_from(&self, from: usize) -> Vec<u8> {
        self.lock().log.get(from..).unwrap_or_default().to_vec()
    }

    /// Names and texts of a label set.
    pub(crate) fn series_labels(&self, id: u32) -> Vec<(String, String)> {
        let at = usize::try_from(id).unwrap_or(usize::MAX);
        self.lock().series_by_id.get(at).cloned().unwrap_or_default()
    }

    /// The number of a label; `journal` must keep the bytes before the number is used.
    pub(crate) fn label(
        &self,
        text: &str,
        journal: impl FnOnce(&[u8]) -> io::Result<()>,
    ) -> Result<u32, LabelError> {
        check("label", text)?;
        let mut inner = self.lock();
        if let Some(&id) = inner.labels.get(text) {
            return Ok(id);
        }
        admit(&mut inner.values, "label", text)?;
        let id = number(inner.labels.len());
        let entry = Entry::Label { id, text: text.to_owned() };
        inner.keep(self.scope, &entry, journal)?;
        inner.labels.insert(text.to_owned(), id);
        Ok(id)
    }

    /// The number of a label set, in the order given.
    pub(crate) fn series(
        &self,
        labels: &[(&str, &str)],
        journal: impl FnOnce(&[u8]) -> io::Result<()>,
    ) -> Result<u32, LabelError> {
        for (name, text) in labels {
            check(name, text)?;
        }
        let labels: Vec<(String, String)> =
            labels.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
        let mut inner = self.lock();
        if let Some(&id) = inner.series.get(&labels) {
            return Ok(id);
        }
        for (name, text) in &labels {
            admit(&mut inner.values, name, text)?;
        }
        let id = number(inner.series.len());
        inner.keep(self.scope, &Entry::Series { id, labels: labels.clone() }, journal)?;
        inner.series_by_id.push(labels.clone());
        inner.series.insert(labels, id);
        Ok(id)
    }

    /// Puts the schema of a team's own table on record, once.
    pub(crate) fn own_table(
        &self,
        table: u8,
        schema: &'static Schema,
        journal: impl FnOnce(&[u8]) -> io::Result<()>,
    ) -> Result<(), LabelError> {
        let mut inner = self.lock();
        if inner.own_tables.contains(&table) {
            return Ok(());
        }
        let entry = Entry::Table { number: table, schema: schema.clone() };
        inner.keep(self.scope, &entry, journal)?;
        inner.own_tables.insert(table);
        Ok(())
    }
}

impl Inner {
    fn keep(
        &mut self,
        scope: u64,
        entry: &Entry,
        journal: impl FnOnce(&[u8]) -> io::Result<()>,
    ) -> Result<(), LabelError> {
        let mut bytes = Vec::new();
        dictionary::append(&mut bytes, scope, entry);
        journal(&bytes).map_err(|source| LabelError::Journal { source })?;
        self.log.extend_from_slice(&bytes);
        Ok(())
    }
}

fn check(name: &str, text: &str) -> Result<(), LabelError> {
    let name = || name.to_owned();
    if text.is_empty() {
        return Err(LabelError::Empty { name: name() });
    }
    if text.len() > LABEL_BYTES_MAX {
        return Err(LabelError::TooLong { name: name(), found: text.len() });
    }
    match text.char_indices().find(|(_, c)| c.is_control()) {
        Some((at, _)) => Err(LabelError::Control { name: name(), at }),
        None => Ok(()),
    }
}

fn admit(
    values: &mut HashMap<String, HashSet<String>>,
    name: &str,
    text: &str,
) -> Result<(), LabelError> {
    let known = values.entry(name.to_owned()).or_default();
    let max = values_max(name);
    if !known.contains(text) && known.len() >= max {
        return Err(LabelError::TooMany { name: name.to_owned(), max });
    }
    known.insert(text.to_owned());
    Ok(())
}

fn number(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
