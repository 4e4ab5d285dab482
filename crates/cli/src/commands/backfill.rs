//! `plimsoll backfill`: asks a venue for what a store does not have.

use std::path::Path;

use clap::{Args, ValueEnum};
use plimsoll_snapshot::venue::Span;
use serde_json::json;

use super::account::{AccountArgs, moment_or_span};
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::sections;
use crate::glue::venue_metrics::{Known, Past, Told, deliver, known, write};
use crate::moment;
use crate::store::StoreArgs;

const EXAMPLES: &str = "\
Examples:
  plimsoll backfill fills --account paper-main --paper http://127.0.0.1:8799 --from 30d
  plimsoll backfill all --account HL-main --hyperliquid 0x0123.. --from 2026-11-01 --dry-run
  plimsoll backfill funding --account HL-main --hyperliquid 0x0123.. --store http://127.0.0.1:9000

Only what the store does not have is written, so running it twice changes nothing, and no row of a
strategy is replaced. Fills and money have the venue's own identity; an order's transition is known
by its id. What is written has the source `backfill`, and the strategy whose order it was, where the
store knows the order.

Exit codes: 0 the store has everything that the venue tells; 1 it did not take something; 2 the venue
or the store could not be read.";

/// Arguments of `plimsoll backfill`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BackfillArgs {
    /// What is asked for
    #[arg(value_enum)]
    what: What,
    #[command(flatten)]
    account: AccountArgs,
    /// How far back: a span such as 30d, or a moment
    #[arg(long = "from", value_name = "TIME", default_value = "30d", value_parser = moment_or_span)]
    from_ns: i64,
    /// Up to when [default: now]
    #[arg(long = "until", value_name = "TIME", value_parser = moment_or_span)]
    until_ns: Option<i64>,
    #[command(flatten)]
    store: StoreArgs,
    /// Say what is missing, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the counts as JSON, `plimsoll.backfill/1`
    #[arg(long)]
    json: bool,
}

/// What a venue is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Executions, into `trading_fills`
    Fills,
    /// Payments of funding, into `trading_cashflows`
    Funding,
    /// Deposits, withdrawals, transfers, into `trading_cashflows`
    Transfers,
    /// Transitions of orders, into `trading_orders`
    Orders,
    /// All of these
    All,
}

/// Counts of one of them.
struct Count {
    name: &'static str,
    told: usize,
    missing: usize,
}

pub(crate) fn run(args: &BackfillArgs) -> Result<Exit, Failure> {
    let mut venue = args.account.venue()?;
    let until_ns = args.until_ns.unwrap_or_else(moment::now_ns);
    let span = Span::new(args.from_ns, until_ns);
    if span.from_ns >= span.until_ns {
        return Err(Failure::new(anyhow::anyhow!("it ends before it begins"))
            .with_hint("give --from a time before --until"));
    }
    let config: plimsoll_metrics::Config = args.store.config().section(sections::METRICS)?;
    let place = args.store.place()?;
    let name = venue.venue();
    let to = Told {
        store: place.name(),
        env: &config.env,
        mode: args.account.mode(),
        account: args.account.alias(),
        venue: &name,
        service: "backfill",
    };
    if !args.dry_run {
        deliver(to).hint("what an earlier run left waits in its spool")?;
    }
    let is_there = place.is_server() || Path::new(place.name()).exists();
    let mut store = if is_there { Some(args.store.open()?) } else { None };
    let known = known(store.as_mut(), to.account, span)?;
    drop(store);
    let (past, counts) = missing(args.what, venue.as_mut(), &known, span)?;
    let written = if args.dry_run || past.is_empty() {
        0
    } else {
        write(to, &past).map_err(|error| {
            Failure::refused(error).with_hint(
                "run it again: it goes on where it was; a server needs `plimsoll tables apply` first",
            )
        })?
    };
    print(args, &venue.name(), &counts, written);
    Ok(Exit::Fine)
}

fn missing(
    what: What,
    venue: &mut dyn plimsoll_snapshot::venue::ReadHistory,
    known: &Known,
    span: Span,
) -> Result<(Vec<Past>, Vec<Count>), Failure> {
    let hint = "nothing was written; a part of a history must not look like all of it";
    let wants = |one: What| what == What::All || what == one;
    let (mut past, mut counts) = (Vec::new(), Vec::new());
    let mut add = |name, told: usize, missing: Vec<Past>| {
        counts.push(Count { name, told, missing: missing.len() });
        past.extend(missing);
    };
    // Orders first: a fill is then never without its order.
    if wants(What::Orders) {
        let told = venue.orders(span).hint(hint)?;
        add("orders", told.len(), known.missing_orders(told));
    }
    if wants(What::Fills) {
        let told = venue.fills(span).hint(hint)?;
        add("fills", told.len(), known.missing_fills(told));
    }
    if wants(What::Funding) || wants(What::Transfers) {
        let told = venue.flows(span).hint(hint)?;
        let is_funding = |flow: &plimsoll_snapshot::venue::PastFlow| {
            flow.kind == plimsoll_snapshot::venue::FlowKind::Funding
        };
        let (funding, others): (Vec<_>, Vec<_>) = told.into_iter().partition(is_funding);
        if wants(What::Funding) {
            add("funding", funding.len(), known.missing_flows(funding));
        }
        if wants(What::Transfers) {
            add("transfers", others.len(), known.missing_flows(others));
        }
    }
    Ok((past, counts))
}

fn print(args: &BackfillArgs, venue: &str, counts: &[Count], written: u64) {
    if args.json {
        let of: Vec<_> = counts
            .iter()
            .map(|c| json!({"what": c.name, "at_venue": c.told, "missing": c.missing}))
            .collect();
        println!("{}", json!({"schema": "plimsoll.backfill/1", "counts": of, "written": written}));
        return;
    }
    for count in counts {
        println!("{:10} {:>8} at the {venue}, {} missing", count.name, count.told, count.missing);
    }
    match (args.dry_run, written) {
        (true, _) => println!("nothing was written"),
        (false, 0) => println!("the store has everything"),
        (false, rows) => println!("{rows} rows written"),
    }
}
