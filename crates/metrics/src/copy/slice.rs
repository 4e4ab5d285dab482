//! The rows of a stretch, and what another store has of them.

use std::collections::HashMap;

use super::{
    Place, PlaceError, Stretch,
    digest::{Checksum, Digest, Value},
};
use crate::{
    batch::{Cell, Rows, Symbols},
    read::Datum,
    schema::Schema,
};

/// Rows of a stretch in the source, with the digest of each.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) stretch: Stretch,
    pub(super) rows: Rows,
    digests: Vec<Checksum>,
}

/// What a store has of a slice.
#[derive(Debug)]
pub(super) struct Compared {
    /// Rows of the slice that it has.
    pub(super) found: u64,
    /// Of those.
    pub(super) checksum: Checksum,
    /// Rows that it has beside them.
    pub(super) others: u64,
    /// Indices of the rows that it lacks.
    pub(super) missing: Vec<usize>,
}

impl Slice {
    /// Reads one; `None` if a value is not of its column's type.
    pub(super) fn load(
        from: &mut dyn Place,
        table: &Schema,
        stretch: Stretch,
        symbols: &mut Symbols,
    ) -> Result<Option<Self>, PlaceError> {
        let mut slice = Self { stretch, rows: Rows::default(), digests: Vec::new() };
        let mut fits = true;
        from.rows(table, stretch, &mut |cells| fits &= slice.push(table, cells, symbols))?;
        Ok(fits.then_some(slice))
    }

    fn push(&mut self, table: &Schema, cells: &[Datum], symbols: &mut Symbols) -> bool {
        let mut digest = Digest::new();
        for (column, datum) in table.all_columns().zip(cells) {
            let Some(value) = Value::new(column.ty, datum) else { return false };
            digest.add(value);
            match value {
                Value::Null => self.rows.push(Cell::Null),
                Value::Double(v) => self.rows.push(Cell::Double(v)),
                Value::Long(v) => self.rows.push(Cell::Long(v)),
                Value::Moment(v) => self.rows.push(Cell::Timestamp(v)),
                Value::Label(v) => self.rows.push(Cell::Symbol(symbols.intern(v))),
                Value::Text(v) => self.rows.push_text(v),
            }
        }
        self.rows.end_row();
        self.digests.push(digest.finish());
        true
    }

    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.digests.len()).unwrap_or(u64::MAX)
    }

    pub(super) fn checksum(&self) -> Checksum {
        self.digests.iter().fold(Checksum::default(), |sum, digest| sum.and(*digest))
    }

    /// As of a store that has nothing of it.
    pub(super) fn absent(&self) -> Compared {
        let missing = (0..self.digests.len()).collect();
        Compared { found: 0, checksum: Checksum::default(), others: 0, missing }
    }

    /// Looks for every row by all of its values. A row that the store has twice is one of others.
    pub(super) fn compare(
        &self,
        to: &mut dyn Place,
        table: &Schema,
    ) -> Result<Compared, PlaceError> {
        let mut wanted: HashMap<Checksum, usize> =
            self.digests.iter().enumerate().map(|(at, digest)| (*digest, at)).collect();
        let mut compared = Compared { missing: Vec::new(), ..self.absent() };
        to.rows(table, self.stretch, &mut |cells| match digest(table, cells)
            .filter(|digest| wanted.remove(digest).is_some())
        {
            Some(digest) => {
                compared.found = compared.found.saturating_add(1);
                compared.checksum = compared.checksum.and(digest);
            }
            None => compared.others = compared.others.saturating_add(1),
        })?;
        compared.missing = wanted.into_values().collect();
        compared.missing.sort_unstable();
        Ok(compared)
    }
}

fn digest(table: &Schema, cells: &[Datum]) -> Option<Checksum> {
    let mut digest = Digest::new();
    for (column, datum) in table.all_columns().zip(cells) {
        digest.add(Value::new(column.ty, datum)?);
    }
    Some(digest.finish())
}
