//! `plimsoll metrics ship`: delivers what waits in a spool, also while a strategy writes it.

use std::io::{self, IsTerminal as _};
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use plimsoll_metrics::{
    IlpOptions, IlpSink, ShipOptions, ShipReport, SqliteOptions, SqliteSink, ship,
};

use crate::failure::{Exit, Failure, Hint as _};
use crate::stop::Stop;

/// Arguments of `plimsoll metrics ship`.
#[derive(Debug, Args)]
pub(crate) struct ShipArgs {
    /// Directory of the spool
    #[arg(long, value_name = "DIR")]
    spool: PathBuf,
    /// SQLite file, or a station or QuestDB at <http://user:password@host:port>
    #[arg(long, value_name = "STORE")]
    to: String,
    /// Before each table's name at a server, such as bt_
    #[arg(long, default_value = "")]
    prefix: String,
    /// Go on as rows come, until Ctrl-C
    #[arg(long)]
    follow: bool,
}

pub(crate) fn run(args: &ShipArgs) -> Result<Exit, Failure> {
    // Looked at before the store is opened, which would make an empty file.
    if !args.spool.join("lock").exists() {
        return Err(Failure::new(anyhow::anyhow!("`{}` is no spool", args.spool.display()))
            .with_hint("name the directory that the strategy's options name as spool_dir"));
    }
    let stop = Stop::listen()?;
    let mut options = ShipOptions::default();
    options.follow = args.follow;
    let is_live = io::stderr().is_terminal();
    let mut on_progress = |report: &ShipReport| {
        if is_live {
            eprint!("\r{} rows delivered, {} bytes wait ", report.rows, report.waiting_bytes);
        }
        if stop.is_wanted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let report = if args.to.starts_with("http://") {
        let sink = IlpSink::connect(&args.to, IlpOptions::default().with_prefix(&args.prefix))
            .hint("wanted http://[user:password@]host:port")?;
        ship(&args.spool, sink, &options, &mut on_progress)
    } else {
        let sink = SqliteSink::open(&args.to, SqliteOptions::default().with_prefix(&args.prefix))
            .hint("name an SQLite file or an address with --to")?;
        ship(&args.spool, sink, &options, &mut on_progress)
    }
    .hint("what was not delivered waits in the spool; `plimsoll metrics spool DIR` shows it")?;
    if is_live {
        eprintln!();
    }
    println!(
        "{} rows delivered, {} refused by the store, {} recovered from killed processes",
        report.rows, report.rejected, report.recovered_rows
    );
    let is_fine = report.rejected == 0 && report.damaged_blocks == 0;
    Ok(if is_fine { Exit::Fine } else { Exit::Finding })
}
