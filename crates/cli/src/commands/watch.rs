//! `plimsoll watch`: on another host, waits for signs of life and tells when they stop.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Args;
use plimsoll_alerts::{
    Alert, AlertsConfig, Delivery, DeliveryPorts, Now, Secrets, Watch, WatchNews, fetch_sign,
    parse_span,
};

use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::alerts_metrics::MetricsHistory;
use crate::glue::sections::ALERTS;
use crate::moment::{Stopwatch, now_ns};
use crate::stop::Stop;

/// Longest wait for the last messages.
const CLOSE_MAX: Duration = Duration::from_secs(20);

/// Arguments of `plimsoll watch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll watch http://trading-host:9187/alive
  plimsoll watch http://trading-host:9187/alive --name prod --every 10s --lost-after 40s

Told by the receivers and routes of the configuration on this host, as critical alert `watched_process`. With the
defaults a process that dies is told within 85 s. The address that answers is alerts.deadman.listen of the other side.")]
pub(crate) struct WatchArgs {
    /// Address that answers 200 while all is well
    url: String,
    /// What the messages call it [default: host and port]
    #[arg(long)]
    name: Option<String>,
    /// How often it is asked
    #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "15s")]
    every: Duration,
    /// Longest wait for an answer
    #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "10s")]
    timeout: Duration,
    /// After this long without a good answer it is lost
    #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "60s")]
    lost_after: Duration,
    /// Directory of the outbox of this watch
    #[arg(long, value_name = "DIR", default_value = "runs/watch")]
    outbox: PathBuf,
    /// Write what happens into the alert history of this SQLite file, too
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &WatchArgs) -> Result<Exit, Failure> {
    let config: AlertsConfig = args.config.section(ALERTS)?;
    let stop = Stop::listen()?;
    let mut ports = DeliveryPorts::new();
    if let Some(file) = &args.history {
        let kept = MetricsHistory::open(file);
        ports = ports.with_history(kept.hint("name an SQLite file that no other process writes")?);
    }
    let secrets = Secrets::of_process();
    let delivery = Delivery::start(&args.outbox, &config.delivery, &secrets, ports)
        .hint("`plimsoll ssot check` says what is wrong with the configuration")?;
    let clock = Stopwatch::start();
    let name = args.name.clone().unwrap_or_else(|| host(&args.url));
    let mut watch = Watch::new(name.as_str(), args.lost_after, now(clock));
    eprintln!("watching {name} every {} s, until Ctrl-C", args.every.as_secs());
    while !stop.is_wanted() {
        let asked = clock.elapsed();
        let watched = fetch_sign(&args.url, args.timeout);
        match watch.see(watched, now(clock)) {
            WatchNews::Lost(alert) => tell(&delivery, *alert, "lost")?,
            WatchNews::Back(alert) => tell(&delivery, *alert, "back")?,
            _ => {}
        }
        stop.pause(args.every.saturating_sub(clock.elapsed().saturating_sub(asked)));
    }
    delivery.close(CLOSE_MAX).hint("what was not delivered goes first at the next start")?;
    Ok(Exit::Fine)
}

fn tell(delivery: &Delivery, alert: Alert, what: &str) -> Result<(), Failure> {
    eprintln!("{what}: {}", alert.text.meaning);
    delivery.tell(alert)?;
    Ok(())
}

/// Host and port of an address; the rest may hold a token.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or(rest);
    host.rsplit('@').next().unwrap_or(host).to_owned()
}

fn now(clock: Stopwatch) -> Now {
    let wall = SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(now_ns()).unwrap_or(0));
    Now::new(wall, clock.elapsed())
}
