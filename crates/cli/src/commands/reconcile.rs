//! `plimsoll reconcile`: a store beside the venue's own statement.

use std::io::{self, Write};
use std::time::Duration;

use clap::{Args, Subcommand};
use plimsoll_snapshot::venue::{Item, Line, ReadHistory, Span, Statement, Unequal, compare};
use serde_json::json;

use super::account::{AccountArgs, span};
use crate::failure::{Exit, Failure, Hint as _};
use crate::glue::sections;
use crate::glue::venue_metrics::{Told, Verdict, booked, tell};
use crate::moment;
use crate::stop::Stop;
use crate::store::StoreArgs;

const EXAMPLES: &str = "\
Examples:
  plimsoll reconcile pnl --account paper-main --paper http://127.0.0.1:8799 --day today
  plimsoll reconcile pnl --account HL-main --hyperliquid 0x0123.. --day 2026-11-24
  plimsoll reconcile pnl --account HL-main --hyperliquid 0x0123.. --record plimsoll.db

As a timer of systemd:
  [Timer]                                   plimsoll-reconcile.timer
  OnCalendar=*-*-* 00:20:00 UTC
  Persistent=true
  [Service]                                 plimsoll-reconcile.service
  Type=oneshot
  ExecStart=plimsoll reconcile pnl --account HL-main --hyperliquid 0x0123.. --record /var/lib/plimsoll/plimsoll.db

Compared are, by currency: fills, what they traded, fees, funding, transfers and the balance at the
end of the day; and every row by itself, so that two mistakes do not cancel. With --record the result
is a row of `system_health`, which the rule `reconciliation_mismatch` watches.

Exit codes: 0 the same; 1 a difference; 2 one side could not say.";

const DAY_NS: i64 = 86_400_000_000_000;
/// Rows that differ and are shown; the rest is counted.
const SHOWN_MAX: usize = 50;

/// Arguments of `plimsoll reconcile`.
#[derive(Debug, Args)]
pub(crate) struct ReconcileArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare a day of a store with the venue's statement: fills, fees, funding, transfers, balance
    Pnl(PnlArgs),
}

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
struct PnlArgs {
    #[command(flatten)]
    account: AccountArgs,
    /// Which day in UTC: `today`, `yesterday`, or such as 2026-11-24
    #[arg(long, value_name = "D", default_value = "yesterday")]
    day: String,
    #[command(flatten)]
    store: StoreArgs,
    /// Leave balances out, where nothing records `account_state`
    #[arg(long)]
    no_balance: bool,
    /// Metrics store that takes the result: an SQLite file, or <http://host:port>
    #[arg(long, value_name = "STORE", env = "PLIMSOLL_METRICS__STORE", hide_env_values = true)]
    record: Option<String>,
    /// Stay, and do it again after such a span, such as 24h
    #[arg(long, value_name = "SPAN", value_parser = span)]
    every: Option<Duration>,
    /// Print one JSON document, `plimsoll.reconcile/1`
    #[arg(long)]
    json: bool,
}

/// What was compared, and how it came out.
struct Report {
    day: String,
    venue: String,
    lines: Vec<Line>,
    unequal: Vec<Unequal>,
}

pub(crate) fn run(args: &ReconcileArgs) -> Result<Exit, Failure> {
    let Command::Pnl(args) = &args.command;
    let stop = Stop::listen()?;
    loop {
        let exit = once(args);
        let Some(every) = args.every else { return exit };
        if let Err(failure) = exit {
            eprint!("{failure}");
        }
        stop.pause(every);
        if stop.is_wanted() {
            return Ok(Exit::Fine);
        }
    }
}

fn once(args: &PnlArgs) -> Result<Exit, Failure> {
    let mut venue = args.account.venue()?;
    let compared = reconcile(args, venue.as_mut());
    let (verdict, detail) = match &compared {
        Ok(report) => (report.verdict(), report.summary()),
        Err(failure) => (Verdict::Unknown, failure.to_string().trim_end().to_owned()),
    };
    let recorded = record(args, &venue.venue(), verdict, &detail);
    let report = compared?;
    if args.json {
        println!("{}", report.json(verdict));
    } else {
        report.print(&mut io::stdout().lock())?;
    }
    recorded.map_err(|error| Failure::refused(error).with_hint("the result was not recorded"))?;
    Ok(match verdict {
        Verdict::Equal => Exit::Fine,
        Verdict::Different => Exit::Finding,
        Verdict::Unknown => Exit::Unknown,
    })
}

fn record(args: &PnlArgs, venue: &str, verdict: Verdict, detail: &str) -> anyhow::Result<()> {
    let Some(store) = &args.record else { return Ok(()) };
    let config: plimsoll_metrics::Config = args
        .store
        .config()
        .section(sections::METRICS)
        .map_err(|failure| anyhow::anyhow!("{failure}"))?;
    let to = Told {
        store,
        env: &config.env,
        mode: args.account.mode(),
        account: args.account.alias(),
        venue,
        service: "reconcile",
    };
    tell(to, verdict, detail)
}

fn reconcile(args: &PnlArgs, venue: &mut dyn ReadHistory) -> Result<Report, Failure> {
    let day = day(&args.day)
        .map_err(|error| Failure::new(anyhow::anyhow!(error)).with_hint("such as 2026-11-24"))?;
    let mut store = args.store.open()?;
    let booked = booked(&mut store, args.account.alias(), day)?;
    let hint = "a part of a statement must not look like all of it";
    // What came after the day is needed to tell the balance at its end.
    let until_now = Span::new(day.from_ns, moment::now_ns().max(day.until_ns));
    let statement = Statement {
        fills: venue.fills(until_now).hint(hint)?,
        flows: venue.flows(until_now).hint(hint)?,
        balances: if args.no_balance { Vec::new() } else { venue.balances().hint(hint)? },
    };
    let (mut lines, unequal) = compare(&statement, &booked, day);
    lines.retain(|line| !(args.no_balance && line.item == Item::Balance));
    let day = moment::rfc(day.from_ns).chars().take(10).collect();
    Ok(Report { day, venue: venue.name(), lines, unequal })
}

/// The day in UTC.
fn day(text: &str) -> Result<Span, String> {
    let today = moment::now_ns().div_euclid(DAY_NS) * DAY_NS;
    let from_ns = match text {
        "today" => today,
        "yesterday" => today - DAY_NS,
        date => moment::parse_ns(date)?.div_euclid(DAY_NS) * DAY_NS,
    };
    Ok(Span::new(from_ns, from_ns + DAY_NS))
}

impl Report {
    fn verdict(&self) -> Verdict {
        let lines = || self.lines.iter().map(Line::is_equal);
        if !self.unequal.is_empty() || lines().any(|equal| equal == Some(false)) {
            Verdict::Different
        } else if lines().any(|equal| equal.is_none()) {
            Verdict::Unknown
        } else {
            Verdict::Equal
        }
    }

    /// One line for the row that is recorded.
    fn summary(&self) -> String {
        let mut text = format!("{}: {} rows differ", self.day, self.unequal.len());
        for line in self.lines.iter().filter(|line| line.is_equal() == Some(false)) {
            let difference = line.store.unwrap_or_default() - line.venue.unwrap_or_default();
            text += &format!("; {} {} by {difference}", line.item.as_str(), line.currency);
        }
        text
    }

    fn print(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "{} (UTC), store beside {}", self.day, self.venue)?;
        writeln!(to, "{:10} {:8} {:>22} {:>22}", "", "", "store", "venue")?;
        for line in &self.lines {
            let sign = match line.is_equal() {
                Some(true) => String::new(),
                Some(false) => "  different".to_owned(),
                None => "  cannot be told".to_owned(),
            };
            let (store, venue) = (amount(line.store), amount(line.venue));
            let item = line.item.as_str();
            writeln!(to, "{item:10} {:8} {store:>22} {venue:>22}{sign}", line.currency)?;
        }
        for row in self.unequal.iter().take(SHOWN_MAX) {
            writeln!(to, "{}", sentence(row))?;
        }
        let rest = self.unequal.len().saturating_sub(SHOWN_MAX);
        if rest > 0 {
            writeln!(to, "and {rest} more; --json has them all")?;
        }
        writeln!(
            to,
            "{}",
            match self.verdict() {
                Verdict::Equal => "the same",
                Verdict::Different =>
                    "different: take no new risk until you know why; `plimsoll backfill` adds what the store lacks",
                Verdict::Unknown =>
                    "it cannot be told: no `account_state` of that day? see --no-balance",
            }
        )
    }

    fn json(&self, verdict: Verdict) -> serde_json::Value {
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|line| {
                json!({"item": line.item.as_str(), "currency": line.currency, "store": line.store,
                    "venue": line.venue, "equal": line.is_equal()})
            })
            .collect();
        let rows: Vec<_> = self
            .unequal
            .iter()
            .map(|row| json!({"row": row.row, "value": row.value, "store": row.store, "venue": row.venue}))
            .collect();
        let verdict = match verdict {
            Verdict::Equal => "equal",
            Verdict::Different => "different",
            Verdict::Unknown => "unknown",
        };
        json!({"schema": "plimsoll.reconcile/1", "day": self.day, "venue": self.venue,
            "verdict": verdict, "lines": lines, "rows": rows})
    }
}

/// A number as short as a double is, or a dash.
fn amount(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.9}"))
}

fn sentence(row: &Unequal) -> String {
    match (row.store, row.venue) {
        (None, Some(venue)) if row.value.is_empty() => {
            format!("{}: not in the store ({venue} at the venue)", row.row)
        }
        (Some(store), None) if row.value.is_empty() => {
            format!("{}: not at the venue ({store} in the store)", row.row)
        }
        (store, venue) => {
            let by =
                store.zip(venue).map_or(String::new(), |(s, v)| format!(", differs by {}", s - v));
            let shown =
                |value: Option<f64>| value.map_or_else(|| "nothing".to_owned(), |v| format!("{v}"));
            format!(
                "{}: {} is {} in the store, {} at the venue{by}",
                row.row,
                row.value,
                shown(store),
                shown(venue)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY_NS, day};

    #[test]
    fn a_day_is_a_whole_one_in_utc() {
        let span = day("2026-11-24").unwrap();
        assert_eq!(span.until_ns - span.from_ns, DAY_NS);
        assert_eq!(span.from_ns % DAY_NS, 0);
        assert_eq!(day("today").unwrap().from_ns, day("yesterday").unwrap().until_ns);
        assert!(day("never").is_err());
    }
}
