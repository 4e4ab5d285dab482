//! `plimsoll metrics copy`: the history of one store into another, and the proof that it is there.

use std::io::{self, IsTerminal as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use plimsoll_metrics::copy::{
    CopyError, CopyOptions, FilePlace, Place, ServerPlace, TableCopied, Watch, copy,
};
use plimsoll_metrics::{Ddl, HttpOptions, IlpOptions, NullSink, Sink, SqliteOptions, SqliteSink};

use super::ship::server_sink;
use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::sections;
use crate::grid::{self, Format};
use crate::stop::Stop;
use crate::store::{Rows, StorePlace};

const ABOUT: &str = "\
Copy the history of a store into another, such as QuestDB

Walks every table by time, asks the target what it has of each stretch, sends only what it lacks and
asks again. A copy that was cut short, by whomever, goes on when it is run again. A row that is there with
other values stays and is told; a fill or a cash flow is replaced. A target that is away for a moment is
waited for. The figures are of what the target has: equal checksums are equal values in every column of
every row.";

const EXAMPLES: &str = "\
Examples:
  plimsoll metrics copy --from plimsoll.db --to http://127.0.0.1:9000 --dry-run
  plimsoll metrics copy --from plimsoll.db --to http://127.0.0.1:9000 --create
  plimsoll metrics copy --from plimsoll.db --to http://127.0.0.1:9000 --table trading_fills
  plimsoll metrics copy --from http://127.0.0.1:9000 --to back.db

Exits with 1 if the target lacks rows afterwards. Rows older than a table's time to live may be dropped
by QuestDB as soon as they are there, and are then told as missing.";

/// Arguments of `plimsoll metrics copy`.
#[derive(Debug, Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct CopyArgs {
    /// SQLite file, or QuestDB at <http://user:password@host:port>, also https [default:
    /// `metrics.store` of the configuration]
    #[arg(long, value_name = "STORE")]
    from: Option<String>,
    /// SQLite file, which is made if need be, or QuestDB at an address
    #[arg(long, value_name = "STORE")]
    to: String,
    /// Only this table; may be given again
    #[arg(long = "table", value_name = "NAME")]
    tables: Vec<String>,
    /// Make the tables and columns that a server lacks
    #[arg(long)]
    create: bool,
    /// Only compare and count; nothing is sent or made
    #[arg(long)]
    dry_run: bool,
    /// Longest wait for a store that does not answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    patience: u64,
    /// Certificates of the authorities that a server under https is believed by, as a PEM file;
    /// the public ones when left out
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_METRICS__CA_FILE")]
    ca_file: Option<PathBuf>,
    /// How the figures are printed
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &CopyArgs) -> Result<Exit, Failure> {
    let from = match &args.from {
        Some(from) => from.clone(),
        None => args.config.section::<plimsoll_metrics::Config>(sections::METRICS)?.store,
    };
    if from == args.to {
        return Err(Failure::new(anyhow::anyhow!("both ends are the same store"))
            .with_hint("name the store to copy from with --from"));
    }
    let (from, to) = (args.place(&from), args.place(&args.to));
    let (mut source, mut target) = (place(&from)?, place(&to)?);
    if !from.is_server() && !PathBuf::from(from.name()).exists() {
        return Err(Failure::new(anyhow::anyhow!("there is no store `{}`", from.name()))
            .with_hint("name an SQLite file or an address with --from"));
    }
    let mut sink = args.sink(&to)?;
    let options = CopyOptions::default()
        .with_tables(args.tables.clone())
        .with_patience(Duration::from_secs(args.patience))
        .with_dry_run(args.dry_run);
    let mut watch = Looking { stop: Stop::listen()?, is_live: io::stderr().is_terminal() };
    let copied = copy(&mut *source, &mut *target, &mut *sink, &options, &mut watch);
    if watch.is_live {
        eprint!("\r\x1b[K");
    }
    let copied = copied.map_err(|error| {
        let hint = hint(&error);
        Failure::new(error).with_hint(hint)
    })?;
    grid::print(&figures(&copied), args.format, &mut io::stdout().lock())?;
    Ok(told(&copied, args.dry_run))
}

impl CopyArgs {
    fn place(&self, name: &str) -> StorePlace {
        StorePlace::new(name.to_owned(), self.ca_file.clone())
    }

    /// The way into the target; into nothing when it is only compared.
    fn sink(&self, to: &StorePlace) -> Result<Box<dyn Sink>, Failure> {
        if self.dry_run {
            return Ok(Box::new(NullSink::new()));
        }
        if !to.is_server() {
            let sink = SqliteSink::open(to.name(), SqliteOptions::default());
            return Ok(Box::new(sink.hint("its folder must exist and be writable")?));
        }
        let ddl = if self.create { Ddl::Apply } else { Ddl::Verify };
        let http = HttpOptions::default().with_ca_file(self.ca_file.clone());
        server_sink(to.name(), IlpOptions::default().with_ddl(ddl).with_http(http))
    }
}

fn place(place: &StorePlace) -> Result<Box<dyn Place>, Failure> {
    Ok(if place.is_server() {
        Box::new(ServerPlace::new(place.server()?))
    } else {
        Box::new(FilePlace::new(place.name()))
    })
}

/// Shows how far it is where a person looks, and ends at Ctrl-C.
struct Looking {
    stop: Stop,
    is_live: bool,
}

impl Looking {
    fn flow(&self) -> ControlFlow<()> {
        if self.stop.is_wanted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Watch for Looking {
    fn progress(&mut self, table: &TableCopied, rows: u64) -> ControlFlow<()> {
        if self.is_live {
            let TableCopied { table, rows: done, sent, .. } = table;
            eprint!("\r\x1b[K{table}: {done} of {rows} rows compared, {sent} sent");
        }
        self.flow()
    }

    fn pause(&mut self, span: Duration) -> ControlFlow<()> {
        self.stop.pause(span);
        self.flow()
    }
}

fn figures(copied: &[TableCopied]) -> Rows {
    let columns =
        ["table", "rows", "there", "sent", "found", "others", "checksum", "found_checksum"];
    let row = |t: &TableCopied| {
        let counts = [t.rows, t.there, t.sent, t.found, t.others].map(serde_json::Value::from);
        let checksums = [t.checksum, t.found_checksum].map(|sum| sum.to_string().into());
        std::iter::once(t.table.clone().into()).chain(counts).chain(checksums).collect()
    };
    let columns = columns.map(str::to_owned).to_vec();
    Rows { columns, rows: copied.iter().map(row).collect(), is_cut: false }
}

fn told(copied: &[TableCopied], is_dry: bool) -> Exit {
    let sum = |of: fn(&TableCopied) -> u64| copied.iter().map(of).sum::<u64>();
    let (rows, found, refused) = (sum(|t| t.rows), sum(|t| t.found), sum(|t| t.refused));
    let lacks = rows.saturating_sub(found);
    if is_dry {
        eprintln!("{rows} rows of {} tables, {lacks} of them to send", copied.len());
        return Exit::Fine;
    }
    if copied.iter().all(TableCopied::is_whole) {
        eprintln!("{rows} rows of {} tables are in both stores, checksums equal", copied.len());
        return Exit::Fine;
    }
    eprintln!("{lacks} of {rows} rows are not in the target; it refused {refused}");
    Exit::Finding
}

fn hint(error: &CopyError) -> &'static str {
    match error {
        CopyError::NoTable { .. } => "`plimsoll metrics tables` lists them",
        CopyError::Lacks { .. } => {
            "`plimsoll tables apply` makes what is missing, or give --create"
        }
        CopyError::Sink { .. } => {
            "if a table is missing, `plimsoll tables apply` makes it, or --create; else run it again"
        }
        CopyError::Misfit { .. } | CopyError::Moment { .. } => {
            "leave the table out with --table, and look at it with `plimsoll metrics query`"
        }
        _ => "run it again: it goes on where it was",
    }
}
