//! `plimsoll paper venue`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use plimsoll_paper::{
    Bars, Config, Pace, ServeConfig, ServeError, SessionConfig, VenueConfig, serve,
};

use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::sections;
use crate::moment;
use crate::stop::Stop;

const EXAMPLES: &str = "\
Examples:
  plimsoll paper venue --dir runs/venue --speed 10
  plimsoll paper venue --listen 127.0.0.1:0 --dir runs/venue
  plimsoll paper venue --dir runs/mine --data my-bars.csv
  curl http://127.0.0.1:8799/clock

The first line on stdout is the address. The venue ends on Ctrl-C or SIGTERM. Started again with the
same directory and data, it goes on where it was, also after SIGKILL.";

/// How long the venue waits between looks at whether it shall end.
const LOOK: Duration = Duration::from_millis(500);

/// Arguments of `plimsoll paper venue`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct VenueArgs {
    /// Address to listen on; port 0 takes a free one [default: `paper.listen` of the configuration]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Directory of the venue's journal; one venue each
    #[arg(long, value_name = "D")]
    dir: PathBuf,
    /// Your own bars or trades, a CSV file [default: the S&P 500 of 2007 to 2009]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Let that many bars pass each second [default: `paper.bars_per_sec` of the configuration, or
    /// only when `POST /advance` says so]
    #[arg(long, value_name = "BARS_PER_SEC")]
    speed: Option<NonZeroU32>,
    /// When the last bar ends on the replay clock, UTC [default: now, at the first start]
    #[arg(long = "end", value_name = "TIME", value_parser = moment::parse_ns)]
    end_ns: Option<i64>,
    /// Listen on an address that other machines reach; there is neither TLS nor a login
    #[arg(long)]
    allow_remote: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: &VenueArgs) -> Result<Exit, Failure> {
    let stop = Stop::listen()?;
    let section: Config = args.config.section(sections::PAPER)?;
    let config = config(args, &section)?;
    let listen = args.listen.unwrap_or(section.listen);
    let server = serve(listen, &args.dir, config).map_err(with_hint)?;
    let mut out = std::io::stdout();
    writeln!(out, "http://{}", server.address())?;
    out.flush()?;
    let report = server.report();
    if report.commands_replayed > 0 {
        eprintln!("went on from {}: {} commands", args.dir.display(), report.commands_replayed);
    }
    if report.torn_bytes > 0 {
        eprintln!("cut {} bytes of a command that was never acknowledged", report.torn_bytes);
    }
    eprintln!("Ctrl-C ends the venue; its books stay in {}", args.dir.display());
    while !stop.is_wanted() {
        stop.pause(LOOK);
    }
    server.close();
    eprintln!("the venue has ended");
    Ok(Exit::Fine)
}

fn config(args: &VenueArgs, section: &Config) -> Result<ServeConfig, Failure> {
    let (bars, venue) = match &args.data {
        Some(path) => {
            let bars = Bars::from_csv(path)
                .hint("wanted CSV with a header: time, open, high, low, close and maybe volume")?;
            (bars, VenueConfig::default())
        }
        None => {
            let bars = Bars::sample()?.between("2007-01-01", "2010-01-01")?;
            (bars, SessionConfig::sample().venue)
        }
    };
    let end_ns = args.end_ns.unwrap_or_else(moment::now_ns);
    let mut config = ServeConfig::new(venue, bars, end_ns);
    if let Some(per_sec) = args.speed.or(section.bars_per_sec) {
        config = config.with_pace(Pace::Every(Duration::from_secs(1) / per_sec.get()));
    }
    Ok(if args.allow_remote || section.allow_remote { config.allow_remote() } else { config })
}

fn with_hint(error: ServeError) -> Failure {
    let hint = match &error {
        ServeError::NotLoopback { .. } => "listen on 127.0.0.1, or give `--allow-remote`",
        ServeError::Bind { .. } => {
            "is another process on that port? `--listen 127.0.0.1:0` takes a free one"
        }
        ServeError::Held { .. } => "one venue each: end the other one, or give another `--dir`",
        ServeError::Other { .. } => {
            "give the data that the journal was begun with, or another `--dir`"
        }
        ServeError::Corrupt { .. } | ServeError::Replay { .. } => {
            "keep the journal for whoever looks into it, and give another `--dir`"
        }
        _ => "see `plimsoll paper venue --help`",
    };
    Failure::refused(error).with_hint(hint)
}
