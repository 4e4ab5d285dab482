//! `plimsoll metrics query`.

use std::io;

use clap::Args;

use crate::failure::{Exit, Failure};
use crate::grid::{self, Format};
use crate::store::StoreArgs;

/// Arguments of `plimsoll metrics query`.
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// SQL that only reads
    sql: String,
    /// Most rows
    #[arg(long, default_value = "1000", value_name = "N")]
    limit: usize,
    /// How rows are printed
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(crate) fn run(args: &QueryArgs) -> Result<Exit, Failure> {
    let rows = args.store.open()?.query(&args.sql, args.limit)?;
    grid::print(&rows, args.format, &mut io::stdout().lock())?;
    if rows.is_cut {
        eprintln!("only the first {} rows; --limit N for more", args.limit);
    }
    Ok(Exit::Fine)
}
