//! A table in memory that knows which of its rows changed since they were last written.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use serde::{Serialize, de::DeserializeOwned};

use super::{Row, Rows};

/// Rows by key, with a note of those that changed.
#[derive(Debug, Clone)]
pub(crate) struct Kept<V> {
    name: &'static str,
    rows: BTreeMap<String, V>,
    changed: BTreeSet<String>,
}

impl<V: Serialize + DeserializeOwned> Kept<V> {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, rows: BTreeMap::new(), changed: BTreeSet::new() }
    }

    /// Takes the rows of this table out of what was loaded; how many could not be understood.
    pub(crate) fn load(&mut self, from: &Rows) -> usize {
        let mut failed = 0;
        for ((table, key), value) in from {
            if table == self.name {
                match serde_json::from_value(value.clone()) {
                    Ok(row) => drop(self.rows.insert(key.clone(), row)),
                    Err(_) => failed += 1,
                }
            }
        }
        failed
    }

    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.rows.get(key)
    }

    /// A row to change; it counts as changed.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        let row = self.rows.get_mut(key)?;
        self.changed.insert(key.to_owned());
        Some(row)
    }

    pub(crate) fn insert(&mut self, key: &str, row: V) {
        self.rows.insert(key.to_owned(), row);
        self.changed.insert(key.to_owned());
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<V> {
        let removed = self.rows.remove(key)?;
        self.changed.insert(key.to_owned());
        Some(removed)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.rows.iter().map(|(key, row)| (key.as_str(), row))
    }

    /// Rows whose keys begin with `prefix`, by key.
    pub(crate) fn with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a V)> {
        let from = self.rows.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        from.take_while(move |(key, _)| key.starts_with(prefix)).map(|(k, row)| (k.as_str(), row))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Moves what changed since the last call into `to`, and whether all of it could be written down.
    pub(crate) fn take_changes(&mut self, to: &mut Vec<Row>) -> Result<(), serde_json::Error> {
        for key in std::mem::take(&mut self.changed) {
            let value = self.rows.get(&key).map(serde_json::to_value).transpose()?;
            to.push((self.name.to_owned(), key, value));
        }
        Ok(())
    }

    /// All rows, for a snapshot.
    pub(crate) fn save(&self, to: &mut Rows) -> Result<(), serde_json::Error> {
        for (key, row) in &self.rows {
            to.insert((self.name.to_owned(), key.clone()), serde_json::to_value(row)?);
        }
        Ok(())
    }
}
