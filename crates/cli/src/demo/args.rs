//! What `plimsoll demo` can be asked for.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::configuration::ConfigArgs;
use crate::moment;

use super::questdb::Server;

/// How long a demo takes when nothing else is asked for.
const SPAN: Duration = Duration::from_secs(25);

const ABOUT: &str = "\
Trade recorded market data on paper, and see what Plimsoll records of it

A trend strategy (long while the 20-bar average is above the 60-bar average, a trailing stop below)
trades the S&P 500 of 2007 to 2009 bar by bar at a paper venue, with fees in two currencies, funding,
partial fills, refused orders, a broken line, a withdrawal and a deposit. Orders, fills, latencies, positions, profit and
loss, risk, errors and health go into a store of their own, with `mode=replay`. One bar is one
minute of replay time and the last bar ends now. A live page of it is served on a free port of this
machine, and stays on a terminal until Ctrl-C. Alert rules are evaluated by the time of the rows; what fires is told on stderr
and shown on the page, where it can be acknowledged and silenced, and with --deliver or --discord-webhook people are told as they would be by a live run. At the end, what the store says is put beside
what the venue's books say.";

const EXAMPLES: &str = "\
Examples:
  plimsoll demo
  plimsoll demo --stay
  plimsoll demo --fast --store runs/fast.db
  plimsoll demo --from 1999-01-01 --to 2003-01-01 --speed 100
  plimsoll demo --data my-bars.csv
  plimsoll demo --questdb http://127.0.0.1:9000
  plimsoll demo --discord-webhook file:$HOME/.config/plimsoll/discord
  plimsoll demo --deliver                      tell the receivers of the configuration

Data files are CSV with a header: bars (Binance, Yahoo, TradingView, Coinbase, Kraken, CryptoDataDownload,
Stooq) or trades. The store is replaced at each run, if a demo wrote it.

Exit codes: 0 the store equals the books; 1 it does not, or the demo was ended early, or was refused, or somebody could not be told; 2 could not tell, or wrong usage.";

/// Arguments of `plimsoll demo`.
#[derive(Debug, Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct DemoArgs {
    /// Go as fast as it can
    #[arg(long, conflicts_with = "speed")]
    pub(super) fast: bool,
    /// Bars per second [default: as many as make 25 seconds]
    #[arg(long, value_name = "BARS_PER_SEC")]
    speed: Option<NonZeroU32>,
    /// Trade your own bars or trades, a CSV file
    #[arg(long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,
    /// First date, YYYY-MM-DD [default: 2007-01-01, or the first of your data]
    #[arg(long, value_name = "DATE")]
    pub(super) from: Option<String>,
    /// First date that is left out, YYYY-MM-DD [default: 2010-01-01, or none of your data]
    #[arg(long, value_name = "DATE")]
    pub(super) to: Option<String>,
    /// Where the rows go: an SQLite file, replaced at each run
    #[arg(long, value_name = "PATH", default_value = "runs/demo.db")]
    pub(super) store: PathBuf,
    /// Replace the store even if no demo wrote it
    #[arg(long)]
    pub(super) force: bool,
    /// Send the same rows to QuestDB: `http://host:port` or `http::addr=host:port;username=..;password=..;`
    #[arg(long, value_name = "CONF", value_parser = Server::parse)]
    pub(super) questdb: Option<Server>,
    /// Deliver what fires to a Discord webhook; where its address is, as `env:NAME` or `file:PATH`
    #[arg(long, value_name = "SECRET", conflicts_with = "deliver")]
    pub(super) discord_webhook: Option<String>,
    /// Deliver what fires to the receivers of the configuration
    #[arg(long)]
    pub(super) deliver: bool,
    #[command(flatten)]
    pub(super) config: ConfigArgs,
    /// When the last bar ends on the replay clock, UTC [default: now]
    #[arg(long = "end", value_name = "TIME", value_parser = moment::parse_ns)]
    pub(super) end_ns: Option<i64>,
    /// Serve no page
    #[arg(long)]
    pub(super) no_page: bool,
    /// Serve the page on after the last bar, until Ctrl-C [default: on a terminal, if not `--fast`]
    #[arg(long, conflicts_with = "no_page")]
    pub(super) stay: bool,
    /// Say what would be done and replaced, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print the result as one JSON object, `plimsoll.demo/1`
    #[arg(long)]
    pub(super) json: bool,
    /// Show no colors
    #[arg(long)]
    no_color: bool,
    /// Any text: show no colors
    #[arg(long = "no-color-env", env = "NO_COLOR", hide = true)]
    no_color_env: Option<String>,
}

impl DemoArgs {
    /// How long after the beginning the first `bars` of `bars_len` are over; `None` = at once.
    pub(super) fn due(&self, bars: usize, bars_len: usize) -> Option<Duration> {
        if self.fast {
            return None;
        }
        let count = |bars: usize| u32::try_from(bars).unwrap_or(u32::MAX);
        Some(match self.speed {
            Some(per_sec) => Duration::from_secs(1).saturating_mul(count(bars)) / per_sec.get(),
            None => {
                // Few bars are not stretched: a person waits at most a second for the next.
                let span = SPAN.min(Duration::from_secs(1).saturating_mul(count(bars_len)));
                span.mul_f64(f64::from(count(bars)) / f64::from(count(bars_len).max(1)))
            }
        })
    }

    pub(super) fn has_color(&self) -> bool {
        !self.no_color && self.no_color_env.as_deref().is_none_or(str::is_empty)
    }
}
