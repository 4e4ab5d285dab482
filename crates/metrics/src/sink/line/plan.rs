//! What is the same for every row of a table, worked out once.

use crate::{
    batch::Cell,
    schema::{ColumnType, Key, Schema, leading},
    sink::line::{LineProtocol, number::push_part},
};

/// Longest name of a table or column that QuestDB takes by default, in bytes.
const NAME_BYTES_MAX: usize = 127;

/// Byte before a binary float.
pub(super) const BINARY_DOUBLE: u8 = 16;

/// A name that the line protocol or the store cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("name `{}` {reason}", name.escape_debug())]
pub struct NameError {
    /// The name.
    pub name: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

#[derive(Debug)]
pub(super) struct Plan {
    pub(super) schema: Schema,
    pub(super) head: Box<[u8]>,
    pub(super) labels: Vec<LabelPlan>,
    pub(super) values: Vec<ValuePlan>,
    pub(super) omitted: Vec<usize>,
}

/// Bytes before a value, such as `,name=`.
#[derive(Debug)]
pub(super) struct Prefix {
    short: [u8; PREFIX_BYTES],
    all: Box<[u8]>,
}

/// Longer than what comes before a value of any built-in table.
const PREFIX_BYTES: usize = 32;

impl Prefix {
    fn new(all: Vec<u8>) -> Self {
        let mut short = [0; PREFIX_BYTES];
        for (to, from) in short.iter_mut().zip(&all) {
            *to = *from;
        }
        Self { short, all: all.into_boxed_slice() }
    }

    #[inline(always)]
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        if self.all.len() <= PREFIX_BYTES {
            push_part(out, &self.short, self.all.len());
        } else {
            out.extend_from_slice(&self.all);
        }
    }
}

#[derive(Debug)]
pub(super) struct LabelPlan {
    pub(super) index: usize,
    pub(super) key: Prefix,
    pub(super) is_key: bool,
}

#[derive(Debug)]
pub(super) struct ValuePlan {
    pub(super) index: usize,
    pub(super) ty: ColumnType,
    pub(super) key: Prefix,
    pub(super) is_key: bool,
}

impl Plan {
    pub(super) fn new(
        schema: &Schema,
        prefix: &str,
        protocol: LineProtocol,
        omit: &[&str],
    ) -> Result<Self, NameError> {
        let table = format!("{prefix}{}", schema.name);
        check_name(&table, Place::Table)?;
        let keys = match &schema.key {
            Key::Natural(columns) => columns.as_ref(),
            Key::Emission => &[],
        };
        let mut plan = Self {
            schema: schema.clone(),
            head: escape_name(&table).into_boxed_slice(),
            labels: Vec::new(),
            values: Vec::new(),
            omitted: Vec::new(),
        };
        for (index, column) in schema.all_columns().enumerate() {
            let name = column.name.as_ref();
            check_name(name, Place::Column)?;
            if index == leading::TS {
                continue;
            }
            if omit.contains(&name) {
                plan.omitted.push(index);
                continue;
            }
            let is_key = keys.iter().any(|k| k == name);
            let mut key = vec![b','];
            key.extend_from_slice(&escape_name(name));
            key.push(b'=');
            if column.ty == ColumnType::Symbol {
                plan.labels.push(LabelPlan { index, key: Prefix::new(key), is_key });
                continue;
            }
            if column.ty == ColumnType::Double && protocol == LineProtocol::V2 {
                key.extend_from_slice(&[b'=', BINARY_DOUBLE]);
            }
            plan.values.push(ValuePlan { index, ty: column.ty, key: Prefix::new(key), is_key });
        }
        Ok(plan)
    }

    /// Where rows with these labels are remembered.
    #[inline]
    pub(super) fn slot(&self, cells: &[Cell], slots: usize) -> usize {
        let mut hash = 0_u32;
        for label in &self.labels {
            let part = match cells.get(label.index) {
                Some(Cell::Symbol(id)) => id.0,
                Some(Cell::Text { start, .. }) => *start,
                _ => u32::MAX,
            };
            // Multiplier of Knuth's multiplicative hashing, 2³² / golden ratio.
            hash = (hash.rotate_left(5) ^ part).wrapping_mul(0x9e37_79b1);
        }
        usize::try_from(hash >> 16).unwrap_or(0) % slots
    }

    #[inline]
    pub(super) fn same_labels(&self, a: &[Cell], b: &[Cell]) -> bool {
        self.labels.iter().all(|label| a.get(label.index) == b.get(label.index))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Table,
    Column,
}

fn check_name(name: &str, place: Place) -> Result<(), NameError> {
    let refuse = |reason| Err(NameError { name: name.to_owned(), reason });
    if name.is_empty() {
        return refuse("is empty");
    }
    if name.len() > NAME_BYTES_MAX {
        return refuse("is longer than 127 bytes");
    }
    let forbidden = |c: char| {
        c.is_control()
            || matches!(
                c,
                '?' | ',' | '\'' | '"' | '\\' | '/' | ':' | '(' | ')' | '+' | '*' | '%' | '~'
            )
            || c == '\u{feff}'
            || (place == Place::Column && matches!(c, '-' | '.'))
    };
    if name.contains(forbidden) {
        return refuse("has a character that QuestDB does not take in names");
    }
    if place == Place::Table
        && (name.starts_with('.') || name.ends_with('.') || name.contains(".."))
    {
        return refuse("has a dot at an end or two in a row");
    }
    Ok(())
}

fn escape_name(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    for byte in name.bytes() {
        if matches!(byte, b' ' | b'=') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out
}
