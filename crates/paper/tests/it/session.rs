use std::collections::BTreeMap;

use plimsoll_paper::{
    Bars, Decimal, FlowKind, Labels, OrderEvent, Record, ReplayClock, Row, Session, SessionConfig,
    Summary,
};

const END_NS: i64 = 1_790_000_000_000_000_000;

/// Sums what it is told, as a store would.
#[derive(Default)]
struct Sums {
    fills: u64,
    commissions: BTreeMap<String, f64>,
    realized: f64,
    flows: BTreeMap<(String, &'static str), f64>,
    accounts: BTreeMap<String, f64>,
    events: BTreeMap<&'static str, u64>,
    stages: BTreeMap<&'static str, u64>,
    rows: Vec<String>,
    drawdown_max: f64,
    pnl_total: f64,
    net_cashflow: f64,
    equity: f64,
    last_of_order: BTreeMap<String, (i64, &'static str)>,
}

impl Record for Sums {
    fn record(&mut self, labels: &Labels, ts_ns: i64, row: Row<'_>) {
        assert_eq!(labels.venue, "PAPER");
        assert_eq!(ts_ns % 1_000_000, 0, "venue time is in whole milliseconds");
        self.rows.push(format!("{ts_ns} {row:?}"));
        match row {
            Row::Fill(fill) => {
                self.fills += 1;
                self.realized += fill.realized_pnl;
                let currency = fill.commission_currency.clone();
                *self.commissions.entry(currency).or_default() += fill.commission;
            }
            Row::CashFlow(flow) => {
                *self.flows.entry((flow.currency.clone(), flow.kind)).or_default() += flow.amount;
            }
            Row::Account(account) => {
                self.accounts.insert(account.currency.clone(), account.total);
            }
            Row::Order(order) => {
                *self.events.entry(order.event.as_str()).or_default() += 1;
                let entry = self.last_of_order.entry(order.client_order_id.clone());
                let last = entry.or_insert((ts_ns, order.event.as_str()));
                assert!(last.0 <= ts_ns, "{order:?} is told before {last:?}");
                *last = (ts_ns, order.event.as_str());
                if order.event == OrderEvent::Submitted {
                    assert_eq!((order.avg_px, order.venue_order_id.as_deref()), (None, None));
                }
            }
            Row::Latency(latency) => {
                assert!(latency.latency_ms > 0.0, "{latency:?}");
                *self.stages.entry(latency.stage.as_str()).or_default() += 1;
            }
            Row::Risk(risk) => {
                self.drawdown_max = self.drawdown_max.max(risk.drawdown_ratio);
                self.net_cashflow = risk.net_cashflow;
                self.equity = risk.equity;
            }
            Row::Pnl(pnl) => self.pnl_total = pnl.total_pnl.unwrap(),
            _ => {}
        }
    }
}

fn run(config: SessionConfig, bars: Bars) -> (Sums, Session, Summary) {
    let clock = ReplayClock::new(bars.len(), END_NS).unwrap();
    let mut session = Session::new(config, bars, clock).unwrap();
    let mut sums = Sums::default();
    while session.step(&mut sums).unwrap().is_some() {}
    let summary = session.summary().unwrap();
    (sums, session, summary)
}

#[track_caller]
fn near(name: &str, found: f64, wanted: Decimal) {
    let wanted = wanted.to_f64();
    let off = (found - wanted).abs();
    assert!(off <= wanted.abs() * 1e-9 + 1e-9, "{name}: rows sum to {found}, books say {wanted}");
}

#[test]
fn the_rows_sum_to_the_venues_books_in_every_currency() {
    let (sums, session, summary) = run(SessionConfig::sample(), Bars::sample().unwrap());
    let books = session.venue().books();
    assert_eq!(books.check(), Ok(()));
    assert_eq!(sums.fills, summary.fills);
    assert_eq!(books.balances().count(), 2);
    for balance in books.balances() {
        let code = balance.currency.code();
        let value = |kind| balance.currency.decimal(balance.flow(kind));
        for kind in [FlowKind::Deposit, FlowKind::Withdrawal, FlowKind::Funding] {
            let found = sums.flows.get(&(code.to_owned(), kind.as_str())).copied().unwrap_or(0.0);
            near(&format!("{code} {}", kind.as_str()), found, value(kind));
        }
        let commission = sums.commissions.get(code).copied().unwrap_or(0.0);
        near(&format!("{code} commission"), -commission, value(FlowKind::Commission));
        near(
            &format!("{code} total"),
            sums.accounts[code],
            balance.currency.decimal(balance.total),
        );
    }
    near("realized", sums.realized, summary.realized_pnl);
    assert!(
        sums.commissions.len() == 2,
        "fees are paid in two currencies: {sums:?}",
        sums = sums.commissions
    );
    let gained = sums.equity - sums.net_cashflow;
    assert!((gained - sums.pnl_total).abs() < 1e-3, "{gained} {}", sums.pnl_total);
}

#[test]
fn the_sample_goes_through_five_and_ten_percent_with_a_lively_order_flow() {
    let (sums, _, summary) = run(SessionConfig::sample(), Bars::sample().unwrap());
    assert!(summary.drawdown_ratio_max > 0.10 && summary.drawdown_ratio_max < 0.60, "{summary:?}");
    assert!((summary.drawdown_ratio_max - sums.drawdown_max).abs() < 0.02);
    let least = [
        ("submitted", 100),
        ("accepted", 100),
        ("rejected", 5),
        ("expired", 5),
        ("canceled", 20),
        ("partially_filled", 20),
        ("filled", 40),
        ("triggered", 1),
        ("updated", 20),
        ("pending_update", 20),
        ("pending_cancel", 20),
    ];
    for (event, count) in least {
        let found = sums.events.get(event).copied().unwrap_or(0);
        assert!(found >= count, "{event}: {found} of at least {count}; {:?}", sums.events);
    }
    for stage in ["ack", "first_fill", "cancel_ack", "modify_ack", "reject", "timeout"] {
        assert!(sums.stages.contains_key(stage), "{stage}: {:?}", sums.stages);
    }
    assert_eq!(sums.events["submitted"], sums.events["accepted"] + sums.events["rejected"]);
}

#[test]
fn equal_seeds_give_equal_rows_and_other_seeds_do_not() {
    let bars = Bars::sample().unwrap().between("1999-01-01", "2001-01-01").unwrap();
    let (first, ..) = run(SessionConfig::sample(), bars.clone());
    let (second, ..) = run(SessionConfig::sample(), bars.clone());
    assert_eq!(first.rows, second.rows);
    let config = SessionConfig::sample();
    let other = config.venue.clone().with_seed(2);
    let (third, ..) = run(config.with_venue(other), bars);
    assert_ne!(first.rows, third.rows);
}

#[test]
fn a_withdrawal_and_a_deposit_leave_the_drawdown_as_it_was() {
    let bars = Bars::sample().unwrap().between("1999-01-01", "2001-12-01").unwrap();
    let clock = ReplayClock::new(bars.len(), END_NS).unwrap();
    let mut session = Session::new(SessionConfig::sample(), bars, clock).unwrap();
    let mut sums = Sums::default();
    let mut before = 0.0;
    let mut seen = 0;
    while let Some(step) = session.step(&mut sums).unwrap() {
        let moved: f64 = (step.drawdown_ratio - before).abs();
        if matches!(step.bar_index, 300 | 600) {
            assert!(moved < 0.05, "bar {}: {before} to {}", step.bar_index, step.drawdown_ratio);
            seen += 1;
        }
        before = step.drawdown_ratio;
    }
    assert_eq!(seen, 2);
}

#[test]
fn prices_far_below_a_cent_and_far_above_a_million_keep_exact_books() {
    for (name, unit) in [("tiny", "0.0000000"), ("huge", "900000")] {
        let mut text = "time,open,high,low,close,volume\n".to_owned();
        for index in 0..400_i64 {
            let wave = 500 + (index % 97) * 4 + (index % 13) * 3;
            let (low, high) = (wave - 20, wave + 20);
            let time = 1_600_000_000 + index * 60;
            text +=
                &format!("{time},{unit}{wave},{unit}{high},{unit}{low},{unit}{wave},90000000\n");
        }
        let bars = Bars::parse(name, &text).unwrap();
        let (sums, session, summary) = run(SessionConfig::default(), bars);
        assert!(summary.fills > 3, "{name}: {summary:?}");
        assert_eq!(session.venue().books().check(), Ok(()), "{name}");
        near(name, sums.realized, summary.realized_pnl);
    }
}

#[test]
fn a_halted_session_denies_what_would_open() {
    let bars = Bars::sample().unwrap().between("1999-01-01", "2000-01-01").unwrap();
    let clock = ReplayClock::new(bars.len(), END_NS).unwrap();
    let mut session = Session::new(SessionConfig::default(), bars, clock).unwrap();
    session.halt();
    let mut sums = Sums::default();
    while session.step(&mut sums).unwrap().is_some() {}
    assert_eq!(sums.fills, 0);
    assert!(sums.events["denied"] > 0);
    assert!(!sums.events.contains_key("submitted"));
    session.resume();
}

#[test]
fn the_replay_clock_ends_now_with_a_minute_per_bar() {
    let clock = ReplayClock::new(3, END_NS + 999_999).unwrap();
    let minute = 60_000_000_000;
    let found = [clock.start_ns(), clock.ts_ns(0), clock.ts_ns(1), clock.ts_ns(2), clock.ts_ns(9)];
    let wanted = [END_NS - 3 * minute, END_NS - 2 * minute, END_NS - minute, END_NS, END_NS];
    assert_eq!(found, wanted);
    assert!(ReplayClock::new(0, END_NS).is_err());
    assert!(ReplayClock::new(2, 5).is_err());
}
