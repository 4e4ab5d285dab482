//! `plimsoll metrics export`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::pages::Pages;
use crate::failure::{Exit, Failure, Hint as _};
use crate::grid;
use crate::store::{Reading, StoreArgs};

const ABOUT: &str = "\
A file whose name ends in .parquet is written as Parquet and read back: rows and digest are printed
only if both agree. Any other is CSV.

Rows of a server come in pages, so that an export of any length fits: those of a table by time; those
of SQL by position, so order them, and let nobody write meanwhile.

Examples:
  plimsoll metrics export trading_fills --to fills.parquet
  plimsoll metrics export \"SELECT * FROM trading_pnl WHERE strategy_id = 'ema-001'\" --to pnl.csv";

/// Arguments of `plimsoll metrics export`.
#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
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
        csv(&mut store, &args.source, &mut io::stdout().lock())?;
        return Ok(Exit::Fine);
    };
    if path.exists() && !args.force {
        return Err(Failure::refused(anyhow::anyhow!("`{}` is there already", path.display()))
            .with_hint("--force replaces it"));
    }
    let is_parquet = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
    let told = write_file(path, |part, file| {
        if is_parquet {
            return parquet(&mut store, &args.source, part, file);
        }
        let mut to = BufWriter::new(&file);
        let rows = csv(&mut store, &args.source, &mut to)?;
        to.flush()?;
        drop(to);
        file.sync_all()?;
        Ok(format!("{rows} rows"))
    })?;
    eprintln!("{told} in {}", path.display());
    Ok(Exit::Fine)
}

/// Through a file beside it, so that an export that is cut short leaves nothing that looks whole.
fn write_file(
    path: &Path,
    write: impl FnOnce(&Path, File) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(name);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&part)
        .hint(format!("can `{}` be written?", path.display()))?;
    let written = write(&part, file).and_then(|told| {
        fs::rename(&part, path)?;
        Ok(told)
    });
    if written.is_err() {
        // The error that counts is the first one.
        fs::remove_file(&part).unwrap_or_default();
    }
    written
}

fn csv(store: &mut Reading, source: &str, to: &mut dyn Write) -> Result<u64, Failure> {
    match store {
        Reading::File(store) => store
            .export_csv(source, to)
            .hint("name a table of `plimsoll metrics tables`, or give SQL that only reads"),
        Reading::Server(server) => {
            let mut pages = Pages::new(server, source)?;
            let mut rows = 0_u64;
            let mut is_first = true;
            while let Some(page) = pages.next()? {
                if std::mem::take(&mut is_first) {
                    grid::csv_row(page.columns.iter().map(|(name, _)| name.as_str()), to)?;
                }
                for row in &page.rows {
                    grid::csv_values(row, to)?;
                }
                rows = rows.saturating_add(u64::try_from(page.rows.len()).unwrap_or(u64::MAX));
            }
            Ok(rows)
        }
    }
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: &mut Reading, _: &str, _: &Path, _: File) -> Result<String, Failure> {
    Err(Failure::new(anyhow::anyhow!("this build writes no Parquet"))
        .with_hint("name the file .csv, or build with feature parquet"))
}

#[cfg(feature = "parquet")]
fn parquet(store: &mut Reading, source: &str, part: &Path, file: File) -> Result<String, Failure> {
    let keep = file.try_clone()?;
    let to = BufWriter::new(file);
    let written = match store {
        Reading::File(store) => store
            .export_parquet(source, to)
            .hint("name a table of `plimsoll metrics tables`, or give SQL that only reads")?,
        Reading::Server(server) => super::pages::parquet(Pages::new(server, source)?, to)?,
    };
    keep.sync_all()?;
    let found = plimsoll_metrics::read_parquet(part)?;
    if found != written {
        return Err(Failure::refused(anyhow::anyhow!(
            "the file does not hold what was written: {found:?}, not {written:?}"
        ))
        .with_hint("is the disk sound? the file was removed"));
    }
    Ok(format!("{} rows, SHA-256 {}", written.rows, written.digest))
}
