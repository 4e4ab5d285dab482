//! The copy itself: table by table, stretch by stretch.

use std::{ops::ControlFlow, time::Duration};

use super::{
    CopyError, CopyOptions, Place, PlaceError, Stretch, TableCopied, Watch,
    slice::{Compared, Slice},
};
use crate::{
    batch::{Batch, Rows, Symbols},
    schema::Schema,
    sink::{Sink, SinkError},
};

/// Most rows of one moment, which are never taken apart.
pub(super) const MOMENT_ROWS_MAX: u64 = 1_000_000;
/// Between two attempts, and between two looks at whether rows are visible.
const ATTEMPT: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(20);

pub(super) struct Copying<'a> {
    from: &'a mut dyn Place,
    to: &'a mut dyn Place,
    sink: &'a mut dyn Sink,
    options: &'a CopyOptions,
    watch: &'a mut dyn Watch,
    /// One for all tables: a sink may remember labels by their numbers.
    symbols: Symbols,
    /// Rows that are sent.
    some: Rows,
}

/// An end of the copy.
#[derive(Debug, Clone, Copy)]
enum End {
    Source,
    Target,
}

impl<'a> Copying<'a> {
    pub(super) fn new(
        from: &'a mut dyn Place,
        to: &'a mut dyn Place,
        sink: &'a mut dyn Sink,
        options: &'a CopyOptions,
        watch: &'a mut dyn Watch,
    ) -> Self {
        let (symbols, some) = (Symbols::default(), Rows::default());
        Self { from, to, sink, options, watch, symbols, some }
    }

    pub(super) fn tables(&mut self) -> Result<Vec<Schema>, CopyError> {
        let mut found = self.ask(End::Source, |place| place.tables())?;
        let is_same = |table: &Schema, name: &String| table.name.eq_ignore_ascii_case(name);
        let wanted = &self.options.tables;
        let missing = wanted.iter().find(|name| !found.iter().any(|table| is_same(table, name)));
        if let Some(missing) = missing {
            return Err(CopyError::NoTable { table: missing.clone() });
        }
        found.retain(|table| wanted.is_empty() || wanted.iter().any(|name| is_same(table, name)));
        Ok(found)
    }

    pub(super) fn table(&mut self, table: &Schema) -> Result<TableCopied, CopyError> {
        let mut done = TableCopied { table: table.name.to_string(), ..TableCopied::default() };
        let is_there = self.make_ready(table)?;
        let total = self.ask(End::Source, |place| place.count(table, None))?;
        let (mut after, rows) = (None, self.options.slice_rows);
        while let Some(stretch) = self.ask(End::Source, |from| from.next(table, after, rows))? {
            let slice = self.load(table, stretch)?;
            done.rows = done.rows.saturating_add(slice.len());
            done.checksum = done.checksum.and(slice.checksum());
            self.slice(table, &slice, is_there, &mut done)?;
            after = Some(stretch.to_ns);
            stopped(self.watch.progress(&done, total))?;
        }
        Ok(done)
    }

    /// Whether the target has the table, with every column; a sink that may makes it.
    fn make_ready(&mut self, table: &Schema) -> Result<bool, CopyError> {
        if !self.options.dry_run {
            self.prepare(table)?;
        }
        let found = self.ask(End::Target, |place| place.tables())?;
        let found = found.into_iter().find(|found| found.name.eq_ignore_ascii_case(&table.name));
        let has = |name: &str| {
            found.iter().flat_map(Schema::all_columns).any(|c| c.name.eq_ignore_ascii_case(name))
        };
        let columns = table.all_columns().filter(|column| !has(&column.name));
        let columns: Vec<String> = columns.map(|column| column.name.to_string()).collect();
        match (columns.is_empty(), self.options.dry_run) {
            (true, _) => Ok(true),
            (false, true) => Ok(false),
            (false, false) => Err(CopyError::Lacks { table: table.name.to_string(), columns }),
        }
    }

    fn load(&mut self, table: &Schema, stretch: Stretch) -> Result<Slice, CopyError> {
        let count = self.ask(End::Source, |place| place.count(table, Some(stretch)))?;
        let name = || table.name.to_string();
        if count > MOMENT_ROWS_MAX.max(self.options.slice_rows as u64) {
            return Err(CopyError::Moment { table: name() });
        }
        let mut symbols = std::mem::take(&mut self.symbols);
        let slice = self.ask(End::Source, |from| Slice::load(from, table, stretch, &mut symbols));
        self.symbols = symbols;
        slice?.ok_or_else(|| CopyError::Misfit { table: name() })
    }

    /// Sends what the target lacks of a slice, and looks at what it has then.
    fn slice(
        &mut self,
        table: &Schema,
        slice: &Slice,
        is_there: bool,
        done: &mut TableCopied,
    ) -> Result<(), CopyError> {
        let before = if is_there { self.compare(table, slice)? } else { slice.absent() };
        done.there = done.there.saturating_add(before.found);
        let after = if self.options.dry_run || before.missing.is_empty() {
            before
        } else {
            let missing = u64::try_from(before.missing.len()).unwrap_or(u64::MAX);
            let refused = self.send(table, slice, before.missing)?;
            done.sent = done.sent.saturating_add(missing.saturating_sub(refused));
            done.refused = done.refused.saturating_add(refused);
            self.settle(table)?;
            self.compare(table, slice)?
        };
        done.found = done.found.saturating_add(after.found);
        done.others = done.others.saturating_add(after.others);
        done.found_checksum = done.found_checksum.and(after.checksum);
        Ok(())
    }

    fn compare(&mut self, table: &Schema, slice: &Slice) -> Result<Compared, CopyError> {
        if self.ask(End::Target, |to| to.count(table, Some(slice.stretch)))? == 0 {
            return Ok(slice.absent());
        }
        self.ask(End::Target, |to| slice.compare(to, table))
    }

    /// Writes these rows of a slice; returns how many the target refused.
    fn send(
        &mut self,
        table: &Schema,
        slice: &Slice,
        mut wanted: Vec<usize>,
    ) -> Result<u64, CopyError> {
        let (mut waited, mut refused) = (Duration::ZERO, 0_u64);
        while !wanted.is_empty() {
            let batch = Batch::new(table, &self.symbols, &slice.rows);
            batch.copy_rows(&wanted, &mut self.some);
            match self.sink.write(&batch.with_rows(&self.some)) {
                Ok(()) => break,
                Err(SinkError::Reject { rows }) if !rows.is_empty() => {
                    let mut at = 0..;
                    let is_bad = |at: usize| rows.iter().any(|bad| bad.row == at);
                    wanted.retain(|_| !at.next().is_some_and(is_bad));
                    refused = refused.saturating_add(u64::try_from(rows.len()).unwrap_or(u64::MAX));
                }
                Err(SinkError::Retry { .. }) if waited < self.options.patience => {
                    stopped(self.watch.pause(ATTEMPT))?;
                    waited = waited.saturating_add(ATTEMPT);
                    self.prepare(table)?;
                }
                Err(source) => {
                    return Err(CopyError::Sink { table: table.name.to_string(), source });
                }
            }
        }
        Ok(refused)
    }

    fn prepare(&mut self, table: &Schema) -> Result<(), CopyError> {
        let mut waited = Duration::ZERO;
        loop {
            match self.sink.prepare(table) {
                Ok(()) => return Ok(()),
                Err(SinkError::Retry { .. }) if waited < self.options.patience => {
                    stopped(self.watch.pause(ATTEMPT))?;
                    waited = waited.saturating_add(ATTEMPT);
                }
                Err(source) => {
                    return Err(CopyError::Sink { table: table.name.to_string(), source });
                }
            }
        }
    }

    /// Waits until what was acknowledged can be seen.
    fn settle(&mut self, table: &Schema) -> Result<(), CopyError> {
        let mut waited = Duration::ZERO;
        while !self.ask(End::Target, |to| to.is_settled(table))? {
            if waited >= self.options.patience {
                return Err(CopyError::Unsettled { table: table.name.to_string() });
            }
            stopped(self.watch.pause(LOOK))?;
            waited = waited.saturating_add(LOOK);
        }
        Ok(())
    }

    /// Asks one end, again while it does not answer and patience lasts.
    fn ask<T>(
        &mut self,
        end: End,
        mut question: impl FnMut(&mut dyn Place) -> Result<T, PlaceError>,
    ) -> Result<T, CopyError> {
        let mut waited = Duration::ZERO;
        loop {
            let place = match end {
                End::Source => &mut *self.from,
                End::Target => &mut *self.to,
            };
            match question(place) {
                Ok(answer) => return Ok(answer),
                Err(error) if error.is_transient && waited < self.options.patience => {
                    stopped(self.watch.pause(ATTEMPT))?;
                    waited = waited.saturating_add(ATTEMPT);
                }
                Err(source) => {
                    return Err(match end {
                        End::Source => CopyError::Source { source },
                        End::Target => CopyError::Target { source },
                    });
                }
            }
        }
    }
}

fn stopped(flow: ControlFlow<()>) -> Result<(), CopyError> {
    if flow.is_break() { Err(CopyError::Stopped) } else { Ok(()) }
}
