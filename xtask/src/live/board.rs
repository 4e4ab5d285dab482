//! Every query of every panel and rule on both stores, over a demo's rows and generated ones: the same figures.

mod rows;

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use plimsoll_metrics::{Metrics, Mode, Options};
use serde_json::Value;

use super::Live;
use super::questdb_server::{QuestDb, Start};
use crate::command;
use crate::steps::Outcome;

const BUILD_LIMIT: Duration = Duration::from_secs(25 * 60);
const LIMIT: Duration = Duration::from_secs(5 * 60);
/// Of sums, last values and everything else that is no percentile.
const EXACT: f64 = 1e-9;
/// Of percentiles: one store ranks, the other has buckets.
const PERCENTILE: f64 = 0.01;
/// Its moments are the wall clock's, and each store had its own producers, one after the other.
const BEATS: &str = "rule/heartbeat";
/// Half an hour of the years since 1970.
const MOMENTS: f64 = 1e-6;
/// From now to the end of all rows, s: producers' own counts have the wall clock, and lie before it.
const AHEAD_SECS: i64 = 1_800;
/// Behind the last row, s, so that rules over five minutes still have rows.
const AFTER_SECS: i64 = 30;
const DAY_SECS: i64 = 86_400;

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let server = match QuestDb::start(live.workspace)? {
        Start::Running(server) => server,
        Start::Unavailable(why) => return Ok(Outcome::Skipped(why)),
    };
    let url = format!("http://{}", server.http_addr());
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("demo.db");
    let store = file.to_str().context("the path is no text")?;
    command::stdout_of(&mut live.workspace.cargo(["build", "-q", "-p", "plimsoll"]), BUILD_LIMIT)?;
    let end_secs = now_secs()? + AHEAD_SECS;
    let end = date(end_secs)?;
    // Fewer rows leave panels empty, and take no less time: the build is most of it.
    plimsoll(live, &["demo", "--fast", "--store", store, "--questdb", &url, "--end", &end])?;
    let steps = 4_000;
    let end_ns = end_secs * 1_000_000_000;
    generate(&Options::embedded(&file, Mode::Replay), steps, end_ns)?;
    let spool = dir.path().join("questdb.spool");
    let options = Options::connect(&url, &spool, Mode::Replay).with_creates_tables(true);
    generate(&options, steps, end_ns)?;
    // Tables that nobody wrote to are there too, as in a store that was set up.
    plimsoll(live, &["tables", "apply", "--store", &url, "--prefix", "bt_"])?;
    server.query_until(
        "SELECT count() FROM tables() WHERE walEnabled AND wal_txn <> table_txn",
        |reply| reply.pointer("/dataset/0/0").and_then(Value::as_u64) == Some(0),
    )?;
    let (from, to) = (date(end_secs - DAY_SECS)?, date(end_secs + AFTER_SECS)?);
    let range = ["--from", &from, "--to", &to, "--points", "400", "--json", "--store"];
    let ask = |more: &[&str]| -> anyhow::Result<Vec<Value>> {
        let out = plimsoll(live, &[&["grafana", "try"], &range[..], more].concat())?;
        let reply: Value = serde_json::from_str(&out).context("the answers are no JSON")?;
        let all = reply.get("queries").and_then(Value::as_array).context("no answers")?;
        Ok(all.clone())
    };
    let embedded = ask(&[store])?;
    let questdb = ask(&[&url, "--prefix", "bt_"])?;
    judge(&embedded, &questdb)
}

fn now_secs() -> anyhow::Result<i64> {
    let text = command::stdout_of(Command::new("date").args(["-u", "+%s"]), LIMIT)?;
    text.trim().parse().context("`date` gives no number")
}

/// RFC 3339, UTC.
fn date(secs: i64) -> anyhow::Result<String> {
    let of = format!("@{secs}");
    let mut date = Command::new("date");
    date.args(["-u", "-d", &of, "+%Y-%m-%dT%H:%M:%SZ"]);
    Ok(command::stdout_of(&mut date, LIMIT)?.trim().to_owned())
}

fn generate(options: &Options, steps: u64, end_ns: i64) -> anyhow::Result<()> {
    let metrics = Metrics::open(options)?;
    rows::emit(&metrics, steps, end_ns)?;
    let counts = metrics.close(Duration::from_secs(60))?;
    ensure!(counts.dropped_rows == 0, "{} generated rows were dropped", counts.dropped_rows);
    Ok(())
}

fn plimsoll(live: &Live<'_>, args: &[&str]) -> anyhow::Result<String> {
    let mut run = live.workspace.cargo(["run", "-q", "-p", "plimsoll", "--"]);
    run.args(args);
    command::stdout_of(&mut run, LIMIT).with_context(|| format!("`plimsoll {}`", args.join(" ")))
}

/// What was compared, and what differed.
#[derive(Debug, Default)]
struct Tally {
    panels: usize,
    rules: usize,
    cells: usize,
    percentiles: usize,
    texts: u64,
    empty_rules: usize,
    wrong: Vec<String>,
}

fn judge(embedded: &[Value], questdb: &[Value]) -> anyhow::Result<Outcome> {
    ensure!(embedded.len() == questdb.len(), "the stores were asked different things");
    let mut tally = Tally::default();
    for (ours, theirs) in embedded.iter().zip(questdb) {
        tally.add(ours, theirs)?;
    }
    let Tally { panels, rules, cells, percentiles, texts, empty_rules, wrong } = &tally;
    let figure = format!(
        "{} queries ({panels} panels, {rules} rules) on both stores, {cells} cells equal to 1e-9 and {percentiles} percentiles to 1 %, no panel empty, {empty_rules} rules without an instance; {texts} texts for Grafana ran",
        panels + rules
    );
    Ok(match wrong.first() {
        None => Outcome::Passed(figure),
        Some(first) => Outcome::Failed(format!("{} wrong, first: {first}; {figure}", wrong.len())),
    })
}

impl Tally {
    fn add(&mut self, ours: &Value, theirs: &Value) -> anyhow::Result<()> {
        let name = ours.get("name").and_then(Value::as_str).context("a query without a name")?;
        let is_rule = name.starts_with("rule/");
        *(if is_rule { &mut self.rules } else { &mut self.panels }) += 1;
        for (store, answer) in [("embedded", ours), ("QuestDB", theirs)] {
            for key in ["error", "grafana_error"] {
                if let Some(error) = answer.get(key).and_then(Value::as_str) {
                    self.wrong.push(format!("{name} on {store}: {error}"));
                }
            }
        }
        self.texts += theirs.get("grafana_texts").and_then(Value::as_u64).unwrap_or(0);
        let (ours_rows, theirs_rows) = (items(ours, "rows"), items(theirs, "rows"));
        if ours_rows.len() != theirs_rows.len() {
            let (a, b) = (ours_rows.len(), theirs_rows.len());
            self.wrong.push(format!("{name}: {a} rows embedded, {b} in QuestDB"));
        }
        let has_value =
            |row: &Value| row.as_array().is_some_and(|cells| cells.iter().any(Value::is_number));
        let is_empty = !ours_rows.iter().any(has_value);
        match (is_empty, is_rule) {
            (true, true) => self.empty_rules += 1,
            (true, false) => self.wrong.push(format!("{name} is empty")),
            (false, _) => {}
        }
        let columns = items(ours, "columns");
        for (a, b) in ours_rows.iter().zip(theirs_rows) {
            let cells = a.as_array().into_iter().flatten().zip(b.as_array().into_iter().flatten());
            for ((a, b), column) in cells.zip(columns) {
                self.cell(name, column.as_str().unwrap_or_default(), (a, b));
            }
        }
        Ok(())
    }

    fn cell(&mut self, name: &str, column: &str, (a, b): (&Value, &Value)) {
        let is_percentile = ["p50", "p95", "p99"].iter().any(|word| column.contains(word));
        let tolerance = match name {
            BEATS => MOMENTS,
            _ if is_percentile => PERCENTILE,
            _ => EXACT,
        };
        *(if is_percentile { &mut self.percentiles } else { &mut self.cells }) += 1;
        let is_same = match (a.as_f64(), b.as_f64()) {
            // Moments are whole and exact.
            _ if a == b => true,
            (Some(a), Some(b)) => (a - b).abs() <= tolerance * a.abs().max(b.abs()),
            _ => false,
        };
        if !is_same {
            self.wrong.push(format!("{name}.{column}: {a} embedded, {b} in QuestDB"));
        }
    }
}

fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
