//! A timing loop: batches, their smallest and median mean, percentiles of single calls.

use std::time::{Duration, Instant};

/// Batches of one figure.
pub const BATCHES: usize = 60;
/// Calls of a batch: three slots each fit the ring, so that none is dropped.
pub const CALLS: u32 = 4_000;

/// Mean ns per call: smallest and median of the batches, with a pause for the drainer between.
pub fn batches(mut call: impl FnMut(u32)) -> (f64, f64) {
    let mut means: Vec<f64> = (0..BATCHES)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(45));
            let begun = Instant::now();
            for n in 0..CALLS {
                call(n);
            }
            begun.elapsed().as_nanos() as f64 / f64::from(CALLS)
        })
        .collect();
    means.sort_by(f64::total_cmp);
    (means[0], means[BATCHES / 2])
}

/// Times of single calls at a steady rate, ns, sorted; the timer's own cost is in them.
pub fn paced(per_second: f64, calls: usize, mut call: impl FnMut(usize)) -> Vec<u64> {
    let mut times = Vec::with_capacity(calls);
    let start = Instant::now();
    for n in 0..calls {
        let due = Duration::from_secs_f64(n as f64 / per_second);
        while start.elapsed() < due {
            std::hint::spin_loop();
        }
        let begun = Instant::now();
        call(n);
        times.push(begun.elapsed().as_nanos() as u64);
    }
    times.sort_unstable();
    times
}

/// The value below which `share` of the sorted times lie.
pub fn percentile(times: &[u64], share: f64) -> u64 {
    times[((times.len() - 1) as f64 * share) as usize]
}

/// One line of a table.
pub fn row(name: &str, figure: &str) {
    println!("| {name} | {figure} |");
}

/// Resident memory of this process, MB.
pub fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("");
    let kb: f64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0.0);
    kb / 1024.0
}
