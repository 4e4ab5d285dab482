//! A real QuestDB. Runs when `PLIMSOLL_QUESTDB_URL` names one that may be written to; it should
//! have `QDB_DEV_MODE_ENABLED=true`, which the suspended table needs.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant, SystemTime},
};

use plimsoll_metrics::{
    Auth, Ddl, Fill, HttpOptions, IlpOptions, IlpSink, Json, QuestDb, Schema, Sink, SinkError,
    Table,
    ddl::Dialect,
    migrate::{self, ApplyError, TableStore as _, Target},
};

use crate::{
    rows::{TestBatch, V, every_type, natural, plain, s, x},
    server::{Do, Server},
};

const TS: i64 = 1_700_000_000_000_000_000;

/// A store and the prefix of this test's own tables.
pub(crate) struct Live {
    pub(crate) url: String,
    pub(crate) prefix: String,
    pub(crate) db: QuestDb,
}

impl Live {
    pub(crate) fn new(test: &str) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Ok(url) = std::env::var("PLIMSOLL_QUESTDB_URL") else {
            eprintln!("SKIPPED: {test} needs PLIMSOLL_QUESTDB_URL");
            return None;
        };
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let prefix = format!("it{}_{}_", since.as_nanos(), NEXT.fetch_add(1, Ordering::Relaxed));
        let db = QuestDb::connect(&url, &Auth::None, HttpOptions::default()).unwrap();
        let db = db.with_prefix(&prefix);
        Some(Self { url, prefix, db })
    }

    fn options(&self) -> IlpOptions {
        IlpOptions::default().with_prefix(&self.prefix).with_ddl(Ddl::Apply)
    }

    pub(crate) fn sink(&self) -> IlpSink {
        IlpSink::connect(&self.url, self.options()).unwrap()
    }

    pub(crate) fn query(&mut self, sql: &str) -> Vec<Vec<Json>> {
        let sql = sql.replace("TABLE", &format!("{}t", self.prefix));
        self.db.query(&sql).unwrap_or_else(|e| panic!("{sql}: {e}")).rows
    }

    /// Rows of `sql` once there are `n`: a write is visible some milliseconds after its reply.
    fn wait(&mut self, n: usize, sql: &str) -> Vec<Vec<Json>> {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let rows = self.query(sql);
            if rows.len() == n || Instant::now() > until {
                assert_eq!(rows.len(), n, "{sql}: {rows:?}");
                return rows;
            }
            std::thread::yield_now();
        }
    }

    /// Until every row that was acknowledged is visible in the tables of this test.
    pub(crate) fn wait_applied(&mut self) {
        let until = Instant::now() + Duration::from_secs(20);
        let waiting = format!(
            "SELECT count() FROM tables() WHERE table_name LIKE '{}%' AND wal_txn <> table_txn",
            self.prefix
        );
        while self.query(&waiting) != [[Json::Integer(0)]] && Instant::now() < until {
            std::thread::yield_now();
        }
    }

    fn wait_count(&mut self, n: i64) {
        let until = Instant::now() + Duration::from_secs(60);
        let pending =
            "SELECT count() FROM tables() WHERE table_name = 'TABLE' AND table_txn = wal_txn";
        while self.query(pending) != [[Json::Integer(1)]] && Instant::now() < until {}
        assert_eq!(self.query("SELECT count() FROM TABLE"), [[Json::Integer(n)]]);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let own =
            format!("SELECT table_name FROM tables() WHERE table_name LIKE '{}%'", self.prefix);
        for row in self.db.query(&own).map(|r| r.rows).unwrap_or_default() {
            let _dropped = self.db.query(&format!("DROP TABLE '{}'", row[0]));
        }
    }
}

fn row_of(seq: i64, change: impl Fn(&mut [V; 6])) -> (i64, [V; 6]) {
    let mut values = plain();
    change(&mut values);
    (seq, values)
}

fn batch_of(schema: &Schema, rows: &[(i64, [V; 6])]) -> TestBatch {
    rows.iter().fold(TestBatch::new(schema), |batch, (seq, values)| batch.row(TS, *seq, values))
}

#[test]
fn every_built_in_table_is_created_and_found_fit() {
    let Some(live) = Live::new("every_built_in_table") else { return };
    let mut sink = live.sink();
    let verify = live.options().with_ddl(Ddl::Verify);
    let mut verifier = IlpSink::connect(&live.url, verify).unwrap();
    for (_, schema) in plimsoll_metrics::built_in() {
        let before = verifier.prepare(schema).unwrap_err().to_string();
        assert!(before.contains("plimsoll tables apply"), "{before}");
        sink.prepare(schema).unwrap_or_else(|e| panic!("{}: {e}", schema.name));
        sink.prepare(schema).unwrap_or_else(|e| panic!("{} again: {e}", schema.name));
        verifier.prepare(schema).unwrap_or_else(|e| panic!("{}: {e}", schema.name));
    }
}

#[test]
fn hostile_values_come_back_as_they_were() {
    let Some(mut live) = Live::new("hostile_values") else { return };
    let evil = "a,b c=d,k=x v=9 1\"q\\";
    let long = "ä".repeat(1 << 19);
    let texts = [evil, "\"", "two\nlines\r\n", "tab\t\u{1}", "😀", long.as_str()];
    let rows: Vec<_> =
        texts.iter().zip(0..).map(|(text, seq)| row_of(seq, |v| v[1] = x(text))).collect();
    let labels = [evil, "\"q", "a\nb", "\0", "ü"];
    let more: Vec<_> =
        labels.iter().zip(100..).map(|(text, seq)| row_of(seq, |v| v[0] = s(text))).collect();
    let all: Vec<_> = rows.into_iter().chain(more).collect();
    let mut sink = live.sink();
    sink.write(&batch_of(&every_type("t"), &all).batch()).unwrap();
    let found = live.wait(11, "SELECT s, v FROM TABLE ORDER BY seq");
    for (text, row) in texts.iter().zip(&found) {
        assert!(row[1].as_str() == Some(text), "{:.40} became {:.40}", text, row[1]);
    }
    let stored: Vec<Option<&str>> = found[6..].iter().map(|r| r[0].as_str()).collect();
    assert_eq!(stored, [Some(evil), Some("\"q"), Some("ab"), None, Some("ü")]);
    assert_eq!(sink.counts().stripped_chars, 2);
}

#[test]
fn numbers_and_moments_come_back_exactly() {
    let Some(mut live) = Live::new("numbers_and_moments") else { return };
    let floats = [-0.0, 5e-324, f64::MAX, 0.1, f64::NAN];
    let rows: Vec<_> =
        floats.iter().zip(0..).map(|(d, seq)| row_of(seq, |v| v[2] = V::D(*d))).collect();
    let integers = row_of(9, |v| (v[3], v[5]) = (V::L(i64::MAX), V::T(TS + 1)));
    let all: Vec<_> = rows.into_iter().chain([integers]).collect();
    let mut sink = live.sink();
    sink.write(&batch_of(&every_type("t"), &all).batch()).unwrap();
    let found = live.wait(6, "SELECT d, n, b, t, ts, ts_init FROM TABLE ORDER BY seq");
    for (float, row) in floats.iter().zip(&found).take(4) {
        let back: f64 = row[0].to_string().parse().unwrap();
        assert_eq!(back.to_bits() << 1, float.to_bits() << 1, "{float:?} became {:?}", row[0]);
    }
    assert_eq!(found[4][0], Json::Null, "a float that is not finite is unknown");
    assert_eq!(sink.counts().non_finite, 1);
    assert_eq!(found[5][1], Json::Integer(i64::MAX));
    assert_eq!(found[5][3].as_str(), Some("2023-11-14T22:13:20.000000001Z"));
    assert_eq!(found[5][5].as_str(), Some("2023-11-14T22:13:20.000000001Z"));
}

#[test]
fn a_bad_row_in_the_middle_is_rejected_alone() {
    let Some(mut live) = Live::new("a_bad_row_in_the_middle") else { return };
    let schema = every_type("t");
    let mut sink = live.sink();
    // A value beyond `INT`, after texts with line ends and floats with the byte of one.
    let newline_float = f64::from_bits(0x0a0a_0a0a_0a0a_0a0a);
    let bad = |seq: i64| {
        row_of(seq, |v| {
            (v[1], v[2]) = (x("a\nb\n"), V::D(newline_float));
            if seq == 57 {
                v[4] = V::L(1 << 40);
            }
        })
    };
    let all: Vec<_> = (0..100).map(bad).collect();
    let Err(SinkError::Reject { rows }) = sink.write(&batch_of(&schema, &all).batch()) else {
        panic!("reject")
    };
    assert_eq!((rows.len(), rows[0].row), (1, 57), "{rows:?}");
    assert!(rows[0].reason.contains("out bounds of column type: INT"), "{rows:?}");
    let rest: Vec<_> = all.into_iter().filter(|(seq, _)| *seq != 57).collect();
    sink.write(&batch_of(&schema, &rest).batch()).unwrap();
    live.wait_count(99);
}

#[test]
fn a_time_that_the_store_cannot_hold_rejects_its_row() {
    let Some(live) = Live::new("a_time_that_the_store_cannot_hold") else { return };
    let mut sink = live.sink();
    for ts in [-1, i64::MAX - 1] {
        let rows = TestBatch::new(&every_type("t")).row(TS, 0, &plain()).row(ts, 1, &plain());
        let Err(SinkError::Reject { rows }) = sink.write(&rows.batch()) else {
            panic!("reject {ts}")
        };
        assert_eq!(rows[0].row, 1, "{rows:?}");
    }
}

#[test]
fn a_column_of_another_type_pauses_before_any_row() {
    let Some(mut live) = Live::new("a_column_of_another_type") else { return };
    let mut other = every_type("t");
    other.columns.to_mut()[2].ty = plimsoll_metrics::ColumnType::Long;
    live.sink().prepare(&other).unwrap();
    let verify = live.options().with_ddl(Ddl::Verify);
    let refused = IlpSink::connect(&live.url, verify)
        .unwrap()
        .write(&batch_of(&every_type("t"), &[row_of(0, |_| {})]).batch());
    assert!(
        matches!(&refused, Err(SinkError::Pause { reason }) if reason.contains("as LONG, wanted DOUBLE")),
        "{refused:?}"
    );
    live.wait_count(0);
}

#[test]
fn a_suspended_table_pauses_and_goes_on_after_resume() {
    let Some(mut live) = Live::new("a_suspended_table") else { return };
    let options = live.options().with_table_check_interval(Duration::ZERO);
    let mut sink = IlpSink::connect(&live.url, options).unwrap();
    let one = batch_of(&every_type("t"), &[row_of(0, |_| {})]);
    sink.write(&one.batch()).unwrap();
    live.query("ALTER table TABLE SUSPEND WAL");
    let paused = sink.write(&one.batch());
    assert!(
        matches!(&paused, Err(SinkError::Pause { reason }) if reason.contains("RESUME WAL")),
        "{paused:?}"
    );
    live.query("ALTER table TABLE RESUME WAL");
    let until = Instant::now() + Duration::from_secs(20);
    while sink.write(&one.batch()).is_err() && Instant::now() < until {}
    live.wait_count(1);
}

#[test]
fn acknowledgments_that_are_lost_add_no_row() {
    let Some(mut live) = Live::new("acknowledgments_that_are_lost") else { return };
    let upstream = live.url.clone();
    let mut writes = 0;
    let proxy = Server::new(move |seen| {
        let mut forward =
            plimsoll_metrics::HttpClient::new(&upstream, &Auth::None, HttpOptions::default())
                .unwrap();
        let path = seen.path().to_owned();
        if seen.body.is_empty() {
            let reply = forward.get(&path).unwrap();
            let head = format!(
                "HTTP/1.1 {} x\r\nContent-Length: {}\r\n\r\n",
                reply.status,
                reply.body.len()
            );
            return Do::Reply([head.as_bytes(), &reply.body].concat());
        }
        let reply = forward.post(&path, "text/plain", &seen.body).unwrap();
        writes += 1;
        if writes % 5 == 0 {
            // Stored, and the reply lost, on the connection that the client would reuse.
            return Do::ReplyAndClose(Vec::new());
        }
        Do::Reply(format!("HTTP/1.1 {} x\r\n\r\n", reply.status).into())
    });
    let mut sink = IlpSink::connect(&proxy.url, live.options()).unwrap();
    let schema = every_type("t");
    for batch in 0..50_i64 {
        let rows: Vec<_> = (batch * 20..batch * 20 + 20).map(|seq| row_of(seq, |_| {})).collect();
        while sink.write(&batch_of(&schema, &rows).batch()).is_err() {}
    }
    drop(sink);
    assert!(proxy.writes().len() > 55, "{} requests", proxy.writes().len());
    live.wait_count(1000);
}

#[test]
fn a_natural_row_keeps_its_last_version_and_a_backfill_adds_none() {
    let Some(mut live) = Live::new("a_natural_row") else { return };
    let mut sink = live.sink();
    // The venue's time in whole milliseconds, as a fill has it live and when it is read again.
    let row = |seq, d| row_of(seq, |v| v[2] = V::D(d));
    sink.write(&batch_of(&natural("t"), &[row(1, 1.0)]).batch()).unwrap();
    sink.write(&batch_of(&natural("t"), &[row(900, 2.0)]).batch()).unwrap();
    let unknown = row_of(3, |v| (v[0], v[1]) = (V::Null, V::Null));
    sink.write(&batch_of(&natural("t"), &[unknown.clone(), unknown]).batch()).unwrap();
    let found = live.wait(2, "SELECT s, v, d, seq FROM TABLE ORDER BY d DESC");
    assert_eq!(found[0][2..], [Json::Float(2.0), Json::Integer(900)]);
    assert_eq!(found[1][..2], [Json::Text("-".into()), Json::Text("-".into())]);
}

#[test]
fn fills_with_text_keys_are_stored_in_bulk() {
    let Some(mut live) = Live::new("fills_with_text_keys") else { return };
    let mut sink = live.sink();
    let schema = Fill::SCHEMA;
    sink.prepare(schema).unwrap();
    let started = Instant::now();
    for batch in 0..10_i64 {
        let mut rows = TestBatch::new(schema);
        for seq in batch * 10_000..batch * 10_000 + 10_000 {
            let values: Vec<V> = schema
                .columns
                .iter()
                .map(|c| match (c.name.as_ref(), c.ty) {
                    ("trade_id", _) => x(&format!("trade-{seq:08}")),
                    (_, plimsoll_metrics::ColumnType::Symbol) => s("label"),
                    (_, plimsoll_metrics::ColumnType::Varchar) => x("0x123456789abcdef"),
                    _ => V::D(1.5),
                })
                .collect();
            rows = rows.row(TS + seq / 10 * 1_000_000, seq, &values);
        }
        sink.write(&rows.batch()).unwrap();
    }
    eprintln!(
        "trading_fills: {:.0} rows/s, test rows built meanwhile",
        100_000.0 / started.elapsed().as_secs_f64()
    );
    let until = Instant::now() + Duration::from_secs(60);
    let count = format!("SELECT count() FROM {}trading_fills", live.prefix);
    while live.query(&count) != [[Json::Integer(100_000)]] && Instant::now() < until {}
    assert_eq!(live.query(&count), [[Json::Integer(100_000)]]);
}

#[test]
fn wrong_credentials_pause() {
    let Ok(url) = std::env::var("PLIMSOLL_QUESTDB_AUTH_URL") else {
        eprintln!(
            "SKIPPED: wrong_credentials needs PLIMSOLL_QUESTDB_AUTH_URL, with user and password"
        );
        return;
    };
    let wrong = format!("http://nobody:wrong@{}", url.rsplit('@').next().unwrap());
    let paused = IlpSink::connect(&wrong, IlpOptions::default()).unwrap().prepare(&every_type("t"));
    assert!(
        matches!(&paused, Err(SinkError::Pause { reason }) if reason.contains("credentials")),
        "{paused:?}"
    );
    let options = IlpOptions::default().with_ddl(Ddl::Apply).with_prefix("auth_");
    IlpSink::connect(&url, options)
        .unwrap()
        .write(&batch_of(&every_type("t"), &[row_of(0, |_| {})]).batch())
        .unwrap();
}

#[test]
fn tables_go_to_a_version_and_back_and_a_producer_ahead_leaves_new_columns_out() {
    let Some(live) = Live::new("tables_go_to_a_version") else { return };
    let mut store = QuestDb::connect(&live.url, &Auth::None, HttpOptions::default())
        .unwrap()
        .with_prefix(live.prefix.clone());
    let schemas: Vec<&Schema> = plimsoll_metrics::built_in().map(|(_, schema)| schema).collect();
    let mut go = |version| {
        let target =
            Target { dialect: Dialect::QuestDb, prefix: &live.prefix, schemas: &schemas, version };
        let plan = migrate::plan(&store.existing().unwrap(), &target).unwrap();
        migrate::apply(&mut store, &plan)
    };
    assert!(go(1).unwrap() > 0);
    let risk = plimsoll_metrics::Risk::SCHEMA;
    let values: Vec<V> = risk
        .columns
        .iter()
        .map(|c| if c.name == "config_hash" { x("digest") } else { V::Null })
        .collect();
    let verify = live.options().with_ddl(Ddl::Verify);
    let mut sink = IlpSink::connect(&live.url, verify).unwrap();
    sink.write(&TestBatch::new(risk).row(TS, 0, &values).batch()).unwrap();
    assert_eq!(sink.counts().omitted_values, 1, "version 1 has no `config_hash`");
    assert!(go(2).unwrap() > 0);
    assert_eq!(go(2).unwrap(), 0, "applied twice is once");
    sink.prepare(risk).unwrap();
    sink.write(&TestBatch::new(risk).row(TS, 1, &values).batch()).unwrap();
    assert_eq!(sink.counts().omitted_values, 1);
    let until = Instant::now() + Duration::from_secs(20);
    let losses = loop {
        match go(1) {
            Err(ApplyError::WouldLose { losses }) => break losses,
            // The rows are not applied yet.
            Err(ApplyError::Step { .. }) if Instant::now() < until => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((losses[0].table.as_str(), losses[0].count), ("trading_risk", 1), "{losses:?}");
}
