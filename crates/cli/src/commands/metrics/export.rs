//! `plimsoll metrics export`.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::{Exit, Failure, Hint as _};
use crate::grid::{self, Format};
use crate::store::{Reading, StoreArgs};

/// Rows that are read from a server at most.
const SERVER_ROWS_MAX: usize = 1_000_000;

/// Arguments of `plimsoll metrics export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Table, or SQL that begins with SELECT or WITH
    source: String,
    /// File to write; standard output when left out
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "to")]
    force: bool,
}

pub(crate) fn run(args: &ExportArgs) -> Result<Exit, Failure> {
    let mut store = args.store.open()?;
    let Some(path) = &args.to else {
        write(&mut store, &args.source, &mut io::stdout().lock())?;
        return Ok(Exit::Fine);
    };
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) {
        return Err(Failure::new(anyhow::anyhow!("this version writes CSV, not Parquet"))
            .with_hint("name the file .csv; most tools turn CSV into Parquet"));
    }
    if path.exists() && !args.force {
        return Err(Failure::refused(anyhow::anyhow!("`{}` is there already", path.display()))
            .with_hint("--force replaces it"));
    }
    let rows = write_file(&mut store, &args.source, path)?;
    eprintln!("{rows} rows in {}", path.display());
    Ok(Exit::Fine)
}

/// Through a file beside it, so that an export that is cut short leaves nothing that looks whole.
fn write_file(store: &mut Reading, source: &str, path: &Path) -> Result<u64, Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(name);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&part)
        .hint(format!("can `{}` be written?", path.display()))?;
    let mut to = BufWriter::new(file);
    let written = write(store, source, &mut to).and_then(|rows| {
        to.flush()?;
        to.get_ref().sync_all()?;
        fs::rename(&part, path)?;
        Ok(rows)
    });
    if written.is_err() {
        // The error that counts is the first one.
        fs::remove_file(&part).unwrap_or_default();
    }
    written
}

fn write(store: &mut Reading, source: &str, to: &mut dyn Write) -> Result<u64, Failure> {
    match store {
        Reading::File(store) => store
            .export_csv(source, to)
            .hint("name a table of `plimsoll metrics tables`, or give SQL that only reads"),
        server @ Reading::Server(_) => {
            let is_sql = source.trim_start().contains(char::is_whitespace);
            let table = plimsoll_metrics::ddl::quote(source);
            let sql = if is_sql { source.to_owned() } else { format!("SELECT * FROM {table}") };
            let rows = server.query(&sql, SERVER_ROWS_MAX)?;
            if rows.is_cut {
                return Err(Failure::new(anyhow::anyhow!("more than {SERVER_ROWS_MAX} rows"))
                    .with_hint("export a part by SQL with WHERE ts IN '…'"));
            }
            grid::print(&rows, Format::Csv, to)?;
            Ok(u64::try_from(rows.rows.len()).unwrap_or(u64::MAX))
        }
    }
}
