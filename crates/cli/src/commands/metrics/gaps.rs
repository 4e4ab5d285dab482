//! `plimsoll metrics gaps`: proves that every row arrived, or sizes what is missing.

use std::io;

use clap::Args;
use plimsoll_metrics::Timestamp;
use plimsoll_metrics::gaps::{Finding, Hole, Part, Verdict, Why};

use crate::failure::{Exit, Failure, Hint as _};
use crate::grid::{self, Format};
use crate::store::{Reading, Rows, StoreArgs};

const ABOUT: &str = "\
Every emitter counts what it was asked to emit and writes it down in producer_runs every 10 s and
at its end. This command holds those counts against the rows of the store, run by run and table by
table, the end of a run included.

Exit codes: 0 every run is whole; 1 rows are missing; 2 it cannot be said of some.";

/// Arguments of `plimsoll metrics gaps`.
#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub(crate) struct GapsArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// At a server: before each table's name, such as bt_
    #[arg(long, default_value = "")]
    prefix: String,
    /// How it is printed
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(crate) fn run(args: &GapsArgs) -> Result<Exit, Failure> {
    let findings = match args.store.open()? {
        Reading::File(store) => store.gaps(now())?,
        Reading::Server(server) => server
            .with_prefix(args.prefix.clone())
            .gaps(now())
            .hint("is QuestDB there, and were its tables made by `plimsoll tables apply`?")?,
    };
    let rows = Rows {
        columns: [
            "producer",
            "run",
            "table",
            "attempted",
            "stored",
            "dropped",
            "refused",
            "expired",
            "verdict",
        ]
        .map(String::from)
        .to_vec(),
        rows: findings.iter().map(row).collect(),
        is_cut: false,
    };
    grid::print(&rows, args.format, &mut io::stdout().lock())?;
    let count = |is: fn(&Verdict) -> bool| findings.iter().filter(|f| is(&f.verdict)).count();
    let lost = count(|v| matches!(v, Verdict::Lost { .. }));
    let whole = count(|v| matches!(v, Verdict::Whole));
    let unknown = findings.len() - lost - whole;
    eprintln!("{whole} whole, {lost} with rows missing, {unknown} that cannot be told");
    Ok(match (lost, unknown) {
        (0, 0) => Exit::Fine,
        (0, _) => Exit::Unknown,
        _ => Exit::Finding,
    })
}

#[allow(clippy::disallowed_methods, reason = "a command is an edge and reads the clock")]
fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}

fn row(finding: &Finding) -> Vec<serde_json::Value> {
    vec![
        finding.producer.as_str().into(),
        finding.run.into(),
        finding.table.as_str().into(),
        finding.attempted.into(),
        finding.stored.into(),
        finding.dropped.into(),
        finding.quarantined.into(),
        finding.expired.into(),
        verdict(&finding.verdict).into(),
    ]
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Whole => "whole".to_owned(),
        Verdict::Lost { rows, holes } => {
            let holes: Vec<String> = holes.iter().map(hole).collect();
            let at =
                if holes.is_empty() { String::new() } else { format!(": {}", holes.join(", ")) };
            format!("{rows} LOST{at}")
        }
        Verdict::Unknown { why } => format!("unknown: {}", reason(*why)),
        other => format!("{other:?}"),
    }
}

fn hole(hole: &Hole) -> String {
    let part = match hole.part {
        Part::Head => "head",
        Part::Middle => "middle",
        Part::Tail => "tail",
        _ => "part",
    };
    format!("{part} {}..{}", hole.first, hole.last)
}

fn reason(why: Why) -> String {
    match why {
        Why::Open { silent_for } => {
            format!("run has not ended, silent for {} s", silent_for.as_secs())
        }
        Why::NoRunRow => "no row in producer_runs".to_owned(),
        Why::NoCounts => "no counts in producer_runs".to_owned(),
        Why::NotApplied => "the store shows not all that it acknowledged; ask again".to_owned(),
        Why::PerhapsExpired { rows } => format!("{rows} oldest rows expired or lost"),
        Why::Contradicts { surplus } => format!("{surplus} more accounted for than attempted"),
        other => format!("{other:?}"),
    }
}
