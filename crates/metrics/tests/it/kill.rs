//! A producer is killed at random moments: what was emitted is in the store all the same.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    num::NonZeroU32,
    os::unix::fs::FileExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use plimsoll_metrics::{MemoryRow, MemorySink, Metrics, Mode, Options, Pnl};

const CHILD: &str = "PLIMSOLL_TEST_KILL_CHILD";
const THREADS: usize = 2;
const PER_SECOND: f64 = 200_000.0;

/// Emits at a steady rate and writes down, after each emit returned, how many there were.
fn produce(dir: &Path) {
    // Room for a drainer that waits for a core: what is dropped proves nothing about the kill.
    let options = Options::spool_only(dir.join("spool"), Mode::Live)
        .with_env("test")
        .with_ring_slots(const { NonZeroU32::new(65_536).expect("not zero") });
    let metrics = Metrics::open(&options).unwrap();
    let account = metrics.strategy("killed").unwrap().account("A").unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let instrument = account.instrument(&format!("I{thread}"), "V", "USD").unwrap();
            let acked =
                OpenOptions::new().write(true).open(dir.join(format!("acked{thread}"))).unwrap();
            scope.spawn(move || {
                let start = Instant::now();
                let mut n = 0_u64;
                loop {
                    let due = start.elapsed().as_secs_f64() * PER_SECOND;
                    while (n as f64) < due {
                        n += 1;
                        instrument.emit_pnl(
                            Pnl::new().realized_pnl(n as f64).unrealized_pnl(-(n as f64)),
                        );
                        acked.write_all_at(&n.to_le_bytes(), 0).unwrap();
                    }
                    std::hint::spin_loop();
                }
            });
        }
    });
}

fn start_child(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["kill::every_acknowledged_row_survives_sigkill", "--exact", "--nocapture"])
        .env(CHILD, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn double(row: &MemoryRow, column: &str) -> f64 {
    row[column].as_f64().unwrap()
}

fn acked(dir: &Path, thread: usize) -> u64 {
    let mut bytes = [0; 8];
    let file = File::open(dir.join(format!("acked{thread}"))).unwrap();
    file.read_exact_at(&mut bytes, 0).map_or(0, |()| u64::from_le_bytes(bytes))
}

#[test]
fn every_acknowledged_row_survives_sigkill() {
    if let Some(dir) = std::env::var_os(CHILD) {
        produce(Path::new(&dir));
        return;
    }
    let kills: u64 = std::env::var("PLIMSOLL_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let (mut acknowledged, mut recovered, mut refused) = (0, 0, 0);
    for kill in 0..kills {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        for thread in 0..THREADS {
            File::create(dir.join(format!("acked{thread}"))).unwrap();
        }
        let mut child = start_child(dir);
        // A different moment each time, from the first rows to well past the first spooling.
        let moment = Duration::from_micros(40_000 + kill * 7_919 % 160_000);
        let bound = Instant::now() + Duration::from_secs(20);
        while acked(dir, 0) == 0 && Instant::now() < bound {
            std::thread::yield_now();
        }
        let until = Instant::now() + moment;
        while Instant::now() < until {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();

        let sink = MemorySink::new();
        let options = Options::spool_only(dir.join("spool"), Mode::Live);
        let metrics = Metrics::start(sink.clone(), &options).unwrap();
        let counts = metrics.close(Duration::from_secs(60)).unwrap();
        recovered += counts.recovered_rows;
        let dropped: i64 = sink
            .rows("producer_runs")
            .iter()
            .filter(|row| row["table_name"].as_str() == Some("trading_pnl"))
            .filter_map(|row| row["dropped"].as_i64())
            .sum();
        refused += u64::try_from(dropped).unwrap();
        let mut seen: HashMap<String, HashMap<u64, u64>> = HashMap::new();
        for row in sink.rows("trading_pnl") {
            assert_eq!(
                double(&row, "unrealized_pnl"),
                -double(&row, "realized_pnl"),
                "a wrong row: {row:?}"
            );
            let n = double(&row, "realized_pnl") as u64;
            *seen
                .entry(row["instrument_id"].as_str().unwrap().to_owned())
                .or_default()
                .entry(n)
                .or_default() += 1;
        }
        for thread in 0..THREADS {
            let acked = acked(dir, thread);
            acknowledged += acked;
            let rows = seen.remove(&format!("I{thread}")).unwrap_or_default();
            let lost: Vec<u64> = (1..=acked).filter(|n| !rows.contains_key(n)).collect();
            // A full ring refuses rows and says so: that is no loss that a kill made.
            assert!(
                i64::try_from(lost.len()).unwrap() <= dropped,
                "kill {kill}, thread {thread}: {} of {acked} are lost, {dropped} refused, from {:?} to {:?}; {counts:?}",
                lost.len(),
                lost.first(),
                lost.last(),
            );
            let twice = rows.values().filter(|&&times| times > 1).count();
            assert_eq!(twice, 0, "kill {kill}, thread {thread}: {twice} rows came twice");
        }
    }
    assert!(recovered > 0, "no run had rows in its rings: the test proves nothing");
    println!(
        "{kills} kills, {acknowledged} acknowledged, 0 lost, 0 twice, {recovered} from rings, \
         {refused} refused by a full ring and counted"
    );
}
