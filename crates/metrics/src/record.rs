//! Reads records: words from the ring or the spool into cells of a row.
//!
//! A record is whole 64-byte slots. Word 0 is the time (a stamp in the ring, `ts_init` in
//! nanoseconds in the spool), word 1 `seq:40 | table:8 | slots:8 | flags:8`, word 2
//! `series:24 | presence:40`, then one word of codes if the table has any, `ts` if flagged, and
//! the present values in the order of the columns: a word each, text as length and bytes.

use crate::{
    batch::{Cell, Rows, SymbolId, Symbols},
    complete::Completion,
    row::{SERIES_BITS, bits, is_in_record},
    schema::{ColumnType, Origin, Schema, flags},
};

/// Words of a slot.
pub(crate) const SLOT_WORDS: usize = 8;

/// Bytes of a slot.
pub(crate) const SLOT_BYTES: usize = 64;

/// Bytes before the codes: time, head, series.
const HEAD_BYTES: usize = 24;

/// Time that `ts` may lie ahead of the producer's clock, ns: 24 h.
const AHEAD_NS_MAX: i64 = 86_400_000_000_000;

/// Time that `ts` may lie behind the producer's clock without being late, ns: 60 s.
const LATE_NS: i64 = 60_000_000_000;

/// Precision of `ts` in a venue's identity, ns: a millisecond.
const VENUE_PRECISION_NS: i64 = 1_000_000;

/// Words 1 and 2 of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) time: i64,
    pub(crate) seq: u64,
    pub(crate) table: u8,
    pub(crate) slots: usize,
    pub(crate) bits: u8,
    pub(crate) series: u32,
    pub(crate) presence: u64,
}

impl Head {
    /// Reads the head of a record; `None` for one too short.
    #[inline]
    pub(crate) fn read(record: &[u8]) -> Option<Self> {
        let (words, _) = record.as_chunks::<8>();
        let [time, head, series, ..] = *words else { return None };
        let [time, head, series] = [time, head, series].map(u64::from_le_bytes);
        Some(Self {
            time: time.cast_signed(),
            seq: head & ((1 << 40) - 1),
            table: byte(head, 40),
            slots: usize::from(byte(head, 48)),
            bits: byte(head, 56),
            series: low32(series & ((1 << SERIES_BITS) - 1)),
            presence: series >> SERIES_BITS,
        })
    }
}

/// Word 1 of a record.
pub(crate) fn head_word(seq: u64, table: u8, slots: usize, bits: u8) -> u64 {
    let slots = u64::try_from(slots & 0xff).unwrap_or(0);
    (seq & ((1 << 40) - 1)) | (u64::from(table) << 40) | (slots << 48) | (u64::from(bits) << 56)
}

#[inline(always)]
fn byte(word: u64, shift: u32) -> u8 {
    let [low, ..] = (word >> shift).to_le_bytes();
    low
}

#[inline(always)]
fn low32(word: u64) -> u32 {
    let [a, b, c, d, ..] = word.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Why a record cannot become a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// The record ends before its values do, or a text is not UTF-8.
    Malformed,
    /// `ts` is more than 24 h ahead of the producer's clock.
    Ahead { ts: i64 },
    /// A label has too many values.
    TooManyValues { column: String, text: String },
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed => f.write_str("the record's values do not fit its table"),
            Self::Ahead { ts } => {
                write!(f, "ts {ts} ns is more than 24 h ahead of the producer's clock")
            }
            Self::TooManyValues { column, text } => {
                write!(f, "label `{column}` has too many values to take `{text}`")
            }
        }
    }
}

/// How a table's records are read.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) schema: Schema,
    has_codes: bool,
    is_replay: bool,
    completion: Completion,
    /// Distinct values seen of each label that rows carry as text.
    values: Vec<std::collections::HashSet<SymbolId>>,
}

impl Layout {
    pub(crate) fn new(schema: Schema, is_replay: bool) -> Self {
        let has_codes = schema.columns.iter().any(|c| c.origin.is_code());
        let values = vec![std::collections::HashSet::new(); schema.columns.len()];
        let completion = Completion::of(&schema);
        Self { schema, has_codes, is_replay, completion, values }
    }

    pub(crate) fn is_replay(&self) -> bool {
        self.is_replay
    }
}

/// What a record's numbers stand for while it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a> {
    /// `env`, `mode` and `producer`.
    pub(crate) constants: [SymbolId; 3],
    /// The label set, one cell per series column of the table.
    pub(crate) series: &'a [Cell],
    /// Interned labels by number.
    pub(crate) labels: &'a [SymbolId],
    pub(crate) run: u64,
}

/// Appends the row of `record` to `rows`; on an error `rows` is as before.
pub(crate) fn read(
    record: &[u8],
    layout: &mut Layout,
    names: Names<'_>,
    symbols: &mut Symbols,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    let width = layout.schema.width();
    let done = read_row(record, layout, names, symbols, rows);
    match done {
        Ok(()) => {
            layout.completion.apply(rows.open_row(width), symbols);
            rows.end_row();
        }
        Err(_) => rows.abandon_row(width),
    }
    done
}

fn read_row(
    record: &[u8],
    layout: &mut Layout,
    names: Names<'_>,
    symbols: &mut Symbols,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    let head = Head::read(record).ok_or(Unreadable::Malformed)?;
    let mut rest = Words(record.get(HEAD_BYTES..).unwrap_or_default());
    let codes = if layout.has_codes { rest.word()? } else { 0 };
    let ts = if head.bits & bits::TS_GIVEN != 0 { Some(rest.word()?.cast_signed()) } else { None };
    lead(head, ts, layout, names, rows)?;
    let Layout { schema, values, .. } = layout;
    let (mut series, mut code, mut bit) = (names.series.iter(), 0_u32, 0_u32);
    for (column, seen) in schema.columns.iter().zip(values) {
        if let Origin::Series = column.origin {
            rows.push(series.next().copied().unwrap_or(Cell::Null));
            continue;
        }
        if column.origin.is_code() {
            let text = column.origin.code_text(byte(codes, code));
            rows.push(text.map_or(Cell::Null, |t| Cell::Symbol(symbols.intern(t))));
            code = code.saturating_add(8);
            continue;
        }
        debug_assert!(is_in_record(&column.origin));
        let present = (head.presence >> bit) & 1 == 1;
        bit = bit.saturating_add(1);
        if !present {
            rows.push(Cell::Null);
            continue;
        }
        match (column.ty, &column.origin) {
            (ColumnType::Double, _) => {
                let v = f64::from_bits(rest.word()?);
                rows.push(if v.is_finite() { Cell::Double(v) } else { Cell::Null });
            }
            (ColumnType::Long | ColumnType::Int, _) => {
                rows.push(Cell::Long(rest.word()?.cast_signed()));
            }
            (ColumnType::Timestamp, _) => rows.push(Cell::Timestamp(rest.word()?.cast_signed())),
            (ColumnType::Symbol, Origin::Interned) => {
                let id = usize::try_from(rest.word()?).unwrap_or(usize::MAX);
                rows.push(names.labels.get(id).map_or(Cell::Null, |s| Cell::Symbol(*s)));
            }
            (ColumnType::Symbol, _) => {
                let id = capped(rest.text()?, &column.name, seen, symbols)?;
                rows.push(Cell::Symbol(id));
            }
            (ColumnType::Varchar, _) => rows.push_text(rest.text()?),
        }
    }
    Ok(())
}

/// Appends the eight leading cells.
fn lead(
    head: Head,
    given: Option<i64>,
    layout: &Layout,
    names: Names<'_>,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    let ts_init = head.time;
    let mut ts = given.unwrap_or(ts_init);
    if ts.saturating_sub(ts_init) > AHEAD_NS_MAX {
        return Err(Unreadable::Ahead { ts });
    }
    let mut shown = 0;
    for (bit, flag) in [
        (bits::NON_FINITE, flags::NON_FINITE_OMITTED),
        (bits::RECONCILED, flags::RECONCILED),
        (bits::INFERRED, flags::INFERRED),
        (bits::TEXT_CUT, flags::TEXT_CUT),
    ] {
        if head.bits & bit != 0 {
            shown |= flag;
        }
    }
    if given.is_none() {
        shown |= flags::TS_IS_LOCAL;
    }
    if layout.is_replay {
        shown |= flags::PAPER_CLOCK;
    } else if ts_init.saturating_sub(ts) > LATE_NS {
        shown |= flags::LATE;
    }
    if layout.schema.is_natural() {
        // Live and read-again rows must have one time, and the venue's own is in milliseconds.
        ts = round_to(ts, VENUE_PRECISION_NS);
    }
    let [env, mode, producer] = names.constants;
    rows.push(Cell::Timestamp(ts));
    rows.push(Cell::Timestamp(ts_init));
    rows.push(Cell::Symbol(env));
    rows.push(Cell::Symbol(mode));
    rows.push(Cell::Symbol(producer));
    rows.push(Cell::Long(names.run.cast_signed()));
    rows.push(Cell::Long(head.seq.cast_signed()));
    rows.push(Cell::Long(shown));
    Ok(())
}

/// To the nearest multiple of `unit`.
fn round_to(t: i64, unit: i64) -> i64 {
    let half = unit.checked_div(2).unwrap_or(0);
    let up = t.saturating_add(half);
    up.saturating_sub(up.checked_rem_euclid(unit).unwrap_or(0))
}

/// The label of a text, within the label's cap.
fn capped(
    text: &str,
    column: &str,
    seen: &mut std::collections::HashSet<SymbolId>,
    symbols: &mut Symbols,
) -> Result<SymbolId, Unreadable> {
    const OTHER: &str = "__other__";
    let max = crate::labels::values_max(column);
    let id = symbols.get(text);
    if let Some(id) = id
        && seen.contains(&id)
    {
        return Ok(id);
    }
    if seen.len() < max {
        let id = symbols.intern(text);
        seen.insert(id);
        return Ok(id);
    }
    if matches!(column, "error_code" | "tool_name") {
        return Ok(symbols.intern(OTHER));
    }
    Err(Unreadable::TooManyValues { column: column.to_owned(), text: text.to_owned() })
}

struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    #[inline]
    fn word(&mut self) -> Result<u64, Unreadable> {
        let (&first, rest) = self.0.split_first_chunk::<8>().ok_or(Unreadable::Malformed)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(first))
    }

    fn text(&mut self) -> Result<&'a str, Unreadable> {
        let (&len, _) = self.0.split_first_chunk::<2>().ok_or(Unreadable::Malformed)?;
        let len = usize::from(u16::from_le_bytes(len));
        let words = crate::value::text_words(len);
        let (head, rest) =
            self.0.split_at_checked(words.saturating_mul(8)).ok_or(Unreadable::Malformed)?;
        self.0 = rest;
        let bytes = head.get(2..len.saturating_add(2)).ok_or(Unreadable::Malformed)?;
        std::str::from_utf8(bytes).map_err(|_| Unreadable::Malformed)
    }
}

/// A value as it lies in a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    /// One word.
    Word(u64),
    /// Text.
    Text(&'a str),
}

/// The code at position `index` among the codes of a record of a table that has some.
pub(crate) fn code(record: &[u8], index: u32) -> u8 {
    let mut words = Words(record.get(HEAD_BYTES..).unwrap_or_default());
    words.word().map_or(0, |codes| byte(codes, index.saturating_mul(8)))
}

/// `ts`, if the record has one of its own.
pub(crate) fn ts(record: &[u8], schema: &Schema) -> Option<i64> {
    let head = Head::read(record)?;
    let mut words = Words(record.get(HEAD_BYTES..)?);
    if schema.columns.iter().any(|c| c.origin.is_code()) {
        words.word().ok()?;
    }
    (head.bits & bits::TS_GIVEN != 0).then(|| words.word().ok()).flatten().map(u64::cast_signed)
}

/// The value of a column of a record; `None` when it has none.
pub(crate) fn find<'a>(record: &'a [u8], schema: &Schema, name: &str) -> Option<Value<'a>> {
    let head = Head::read(record)?;
    let mut words = Words(record.get(HEAD_BYTES..)?);
    if schema.columns.iter().any(|c| c.origin.is_code()) {
        words.word().ok()?;
    }
    if head.bits & bits::TS_GIVEN != 0 {
        words.word().ok()?;
    }
    let mut presence = head.presence;
    for column in schema.columns.iter().filter(|c| is_in_record(&c.origin)) {
        let is_present = presence & 1 == 1;
        presence >>= 1;
        if !is_present {
            if column.name == name {
                return None;
            }
            continue;
        }
        let is_text = matches!(column.ty, ColumnType::Varchar)
            || matches!((column.ty, &column.origin), (ColumnType::Symbol, Origin::Row));
        let value =
            if is_text { Value::Text(words.text().ok()?) } else { Value::Word(words.word().ok()?) };
        if column.name == name {
            return Some(value);
        }
    }
    None
}
