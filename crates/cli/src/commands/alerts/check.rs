//! `plimsoll alerts check`: whether rules can be evaluated and people can be told.

use std::path::PathBuf;

use clap::Args;
use plimsoll_alerts::{Entry, Rule, Secrets};
use plimsoll_metrics::built_in;
use plimsoll_metrics::read::{Datum, Store};
use serde_json::json;

use super::effective::{Effective, effective};
use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure};

/// Arguments of `plimsoll alerts check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Reads the configuration, every rule, the columns that rules read, every secret that receivers name. Nobody is told;
`plimsoll alerts test RULE --value V` goes the whole way.
Exit codes: 0 all is well; 1 something is not; 2 the configuration cannot be read.")]
pub(crate) struct CheckArgs {
    /// Also look into this SQLite store: tables of one's own rules, strategies that nobody declared
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What was found.
#[derive(Debug, Default)]
struct Report {
    rules: usize,
    receivers: usize,
    /// What must be repaired.
    problems: Vec<String>,
    /// What a person may have meant.
    notes: Vec<String>,
}

pub(crate) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let effective = effective(&args.config)?;
    let mut report = Report::default();
    let problems = effective.config.rules.problems(&effective.limits);
    report.problems.extend(problems.iter().map(ToString::to_string));
    let rules = effective.config.rules.rules(&effective.limits);
    report.rules = rules.len();
    let store = args.store.as_ref().map(Store::open).transpose()?;
    columns(&rules, store.as_ref(), &mut report)?;
    capital(&effective, store.as_ref(), &mut report)?;
    actions(&effective, &rules, &mut report);
    receivers(&effective, &mut report);
    watcher(&effective, &mut report);
    print(args, &report);
    Ok(if report.problems.is_empty() { Exit::Fine } else { Exit::Finding })
}

/// Columns that rules read and that no table has.
fn columns(rules: &[Rule], store: Option<&Store>, report: &mut Report) -> Result<(), Failure> {
    let in_store = store.map(Store::tables).transpose()?.unwrap_or_default();
    for rule in rules {
        let entry = Entry::own(rule.clone());
        for place in entry.places() {
            let (table, column) = place.split_once('.').unwrap_or((place, ""));
            // What several rows say together, and what the process says of itself.
            if ["position_at_risk", "order_repeats", "equity_flows", "alerts"].contains(&table)
                || place == "position_changes.signed_qty"
            {
                continue;
            }
            let schema = built_in().find(|(_, schema)| schema.name == table);
            let problem = match schema {
                Some((_, schema)) if column.is_empty() || schema.position(column).is_some() => None,
                Some(_) => Some(format!("table `{table}` has no column `{column}`")),
                None if in_store.iter().any(|known| known.name == table) => None,
                None => {
                    let text = format!("`{}` reads `{table}`, a table of your own", rule.name);
                    report.notes.push(text + ": see with --store whether it is there");
                    None
                }
            };
            report.problems.extend(problem.map(|why| format!("rule `{}`: {why}", rule.name)));
        }
    }
    Ok(())
}

/// Strategies that have an equity of their own, which no declared capital stands behind.
fn capital(
    effective: &Effective,
    store: Option<&Store>,
    report: &mut Report,
) -> Result<(), Failure> {
    let declared = &effective.strategies;
    let in_store = store.map(strategies).transpose()?.unwrap_or_default();
    let missing = in_store.into_iter().filter(|id| !declared.contains(id));
    let mut found: Vec<String> = missing
        .map(|id| {
            format!("strategy `{id}` has an equity of its own: declare `strategies.{id}.capital`")
        })
        .collect();
    if declared.is_empty() && found.is_empty() {
        let text = "no strategy has a declared capital, so none has a drawdown of its own: set `strategies.ID.capital`";
        found.push(text.to_owned());
    }
    report.must_in_prod(effective, found);
    Ok(())
}

/// Strategies with rows of their own equity.
fn strategies(store: &Store) -> Result<Vec<String>, Failure> {
    if !store.tables()?.iter().any(|table| table.name == "trading_risk") {
        return Ok(Vec::new());
    }
    let sql = "SELECT DISTINCT strategy_id FROM trading_risk WHERE scope = 'strategy' AND strategy_id IS NOT NULL ORDER BY 1";
    let rows = store.query(sql, 1_000)?.rows;
    Ok(rows
        .into_iter()
        .filter_map(|row| match row.into_iter().next() {
            Some(Datum::Text(id)) if !id.is_empty() => Some(id),
            _ => None,
        })
        .collect())
}

/// Actions of rules that are not there.
fn actions(effective: &Effective, rules: &[Rule], report: &mut Report) {
    for action in &effective.config.actions {
        if !rules.iter().any(|rule| rule.name == action.rule) {
            let name = action.name();
            report
                .problems
                .push(format!("action `{name}`: no rule that is on is `{}`", action.rule));
        }
        if action.command.is_empty() {
            report.problems.push(format!("action of `{}`: no program is named", action.rule));
        }
    }
}

/// Receivers whose secrets cannot be had, and alerts that only the terminal gets.
fn receivers(effective: &Effective, report: &mut Report) {
    let delivery = &effective.config.delivery;
    let secrets = Secrets::of_process();
    report.receivers = delivery.receivers.len();
    for (name, config) in &delivery.receivers {
        for secret in config.secrets() {
            if let Err(error) = secrets.check(secret) {
                report.problems.push(format!("receiver `{name}`: {error}"));
            }
        }
    }
    if delivery.receivers.is_empty() {
        let how = "`plimsoll alerts setup discord` makes a receiver";
        report.notes.push(format!("nobody is told but the terminal: {how}"));
    }
}

/// Somebody outside who notices when this process dies.
fn watcher(effective: &Effective, report: &mut Report) {
    let deadman = &effective.config.deadman;
    if deadman.url.is_some() || deadman.listen.is_some() {
        return;
    }
    let text = "nobody outside notices when this process dies: set `alerts.deadman.url` or \
                `listen`, and `plimsoll watch` on another host";
    report.must_in_prod(effective, [text.to_owned()]);
}

impl Report {
    /// What must be repaired in prod, and is a remark elsewhere.
    fn must_in_prod(&mut self, effective: &Effective, texts: impl IntoIterator<Item = String>) {
        match effective.profile.as_deref() {
            Some("prod") => self.problems.extend(texts),
            _ => self.notes.extend(texts),
        }
    }
}

fn print(args: &CheckArgs, report: &Report) {
    if args.json {
        let shown = json!({
            "version": 1,
            "rules": report.rules,
            "receivers": report.receivers,
            "problems": report.problems,
            "notes": report.notes,
        });
        println!("{shown:#}");
        return;
    }
    report.problems.iter().for_each(|problem| println!("problem: {problem}"));
    report.notes.iter().for_each(|note| println!("note: {note}"));
    println!(
        "{} rules on, {} receivers, {} problems",
        report.rules,
        report.receivers,
        report.problems.len()
    );
}
