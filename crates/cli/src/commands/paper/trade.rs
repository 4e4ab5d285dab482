//! `plimsoll paper trade`.

use std::io::Write;
use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;
use plimsoll_paper::{
    ClientError, EventKind, Fill, RemoteStep, RemoteTrader, Trend, TrendConfig, VenueClient,
};
use plimsoll_snapshot::trading::{Claim, Gate, HaltFile, LeaseName, Leases};
use serde_json::json;

use crate::commands::trading::{DeskArgs, lease_failure};
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::paper_trading::GatePermit;
use crate::moment::{self, Stopwatch};
use crate::stop::Stop;

const EXAMPLES: &str = "\
Examples:
  plimsoll paper trade --venue http://127.0.0.1:8799
  plimsoll paper trade --venue http://127.0.0.1:8799 --advance 200
  plimsoll paper trade --venue http://127.0.0.1:8799 --json | tee fills.jsonl
  plimsoll paper trade --venue http://127.0.0.1:8799 --lease trend-1@paper

With a lease it sends no order while trading is halted, before a deploy has armed it, or after one
has fenced it. While another node holds the lease it ends at once, with exit code 1.

Fills go to stdout, one a line; everything else to stderr. It ends after the venue's last bar.";

/// Pause between two looks at the venue's clock.
const LOOK: Duration = Duration::from_millis(50);

/// Arguments of `plimsoll paper trade`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct TradeArgs {
    /// The venue, as `plimsoll paper venue` printed it
    #[arg(long, value_name = "URL")]
    venue: String,
    /// Name of the strategy; its orders' ids begin with it, so it must be new in each run
    /// [default: trend-SECONDS]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Let that many bars pass, one after each look, instead of waiting for the venue's own pace
    #[arg(long, value_name = "BARS")]
    advance: Option<NonZeroU32>,
    /// How long a venue that does not answer is waited for, seconds
    #[arg(long, value_name = "SECS", default_value_t = 30)]
    patience: u32,
    /// Send orders only under this lease, such as trend-1@paper, and while trading is not halted
    #[arg(long, value_name = "LEASE")]
    lease: Option<LeaseName>,
    /// What a deploy gave, if it keeps the lease reserved
    #[arg(long, value_name = "TEXT", env = "PLIMSOLL_LEASE_TICKET", requires = "lease")]
    ticket: Option<String>,
    #[command(flatten)]
    desk: DeskArgs,
    /// Print fills as JSON lines, `plimsoll.paper.fill/1`
    #[arg(long)]
    json: bool,
}

/// What was done so far.
#[derive(Debug, Default)]
struct Done {
    sent: u64,
    refused: u64,
    fills: u64,
    steps: u32,
}

pub(super) fn run(args: &TradeArgs) -> Result<Exit, Failure> {
    let stop = Stop::listen()?;
    let client = VenueClient::new(&args.venue).hint("such as http://127.0.0.1:8799")?;
    let name =
        args.name.clone().unwrap_or_else(|| format!("trend-{}", moment::now_ns() / 1_000_000_000));
    let trend = Trend::new(&name, TrendConfig::default());
    let mut trader = RemoteTrader::new(client.clone(), trend, &name);
    if let Some(lease) = &args.lease {
        trader = trader.with_permit(permit(args, lease, &name)?);
    }
    let mut done = Done::default();
    let mut silence: Option<Stopwatch> = None;
    eprintln!("{name} trades at {}", args.venue);
    while !stop.is_wanted() {
        let step = match trader.step() {
            Ok(step) => step,
            Err(error) => {
                wait_for(args, &error, &mut silence)?;
                stop.pause(LOOK);
                continue;
            }
        };
        silence = None;
        tell(args, &name, &step, &mut done)?;
        let clock = &step.clock;
        let is_over = clock.bars_done >= u64::try_from(clock.bars_len).unwrap_or(u64::MAX);
        let was_advanced = args.advance.is_some_and(|bars| done.steps >= bars.get());
        if is_over || was_advanced {
            return Ok(finish(&step, &done));
        }
        match args.advance {
            Some(_) => match client.advance(1) {
                Ok(_) => done.steps += 1,
                // Whether the bar passed is not known; the next look tells.
                Err(error) => wait_for(args, &error, &mut silence)?,
            },
            None => stop.pause(LOOK),
        }
    }
    eprintln!(
        "ended: {} commands sent, {} fills; open orders stay at the venue",
        done.sent, done.fills
    );
    Ok(Exit::Finding)
}

/// Takes the lease, or says why it is not to be had.
fn permit(args: &TradeArgs, lease: &LeaseName, name: &str) -> Result<GatePermit, Failure> {
    let desk = args.desk.read()?;
    let ticket = args.ticket.clone().filter(|ticket| !ticket.is_empty());
    let claim = Claim::new(name).with_ticket(ticket);
    let taken = Leases::new(desk.dir()).acquire(lease, &claim, moment::now());
    let taken = taken.map_err(lease_failure)?;
    eprintln!("{name} has the lease {lease}, generation {}", taken.generation());
    let grace = Duration::from_secs(u64::from(desk.config.on_unknown_after_secs));
    let latch = HaltFile::new(desk.dir());
    Ok(GatePermit(Gate::new(taken, latch, desk.config.on_unknown, grace)))
}

/// Goes on if a venue that was killed may come back in time.
fn wait_for(
    args: &TradeArgs,
    error: &ClientError,
    silence: &mut Option<Stopwatch>,
) -> Result<(), Failure> {
    // A scripted break of the line is refused with 503, and ends by itself.
    let may_end = match error {
        ClientError::Unreachable { .. } => true,
        ClientError::Refused { status, .. } => *status == 503,
        _ => false,
    };
    let since = silence.get_or_insert_with(|| {
        eprintln!("warning: {error}; waiting up to {} s", args.patience);
        Stopwatch::start()
    });
    if may_end && since.elapsed() < Duration::from_secs(u64::from(args.patience)) {
        return Ok(());
    }
    let hint = match error {
        ClientError::Unreachable { .. } => {
            "is the venue running? start one with `plimsoll paper venue --dir runs/venue`"
        }
        _ => "is that the address that `plimsoll paper venue` printed?",
    };
    Err(Failure::new(anyhow::anyhow!("{error}")).with_hint(hint))
}

fn tell(args: &TradeArgs, name: &str, step: &RemoteStep, done: &mut Done) -> Result<(), Failure> {
    done.sent += step.sent;
    for refused in &step.refused {
        done.refused += 1;
        eprintln!("refused: {refused}");
    }
    let mut out = std::io::stdout().lock();
    for event in &step.events {
        let (EventKind::Filled { fill, .. }
        | EventKind::PartiallyFilled { fill, .. }
        | EventKind::Liquidated { fill, .. }) = &event.kind
        else {
            continue;
        };
        if !fill.client_order_id.starts_with(name) {
            continue;
        }
        done.fills += 1;
        if args.json {
            let mut line = serde_json::to_value(fill)?;
            if let Some(object) = line.as_object_mut() {
                object.insert("schema".to_owned(), json!("plimsoll.paper.fill/1"));
            }
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{}", shown(fill, step.clock.date.as_deref()))?;
        }
    }
    out.flush()?;
    Ok(())
}

fn shown(fill: &Fill, date: Option<&str>) -> String {
    format!(
        "{}  {:<4} {} at {}  fee {} {}  {}",
        date.unwrap_or("-"),
        fill.side.as_str(),
        fill.last_qty,
        fill.last_px,
        fill.commission,
        fill.commission_currency,
        fill.trade_id
    )
}

fn finish(step: &RemoteStep, done: &Done) -> Exit {
    let clock = &step.clock;
    eprintln!(
        "bar {} of {}: equity {}, position {}; {} commands sent, {} refused, {} fills",
        clock.bars_done,
        clock.bars_len,
        clock.equity,
        clock.position_qty,
        done.sent,
        done.refused,
        done.fills
    );
    Exit::Fine
}
