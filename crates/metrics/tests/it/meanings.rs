//! What the columns mean, a test per sentence of the row types' docs.

use std::time::Duration;

use plimsoll_metrics::{
    AccountState, CAPTURE_NOW, Captured, CapturedRow, Cashflow, CashflowKind, ErrorEvent, Fill,
    FxRate, ID_BYTES_MAX, LabelError, LatencyClock, LatencyStage, Metrics, Order, OrderEvent,
    OrderLatency, Pnl, PositionChange, PositionSide, Side, Source, TEXT_BYTES_MAX, Timestamp,
    flags,
};

use crate::capture::btc;

const FRESH: FxRate = FxRate::new(1.25, Duration::from_secs(60));
const STALE: FxRate = FxRate::new(1.25, Duration::from_millis(60_001));

fn after(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(CAPTURE_NOW.as_nanos() + nanos)
}

/// The one row that the test emits.
#[track_caller]
fn one(captured: &Captured, table: &str) -> CapturedRow {
    let mut rows = captured.rows(table);
    assert_eq!(rows.len(), 1, "rows of {table}, refused: {:?}", captured.refused());
    rows.remove(0)
}

fn pnl(row: Pnl) -> CapturedRow {
    let (metrics, captured) = Metrics::capture();
    btc(&metrics).emit_pnl(row);
    one(&captured, "trading_pnl")
}

fn order(row: Order<'_>) -> CapturedRow {
    let (metrics, captured) = Metrics::capture();
    btc(&metrics).emit_order(row);
    one(&captured, "trading_orders")
}

fn parts() -> Pnl {
    Pnl::new().realized_pnl(100.0).unrealized_pnl(-20.0).commission(3.0).funding(5.0)
}

#[test]
fn total_pnl_adds_funding_and_takes_commission_off() {
    assert_eq!(pnl(parts()).f64("total_pnl"), Some(82.0));
    let rebate = parts().commission(-3.0).funding(-5.0);
    assert_eq!(pnl(rebate).f64("total_pnl"), Some(78.0), "a rebate adds, paid funding takes off");
    assert_eq!(pnl(parts().total_pnl(1.0)).f64("total_pnl"), Some(1.0), "a given total stays");
}

#[test]
fn a_total_with_an_unknown_part_is_unknown() {
    let cases = [
        ("no commission", Pnl::new().realized_pnl(1.0).unrealized_pnl(1.0).funding(0.0)),
        ("no funding", Pnl::new().realized_pnl(1.0).unrealized_pnl(1.0).commission(0.0)),
        ("commission is not finite", Pnl::new().realized_pnl(1.0).commission(f64::NAN)),
        ("nothing", Pnl::new()),
    ];
    for (name, row) in cases {
        let row = pnl(row.fx_to_base(FRESH));
        assert!(row.is_absent("total_pnl") && row.is_absent("total_pnl_base"), "{name}: {row}");
    }
}

#[test]
fn a_rate_older_than_60_s_is_absent_and_so_is_the_amount_in_base_currency() {
    let fresh = pnl(parts().fx_to_base(FRESH));
    assert_eq!((fresh.f64("fx_to_base"), fresh.f64("total_pnl_base")), (Some(1.25), Some(102.5)));
    let stale = pnl(parts().fx_to_base(STALE));
    assert!(stale.is_absent("fx_to_base") && stale.is_absent("total_pnl_base"), "{stale}");
    assert_eq!(stale.f64("total_pnl"), Some(82.0));
    assert_eq!(pnl(parts().fx_to_base(FxRate::base())).f64("total_pnl_base"), Some(82.0));
    assert!(pnl(parts()).is_absent("total_pnl_base"), "no rate is not the rate 1");
}

#[test]
fn a_new_epoch_is_a_new_value() {
    let row = pnl(Pnl::new().epoch(CAPTURE_NOW).realized_pnl(0.0));
    assert_eq!((row.ts("epoch"), row.f64("realized_pnl")), (Some(CAPTURE_NOW), Some(0.0)));
    assert!(pnl(Pnl::new()).is_absent("epoch"));
}

#[test]
fn amounts_of_cash_and_accounts_are_completed_in_base_currency() {
    let (metrics, captured) = Metrics::capture();
    let account = metrics.account("HL-main").unwrap();
    let flow = |rate| {
        Cashflow::new(CashflowKind::Deposit, "EUR", 100.0, "d-1", CAPTURE_NOW).fx_to_base(rate)
    };
    account.emit_cashflow(flow(FRESH));
    account.emit_cashflow(flow(STALE));
    account.emit_account(AccountState::new("EUR").equity(10.0).fx_to_base(FRESH));
    let base: Vec<_> =
        captured.rows("trading_cashflows").iter().map(|row| row.f64("amount_base")).collect();
    assert_eq!(base, [Some(125.0), None]);
    assert_eq!(one(&captured, "account_state").f64("equity_base"), Some(12.5));
}

#[test]
fn an_order_is_a_log_of_its_transitions() {
    let events = [
        (OrderEvent::Submitted, "submitted"),
        (OrderEvent::Denied, "denied"),
        (OrderEvent::Accepted, "accepted"),
        (OrderEvent::Rejected, "rejected"),
        (OrderEvent::Triggered, "triggered"),
        (OrderEvent::PendingUpdate, "pending_update"),
        (OrderEvent::Updated, "updated"),
        (OrderEvent::ModifyRejected, "modify_rejected"),
        (OrderEvent::PendingCancel, "pending_cancel"),
        (OrderEvent::Canceled, "canceled"),
        (OrderEvent::CancelRejected, "cancel_rejected"),
        (OrderEvent::Expired, "expired"),
        (OrderEvent::PartiallyFilled, "partially_filled"),
        (OrderEvent::Filled, "filled"),
        (OrderEvent::Liquidated, "liquidated"),
    ];
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    for (event, _) in events {
        btc.emit_order(Order::new("ema-1", Side::Sell, event));
    }
    let rows = captured.rows("trading_orders");
    let found: Vec<_> = rows.iter().map(|row| row.text("event").unwrap()).collect();
    assert_eq!(found, events.map(|(_, text)| text));
    assert!(rows.iter().all(|row| row.text("client_order_id") == Some("ema-1")));
}

#[test]
fn slippage_is_positive_when_it_costs() {
    let cases = [
        ("bought above", Side::Buy, 101.0, Some(100.0)),
        ("bought below", Side::Buy, 99.0, Some(-100.0)),
        ("sold below", Side::Sell, 99.0, Some(100.0)),
        ("sold above", Side::Sell, 101.0, Some(-100.0)),
        ("price unknown", Side::Buy, f64::NAN, None),
    ];
    for (name, side, px, slippage_bps) in cases {
        let row = order(Order::filled("ema-1", side, 1.0, px).decision_px(100.0));
        assert_eq!(row.f64("slippage_bps"), slippage_bps, "{name}");
    }
    let unpriced = order(Order::filled("ema-1", Side::Buy, 1.0, 101.0));
    assert!(unpriced.is_absent("slippage_bps"), "nothing to measure against");
}

#[test]
fn an_order_that_was_never_answered_is_in_the_latencies() {
    let stages = [
        (LatencyStage::Submit, "submit"),
        (LatencyStage::Ack, "ack"),
        (LatencyStage::FirstFill, "first_fill"),
        (LatencyStage::CancelAck, "cancel_ack"),
        (LatencyStage::ModifyAck, "modify_ack"),
        (LatencyStage::Reject, "reject"),
        (LatencyStage::Timeout, "timeout"),
    ];
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    for (stage, _) in stages {
        btc.emit_order_latency(OrderLatency::new("ema-1", stage, Duration::from_micros(2_500)));
    }
    let rows = captured.rows("order_latency");
    let found: Vec<_> = rows.iter().map(|row| row.text("stage").unwrap()).collect();
    assert_eq!(found, stages.map(|(_, text)| text));
    assert!(rows.iter().all(|row| row.f64("latency_ms") == Some(2.5)));
}

#[test]
fn a_latency_is_on_one_clock_unless_it_says_so() {
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    let row = OrderLatency::new("ema-1", LatencyStage::Ack, Duration::from_millis(1));
    btc.emit_order_latency(row);
    btc.emit_order_latency(row.clock(LatencyClock::Mixed));
    let rows = captured.rows("order_latency");
    assert_eq!((rows[0].text("clock"), rows[1].text("clock")), (Some("mono"), Some("mixed")));
}

#[test]
fn a_position_has_its_sign_in_its_side() {
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    btc.emit_position_change(PositionChange::new(PositionSide::Short, 2.0).source(Source::Cache));
    btc.emit_position_change(PositionChange::new(PositionSide::Short, -2.0));
    let rows = captured.rows("position_changes");
    assert_eq!((rows[0].f64("qty"), rows[0].text("position_side")), (Some(2.0), Some("short")));
    assert_eq!(rows[0].text("source"), Some("cache"));
    assert!(rows[1].is_absent("qty") && rows[1].has_flag(flags::NON_FINITE_OMITTED));
}

#[test]
fn hedge_mode_has_a_row_per_side() {
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    for (side, id) in [(PositionSide::Long, "p-long"), (PositionSide::Short, "p-short")] {
        btc.emit_position_change(PositionChange::new(side, 3.0).position_id(id));
    }
    let rows = captured.rows("position_changes");
    let sides: Vec<_> = rows.iter().map(|row| row.text("position_side").unwrap()).collect();
    assert_eq!(sides, ["long", "short"]);
    assert!(rows.iter().all(|row| row.f64("qty") == Some(3.0)));
}

#[test]
fn a_fill_has_the_venues_time_in_milliseconds() {
    let cases =
        [(400_000, 0), (500_000, 1_000_000), (1_499_999, 1_000_000), (-500_001, -1_000_000)];
    for (given, rounded) in cases {
        let (metrics, captured) = Metrics::capture();
        btc(&metrics).emit_fill(Fill::new("t-1", Side::Buy, 1.0, 100.0, after(given)));
        assert_eq!(one(&captured, "trading_fills").ts("ts"), Some(after(rounded)), "{given}");
    }
    let schema = <Fill<'_> as plimsoll_metrics::Table>::SCHEMA;
    assert_eq!(schema.key_columns(), ["ts", "account_id", "instrument_id", "side", "trade_id"]);
}

#[test]
fn flags_tell_what_is_odd_about_a_row() {
    let late = after(-61_000_000_000);
    let cases = [
        ("as emitted", Pnl::new(), flags::TS_IS_LOCAL),
        ("the source's time", Pnl::new().at(CAPTURE_NOW), 0),
        ("61 s old", Pnl::new().at(late), flags::LATE),
        ("reconciled", Pnl::new().at(CAPTURE_NOW).reconciled(), flags::RECONCILED),
        ("inferred", Pnl::new().at(CAPTURE_NOW).inferred(), flags::INFERRED),
        ("NaN", Pnl::new().at(CAPTURE_NOW).funding(f64::NAN), flags::NON_FINITE_OMITTED),
        ("infinite", Pnl::new().at(CAPTURE_NOW).funding(f64::INFINITY), flags::NON_FINITE_OMITTED),
    ];
    for (name, row, flags) in cases {
        let row = pnl(row);
        assert_eq!(row.i64("flags"), Some(flags), "{name}");
        assert!(row.is_absent("funding"), "{name}");
    }
}

#[test]
fn a_row_more_than_a_day_ahead_of_the_clock_is_refused_and_counted() {
    const DAY_NS: i64 = 86_400_000_000_000;
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    btc.emit_pnl(Pnl::new().at(after(DAY_NS)));
    btc.emit_pnl(Pnl::new().at(after(DAY_NS + 1)));
    assert_eq!(one(&captured, "trading_pnl").ts("ts"), Some(after(DAY_NS)));
    let refused = captured.refused();
    assert_eq!((refused.len(), refused[0].seq, captured.counts().rejected_rows), (1, 1, 1));
    assert!(refused[0].reason.contains("24 h ahead"), "{}", refused[0].reason);
}

#[test]
fn an_empty_text_is_absent() {
    let row = order(Order::new("", Side::Buy, OrderEvent::Denied).reason("").venue_order_id(""));
    for column in ["client_order_id", "reason", "venue_order_id"] {
        assert!(row.is_absent(column), "{column}");
    }
}

#[test]
fn an_id_that_is_too_long_is_refused_and_counted_never_cut() {
    let (fits, too_long) = ("x".repeat(ID_BYTES_MAX), "x".repeat(ID_BYTES_MAX + 1));
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    btc.emit_order(Order::new(&fits, Side::Buy, OrderEvent::Submitted));
    btc.emit_order(Order::new(&too_long, Side::Buy, OrderEvent::Submitted));
    assert_eq!(one(&captured, "trading_orders").text("client_order_id"), Some(fits.as_str()));
    let counts = captured.counts();
    assert_eq!((counts.emitted_rows, counts.dropped_rows), (2, 1));
}

#[test]
fn a_text_that_is_too_long_is_cut_at_a_character_and_says_so() {
    let fits = order(order_because(&"é".repeat(TEXT_BYTES_MAX / 2)));
    assert_eq!(fits.text("reason").map(str::len), Some(TEXT_BYTES_MAX));
    assert!(!fits.has_flag(flags::TEXT_CUT));
    let cut = order(order_because(&"é".repeat(TEXT_BYTES_MAX)));
    let text = cut.text("reason").unwrap();
    assert!(text.ends_with("é…") && text.len() <= TEXT_BYTES_MAX, "{text}");
    assert!(text.len() > TEXT_BYTES_MAX - 4 && cut.has_flag(flags::TEXT_CUT));
}

fn order_because(reason: &str) -> Order<'_> {
    Order::new("ema-1", Side::Buy, OrderEvent::Rejected).reason(reason)
}

#[test]
fn a_code_beyond_a_thousand_becomes_other_and_the_row_stays() {
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    for n in 0..1_002 {
        btc.emit_error(ErrorEvent::new(&format!("E{n}"), "refused"));
    }
    btc.emit_error(ErrorEvent::new("E7", "a code that is known"));
    let rows = captured.rows("trading_errors");
    let codes: Vec<_> = rows.iter().map(|row| row.text("error_code").unwrap()).collect();
    assert_eq!(
        (codes.len(), codes[999], codes[1_000], codes[1_001]),
        (1_003, "E999", "__other__", "__other__",)
    );
    assert_eq!(codes[1_002], "E7");
}

#[test]
fn any_other_label_beyond_a_thousand_refuses_its_row() {
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    for n in 0..1_001 {
        let currency = format!("C{n}");
        btc.emit_fill(
            Fill::new("t", Side::Buy, 1.0, 1.0, CAPTURE_NOW).commission_currency(currency.as_str()),
        );
    }
    assert_eq!(captured.rows("trading_fills").len(), 1_000);
    let refused = captured.refused();
    assert_eq!((refused.len(), captured.counts().rejected_rows), (1, 1));
    assert!(refused[0].reason.contains("commission_currency"), "{}", refused[0].reason);
}

#[test]
fn a_handle_beyond_the_cap_of_its_label_is_refused() {
    let (metrics, _captured) = Metrics::capture();
    for n in 0..1_000 {
        metrics.strategy(&format!("s-{n}")).unwrap();
    }
    assert!(matches!(metrics.strategy("s-new"), Err(LabelError::TooMany { max: 1_000, .. })));
    let account = metrics.strategy("s-0").unwrap().account("HL-main").unwrap();
    for n in 0..10_000 {
        account.instrument(&format!("I{n}"), "V", "USD").unwrap();
    }
    let more = account.instrument("I-new", "V", "USD");
    assert!(matches!(more, Err(LabelError::TooMany { max: 10_000, .. })));
    account.instrument("I7", "V", "USD").unwrap();
}

#[test]
fn a_million_summed_fills_stay_below_a_billionth() {
    // In units of 10⁻⁸ the sums are exact.
    let (mut sum, mut exact) = (0.0_f64, 0_i64);
    let (metrics, captured) = Metrics::capture();
    let btc = btc(&metrics);
    for batch in 0..20_i64 {
        for n in 0..50_000_i64 {
            let units = 1 + (batch * 50_000 + n) * 7_919 % 9_999_991;
            exact += units;
            #[allow(clippy::cast_precision_loss, reason = "below 2⁵³")]
            let qty = units as f64 / 1e8;
            // Every thousandth through the pipeline: a value comes out as it went in.
            if n % 1_000 == 0 {
                btc.emit_fill(Fill::new("t", Side::Buy, qty, 1.0, CAPTURE_NOW));
            } else {
                sum += qty;
            }
        }
        for row in captured.rows("trading_fills") {
            sum += row.f64("last_qty").unwrap();
        }
        captured.clear();
    }
    #[allow(clippy::cast_precision_loss, reason = "below 2⁵³")]
    let exact = exact as f64 / 1e8;
    assert!(((sum - exact) / exact).abs() < 1e-9, "{sum} is not {exact}");
}
