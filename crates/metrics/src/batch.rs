//! Rows of one table, decoded, on their way to a sink.

use crate::schema::{Schema, leading};

/// The number of a text in [`Symbols`]; stable while a pipeline runs, so a sink may cache by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SymbolId(pub u32);

impl SymbolId {
    /// As an index into a cache.
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Cell {
    /// Unknown or not applicable; never written as zero.
    Null,
    /// A finite float.
    Double(f64),
    /// An integer, also of a column of type [`Int`](crate::ColumnType::Int).
    Long(i64),
    /// Nanoseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// A label.
    Symbol(SymbolId),
    /// Text in the batch, by byte range.
    Text {
        /// First byte.
        start: u32,
        /// Length in bytes.
        len: u32,
    },
}

/// Texts of labels by number.
#[derive(Debug, Default)]
pub struct Symbols {
    texts: Vec<Box<str>>,
    ids: std::collections::HashMap<Box<str>, u32>,
}

impl Symbols {
    /// The number of `text`, new or known.
    pub fn intern(&mut self, text: &str) -> SymbolId {
        if let Some(&id) = self.ids.get(text) {
            return SymbolId(id);
        }
        let id = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.into());
        self.ids.insert(text.into(), id);
        SymbolId(id)
    }

    /// The number of `text`, if it has one.
    #[must_use]
    pub fn get(&self, text: &str) -> Option<SymbolId> {
        self.ids.get(text).map(|&id| SymbolId(id))
    }

    /// The text of a number; empty for a number that was never given out.
    #[must_use]
    pub fn text(&self, id: SymbolId) -> &str {
        self.texts.get(id.index()).map_or("", AsRef::as_ref)
    }
}

/// Cells and texts of rows of one table; reused from batch to batch.
#[derive(Debug, Default)]
pub struct Rows {
    cells: Vec<Cell>,
    text: String,
    count: usize,
}

impl Rows {
    /// Forgets the rows, keeps the memory.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.text.clear();
        self.count = 0;
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Appends a cell of the row that is being built.
    pub fn push(&mut self, cell: Cell) {
        self.cells.push(cell);
    }

    /// Appends a text cell of the row that is being built.
    pub fn push_text(&mut self, text: &str) {
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(text);
        self.cells.push(Cell::Text { start, len: u32::try_from(text.len()).unwrap_or(u32::MAX) });
    }

    /// The cells of the row that is being built.
    pub fn open_row(&mut self, width: usize) -> &mut [Cell] {
        let start = self.count.saturating_mul(width);
        self.cells.get_mut(start..).unwrap_or_default()
    }

    /// Ends the row that is being built.
    pub fn end_row(&mut self) {
        self.count = self.count.saturating_add(1);
    }

    /// Takes the cells back to what they were after the last [`Rows::end_row`].
    pub fn abandon_row(&mut self, width: usize) {
        self.cells.truncate(self.count.saturating_mul(width));
    }
}

/// Rows of one table, ready for a sink. Every row has the width of its schema.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    schema: &'a Schema,
    symbols: &'a Symbols,
    rows: &'a Rows,
}

impl<'a> Batch<'a> {
    /// Puts a batch together; `rows` must have been built at the width of `schema`.
    #[must_use]
    pub fn new(schema: &'a Schema, symbols: &'a Symbols, rows: &'a Rows) -> Self {
        Self { schema, symbols, rows }
    }

    /// The table.
    #[must_use]
    pub fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.count
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.count == 0
    }

    /// The rows, each as cells in the order of [`Schema::all_columns`].
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [Cell]> + use<'a> {
        self.rows.cells.chunks_exact(self.schema.width().max(leading::COUNT))
    }

    /// The cells of row `index`; empty beyond the end.
    #[must_use]
    pub fn row(&self, index: usize) -> &'a [Cell] {
        let width = self.schema.width();
        let start = index.saturating_mul(width);
        self.rows.cells.get(start..start.saturating_add(width)).unwrap_or_default()
    }

    /// Copies the rows with these indices into `to`, which is cleared first.
    pub fn copy_rows(&self, indices: &[usize], to: &mut Rows) {
        to.clear();
        to.text.push_str(&self.rows.text);
        for &index in indices {
            to.cells.extend_from_slice(self.row(index));
            to.end_row();
        }
    }

    /// The same table with other rows, whose texts must come from [`Batch::copy_rows`].
    #[must_use]
    pub fn with_rows<'b>(&self, rows: &'b Rows) -> Batch<'b>
    where
        'a: 'b,
    {
        Batch { schema: self.schema, symbols: self.symbols, rows }
    }

    /// The text of a label.
    #[must_use]
    pub fn symbol(&self, id: SymbolId) -> &'a str {
        self.symbols.text(id)
    }

    /// The text of a [`Cell::Text`]; empty for any other range.
    #[must_use]
    pub fn text(&self, start: u32, len: u32) -> &'a str {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
        self.rows.text.get(start..end).unwrap_or_default()
    }

    /// Label or text of a cell; `None` for any other kind.
    #[must_use]
    pub fn str_of(&self, cell: Cell) -> Option<&'a str> {
        match cell {
            Cell::Symbol(id) => Some(self.symbol(id)),
            Cell::Text { start, len } => Some(self.text(start, len)),
            _ => None,
        }
    }
}
