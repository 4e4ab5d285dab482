//! Brings the tables of a store to a schema version, forwards or back, in steps that may be
//! interrupted anywhere and repeated.
//!
//! [`plan`] is pure: it compares what a store has with what a version wants. [`apply`] runs the
//! steps against the port [`TableStore`]. Versions come from [`Schema::since`] and
//! [`Column::since`](crate::Column::since); tables of a team's own (`since` 0) are always wanted.

mod plan;

use std::{error::Error, fmt};

pub use plan::{PlanError, plan};
#[cfg(feature = "sqlite")]
pub(crate) use plan::{check_same, forward};

use crate::schema::Schema;

/// What a store says when it cannot; the store's own error.
pub type StoreError = Box<dyn Error + Send + Sync>;

/// One column as a store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingColumn {
    /// Name.
    pub name: String,
    /// Type in the words of [`type_word`](crate::ddl::type_word): `SYMBOL`, `VARCHAR`, `DOUBLE`,
    /// `LONG`, `INT`, `TIMESTAMP_NS`; any other word is a type that no table of ours has.
    pub ty: String,
}

/// One table as a store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingTable {
    /// Name, without the prefix of [`Target::prefix`].
    pub name: String,
    /// Columns in the store's order.
    pub columns: Vec<ExistingColumn>,
    /// Columns of the key that makes rows unique, in any order.
    pub keys: Vec<String>,
}

impl ExistingTable {
    /// The column of this name; case does not matter, as in both stores.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ExistingColumn> {
        self.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name))
    }
}

/// The port: a store whose tables can be changed. Names are without prefix; an adapter that was
/// given a prefix adds it.
pub trait TableStore {
    /// All tables with columns, types and keys. Tables of others may be among them.
    ///
    /// # Errors
    ///
    /// The store's own.
    fn existing(&mut self) -> Result<Vec<ExistingTable>, StoreError>;

    /// Runs the statements of one step: all or none where the store has transactions, else in
    /// order; each of them may be repeated.
    ///
    /// # Errors
    ///
    /// The store's own.
    fn execute(&mut self, statements: &[String]) -> Result<(), StoreError>;

    /// Number of rows in a table.
    ///
    /// # Errors
    ///
    /// The store's own.
    fn count_rows(&mut self, table: &str) -> Result<u64, StoreError>;

    /// Number of values in a column that are not NULL.
    ///
    /// # Errors
    ///
    /// The store's own.
    fn count_not_null(&mut self, table: &str, column: &str) -> Result<u64, StoreError>;

    /// Notes that the tables are now those of `version`.
    ///
    /// # Errors
    ///
    /// The store's own.
    fn record(&mut self, version: u16) -> Result<(), StoreError>;
}

/// What tables are wanted.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    /// SQL of which store.
    pub dialect: crate::ddl::Dialect,
    /// Put before every table's name, such as `bt_`; empty for none.
    pub prefix: &'a str,
    /// All tables, those of a team's own included.
    pub schemas: &'a [&'a Schema],
    /// Schema version, 1 to [`SCHEMA_VERSION`](crate::SCHEMA_VERSION).
    pub version: u16,
}

/// What one step does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Creates the table.
    CreateTable,
    /// Adds the column.
    AddColumn(String),
    /// Drops the column; refused while it holds a value.
    DropColumn(String),
    /// Drops the table; refused while it holds a row.
    DropTable,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// Table, without prefix.
    pub table: String,
    /// What is done to it.
    pub change: Change,
    /// The SQL, in order.
    pub statements: Vec<String>,
}

impl Step {
    /// Whether it takes a column or a table away.
    #[must_use]
    pub fn removes(&self) -> bool {
        matches!(self.change, Change::DropTable | Change::DropColumn(_))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = &self.table;
        match &self.change {
            Change::CreateTable => write!(f, "create table {table}"),
            Change::AddColumn(column) => write!(f, "add column {table}.{column}"),
            Change::DropColumn(column) => write!(f, "drop column {table}.{column}"),
            Change::DropTable => write!(f, "drop table {table}"),
        }
    }
}

/// Steps that bring a store to a version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// Version that the store has afterwards.
    pub version: u16,
    /// Steps in order; none when the store has that version already.
    pub steps: Vec<Step>,
}

/// Values that going back would delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Table, without prefix.
    pub table: String,
    /// Column; `None` when the whole table would go.
    pub column: Option<String>,
    /// Rows of the table, or values of the column that are not NULL.
    pub count: u64,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, count) = (&self.table, self.count);
        match &self.column {
            None => write!(f, "{count} rows in table `{table}`"),
            Some(column) => write!(f, "{count} values in column `{table}.{column}`"),
        }
    }
}

/// Why a plan was not, or not wholly, applied. What was done stays; applying again continues.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Going back would delete values. Nothing was changed.
    #[error("going back would delete {}", list(losses))]
    WouldLose {
        /// All of them.
        losses: Vec<Loss>,
    },
    /// The store could not say what it has.
    #[error("cannot read the tables of the store")]
    Read {
        /// Cause.
        source: StoreError,
    },
    /// A step failed.
    #[error("step `{step}` failed")]
    Step {
        /// Which.
        step: String,
        /// Cause.
        source: StoreError,
    },
    /// The tables are right but the version could not be noted.
    #[error("cannot record schema version {version}")]
    Record {
        /// Version.
        version: u16,
        /// Cause.
        source: StoreError,
    },
}

fn list(losses: &[Loss]) -> String {
    losses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Checks, without a change, that the plan could be applied: the `--dry-run`. Returns the steps
/// that are not done yet.
///
/// # Errors
///
/// [`ApplyError::WouldLose`] with all losses, [`ApplyError::Read`].
pub fn rehearse<'p>(
    store: &mut dyn TableStore,
    plan: &'p Plan,
) -> Result<Vec<&'p Step>, ApplyError> {
    let existing = store.existing().map_err(|source| ApplyError::Read { source })?;
    let open: Vec<&Step> = plan.steps.iter().filter(|step| !is_done(step, &existing)).collect();
    let mut losses = Vec::new();
    for step in &open {
        losses.extend(loss(store, step)?);
    }
    if losses.is_empty() { Ok(open) } else { Err(ApplyError::WouldLose { losses }) }
}

/// Applies a plan and returns the number of steps that were done now. Applied twice is once:
/// a step whose effect is there already is left out. Going back, stop the producers first: a value
/// that arrives between the check of a step and the step is not seen.
///
/// # Errors
///
/// [`ApplyError`]; the steps before the failing one stay done.
pub fn apply(store: &mut dyn TableStore, plan: &Plan) -> Result<usize, ApplyError> {
    let open = rehearse(store, plan)?;
    for step in &open {
        if let Some(loss) = loss(store, step)? {
            return Err(ApplyError::WouldLose { losses: vec![loss] });
        }
        store
            .execute(&step.statements)
            .map_err(|source| ApplyError::Step { step: step.to_string(), source })?;
    }
    let version = plan.version;
    store.record(version).map_err(|source| ApplyError::Record { version, source })?;
    Ok(open.len())
}

fn is_done(step: &Step, existing: &[ExistingTable]) -> bool {
    let table = existing.iter().find(|t| t.name.eq_ignore_ascii_case(&step.table));
    match &step.change {
        Change::CreateTable => table.is_some(),
        Change::AddColumn(column) => table.is_some_and(|t| t.column(column).is_some()),
        Change::DropColumn(column) => table.is_none_or(|t| t.column(column).is_none()),
        Change::DropTable => table.is_none(),
    }
}

fn loss(store: &mut dyn TableStore, step: &Step) -> Result<Option<Loss>, ApplyError> {
    let table = step.table.as_str();
    let (column, count) = match &step.change {
        Change::CreateTable | Change::AddColumn(_) => return Ok(None),
        Change::DropColumn(column) => (Some(column.clone()), store.count_not_null(table, column)),
        Change::DropTable => (None, store.count_rows(table)),
    };
    let count = count.map_err(|source| ApplyError::Step { step: step.to_string(), source })?;
    Ok((count > 0).then(|| Loss { table: step.table.clone(), column, count }))
}
