//! `plimsoll grafana try`.

use std::io::Write as _;

use clap::Args;
use plimsoll_board::query::{DataSource, Query};
use plimsoll_board::{Board, Cell, Data, Dialect, Scope, Unrendered};
use serde_json::{Value, json};

use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure};
use crate::moment;
use crate::store::{Reading, Rows, StoreArgs};

const ROWS_MAX: usize = 20_000;
const DAY_NS: i64 = 86_400_000_000_000;
const SEC_NS: i64 = 1_000_000_000;

/// Arguments of `plimsoll grafana try`.
#[derive(Debug, Args)]
pub(crate) struct TryArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Before each table's name, such as bt_
    #[arg(long, default_value = "")]
    prefix: String,
    /// Beginning of the range, UTC [default: a day before its end]
    #[arg(long, value_name = "TIME", value_parser = moment::parse_ns)]
    from: Option<i64>,
    /// End of the range, UTC [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment::parse_ns)]
    to: Option<i64>,
    /// Steps of pictures over time
    #[arg(long, default_value = "300", value_name = "N")]
    points: u32,
    /// Print every answer as JSON, `plimsoll.grafana.try/1`
    #[arg(long)]
    json: bool,
}

/// One query and what came of it.
struct Tried {
    name: String,
    answer: Result<Data, String>,
    /// How many texts for Grafana ran, and the first that did not.
    for_grafana: (usize, Option<String>),
}

pub(crate) fn run(args: &TryArgs) -> Result<Exit, Failure> {
    let board = super::board(&ConfigArgs::default())?;
    let to = args.to.unwrap_or_else(moment::now_ns);
    let from = args.from.unwrap_or_else(|| to.saturating_sub(DAY_NS));
    let scope = Scope::new(from, to, args.points).with_prefix(args.prefix.clone());
    let mut store = args.store.open()?;
    let mut tried = Vec::new();
    for (name, query, is_rule) in queries(&board)? {
        let dialect = match store {
            Reading::File(_) => Dialect::Sqlite,
            Reading::Server(_) => Dialect::QuestDb,
        };
        let answer = store.query(&query.sql(dialect, &scope), ROWS_MAX);
        let answer = answer.map(|rows| query.read(rows_of(rows))).map_err(|e| text(&e));
        let for_grafana = if dialect == Dialect::QuestDb {
            grafana_texts(&mut store, (&query, is_rule), &scope)
        } else {
            (0, None)
        };
        tried.push(Tried { name, answer, for_grafana });
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        let all: Vec<Value> = tried.iter().map(Tried::json).collect();
        writeln!(out, "{}", json!({ "schema": "plimsoll.grafana.try/1", "queries": all }))?;
    } else {
        tell(&tried, &mut out)?;
    }
    let is_fine = |tried: &Tried| tried.answer.is_ok() && tried.for_grafana.1.is_none();
    Ok(if tried.iter().all(is_fine) { Exit::Fine } else { Exit::Finding })
}

/// Every query by name, and whether it is a rule's.
fn queries(board: &Board) -> Result<Vec<(String, Query, bool)>, Failure> {
    let mut all = Vec::new();
    for dashboard in &board.dashboards {
        for panel in &dashboard.panels {
            all.push((format!("{}/{}", dashboard.id, panel.id), panel.query.clone(), false));
        }
    }
    for rule in &board.rules {
        match rule.query(&board.tables) {
            Ok((query, _)) => all.push((format!("rule/{}", rule.name), query, true)),
            // The engine works with what no table has.
            Err(Unrendered::Engine { .. } | Unrendered::Query { .. }) => {}
            Err(other) => return Err(Failure::new(other)),
        }
    }
    Ok(all)
}

/// Runs what Grafana would send, its macros filled in as each data source does.
fn grafana_texts(
    store: &mut Reading,
    (query, is_rule): (&Query, bool),
    scope: &Scope,
) -> (usize, Option<String>) {
    let mut count = 0_usize;
    for source in [DataSource::Plugin, DataSource::Postgres] {
        let sql = if is_rule {
            query.grafana_rule_sql(source, &scope.prefix)
        } else {
            query.grafana_sql(source, &scope.prefix)
        };
        match store.query(&filled_in(&sql, scope), ROWS_MAX) {
            Ok(_) => count = count.saturating_add(1),
            Err(error) => return (count, Some(format!("{source:?}: {}", text(&error)))),
        }
    }
    (count, None)
}

fn filled_in(sql: &str, scope: &Scope) -> String {
    let moment = |ns: i64| format!("cast({} as timestamp)", ns / 1_000);
    let (from, to) = (moment(scope.from_ns), moment(scope.to_ns));
    let step = format!("{}s", (scope.step_ns / SEC_NS).max(1));
    let sql = sql
        .replace("$__timeFilter(ts)", &format!("ts >= {from} AND ts <= {to}"))
        .replace("$__timeFrom()", &from)
        .replace("$__timeTo()", &to)
        .replace("$__fromTime", &from)
        .replace("$__toTime", &to)
        .replace("$__sampleByInterval", &step)
        .replace("$__interval", &step);
    // Every variable at its value for everything.
    let mut out = String::new();
    let mut rest = sql.as_str();
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        out.push_str(&format!("'{}'", plimsoll_board::query::EVERYTHING));
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out
}

fn rows_of(rows: Rows) -> impl Iterator<Item = Vec<Cell>> {
    rows.rows.into_iter().map(|row| row.into_iter().map(cell).collect())
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Number(number) => number
            .as_i64()
            .map_or_else(|| number.as_f64().map_or(Cell::Null, Cell::Number), Cell::Integer),
        Value::String(text) => Cell::Text(text),
        Value::Bool(yes) => Cell::Integer(i64::from(yes)),
        _ => Cell::Null,
    }
}

fn text(error: &Failure) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

impl Tried {
    fn json(&self) -> Value {
        let value = |cell: &Cell| match cell {
            Cell::Integer(v) | Cell::Moment(v) => json!(v),
            Cell::Number(v) => json!(v),
            Cell::Text(v) => json!(v),
            _ => Value::Null,
        };
        let (columns, rows, error) = match &self.answer {
            Ok(data) => {
                let names = data.columns.iter().map(|column| column.name.as_str()).collect();
                let rows = data.rows.iter().map(|row| row.iter().map(value).collect::<Vec<_>>());
                (names, rows.collect(), None)
            }
            Err(error) => (Vec::new(), Vec::new(), Some(error)),
        };
        json!({
            "name": self.name, "columns": columns, "rows": rows, "error": error,
            "grafana_texts": self.for_grafana.0, "grafana_error": self.for_grafana.1,
        })
    }
}

fn tell(tried: &[Tried], out: &mut impl std::io::Write) -> std::io::Result<()> {
    let (mut empty, mut failed, mut texts) = (0_usize, 0_usize, 0_usize);
    for Tried { name, answer, for_grafana } in tried {
        texts = texts.saturating_add(for_grafana.0);
        match (answer, &for_grafana.1) {
            (Err(error), _) | (_, Some(error)) => {
                failed = failed.saturating_add(1);
                writeln!(out, "failed  {name}: {error}")?;
            }
            (Ok(data), None) if data.is_empty() => {
                empty = empty.saturating_add(1);
                writeln!(out, "empty   {name}")?;
            }
            (Ok(data), None) => writeln!(out, "{:>6}  {name}", data.rows.len())?,
        }
    }
    writeln!(
        out,
        "{} queries, {failed} failed, {empty} empty; {texts} texts for Grafana ran",
        tried.len()
    )
}
