//! A copy into a QuestDB that is killed while it goes on: counts and checksums equal, nothing twice.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use plimsoll_metrics::read::{Datum, Store};
use plimsoll_metrics::{
    Batch, Cell, Durability, Fill, Pnl, Rows, Schema, Sink as _, SqliteOptions, SqliteSink,
    Symbols, Table as _, schema::leading,
};
use serde_json::Value;

use super::Live;
use super::questdb_server::{QuestDb, Start};
use crate::steps::Outcome;
use crate::{command, machine};

/// Yesterday is within every time to live; rows of it lie at least this far back.
const AGO_NS: i64 = 24 * 3_600 * 1_000_000_000;
const BATCH: u64 = 10_000;
const LIMIT: Duration = Duration::from_secs(20 * 60);
const POLL: Duration = Duration::from_millis(5);

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let rows = live.count(50_000, 1_000_000);
    let mut server = match QuestDb::start(live.workspace)? {
        Start::Running(server) => server,
        Start::Unavailable(why) => return Ok(Outcome::Skipped(why)),
    };
    let program = build(live)?;
    let dir = tempfile::tempdir().context("no temporary directory")?;
    let store = dir.path().join("history.db");
    fill(&store, rows)?;
    let begun = machine::now();
    // The first kill takes the copy with it, and it is run again; the second one it lives through.
    let mut first = start(&program, &store, &server, &[])?;
    wait_for(&server, rows / 5, &mut first)?;
    first.kill().context("cannot kill the copy")?;
    first.wait().context("cannot wait for the copy")?;
    server.kill9()?;
    server.restart()?;
    let mut second = start(&program, &store, &server, &[])?;
    wait_for(&server, rows / 2, &mut second)?;
    server.kill9()?;
    server.restart()?;
    let told = finish(second)?;
    let seconds = begun.elapsed().as_secs_f64();
    let again = finish(start(&program, &store, &server, &["--dry-run"])?)?;
    check_told(&told, &again, rows)?;
    let sums = check_sums(&server, &store, rows)?;
    Ok(Outcome::Passed(format!(
        "{rows} rows in two tables, QuestDB killed -9 twice and the copy once: counts and checksums equal, {sums}, none twice; {seconds:.0} s with both restarts"
    )))
}

fn build(live: &Live<'_>) -> anyhow::Result<std::path::PathBuf> {
    let mut cargo =
        live.workspace.cargo(["build", "--quiet", "-p", "plimsoll", "--bin", "plimsoll"]);
    command::stdout_of(&mut cargo, LIMIT)?;
    let scratch = live.workspace.scratch()?;
    let target = scratch.parent().context("no target directory")?;
    Ok(target.join("debug/plimsoll"))
}

/// Rows of two tables, one of them with an identity of the venue's, labels, texts and unknown values.
fn fill(store: &Path, rows: u64) -> anyhow::Result<()> {
    let options = SqliteOptions::default().with_durability(Durability::Process);
    let mut sink = SqliteSink::open(store, options)?;
    let first_ns = i64::try_from(machine::since_epoch().as_nanos())? - AGO_NS;
    let mut symbols = Symbols::default();
    for schema in [&Pnl::SCHEMA, &Fill::SCHEMA] {
        sink.prepare(schema)?;
        for from in (0..rows / 2).step_by(usize::try_from(BATCH)?) {
            let mut some = Rows::default();
            for n in from..(from + BATCH).min(rows / 2) {
                push(schema, i64::try_from(n)?, first_ns, &mut symbols, &mut some);
            }
            sink.write(&Batch::new(schema, &symbols, &some))?;
        }
    }
    Ok(())
}

/// Every fourth moment is shared by two rows; every seventh value is unknown.
fn push(schema: &Schema, n: i64, first_ns: i64, symbols: &mut Symbols, to: &mut Rows) {
    use plimsoll_metrics::ColumnType;
    let ts = first_ns + (n - i64::from(n % 4 == 3)) * 1_000_003;
    for (at, column) in schema.all_columns().enumerate() {
        let at_i = i64::try_from(at).unwrap_or_default();
        let cell = match (at, column.ty) {
            (leading::TS, _) => Cell::Timestamp(ts),
            (leading::RUN, _) => Cell::Long(7),
            (leading::SEQ, _) => Cell::Long(n),
            (leading::FLAGS, _) => Cell::Long(0),
            (_, ColumnType::Symbol) if at < leading::COUNT || (n + at_i) % 3 > 0 => {
                let label = match n % 3 {
                    0 => "a",
                    1 => "two words",
                    _ => "Ω, \"=\" ☃",
                };
                Cell::Symbol(symbols.intern(label))
            }
            (_, ColumnType::Varchar) => {
                to.push_text(&format!("{}-{n}", column.name));
                continue;
            }
            _ if (n + at_i) % 7 == 0 && at >= leading::COUNT => Cell::Null,
            (_, ColumnType::Double) => Cell::Double((n * 31 + at_i) as f64 / 7.0),
            (_, ColumnType::Long) => Cell::Long(n * 31 + at_i),
            (_, ColumnType::Int) => Cell::Long(n % 2),
            (_, ColumnType::Timestamp) => Cell::Timestamp(ts + 1),
            _ => Cell::Null,
        };
        to.push(cell);
    }
    to.end_row();
}

fn start(program: &Path, store: &Path, server: &QuestDb, more: &[&str]) -> anyhow::Result<Child> {
    let mut copy = Command::new(program);
    copy.args(["metrics", "copy", "--create", "--format", "json", "--patience", "120", "--from"]);
    copy.arg(store).args(["--to", &format!("http://{}", server.http_addr())]).args(more);
    copy.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    copy.spawn().context("cannot start the copy")
}

/// Waits until the server has that many rows and the copy is not over.
fn wait_for(server: &QuestDb, rows: u64, copy: &mut Child) -> anyhow::Result<()> {
    let begun = machine::now();
    loop {
        let tables = ["trading_pnl", "trading_fills"];
        let found = tables.map(|table| count(server, table).unwrap_or_default());
        if found.iter().sum::<u64>() >= rows {
            break;
        }
        ensure!(begun.elapsed() < LIMIT, "{found:?} rows after {} s", LIMIT.as_secs());
        ensure!(copy.try_wait()?.is_none(), "the copy has ended with {found:?} rows");
        machine::pause(POLL);
    }
    ensure!(copy.try_wait()?.is_none(), "the copy was over before the kill; it proves nothing");
    Ok(())
}

fn count(server: &QuestDb, table: &str) -> Option<u64> {
    server.query(&format!("SELECT count() FROM {table}")).ok()?.pointer("/dataset/0/0")?.as_u64()
}

/// The figures that a copy printed; an error unless it says that all is there.
fn finish(copy: Child) -> anyhow::Result<Vec<Value>> {
    let output = copy.wait_with_output().context("cannot wait for the copy")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the copy ended with {}: {errors}", output.status);
    let told: Value = serde_json::from_slice(&output.stdout).context("the figures are no JSON")?;
    let list = |name: &str| told.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let names: Vec<String> =
        list("columns").iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect();
    let named = |row: &Value| {
        let cells = row.as_array().into_iter().flatten().cloned();
        Value::Object(names.iter().cloned().zip(cells).collect())
    };
    Ok(list("rows").iter().map(named).collect())
}

fn check_told(told: &[Value], again: &[Value], rows: u64) -> anyhow::Result<()> {
    let sum =
        |of: &[Value], name: &str| of.iter().filter_map(|row| row.get(name)?.as_u64()).sum::<u64>();
    ensure!(sum(told, "rows") == rows && sum(told, "found") == rows, "{told:?}");
    ensure!(sum(told, "others") == 0, "rows twice: {told:?}");
    ensure!(sum(told, "there") > 0 && sum(told, "sent") < rows, "nothing was resumed: {told:?}");
    let is_equal = |row: &Value| row.get("checksum") == row.get("found_checksum");
    ensure!(told.iter().all(is_equal), "{told:?}");
    ensure!(sum(again, "there") == rows && sum(again, "sent") == 0, "{again:?}");
    Ok(())
}

/// Figures that neither store computes with code of ours.
fn check_sums(server: &QuestDb, store: &Path, rows: u64) -> anyhow::Result<String> {
    let store = Store::open(store)?;
    let mut sums = Vec::new();
    for (table, id) in [("trading_pnl", "seq"), ("trading_fills", "trade_id")] {
        let there = server
            .query(&format!("SELECT count(), count_distinct({id}), sum(seq) FROM {table}"))?;
        let numbers: Vec<i64> = (0..3)
            .filter_map(|at| there.pointer(&format!("/dataset/0/{at}")).and_then(Value::as_i64))
            .collect();
        let sql = format!("SELECT count(*), count(DISTINCT {id}), sum(seq) FROM {table}");
        let here = store.query(&sql, 1)?.rows;
        let here: Vec<i64> = here.iter().flatten().filter_map(long).collect();
        ensure!(numbers == here && here.len() == 3, "{table}: QuestDB {numbers:?}, file {here:?}");
        ensure!(here.first() == Some(&i64::try_from(rows / 2)?), "{table}: {here:?}");
        sums.push(here.last().copied().unwrap_or_default().to_string());
    }
    Ok(format!("sums of `seq` by either store's own SQL {}", sums.join(" and ")))
}

fn long(datum: &Datum) -> Option<i64> {
    if let Datum::Long(number) = datum { Some(*number) } else { None }
}
