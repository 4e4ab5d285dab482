//! Line protocol: rows of a batch as the text and binary lines that QuestDB reads.

mod number;
mod parse;
mod plan;
mod text;

use std::ops::Range;

use crate::{
    batch::{Batch, Cell},
    schema::{ColumnType, Schema, leading},
};
use number::Integers;
use plan::{Plan, ValuePlan};

pub use parse::{Line, LineValue, ParseError, parse};
pub use plan::NameError;

/// How floats and moments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LineProtocol {
    /// Text floats, shortest that reads back as the same float; moments as integers of
    /// nanoseconds. For a file and for receivers other than QuestDB.
    V1,
    /// Binary floats; QuestDB 9 and later.
    #[default]
    V2,
}

/// Why a row or a table cannot be written as a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The table or a column has a name that a line cannot hold.
    #[error("name cannot be written as a line")]
    Name {
        /// Cause.
        source: NameError,
    },
    /// The row cannot be written, the others can.
    #[error("row {row} cannot be written as a line: {reason}")]
    Row {
        /// Index in the batch.
        row: usize,
        /// What it lacks.
        reason: &'static str,
    },
}

/// What an encoder left out since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LineCounts {
    /// Control characters taken out of labels, and NUL taken out of texts.
    pub stripped_chars: u64,
    /// Floats left out because they were not finite.
    pub non_finite: u64,
    /// Values left out because the store's table has no such column.
    pub omitted_values: u64,
}

/// Slots for label sections of the current batch; a power of two.
const SECTIONS: usize = 256;

/// Writes batches as lines. Names are checked once per schema.
#[derive(Debug)]
pub struct LineEncoder {
    protocol: LineProtocol,
    prefix: String,
    plans: Vec<Plan>,
    sections: Box<[Section]>,
    counts: LineCounts,
}

/// Where the bytes of table name and labels of an earlier row of the same call lie.
#[derive(Debug, Clone, Copy, Default)]
struct Section {
    row: usize,
    start: usize,
    end: usize,
}

impl LineEncoder {
    /// An encoder whose tables are named `prefix` + name.
    #[must_use]
    pub fn new(protocol: LineProtocol, prefix: &str) -> Self {
        Self {
            protocol,
            prefix: prefix.to_owned(),
            plans: Vec::new(),
            sections: vec![Section::default(); SECTIONS].into_boxed_slice(),
            counts: LineCounts::default(),
        }
    }

    /// What was left out so far.
    #[must_use]
    pub fn counts(&self) -> LineCounts {
        self.counts
    }

    /// Leaves these columns of the table out from now on, because the store does not have them.
    ///
    /// # Errors
    ///
    /// [`LineError::Name`] when table or columns have names that a line cannot hold.
    pub fn omit(&mut self, schema: &Schema, columns: &[&str]) -> Result<(), LineError> {
        let plan = self.new_plan(schema, columns)?;
        self.plans.retain(|p| p.schema.name != schema.name);
        self.plans.push(plan);
        Ok(())
    }

    /// Appends the rows `rows` of the batch to `out`; on an error `out` is as before.
    ///
    /// Labels come first, then values, then the time, each group in the order of the schema.
    /// Unknown values are left out; an unknown or empty part of a natural key is written `-`.
    ///
    /// # Errors
    ///
    /// [`LineError`]; a row that has no `ts` or no value at all cannot be written.
    pub fn encode(
        &mut self,
        batch: &Batch<'_>,
        rows: Range<usize>,
        out: &mut Vec<u8>,
    ) -> Result<(), LineError> {
        let plan = match self.plans.iter().position(|p| p.schema == *batch.schema()) {
            Some(index) => index,
            None => {
                let plan = self.new_plan(batch.schema(), &[])?;
                self.plans.retain(|p| p.schema.name != batch.schema().name);
                self.plans.push(plan);
                self.plans.len().saturating_sub(1)
            }
        };
        let Some(plan) = self.plans.get(plan) else { return Ok(()) };
        self.sections.fill(Section::default());
        let mut writer = Writer {
            batch,
            plan,
            protocol: self.protocol,
            sections: &mut self.sections,
            counts: LineCounts::default(),
            integers: Integers::new(),
            out,
        };
        let begin = writer.out.len();
        for row in rows {
            if let Err(reason) = writer.row(row) {
                out.truncate(begin);
                return Err(LineError::Row { row, reason });
            }
        }
        let counts = writer.counts;
        self.counts.stripped_chars =
            self.counts.stripped_chars.saturating_add(counts.stripped_chars);
        self.counts.non_finite = self.counts.non_finite.saturating_add(counts.non_finite);
        self.counts.omitted_values =
            self.counts.omitted_values.saturating_add(counts.omitted_values);
        Ok(())
    }

    fn new_plan(&self, schema: &Schema, omit: &[&str]) -> Result<Plan, LineError> {
        Plan::new(schema, &self.prefix, self.protocol, omit)
            .map_err(|source| LineError::Name { source })
    }
}

struct Writer<'w> {
    batch: &'w Batch<'w>,
    plan: &'w Plan,
    protocol: LineProtocol,
    sections: &'w mut [Section],
    counts: LineCounts,
    integers: Integers,
    out: &'w mut Vec<u8>,
}

impl Writer<'_> {
    #[inline]
    fn row(&mut self, row: usize) -> Result<(), &'static str> {
        let cells = self.batch.row(row);
        let ts = match cells.get(leading::TS) {
            Some(Cell::Timestamp(ts) | Cell::Long(ts)) => *ts,
            _ => return Err("no `ts`"),
        };
        let begin = self.out.len();
        let has_labels = self.labels(row, cells);
        let values_begin = self.out.len();
        for value in &self.plan.values {
            if let Some(cell) = cells.get(value.index) {
                self.value(value, *cell)?;
            }
        }
        match self.out.get_mut(values_begin) {
            // Every value is written with a comma before it; the first one has a space.
            Some(separator) => *separator = b' ',
            None if has_labels => {}
            None => {
                self.out.truncate(begin);
                return Err("no value");
            }
        }
        for index in &self.plan.omitted {
            if !matches!(cells.get(*index), None | Some(Cell::Null)) {
                self.counts.omitted_values = self.counts.omitted_values.saturating_add(1);
            }
        }
        self.out.push(b' ');
        self.integers.push(self.out, ts);
        match self.protocol {
            LineProtocol::V1 => self.out.push(b'\n'),
            LineProtocol::V2 => self.out.extend_from_slice(b"n\n"),
        }
        Ok(())
    }

    /// Writes table and labels. Rows of one handle share them, so they are copied from the row
    /// before that has the same.
    #[inline]
    fn labels(&mut self, row: usize, cells: &[Cell]) -> bool {
        let start = self.out.len();
        let slot = self.plan.slot(cells, SECTIONS);
        let known = self.sections.get(slot).copied().unwrap_or_default();
        if known.end > known.start && self.plan.same_labels(cells, self.batch.row(known.row)) {
            self.out.extend_from_within(known.start..known.end);
            return known.end.saturating_sub(known.start) > self.plan.head.len();
        }
        self.out.extend_from_slice(&self.plan.head);
        let mut stripped = 0;
        for label in &self.plan.labels {
            let cell = cells.get(label.index).copied().unwrap_or(Cell::Null);
            let text = self.batch.str_of(cell).unwrap_or_default();
            let undo = self.out.len();
            label.key.push(self.out);
            let value = self.out.len();
            stripped += text::push_label(self.out, text);
            if self.out.len() == value {
                if label.is_key {
                    self.out.push(b'-');
                } else {
                    self.out.truncate(undo);
                }
            }
        }
        self.counts.stripped_chars = self.counts.stripped_chars.saturating_add(stripped);
        let end = self.out.len();
        // A section with stripped characters is written anew each time, so that they are counted.
        if stripped == 0
            && let Some(section) = self.sections.get_mut(slot)
        {
            *section = Section { row, start, end };
        }
        end.saturating_sub(start) > self.plan.head.len()
    }

    #[inline]
    fn value(&mut self, value: &ValuePlan, cell: Cell) -> Result<(), &'static str> {
        let float = match (value.ty, cell) {
            (ColumnType::Varchar, _) => {
                self.text(value, cell);
                return Ok(());
            }
            (_, Cell::Null) => return Ok(()),
            (ColumnType::Double, Cell::Double(v)) => v,
            #[allow(clippy::cast_precision_loss, reason = "the column is a float")]
            (ColumnType::Double, Cell::Long(v)) => v as f64,
            (ColumnType::Long | ColumnType::Int, Cell::Long(v)) => {
                self.integer(value, v, b'i');
                return Ok(());
            }
            (ColumnType::Timestamp, Cell::Timestamp(v) | Cell::Long(v)) => {
                let suffix = if self.protocol == LineProtocol::V1 { b'i' } else { b'n' };
                self.integer(value, v, suffix);
                return Ok(());
            }
            _ => return Err("a value is not of its column's type"),
        };
        if !float.is_finite() {
            self.counts.non_finite = self.counts.non_finite.saturating_add(1);
            return Ok(());
        }
        value.key.push(self.out);
        match self.protocol {
            LineProtocol::V1 => number::push_f64(self.out, float),
            LineProtocol::V2 => self.out.extend_from_slice(&float.to_le_bytes()),
        }
        Ok(())
    }

    #[inline]
    fn integer(&mut self, value: &ValuePlan, number: i64, suffix: u8) {
        value.key.push(self.out);
        self.integers.push(self.out, number);
        self.out.push(suffix);
    }

    #[inline]
    fn text(&mut self, value: &ValuePlan, cell: Cell) {
        let text = self.batch.str_of(cell).unwrap_or_default();
        if text.is_empty() && !value.is_key {
            return;
        }
        let undo = self.out.len();
        value.key.push(self.out);
        self.out.push(b'"');
        let begin = self.out.len();
        let stripped = text::push_quoted(self.out, text);
        self.counts.stripped_chars = self.counts.stripped_chars.saturating_add(stripped);
        if self.out.len() > begin {
            self.out.push(b'"');
        } else if value.is_key {
            self.out.extend_from_slice(b"-\"");
        } else {
            self.out.truncate(undo);
        }
    }
}
