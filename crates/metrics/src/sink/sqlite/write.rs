//! One batch, one transaction.

use rusqlite::{CachedStatement, Connection, Transaction, TransactionBehavior, types::Null};

use crate::{
    batch::{Batch, Cell},
    sink::{
        Rejected,
        sqlite::{
            SqliteSink,
            failure::Failure,
            labels::LabelIds,
            statement::{ROWS_PER_INSERT, Slot, TableWriter, Takes},
        },
    },
};

impl SqliteSink {
    pub(super) fn try_write(&mut self, batch: &Batch<'_>) -> Result<(), Failure> {
        let name = batch.schema().name.as_ref();
        if !self.opened.as_ref().is_some_and(|opened| opened.is_same_file(&self.path)) {
            return Err(Failure::Replaced);
        }
        // Rows of another build of the same table have their columns elsewhere.
        if self.tables.get(name).is_none_or(|writer| writer.schema != *batch.schema()) {
            self.try_prepare(batch.schema())?;
        }
        let (Some(opened), Some(writer)) = (&mut self.opened, self.tables.get(name)) else {
            return Err(Failure::Closed);
        };
        opened.wal.check(&opened.connection)?;
        let labels = &mut self.labels;
        let stored = match store(&opened.connection, writer, labels, batch) {
            Err(Failure::Row { .. }) => {
                labels.roll_back();
                return Err(refused_rows(&opened.connection, writer, labels, batch)?);
            }
            other => other?,
        };
        labels.keep();
        let counts = &mut self.counts;
        let rows = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        counts.rows = counts.rows.saturating_add(rows);
        counts.replayed = counts.replayed.saturating_add(rows.saturating_sub(stored));
        counts.omitted = counts.omitted.saturating_add(omitted(writer, batch));
        // The batch is in the store whatever becomes of the log: no error of it is the batch's.
        if opened.wal.committed(&opened.connection).unwrap_or(true) {
            counts.checkpoints_starved = counts.checkpoints_starved.saturating_add(1);
        }
        Ok(())
    }
}

fn begin(connection: &Connection) -> Result<Transaction<'_>, Failure> {
    Ok(Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?)
}

/// Stores all rows or none. Returns how many were new or replaced.
fn store(
    connection: &Connection,
    writer: &TableWriter,
    labels: &mut LabelIds,
    batch: &Batch<'_>,
) -> Result<u64, Failure> {
    labels.begin();
    let transaction = begin(connection)?;
    let mut changed = 0_usize;
    {
        let mut many = connection.prepare_cached(&writer.insert_many)?;
        let mut one = connection.prepare_cached(&writer.insert_one)?;
        let full = batch.len() - batch.len() % ROWS_PER_INSERT;
        let mut binder = Binder { connection, writer, labels, batch };
        let mut parameter = 1;
        for (index, row) in batch.rows().enumerate() {
            let is_one = index >= full;
            let statement = if is_one { &mut one } else { &mut many };
            parameter = binder.bind(statement, parameter, row)?;
            if is_one || (index + 1).is_multiple_of(ROWS_PER_INSERT) {
                changed = changed.saturating_add(statement.raw_execute()?);
                parameter = 1;
            }
        }
    }
    transaction.commit()?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}

/// Finds all rows that the store does not take, by trying each; nothing is kept.
fn refused_rows(
    connection: &Connection,
    writer: &TableWriter,
    labels: &mut LabelIds,
    batch: &Batch<'_>,
) -> Result<Failure, Failure> {
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
    Ok(Failure::Rows { rows })
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
