//! `plimsoll metrics tables`.

use std::io;

use clap::Args;

use crate::failure::{Exit, Failure};
use crate::grid::{self, Format};
use crate::store::{Reading, Rows, StoreArgs};

/// Arguments of `plimsoll metrics tables`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// How it is printed
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(crate) fn run(args: &ListArgs) -> Result<Exit, Failure> {
    let rows = match args.store.open()? {
        Reading::File(store) => {
            let moment = |ts: Option<plimsoll_metrics::Timestamp>| {
                ts.map_or(serde_json::Value::Null, |ts| {
                    plimsoll_metrics::read::Rfc3339(ts).to_string().into()
                })
            };
            let tables = store.tables()?;
            let row = |t: &plimsoll_metrics::read::TableInfo| {
                vec![
                    t.name.as_str().into(),
                    t.rows.into(),
                    moment(t.first),
                    moment(t.last),
                    t.bytes.into(),
                ]
            };
            Rows {
                columns: ["table", "rows", "first", "last", "bytes"].map(String::from).to_vec(),
                rows: tables.iter().map(row).collect(),
                is_cut: false,
            }
        }
        mut server @ Reading::Server(_) => server.query(
            "SELECT table_name AS \"table\", partitionBy, ttlValue, ttlUnit, dedup, table_suspended \
             FROM tables() ORDER BY table_name",
            10_000,
        )?,
    };
    grid::print(&rows, args.format, &mut io::stdout().lock())?;
    Ok(Exit::Fine)
}
