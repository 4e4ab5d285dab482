//! The caller's side while the store is up, away or hanging: interleaved, so that load hits all alike.

use std::time::Duration;

use plimsoll_benches::{paced, percentile, row};
use plimsoll_metrics::{Instrument, MemorySink, Metrics, Mode, NullSink, Options, Pnl, Sink, Step};

const ROUNDS: usize = 20;
const CALLS: usize = 50_000;

fn start(dir: &std::path::Path, name: &str, sink: impl Sink + 'static, spool: u64) -> (Metrics, Instrument) {
    let options = Options::spool_only(dir.join(name), Mode::Live).with_spool_bytes_max(spool);
    let metrics = Metrics::start(sink, &options).unwrap();
    let line = metrics.strategy("s").unwrap().account("A").unwrap().instrument("I", "V", "USD").unwrap();
    line.prewarm().unwrap();
    (metrics, line)
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let down = MemorySink::new();
    down.fail_next(std::iter::repeat_n(Step::Retry, 100_000));
    let hung = MemorySink::new();
    hung.fail_next(std::iter::repeat_n(Step::Hang, 1_000));
    let full = MemorySink::new();
    full.fail_next(std::iter::repeat_n(Step::Retry, 100_000));
    let cases = [
        ("up", start(dir.path(), "up", NullSink::new(), 1 << 30)),
        ("down", start(dir.path(), "down", down, 1 << 30)),
        ("hung", start(dir.path(), "hung", hung, 1 << 30)),
        ("spool full", start(dir.path(), "full", full, 8 << 20)),
    ];
    let mut times: Vec<Vec<u64>> = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for ((_, (_, line)), times) in cases.iter().zip(&mut times) {
            times.extend(paced(500_000.0, CALLS, |n| line.emit_pnl(Pnl::new().realized_pnl(n as f64).unrealized_pnl(1.0))));
        }
    }
    println!("| sink | p50 / p99 ns of {} emits, timer included; dropped |\n|---|---|", ROUNDS * CALLS);
    for ((name, (metrics, _)), times) in cases.iter().zip(&mut times) {
        times.sort_unstable();
        row(name, &format!("{} / {}; {}", percentile(times, 0.5), percentile(times, 0.99), metrics.counts().dropped_rows));
    }
    for (_, (metrics, _)) in cases {
        drop(metrics.close(Duration::from_millis(50)));
    }
    // A sink that hangs has a thread of its own, which must not keep us.
    std::process::exit(0);
}
