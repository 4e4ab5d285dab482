//! What a sample costs: batch means over 20 rules and 1,000 series, and the memory of 100,000 series.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark measures, prints, and stops when it cannot"
)]

use std::{
    collections::HashMap,
    hint::black_box,
    time::{Duration, Instant, SystemTime},
};

use plimsoll_alerts::{
    Condition, Engine, Function, Measure, Now, OnAbsent, Options, Query, Rule, Sample, SeriesId,
    Severity,
};

const BATCHES: usize = 60;
const SAMPLES: usize = 20_000;
const SERIES: usize = 1_000;
const METRICS: usize = 10;

fn main() {
    println!(
        "| {METRICS} metrics, {SERIES} series | ns a sample, smallest / median of {BATCHES} batches | allocations |"
    );
    println!("|---|---|---|");
    bench("20 threshold rules, 2 a sample", thresholds());
    bench("20 rules of all kinds", mixed());
    baseline();
    memory();
}

fn metric(n: usize) -> String {
    format!("trading_risk.metric_{}", n % METRICS)
}

/// A warning and a critical step for each metric.
fn thresholds() -> Vec<Rule> {
    let step = |n: usize, limit: f64, severity: Severity| {
        Rule::new(
            format!("{}_{}", metric(n), severity.as_str()),
            metric(n),
            Condition::above(limit).resolving_at(limit * 0.9),
            severity,
        )
        .pending_for(Duration::from_secs(10))
        .in_family(metric(n))
        .absent(Duration::from_secs(30), OnAbsent::NoData, Severity::Warning)
    };
    (0..METRICS)
        .flat_map(|n| [step(n, 0.99, Severity::Warning), step(n, 0.999, Severity::Critical)])
        .collect()
}

/// Thresholds for half of the metrics, and for the others windows, ratios, silence and joins.
fn mixed() -> Vec<Rule> {
    let mut rules: Vec<Rule> = thresholds().into_iter().take(10).collect();
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let rolling = |n: usize, function| Query::rolling(metric(n), function, minutes(5));
    let of = |query| Measure::Value(query);
    let above = || Condition::above(1e9);
    let measuring =
        |name: &str, measure| Rule::measuring(name, measure, above(), Severity::Warning);
    rules.push(measuring("sum", of(rolling(5, Function::Sum))));
    rules.push(measuring("count", of(rolling(5, Function::Count))));
    rules.push(measuring("mean", of(rolling(6, Function::Mean))));
    rules.push(measuring("max", of(rolling(6, Function::Max))));
    rules.push(measuring("p99", of(rolling(7, Function::Quantile(0.99)))));
    rules.push(measuring("rate", of(rolling(8, Function::Rate))));
    let to = rolling(9, Function::Count);
    let ratio = Measure::Ratio { of: rolling(8, Function::Sum), to, to_min: 20.0 };
    rules.push(measuring("ratio", ratio));
    rules.push(Rule::new("gone", metric(7), Condition::absent(minutes(1)), Severity::Critical));
    rules.push(Rule::joining("both", Condition::all(["sum", "count"]), Severity::Critical));
    rules.push(Rule::joining("any", Condition::any(["mean", "max"]), Severity::Critical));
    rules
}

/// Samples that stay under all limits, but for one in ten thousand.
struct Feed {
    series: Vec<SeriesId>,
    next: usize,
    seed: u64,
    start: SystemTime,
}

impl Feed {
    fn new(engine: &mut Engine, series: usize) -> Self {
        let name = |n: usize| format!("strategy-{}", n / METRICS);
        let series = (0..series).map(|n| {
            let labels = [("account_id", "HL-main"), ("strategy_id", &name(n)), ("env", "prod")];
            engine.series(&metric(n), &labels).unwrap()
        });
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_478_400);
        Self { series: series.collect(), next: 0, seed: 1, start }
    }

    fn next(&mut self) -> (SeriesId, Sample, Now) {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let value = (self.seed >> 40) as f64 / (1_u64 << 24) as f64;
        let value = if self.seed >> 11 & 0x3fff == 0 { value } else { value * 0.9 };
        self.next += 1;
        // Each series speaks once a second.
        let since =
            Duration::from_nanos(self.next as u64 * 1_000_000_000 / self.series.len() as u64);
        let at = self.start + since;
        (self.series[self.next % self.series.len()], Sample::new(value, at), Now::new(at, since))
    }
}

fn bench(name: &str, rules: Vec<Rule>) {
    let mut engine = Engine::new(rules).unwrap();
    let mut feed = Feed::new(&mut engine, SERIES);
    // Until every window is full.
    for _ in 0..SERIES * 400 {
        let (series, sample, now) = feed.next();
        black_box(engine.observe(series, sample, now));
    }
    let mut times = Vec::new();
    for _ in 0..BATCHES {
        let samples: Vec<_> = (0..SAMPLES).map(|_| feed.next()).collect();
        let start = Instant::now();
        for (series, sample, now) in &samples {
            black_box(engine.observe(*series, *sample, *now));
        }
        times.push(start.elapsed().as_nanos() as f64 / SAMPLES as f64);
    }
    let samples: Vec<_> = (0..SAMPLES).map(|_| feed.next()).collect();
    let used = allocation_counter::measure(|| {
        for (series, sample, now) in &samples {
            black_box(engine.observe(*series, *sample, *now));
        }
    });
    report(name, &mut times, used.count_total);
}

fn report(name: &str, times: &mut [f64], allocations: u64) {
    times.sort_by(f64::total_cmp);
    println!("| {name} | {:.0} / {:.0} | {allocations} |", times[0], times[times.len() / 2]);
}

/// What one would write without an engine: a map from names to limits and states, two limits a sample.
fn baseline() {
    let mut states: HashMap<(String, String), [bool; 2]> = HashMap::new();
    let keys: Vec<_> =
        (0..SERIES).map(|n| (metric(n), format!("strategy-{}", n / METRICS))).collect();
    let mut times = Vec::new();
    for batch in 0..BATCHES {
        let start = Instant::now();
        for n in 0..SAMPLES {
            let value = black_box((n * batch % 97) as f64 / 100.0);
            let key = &keys[n % SERIES];
            let state = match states.get_mut(key) {
                Some(state) => state,
                None => states.entry(key.clone()).or_default(),
            };
            for (state, limit) in state.iter_mut().zip([0.99, 0.999]) {
                *state = value > limit;
            }
        }
        times.push(start.elapsed().as_nanos() as f64 / SAMPLES as f64);
    }
    report(
        "for comparison: a hash map of names and two comparisons, no waits, no silence",
        &mut times,
        0,
    );
}

fn memory() {
    let before = resident();
    let mut engine =
        Engine::with_options(thresholds(), Options::default().with_series_max(100_000)).unwrap();
    let mut feed = Feed::new(&mut engine, 100_000);
    for _ in 0..200_000 {
        let (series, sample, now) = feed.next();
        black_box(engine.observe(series, sample, now));
    }
    let megabytes = (resident() - before) as f64 / 1e6;
    println!("\n100,000 series, 20 threshold rules, 200,000 alerts: {megabytes:.0} MB");
}

/// Resident memory of this process in bytes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}
