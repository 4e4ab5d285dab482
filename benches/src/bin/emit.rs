//! The caller's side: what an emit costs, beside what others cost, in one run.

use std::hint::black_box;

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use plimsoll_benches::{batches, paced, percentile, row};
use plimsoll_metrics::{Fill, Instrument, Metrics, Mode, NullSink, Options, Order, Pnl, Side, Timestamp};

const ID: &str = "0e6e3f0a-5ad1-4c3f-9e47-1234567890ab";

fn pipeline(dir: &std::path::Path, name: &str) -> (Metrics, Instrument) {
    // Room for 130 ms at 500,000/s; the default is for rates up to 200,000/s.
    let slots = const { std::num::NonZeroU32::new(65_536).unwrap() };
    let options = Options::spool_only(dir.join(name), Mode::Live).with_ring_slots(slots);
    let metrics = Metrics::start(NullSink::new(), &options).unwrap();
    let account = metrics.strategy("ema").unwrap().account("A").unwrap();
    let line = account.instrument("BTC", "V", "USD").unwrap();
    line.prewarm().unwrap();
    (metrics, line)
}

#[inline(always)]
fn pnl(line: &Instrument, n: u32) {
    line.emit_pnl(Pnl::new().realized_pnl(f64::from(n)).unrealized_pnl(2.0).commission(0.5).funding(0.25));
}

fn show(name: &str, (min, median): (f64, f64)) {
    row(name, &format!("{min:.1} / {median:.1}"));
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let (metrics, line) = pipeline(dir.path(), "a");
    println!("| call | ns, smallest / median of 60 batches |\n|---|---|");
    show("emit_pnl", batches(|n| pnl(&line, n)));
    show("emit_order, 36-byte id", batches(|n| line.emit_order(Order::submitted(ID, Side::Buy, f64::from(n), 2.0).decision_px(3.0))));
    show("emit_fill, two ids", batches(|n| {
        line.emit_fill(Fill::new("1234567890", Side::Sell, f64::from(n), 2.0, Timestamp::from_nanos(i64::from(n))).client_order_id(ID).commission(0.1));
    }));
    let registry = metrics_util::registry::Registry::atomic();
    let key = metrics::Key::from_parts("orders", vec![metrics::Label::new("venue", "V"), metrics::Label::new("side", "buy")]);
    let cached = registry.get_or_create_counter(&key, |counter| metrics::Counter::from_arc(counter.clone()));
    show("`metrics` counter, cached handle", batches(|_| black_box(&cached).increment(1)));
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let counter = provider.meter("bench").u64_counter("orders").build();
    let attributes = [KeyValue::new("venue", "V"), KeyValue::new("side", "buy")];
    show("OpenTelemetry counter add, 2 attributes", batches(|_| counter.add(1, black_box(&attributes))));
    show("emit_pnl again", batches(|n| pnl(&line, n)));

    println!("\n| paced emit_pnl, drainer live | p50 / p99 / p99.9 ns, timer included |\n|---|---|");
    for (name, rate, calls) in [("500,000/s", 500_000.0, 1_000_000), ("2,000/s", 2_000.0, 6_000)] {
        let times = paced(rate, calls, |n| pnl(&line, n as u32));
        let empty = paced(rate, calls, |n| { black_box(n); });
        let of = |times: &[u64]| format!("{} / {} / {}", percentile(times, 0.5), percentile(times, 0.99), percentile(times, 0.999));
        row(name, &format!("{} (timer alone {})", of(&times), of(&empty)));
    }
    println!("\ndropped {}", metrics.counts().dropped_rows);
}
