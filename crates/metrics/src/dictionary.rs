//! What numbers in records stand for: label sets, labels, tables, and the scope they are given in.
//!
//! Written to the run's journal before a handle is given out, and to the spool before the first
//! row that needs it, so that rows can be read without the process that wrote them.

use std::borrow::Cow;

use crate::{
    schema::{Column, ColumnType, Importance, Key, Origin, Partition, Schema, Ttl},
    wire::{self, Get, Put},
};

/// What all rows of one process have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Random number of the process's pipeline; numbers of labels are given within it.
    pub(crate) id: u64,
    pub(crate) env: String,
    pub(crate) mode: String,
    pub(crate) producer: String,
    pub(crate) process_id: String,
    pub(crate) pid: u32,
    pub(crate) host: String,
    /// Rows carry replay time; `ts_init` follows `ts`.
    pub(crate) is_replay: bool,
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    Scope(Scope),
    Label { id: u32, text: String },
    Series { id: u32, labels: Vec<(String, String)> },
    Table { number: u8, schema: Schema },
}

const SCOPE: u8 = 1;
const LABEL: u8 = 2;
const SERIES: u8 = 3;
const TABLE: u8 = 4;

/// Appends an entry of `scope` as one framed payload.
pub(crate) fn append(to: &mut Vec<u8>, scope: u64, entry: &Entry) {
    let mut put = Put::default();
    put.u64(scope);
    match entry {
        Entry::Scope(s) => {
            put.u8(SCOPE).str(&s.env).str(&s.mode).str(&s.producer).str(&s.process_id);
            put.u32(s.pid).str(&s.host).u8(u8::from(s.is_replay));
        }
        Entry::Label { id, text } => {
            put.u8(LABEL).u32(*id).str(text);
        }
        Entry::Series { id, labels } => {
            put.u8(SERIES).u32(*id).u16(u16::try_from(labels.len()).unwrap_or(u16::MAX));
            for (name, text) in labels {
                put.str(name).str(text);
            }
        }
        Entry::Table { number, schema } => {
            put.u8(TABLE).u8(*number);
            put_schema(&mut put, schema);
        }
    }
    wire::frame(to, &put.0);
}

/// Most bytes of entries that go into one block of the spool.
const CHUNK_BYTES: usize = 1 << 20;

/// Cuts entries into pieces that fit a block; what is torn at the end is left out.
pub(crate) fn chunks(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let mut from = Get(rest);
        let mut len = 0_usize;
        while len < CHUNK_BYTES && wire::unframe(&mut from).is_some() {
            len = rest.len().saturating_sub(from.0.len());
        }
        let (piece, tail) = rest.split_at_checked(len)?;
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Reads entries with their scope, up to the end or to where the bytes are torn.
pub(crate) fn entries(bytes: &[u8]) -> impl Iterator<Item = (u64, Entry)> {
    let mut from = Get(bytes);
    std::iter::from_fn(move || {
        loop {
            let payload = wire::unframe(&mut from)?;
            // An entry of a kind that a newer build wrote is passed over.
            if let Some(entry) = entry(Get(payload)) {
                return Some(entry);
            }
        }
    })
}

fn entry(mut get: Get<'_>) -> Option<(u64, Entry)> {
    let scope = get.u64()?;
    let entry = match get.u8()? {
        SCOPE => Entry::Scope(Scope {
            id: scope,
            env: get.str()?.to_owned(),
            mode: get.str()?.to_owned(),
            producer: get.str()?.to_owned(),
            process_id: get.str()?.to_owned(),
            pid: get.u32()?,
            host: get.str()?.to_owned(),
            is_replay: get.u8()? == 1,
        }),
        LABEL => Entry::Label { id: get.u32()?, text: get.str()?.to_owned() },
        SERIES => {
            let id = get.u32()?;
            let n = get.u16()?;
            let labels = (0..n)
                .map(|_| Some((get.str()?.to_owned(), get.str()?.to_owned())))
                .collect::<Option<Vec<_>>>()?;
            Entry::Series { id, labels }
        }
        TABLE => Entry::Table { number: get.u8()?, schema: get_schema(&mut get)? },
        _ => return None,
    };
    Some((scope, entry))
}

fn put_schema(put: &mut Put, schema: &Schema) {
    put.str(&schema.name).u16(schema.since);
    put.u8(match schema.partition {
        Partition::Day => 0,
        Partition::Month => 1,
    });
    match schema.ttl {
        Ttl::Never => put.u8(0).u16(0),
        Ttl::Days(n) => put.u8(1).u16(n),
        Ttl::Months(n) => put.u8(2).u16(n),
    };
    put.u8(match schema.importance {
        Importance::Low => 0,
        Importance::Medium => 1,
        Importance::High => 2,
    });
    let natural: &[Cow<'static, str>] = match &schema.key {
        Key::Emission => &[],
        Key::Natural(columns) => columns,
    };
    put.u8(u8::try_from(natural.len()).unwrap_or(u8::MAX));
    for name in natural {
        put.str(name);
    }
    put.u16(u16::try_from(schema.columns.len()).unwrap_or(u16::MAX));
    for column in schema.columns.iter() {
        put.str(&column.name).u16(column.since).u8(type_number(column.ty));
        match &column.origin {
            Origin::Series => put.u8(0),
            Origin::Row => put.u8(1),
            Origin::Interned => put.u8(2),
            Origin::Code(texts) => put_texts(put, texts.iter().copied()),
            Origin::OwnedCode(texts) => put_texts(put, texts.iter().map(AsRef::as_ref)),
        };
    }
}

fn put_texts<'p, 't>(
    put: &'p mut Put,
    texts: impl ExactSizeIterator<Item = &'t str>,
) -> &'p mut Put {
    put.u8(3).u8(u8::try_from(texts.len()).unwrap_or(u8::MAX));
    for text in texts {
        put.str(text);
    }
    put
}

fn type_number(ty: ColumnType) -> u8 {
    match ty {
        ColumnType::Symbol => 0,
        ColumnType::Varchar => 1,
        ColumnType::Double => 2,
        ColumnType::Long => 3,
        ColumnType::Int => 4,
        ColumnType::Timestamp => 5,
    }
}

fn get_schema(get: &mut Get<'_>) -> Option<Schema> {
    let name = get.str()?.to_owned();
    let since = get.u16()?;
    let partition = match get.u8()? {
        0 => Partition::Day,
        _ => Partition::Month,
    };
    let ttl = match (get.u8()?, get.u16()?) {
        (0, _) => Ttl::Never,
        (1, n) => Ttl::Days(n),
        (_, n) => Ttl::Months(n),
    };
    let importance = match get.u8()? {
        0 => Importance::Low,
        1 => Importance::Medium,
        _ => Importance::High,
    };
    let natural = get.u8()?;
    let natural = (0..natural)
        .map(|_| Some(Cow::Owned(get.str()?.to_owned())))
        .collect::<Option<Vec<_>>>()?;
    let key = if natural.is_empty() { Key::Emission } else { Key::Natural(Cow::Owned(natural)) };
    let n = get.u16()?;
    let columns = (0..n).map(|_| get_column(get)).collect::<Option<Vec<_>>>()?;
    Some(Schema {
        name: Cow::Owned(name),
        columns: Cow::Owned(columns),
        key,
        partition,
        ttl,
        importance,
        since,
    })
}

fn get_column(get: &mut Get<'_>) -> Option<Column> {
    let name = Cow::Owned(get.str()?.to_owned());
    let since = get.u16()?;
    let ty = match get.u8()? {
        0 => ColumnType::Symbol,
        1 => ColumnType::Varchar,
        2 => ColumnType::Double,
        3 => ColumnType::Long,
        4 => ColumnType::Int,
        5 => ColumnType::Timestamp,
        _ => return None,
    };
    let origin = match get.u8()? {
        0 => Origin::Series,
        1 => Origin::Row,
        2 => Origin::Interned,
        3 => {
            let n = get.u8()?;
            let texts = (0..n).map(|_| Some(get.str()?.into())).collect::<Option<Vec<_>>>()?;
            Origin::OwnedCode(texts.into())
        }
        _ => return None,
    };
    Some(Column { name, ty, origin, since })
}
