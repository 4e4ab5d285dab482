//! `plimsoll station`.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use plimsoll_alerts::AlertsConfig;
use plimsoll_metrics::Durability;
use plimsoll_ssot::sections::Limits;
use plimsoll_station::{Config, Joined, StartError, Station, Tokens};

use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::{board_alerts, sections, ssot_alerts};
use crate::stop::Stop;

const ABOUT: &str = "\
Take rows in over line protocol, keep them in one file, show a live page

Any client of QuestDB or InfluxDB sends rows to `/write`, over HTTP, plain or gzip. A request is all
or nothing, and what was acknowledged is in the store: it survives kill -9, and with `--durability
power`, the default, a power failure. The same bytes sent again add nothing. Old rows are deleted as
their tables say, and minutes are rolled up. The page is at `/`; `/api/query` answers a SELECT, `/metrics`
is for Prometheus. No rules are evaluated here.";

const EXAMPLES: &str = "\
Examples:
  plimsoll station
  plimsoll station --listen 127.0.0.1:0 --store runs/station.db
  plimsoll station --open-schema
  plimsoll station --questdb http://127.0.0.1:9000 --tcp 127.0.0.1:9009
  plimsoll station --listen 0.0.0.0:8798 --tls-cert cert.pem --tls-key key.pem --tokens tokens.txt
  curl -d 'trading_pnl,strategy_id=a total_pnl=12.5' http://127.0.0.1:8798/write
  curl -G --data-urlencode 'query=SELECT * FROM trading_pnl' http://127.0.0.1:8798/api/query

A token file has one token a line: NAME SCOPES TOKEN, where SCOPES are write, read and operate, joined
by commas; `env=prod` and `producer=service@host` after it limit the rows that it may write.

The first line on stdout is the address. Ctrl-C or SIGTERM ends the station once it has stored what
was begun; a second one at once.";

/// How long the station waits between looks at whether it shall end.
const LOOK: Duration = Duration::from_millis(500);
/// How long clients may take to finish what they have begun.
const DRAIN: Duration = Duration::from_secs(10);

/// Arguments of `plimsoll station`.
#[derive(Debug, Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct StationArgs {
    /// Address to listen on; port 0 takes a free one [default: `station.listen` of the configuration]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// The store, an SQLite file [default: `station.store` of the configuration]
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Keep rows in this QuestDB instead of a file: <http://user:password@host:port> [default:
    /// `station.questdb` of the configuration]
    #[arg(
        long,
        value_name = "URL",
        env = "PLIMSOLL_STATION__QUESTDB",
        hide_env_values = true,
        conflicts_with = "store"
    )]
    questdb: Option<String>,
    /// Also take lines over TCP, for old clients, on a loopback address such as 127.0.0.1:9009. Lossy:
    /// nothing is answered [default: `station.tcp` of the configuration]
    #[arg(long, value_name = "ADDR")]
    tcp: Option<SocketAddr>,
    /// What an acknowledged row survives [default: `station.durability` of the configuration]
    #[arg(long, value_name = "WHAT")]
    durability: Option<Survives>,
    /// Let clients make tables, and columns of those
    #[arg(long)]
    open_schema: bool,
    /// Certificate, a PEM file; read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// File with the tokens and what they allow
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What an acknowledged row survives.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Survives {
    /// A killed process
    Process,
    /// A power failure too: synced to the disk first
    Power,
}

pub(crate) fn run(args: &StationArgs) -> Result<Exit, Failure> {
    let stop = Stop::listen()?;
    let config = args.over(args.config.section(sections::STATION)?);
    if let Some(problem) = config.problems().into_iter().next() {
        let hint = "see `plimsoll station --help`";
        return Err(Failure::refused(anyhow::anyhow!(problem.message)).with_hint(hint));
    }
    let tokens = match &config.tokens {
        None => Tokens::default(),
        Some(path) => {
            let shown = path.display();
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read `{shown}`"))
                .hint("name the file with the tokens")?;
            let parsed = Tokens::parse(&text).with_context(|| format!("`{shown}`"));
            parsed.hint("a line is NAME SCOPES TOKEN, as in `bot write 0123..`")?
        }
    };
    let limits: Limits = args.config.section("limits")?;
    let limits = ssot_alerts::limits(&limits);
    let alerts: AlertsConfig = args.config.section(sections::ALERTS)?;
    let joined = Joined::default().with_rules(board_alerts::configured(&alerts.rules, &limits));
    let station = Station::start_joined(config.options(tokens), joined).map_err(with_hint)?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", station.url())?;
    out.flush()?;
    if let Some(address) = station.tcp_address() {
        eprintln!("lines over TCP on {address}; what cannot be stored of them is lost");
    }
    let place = config.store.display().to_string();
    let place = config.questdb.as_ref().map_or(place, |_| "QuestDB".to_owned());
    eprintln!("rows go into {place}; Ctrl-C ends the station");
    while !stop.is_wanted() {
        stop.pause(LOOK);
    }
    let ended = station.stop(DRAIN);
    eprintln!("the station has ended; {} rows were acknowledged", ended.rows_stored);
    if ended.connections_cut > 0 {
        eprintln!(
            "{} connections were cut; what they sent last was not acknowledged",
            ended.connections_cut
        );
        return Ok(Exit::Finding);
    }
    Ok(Exit::Fine)
}

impl StationArgs {
    /// The configuration, with what was given here over it.
    fn over(&self, mut config: Config) -> Config {
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        if let Some(store) = &self.store {
            config.store.clone_from(store);
        }
        if self.questdb.is_some() {
            config.questdb.clone_from(&self.questdb);
        }
        config.tcp = self.tcp.or(config.tcp);
        match self.durability {
            Some(Survives::Process) => config.durability = Durability::Process,
            Some(Survives::Power) => config.durability = Durability::Power,
            None => {}
        }
        config.open_schema |= self.open_schema;
        let given = |given: &Option<PathBuf>, config: &mut Option<PathBuf>| {
            if given.is_some() {
                config.clone_from(given);
            }
        };
        given(&self.tls_cert, &mut config.tls_cert);
        given(&self.tls_key, &mut config.tls_key);
        given(&self.tokens, &mut config.tokens);
        config
    }
}

fn with_hint(error: StartError) -> Failure {
    let hint = match &error {
        StartError::Exposed { .. } => {
            "give `--tls-cert`, `--tls-key` and `--tokens`, or listen on 127.0.0.1"
        }
        StartError::Lines { .. } => "leave `--tcp` away, or the tokens; clients that can, use HTTP",
        StartError::Bind { .. } => {
            "is another process on that port? `--listen 127.0.0.1:0` takes a free one"
        }
        StartError::Store { .. } => {
            "its folder must exist and be writable, and the file be a store"
        }
        StartError::Tls { .. } => "both files are PEM, and the key is the certificate's",
        _ => "see `plimsoll station --help`",
    };
    Failure::refused(error).with_hint(hint)
}
