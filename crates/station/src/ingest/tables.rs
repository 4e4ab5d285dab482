//! Which tables there are, and what may be added to them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use plimsoll_metrics::{
    Column, ColumnType, Schema, built_in, ddl::backtest_twin, ddl::check, ddl::type_of,
    migrate::ExistingTable,
};

/// Most tables that clients may make, and most columns of one.
const OPEN_TABLES_MAX: usize = 1_000;
const OPEN_COLUMNS_MAX: usize = 1_000;

/// Where a name of a line was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found(Option<(usize, ColumnType)>);

impl Found {
    /// The table has no such column.
    pub(crate) const NOWHERE: Self = Self(None);

    pub(crate) fn at(self) -> Option<usize> {
        self.0.map(|(at, _)| at)
    }

    pub(crate) fn ty(self) -> ColumnType {
        self.0.map_or(ColumnType::Varchar, |(_, ty)| ty)
    }
}

/// One table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) schema: Schema,
    /// Whether a line may add a column.
    pub(crate) is_open: bool,
    by_name: HashMap<Box<str>, Found>,
}

impl Table {
    fn new(schema: Schema, is_open: bool) -> Self {
        let found = |(at, column): (usize, &Column)| {
            (column.name.to_ascii_lowercase().into(), Found(Some((at, column.ty))))
        };
        let by_name = schema.all_columns().enumerate().map(found).collect();
        Self { schema, is_open, by_name }
    }

    /// The column of this name; case does not matter, as in both stores.
    pub(crate) fn find(&self, name: &str) -> Option<Found> {
        if let Some(found) = self.by_name.get(name) {
            return Some(*found);
        }
        self.by_name.get(name.to_ascii_lowercase().as_str()).copied()
    }
}

/// Every table that rows may be sent to.
#[derive(Debug)]
pub(crate) struct Registry {
    tables: RwLock<HashMap<String, Arc<Table>>>,
    is_open: bool,
}

impl Registry {
    /// The built-in tables, and those that clients made before if they may make any.
    pub(crate) fn new(is_open: bool, existing: &[ExistingTable]) -> Self {
        let known = built_in().map(|(_, schema)| Table::new(schema.clone(), false));
        let mut tables: HashMap<String, Arc<Table>> =
            known.map(|table| (table.schema.name.to_ascii_lowercase(), Arc::new(table))).collect();
        if is_open {
            for found in existing {
                let name = found.name.to_ascii_lowercase();
                tables.entry(name).or_insert_with(|| Arc::new(Table::new(schema(found), true)));
            }
        }
        Self { tables: RwLock::new(tables), is_open }
    }

    /// The table of this name, which is made if that is allowed, or is a built-in one's twin for backtests.
    pub(crate) fn table(&self, name: &str) -> Result<Arc<Table>, String> {
        let key = name.to_ascii_lowercase();
        if let Some(table) = self.tables.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(table));
        }
        if let Some(twin) = backtest_twin(name) {
            let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
            let known = tables.entry(key).or_insert_with(|| Arc::new(Table::new(twin, false)));
            return Ok(Arc::clone(known));
        }
        let schema = own(name.to_owned(), Vec::new());
        check(&schema).map_err(|error| error.to_string())?;
        if !self.is_open {
            return Err(format!(
                "there is no table `{name}`; start the station with `--open-schema` to make it"
            ));
        }
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        if tables.len() >= OPEN_TABLES_MAX {
            return Err(format!("table `{name}` would be one more than {OPEN_TABLES_MAX}"));
        }
        let made = tables.entry(key).or_insert_with(|| Arc::new(Table::new(schema, true)));
        Ok(Arc::clone(made))
    }

    /// The table with one more column at its end.
    pub(crate) fn extend(
        &self,
        table: &Table,
        column: &str,
        ty: ColumnType,
    ) -> Result<Arc<Table>, String> {
        let key = table.schema.name.to_ascii_lowercase();
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let known = tables.get(&key).ok_or("the table is gone")?;
        if known.find(column).is_some() {
            return Ok(Arc::clone(known));
        }
        if known.schema.columns.len() >= OPEN_COLUMNS_MAX {
            return Err(format!("column `{column}` would be one more than {OPEN_COLUMNS_MAX}"));
        }
        let mut columns = known.schema.columns.to_vec();
        columns.push(Column::dynamic(column.to_owned(), ty));
        let schema = own(known.schema.name.to_string(), columns);
        check(&schema).map_err(|error| error.to_string())?;
        let wider = Arc::new(Table::new(schema, true));
        tables.insert(key, Arc::clone(&wider));
        Ok(wider)
    }
}

fn own(name: String, columns: Vec<Column>) -> Schema {
    let mut schema = Schema::own("", &[]);
    schema.name = Cow::Owned(name);
    schema.columns = Cow::Owned(columns);
    schema
}

/// The schema of a table as the store has it.
fn schema(found: &ExistingTable) -> Schema {
    let columns = found.columns.iter().filter(|column| {
        !plimsoll_metrics::schema::LEADING.iter().any(|l| l.name.eq_ignore_ascii_case(&column.name))
    });
    let columns = columns
        .filter_map(|column| Some(Column::dynamic(column.name.clone(), type_of(&column.ty)?)))
        .collect();
    own(found.name.clone(), columns)
}
