//! Whether those who make, write, read, document and declare a table agree.

use std::collections::BTreeMap;

use super::Deed;
use super::near::nearest;
use super::owned::{OwnedColumn, OwnedTable};
use crate::declared::TableShape;
use crate::fact::{DeclaredTable, Facts};
use crate::report::{Finding, Level, Place, State};

/// Tables that databases have by themselves.
const SYSTEM: &[&str] =
    &["information_schema", "pg_catalog", "sqlite_master", "sqlite_schema", "pg_class", "dual"];

/// Types of another database, whose statements say nothing about ours.
const FOREIGN_TYPES: &[&str] =
    &["integer", "real", "text", "blob", "numeric", "bigint", "serial", "jsonb"];

/// All statements about one table.
struct Group<'a> {
    name: &'a str,
    declared: Option<&'a DeclaredTable>,
    statements: Vec<&'a OwnedTable>,
}

impl<'a> Group<'a> {
    fn of(&self, deed: Deed) -> impl Iterator<Item = &'a OwnedTable> + '_ {
        self.statements.iter().copied().filter(move |statement| statement.deed == deed)
    }

    /// A table of another kind of database: nobody declares it, and it has nothing that ours have.
    fn is_foreign(&self) -> bool {
        let mut made = self.of(Deed::Creates).peekable();
        self.declared.is_none()
            && made.peek().is_some()
            && made.all(|table| is_foreign(table) || !looks_like_questdb(table))
    }

    /// A row in line protocol makes its table; an `INSERT` does not.
    fn has_line_protocol(&self) -> bool {
        self.of(Deed::Writes).any(|table| table.is_line_protocol)
    }

    fn has(&self, deed: Deed) -> bool {
        self.of(deed).next().is_some()
    }
}

/// The findings about tables, and how many names of tables and columns were compared.
pub(crate) fn agree(facts: &Facts, tables: &[&OwnedTable]) -> (Vec<Finding>, usize) {
    let mut groups: BTreeMap<String, Group<'_>> = BTreeMap::new();
    for declared in &facts.tables {
        let name = declared.shape.name.as_str();
        let group = Group { name, declared: Some(declared), statements: Vec::new() };
        groups.entry(name.to_ascii_lowercase()).or_insert(group);
    }
    for table in tables {
        let name = table.name.as_str();
        let lower = name.to_ascii_lowercase();
        if !SYSTEM.contains(&lower.as_str()) {
            let new = || Group { name, declared: None, statements: Vec::new() };
            groups.entry(lower).or_insert_with(new).statements.push(table);
        }
    }
    let mut findings = Vec::new();
    let mut compared = 0;
    let writes_lines = tables.iter().any(|table| table.is_line_protocol);
    for group in groups.values().filter(|group| !group.is_foreign()) {
        compared += group.statements.iter().map(|table| 1 + table.columns.len()).sum::<usize>();
        existence(group, facts.has_table_list, &mut findings);
        if writes_lines {
            unwritten(group, &mut findings);
        }
        definitions(group, &mut findings);
        columns(group, &mut findings);
    }
    (findings, compared)
}

/// Whether the table is made by somebody, and declared.
fn existence(group: &Group<'_>, has_list: bool, findings: &mut Vec<Finding>) {
    let is_made = group.has(Deed::Creates) || group.has(Deed::Derives);
    let is_written = group.of(Deed::Writes).any(|table| !table.columns.is_empty());
    let name = group.name;
    match group.declared {
        Some(declared) if !is_made && !is_written => {
            let message = format!(
                "the table `{name}` is declared, and no statement makes it or writes into it"
            );
            let related = group
                .of(Deed::Reads)
                .map(|read| (read.place.clone(), "reads it".to_owned()))
                .take(5)
                .collect();
            let place = origin_place(declared);
            let finding = Finding {
                related,
                ..finding((State::MissingInDocument, Level::Error), name, place, message)
            };
            findings.push(with_origin(finding, declared));
        }
        Some(_) => {}
        None => {
            let first = group.of(Deed::Creates).chain(group.of(Deed::Derives)).next();
            if let Some(first) = first.filter(|_| has_list) {
                let message = format!("the table `{name}` is made here, and not declared");
                findings.push(finding(
                    (State::MissingInSource, Level::Warning),
                    name,
                    first.place.clone(),
                    message,
                ));
            } else if first.is_none() && is_written && group.has_line_protocol() {
                if let Some(first) = group.of(Deed::Writes).find(|table| !table.columns.is_empty())
                {
                    let message = format!(
                        "the table `{name}` is written here; it is not declared, and no statement makes it"
                    );
                    findings.push(finding(
                        (State::MissingInSource, Level::Warning),
                        name,
                        first.place.clone(),
                        message,
                    ));
                }
            } else if first.is_none() && looks_like_ours(name) {
                for read in group.of(Deed::Reads) {
                    let message =
                        format!("reads the table `{name}`, which nobody makes, writes or declares");
                    findings.push(finding(
                        (State::MissingInSource, Level::Error),
                        name,
                        read.place.clone(),
                        message,
                    ));
                }
            }
        }
    }
}

/// A table that is made and that no statement here writes into; another repository may.
fn unwritten(group: &Group<'_>, findings: &mut Vec<Finding>) {
    let name = group.name;
    let made = group.of(Deed::Creates).find(|table| table.place.path.ends_with(".sql"));
    if let Some(made) = made.filter(|_| !group.has(Deed::Writes)) {
        let message = format!("the table `{name}` is made here, and no statement writes into it");
        findings.push(finding((State::Drift, Level::Note), name, made.place.clone(), message));
    }
}

/// A word that a sentence could have is not taken for a table.
fn looks_like_ours(name: &str) -> bool {
    name.contains('_') && !name.starts_with('_')
}

/// Statements that make the table, against what is declared, or against each other.
fn definitions(group: &Group<'_>, findings: &mut Vec<Finding>) {
    let declared = group.declared.filter(|declared| !declared.shape.columns.is_empty());
    let mut ours: Vec<&OwnedTable> =
        group.of(Deed::Creates).filter(|table| !is_foreign(table)).collect();
    // What is run counts before what is written about it.
    ours.sort_by_key(|table| !table.place.path.ends_with(".sql"));
    if let Some(declared) = declared {
        for made in ours {
            for difference in differences(&declared.shape, made) {
                let message = format!("the table `{}`: {}", group.name, difference.what);
                let finding = finding(
                    (difference.state, Level::Error),
                    group.name,
                    difference.place,
                    message,
                );
                let (found, fix) = difference.fix.unzip();
                findings.push(with_origin(Finding { found, fix, ..finding }, declared));
            }
        }
        return;
    }
    let Some((first, rest)) = ours.split_first() else { return };
    for other in rest {
        let shape = shape_of(first);
        let differing: Vec<String> =
            differences(&shape, other).into_iter().map(|difference| difference.what).collect();
        if !differing.is_empty() {
            let message = format!(
                "the table `{}` is made here and in {}, differently: {}",
                group.name,
                first.place,
                differing.join("; ")
            );
            let related = vec![(first.place.clone(), "makes it otherwise".to_owned())];
            let finding =
                finding((State::Drift, Level::Error), group.name, other.place.clone(), message);
            findings.push(Finding { related, is_conflict: true, ..finding });
        }
    }
}

fn looks_like_questdb(table: &OwnedTable) -> bool {
    let has_symbol = table
        .columns
        .iter()
        .any(|c| c.kind.as_ref().is_some_and(|(kind, _)| kind.eq_ignore_ascii_case("symbol")));
    has_symbol || table.timestamp.is_some() || table.partition.is_some()
}

fn is_foreign(table: &OwnedTable) -> bool {
    let mut kinds =
        table.columns.iter().filter_map(|column| column.kind.as_ref().map(|(kind, _)| kind));
    kinds.any(|kind| FOREIGN_TYPES.contains(&kind.to_ascii_lowercase().as_str()))
}

pub(super) fn shape_of(table: &OwnedTable) -> TableShape {
    let mut shape = TableShape::new(table.name.clone());
    let text = |said: &Option<(String, Place)>| said.as_ref().map(|(text, _)| text.clone());
    shape.columns =
        table.columns.iter().map(|c| (c.name.clone(), text(&c.kind).unwrap_or_default())).collect();
    shape.timestamp = text(&table.timestamp);
    shape.partition = text(&table.partition);
    shape.ttl = text(&table.ttl);
    shape.dedup =
        table.dedup.as_ref().map(|keys| keys.iter().map(|(key, _)| key.clone()).collect());
    shape
}

/// How a table that is made differs from how it should be.
pub(crate) struct Difference {
    pub(crate) state: State,
    pub(crate) place: Place,
    pub(crate) what: String,
    /// What stands there, and what should.
    fix: Option<(String, String)>,
}

impl Difference {
    fn new(state: State, place: &Place, what: String) -> Self {
        Self { state, place: place.clone(), what, fix: None }
    }

    fn with_fix(self, old: &str, new: &str) -> Self {
        Self { fix: Some((old.to_owned(), new.to_owned())), ..self }
    }
}

/// What differs between a table as it should be and one that is made.
pub(crate) fn differences(wanted: &TableShape, made: &OwnedTable) -> Vec<Difference> {
    let mut found = Vec::new();
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    for (name, kind) in &wanted.columns {
        match made.columns.iter().find(|column| same(&column.name, name)) {
            None => {
                let what = format!("the column `{name}` is missing");
                found.push(Difference::new(State::MissingInDocument, &made.place, what));
            }
            Some(column) => {
                let Some((actual, place)) = &column.kind else { continue };
                if !kind.is_empty() && !same(kind, actual) {
                    let what = format!("the column `{name}` is {actual}, not {kind}");
                    found.push(Difference::new(State::Drift, place, what).with_fix(actual, kind));
                }
            }
        }
    }
    for column in &made.columns {
        if !wanted.columns.iter().any(|(name, _)| same(name, &column.name)) {
            let what = format!("the column `{}` is too many", column.name);
            let missing = wanted.columns.iter().map(|(name, _)| name.as_str());
            let missing =
                missing.filter(|name| !made.columns.iter().any(|column| same(&column.name, name)));
            let difference = Difference::new(State::MissingInSource, &column.place, what);
            found.push(match nearest(&column.name, missing) {
                Some(meant) => difference.with_fix(&column.name, meant),
                None => difference,
            });
        }
    }
    layouts(wanted, made, &mut found);
    found
}

fn layouts(wanted: &TableShape, made: &OwnedTable, found: &mut Vec<Difference>) {
    let mut layout = |what: &str, wanted: Option<&str>, actual: Option<(&str, &Place)>| {
        let Some(wanted) = wanted else { return };
        match actual {
            Some((actual, _)) if same_layout(wanted, actual) => {}
            Some((actual, place)) => {
                let what = format!("{what} is {actual}, not {wanted}");
                found.push(Difference::new(State::Drift, place, what).with_fix(actual, wanted));
            }
            None if wanted.eq_ignore_ascii_case("none") => {}
            None => {
                let what = format!("{what} is missing, not {wanted}");
                found.push(Difference::new(State::MissingInDocument, &made.place, what));
            }
        }
    };
    let said = |said: &'_ Option<(String, Place)>| {
        said.as_ref().map(|(text, place)| (text.clone(), place.clone()))
    };
    for (what, wanted, actual) in [
        ("the designated timestamp", &wanted.timestamp, &made.timestamp),
        ("the partition", &wanted.partition, &made.partition),
        ("the time to live", &wanted.ttl, &made.ttl),
    ] {
        let actual = said(actual);
        layout(
            what,
            wanted.as_deref(),
            actual.as_ref().map(|(text, place)| (text.as_str(), place)),
        );
    }
    let wanted = wanted.dedup.as_ref().map(|keys| keys.join(", "));
    let place = made.dedup.as_ref().and_then(|keys| keys.first()).map(|(_, place)| place.clone());
    let actual = made
        .dedup
        .as_ref()
        .map(|keys| keys.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>().join(", "));
    match (wanted, actual) {
        (Some(wanted), Some(actual)) if !same_layout(&wanted, &actual) => {
            let what = format!("the list of deduplication keys is {actual}, not {wanted}");
            found.push(Difference::new(
                State::Drift,
                &place.unwrap_or_else(|| made.place.clone()),
                what,
            ));
        }
        (Some(wanted), None) if !wanted.is_empty() => {
            let what = format!("the list of deduplication keys is missing, not {wanted}");
            found.push(Difference::new(State::MissingInDocument, &made.place, what));
        }
        _ => {}
    }
}

/// `90 DAYS` and `90 day` are one time, `24 MONTHS` and `2 YEARS` too; lists of keys have no order.
fn same_layout(a: &str, b: &str) -> bool {
    if let (Some(a), Some(b)) = (span_of(a), span_of(b)) {
        return a == b;
    }
    let normal = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let mut words: Vec<String> = lower
            .split([',', ' '])
            .filter(|word| !word.is_empty())
            .map(|word| word.trim_end_matches('s').to_owned())
            .collect();
        words.sort();
        words
    };
    normal(a) == normal(b)
}

/// Columns that are written, read or documented, against those that the table has.
fn columns(group: &Group<'_>, findings: &mut Vec<Finding>) {
    let declared =
        group.declared.map(|declared| declared.shape.columns.as_slice()).unwrap_or_default();
    let mut known: Vec<&str> = declared.iter().map(|(name, _)| name.as_str()).collect();
    let made = group.of(Deed::Creates).chain(group.of(Deed::Alters));
    if declared.is_empty() {
        known
            .extend(made.flat_map(|table| table.columns.iter().map(|column| column.name.as_str())));
    }
    let is_defined = !known.is_empty();
    if group.has(Deed::Derives) && !is_defined {
        return;
    }
    let has =
        |known: &[&str], name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_defined {
        for written in group.of(Deed::Writes) {
            for column in written.columns.iter().filter(|column| !has(&known, &column.name)) {
                findings.push(unknown_column(group, column, "writes", &known));
            }
        }
    }
    // A column that line protocol writes is made by the first row that has it.
    let mut readable = known.clone();
    for written in group.of(Deed::Writes) {
        readable.extend(written.columns.iter().map(|column| column.name.as_str()));
    }
    readable.push("timestamp");
    if readable.len() == 1 {
        return;
    }
    for (deed, word) in [(Deed::Reads, "reads"), (Deed::Documents, "documents")] {
        let known: &[&str] = if deed == Deed::Documents && is_defined { &known } else { &readable };
        for table in group.of(deed) {
            for column in table.columns.iter().filter(|column| !has(known, &column.name)) {
                findings.push(unknown_column(group, column, word, known));
            }
        }
    }
}

fn unknown_column(group: &Group<'_>, column: &OwnedColumn, does: &str, known: &[&str]) -> Finding {
    let name = format!("{}.{}", group.name, column.name);
    let message = format!(
        "{does} the column `{}`, which the table `{}` does not have",
        column.name, group.name
    );
    let made = group.of(Deed::Creates).next();
    let related =
        made.map(|made| (made.place.clone(), "makes the table".to_owned())).into_iter().collect();
    let finding = finding((State::Drift, Level::Error), &name, column.place.clone(), message);
    let fix = nearest(&column.name, known.iter().copied()).map(str::to_owned);
    Finding { rule: "column", related, found: Some(column.name.clone()), fix, ..finding }
}

fn origin_place(declared: &DeclaredTable) -> Place {
    crate::check::origin_place(&declared.origin)
}

fn with_origin(finding: Finding, declared: &DeclaredTable) -> Finding {
    Finding { origin: Some(declared.origin.to_string()), ..finding }
}

fn finding((state, level): (State, Level), key: &str, place: Place, message: String) -> Finding {
    Finding::new("table", state, level, key, place).with_message(message)
}

/// A time to live in hours or in months, whichever a server may have made of it.
fn span_of(text: &str) -> Option<(u64, &'static str)> {
    let (count, unit) = text.trim().split_once(' ')?;
    let count: u64 = count.parse().ok()?;
    let (each, unit) = match unit.to_ascii_lowercase().trim_end_matches('s') {
        "hour" => (1, "hours"),
        "day" => (24, "hours"),
        "week" => (7 * 24, "hours"),
        "month" => (1, "months"),
        "year" => (12, "months"),
        _ => return None,
    };
    Some((count.checked_mul(each)?, unit))
}
