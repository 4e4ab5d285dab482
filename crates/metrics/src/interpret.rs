//! Turns blocks of the spool into rows by table, with the dictionaries that came before them.

use std::collections::HashMap;

use crate::{
    batch::{Cell, Rows, SymbolId, Symbols},
    block,
    dictionary::{self, Entry, Scope},
    record::{self, Head, Layout, Names},
    schema::{Origin, Schema},
};

/// Rows of one table that wait for the store.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) layout: Layout,
    pub(crate) rows: Rows,
    /// Runs of the rows in order: run and how many rows follow of it.
    pub(crate) runs: Vec<(u64, u64)>,
}

/// A record that cannot become a row.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) run: u64,
    pub(crate) seq: u64,
    pub(crate) table: String,
    pub(crate) reason: String,
}

/// Dictionaries and rows of what was read so far.
#[derive(Debug, Default)]
pub(crate) struct Interpreter {
    pub(crate) symbols: Symbols,
    pub(crate) tables: Vec<Pending>,
    scopes: HashMap<u64, ScopeNames>,
    /// Numbers of `tables` by what identifies them.
    known: HashMap<String, Vec<usize>>,
}

/// What the numbers of one scope stand for.
#[derive(Debug)]
struct ScopeNames {
    constants: [SymbolId; 3],
    is_replay: bool,
    labels: Vec<SymbolId>,
    series: Vec<Option<Vec<(String, SymbolId)>>>,
    /// Index into `tables` by table number.
    tables: Vec<Option<usize>>,
    /// Cells of the series columns, by table number and label set.
    expanded: HashMap<(u8, u32), Box<[Cell]>>,
}

impl Interpreter {
    /// Takes in a block of entries.
    pub(crate) fn learn(&mut self, payload: &[u8]) {
        for (scope, entry) in dictionary::entries(payload) {
            self.learn_entry(scope, entry);
        }
    }

    fn learn_entry(&mut self, id: u64, entry: Entry) {
        if let Entry::Scope(scope) = &entry {
            self.open_scope(scope);
            return;
        }
        let Some(scope) = self.scopes.get_mut(&id) else { return };
        match entry {
            Entry::Scope(_) => {}
            Entry::Label { id, text } => {
                let symbol = self.symbols.intern(&text);
                put(&mut scope.labels, id, symbol, SymbolId(u32::MAX));
            }
            Entry::Series { id, labels } => {
                let labels =
                    labels.into_iter().map(|(n, t)| (n, self.symbols.intern(&t))).collect();
                put(&mut scope.series, id, Some(labels), None);
            }
            Entry::Table { number, schema } => {
                let is_replay = scope.is_replay;
                let index = self.table(schema, is_replay);
                if let Some(scope) = self.scopes.get_mut(&id) {
                    put(&mut scope.tables, u32::from(number), Some(index), None);
                }
            }
        }
    }

    fn open_scope(&mut self, scope: &Scope) {
        let constants =
            [&scope.env, &scope.mode, &scope.producer].map(|text| self.symbols.intern(text));
        self.scopes.entry(scope.id).or_insert_with(|| ScopeNames {
            constants,
            is_replay: scope.is_replay,
            labels: Vec::new(),
            series: Vec::new(),
            tables: Vec::new(),
            expanded: HashMap::new(),
        });
    }

    /// The place of a table's rows; builds with other columns have a place of their own.
    fn table(&mut self, schema: Schema, is_replay: bool) -> usize {
        let places = self.known.entry(schema.name.as_ref().to_owned()).or_default();
        let same = places.iter().copied().find(|&at| {
            self.tables
                .get(at)
                .is_some_and(|p| p.layout.schema == schema && p.layout.is_replay() == is_replay)
        });
        if let Some(at) = same {
            return at;
        }
        let at = self.tables.len();
        places.push(at);
        let layout = Layout::new(schema, is_replay);
        self.tables.push(Pending { layout, rows: Rows::default(), runs: Vec::new() });
        at
    }

    /// Appends the rows of a block to their tables; returns how many, and tells `unread` of those
    /// that make no row.
    pub(crate) fn rows(&mut self, payload: &[u8], mut unread: impl FnMut(Unread)) -> u64 {
        let Some((scope, run, records)) = block::rows(payload) else { return 0 };
        let mut count = 0_u64;
        for record in records {
            count = count.saturating_add(1);
            if let Err((seq, table, reason)) = self.row(scope, run, record) {
                unread(Unread { run, seq, table, reason });
            }
        }
        count
    }

    fn row(&mut self, scope: u64, run: u64, record: &[u8]) -> Result<(), (u64, String, String)> {
        let head = Head::read(record)
            .ok_or_else(|| (0, String::from("?"), String::from("the record has no head")))?;
        let unknown = |what: &str| (head.seq, format!("number {}", head.table), what.to_owned());
        let names =
            self.scopes.get_mut(&scope).ok_or_else(|| unknown("its dictionary is missing"))?;
        let index = names.tables.get(usize::from(head.table)).copied().flatten();
        let pending = index
            .and_then(|at| self.tables.get_mut(at))
            .ok_or_else(|| unknown("its table is not in the dictionary"))?;
        let key = (head.table, head.series);
        if !names.expanded.contains_key(&key) {
            let at = usize::try_from(head.series).unwrap_or(usize::MAX);
            // Its entry was in a block that is damaged: a row without labels would be wrong.
            let labels = names.series.get(at).and_then(Option::as_deref);
            let is_needed =
                pending.layout.schema.columns.iter().any(|c| c.origin == Origin::Series);
            if labels.is_none() && is_needed {
                return Err(unknown("its label set is not in the dictionary"));
            }
            names.expanded.insert(key, expand(&pending.layout.schema, labels.unwrap_or_default()));
        }
        let series = names.expanded.get(&key).map(AsRef::as_ref).unwrap_or_default();
        let names = Names { constants: names.constants, series, labels: &names.labels, run };
        record::read(record, &mut pending.layout, names, &mut self.symbols, &mut pending.rows)
            .map_err(|e| {
                (head.seq, pending.layout.schema.name.as_ref().to_owned(), e.to_string())
            })?;
        match pending.runs.last_mut() {
            Some((last, n)) if *last == run => *n = n.saturating_add(1),
            _ => pending.runs.push((run, 1)),
        }
        Ok(())
    }
}

/// One cell per series column of the table.
fn expand(schema: &Schema, labels: &[(String, SymbolId)]) -> Box<[Cell]> {
    schema
        .columns
        .iter()
        .filter(|c| c.origin == Origin::Series)
        .map(|c| {
            let label = labels.iter().find(|(name, _)| *name == c.name);
            label.map_or(Cell::Null, |(_, id)| Cell::Symbol(*id))
        })
        .collect()
}

fn put<T: Clone>(to: &mut Vec<T>, at: u32, value: T, filler: T) {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    // A number beyond any that is given out is not worth the memory.
    if at >= 1 << 24 {
        return;
    }
    if to.len() <= at {
        to.resize(at.saturating_add(1), filler);
    }
    if let Some(slot) = to.get_mut(at) {
        *slot = value;
    }
}
