//! Windows against the definition: all samples kept in a list, and everything worked out anew.

use proptest::{collection, prelude::*};

use super::{Counter, Counting, ENTRIES_MAX, Edge, Extreme, Extremes, Quantiles, Sums};

const SPAN: i64 = 1_000;

/// Time since the sample before (late by up to 50 when below 0), and a value.
fn samples() -> impl Strategy<Value = Vec<(i64, f64)>> {
    let value = prop_oneof![9 => (-50_i32..50).prop_map(f64::from), 1 => Just(f64::NAN)];
    collection::vec((-50_i64..300, value), 1..80)
}

/// Those that a window holds at `now`, by time; samples of one time in the order of arrival.
fn held(all: &[(i64, f64)], now: i64, edge: Edge) -> Vec<(i64, f64)> {
    let mut held: Vec<_> =
        all.iter().copied().filter(|(tick, _)| !edge.is_past(*tick, SPAN, now)).collect();
    held.sort_by_key(|sample| sample.0);
    held
}

#[track_caller]
fn assert_close(ours: f64, right: f64, what: &str) {
    let is_close = (ours - right).abs() <= 1e-9 * right.abs().max(1.0);
    assert!(is_close || (ours.is_nan() && right.is_nan()), "{what}: {ours}, wanted {right}");
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank lies between 0 and the number of samples"
)]
fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = q * (sorted.len() - 1) as f64;
    let (low, high) = (rank.floor() as usize, rank.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * (rank - rank.floor())
}

fn check_all(all: &[(i64, f64)], now: i64, edge: Edge, windows: &mut Windows) {
    let held = held(all, now, edge);
    let values: Vec<f64> = held.iter().map(|sample| sample.1).collect();
    let n = values.len() as u64;
    let Windows { sums, min, max, quantiles, counter } = windows;
    sums.expire(now, edge);
    min.expire(now, edge);
    max.expire(now, edge);
    quantiles.expire(now, edge);
    counter.expire(now, edge);
    let counts = [sums.count(), min.count(), max.count(), quantiles.count(), counter.count()];
    assert_eq!(counts, [n; 5], "{held:?}");
    assert_close(sums.sum(), values.iter().sum(), "sum");
    if values.is_empty() {
        return;
    }
    let fold = |f: fn(f64, f64) -> f64| {
        let is_bad = values.iter().any(|v| v.is_nan());
        if is_bad { f64::NAN } else { values.iter().copied().reduce(f).unwrap() }
    };
    assert_close(sums.mean(), values.iter().sum::<f64>() / n as f64, "mean");
    assert_close(min.value(), fold(f64::min), "min");
    assert_close(max.value(), fold(f64::max), "max");
    let is_bad = values.iter().any(|v| v.is_nan());
    let p30 = if is_bad { f64::NAN } else { quantile(&values, 0.3) };
    assert_close(quantiles.value(0.3), p30, "quantile");
    let grown: f64 = values.windows(2).map(|w| if w[1] < w[0] { w[1] } else { w[1] - w[0] }).sum();
    let grown = if is_bad { f64::NAN } else { grown };
    match counter.increase(now, Counting::Seen) {
        Some(ours) => assert_close(ours, grown, "increase"),
        None => assert!(n < 2),
    }
}

struct Windows {
    sums: Sums,
    min: Extremes,
    max: Extremes,
    quantiles: Quantiles,
    counter: Counter,
}

impl Windows {
    fn new() -> Self {
        Self {
            sums: Sums::new(SPAN),
            min: Extremes::new(SPAN, Extreme::Min),
            max: Extremes::new(SPAN, Extreme::Max),
            quantiles: Quantiles::new(SPAN),
            counter: Counter::new(SPAN),
        }
    }

    fn push(&mut self, tick: i64, value: f64) {
        self.sums.push(tick, value);
        self.min.push(tick, value);
        self.max.push(tick, value);
        self.quantiles.push(tick, value);
        self.counter.push(tick, value);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn windows_give_what_their_definition_gives(samples in samples(), is_open in any::<bool>()) {
        let edge = if is_open { Edge::Open } else { Edge::Closed };
        let (mut windows, mut all, mut now) = (Windows::new(), Vec::new(), 0_i64);
        for (gap, value) in samples {
            let tick = now + gap;
            now = now.max(tick);
            windows.push(tick, value);
            all.push((tick, value));
            check_all(&all, now, edge, &mut windows);
        }
        now += SPAN / 2;
        check_all(&all, now, edge, &mut windows);
    }
}

#[test]
fn a_window_is_bounded_and_its_numbers_stay_right() {
    let mut windows = Windows::new();
    let mut all = Vec::new();
    for n in 0..50_000_i64 {
        // Far more samples than it holds: a hundred at each tick of a short time.
        let tick = n / 100;
        let value = (n % 97) as f64;
        windows.push(tick, value);
        all.push((tick, value));
    }
    let now = 500;
    let held = held(&all, now, Edge::Open);
    windows.sums.expire(now, Edge::Open);
    assert_eq!(windows.sums.count(), held.len() as u64);
    assert_close(windows.sums.sum(), held.iter().map(|s| s.1).sum(), "sum");
    assert_close(windows.max.value(), 96.0, "max");
    assert_close(windows.min.value(), 0.0, "min");
    let right: f64 = all.windows(2).map(|w| if w[1].1 < w[0].1 { w[1].1 } else { 1.0 }).sum();
    assert_close(windows.counter.increase(now, Counting::Seen).unwrap(), right, "increase");
    assert!(windows.sums.entries().count() <= 2 * ENTRIES_MAX);
    assert!(windows.max.entries().count() <= 2 * ENTRIES_MAX);
    assert!(windows.counter.entries().count() <= 2 * ENTRIES_MAX);
    assert_eq!(windows.quantiles.entries().count(), super::quantile::SAMPLES_MAX);
}

/// Samples at these seconds with these values; growth at `now` over 60 s, as Prometheus 2 and 3 have it.
#[track_caller]
fn check_extrapolated(samples: &[(i64, f64)], now: i64, expected: [f64; 2]) {
    let second = 1_000_000_000;
    let mut counter = Counter::new(60 * second);
    for (secs, value) in samples {
        counter.push(secs * second, *value);
    }
    counter.expire(now * second, Edge::Closed);
    for (counting, expected) in
        [Counting::Prometheus2, Counting::Prometheus3].into_iter().zip(expected)
    {
        let ours = counter.increase(now * second, counting).unwrap();
        assert_close(ours, expected, &format!("{samples:?} at {now}, {counting:?}"));
    }
}

#[test]
fn growth_is_extended_to_the_ends_of_the_span() {
    // Values by the published formula: half a step beyond where a sample is missing, never below zero.
    let full = [(0, 0.0), (15, 15.0), (30, 30.0), (45, 45.0), (60, 60.0)];
    check_extrapolated(&full, 60, [60.0; 2]);
    // Zero lies less than half a step before the first sample.
    check_extrapolated(
        &[(15, 5.0), (30, 15.0), (45, 25.0)],
        60,
        [20.0 * (30.0 + 7.5 + 15.0) / 30.0; 2],
    );
    check_extrapolated(&[(30, 100.0), (45, 110.0)], 60, [10.0 * (15.0 + 7.5 + 15.0) / 15.0; 2]);
    // A restart: it grew by 5 from zero. Zero is 15 s before the first sample, the span's start 30 s.
    let reset = [(30, 5.0), (45, 5.0), (46, 5.0)];
    check_extrapolated(&reset, 60, [0.0; 2]);
    check_extrapolated(&[(30, 8.0), (45, 16.0)], 60, [8.0 * 45.0 / 15.0, 8.0 * 37.5 / 15.0]);
}
