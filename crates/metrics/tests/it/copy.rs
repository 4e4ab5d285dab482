//! A copy of a store's history: whole, once, and resumed wherever it was cut short.

use std::{ops::ControlFlow, path::Path, time::Duration};

use plimsoll_metrics::{
    Auth, HttpOptions, NullSink, QuestDb, Rejected, Schema, Sink, SinkError,
    copy::{
        CopyError, CopyOptions, FilePlace, Place, PlaceError, ServerPlace, Stretch, TableCopied,
        Watch, copy,
    },
    read::Datum,
};

use crate::{
    questdb::Live,
    rows::{TestBatch, V as Own, every_type, plain, s, x},
    stored::{Build, V, ask, at, count, open, with},
};

const SLICE: usize = 100;

/// 1,000 rows of profit and loss, ten for each moment, 50 fills, and 30 rows of a team's own table.
fn history(path: &Path) {
    let mut sink = open(path);
    let mut pnl = Build::table("trading_pnl");
    for seq in 0..1_000 {
        let label = ["ema", "two words", "Ω \"☃\""][seq as usize % 3];
        let value = V::D(seq as f64 / 7.0);
        let more = [("strategy_id", V::S(label)), ("realized_pnl", value)];
        pnl.add(&with(at(1_000 + seq / 10, 7, seq), &more[..1 + seq as usize % 2]));
    }
    pnl.write(&mut sink).unwrap();
    let mut fills = Build::table("trading_fills");
    for seq in 0..50 {
        let id = format!("t{seq}");
        let more = [("side", V::S("buy")), ("trade_id", V::S(&id)), ("last_px", V::D(0.1))];
        fills.add(&with(at(5_000, 7, seq), &more));
    }
    fills.write(&mut sink).unwrap();
    own(0..30).iter().for_each(|batch| {
        sink.prepare(&batch.schema).unwrap();
        sink.write(&batch.batch()).unwrap();
    });
}

fn own(rows: std::ops::Range<i64>) -> Vec<TestBatch> {
    let row = |n: i64| {
        let values =
            [s("a, b"), x("line\nend"), Own::D(1e300), Own::L(i64::MAX), Own::L(n % 2), Own::T(n)];
        let values = if n % 3 == 0 { plain() } else { values };
        TestBatch::new(&every_type("team_table")).row(9_000 + n, n, &values)
    };
    rows.map(row).collect()
}

/// Waits never; ends a copy after some stretches; counts pauses.
struct Look {
    stretches: u32,
    paused: Duration,
}

impl Look {
    fn on() -> Self {
        Self { stretches: u32::MAX, paused: Duration::ZERO }
    }

    fn stopping(stretches: u32) -> Self {
        Self { stretches, ..Self::on() }
    }
}

impl Watch for Look {
    fn progress(&mut self, table: &TableCopied, rows: u64) -> ControlFlow<()> {
        assert!(table.rows <= rows, "{table:?} of {rows}");
        self.stretches -= 1;
        if self.stretches == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn pause(&mut self, span: Duration) -> ControlFlow<()> {
        self.paused += span;
        ControlFlow::Continue(())
    }
}

fn options() -> CopyOptions {
    CopyOptions::default().with_slice_rows(SLICE).with_patience(Duration::from_secs(5))
}

fn run(from: &Path, to: &Path, watch: &mut Look) -> Result<Vec<TableCopied>, CopyError> {
    copy(&mut FilePlace::new(from), &mut FilePlace::new(to), &mut open(to), &options(), watch)
}

#[track_caller]
fn by_name<'t>(copied: &'t [TableCopied], name: &str) -> &'t TableCopied {
    copied.iter().find(|table| table.table == name).unwrap()
}

#[test]
fn a_copy_has_every_value_and_a_second_one_sends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a.db"), dir.path().join("b.db"));
    history(&from);
    let copied = run(&from, &to, &mut Look::on()).unwrap();
    let counts: Vec<_> = copied.iter().map(|t| (t.table.as_str(), t.rows, t.sent)).collect();
    assert_eq!(
        counts,
        [("team_table", 30, 30), ("trading_fills", 50, 50), ("trading_pnl", 1000, 1000)]
    );
    assert!(copied.iter().all(TableCopied::is_whole), "{copied:?}");
    for table in ["team_table", "trading_fills", "trading_pnl"] {
        let sql = format!("SELECT * FROM {table} ORDER BY ts, seq");
        assert_eq!(ask(&from, &sql), ask(&to, &sql), "{table}");
    }
    let again = run(&from, &to, &mut Look::on()).unwrap();
    assert!(again.iter().all(|t| t.is_whole() && t.sent == 0 && t.there == t.rows), "{again:?}");
    assert_eq!(by_name(&again, "trading_pnl").checksum, by_name(&copied, "trading_pnl").checksum);
}

#[test]
fn a_copy_that_was_stopped_anywhere_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a.db"), dir.path().join("b.db"));
    history(&from);
    for stretches in 1..8 {
        assert!(matches!(run(&from, &to, &mut Look::stopping(stretches)), Err(CopyError::Stopped)));
    }
    let before = count(&to, "trading_pnl") as u64;
    assert!((100..1_000).contains(&before), "{before}");
    let copied = run(&from, &to, &mut Look::on()).unwrap();
    let pnl = by_name(&copied, "trading_pnl");
    assert_eq!((pnl.there, pnl.sent, pnl.found, pnl.others), (before, 1_000 - before, 1_000, 0));
    assert!(pnl.is_whole());
}

#[test]
fn rows_that_the_target_lost_are_sent_again_and_those_that_it_has_otherwise_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a.db"), dir.path().join("b.db"));
    history(&from);
    run(&from, &to, &mut Look::on()).unwrap();
    let file = rusqlite::Connection::open(&to).unwrap();
    file.execute("DELETE FROM _trading_pnl WHERE seq IN (3, 500)", []).unwrap();
    let copied = run(&from, &to, &mut Look::on()).unwrap();
    let pnl = by_name(&copied, "trading_pnl");
    assert_eq!((pnl.sent, pnl.is_whole()), (2, true), "{pnl:?}");
    // The row is there by its identity, so no sink of ours changes it; that it differs is told.
    file.execute("UPDATE _trading_pnl SET realized_pnl = 1e9 WHERE seq = 501", []).unwrap();
    let copied = run(&from, &to, &mut Look::on()).unwrap();
    let pnl = by_name(&copied, "trading_pnl");
    assert_eq!((pnl.found, pnl.others, pnl.is_whole()), (999, 1, false), "{pnl:?}");
    assert_ne!(pnl.checksum, pnl.found_checksum);
}

#[test]
fn rows_of_others_in_the_target_are_left_and_do_not_count() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a.db"), dir.path().join("b.db"));
    history(&from);
    let others = Build::table("trading_pnl").row(&at(1_005, 99, 1)).row(&at(1_005, 99, 2));
    others.write(&mut open(&to)).unwrap();
    let copied = run(&from, &to, &mut Look::on()).unwrap();
    let pnl = by_name(&copied, "trading_pnl");
    assert_eq!((pnl.found, pnl.others, pnl.is_whole()), (1_000, 2, true), "{pnl:?}");
    assert_eq!(count(&to, "trading_pnl"), 1_002);
}

#[test]
fn a_dry_run_counts_and_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a.db"), dir.path().join("b.db"));
    history(&from);
    let dry = |to: &Path, tables: &[&str]| {
        let tables = tables.iter().map(|&name| name.to_owned()).collect();
        let options = options().with_dry_run(true).with_tables(tables);
        let (mut from, mut to) = (FilePlace::new(&from), FilePlace::new(to));
        copy(&mut from, &mut to, &mut NullSink::new(), &options, &mut Look::on())
    };
    let copied = dry(&to, &[]).unwrap();
    assert!(copied.iter().all(|t| t.found == 0 && t.sent == 0 && t.rows > 0), "{copied:?}");
    assert!(!to.exists(), "no file was made");
    run(&from, &to, &mut Look::on()).unwrap();
    let copied = dry(&to, &["trading_fills"]).unwrap();
    assert_eq!((copied.len(), copied[0].there, copied[0].sent), (1, 50, 0));
    let found = dry(&to, &["trading_fils"]);
    assert!(
        matches!(found, Err(CopyError::NoTable { ref table }) if table == "trading_fils"),
        "{found:?}"
    );
}

/// A target that fails as often as it is told, before it does what it is asked.
struct Flaky<T> {
    inner: T,
    fail: u32,
}

impl<T> Flaky<T> {
    fn fails(&mut self) -> bool {
        let fails = self.fail > 0;
        self.fail = self.fail.saturating_sub(1);
        fails
    }
}

impl<P: Place> Flaky<P> {
    fn ask(&mut self) -> Result<&mut P, PlaceError> {
        if self.fails() {
            return Err(PlaceError { is_transient: true, source: "away".into() });
        }
        Ok(&mut self.inner)
    }
}

impl<P: Place> Place for Flaky<P> {
    fn tables(&mut self) -> Result<Vec<Schema>, PlaceError> {
        self.ask()?.tables()
    }

    fn count(&mut self, table: &Schema, within: Option<Stretch>) -> Result<u64, PlaceError> {
        self.ask()?.count(table, within)
    }

    fn next(
        &mut self,
        table: &Schema,
        after: Option<i64>,
        rows: usize,
    ) -> Result<Option<Stretch>, PlaceError> {
        self.ask()?.next(table, after, rows)
    }

    /// Fails after some rows were shown.
    fn rows(
        &mut self,
        table: &Schema,
        within: Stretch,
        see: &mut dyn FnMut(&[Datum]),
    ) -> Result<(), PlaceError> {
        let fails = self.fails();
        self.inner.rows(table, within, see)?;
        if fails { Err(PlaceError { is_transient: true, source: "away".into() }) } else { Ok(()) }
    }

    fn is_settled(&mut self, table: &Schema) -> Result<bool, PlaceError> {
        Ok(!self.fails() && self.inner.is_settled(table)?)
    }
}

impl<S: Sink> Sink for Flaky<S> {
    fn prepare(&mut self, schema: &Schema) -> Result<(), SinkError> {
        self.inner.prepare(schema)
    }

    fn write(&mut self, batch: &plimsoll_metrics::Batch<'_>) -> Result<(), SinkError> {
        self.inner.write(batch)?;
        // The reply is lost: the rows are there, and are sent again.
        if self.fails() { Err(SinkError::Retry { source: "lost".into() }) } else { Ok(()) }
    }
}

#[test]
fn a_target_that_is_away_for_a_moment_is_waited_for_and_one_that_stays_away_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a.db"), dir.path().join("b.db"));
    history(&from);
    let mut source = FilePlace::new(&from);
    let mut away = |fail: u32| {
        let mut watch = Look::on();
        let mut target = Flaky { inner: FilePlace::new(&to), fail };
        let mut sink = Flaky { inner: open(&to), fail };
        let done = copy(&mut source, &mut target, &mut sink, &options(), &mut watch);
        (done, watch.paused)
    };
    let (done, _) = away(1_000);
    assert!(matches!(done, Err(CopyError::Target { .. } | CopyError::Sink { .. })), "{done:?}");
    let (done, paused) = away(7);
    let done = done.unwrap();
    assert!(done.iter().all(|t| t.is_whole() && t.others == 0), "{done:?}");
    assert!(paused > Duration::ZERO && count(&to, "trading_pnl") == 1_000);
}

/// Refuses rows by their `seq`.
struct Picky<S>(S);

impl<S: Sink> Sink for Picky<S> {
    fn prepare(&mut self, schema: &Schema) -> Result<(), SinkError> {
        self.0.prepare(schema)
    }

    fn write(&mut self, batch: &plimsoll_metrics::Batch<'_>) -> Result<(), SinkError> {
        let is_bad = |row: &[plimsoll_metrics::Cell]| {
            matches!(row[6], plimsoll_metrics::Cell::Long(3 | 150))
        };
        match batch.rows().position(is_bad) {
            Some(row) => {
                Err(SinkError::Reject { rows: vec![Rejected { row, reason: "bad".into() }] })
            }
            None => self.0.write(batch),
        }
    }
}

#[test]
fn a_row_that_the_target_never_takes_is_counted_and_holds_up_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("a.db"), dir.path().join("b.db"));
    history(&from);
    let mut sink = Picky(open(&to));
    let options = options().with_tables(vec!["trading_pnl".to_owned()]);
    let (mut source, mut target) = (FilePlace::new(&from), FilePlace::new(&to));
    let done = copy(&mut source, &mut target, &mut sink, &options, &mut Look::on()).unwrap();
    assert_eq!((done[0].sent, done[0].refused, done[0].found), (998, 2, 998), "{done:?}");
    assert!(!done[0].is_whole());
    assert_eq!(count(&to, "trading_pnl"), 998);
}

#[test]
fn to_a_real_questdb_and_back_every_value_is_the_same() {
    let Some(live) = Live::new("a copy to QuestDB") else { return };
    let dir = tempfile::tempdir().unwrap();
    let (from, back) = (dir.path().join("a.db"), dir.path().join("b.db"));
    history(&from);
    let place = || {
        let server = QuestDb::connect(&live.url, &Auth::None, HttpOptions::default()).unwrap();
        ServerPlace::new(server.with_prefix(&live.prefix))
    };
    let options = options().with_tables(vec!["team_table".to_owned(), "trading_fills".to_owned()]);
    let look = || Look::stopping(u32::MAX);
    let mut source = FilePlace::new(&from);
    let there = copy(&mut source, &mut place(), &mut live.sink(), &options, &mut look()).unwrap();
    let here =
        copy(&mut place(), &mut FilePlace::new(&back), &mut open(&back), &options, &mut look());
    let here = here.unwrap();
    assert!(there.iter().chain(&here).all(|t| t.is_whole() && t.rows > 0), "{there:?} {here:?}");
    for table in ["team_table", "trading_fills"] {
        assert_eq!(by_name(&there, table).checksum, by_name(&here, table).checksum);
        let sql = format!("SELECT * FROM {table} ORDER BY ts, seq");
        assert_eq!(ask(&from, &sql), ask(&back, &sql), "{table}");
    }
}
