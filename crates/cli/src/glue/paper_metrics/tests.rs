//! A session's rows in a sink, beside the venue's books.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_metrics::{MemoryRow, MemorySink, MemoryValue, Metrics, Mode, Options, RingMemory};
use plimsoll_paper::{
    Bars, FlowKind, OrderEvent, OrderRow, Record, ReplayClock, Row, Session, SessionConfig,
    StepSummary,
};

use super::PaperMetrics;

/// A session over the crash of 2008 and what it stored.
struct Played {
    session: Session,
    steps: Vec<StepSummary>,
    sink: MemorySink,
    unknown: Vec<(String, u64)>,
    lost_rows: u64,
}

fn open(dir: &tempfile::TempDir, sink: &MemorySink) -> Metrics {
    let options = Options::spool_only(dir.path().join("spool"), Mode::Replay)
        .with_trader("paper")
        .with_ring(RingMemory::Heap);
    Metrics::start(sink.clone(), &options).unwrap()
}

fn play() -> Played {
    let bars = Bars::sample().unwrap().between("2007-01-01", "2010-01-01").unwrap();
    let clock = ReplayClock::new(bars.len(), 1_790_000_000_000_000_000).unwrap();
    let mut session = Session::new(SessionConfig::sample(), bars, clock).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let sink = MemorySink::new();
    let metrics = open(&dir, &sink);
    let mut record = PaperMetrics::new(&metrics, session.labels()).unwrap();
    let mut steps = Vec::new();
    while let Some(step) = session.step(&mut record).unwrap() {
        if step.bar_index % 32 == 0 {
            assert!(metrics.flush(Duration::from_secs(30)), "the drainer must keep up");
        }
        steps.push(step);
    }
    record.finish();
    let counts = metrics.close(Duration::from_secs(60)).unwrap();
    assert_eq!((counts.dropped_rows, counts.rejected_rows), (0, 0), "nothing may be missing");
    let unknown = record.unknown_words().map(|(word, n)| (word.to_owned(), n)).collect();
    Played { session, steps, sink, unknown, lost_rows: record.lost_rows() }
}

fn text<'a>(row: &'a MemoryRow, column: &str) -> &'a str {
    row.get(column).and_then(|value| value.as_str()).unwrap_or_default()
}

fn double(row: &MemoryRow, column: &str) -> f64 {
    row.get(column).and_then(MemoryValue::as_f64).unwrap_or_default()
}

fn ts(row: &MemoryRow) -> i64 {
    row.get("ts").and_then(MemoryValue::as_i64).unwrap_or_default()
}

/// Sums `value` over a table by `by`.
fn sums(sink: &MemorySink, table: &str, by: &[&str], value: &str) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    for row in sink.rows(table) {
        let key: Vec<&str> = by.iter().map(|column| text(&row, column)).collect();
        *sums.entry(key.join(" ")).or_default() += double(&row, value);
    }
    sums
}

#[track_caller]
fn check(name: &str, rows: f64, books: f64) {
    let scale = rows.abs().max(books.abs()).max(1.0);
    assert!((rows - books).abs() <= 1e-9 * scale, "{name}: rows {rows}, books {books}");
}

#[test]
fn sums_of_rows_equal_the_books_in_every_currency() {
    let played = play();
    let summary = played.session.summary().unwrap();
    let fees = sums(&played.sink, "trading_fills", &["commission_currency"], "commission");
    let realized = sums(&played.sink, "trading_fills", &[], "realized_pnl");
    let flows = sums(&played.sink, "trading_cashflows", &["kind", "currency"], "amount");
    let quote = &played.session.labels().currency;
    assert!(summary.balances.len() > 1, "fees must be in a second currency");
    for (currency, balance) in &summary.balances {
        let fee = fees.get(currency).copied().unwrap_or_default();
        check(currency, fee, summary.commissions[currency].to_f64());
        let mut total = -fee;
        if currency == quote {
            check("realized P&L", realized[""], summary.realized_pnl.to_f64());
            total += realized[""];
        }
        let booked = played.session.venue().books().balance(currency).unwrap();
        for kind in [FlowKind::Deposit, FlowKind::Withdrawal, FlowKind::Transfer, FlowKind::Funding]
        {
            let name = format!("{} {currency}", kind.as_str());
            let flow = flows.get(&name).copied().unwrap_or_default();
            check(&name, flow, booked.currency.decimal(booked.flow(kind)).to_f64());
            total += flow;
        }
        check(&format!("balance {currency}"), total, balance.to_f64());
    }
    assert!(flows.keys().any(|name| name.starts_with("withdrawal")), "{flows:?}");
    assert_eq!(played.sink.count("trading_fills") as u64, summary.fills);
}

#[test]
fn drawdown_does_not_move_at_a_withdrawal() {
    let played = play();
    let flows = played.sink.rows("trading_cashflows");
    let flow = flows.iter().find(|row| text(row, "kind") == "withdrawal").unwrap();
    for scope in ["account", "strategy"] {
        let risk = played.sink.rows("trading_risk");
        let at_flow: Vec<f64> = risk
            .iter()
            .filter(|row| text(row, "scope") == scope && ts(row) == ts(flow))
            .map(|row| double(row, "drawdown_ratio"))
            .collect();
        let [before, after] = at_flow[..] else { panic!("{scope}: {at_flow:?}") };
        assert!(before > 0.05, "{scope}: a drawdown of zero would prove nothing, found {before}");
        check(scope, after, before);
    }
}

#[test]
fn the_worker_derives_the_drawdown_that_the_session_knows() {
    let played = play();
    let risk = played.sink.rows("trading_risk");
    let mut compared = 0;
    // After a broken line the session knows a peak that nobody could record.
    let until = played.steps.iter().position(|step| !step.connected).unwrap();
    for step in &played.steps[..until] {
        let mut rows = risk.iter().filter(|r| text(r, "scope") == "account" && ts(r) == step.ts_ns);
        let last = rows.next_back().unwrap();
        check(&step.date, double(last, "drawdown_ratio"), step.drawdown_ratio);
        check(&step.date, double(last, "equity"), step.equity);
        compared += 1;
    }
    assert!(compared > 400, "{compared}");
}

#[test]
fn every_kind_of_row_arrives_and_every_word_is_known() {
    let played = play();
    for table in [
        "trading_orders",
        "trading_fills",
        "order_latency",
        "trading_cashflows",
        "account_state",
        "position_changes",
        "trading_pnl",
        "trading_risk",
        "trading_errors",
        "system_health",
    ] {
        assert!(played.sink.count(table) > 0, "{table} has no rows");
    }
    assert_eq!(played.unknown, []);
    assert_eq!(played.lost_rows, 0);
}

#[test]
fn a_word_that_no_column_knows_is_counted_and_its_row_is_kept() {
    let bars = Bars::sample().unwrap();
    let clock = ReplayClock::new(bars.len(), 1_790_000_000_000_000_000).unwrap();
    let session = Session::new(SessionConfig::sample(), bars, clock).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let sink = MemorySink::new();
    let metrics = open(&dir, &sink);
    let mut record = PaperMetrics::new(&metrics, session.labels()).unwrap();
    let order = OrderRow {
        event: OrderEvent::Submitted,
        client_order_id: "a-1".to_owned(),
        venue_order_id: None,
        side: "buy",
        order_type: "iceberg",
        time_in_force: "gtc",
        status: None,
        reject_class: None,
        reason: None,
        qty: 1.0,
        px: None,
        trigger_px: None,
        cum_qty: None,
        leaves_qty: None,
        avg_px: None,
        ref_px: None,
        ref_kind: None,
        slippage_bps: None,
        latency_ms: None,
        reduce_only: false,
        reconciliation: false,
    };
    for ts_ns in [1, 2] {
        record.record(session.labels(), ts_ns, Row::Order(&order));
    }
    metrics.close(Duration::from_secs(60)).unwrap();
    let unknown: Vec<(&str, u64)> = record.unknown_words().collect();
    assert_eq!(unknown, [("order_type=iceberg", 2)]);
    let rows = sink.rows("trading_orders");
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| !row.contains_key("order_type")), "{rows:?}");
}
