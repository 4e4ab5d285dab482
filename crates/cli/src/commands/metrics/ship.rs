//! `plimsoll metrics ship`: delivers what waits in a spool, also while a strategy writes it.

use std::io::{self, IsTerminal as _};
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
#[cfg(feature = "https")]
use plimsoll_metrics::HttpsSink;
use plimsoll_metrics::{
    Durability, HttpOptions, IlpOptions, IlpSink, ShipOptions, ShipReport, Sink, SqliteOptions,
    SqliteSink, ship,
};

use crate::failure::{Exit, Failure, Hint as _};
use crate::stop::Stop;
use crate::store::ADDRESS;

/// Arguments of `plimsoll metrics ship`.
#[derive(Debug, Args)]
pub(crate) struct ShipArgs {
    /// Directory of the spool
    #[arg(long, value_name = "DIR")]
    spool: PathBuf,
    /// SQLite file, or a station or QuestDB at <http://user:password@host:port>, also https
    #[arg(long, value_name = "STORE")]
    to: String,
    /// Before each table's name at a server, such as bt_
    #[arg(long, default_value = "")]
    prefix: String,
    /// Certificates of the authorities that a server under https is believed by, as a PEM file;
    /// the public ones when left out
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_METRICS__CA_FILE")]
    ca_file: Option<PathBuf>,
    /// What a row in an SQLite file survives once it left the spool
    #[arg(long, value_enum, default_value = "power", env = "PLIMSOLL_METRICS__DURABILITY")]
    durability: Survives,
    /// Go on as rows come, until Ctrl-C
    #[arg(long)]
    follow: bool,
}

/// What a row survives.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Survives {
    /// A power failure: it is on the disk
    Power,
    /// The end of this process: the kernel has it
    Process,
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
    let report = ship(&args.spool, sink(args)?, &options, &mut on_progress)
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

fn sink(args: &ShipArgs) -> Result<Box<dyn Sink>, Failure> {
    if !args.to.contains("://") {
        let durability = match args.durability {
            Survives::Power => Durability::Power,
            Survives::Process => Durability::Process,
        };
        let options =
            SqliteOptions::default().with_prefix(&args.prefix).with_durability(durability);
        let sink = SqliteSink::open(&args.to, options)
            .hint("name an SQLite file or an address with --to")?;
        return Ok(Box::new(sink));
    }
    let options = IlpOptions::default()
        .with_prefix(&args.prefix)
        .with_http(HttpOptions::default().with_ca_file(args.ca_file.clone()));
    server_sink(&args.to, options)
}

/// A server at an address, under http or https.
pub(super) fn server_sink(address: &str, options: IlpOptions) -> Result<Box<dyn Sink>, Failure> {
    #[cfg(feature = "https")]
    if address.starts_with("https://") {
        return Ok(Box::new(HttpsSink::connect(address, options).hint(ADDRESS)?));
    }
    Ok(Box::new(IlpSink::connect(address, options).hint(ADDRESS)?))
}
