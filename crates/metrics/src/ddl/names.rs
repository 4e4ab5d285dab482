//! Which names a table and its columns may have.

use std::collections::HashSet;

use crate::{
    ddl::is_leading,
    schema::{Key, Schema},
    tables::built_in,
};

/// Longest name of a table or column, in bytes; QuestDB's own bound.
pub const NAME_BYTES_MAX: usize = 127;

/// Tables of the store itself, and what both stores keep for themselves.
const RESERVED: [&str; 5] = ["strings", "telemetry", "telemetry_config", "tables", "wal_tables"];
const RESERVED_PREFIXES: [&str; 5] = ["_", "sqlite_", "schema_", "sys_", BACKTEST_PREFIX];

/// What the names of tables with rows of backtests begin with, where live rows are too.
pub const BACKTEST_PREFIX: &str = "bt_";

/// A built-in table's twin for rows of backtests, if it is the name of one; case does not matter.
#[must_use]
pub fn backtest_twin(table: &str) -> Option<Schema> {
    let lower = table.to_ascii_lowercase();
    let plain = lower.strip_prefix(BACKTEST_PREFIX)?;
    let (_, schema) = built_in().find(|(_, schema)| schema.name == plain)?;
    let mut twin = schema.clone();
    twin.name = lower.into();
    Some(twin)
}

/// Why a table of a team's own cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DdlError {
    /// A name is empty, too long, or has a character outside of `a-z A-Z 0-9 _`, or starts with a digit.
    #[error("name `{name}` of {what} is not 1 to 127 of a-z, A-Z, 0-9, _ with a letter first")]
    Name {
        /// The name.
        name: String,
        /// `table` or the table's name.
        what: String,
    },
    /// The store keeps this name for itself.
    #[error("table name `{table}` is reserved")]
    Reserved {
        /// The name.
        table: String,
    },
    /// A built-in table has this name.
    #[error("table `{table}` is built in and cannot be declared again")]
    BuiltIn {
        /// The name.
        table: String,
    },
    /// A column has the name of a leading column or of an earlier one; case does not matter.
    #[error("table `{table}` has column `{column}` twice")]
    Twice {
        /// Table.
        table: String,
        /// Column.
        column: String,
    },
    /// The key does not begin with `ts`, or names a column that the table has not.
    #[error(
        "key of table `{table}` names `{column}`: wanted `ts` first, then columns of the table"
    )]
    Key {
        /// Table.
        table: String,
        /// What it names.
        column: String,
    },
}

/// Checks the names of a table: built-in ones and their twins for backtests pass, one of a team's own must not collide.
///
/// # Errors
///
/// [`DdlError`]: the first thing that is wrong.
pub fn check(schema: &Schema) -> Result<(), DdlError> {
    let table = schema.name.as_ref();
    if !is_identifier(table) {
        return Err(DdlError::Name { name: table.to_owned(), what: "a table".to_owned() });
    }
    let lower = table.to_ascii_lowercase();
    let is_twin = schema.since > 0 && backtest_twin(table).is_some();
    let is_reserved = |prefix: &&str| lower.starts_with(prefix) && !is_twin;
    if RESERVED.contains(&lower.as_str()) || RESERVED_PREFIXES.iter().any(is_reserved) {
        return Err(DdlError::Reserved { table: table.to_owned() });
    }
    if schema.since == 0 && built_in().any(|(_, s)| s.name.eq_ignore_ascii_case(table)) {
        return Err(DdlError::BuiltIn { table: table.to_owned() });
    }
    check_columns(schema)?;
    check_key(schema)
}

fn check_columns(schema: &Schema) -> Result<(), DdlError> {
    let table = schema.name.as_ref();
    let mut seen = HashSet::new();
    for column in schema.columns.iter() {
        let name = column.name.as_ref();
        if !is_identifier(name) {
            return Err(DdlError::Name { name: name.to_owned(), what: format!("table `{table}`") });
        }
        if is_leading(name) || !seen.insert(name.to_ascii_lowercase()) {
            return Err(DdlError::Twice { table: table.to_owned(), column: name.to_owned() });
        }
    }
    Ok(())
}

fn check_key(schema: &Schema) -> Result<(), DdlError> {
    let Key::Natural(keys) = &schema.key else { return Ok(()) };
    let wrong = if keys.first().is_none_or(|first| first != "ts") {
        Some(keys.first().map_or("", AsRef::as_ref))
    } else {
        keys.iter().map(AsRef::as_ref).find(|key| schema.position(key).is_none())
    };
    wrong.map_or(Ok(()), |column| {
        Err(DdlError::Key { table: schema.name.to_string(), column: column.to_owned() })
    })
}

fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= NAME_BYTES_MAX
        && bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A name in double quotes, as both dialects take it.
#[must_use]
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
