//! Names in the SQL of a query: tables, columns and macros.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Findings, Known, Lint, text};
use crate::grafana::rules::is_source_type;

/// Macros of QuestDB's plugin.
const PLUGIN: [&str; 5] =
    ["$__timeFilter", "$__fromTime", "$__toTime", "$__sampleByInterval", "$__conditionalAll"];
/// Macros of the `PostgreSQL` data source that QuestDB understands the result of.
const POSTGRES: [&str; 3] = ["$__timeFrom", "$__timeTo", "$__interval"];

/// Words of SQL that are no names.
const WORDS: &str = " select from where and or not in is null as by group order limit asc desc case when then else end \
union all distinct sample align to calendar latest on partition over rows between unbounded preceding following current row \
double varchar timestamp timestamp_ns long int symbol true false with having join inner left asof fill prev linear none like ilike ";

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A bare or quoted name.
    Name(String),
    /// A `$__macro`.
    Macro(String),
    /// A sign.
    Sign(char),
}

/// `of` is the SQL and the query that has it.
pub(super) fn check(
    path: &str,
    place: &str,
    of: (&str, &Value),
    known: &Known<'_>,
    findings: &mut Findings,
) {
    let (sql, query) = of;
    let tokens = tokens(sql);
    macros(path, place, (&tokens, query), findings);
    let mut aliases = BTreeSet::new();
    let mut tables = Vec::new();
    for pair in tokens.windows(2) {
        if let [Token::Name(word), Token::Name(name)] = pair {
            match word.to_ascii_lowercase().as_str() {
                "as" => drop(aliases.insert(name.as_str())),
                "from" | "join" => tables.push(name.as_str()),
                _ => {}
            }
        }
    }
    let mut there = Vec::new();
    for name in &tables {
        match name.strip_prefix(known.prefix).and_then(|name| known.tables.get(name)) {
            Some(table) => there.push(table),
            None => findings.add(Lint::Table, path, format!("{place}: no table `{name}`")),
        }
    }
    if there.is_empty() {
        return;
    }
    let mut told = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Name(name) = token else { continue };
        let is_function = tokens.get(at.saturating_add(1)) == Some(&Token::Sign('('));
        let is_word = WORDS.contains(&format!(" {} ", name.to_ascii_lowercase()));
        let is_known = is_function
            || is_word
            || is_span(name)
            || aliases.contains(name.as_str())
            || tables.contains(&name.as_str())
            || there.iter().any(|table| table.has(name));
        if !is_known && told.insert(name) {
            findings.add(Lint::Column, path, format!("{place}: no column `{name}`"));
        }
    }
}

/// A span of `SAMPLE BY`, such as `1m`.
fn is_span(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_digit())
}

fn macros(path: &str, place: &str, of: (&[Token], &Value), findings: &mut Findings) {
    let (tokens, query) = of;
    let ty = query.get("datasource").and_then(|source| text(source, "type")).unwrap_or_default();
    if !is_source_type(ty) {
        findings.add(Lint::Source, path, format!("{place}: no data source of type `{ty}`"));
        return;
    }
    let is_plugin = ty.starts_with("questdb");
    let allowed: &[&str] = if is_plugin { &PLUGIN } else { &POSTGRES };
    let mut is_bounded = false;
    for (at, token) in tokens.iter().enumerate() {
        let Token::Macro(name) = token else { continue };
        is_bounded |= name.contains("Time") || name.contains("time");
        let is_call = tokens.get(at.saturating_add(1)) == Some(&Token::Sign('('));
        // Without its brackets PostgreSQL's macro stays as it is, and QuestDB refuses it.
        let lacks_call = name.starts_with("$__time") && !is_call;
        if !allowed.contains(&name.as_str()) || lacks_call {
            findings.add(Lint::Macro, path, format!("{place}: `{name}` does not work with `{ty}`"));
        }
    }
    if !is_bounded {
        findings.add(Lint::TimeFilter, path, format!("{place}: its query reads all of time"));
    }
}

fn tokens(sql: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut rest = sql.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            // A doubled quote ends one text and begins the next, which comes to the same.
            '\'' => drop(rest.by_ref().find(|end| *end == '\'')),
            '"' => out.push(Token::Name(rest.by_ref().take_while(|end| *end != '"').collect())),
            '$' if rest.peek() == Some(&'{') => drop(rest.by_ref().find(|end| *end == '}')),
            c if c == '$' || c == '_' || c.is_alphanumeric() => {
                let mut word = String::from(c);
                while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
                {
                    word.push(c);
                }
                let is_number = word.parse::<f64>().is_ok();
                if word.starts_with("$__") {
                    out.push(Token::Macro(word));
                } else if !is_number {
                    out.push(Token::Name(word));
                }
            }
            c if c.is_whitespace() => {}
            c => out.push(Token::Sign(c)),
        }
    }
    out
}
