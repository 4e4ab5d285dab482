//! The `metrics` crate's macros as rows.

use std::time::Duration;

use metrics::{counter, gauge, histogram, with_local_recorder};
use plimsoll_metrics::{Captured, Metrics, Recorder, flags};

fn recorder() -> (Recorder, Metrics, Captured) {
    let (pipeline, captured) = Metrics::capture();
    (Recorder::new(&pipeline).unwrap(), pipeline, captured)
}

/// The rows of `app_metrics`, sorted, without the handle's labels.
#[track_caller]
fn check(captured: &Captured, wanted: &[&str]) {
    let rows = captured.rows("app_metrics");
    let mut found: Vec<_> = rows.iter().map(ToString::to_string).collect();
    found.sort();
    assert_eq!(found, wanted);
    captured.clear();
}

#[test]
fn a_counter_is_cumulative_and_has_a_row_when_it_changed() {
    let (recorder, _pipeline, captured) = recorder();
    let count = || counter!("ticks_total", "venue" => "HL", "side" => "bid");
    with_local_recorder(&recorder, || count().increment(2));
    recorder.flush();
    let name = "name=ticks_total kind=counter labels=\"venue=HL,side=bid\"";
    check(&captured, &[&format!("{name} n=2 value=2")]);
    recorder.flush();
    check(&captured, &[]);
    with_local_recorder(&recorder, || {
        count().increment(1);
        counter!("ticks_total").absolute(9);
    });
    recorder.flush();
    check(
        &captured,
        &[&format!("{name} n=3 value=3"), "name=ticks_total kind=counter n=9 value=9"],
    );
}

#[test]
fn a_value_that_does_not_change_is_repeated_now_and_then() {
    let (recorder, _pipeline, captured) = recorder();
    with_local_recorder(&recorder, || counter!("ticks_total").increment(1));
    (0..60).for_each(|_| recorder.flush());
    check(&captured, &["name=ticks_total kind=counter n=1 value=1"; 2]);
}

#[test]
fn a_gauge_has_no_row_until_it_is_set() {
    let (recorder, _pipeline, captured) = recorder();
    let depth = with_local_recorder(&recorder, || gauge!("depth"));
    recorder.flush();
    assert!(captured.rows_of_app().is_empty());
    depth.set(4.0);
    depth.decrement(1.5);
    recorder.flush();
    check(&captured, &["name=depth kind=gauge value=2.5"]);
    depth.set(f64::NAN);
    recorder.flush();
    let row = captured.rows("app_metrics").remove(0);
    assert!(row.is_absent("value") && row.has_flag(flags::NON_FINITE_OMITTED));
}

#[test]
fn a_histogram_is_a_row_of_its_interval() {
    let (recorder, _pipeline, captured) = recorder();
    with_local_recorder(&recorder, || {
        let age = histogram!("quote_age_ms");
        (1..=100).rev().for_each(|n| age.record(f64::from(n)));
    });
    recorder.flush();
    check(
        &captured,
        &["name=quote_age_ms kind=histogram n=100 sum=5050 min=1 max=100 p50=50 \
         p95=95 p99=99"],
    );
    recorder.flush();
    check(&captured, &[]);
}

#[test]
fn samples_that_are_not_taken_are_counted_in_a_row() {
    let (recorder, _pipeline, captured) = recorder();
    with_local_recorder(&recorder, || {
        let age = histogram!("quote_age_ms");
        (0..4_099).for_each(|_| age.record(1.0));
        age.record(f64::NAN);
    });
    recorder.flush();
    check(
        &captured,
        &[
            "name=plimsoll_recorder_not_taken_total kind=counter n=4 value=4",
            "name=quote_age_ms kind=histogram n=4096 sum=4096 min=1 max=1 p50=1 p95=1 p99=1",
        ],
    );
    assert_eq!((recorder.counts().keys, recorder.counts().not_taken), (1, 4));
}

#[test]
fn a_key_beyond_the_cap_is_refused_and_its_calls_are_counted() {
    let (recorder, _pipeline, captured) = recorder();
    with_local_recorder(&recorder, || {
        // One name is the recorder's own.
        for n in 0..999 {
            counter!(format!("c{n}")).increment(1);
        }
        let refused = counter!("one too many");
        refused.increment(1);
        refused.increment(1);
        gauge!("another").set(1.0);
        histogram!("x".repeat(201)).record(1.0);
    });
    recorder.flush();
    assert_eq!((recorder.counts().keys, recorder.counts().not_taken), (999, 4));
    assert_eq!(captured.rows("app_metrics").len(), 1_000, "and one that tells");
}

#[test]
fn every_sample_of_many_threads_is_taken_or_counted() {
    const THREADS: u64 = 4;
    const SAMPLES: u64 = 20_000;
    let (recorder, _pipeline, captured) = recorder();
    let (age, ticks) = with_local_recorder(&recorder, || (histogram!("age"), counter!("ticks")));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..SAMPLES {
                    age.record(1.0);
                    ticks.increment(1);
                }
            });
        }
        (0..200).for_each(|_| recorder.flush());
    });
    recorder.flush();
    let rows = captured.rows("app_metrics");
    let of = |name: &str| {
        let rows = rows.iter().filter(move |row| row.text("name") == Some(name));
        rows.filter_map(|row| row.i64("n")).collect::<Vec<_>>()
    };
    let taken: i64 = of("age").iter().sum();
    let all = u64::try_from(taken).unwrap() + recorder.counts().not_taken;
    assert_eq!(all, THREADS * SAMPLES);
    assert_eq!(of("ticks").last().copied(), Some(80_000));
}

#[test]
fn the_guard_writes_the_last_rows_before_it_ends() {
    let (recorder, pipeline, captured) = recorder();
    let guard = recorder.start(Duration::from_secs(3_600)).unwrap();
    with_local_recorder(&recorder, || counter!("ticks_total").increment(5));
    guard.close();
    pipeline.close(Duration::from_secs(5)).unwrap();
    check(&captured, &["name=ticks_total kind=counter n=5 value=5"]);
}

#[test]
fn a_disabled_pipeline_records_nothing_and_breaks_nothing() {
    let recorder = Recorder::new(&Metrics::disabled()).unwrap();
    with_local_recorder(&recorder, || {
        counter!("a").increment(1);
        gauge!("b").set(1.0);
        histogram!("c").record(1.0);
    });
    recorder.flush();
    assert_eq!(recorder.counts().keys, 0);
}

trait AppRows {
    fn rows_of_app(&self) -> Vec<plimsoll_metrics::CapturedRow>;
}

impl AppRows for Captured {
    /// The table exists from its first row on.
    fn rows_of_app(&self) -> Vec<plimsoll_metrics::CapturedRow> {
        if self.counts().emitted_rows == 0 { Vec::new() } else { self.rows("app_metrics") }
    }
}
