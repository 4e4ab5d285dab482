//! What must change, from what is there and what is wanted.

use std::collections::BTreeSet;

use crate::{
    ddl::{self, DdlError, Shown, type_word},
    migrate::{Change, ExistingTable, Plan, Step, Target},
    schema::{SCHEMA_VERSION, Schema},
};

/// Why there is no way from what a store has to what is wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// No such version.
    #[error("schema version {found} is unknown: wanted 1 to {newest}")]
    Version {
        /// What was asked for.
        found: u16,
        /// Newest that this build knows.
        newest: u16,
    },
    /// A table of a team's own cannot be made.
    #[error("table cannot be made")]
    Table {
        /// Cause.
        source: DdlError,
    },
    /// A column has another type. It is never changed: values would be lost.
    #[error("column `{table}.{column}` has type {found}, wanted {wanted}")]
    Differs {
        /// Table, without prefix.
        table: String,
        /// Column.
        column: String,
        /// Type that the store has.
        found: String,
        /// Type that is wanted.
        wanted: String,
    },
    /// The rows of a table are unique by other columns. A key cannot be changed later.
    #[error("table `{table}` is unique by ({}), wanted ({})", found.join(", "), wanted.join(", "))]
    KeyDiffers {
        /// Table, without prefix.
        table: String,
        /// Key that the store has.
        found: Vec<String>,
        /// Key that is wanted.
        wanted: Vec<String>,
    },
}

/// Plans the steps from the `existing` tables to the target. Tables and columns that no schema
/// names are left alone.
///
/// # Errors
///
/// [`PlanError`]; a store that differs is never accepted silently.
pub fn plan(existing: &[ExistingTable], target: &Target<'_>) -> Result<Plan, PlanError> {
    if target.version == 0 || target.version > SCHEMA_VERSION {
        return Err(PlanError::Version { found: target.version, newest: SCHEMA_VERSION });
    }
    let mut steps = Vec::new();
    for schema in target.schemas {
        ddl::check(schema).map_err(|source| PlanError::Table { source })?;
        let table = existing.iter().find(|t| t.name.eq_ignore_ascii_case(&schema.name));
        match (ddl::at_version(schema, target.version), table) {
            (None, None) => {}
            (Some(wanted), None) => steps.extend(forward(&wanted, None, target)?),
            (None, Some(_)) => steps.push(Step {
                table: schema.name.to_string(),
                change: Change::DropTable,
                statements: ddl::drop_table(&prefixed(schema, target), target.dialect),
            }),
            (Some(wanted), Some(table)) => {
                check_same(schema, table)?;
                steps.extend(forward(&wanted, Some(table), target)?);
                steps.extend(back(schema, &wanted, table, target));
            }
        }
    }
    Ok(Plan { version: target.version, steps })
}

/// Checks that what a table has of a schema has the schema's types and key.
pub(crate) fn check_same(schema: &Schema, table: &ExistingTable) -> Result<(), PlanError> {
    let lower = |name: &str| name.to_ascii_lowercase();
    let wanted: BTreeSet<String> = schema.key_columns().into_iter().map(lower).collect();
    let found: BTreeSet<String> = table.keys.iter().map(|k| lower(k)).collect();
    if wanted != found {
        return Err(PlanError::KeyDiffers {
            table: schema.name.to_string(),
            found: table.keys.clone(),
            wanted: schema.key_columns().into_iter().map(ToOwned::to_owned).collect(),
        });
    }
    for column in schema.all_columns() {
        let wanted = type_word(column.ty);
        if let Some(found) = table.column(&column.name).filter(|found| found.ty != wanted) {
            return Err(PlanError::Differs {
                table: schema.name.to_string(),
                column: column.name.to_string(),
                found: found.ty.clone(),
                wanted: wanted.to_owned(),
            });
        }
    }
    Ok(())
}

/// What a table lacks of `wanted`: the table, or columns of it.
pub(crate) fn forward(
    wanted: &Schema,
    table: Option<&ExistingTable>,
    target: &Target<'_>,
) -> Result<Vec<Step>, PlanError> {
    let Some(table) = table else {
        return Ok(vec![Step {
            table: wanted.name.to_string(),
            change: Change::CreateTable,
            statements: ddl::create(wanted, target.dialect, target.prefix),
        }]);
    };
    check_same(wanted, table)?;
    let name = prefixed(wanted, target);
    let mut shown = shown(table);
    let mut steps = Vec::new();
    for column in wanted.all_columns().filter(|c| table.column(&c.name).is_none()) {
        shown.push(Shown::of(column));
        steps.push(Step {
            table: wanted.name.to_string(),
            change: Change::AddColumn(column.name.to_string()),
            statements: ddl::add_column(&name, column, &shown, target.dialect),
        });
    }
    Ok(steps)
}

/// What a table has of `schema` that is not `wanted`. Forward steps come first and are in the view.
fn back(schema: &Schema, wanted: &Schema, table: &ExistingTable, target: &Target<'_>) -> Vec<Step> {
    let name = prefixed(schema, target);
    let mut shown = shown(table);
    shown.extend(wanted.all_columns().filter(|c| table.column(&c.name).is_none()).map(Shown::of));
    let too_new = schema.columns.iter().filter(|c| wanted.position(&c.name).is_none());
    let mut steps = Vec::new();
    for column in too_new.filter(|c| table.column(&c.name).is_some()) {
        shown.retain(|s| !s.name.eq_ignore_ascii_case(&column.name));
        steps.push(Step {
            table: schema.name.to_string(),
            change: Change::DropColumn(column.name.to_string()),
            statements: ddl::drop_column(&name, &column.name, &shown, target.dialect),
        });
    }
    steps
}

fn shown(table: &ExistingTable) -> Vec<Shown<'_>> {
    let columns = table.columns.iter();
    columns.map(|c| Shown { name: &c.name, is_symbol: c.ty == "SYMBOL" }).collect()
}

fn prefixed(schema: &Schema, target: &Target<'_>) -> String {
    format!("{}{}", target.prefix, schema.name)
}
