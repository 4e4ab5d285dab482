//! Tables of a running database against what is declared.

use crate::check::origin_place;
use crate::declared::{Declared, Said, TableShape};
use crate::report::{Finding, Level, Place, State};
use crate::tables::{Deed, OwnedColumn, OwnedTable, differences};

/// Beginnings of the names of tables that databases make for themselves.
const SYSTEM: &[&str] = &["sys.", "telemetry", "_", "information_schema", "pg_"];

/// A port: tells which tables a database has.
pub trait ListTables {
    /// All tables with their columns and layout; what a shape leaves open is not compared.
    ///
    /// # Errors
    ///
    /// Why nobody could tell, as a fragment of a sentence.
    fn list(&self) -> Result<Vec<TableShape>, String>;
}

/// Compares the tables of a database with those that are declared. `server` is a name for places, without secrets.
///
/// Returns the findings and how many tables and columns were compared. A database that does not answer is a finding
/// itself, `unreachable`.
pub fn check_tables(
    declared: &[Declared],
    database: &dyn ListTables,
    server: &str,
) -> (Vec<Finding>, usize) {
    let actual = match database.list() {
        Ok(actual) => actual,
        Err(why) => {
            let message = format!("{server} did not tell its tables: {why}");
            let place = Place::top_of(server);
            let finding =
                Finding::new("live-table", State::Unreachable, Level::Error, server, place);
            return (vec![finding.with_message(message)], 0);
        }
    };
    let mut findings = Vec::new();
    let mut compared = 0;
    let wanted = declared_tables(declared);
    for (shape, origin) in &wanted {
        compared += 1 + shape.columns.len();
        let same = |table: &&TableShape| table.name.eq_ignore_ascii_case(&shape.name);
        let Some(table) = actual.iter().find(same) else {
            let message = format!("{server} has no table `{}`", shape.name);
            let place = origin_place(&origin.origin);
            let state = State::MissingInDocument;
            let finding = Finding::new("live-table", state, Level::Error, &shape.name, place);
            findings.push(with_origin(finding.with_message(message), origin));
            continue;
        };
        if shape.columns.is_empty() {
            continue;
        }
        for difference in differences(shape, &owned(table, server)) {
            let message = format!("{server}, table `{}`: {}", shape.name, difference.what);
            let place = difference.place;
            let state = difference.state;
            let finding = Finding::new("live-table", state, Level::Error, &shape.name, place);
            findings.push(with_origin(finding.with_message(message), origin));
        }
    }
    for table in &actual {
        let is_system = SYSTEM.iter().any(|start| table.name.starts_with(start));
        let is_wanted =
            wanted.iter().any(|(shape, _)| shape.name.eq_ignore_ascii_case(&table.name));
        if !is_system && !is_wanted {
            let message = format!("{server} has the table `{}`, which nobody declares", table.name);
            let place = Place::top_of(format!("{server}/{}", table.name));
            let state = State::MissingInSource;
            let finding = Finding::new("live-table", state, Level::Error, &table.name, place);
            findings.push(finding.with_message(message));
        }
    }
    (findings, compared)
}

fn with_origin(finding: Finding, declared: &Declared) -> Finding {
    Finding { origin: Some(declared.origin.to_string()), ..finding }
}

/// Tables with their shape, and those of which only the name is declared; each once.
fn declared_tables(declared: &[Declared]) -> Vec<(TableShape, &Declared)> {
    let mut tables: Vec<(TableShape, &Declared)> = Vec::new();
    let shapes = declared.iter().filter_map(|value| match &value.value {
        Said::Table(shape) => Some((shape.clone(), value)),
        _ => None,
    });
    tables.extend(shapes);
    for value in declared.iter().filter(|value| value.key == "tables") {
        let Said::List(names) = &value.value else { continue };
        for name in names {
            if !tables.iter().any(|(shape, _)| shape.name.eq_ignore_ascii_case(name)) {
                tables.push((TableShape::new(name), value));
            }
        }
    }
    tables
}

/// A table of a database as a statement that makes it.
fn owned(shape: &TableShape, server: &str) -> OwnedTable {
    let place = Place::top_of(format!("{server}/{}", shape.name));
    let said = |text: &Option<String>| text.clone().map(|text| (text, place.clone()));
    OwnedTable {
        deed: Deed::Creates,
        name: shape.name.clone(),
        place: place.clone(),
        is_line_protocol: false,
        columns: shape
            .columns
            .iter()
            .map(|(name, kind)| OwnedColumn {
                name: name.clone(),
                kind: Some((kind.clone(), place.clone())),
                place: place.clone(),
            })
            .collect(),
        timestamp: said(&shape.timestamp),
        partition: said(&shape.partition),
        ttl: said(&shape.ttl),
        dedup: shape
            .dedup
            .as_ref()
            .filter(|keys| !keys.is_empty())
            .map(|keys| keys.iter().map(|key| (key.clone(), place.clone())).collect()),
    }
}
