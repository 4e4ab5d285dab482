//! A QuestDB as an end of a copy.

use super::{Place, PlaceError, Stretch, count_of, tables};
use crate::{
    ddl::quote,
    migrate::TableStore as _,
    read::{Datum, Rfc3339},
    schema::{ColumnType, Schema},
    sink::{Json, QueryError, QuestDb, select::datum},
    value::Timestamp,
};

/// A QuestDB. Rows come in replies of bounded length, of shorter stretches when they are too long.
#[derive(Debug)]
pub struct ServerPlace {
    server: QuestDb,
}

impl ServerPlace {
    /// That server; it is not asked yet.
    #[must_use]
    pub fn new(server: QuestDb) -> Self {
        Self { server }
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Json>>, PlaceError> {
        self.server.query(sql).map(|found| found.rows).map_err(failed)
    }

    fn numbers(&mut self, sql: &str) -> Result<Vec<Option<i64>>, PlaceError> {
        let rows = self.query(sql)?;
        Ok(rows.first().map(|row| row.iter().map(Json::as_i64).collect()).unwrap_or_default())
    }

    fn named(&self, table: &Schema) -> String {
        format!("{}{}", self.server.prefix(), table.name)
    }
}

fn failed(source: QueryError) -> PlaceError {
    PlaceError { is_transient: source.is_transient(), source: Box::new(source) }
}

impl Place for ServerPlace {
    fn tables(&mut self) -> Result<Vec<Schema>, PlaceError> {
        let existing = self.server.existing().map_err(|source| PlaceError {
            is_transient: source.downcast_ref().is_some_and(QueryError::is_transient),
            source,
        })?;
        Ok(tables::ours(&existing))
    }

    fn count(&mut self, table: &Schema, within: Option<Stretch>) -> Result<u64, PlaceError> {
        let within = within.map(condition).unwrap_or_default();
        let sql = format!("SELECT count() FROM {}{within}", quote(&self.named(table)));
        Ok(count_of(&self.numbers(&sql)?))
    }

    fn next(
        &mut self,
        table: &Schema,
        after_ns: Option<i64>,
        rows: usize,
    ) -> Result<Option<Stretch>, PlaceError> {
        let table = quote(&self.named(table));
        let after = after_ns.map(|ns| format!(" WHERE ts > '{}'", moment(ns))).unwrap_or_default();
        let sql = format!(
            "SELECT min(ts)::LONG, max(ts)::LONG FROM (SELECT ts FROM {table}{after} ORDER BY ts LIMIT {rows})"
        );
        Ok(Stretch::of(&self.numbers(&sql)?))
    }

    fn rows(
        &mut self,
        table: &Schema,
        within: Stretch,
        see: &mut dyn FnMut(&[Datum]),
    ) -> Result<(), PlaceError> {
        let name = |name: &str, ty: ColumnType| match ty {
            ColumnType::Timestamp => format!("{}::LONG", quote(name)),
            _ => quote(name),
        };
        let names: Vec<String> = table.all_columns().map(|c| name(&c.name, c.ty)).collect();
        let select = format!("SELECT {} FROM {}", names.join(", "), quote(&self.named(table)));
        let mut stretches = vec![within];
        let mut cells = Vec::new();
        while let Some(stretch) = stretches.pop() {
            match self.server.query(&format!("{select}{}", condition(stretch))) {
                Ok(found) => {
                    for row in &found.rows {
                        cells.clear();
                        cells.extend(row.iter().map(datum));
                        see(&cells);
                    }
                }
                Err(QueryError::TooLong) if stretch.from_ns < stretch.to_ns => {
                    let middle = stretch.from_ns.midpoint(stretch.to_ns);
                    stretches.push(Stretch { to_ns: middle, ..stretch });
                    stretches.push(Stretch { from_ns: middle.saturating_add(1), ..stretch });
                }
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }

    fn is_settled(&mut self, table: &Schema) -> Result<bool, PlaceError> {
        let pending = format!(
            "SELECT count() FROM tables() WHERE table_name = {} AND wal_txn <> table_txn",
            crate::sink::exec::quoted(&self.named(table))
        );
        Ok(self.numbers(&pending)?.first() == Some(&Some(0)))
    }
}

fn moment(ns: i64) -> Rfc3339 {
    Rfc3339(Timestamp::from_nanos(ns))
}

fn condition(Stretch { from_ns, to_ns }: Stretch) -> String {
    format!(" WHERE ts BETWEEN '{}' AND '{}'", moment(from_ns), moment(to_ns))
}
