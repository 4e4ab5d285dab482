//! A strategy that only writes the spool, and another process that ships it: both are killed at
//! random moments, and each row that was acknowledged is in the store once.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    ops::ControlFlow,
    os::unix::fs::FileExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use plimsoll_metrics::{
    MemorySink, Metrics, Mode, Options, Pnl, RingMemory, ShipOptions, SqliteOptions, SqliteSink,
    Timestamp,
    gaps::Verdict,
    read::{Datum, Store},
    ship,
};

const ROLE: &str = "PLIMSOLL_TEST_SPOOL_ONLY_ROLE";
const DIR: &str = "PLIMSOLL_TEST_SPOOL_ONLY_DIR";
const LIFE: &str = "PLIMSOLL_TEST_SPOOL_ONLY_LIFE";
const THREADS: usize = 2;
const PER_SECOND: f64 = 20_000.0;

fn options(dir: &Path) -> Options {
    Options::spool_only(dir.join("spool"), Mode::Live).with_env("test")
}

fn counter(dir: &Path, life: u64, thread: usize) -> std::path::PathBuf {
    dir.join(format!("emitted-{life}-{thread}"))
}

/// Emits at a steady rate and writes down, after each emit returned, how many there were.
fn produce(dir: &Path, life: u64) {
    let metrics = Metrics::open(&options(dir)).unwrap();
    let account = metrics.strategy("killed").unwrap().account("A").unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let name = format!("L{life}T{thread}");
            let instrument = account.instrument(&name, "V", "USD").unwrap();
            let counter = File::create(counter(dir, life, thread)).unwrap();
            scope.spawn(move || {
                let start = Instant::now();
                let mut n = 0_u64;
                // Bounded, in case nobody kills it.
                while start.elapsed() < Duration::from_secs(30) {
                    let due = start.elapsed().as_secs_f64() * PER_SECOND;
                    while (n as f64) < due {
                        n += 1;
                        let pnl = Pnl::new().realized_pnl(n as f64).unrealized_pnl(-(n as f64));
                        instrument.emit_pnl(pnl);
                        counter.write_all_at(&n.to_le_bytes(), 0).unwrap();
                    }
                    std::thread::yield_now();
                }
            });
        }
    });
}

fn follow(dir: &Path) {
    let sink = SqliteSink::open(dir.join("store.db"), SqliteOptions::default()).unwrap();
    let started = Instant::now();
    ship(&dir.join("spool"), sink, &ShipOptions::default().with_follow(true), &mut |_| {
        if started.elapsed() < Duration::from_secs(30) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })
    .unwrap();
}

fn child(role: &str, dir: &Path, life: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["spool_only::what_another_process_ships_survives_sigkill_of_both", "--exact"])
        .env(ROLE, role)
        .env(DIR, dir)
        .env(LIFE, life.to_string())
        .stdout(Stdio::null())
        .stderr(fs::File::create(dir.join(format!("{role}-{life}.log"))).unwrap())
        .spawn()
        .unwrap()
}

fn emitted(dir: &Path, life: u64, thread: usize) -> u64 {
    let mut bytes = [0; 8];
    let file = OpenOptions::new().read(true).open(counter(dir, life, thread));
    file.and_then(|file| file.read_exact_at(&mut bytes, 0))
        .map_or(0, |()| u64::from_le_bytes(bytes))
}

/// Lets the others work for a while.
fn spin(time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        std::thread::yield_now();
    }
}

fn wait_for_rows(dir: &Path, life: u64) {
    let bound = Instant::now() + Duration::from_secs(20);
    while emitted(dir, life, 0) == 0 {
        assert!(Instant::now() < bound, "the producer of life {life} emits nothing");
        std::thread::yield_now();
    }
}

fn kill(mut child: Child, dir: &Path, role: &str, life: u64) {
    let early = child.try_wait().unwrap();
    let log = fs::read_to_string(dir.join(format!("{role}-{life}.log"))).unwrap();
    assert!(early.is_none(), "{role} {life} ended by itself: {log}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// How often each number (its bits) is in the store, by instrument.
fn stored(dir: &Path) -> HashMap<String, HashMap<u64, u64>> {
    let store = Store::open(dir.join("store.db")).unwrap();
    let sql = "SELECT instrument_id, realized_pnl, unrealized_pnl FROM trading_pnl";
    let mut seen: HashMap<String, HashMap<u64, u64>> = HashMap::new();
    for row in store.query(sql, usize::MAX).unwrap().rows {
        let [Datum::Text(instrument), Datum::Double(n), Datum::Double(negative)] = &row[..] else {
            panic!("a wrong row: {row:?}")
        };
        assert_eq!(*n, -negative);
        *seen.entry(instrument.clone()).or_default().entry(n.to_bits()).or_default() += 1;
    }
    seen
}

#[test]
fn what_another_process_ships_survives_sigkill_of_both() {
    if let Some(role) = std::env::var_os(ROLE) {
        let dir = std::env::var_os(DIR).unwrap();
        let life = std::env::var(LIFE).unwrap().parse().unwrap();
        if role == "producer" {
            produce(Path::new(&dir), life);
        } else {
            follow(Path::new(&dir));
        }
        return;
    }
    let kills: u64 = std::env::var("PLIMSOLL_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    let mut producer = child("producer", dir, 0);
    wait_for_rows(dir, 0);
    let mut follower = child("follower", dir, 0);
    for life in 0..kills {
        spin(Duration::from_micros(100_000 + life * 70_919 % 300_000));
        kill(follower, dir, "follower", life);
        if life % 3 == 1 {
            spin(Duration::from_millis(60));
        }
        follower = child("follower", dir, life + 1);
        spin(Duration::from_micros(100_000 + life * 31_337 % 200_000));
        kill(producer, dir, "producer", life);
        producer = child("producer", dir, life + 1);
        wait_for_rows(dir, life + 1);
    }
    spin(Duration::from_millis(200));
    kill(follower, dir, "follower", kills);
    kill(producer, dir, "producer", kills);

    // Nobody comes back: what the last ones left is shipped all the same.
    let sink = SqliteSink::open(dir.join("store.db"), SqliteOptions::default()).unwrap();
    let report =
        ship(&dir.join("spool"), sink, &ShipOptions::default(), &mut |_| ControlFlow::Continue(()))
            .unwrap();
    assert_eq!((report.rejected, report.damaged_blocks, report.waiting_bytes), (0, 0, 0));
    let store = Store::open(dir.join("store.db")).unwrap();
    let findings = store.gaps(Timestamp::from_nanos(i64::MAX)).unwrap();
    let of_pnl: Vec<_> = findings.iter().filter(|f| f.table == "trading_pnl").collect();
    assert!(of_pnl.iter().all(|f| f.verdict == Verdict::Whole), "{of_pnl:#?}");
    // A full ring refuses rows and says so: that is no loss that a kill made.
    let refused: u64 = of_pnl.iter().map(|f| f.dropped).sum();
    let mut seen = stored(dir);
    let (mut acknowledged, mut absent) = (0, 0);
    for life in 0..=kills {
        for thread in 0..THREADS {
            let emitted = emitted(dir, life, thread);
            acknowledged += emitted;
            let rows = seen.remove(&format!("L{life}T{thread}")).unwrap_or_default();
            let lost = (1..=emitted).filter(|n| !rows.contains_key(&(*n as f64).to_bits())).count();
            assert!(
                u64::try_from(lost).unwrap() <= refused,
                "life {life}, thread {thread}: {lost} of {emitted} are lost, {refused} refused"
            );
            absent += lost;
            let twice = rows.values().filter(|&&times| times > 1).count();
            assert_eq!(twice, 0, "life {life}, thread {thread}: {twice} rows are there twice");
        }
    }
    assert!(u64::try_from(absent).unwrap() <= refused, "{absent} lost, {refused} refused");
    println!("{kills} kills of both, {acknowledged} acknowledged, {report:?}");
}

#[test]
fn the_spool_of_a_process_that_ended_is_shipped_and_then_empty() {
    let home = tempfile::tempdir().unwrap();
    let metrics = Metrics::open(&options(home.path())).unwrap();
    let account = metrics.strategy("s").unwrap().account("A").unwrap();
    let instrument = account.instrument("I", "V", "USD").unwrap();
    for n in 0..100 {
        instrument.emit_pnl(Pnl::new().realized_pnl(f64::from(n)));
    }
    let counts = metrics.close(Duration::from_secs(10)).unwrap();
    assert_eq!(counts.dropped_rows, 0);
    let spool = home.path().join("spool");
    let go = &mut |_: &_| ControlFlow::Continue(());
    let sink = MemorySink::new();
    let first = ship(&spool, sink.clone(), &ShipOptions::default(), go).unwrap();
    assert_eq!(sink.rows("trading_pnl").len(), 100);
    assert_eq!((first.rejected, first.waiting_bytes), (0, 0));
    let about = sink.rows("producer_runs");
    let shipped: Vec<_> = about
        .iter()
        .filter(|row| row["exit_reason"].as_str() == Some("shipped"))
        .map(|row| row["acked"].as_i64())
        .collect();
    assert_eq!(shipped, [Some(100)], "the shipper says what the producer cannot know: {about:?}");
    let again = MemorySink::new();
    let second = ship(&spool, again.clone(), &ShipOptions::default(), go).unwrap();
    assert_eq!((second.rows, again.rows("producer_runs").len()), (0, 0), "nothing comes again");
}

#[test]
fn a_strategy_and_a_shipper_share_a_spool_and_a_second_of_either_is_told() {
    let home = tempfile::tempdir().unwrap();
    let options = options(home.path()).with_ring(RingMemory::Heap);
    let metrics = Metrics::open(&options).unwrap();
    let account = metrics.strategy("s").unwrap().account("A").unwrap();
    let instrument = account.instrument("I", "V", "USD").unwrap();
    let spool = home.path().join("spool");
    let sink = MemorySink::new();
    let following = ShipOptions::default().with_follow(true);
    let mut sent = 0;
    ship(&spool, sink.clone(), &following, &mut |report| {
        if sent == 0 {
            let text = |error: &dyn std::error::Error| error.source().unwrap().to_string();
            let second = Metrics::open(&options).unwrap_err();
            assert!(text(&second).contains("metrics of strategy"), "{}", text(&second));
            let go = &mut |_: &_| ControlFlow::Continue(());
            let second = ship(&spool, MemorySink::new(), &following, go).unwrap_err();
            assert!(text(&second).contains("plimsoll metrics ship"), "{}", text(&second));
        }
        if sent < 50 {
            instrument.emit_pnl(Pnl::new().realized_pnl(f64::from(sent)));
            sent += 1;
        }
        if report.rows >= 50 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!(sink.rows("trading_pnl").len(), 50);
    metrics.close(Duration::from_secs(10)).unwrap();
}

#[test]
fn what_was_shipped_of_a_run_is_counted_over_restarts_of_the_shipper() {
    let home = tempfile::tempdir().unwrap();
    let metrics = Metrics::open(&options(home.path())).unwrap();
    let account = metrics.strategy("s").unwrap().account("A").unwrap();
    let instrument = account.instrument("I", "V", "USD").unwrap();
    let mut acked = Vec::new();
    for rows in [30, 20, 7] {
        for n in 0..rows {
            instrument.emit_pnl(Pnl::new().realized_pnl(f64::from(n)));
        }
        assert!(metrics.flush(Duration::from_secs(10)));
        let sink = MemorySink::new();
        let go = &mut |_: &_| ControlFlow::Continue(());
        ship(&home.path().join("spool"), sink.clone(), &ShipOptions::default(), go).unwrap();
        let about = sink.rows("producer_runs");
        let shipped = about.iter().filter(|row| row["exit_reason"].as_str() == Some("shipped"));
        acked.extend(shipped.map(|row| row["acked"].as_i64().unwrap()));
    }
    assert_eq!(acked, [30, 50, 57]);
    metrics.close(Duration::from_secs(10)).unwrap();
}
