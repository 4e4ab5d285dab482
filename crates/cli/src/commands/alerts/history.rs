//! `plimsoll alerts history`.

use std::io;

use clap::Args;

use crate::failure::{Exit, Failure};
use crate::grid::{self, Format};
use crate::store::StoreArgs;

/// Columns that a person reads; all of them with `--format json`.
const COLUMNS: &str = "ts, kind, rule, severity, prev_state, state, strategy_id, value, threshold, \
                       peak_value, receiver, delivered, attempts, latency_ms, message_id, actor, \
                       alert_id, detail";

/// Arguments of `plimsoll alerts history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Only of this rule
    #[arg(long, value_name = "NAME", value_parser = word)]
    rule: Option<String>,
    /// Only of this sort: transition, delivery, ack, silence, escalation
    #[arg(long, value_name = "KIND", value_parser = word)]
    kind: Option<String>,
    /// The newest so many rows
    #[arg(long, value_name = "ROWS", default_value_t = 50)]
    last: usize,
    /// How it is printed
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(crate) fn run(args: &HistoryArgs) -> Result<Exit, Failure> {
    let mut store = args.store.open()?;
    let mut wheres = Vec::new();
    wheres.extend(args.rule.iter().map(|rule| format!("rule = '{rule}'")));
    wheres.extend(args.kind.iter().map(|kind| format!("kind = '{kind}'")));
    let wheres =
        if wheres.is_empty() { String::new() } else { format!(" WHERE {}", wheres.join(" AND ")) };
    let sql = format!(
        "SELECT {COLUMNS} FROM alert_history{wheres} ORDER BY ts DESC LIMIT {}",
        args.last.max(1)
    );
    let mut rows = store.query(&sql, args.last.max(1))?;
    rows.rows.reverse();
    grid::print(&rows, args.format, &mut io::stdout().lock())?;
    Ok(Exit::Fine)
}

/// A name that can stand in SQL as it is.
fn word(text: &str) -> Result<String, String> {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !text.is_empty() && text.chars().all(is_fine) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no name"))
    }
}
