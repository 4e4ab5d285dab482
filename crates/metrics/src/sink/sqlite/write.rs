//! One transaction: a batch, or several that belong together.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection, Transaction, TransactionBehavior, types::Null};

use crate::{
    batch::{Batch, Cell},
    sink::{
        Rejected, SinkError,
        sqlite::{
            SqliteSink,
            failure::Failure,
            labels::LabelIds,
            statement::{ROWS_PER_INSERT, Slot, TableWriter, Takes},
        },
    },
};

impl SqliteSink {
    /// Writes all rows of all batches or none, in one transaction: what a request with several
    /// tables needs, and what makes many small requests cheap.
    ///
    /// # Errors
    ///
    /// As [`Sink::write`](crate::Sink::write); [`SinkError::Reject`] names rows of the first batch
    /// that has any.
    pub fn write_together(&mut self, batches: &[Batch<'_>]) -> Result<(), SinkError> {
        self.try_write(batches).map_err(|failure| self.failed(failure))
    }

    pub(super) fn try_write(&mut self, batches: &[Batch<'_>]) -> Result<(), Failure> {
        if !self.opened.as_ref().is_some_and(|opened| opened.is_same_file(&self.path)) {
            return Err(Failure::Replaced);
        }
        for schema in batches.iter().map(Batch::schema) {
            // Rows of another build of the same table have their columns elsewhere.
            if self.tables.get(schema.name.as_ref()).is_none_or(|writer| writer.schema != *schema) {
                self.try_prepare(schema)?;
            }
        }
        let Some(opened) = &mut self.opened else { return Err(Failure::Closed) };
        opened.wal.check(&opened.connection)?;
        let (tables, labels) = (&self.tables, &mut self.labels);
        let stored = match store(&opened.connection, tables, labels, batches) {
            Err(Failure::Row { .. }) => {
                labels.roll_back();
                return Err(refused_rows(&opened.connection, tables, labels, batches)?);
            }
            other => other?,
        };
        labels.keep();
        let counts = &mut self.counts;
        let rows: usize = batches.iter().map(Batch::len).sum();
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        counts.rows = counts.rows.saturating_add(rows);
        counts.replayed = counts.replayed.saturating_add(rows.saturating_sub(stored));
        for batch in batches {
            counts.omitted = counts.omitted.saturating_add(omitted(writer(tables, batch)?, batch));
        }
        // The batch is in the store whatever becomes of the log: no error of it is the batch's.
        if opened.wal.committed(&opened.connection).unwrap_or(true) {
            counts.checkpoints_starved = counts.checkpoints_starved.saturating_add(1);
        }
        Ok(())
    }
}

fn writer<'t>(
    tables: &'t HashMap<String, TableWriter>,
    batch: &Batch<'_>,
) -> Result<&'t TableWriter, Failure> {
    // Two builds of one table in one call: the second was prepared over the first.
    let writer = tables.get(batch.schema().name.as_ref());
    writer.filter(|writer| writer.schema == *batch.schema()).ok_or(Failure::Closed)
}

fn begin(connection: &Connection) -> Result<Transaction<'_>, Failure> {
    Ok(Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?)
}

/// Stores all rows or none. Returns how many were new or replaced.
fn store(
    connection: &Connection,
    tables: &HashMap<String, TableWriter>,
    labels: &mut LabelIds,
    batches: &[Batch<'_>],
) -> Result<u64, Failure> {
    labels.begin();
    let transaction = begin(connection)?;
    let mut changed = 0_u64;
    for batch in batches {
        let binder = Binder { connection, writer: writer(tables, batch)?, labels, batch };
        changed = changed.saturating_add(insert(binder)?);
        labels.next_batch();
    }
    transaction.commit()?;
    Ok(changed)
}

fn insert(mut binder: Binder<'_, '_>) -> Result<u64, Failure> {
    let (connection, writer, batch) = (binder.connection, binder.writer, binder.batch);
    let mut many = connection.prepare_cached(&writer.insert_many)?;
    let mut one = connection.prepare_cached(&writer.insert_one)?;
    let full = batch.len() - batch.len() % ROWS_PER_INSERT;
    let (mut changed, mut parameter) = (0_usize, 1);
    for (index, row) in batch.rows().enumerate() {
        let is_one = index >= full;
        let statement = if is_one { &mut one } else { &mut many };
        parameter = binder.bind(statement, parameter, row)?;
        if is_one || (index + 1).is_multiple_of(ROWS_PER_INSERT) {
            changed = changed.saturating_add(statement.raw_execute()?);
            parameter = 1;
        }
    }
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}

/// Finds the first batch with rows that the store does not take, and all of its rows that it does
/// not, by trying each; nothing is kept.
fn refused_rows(
    connection: &Connection,
    tables: &HashMap<String, TableWriter>,
    labels: &mut LabelIds,
    batches: &[Batch<'_>],
) -> Result<Failure, Failure> {
    let mut rows = Vec::new();
    for batch in batches {
        rows = refused_in(connection, writer(tables, batch)?, labels, batch)?;
        if !rows.is_empty() {
            break;
        }
    }
    Ok(Failure::Rows { rows })
}

fn refused_in(
    connection: &Connection,
    writer: &TableWriter,
    labels: &mut LabelIds,
    batch: &Batch<'_>,
) -> Result<Vec<Rejected>, Failure> {
    labels.begin();
    let transaction = begin(connection)?;
    let mut rows = Vec::new();
    {
        let mut one = connection.prepare_cached(&writer.insert_one)?;
        let mut binder = Binder { connection, writer, labels, batch };
        for (row, cells) in batch.rows().enumerate() {
            let tried = binder
                .bind(&mut one, 1, cells)
                .and_then(|_| one.raw_execute().map_err(Failure::from));
            match tried {
                Ok(_) => {}
                Err(Failure::Row { reason }) => rows.push(Rejected { row, reason }),
                Err(other) => return Err(other),
            }
        }
    }
    transaction.rollback()?;
    labels.roll_back();
    Ok(rows)
}

struct Binder<'a, 'b> {
    connection: &'a Connection,
    writer: &'a TableWriter,
    labels: &'a mut LabelIds,
    batch: &'a Batch<'b>,
}

impl Binder<'_, '_> {
    /// Binds a row from parameter `first` on; returns the next parameter.
    fn bind(
        &mut self,
        statement: &mut CachedStatement<'_>,
        first: usize,
        row: &[Cell],
    ) -> Result<usize, Failure> {
        let mut parameter = first;
        for slot in &self.writer.slots {
            let cell = row.get(slot.cell).copied().unwrap_or(Cell::Null);
            self.bind_cell(statement, parameter, *slot, cell)?;
            parameter = parameter.saturating_add(1);
        }
        Ok(parameter)
    }

    #[inline]
    fn bind_cell(
        &mut self,
        to: &mut CachedStatement<'_>,
        at: usize,
        slot: Slot,
        cell: Cell,
    ) -> Result<(), Failure> {
        match (slot.takes, cell) {
            (Takes::Float, Cell::Double(v)) if v.is_finite() => to.raw_bind_parameter(at, v)?,
            (Takes::Integer, Cell::Long(v) | Cell::Timestamp(v)) => to.raw_bind_parameter(at, v)?,
            (Takes::Label, Cell::Symbol(symbol)) => {
                let batch = self.batch;
                let id = self.labels.of_symbol(self.connection, symbol, || batch.symbol(symbol))?;
                to.raw_bind_parameter(at, id)?;
            }
            (_, Cell::Null) => self.bind_unknown(to, at, slot)?,
            (Takes::Label | Takes::Text, Cell::Symbol(_) | Cell::Text { .. }) => {
                match self.batch.str_of(cell).unwrap_or_default() {
                    "" => self.bind_unknown(to, at, slot)?,
                    text if slot.takes == Takes::Text => to.raw_bind_parameter(at, text)?,
                    text => {
                        let id = self.labels.of_text(self.connection, text)?;
                        to.raw_bind_parameter(at, id)?;
                    }
                }
            }
            _ => return Err(self.unfit(slot, cell)),
        }
        Ok(())
    }

    fn bind_unknown(
        &mut self,
        to: &mut CachedStatement<'_>,
        at: usize,
        slot: Slot,
    ) -> Result<(), Failure> {
        match slot.takes {
            Takes::Label if slot.is_dash => {
                to.raw_bind_parameter(at, self.labels.of_text(self.connection, "-")?)?;
            }
            Takes::Text if slot.is_dash => to.raw_bind_parameter(at, "-")?,
            _ => to.raw_bind_parameter(at, Null)?,
        }
        Ok(())
    }

    #[cold]
    fn unfit(&self, slot: Slot, cell: Cell) -> Failure {
        let column = self.writer.schema.all_columns().nth(slot.cell);
        let column = column.map_or("", |c| c.name.as_ref());
        Failure::Row { reason: format!("column `{column}` cannot hold {cell:?}") }
    }
}

fn omitted(writer: &TableWriter, batch: &Batch<'_>) -> u64 {
    if writer.omitted.is_empty() {
        return 0;
    }
    let is_value = |row: &[Cell], cell| row.get(cell).is_some_and(|c| !matches!(c, Cell::Null));
    let values = batch
        .rows()
        .map(|row| writer.omitted.iter().filter(|&&cell| is_value(row, cell)).count())
        .sum::<usize>();
    u64::try_from(values).unwrap_or(u64::MAX)
}
