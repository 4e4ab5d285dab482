//! `plimsoll alerts rules`: the rules that there are, on and off.

use std::fmt::Write as _;
use std::io;

use clap::{Args, ValueEnum};
use plimsoll_alerts::{Audience, Entry, Rule};
use serde_json::json;

use super::effective::{Effective, effective};
use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure};
use crate::grid;
use crate::store::Rows;

/// Arguments of `plimsoll alerts rules`.
#[derive(Debug, Args)]
#[command(after_help = "\
Switch one on with `alerts.rules.enable`, off with `alerts.rules.disable`, change it with `alerts.rules.change.NAME`,
add your own with `alerts.rules.own`; limits stand in the section `limits`.

Examples:
  plimsoll alerts rules
  plimsoll alerts rules drawdown_kill                  one of them, with everything
  plimsoll alerts rules --format json")]
pub(crate) struct RulesArgs {
    /// Only this rule, with everything that is known of it
    name: Option<String>,
    /// Also the parts that other rules are made of
    #[arg(long)]
    parts: bool,
    /// How they are printed
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    config: ConfigArgs,
}

/// How rules are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns in line
    Table,
    /// Comma-separated, with a header
    Csv,
    /// One JSON object: version and rules
    Json,
    /// A page of documentation
    Markdown,
}

/// A rule, where it comes from, and whether it is on.
struct Listed {
    entry: Entry,
    is_own: bool,
}

pub(crate) fn run(args: &RulesArgs) -> Result<Exit, Failure> {
    let all = listed(&effective(&args.config)?);
    if let Some(name) = &args.name {
        let found = all.iter().find(|listed| listed.entry.rule.name == *name);
        let found = found.ok_or_else(|| {
            Failure::new(anyhow::anyhow!("no rule is called `{name}`"))
                .with_hint("`plimsoll alerts rules --parts` lists all of them")
        })?;
        match args.format {
            Format::Json => println!("{:#}", json!({"version": 1, "rule": data(found)})),
            _ => print!("{}", section(found)),
        }
        return Ok(Exit::Fine);
    }
    let is_asked = |listed: &&Listed| args.parts || listed.entry.rule.audience == Audience::People;
    let asked: Vec<&Listed> = all.iter().filter(is_asked).collect();
    match args.format {
        Format::Json => {
            let rules: Vec<_> = asked.into_iter().map(data).collect();
            println!("{:#}", json!({"version": 1, "rules": rules}));
        }
        Format::Markdown => print!("{}", page(&asked)),
        Format::Table => grid::print(&rows(&asked), grid::Format::Table, &mut io::stdout())?,
        Format::Csv => grid::print(&rows(&asked), grid::Format::Csv, &mut io::stdout())?,
    }
    Ok(Exit::Fine)
}

fn listed(effective: &Effective) -> Vec<Listed> {
    let rules = &effective.config.rules;
    let own = rules.rules(&effective.limits);
    let own = own.into_iter().filter(|rule| rules.own.iter().any(|own| own.name == rule.name));
    let catalogue = rules.catalogue(&effective.limits).into_iter();
    let catalogue = catalogue.map(|entry| Listed { entry, is_own: false });
    catalogue.chain(own.map(|rule| Listed { entry: Entry::own(rule), is_own: true })).collect()
}

fn rows(listed: &[&Listed]) -> Rows {
    let columns = ["rule", "on", "severity", "condition", "reads", "meaning"];
    let of = |listed: &&Listed| {
        let rule = &listed.entry.rule;
        vec![
            rule.name.as_str().into(),
            if listed.entry.is_on { "on" } else { "off" }.into(),
            rule.severity.as_str().into(),
            condition(rule).into(),
            listed.entry.places().join(" ").into(),
            rule.text.meaning.as_str().into(),
        ]
    };
    Rows {
        columns: columns.map(str::to_owned).into(),
        rows: listed.iter().map(of).collect(),
        is_cut: false,
    }
}

fn data(listed: &Listed) -> serde_json::Value {
    let entry = &listed.entry;
    json!({
        "is_on": entry.is_on,
        "is_own": listed.is_own,
        "limit": entry.limit,
        "reads": entry.places(),
        "condition": condition(&entry.rule),
        "rule": entry.rule,
    })
}

/// When it fires, in words.
fn condition(rule: &Rule) -> String {
    let mut text = rule.condition.words(rule.text.unit);
    if !rule.pending_for.is_zero() {
        let _written = write!(text, " for {} s", rule.pending_for.as_secs_f64());
    }
    if rule.resolve == plimsoll_alerts::Resolve::Manual {
        text.push_str(", latched");
    }
    text
}

/// Every rule as a page; those of one title are one section, because a runbook points to it.
fn page(listed: &[&Listed]) -> String {
    let mut page = String::from(
        "# Rules\n\nThe rules that come with it, with the limits that hold without a configuration. This page is what\n\
         `plimsoll alerts rules --format markdown` prints. A rule's name is what `alerts.rules.enable`, `disable` and\n\
         `change` take.\n",
    );
    let mut titles: Vec<&str> = Vec::new();
    for listed in listed {
        let title = listed.entry.rule.text.title.as_str();
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    for title in titles {
        let _written = write!(page, "\n## {title}\n\n");
        let same = listed.iter().filter(|listed| listed.entry.rule.text.title == title);
        same.for_each(|listed| page.push_str(&item(listed)));
    }
    page
}

fn section(listed: &Listed) -> String {
    let rule = &listed.entry.rule;
    let title = if rule.text.title.is_empty() { &rule.name } else { &rule.text.title };
    format!("# {title}\n\n{}", item(listed))
}

fn item(listed: &Listed) -> String {
    let entry = &listed.entry;
    let (rule, text) = (&entry.rule, &entry.rule.text);
    let state = if entry.is_on { "on" } else { "off until enabled" };
    let severity = rule.severity.as_str();
    let mut item = format!("- `{}` ({severity}, {state}): {}.\n", rule.name, condition(rule));
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _written = writeln!(item, "  - {name}: {value}");
        }
    };
    line("means", &text.meaning);
    line("do", &text.action);
    let reads: Vec<String> = entry.places().iter().map(|place| format!("`{place}`")).collect();
    line("reads", &reads.join(", "));
    line(
        "without data",
        &format!("{} s: {}", rule.absent.after.as_secs(), rule.absent.severity.as_str()),
    );
    line("limit", &entry.limit.as_ref().map(|l| format!("`limits.{l}`")).unwrap_or_default());
    line("source", &text.source);
    item
}
