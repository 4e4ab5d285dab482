//! A body of lines as rows of tables: all of them, or the first reason why not.

mod cast;
mod tables;

use std::sync::Arc;

use plimsoll_metrics::{Batch, Cell, Rows, SymbolId, Symbols, flags, schema::leading};
use sha2::{Digest, Sha256};

use crate::line::{Line, Precision, Problem, Scanner, Value};
use cast::Cast;

pub(crate) use tables::{Found, Registry, Table};

/// A row of longer ago than this changes the past of a picture, nanoseconds.
const OLD_NS: i64 = 60_000_000_000;

/// How a body is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) precision: Precision,
    /// When the request arrived, nanoseconds since 1970-01-01 UTC.
    pub(crate) now: i64,
    /// Furthest that a row's time may lie ahead of `now`, nanoseconds.
    pub(crate) ahead_max: i64,
}

/// Rows of one table, in the order of their lines.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) table: Arc<Table>,
    pub(crate) rows: Rows,
    /// For the n-th name of a line, the name and where it was found last.
    order: Vec<(Box<str>, Found)>,
    /// For each column, the label that was seen last.
    memo: Vec<Option<(Box<str>, SymbolId)>>,
}

/// What a body holds.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) symbols: Symbols,
    pub(crate) parts: Vec<Part>,
    pub(crate) rows: usize,
    /// Values left out because the table has no such column.
    pub(crate) omitted: u64,
    /// Whether a row is of a time before the last minute.
    pub(crate) has_old: bool,
}

impl Body {
    /// Makes the rows as wide as their tables are by now.
    pub(crate) fn catch_up(&mut self, registry: &Registry) {
        for part in self.parts.iter_mut().filter(|part| part.table.is_open) {
            if let Ok(now) = registry.table(&part.table.schema.name)
                && !Arc::ptr_eq(&now, &part.table)
            {
                part.widen(now);
            }
        }
    }

    /// Why these rows are not of the environments and producers given; an empty list allows all.
    pub(crate) fn breaks(&self, envs: &[String], producers: &[String]) -> Option<String> {
        for (at, name, allowed) in
            [(leading::ENV, "env", envs), (leading::PRODUCER, "producer", producers)]
        {
            if allowed.is_empty() {
                continue;
            }
            for row in self.batches().flat_map(|batch| batch.rows()) {
                let text = match row.get(at) {
                    Some(Cell::Symbol(id)) => self.symbols.text(*id),
                    _ => "",
                };
                if !allowed.iter().any(|one| one == text) {
                    return Some(format!("`{name}` is `{text}`, wanted {}", allowed.join(" or ")));
                }
            }
        }
        None
    }

    /// The batches, one per table.
    pub(crate) fn batches(&self) -> impl Iterator<Item = Batch<'_>> {
        self.parts.iter().map(|p| Batch::new(&p.table.schema, &self.symbols, &p.rows))
    }
}

/// Reads a body.
pub(crate) fn read(bytes: &[u8], registry: &Registry, how: Reading) -> Result<Body, Problem> {
    let mut reader =
        Reader { registry, how, body: Body::default(), slots: Vec::new(), run: None, bytes };
    let mut scanner = Scanner::new(bytes, how.precision);
    let mut line = Line::default();
    while scanner.next(&mut line)? {
        reader.line(&line)?;
    }
    Ok(reader.body)
}

/// A cell before its text has a place.
#[derive(Debug, Clone, Copy)]
enum Slot<'l> {
    Empty,
    Cell(Cell),
    Text(&'l str),
}

struct Reader<'r, 'b> {
    registry: &'r Registry,
    how: Reading,
    body: Body,
    slots: Vec<Slot<'static>>,
    run: Option<i64>,
    bytes: &'b [u8],
}

impl Reader<'_, '_> {
    fn line(&mut self, line: &Line<'_>) -> Result<(), Problem> {
        let index = self.part(line)?;
        let mut slots: Vec<Slot<'_>> = std::mem::take(&mut self.slots);
        slots.clear();
        let width = self.body.parts.get(index).map_or(0, |part| part.table.schema.width());
        slots.resize(width, Slot::Empty);
        let mut row = Row { bits: 0, values: 0, omitted: 0 };
        let Some(part) = self.body.parts.get_mut(index) else { return Ok(()) };
        let names = self.registry;
        for (nth, label) in line.labels.iter().enumerate() {
            let cast = Cast::Label(&label.value);
            let found = part.find(names, nth, &label.name, cast.wants());
            let found = found.map_err(|reason| line.problem(label.at, reason))?;
            let put = part.put(&mut self.body.symbols, &mut slots, found, cast);
            row.count(&put.map_err(|reason| line.problem(label.at, reason))?);
        }
        for (nth, field) in line.fields.iter().enumerate() {
            if field.name.eq_ignore_ascii_case("ts") {
                let reason = "`ts` is the time at the end of the line, not a value";
                return Err(line.problem(field.at, reason));
            }
            let nth = nth.saturating_add(line.labels.len());
            let cast = Cast::Field(&field.value, field.raw);
            let found = part.find(names, nth, &field.name, cast.wants());
            let found = found.map_err(|reason| line.problem(field.at, reason))?;
            row.bits |=
                i64::from(matches!(field.value, Value::NonFinite)) * flags::NON_FINITE_OMITTED;
            let put = part.put(&mut self.body.symbols, &mut slots, found, cast);
            row.count(&put.map_err(|reason| line.problem(field.at, reason))?);
        }
        if row.values == 0 {
            let table = part.table.schema.name.as_ref();
            let reason = format!("table `{table}` has none of the columns of this line");
            return Err(line.problem(line.start, reason));
        }
        self.leading(line, &mut slots, row.bits)?;
        self.body.omitted = self.body.omitted.saturating_add(row.omitted);
        self.body.rows = self.body.rows.saturating_add(1);
        if let Some(part) = self.body.parts.get_mut(index) {
            part.push(&slots);
        }
        self.slots = slots.into_iter().map(|_| Slot::Empty).collect();
        Ok(())
    }

    /// The rows that this line belongs to.
    fn part(&mut self, line: &Line<'_>) -> Result<usize, Problem> {
        let is_it = |part: &Part| part.table.schema.name.eq_ignore_ascii_case(&line.table);
        if let Some(index) = self.body.parts.iter().position(is_it) {
            return Ok(index);
        }
        let table = self.registry.table(&line.table);
        let table = table.map_err(|reason| line.problem(line.start, reason))?;
        self.body.parts.push(Part::new(table));
        Ok(self.body.parts.len().saturating_sub(1))
    }

    /// What a row needs and a line may leave out: its times, its identity, its flags.
    fn leading(
        &mut self,
        line: &Line<'_>,
        slots: &mut [Slot<'_>],
        bits: i64,
    ) -> Result<(), Problem> {
        let now = self.how.now;
        let ts = line.ts.unwrap_or(now);
        self.body.has_old |= now.saturating_sub(ts) > OLD_NS;
        if ts.saturating_sub(now) > self.how.ahead_max {
            let hours = self.how.ahead_max / 3_600_000_000_000;
            let reason = format!("the time lies more than {hours} h ahead of this clock");
            return Err(line.problem(line.start, reason));
        }
        let local = if line.ts.is_none() { flags::TS_IS_LOCAL } else { 0 };
        let is_given = |at: usize| matches!(slots.get(at), Some(Slot::Cell(Cell::Long(_))));
        let (has_run, has_seq) = (is_given(leading::RUN), is_given(leading::SEQ));
        if has_run != has_seq {
            let reason = "`run` and `seq` are a row's identity: both or neither";
            return Err(line.problem(line.start, reason));
        }
        let run = if has_run { 0 } else { self.run() };
        let seq = i64::try_from(line.number).unwrap_or(i64::MAX);
        let flags = match slots.get(leading::FLAGS) {
            Some(Slot::Cell(Cell::Long(given))) => given | bits | local,
            _ => bits | local,
        };
        let mut set = |at: usize, cell: Cell, is_default: bool| {
            if let Some(slot) = slots.get_mut(at)
                && (!is_default || matches!(slot, Slot::Empty))
            {
                *slot = Slot::Cell(cell);
            }
        };
        set(leading::TS, Cell::Timestamp(ts), false);
        set(leading::TS_INIT, Cell::Timestamp(now), true);
        set(leading::RUN, Cell::Long(run), true);
        set(leading::SEQ, Cell::Long(seq), true);
        set(leading::FLAGS, Cell::Long(flags), false);
        Ok(())
    }

    /// The identity of rows that bring none: the same bytes again are the same rows.
    fn run(&mut self) -> i64 {
        let bytes = self.bytes;
        *self.run.get_or_insert_with(|| {
            let digest = Sha256::digest(bytes);
            let first = digest.first_chunk::<8>().copied().unwrap_or_default();
            (u64::from_be_bytes(first) >> 1).cast_signed()
        })
    }
}

/// What was seen of a line.
struct Row {
    bits: i64,
    values: u32,
    omitted: u64,
}

impl Row {
    fn count(&mut self, put: &Put) {
        match put {
            Put::Kept => self.values = self.values.saturating_add(1),
            Put::Omitted => self.omitted = self.omitted.saturating_add(1),
        }
    }
}

enum Put {
    Kept,
    Omitted,
}

impl Part {
    fn new(table: Arc<Table>) -> Self {
        Self { table, rows: Rows::default(), order: Vec::new(), memo: Vec::new() }
    }

    /// The column of the n-th name of a line. Lines of one client repeat their names in one order.
    fn find(
        &mut self,
        registry: &Registry,
        nth: usize,
        name: &str,
        wants: plimsoll_metrics::ColumnType,
    ) -> Result<Found, String> {
        if let Some((known, found)) = self.order.get(nth)
            && **known == *name
        {
            return Ok(*found);
        }
        let mut found = self.table.find(name);
        if found.is_none() && self.table.is_open {
            let table = registry.extend(&self.table, name, wants)?;
            found = table.find(name);
            self.widen(table);
        }
        let found = found.unwrap_or(Found::NOWHERE);
        if nth < self.order.len().saturating_add(1) && nth < self.table.schema.width() {
            self.order.truncate(nth);
            self.order.push((name.into(), found));
        }
        Ok(found)
    }

    fn put<'l>(
        &mut self,
        symbols: &mut Symbols,
        slots: &mut Vec<Slot<'l>>,
        found: Found,
        cast: Cast<'l>,
    ) -> Result<Put, String> {
        let Some(at) = found.at() else { return Ok(Put::Omitted) };
        if slots.len() <= at {
            slots.resize(self.table.schema.width(), Slot::Empty);
        }
        let Some(slot) = slots.get_mut(at) else { return Ok(Put::Omitted) };
        // QuestDB keeps the first of two values with one name.
        if !matches!(slot, Slot::Empty) {
            return Ok(Put::Kept);
        }
        *slot = match cast.to(found.ty()) {
            cast::Kept::Cell(cell) => Slot::Cell(cell),
            cast::Kept::Text(text) => Slot::Text(text),
            cast::Kept::Label(text) => Slot::Cell(Cell::Symbol(self.intern(symbols, at, text))),
            cast::Kept::Not => {
                let column = self.table.schema.all_columns().nth(at);
                let name = column.map_or("", |column| column.name.as_ref());
                return Err(cast.refusal(name, found.ty()));
            }
        };
        Ok(Put::Kept)
    }

    fn intern(&mut self, symbols: &mut Symbols, at: usize, text: &str) -> SymbolId {
        if self.memo.len() <= at {
            self.memo.resize(self.table.schema.width(), None);
        }
        let Some(memo) = self.memo.get_mut(at) else { return symbols.intern(text) };
        match memo {
            Some((known, id)) if **known == *text => *id,
            _ => {
                let id = symbols.intern(text);
                *memo = Some((text.into(), id));
                id
            }
        }
    }

    fn push(&mut self, slots: &[Slot<'_>]) {
        for at in 0..self.table.schema.width() {
            match slots.get(at).copied().unwrap_or(Slot::Empty) {
                Slot::Empty => self.rows.push(Cell::Null),
                Slot::Cell(cell) => self.rows.push(cell),
                Slot::Text(text) => self.rows.push_text(text),
            }
        }
        self.rows.end_row();
    }

    /// Takes over the columns that the table has got meanwhile; rows before have none of them.
    fn widen(&mut self, table: Arc<Table>) {
        let old = std::mem::replace(&mut self.table, table);
        if self.rows.is_empty() {
            return;
        }
        let rows = std::mem::take(&mut self.rows);
        let symbols = Symbols::default();
        let batch = Batch::new(&old.schema, &symbols, &rows);
        let missing = self.table.schema.width().saturating_sub(old.schema.width());
        for row in batch.rows() {
            for cell in row {
                match *cell {
                    Cell::Text { start, len } => self.rows.push_text(batch.text(start, len)),
                    cell => self.rows.push(cell),
                }
            }
            for _ in 0..missing {
                self.rows.push(Cell::Null);
            }
            self.rows.end_row();
        }
    }
}
