//! `plimsoll alerts replay`: what the rules would have said about stored rows.

use std::time::SystemTime;

use clap::Args;
use plimsoll_alerts::{AlertState, Engine, Feed, Now};
use serde_json::{Value, json};

use super::effective::{self, effective};
use crate::failure::{Exit, Failure};
use crate::glue::alerts_store::{OwnedRow, StoreRows};
use crate::grid::{self, Format};
use crate::store::{Rows, StoreArgs};

const COLUMNS: [&str; 9] =
    ["at", "rule", "severity", "labels", "from", "to", "value", "limit", "muted"];

/// Arguments of `plimsoll alerts replay`.
#[derive(Debug, Args)]
#[command(after_help = "\
Time is that of the rows, so the answer is the same each time. Nobody is told and nothing is kept.
Exit codes: 0 nothing fired; 1 something did; 2 the store or the rules cannot be used.

Example:
  plimsoll alerts replay --store runs/demo.db --rule drawdown_warning --rule drawdown_critical")]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Only what these rules say; each is evaluated with all others
    #[arg(long = "rule", value_name = "NAME")]
    rules: Vec<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(crate) fn run(args: &ReplayArgs) -> Result<Exit, Failure> {
    let effective = effective(args.store.config())?;
    let rules = effective.config.rules.rules(&effective.limits);
    if let Some(name) = args.rules.iter().find(|name| !rules.iter().any(|r| r.name == **name)) {
        return Err(Failure::new(anyhow::anyhow!("no rule that is on is called `{name}`"))
            .with_hint("`plimsoll alerts rules` lists them"));
    }
    let place = args.store.place()?;
    let mut feed = Feed::new(&rules);
    let mut engine = Engine::new(rules)?;
    let none = plimsoll_alerts::Cursors::new();
    let mut rows = StoreRows::open(&place, feed.wanted(), &none, SystemTime::UNIX_EPOCH)?;
    let mut read = Vec::new();
    // One look takes a bounded number of rows.
    loop {
        let look = rows.look();
        if let Some((table, why)) = look.lost.first() {
            return Err(anyhow::anyhow!("cannot read `{table}`: {why}").into());
        }
        if look.rows.is_empty() {
            break;
        }
        read.extend(look.rows);
    }
    read.sort_by_key(OwnedRow::at);
    let mut found = Rows { columns: COLUMNS.map(str::to_owned).into(), ..Rows::default() };
    let mut has_fired = false;
    let mut last = None;
    for row in &read {
        let now = Now::of_row(row.at());
        row.with(|row| feed.row(&mut engine, row, now).len());
        note(&engine, args, &mut found, &mut has_fired);
        last = Some(now);
    }
    if let Some(last) = last {
        engine.advance(last);
        note(&engine, args, &mut found, &mut has_fired);
    }
    eprintln!("{} rows replayed", read.len());
    grid::print(&found, args.format, &mut std::io::stdout().lock())?;
    Ok(if has_fired { Exit::Finding } else { Exit::Fine })
}

/// What the last call changed, as rows.
fn note(engine: &Engine, args: &ReplayArgs, found: &mut Rows, has_fired: &mut bool) {
    for alert in engine.alerts() {
        let is_asked = args.rules.is_empty() || args.rules.contains(&alert.rule);
        if !is_asked || !alert.is_telling() {
            continue;
        }
        *has_fired |= alert.to == AlertState::Firing && alert.muted.is_none();
        let labels: Vec<String> =
            alert.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let muted = alert.muted.as_ref().map_or(Value::Null, |muted| json!(muted));
        found.rows.push(vec![
            effective::time(alert.row_at).into(),
            alert.rule.as_str().into(),
            alert.severity.as_str().into(),
            labels.join(" ").into(),
            alert.from.as_str().into(),
            alert.to.as_str().into(),
            alert.shown_value().into(),
            alert.shown_threshold().into(),
            muted,
        ]);
    }
}
