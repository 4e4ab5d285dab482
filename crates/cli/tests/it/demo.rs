use std::fs;
use std::path::Path;
use std::process::Command;

use plimsoll_metrics::read::{Datum, Store};
use plimsoll_metrics::{Auth, HttpClient, HttpOptions};
use serde_json::Value;

use crate::run::{Running, ended, plimsoll};

/// A short, busy stretch of the sample, with the script's refusals, withdrawal and broken line.
const SHORT: [&str; 4] = ["--from", "2007-01-01", "--to", "2009-01-01"];
const END: &str = "2026-01-31T00:00:00Z";

/// Columns that differ from process to process.
const OF_THE_PROCESS: [&str; 1] = ["run"];

#[track_caller]
fn demo(dir: &Path, args: &[&str]) -> crate::run::Ran {
    plimsoll(dir, &[&["demo"], args].concat())
}

#[test]
fn demo_ends_with_a_table_whose_figures_agree_and_commands_that_work() {
    let dir = tempfile::tempdir().unwrap();
    let ran = demo(dir.path(), &["--fast"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("store equals books: yes"), "{}", ran.out);
    assert!(ran.out.contains("equity, USDC"), "{}", ran.out);
    assert!(ran.err.contains("100 %"), "{}", ran.err);
    assert!(!ran.err.contains('\x1b'), "no control codes where no terminal is: {}", ran.err);
    assert!(dir.path().join("runs/demo.db").is_file());
    let (_, commands) = ran.out.split_once("Try next:").unwrap();
    let commands: Vec<&str> = commands.lines().map(str::trim).filter(|c| !c.is_empty()).collect();
    assert!(commands.len() >= 2, "{commands:?}");
    for command in commands {
        let ran = ended(Command::new("sh").args(["-c", command]).current_dir(dir.path()));
        assert_eq!(ran.code, 0, "`{command}`: {ran:?}");
        assert!(!ran.out.is_empty(), "`{command}` says nothing");
    }
}

#[test]
fn json_is_one_object_with_a_version() {
    let dir = tempfile::tempdir().unwrap();
    let ran = demo(dir.path(), &[&SHORT[..], &["--fast", "--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["schema"], "plimsoll.demo/1");
    assert_eq!(report["store_equals_books"], true);
    assert_eq!(report["complete"], true);
    assert_eq!(report["rows"]["dropped"], 0);
    assert!(report["figures"].as_array().unwrap().len() > 15, "{report}");
}

#[test]
fn fast_and_paced_store_the_same_rows() {
    let dir = tempfile::tempdir().unwrap();
    let fast = [&SHORT[..], &["--end", END, "--fast", "--store", "fast.db"]].concat();
    let paced = [&SHORT[..], &["--end", END, "--speed", "5000", "--store", "paced.db"]].concat();
    for args in [fast, paced] {
        let ran = demo(dir.path(), &args);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let fast = Store::open(dir.path().join("fast.db")).unwrap();
    let paced = Store::open(dir.path().join("paced.db")).unwrap();
    let tables: Vec<String> = fast
        .tables()
        .unwrap()
        .into_iter()
        .filter(|table| table.name != "producer_runs" && table.rows > 0)
        .map(|table| table.name)
        .collect();
    assert!(tables.len() >= 10, "{tables:?}");
    for table in tables {
        let (fast, paced) = (rows(&fast, &table), rows(&paced, &table));
        assert_eq!(fast.len(), paced.len(), "{table}");
        assert!(fast == paced, "{table} differs");
    }
}

#[test]
fn rules_fire_at_the_same_rows_however_fast_the_demo_goes() {
    let dir = tempfile::tempdir().unwrap();
    let told = |speed: &[&str]| {
        let ran = demo(dir.path(), &[&SHORT[..], &["--end", END], speed].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let lines = ran.err.lines().filter(|line| line.starts_with("alert"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let fast = told(&["--fast"]);
    for rule in ["warning firing drawdown_warning", "critical firing drawdown_critical"] {
        let account = |line: &&String| line.contains(rule) && line.contains("scope=account");
        assert!(fast.iter().any(|line| account(&line)), "{rule}: {fast:#?}");
    }
    assert_eq!(fast, told(&["--speed", "250"]));
}

/// All rows of a table, without what differs from process to process.
fn rows(store: &Store, table: &str) -> Vec<Vec<Datum>> {
    let answer =
        store.query(&format!("SELECT * FROM {table} ORDER BY ts, seq"), 1_000_000).unwrap();
    let keep: Vec<bool> =
        answer.columns.iter().map(|c| !OF_THE_PROCESS.contains(&c.as_str())).collect();
    answer
        .rows
        .into_iter()
        .map(|row| row.into_iter().zip(&keep).filter(|(_, keep)| **keep).map(|(d, _)| d).collect())
        .collect()
}

#[test]
fn rows_are_marked_as_a_replay_and_the_last_bar_ends_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let ran = demo(dir.path(), &[&SHORT[..], &["--end", END, "--fast"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let store = Store::open(dir.path().join("runs/demo.db")).unwrap();
    let sql = "SELECT count(*) FILTER (WHERE mode <> 'replay'), max(ts) = 1769817600000000000 FROM trading_pnl";
    let answer = store.query(sql, 1).unwrap();
    assert_eq!(answer.rows, [vec![Datum::Long(0), Datum::Long(1)]]);
}

#[test]
fn an_earlier_demo_is_replaced_and_anything_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let again = [&SHORT[..], &["--fast", "--store", "a.db"]].concat();
    for _ in 0..2 {
        let ran = demo(dir.path(), &again);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    let other = [&SHORT[..], &["--fast", "--store", "notes.txt"]].concat();
    let ran = demo(dir.path(), &other);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("`notes.txt` was not written by a demo"), "{}", ran.err);
    assert!(ran.err.contains("hint: ") && ran.err.contains("--force"), "{}", ran.err);
    assert_eq!(fs::read_to_string(dir.path().join("notes.txt")).unwrap(), "mine");
    let ran = demo(dir.path(), &[&other[..], &["--force"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_store_of_a_live_strategy_is_refused() {
    use plimsoll_metrics::{Metrics, Mode, Options};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("live.db");
    let metrics = Metrics::open(&Options::embedded(&path, Mode::Live)).unwrap();
    let strategy = metrics.strategy("real-money").unwrap();
    strategy.emit_equity(plimsoll_metrics::Equity::new(1.0));
    metrics.close(std::time::Duration::from_secs(30)).unwrap();
    let before = fs::read(&path).unwrap();
    let ran = demo(dir.path(), &["--fast", "--store", "live.db"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(fs::read(&path).unwrap() == before, "a refused store must not change");
}

#[test]
fn a_dry_run_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let ran = demo(dir.path(), &["--dry-run"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("would create `runs/demo.db`"), "{}", ran.out);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn own_data_is_traded_and_a_broken_file_is_named_by_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let mut good = "time,open,high,low,close,volume\n".to_owned();
    for day in 0..200_i64 {
        let px = 100 + (day % 40);
        let time = 1_700_000_000 + day * 60;
        good.push_str(&format!("{time},{px},{},{},{px}.5,1000000\n", px + 1, px - 1));
    }
    fs::write(dir.path().join("mine.csv"), &good).unwrap();
    let ran = demo(dir.path(), &["--fast", "--data", "mine.csv"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("mine.csv: 200 bars") && ran.out.contains("MINE"), "{}", ran.out);

    fs::write(dir.path().join("bad.csv"), good.replacen(",101,", ",1O1,", 1)).unwrap();
    let ran = demo(dir.path(), &["--fast", "--data", "bad.csv"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("bad.csv:2:3 (high): found `1O1`"), "{}", ran.err);
    assert!(ran.err.contains("hint: "), "{}", ran.err);
    let ran = demo(dir.path(), &["--fast", "--data", "none.csv"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("cannot read `none.csv`"), "{}", ran.err);
}

#[test]
fn a_demo_that_is_ended_early_keeps_its_rows_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &["demo", "--speed", "1", "--json"]);
    let store = dir.path().join("runs/demo.db");
    wait_for_rows(&store);
    let (code, out) = running.terminate();
    assert_eq!(code, 1, "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["complete"], false);
    assert_eq!(report["store_equals_books"], true);
    assert!(report["rows"]["stored"].as_u64().unwrap() > 0, "{report}");
}

#[test]
fn a_second_demo_on_the_same_store_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &["demo", "--speed", "1"]);
    wait_for_rows(&dir.path().join("runs/demo.db"));
    let ran = demo(dir.path(), &["--fast"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains(&running.pid()) && ran.err.contains("plimsoll demo"), "{}", ran.err);
}

#[track_caller]
fn wait_for_rows(path: &Path) {
    let began = std::time::Instant::now();
    while began.elapsed() < std::time::Duration::from_secs(30) {
        let count = Store::open(path).and_then(|s| s.query("SELECT count(*) FROM trading_pnl", 1));
        if count.is_ok_and(|answer| answer.rows != [vec![Datum::Long(0)]]) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("no rows within 30 s");
}

#[test]
fn a_questdb_that_is_down_costs_no_row_and_is_said() {
    let dir = tempfile::tempdir().unwrap();
    // Port 9 of loopback: nothing listens there, and the kernel says so at once.
    let conf = "http::addr=127.0.0.1:9;username=admin;password=hunter2;";
    let ran = demo(dir.path(), &["--fast", "--to", "2007-03-01", "--questdb", conf]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("store equals books: yes"), "{}", ran.out);
    assert!(ran.out.contains("http://127.0.0.1:9 has not all rows"), "{}", ran.out);
    let all = format!("{}{}", ran.out, ran.err);
    assert!(!all.contains("hunter2"), "a password was shown: {all}");
}

#[test]
fn a_demo_serves_its_page_while_it_runs_and_stays_until_ctrl_c_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let told = dir.path().join("told.txt");
    let args = ["demo", "--stay", "--to", "2007-03-01", "--speed", "20"];
    let running = Running::start_with(dir.path(), &args, fs::File::create(&told).unwrap().into());
    let url = wait_for_line(&told, "page: ");
    let page = |url: &str| {
        let mut client = HttpClient::new(url, &Auth::None, HttpOptions::default()).unwrap();
        let reply = client.get("/").unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
        String::from_utf8(reply.body).unwrap()
    };
    let (url, early) = (url.trim_end_matches('/'), page(url.trim_end_matches('/')));
    assert!(early.starts_with("<!doctype html>"), "{early}");
    // By then every row is in the store.
    wait_for_line(&told, "the page stays at ");
    let late = page(url);
    for shown in ["REPLAY", "everything fine", "trend-001", "39 points", "critical &gt; 10 %"] {
        assert!(late.contains(shown), "`{shown}` is not on the page: {late}");
    }
    let (code, out) = running.interrupt();
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("store equals books: yes"), "{out}");
    let mut client = HttpClient::new(url, &Auth::None, HttpOptions::default()).unwrap();
    assert!(client.get("/").is_err(), "the page is gone with the demo");
}

#[test]
fn a_demo_without_a_page_says_nothing_of_one_and_one_with_it_ends_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let short = ["--fast", "--to", "2007-03-01"];
    let ran = demo(dir.path(), &[&short[..], &["--no-page"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.err.contains("page"), "{}", ran.err);
    let ran = demo(dir.path(), &short);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("page: http://127.0.0.1:"), "{}", ran.err);
}

/// What follows `start` on the first line that begins so.
#[track_caller]
fn wait_for_line(path: &Path, start: &str) -> String {
    let began = std::time::Instant::now();
    while began.elapsed() < std::time::Duration::from_secs(60) {
        let text = fs::read_to_string(path).unwrap();
        // A line without its end may not be whole yet.
        let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        if let Some(rest) = lines.find_map(|line| line.strip_prefix(start)) {
            return rest.trim_end().to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("no line that begins with `{start}` within 60 s");
}
