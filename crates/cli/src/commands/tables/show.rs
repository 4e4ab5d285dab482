//! `plimsoll tables show`.

use clap::{Args, ValueEnum};
use plimsoll_metrics::built_in;
use plimsoll_metrics::ddl::{self, Dialect};

use crate::failure::{Exit, Failure};

/// SQL of which store.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Store {
    /// QuestDB
    Questdb,
    /// SQLite
    Sqlite,
}

/// Arguments of `plimsoll tables show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Only this table
    table: Option<String>,
    /// Of which store
    #[arg(long, value_enum, default_value = "questdb")]
    dialect: Store,
    /// Before each table's name, such as bt_
    #[arg(long, default_value = "")]
    prefix: String,
}

pub(crate) fn run(args: &ShowArgs) -> Result<Exit, Failure> {
    let dialect = match args.dialect {
        Store::Questdb => Dialect::QuestDb,
        Store::Sqlite => Dialect::Sqlite,
    };
    let is_wanted = |name: &str| args.table.as_deref().is_none_or(|table| table == name);
    let schemas: Vec<_> = built_in().filter(|(_, schema)| is_wanted(&schema.name)).collect();
    if schemas.is_empty() {
        let table = args.table.as_deref().unwrap_or_default();
        return Err(Failure::new(anyhow::anyhow!("no table `{table}`"))
            .with_hint("`plimsoll tables show` without a name prints all"));
    }
    for (_, schema) in schemas {
        for statement in ddl::create(schema, dialect, &args.prefix) {
            println!("{statement};");
        }
    }
    Ok(Exit::Fine)
}
