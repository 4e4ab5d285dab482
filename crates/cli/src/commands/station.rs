//! `plimsoll station`.

mod settings;
mod watch;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use plimsoll_metrics::Durability;
use plimsoll_station::{Config, Joined, StartError, Station};

use crate::commands::alerts::effective::Effective;
use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure};
use crate::glue::board_alerts;
use crate::service::Service;
use crate::stop::{Hangup, Stop};
use settings::Settings;
use watch::{Watch, Watching};

const ABOUT: &str = "\
Take rows in over line protocol, keep them in one file, show a live page

Any client of QuestDB or InfluxDB sends rows to `/write`, over HTTP, plain or gzip. A request is all
or nothing, and what was acknowledged is in the store: it survives kill -9, and with `--durability
power`, the default, a power failure. The same bytes sent again add nothing. Old rows are deleted as
their tables say, and minutes are rolled up. The page is at `/`; `/api/query` answers a SELECT,
`/api/alerts` says what is open, `/metrics` is for Prometheus.

The alert rules of the configuration are evaluated over the store as by `plimsoll alerts run`, and
people are told through the same outbox, so `plimsoll alerts status`, `ack` and `silence` work beside it.
With `--operate` the page has buttons for the same; with tokens, whoever has the scope `operate` gets them.";

const EXAMPLES: &str = "\
Examples:
  plimsoll station
  plimsoll station --listen 127.0.0.1:0 --store runs/station.db
  plimsoll station --operate
  plimsoll station --open-schema --no-rules
  plimsoll station --questdb http://127.0.0.1:9000 --tcp 127.0.0.1:9009
  plimsoll station --listen 0.0.0.0:8798 --tls-cert cert.pem --tls-key key.pem --tokens tokens.txt
  curl -d 'trading_pnl,strategy_id=a total_pnl=12.5' http://127.0.0.1:8798/write
  curl -G --data-urlencode 'query=SELECT * FROM trading_pnl' http://127.0.0.1:8798/api/query

A token file has one token a line: NAME SCOPES TOKEN, where SCOPES are write, read and operate, joined
by commas; `env=prod` and `producer=service@host` after it limit the rows that it may write.

The first line on stdout is the address. Ctrl-C or SIGTERM ends the station once it has stored what
was begun; a second one at once. SIGHUP reads the configuration and the tokens again: rules that did not
change keep their state, every changed limit is a row of `ops_events`, and what is wrong changes nothing.
Under systemd (Type=notify) it tells when it is ready, and that its rules run (WatchdogSec).";

/// Pause between two looks at the store, and at whether the station shall end.
const LOOK: Duration = Duration::from_millis(250);
/// And at a server, which answers a query for each table.
const LOOK_SERVER: Duration = Duration::from_secs(1);
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
    /// Evaluate no rules here, as when `plimsoll alerts run` does
    #[arg(long)]
    no_rules: bool,
    /// Directory of the outbox and the state of the rules [default: as configured, else runs/alerts]
    #[arg(long, value_name = "DIR", conflicts_with = "no_rules")]
    outbox: Option<PathBuf>,
    /// Let whoever reaches the loopback address acknowledge and silence alerts on the page; tokens say
    /// it themselves
    #[arg(long, conflicts_with_all = ["no_rules", "tokens"])]
    operate: bool,
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
    let hangup = Hangup::listen()?;
    let mut service = Service::of_process();
    let mut settings = Settings::read(args)?;
    let Settings { config, tokens, effective, .. } = &settings;
    let watch = Watch::new(args, effective, config);
    let joined = Joined::default().with_rules(rules(effective));
    let options = config.options(tokens.clone());
    let options = if args.operate { options.with_operate() } else { options };
    let station = Station::start_joined(options, watch.join(joined)).map_err(with_hint)?;
    let mut watch = watch.start(effective)?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", station.url())?;
    out.flush()?;
    if let Some(address) = station.tcp_address() {
        eprintln!("lines over TCP on {address}; what cannot be stored of them is lost");
    }
    let (place, look) = match &config.questdb {
        None => (config.store.display().to_string(), LOOK),
        Some(_) => ("QuestDB".to_owned(), LOOK_SERVER),
    };
    eprintln!("rows go into {place}; Ctrl-C ends the station");
    service.ready(&station.url());
    while !stop.is_wanted() {
        if hangup.was_sent() {
            service.reloading();
            settings = reload(args, &station, &mut watch, settings);
            service.ready(&station.url());
        }
        watch.look(&station);
        service.alive();
        stop.pause(look);
    }
    service.stopping();
    let ended = station.stop(DRAIN);
    let told = watch.close();
    eprintln!("the station has ended; {} rows were acknowledged", ended.rows_stored);
    if ended.connections_cut > 0 {
        eprintln!(
            "{} connections were cut; what they sent last was not acknowledged",
            ended.connections_cut
        );
        return Ok(Exit::Finding);
    }
    told
}

/// The rules as they are evaluated, whose limits the pictures show.
fn rules(effective: &Effective) -> Vec<plimsoll_board::Rule> {
    board_alerts::configured(&effective.config.rules, &effective.limits)
}

/// Takes over what the configuration says now. What cannot be leaves everything as it was.
fn reload(
    args: &StationArgs,
    station: &Station,
    watch: &mut Watching,
    before: Settings,
) -> Settings {
    let now = match Settings::read(args) {
        Ok(now) => now,
        Err(failure) => {
            eprint!("{failure}");
            eprintln!("not reloaded: what held before holds on");
            return before;
        }
    };
    if let Err(error) = station.reload(now.tokens.clone(), rules(&now.effective)) {
        eprintln!("not reloaded: {error}; what held before holds on");
        return before;
    }
    watch.restart(&now.effective);
    let limits = watch.own().map_or(0, |own| now.record_limits(&before, own));
    eprintln!("reloaded: {limits} limits changed");
    if now.wants_restart(&before) {
        eprintln!("note: the section `station` changed, which takes a restart");
    }
    now
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
