//! `tracing` events as rows of `trading_errors`.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use plimsoll_metrics::{Captured, CapturedRow, ErrorLayer, Metrics};
use tracing::{error, info, subscriber::with_default, warn};
use tracing_subscriber::{Registry, layer::SubscriberExt};

/// An error with a cause, as a venue's client would return it.
#[derive(Debug, thiserror::Error)]
#[error("cannot place the order")]
struct Outer {
    source: std::num::ParseIntError,
}

fn outer() -> Outer {
    Outer { source: "x".parse::<i32>().unwrap_err() }
}

/// A layer whose clock the test moves, in milliseconds.
struct Bench {
    layer: ErrorLayer,
    millis: Arc<AtomicU64>,
    captured: Captured,
    _pipeline: Metrics,
}

fn bench() -> Bench {
    let (pipeline, captured) = Metrics::capture();
    let millis = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&millis);
    let layer = ErrorLayer::new(pipeline.series(&[("strategy_id", "ema-001")]).unwrap())
        .with_rows_per_second(NonZeroU32::new(10).unwrap())
        .with_clock(move || Duration::from_millis(clock.load(Relaxed)));
    Bench { layer, millis, captured, _pipeline: pipeline }
}

impl Bench {
    fn rows(&self, events: impl FnOnce()) -> Vec<CapturedRow> {
        with_default(Registry::default().with(self.layer.clone()), events);
        let rows = self.captured.rows("trading_errors");
        self.captured.clear();
        rows
    }

    fn counts(&self, events: impl FnOnce()) -> Vec<i64> {
        self.rows(events).iter().filter_map(|row| row.i64("count")).collect()
    }
}

fn storm(events: u32) {
    for _ in 0..events {
        error!("refused");
    }
}

#[test]
fn an_error_event_is_a_row() {
    let bench = bench();
    let rows = bench.rows(|| {
        error!(
            target: "venue::orders",
            code = 429,
            class = "rate_limit",
            client_order_id = "ema-1",
            transient = true,
            error = &outer() as &dyn std::error::Error,
            "order {} refused",
            7
        );
    });
    let fingerprint = rows[0].i64("fingerprint").unwrap();
    assert_eq!(
        rows[0].to_string(),
        format!(
            "strategy_id=ema-001 severity=error component=venue::orders error_class=rate_limit \
             error_code=429 count=1 fingerprint={fingerprint} transient=1 client_order_id=ema-1 \
             message=\"order 7 refused: cannot place the order: invalid digit found in string\""
        )
    );
}

#[test]
fn an_event_without_a_code_is_named_by_its_place() {
    let bench = bench();
    let rows = bench.rows(|| {
        for n in 0..2 {
            error!(n, "first place");
        }
        error!("second place");
    });
    let code = rows[0].text("error_code").unwrap();
    assert!(code.contains("layer.rs:"), "{code}");
    let alike = |column: &str| {
        (rows[0].i64(column) == rows[1].i64(column), rows[0].i64(column) == rows[2].i64(column))
    };
    assert_eq!(alike("fingerprint"), (true, false));
}

#[test]
fn warnings_are_rows_only_when_asked_for() {
    let events = || {
        warn!("slow");
        info!("fine");
    };
    assert!(bench().rows(events).is_empty());
    let mut asked = bench();
    asked.layer = ErrorLayer::new(asked._pipeline.series(&[]).unwrap()).with_warnings();
    let rows = asked.rows(events);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].text("severity"), Some("warning"));
}

#[test]
fn events_of_this_crate_make_no_rows() {
    let rows = bench().rows(|| {
        error!(target: "plimsoll_metrics", "disabled");
        error!(target: "plimsoll_metrics::drain", "spool cannot be written");
        error!(target: "plimsoll_metrics_app", "not this crate");
    });
    assert_eq!(rows.len(), 1);
}

#[test]
fn a_storm_is_counted_and_not_shipped_row_by_row() {
    let bench = bench();
    assert_eq!(bench.counts(|| storm(500)), [1; 10]);
    bench.millis.store(999, Relaxed);
    assert!(bench.counts(|| storm(1)).is_empty());
    bench.millis.store(1_000, Relaxed);
    assert_eq!(bench.counts(|| storm(1)), [492], "491 of the second before, and this one");
}

#[test]
fn the_rest_of_a_storm_comes_with_any_later_event() {
    let bench = bench();
    assert_eq!(bench.counts(|| storm(15)).len(), 10);
    assert!(bench.counts(|| info!("within the second")).is_empty());
    bench.millis.store(1_000, Relaxed);
    assert_eq!(bench.counts(|| info!("after it")), [5]);
    assert!(bench.counts(|| info!("nothing is left")).is_empty());
}

#[test]
fn the_rest_of_a_storm_is_told_at_a_flush_and_at_the_end() {
    let bench = bench();
    assert_eq!(bench.counts(|| storm(12)).len(), 10);
    bench.layer.flush();
    assert_eq!(bench.counts(|| {}), [2]);
    bench.counts(|| storm(3));
    drop(bench.layer);
    assert_eq!(bench.captured.rows("trading_errors")[0].i64("count"), Some(3));
}

#[test]
fn another_callsite_is_not_held_back_by_a_storm() {
    let bench = bench();
    let rows = bench.rows(|| {
        storm(100);
        error!("another place");
    });
    assert_eq!(rows.last().and_then(|row| row.text("message")), Some("another place"));
}

#[test]
fn long_values_are_cut_and_a_long_id_is_left_out() {
    let long = "é".repeat(2_000);
    let rows = bench().rows(|| {
        error!(code = long.as_str(), client_order_id = long.as_str(), "{long}");
    });
    assert_eq!(rows[0].text("error_code").map(str::len), Some(80));
    assert!(rows[0].is_absent("client_order_id"));
    assert!(rows[0].text("message").unwrap().ends_with('…'));
}

#[test]
fn an_error_without_a_message_is_its_own() {
    let error = outer();
    let rows = bench().rows(|| error!(error = &error as &dyn std::error::Error));
    let message = rows[0].text("message");
    assert_eq!(message, Some("cannot place the order: invalid digit found in string"));
}
