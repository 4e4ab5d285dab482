//! What a store lacks comes back from the venue, and what differs from its statement is found.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_metrics::{AccountState, Metrics, Mode, Options, Timestamp};
use plimsoll_paper::{NewOrder, Side, VenueClient};
use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::Value;

use crate::run::{Ran, Running, plimsoll};

const DAY: &str = "2026-01-15";
const ACCOUNT: &str = "paper-main";
const BACK: &str = "2026-01-01";

/// A venue that has traded on one day, with a deposit on it, and a place for a store.
struct Desk {
    dir: tempfile::TempDir,
    _venue: Running,
    url: String,
}

impl Desk {
    #[track_caller]
    fn traded() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let end = format!("{DAY}T23:00:00Z");
        let args = ["paper", "venue", "--listen", "127.0.0.1:0", "--dir", "venue", "--end", &end];
        let mut venue = Running::start(dir.path(), &args);
        let url = venue.line();
        let desk = Self { dir, _venue: venue, url };
        let trade =
            ["paper", "trade", "--venue", &desk.url, "--advance", "470", "--name", "trend-1"];
        let ran = plimsoll(desk.dir.path(), &trade);
        assert_eq!(ran.code, 0, "{ran:?}");
        desk.deposit();
        // Something is held when funding is paid, at the 480th bar.
        let client = VenueClient::new(&desk.url).unwrap();
        let bought = NewOrder::market("mine-1", Side::Buy, "1.5".parse().unwrap());
        client.place(&bought).unwrap();
        client.advance(15).unwrap();
        desk
    }

    /// Money comes in at the venue.
    fn deposit(&self) {
        let host = self.url.strip_prefix("http://").unwrap();
        let body = r#"{"kind":"deposit","currency":"USDC","amount":"1234.56"}"#;
        let mut stream = TcpStream::connect(host).unwrap();
        let head = format!("POST /cash HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}", body.len());
        write!(stream, "{head}\r\nconnection: close\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("rows.db")
    }

    fn backfill(&self, what: &str, more: &[&str]) -> Value {
        let args = ["backfill", what, "--account", ACCOUNT, "--paper", &self.url, "--from", BACK];
        let ran = self.run(&[&args[..], &["--store", "rows.db", "--json"], more].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        serde_json::from_str(&ran.out).unwrap()
    }

    fn reconcile(&self, more: &[&str]) -> Ran {
        let args = ["reconcile", "pnl", "--account", ACCOUNT, "--paper", &self.url, "--day", DAY];
        self.run(&[&args[..], &["--store", "rows.db"], more].concat())
    }

    fn run(&self, args: &[&str]) -> Ran {
        plimsoll(self.dir.path(), args)
    }

    /// What a producer records of the account: the venue's balances at its time.
    fn record_balances(&self) {
        let client = VenueClient::new(&self.url).unwrap();
        let at = Timestamp::from_nanos(client.clock().unwrap().ts_ns);
        let balances: Value = serde_json::from_str(&client.balances_json().unwrap()).unwrap();
        let mut options = Options::embedded(self.path(), Mode::Paper);
        options.spool_dir = self.dir.path().join("producer.spool");
        let metrics = Metrics::open(&options).unwrap();
        let account = metrics.account(ACCOUNT).unwrap();
        for balance in balances["balances"].as_array().unwrap() {
            let total: f64 = balance["total"].as_str().unwrap().parse().unwrap();
            let currency = balance["currency"].as_str().unwrap();
            account.emit_account(AccountState::new(currency).at(at).total(total));
        }
        metrics.close(Duration::from_secs(30)).unwrap();
    }
}

/// Every value of every row, the identity included.
fn dump(path: &Path) -> Vec<Vec<Sql>> {
    let db = Connection::open(path).unwrap();
    let mut all = Vec::new();
    for table in ["trading_fills", "trading_cashflows", "trading_orders"] {
        let mut select =
            db.prepare(&format!("SELECT * FROM {table} ORDER BY ts, run, seq")).unwrap();
        let columns = select.column_count();
        let rows = select
            .query_map([], |row| (0..columns).map(|c| row.get(c)).collect::<Result<Vec<Sql>, _>>())
            .unwrap();
        all.extend(rows.map(Result::unwrap));
    }
    all
}

fn count(path: &Path, table: &str) -> i64 {
    let db = Connection::open(path).unwrap();
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

fn change(path: &Path, sql: &str) -> usize {
    Connection::open(path).unwrap().execute(sql, []).unwrap()
}

#[test]
fn a_planted_hole_is_filled_from_the_venue_and_twice_changes_nothing() {
    let desk = Desk::traded();
    let dry = desk.backfill("all", &["--dry-run"]);
    assert!(!desk.path().exists(), "a dry run writes nothing");
    let first = desk.backfill("all", &[]);
    let missing: u64 =
        first["counts"].as_array().unwrap().iter().map(|c| c["missing"].as_u64().unwrap()).sum();
    assert_eq!((&first["counts"], first["written"].as_u64()), (&dry["counts"], Some(missing)));
    let told = VenueClient::new(&desk.url).unwrap().fills_since(0).unwrap();
    let fills = i64::try_from(told.len()).unwrap();
    assert!(fills > 3, "{fills} fills");
    assert_eq!(count(&desk.path(), "trading_fills"), fills);
    let before = dump(&desk.path());
    for _ in 0..2 {
        let again = desk.backfill("all", &[]);
        assert_eq!(again["written"], 0, "{again}");
        assert_eq!(dump(&desk.path()), before, "twice changes nothing");
    }
    // The hole: two fills, a movement of money, and what happened to two orders.
    let path = desk.path();
    let holes = [
        ("_trading_fills", "ts IN (SELECT ts FROM _trading_fills ORDER BY ts LIMIT 2)"),
        ("_trading_cashflows", "ts IN (SELECT max(ts) FROM _trading_cashflows)"),
        ("_trading_orders", "ts IN (SELECT ts FROM _trading_orders ORDER BY ts DESC LIMIT 2)"),
    ];
    let mut gone = 0;
    for (table, which) in holes {
        let lost = change(&path, &format!("DELETE FROM {table} WHERE {which}"));
        assert!(lost > 0, "{table}");
        gone += lost;
    }
    let filled = desk.backfill("all", &[]);
    assert_eq!(filled["written"], gone, "{filled}");
    let after = dump(&path);
    assert_eq!(after.len(), before.len());
    assert_eq!(count(&path, "trading_fills"), fills);
    assert_eq!(desk.backfill("all", &[])["written"], 0);
}

#[test]
fn a_row_of_the_strategy_itself_is_never_replaced_and_its_strategy_is_found() {
    let desk = Desk::traded();
    desk.backfill("all", &[]);
    let path = desk.path();
    let db = Connection::open(&path).unwrap();
    // As if the strategy had recorded its orders and one of its fills.
    let strategy = "SELECT id FROM strings WHERE value = 'trend-1'";
    if db.query_row(strategy, [], |row| row.get::<_, i64>(0)).is_err() {
        let columns: Vec<String> = db
            .prepare("SELECT name FROM pragma_table_info('strings')")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(columns.len() >= 2, "{columns:?}");
        let text = &columns[1];
        db.execute(&format!("INSERT INTO strings ({text}) VALUES ('trend-1')"), []).unwrap();
        let id = db.last_insert_rowid();
        db.execute("UPDATE _trading_orders SET strategy_id = ?1", [id]).unwrap();
    }
    db.execute(
        "UPDATE _trading_fills SET ref_px = 7.0 WHERE ts = (SELECT min(ts) FROM _trading_fills)",
        [],
    )
    .unwrap();
    db.execute("DELETE FROM _trading_fills WHERE ts = (SELECT max(ts) FROM _trading_fills)", [])
        .unwrap();
    drop(db);
    assert_eq!(desk.backfill("fills", &[])["written"], 1);
    let db = Connection::open(&path).unwrap();
    let kept: f64 = db
        .query_row("SELECT ref_px FROM trading_fills ORDER BY ts LIMIT 1", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 7.0);
    let found: String = db
        .query_row("SELECT strategy_id FROM trading_fills ORDER BY ts DESC LIMIT 1", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(found, "trend-1");
}

#[test]
fn a_clean_day_has_no_difference_and_the_fee_of_one_tick_is_one() {
    let desk = Desk::traded();
    desk.backfill("all", &[]);
    let path = desk.path();
    let unknown = desk.reconcile(&[]);
    assert_eq!(unknown.code, 2, "nobody recorded a balance: {unknown:?}");
    assert_eq!(desk.reconcile(&["--no-balance"]).code, 0);
    desk.record_balances();
    let clean = desk.reconcile(&["--record", "rows.db"]);
    assert_eq!(clean.code, 0, "{clean:?}");
    for word in ["fills", "fees", "funding", "transfers", "balance", "the same"] {
        assert!(clean.out.contains(word), "{}", clean.out);
    }
    // The fee of one tick: 0.01 of price on the fill's quantity, at 4.5 basis points,
    // paid in a currency of 2.5.
    let tick = "commission + last_qty * 0.01 * 0.00045 / 2.5";
    let one = "ts = (SELECT min(ts) FROM _trading_fills)";
    assert_eq!(
        change(&path, &format!("UPDATE _trading_fills SET commission = {tick} WHERE {one}")),
        1
    );
    let planted = desk.reconcile(&["--record", "rows.db", "--json"]);
    assert_eq!(planted.code, 1, "{planted:?}");
    let report: Value = serde_json::from_str(&planted.out).unwrap();
    assert_eq!(report["rows"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["rows"][0]["value"], "fee");
    let is_fees = |line: &&Value| line["equal"] == false && line["item"] == "fees";
    assert_eq!(report["lines"].as_array().unwrap().iter().filter(is_fees).count(), 1);
    let db = Connection::open(&path).unwrap();
    let told: Vec<(String, String)> = db
        .prepare("SELECT status, detail FROM system_health WHERE component = 'reconciliation' ORDER BY ts, seq")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!((told[0].0.as_str(), told[1].0.as_str()), ("up", "degraded"));
    assert!(told[1].1.contains("fees FEE by 0.0"), "{told:?}");
    drop(db);
    // The row is lost as a whole, then comes back from the venue.
    change(&path, &format!("DELETE FROM _trading_fills WHERE {one}"));
    let hole = desk.reconcile(&[]);
    assert_eq!(hole.code, 1);
    assert!(hole.out.contains("not in the store"), "{}", hole.out);
    desk.backfill("fills", &[]);
    assert_eq!(desk.reconcile(&[]).code, 0);
}

#[test]
fn a_venue_that_does_not_answer_leaves_the_question_open() {
    let dir = tempfile::tempdir().unwrap();
    let metrics =
        Metrics::open(&Options::embedded(dir.path().join("rows.db"), Mode::Paper)).unwrap();
    metrics.close(Duration::from_secs(30)).unwrap();
    let args = [
        "reconcile",
        "pnl",
        "--account",
        ACCOUNT,
        "--paper",
        "http://127.0.0.1:9",
        "--store",
        "rows.db",
    ];
    let ran = plimsoll(dir.path(), &[&args[..], &["--record", "rows.db"]].concat());
    assert_eq!(ran.code, 2, "{ran:?}");
    let db = Connection::open(dir.path().join("rows.db")).unwrap();
    let status: String = db
        .query_row(
            "SELECT status FROM system_health WHERE component = 'reconciliation'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(status, "unknown");
    let backfill = ["backfill", "fills", "--account", ACCOUNT, "--paper", "http://127.0.0.1:9"];
    let ran = plimsoll(dir.path(), &[&backfill[..], &["--store", "new.db"]].concat());
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(!dir.path().join("new.db").exists(), "nothing was written");
    let ran = plimsoll(dir.path(), &["backfill", "fills", "--account", ACCOUNT]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("--paper"), "{}", ran.err);
}
