//! An embedded store as an end of a copy.

use std::path::Path;

use super::{Place, PlaceError, Stretch, count_of, tables};
use crate::{
    ddl::quote,
    read::{Datum, ReadError, Store},
    schema::Schema,
};

/// An embedded store, read only. It need not exist yet if it is the target.
#[derive(Debug)]
pub struct FilePlace {
    path: std::path::PathBuf,
    store: Option<Store>,
}

impl FilePlace {
    /// The store at `path`, which is opened when it is first asked.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned(), store: None }
    }

    fn store(&mut self) -> Result<&Store, PlaceError> {
        if self.store.is_none() {
            self.store = Some(Store::open(&self.path).map_err(failed)?);
        }
        self.store
            .as_ref()
            .ok_or_else(|| PlaceError { is_transient: false, source: "the store is closed".into() })
    }

    fn numbers(&mut self, sql: &str) -> Result<Vec<Option<i64>>, PlaceError> {
        let answer = self.store()?.query(sql, 1).map_err(failed)?;
        let number = |datum: &Datum| match datum {
            Datum::Long(v) => Some(*v),
            Datum::Timestamp(v) => Some(v.as_nanos()),
            _ => None,
        };
        Ok(answer.rows.first().map(|row| row.iter().map(number).collect()).unwrap_or_default())
    }
}

/// A file that another process holds is waited for by SQLite itself.
fn failed(source: ReadError) -> PlaceError {
    PlaceError { is_transient: false, source: Box::new(source) }
}

impl Place for FilePlace {
    fn tables(&mut self) -> Result<Vec<Schema>, PlaceError> {
        // Read anew, because a sink may have made tables meanwhile.
        self.store = None;
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let existing = self.store()?.existing().map_err(failed)?;
        Ok(tables::ours(&existing))
    }

    fn count(&mut self, table: &Schema, within: Option<Stretch>) -> Result<u64, PlaceError> {
        let within = within.map(condition).unwrap_or_default();
        let sql = format!("SELECT count(*) FROM {}{within}", quote(&table.name));
        Ok(count_of(&self.numbers(&sql)?))
    }

    fn next(
        &mut self,
        table: &Schema,
        after_ns: Option<i64>,
        rows: usize,
    ) -> Result<Option<Stretch>, PlaceError> {
        let after = after_ns.map(|ns| format!(" WHERE ts > {ns}")).unwrap_or_default();
        let table = quote(&table.name);
        let sql = format!(
            "SELECT min(ts), max(ts) FROM (SELECT ts FROM {table}{after} ORDER BY ts LIMIT {rows})"
        );
        Ok(Stretch::of(&self.numbers(&sql)?))
    }

    fn rows(
        &mut self,
        table: &Schema,
        within: Stretch,
        see: &mut dyn FnMut(&[Datum]),
    ) -> Result<(), PlaceError> {
        let names: Vec<String> = table.all_columns().map(|column| quote(&column.name)).collect();
        let (names, table) = (names.join(", "), quote(&table.name));
        let sql = format!("SELECT {names} FROM {table}{}", condition(within));
        let mut each = |_: &[String], cells: Option<&[Datum]>| {
            cells.into_iter().for_each(&mut *see);
            Ok(())
        };
        self.store()?.each(&sql, &mut each).map_err(failed)?;
        Ok(())
    }

    fn is_settled(&mut self, _: &Schema) -> Result<bool, PlaceError> {
        Ok(true)
    }
}

fn condition(Stretch { from_ns, to_ns }: Stretch) -> String {
    format!(" WHERE ts BETWEEN {from_ns} AND {to_ns}")
}
