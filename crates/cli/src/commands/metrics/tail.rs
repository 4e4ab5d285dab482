//! `plimsoll metrics tail`.

use std::io::{self, Write as _};
use std::time::Duration;

use clap::Args;
use plimsoll_metrics::read::Cursor;

use super::pages::Pages;
use crate::failure::{Exit, Failure, Hint as _};
use crate::grid::{self, Format};
use crate::stop::Stop;
use crate::store::{Reading, Rows, StoreArgs, of_datum};

/// Time between two looks with `--follow`.
const PAUSE: Duration = Duration::from_millis(250);

/// Arguments of `plimsoll metrics tail`.
#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Table
    table: String,
    /// How many rows
    #[arg(short, long, default_value = "10", value_name = "N")]
    number: usize,
    /// Go on with rows as they come, until Ctrl-C; at a server those whose time is after the newest
    #[arg(long)]
    follow: bool,
    /// How rows are printed
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(crate) fn run(args: &TailArgs) -> Result<Exit, Failure> {
    match args.store.open()? {
        Reading::File(store) => {
            let stop = Stop::listen()?;
            let mut cursor = Cursor::default();
            loop {
                let answer = store
                    .tail(&args.table, args.number, &mut cursor)
                    .hint("`plimsoll metrics tables` lists tables")?;
                let rows = answer.rows.iter().map(|row| row.iter().map(of_datum).collect());
                let rows = Rows { columns: answer.columns, rows: rows.collect(), is_cut: false };
                print(&rows, args)?;
                if !args.follow || stop.is_wanted() {
                    return Ok(Exit::Fine);
                }
                stop.pause(PAUSE);
            }
        }
        mut server @ Reading::Server(_) => {
            let table = plimsoll_metrics::ddl::quote(&args.table);
            let sql =
                format!("SELECT * FROM (SELECT * FROM {table} LIMIT -{}) ORDER BY ts", args.number);
            let newest = server.query(&sql, args.number)?;
            let Reading::Server(server) = &mut server else { return Ok(Exit::Fine) };
            // Asked before the rows are shown, so that none falls between.
            let mut pages = Pages::after(server, &args.table)?;
            print(&newest, args)?;
            let stop = Stop::listen()?;
            while args.follow && !stop.is_wanted() {
                while let Some(page) = pages.next()? {
                    let columns = page.columns.into_iter().map(|(name, _)| name).collect();
                    print(&Rows { columns, rows: page.rows, is_cut: false }, args)?;
                }
                pages.go_on();
                stop.pause(PAUSE);
            }
            Ok(Exit::Fine)
        }
    }
}

/// Columns that are NULL in every row are left out of a table: they only make it wide.
fn print(rows: &Rows, args: &TailArgs) -> Result<(), Failure> {
    if rows.rows.is_empty() && args.follow {
        return Ok(());
    }
    let is_kept = |at: usize| {
        args.format != Format::Table
            || rows.rows.iter().any(|row| row.get(at).is_some_and(|v| !v.is_null()))
    };
    let keep: Vec<usize> = (0..rows.columns.len()).filter(|at| is_kept(*at)).collect();
    let pick = |row: &Vec<serde_json::Value>| {
        keep.iter().filter_map(|at| row.get(*at).cloned()).collect::<Vec<_>>()
    };
    let kept = Rows {
        columns: keep.iter().filter_map(|at| rows.columns.get(*at).cloned()).collect(),
        rows: rows.rows.iter().map(pick).collect(),
        is_cut: false,
    };
    let mut out = io::stdout().lock();
    grid::print(&kept, args.format, &mut out)?;
    out.flush()?;
    Ok(())
}
