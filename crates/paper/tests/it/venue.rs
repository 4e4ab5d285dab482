use plimsoll_paper::{
    Action, Bars, Change, Decimal, EventKind, Fill, Funding, Liquidity, NewOrder, OrderStatus,
    PlaceError, RejectReason, Side, Venue, VenueConfig,
};

const T0: i64 = 1_790_000_000_000_000_000;
const MINUTE: i64 = 60_000_000_000;

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Prices 100 everywhere, then the given bars: open, high, low, close, volume.
struct Desk {
    venue: Venue,
    bars: Bars,
    events: Vec<EventKind>,
}

fn plain() -> VenueConfig {
    let mut config = VenueConfig::default();
    config.funding = None;
    config.slippage_ppm = 0;
    config
}

fn desk(config: VenueConfig, rows: &[&str]) -> Desk {
    let mut text =
        "Date,Open,High,Low,Close,Volume\n2020-01-01,100.00,100,100,100,1000000\n".to_owned();
    for (index, row) in rows.iter().enumerate() {
        text += &format!("2020-01-{:02},{row}\n", index + 2);
    }
    let bars = Bars::parse("test", &text).unwrap();
    let config = config.for_bars(&bars);
    let venue = Venue::new(config, bars.px_scale(), bars.volume_scale(), T0).unwrap();
    let mut desk = Desk { venue, bars, events: Vec::new() };
    desk.pass();
    desk.events.clear();
    desk
}

impl Desk {
    fn pass(&mut self) {
        let index = usize::try_from(self.venue.bars_done()).unwrap();
        let bar = *self.bars.get(index).unwrap();
        let now = self.venue.now_ns() + MINUTE;
        self.venue.advance(&bar, now).unwrap();
        self.collect();
    }

    fn collect(&mut self) {
        self.events.extend(self.venue.take_events().into_iter().map(|event| event.kind));
    }

    fn place(&mut self, order: &NewOrder) -> OrderStatus {
        let now = self.venue.now_ns();
        let placed = self.venue.place(order, now).unwrap();
        self.collect();
        placed.state.status
    }

    fn fills(&self) -> &[Fill] {
        self.venue.fills()
    }

    fn status(&self, id: &str) -> OrderStatus {
        self.venue.order(id).unwrap().status
    }

    fn reason(&self, id: &str) -> Option<RejectReason> {
        self.venue.order(id).unwrap().reason.clone()
    }
}

struct Case {
    name: &'static str,
    order: NewOrder,
    bar: &'static str,
    status: OrderStatus,
    /// Quantity and price of the only fill.
    fill: Option<(&'static str, &'static str, Liquidity)>,
}

#[track_caller]
fn check(case: &Case) {
    let mut desk = desk(plain(), &[case.bar]);
    desk.place(&case.order);
    desk.pass();
    assert_eq!(desk.status("a"), case.status, "{}", case.name);
    let found: Vec<_> = desk.fills().iter().map(|f| (f.last_qty, f.last_px, f.liquidity)).collect();
    let wanted: Vec<_> = case.fill.iter().map(|(qty, px, l)| (d(qty), d(px), *l)).collect();
    assert_eq!(found, wanted, "{}", case.name);
    assert_eq!(desk.venue.books().check(), Ok(()), "{}", case.name);
}

#[test]
fn orders_trade_by_price_and_size_against_the_bar() {
    let wide = "101,105,95,102,1000000";
    let (buy, sell) = (Side::Buy, Side::Sell);
    let (taker, maker) = (Liquidity::Taker, Liquidity::Maker);
    let cases = [
        Case {
            name: "market at the open",
            order: NewOrder::market("a", buy, d("10")),
            bar: wide,
            status: OrderStatus::Filled,
            fill: Some(("10", "101", taker)),
        },
        Case {
            name: "limit not traded through",
            order: NewOrder::limit("a", buy, d("10"), d("95")),
            bar: wide,
            status: OrderStatus::Accepted,
            fill: None,
        },
        Case {
            name: "limit traded through",
            order: NewOrder::limit("a", buy, d("10"), d("95.01")),
            bar: wide,
            status: OrderStatus::Filled,
            fill: Some(("10", "95.01", maker)),
        },
        Case {
            name: "sell limit touched only",
            order: NewOrder::limit("a", sell, d("10"), d("105")),
            bar: wide,
            status: OrderStatus::Accepted,
            fill: None,
        },
        Case {
            name: "marketable limit takes at the open",
            order: NewOrder::limit("a", buy, d("10"), d("103")),
            bar: wide,
            status: OrderStatus::Filled,
            fill: Some(("10", "101", taker)),
        },
        Case {
            name: "immediate-or-cancel away from the market",
            order: NewOrder::limit("a", buy, d("10"), d("100.50")).ioc(),
            bar: wide,
            status: OrderStatus::Canceled,
            fill: None,
        },
        Case {
            name: "the remainder of immediate-or-cancel is canceled",
            order: NewOrder::limit("a", buy, d("10"), d("103")).ioc(),
            bar: "101,105,95,102,40",
            status: OrderStatus::Canceled,
            fill: Some(("4", "101", taker)),
        },
        Case {
            name: "partial by volume",
            order: NewOrder::market("a", buy, d("10")),
            bar: "101,105,95,102,25",
            status: OrderStatus::PartiallyFilled,
            fill: Some(("2.5", "101", taker)),
        },
        Case {
            name: "no volume, no fill",
            order: NewOrder::market("a", buy, d("10")),
            bar: "101,105,95,102,0",
            status: OrderStatus::Accepted,
            fill: None,
        },
        Case {
            name: "stop not touched",
            order: NewOrder::stop_market("a", sell, d("10"), d("94.99")),
            bar: wide,
            status: OrderStatus::Accepted,
            fill: None,
        },
        Case {
            name: "stop touched",
            order: NewOrder::stop_market("a", sell, d("10"), d("96")),
            bar: wide,
            status: OrderStatus::Filled,
            fill: Some(("10", "96", taker)),
        },
        Case {
            name: "stop gapped over trades at the worse open",
            order: NewOrder::stop_market("a", sell, d("10"), d("99")),
            bar: "90,92,88,91,1000000",
            status: OrderStatus::Filled,
            fill: Some(("10", "90", taker)),
        },
        Case {
            name: "an order expires after its bars",
            order: NewOrder::limit("a", buy, d("10"), d("90")).expiring_after_bars(1),
            bar: wide,
            status: OrderStatus::Expired,
            fill: None,
        },
    ];
    for case in &cases {
        check(case);
    }
}

#[test]
fn orders_are_rejected_with_their_reason() {
    let cases = [
        (
            "post-only crosses",
            NewOrder::post_only("a", Side::Buy, d("1"), d("100")),
            RejectReason::PostOnlyWouldCross,
        ),
        (
            "post-only sell crosses",
            NewOrder::post_only("a", Side::Sell, d("1"), d("99.99")),
            RejectReason::PostOnlyWouldCross,
        ),
        (
            "too large",
            NewOrder::market("a", Side::Buy, d("30001")),
            RejectReason::InsufficientMargin,
        ),
        (
            "reduce-only while flat",
            NewOrder::market("a", Side::Sell, d("1")).reduce_only(),
            RejectReason::ReduceOnlyWouldIncrease,
        ),
    ];
    for (name, order, reason) in cases {
        let mut desk = desk(plain(), &[]);
        assert_eq!(desk.place(&order), OrderStatus::Rejected, "{name}");
        assert_eq!(desk.reason("a"), Some(reason), "{name}");
        assert!(matches!(desk.events.last(), Some(EventKind::Rejected { .. })), "{name}");
    }
    let mut desk = desk(plain(), &[]);
    assert_eq!(desk.place(&NewOrder::market("b", Side::Buy, d("30000"))), OrderStatus::Accepted);
    let more = NewOrder::limit("c", Side::Buy, d("1"), d("99"));
    assert_eq!(desk.place(&more), OrderStatus::Rejected, "open orders count");
}

#[test]
fn a_reduce_only_order_never_turns_the_position() {
    let bar = "100,101,99,100,1000000";
    let mut desk = desk(plain(), &[bar, bar, bar]);
    desk.place(&NewOrder::market("open", Side::Buy, d("5")));
    desk.pass();
    desk.place(&NewOrder::market("close", Side::Sell, d("8")).reduce_only());
    desk.place(&NewOrder::stop_market("stop", Side::Sell, d("5"), d("50")).reduce_only());
    desk.pass();
    assert_eq!(desk.venue.position().unwrap().qty_minor, 0);
    let close = desk.venue.order("close").unwrap();
    assert_eq!((close.status, close.cum_qty), (OrderStatus::Canceled, d("5")));
    assert_eq!(desk.status("stop"), OrderStatus::Canceled);
}

#[test]
fn fees_are_paid_in_the_second_currency_until_it_is_used_up() {
    let bar = "100,101,99,100,1000000";
    let mut config = plain();
    config.fee_currency.as_mut().unwrap().deposit = d("0.5");
    let mut desk = desk(config, &[bar, bar]);
    desk.place(&NewOrder::market("a", Side::Buy, d("20")));
    desk.pass();
    // 20 × 100 × 4.5 bps = 0.90 USDC = 0.36 FEE at 2.50.
    let fill = &desk.fills()[0];
    assert_eq!((fill.commission, fill.commission_currency.as_str()), (d("0.36"), "FEE"));
    desk.place(&NewOrder::market("b", Side::Sell, d("20")));
    desk.pass();
    let fill = &desk.fills()[1];
    assert_eq!((fill.commission, fill.commission_currency.as_str()), (d("0.9"), "USDC"));
    assert_eq!(desk.venue.books().check(), Ok(()));
}

#[test]
fn long_pays_funding_and_short_receives_it() {
    let bar = "100,101,99,100,1000000";
    for (side, wanted) in [(Side::Buy, "-0.1"), (Side::Sell, "0.1")] {
        let mut config = plain();
        config.funding = Some(Funding { every_bars: 2, rate_ppm: 100 });
        let mut desk = desk(config, &[bar]);
        desk.place(&NewOrder::market("a", side, d("10")));
        desk.pass();
        let paid = desk.events.iter().find_map(|event| match event {
            EventKind::CashMoved { flow } => Some(flow.amount),
            _ => None,
        });
        assert_eq!(paid, Some(d(wanted)), "{side:?}");
    }
}

#[test]
fn slippage_is_against_the_taker() {
    let mut config = plain();
    config.slippage_ppm = 1000;
    let mut desk = desk(config, &["100,110,90,100,1000000"]);
    desk.place(&NewOrder::market("a", Side::Buy, d("1")));
    desk.place(&NewOrder::market("b", Side::Sell, d("1")));
    desk.pass();
    let prices: Vec<_> = desk.fills().iter().map(|fill| fill.last_px).collect();
    assert_eq!(prices, [d("100.10"), d("99.90")]);
}

#[test]
fn an_order_sent_twice_is_placed_once_and_a_different_one_is_refused() {
    let mut desk = desk(plain(), &["100,101,99,100,1000000"]);
    let order = NewOrder::market("a", Side::Buy, d("1")).with_sender("node-1");
    desk.place(&order);
    let again = desk.venue.place(&order, T0).unwrap();
    assert!(again.duplicate);
    let other = NewOrder::market("a", Side::Buy, d("2"));
    let error = desk.venue.place(&other, T0).unwrap_err();
    assert_eq!(error, PlaceError::Conflict { client_order_id: "a".to_owned() });
    desk.pass();
    assert_eq!(desk.fills().len(), 1);
    assert_eq!(desk.venue.orders_by_sender()["node-1"], 1);
}

#[test]
fn unusable_orders_are_refused_by_field() {
    let mut desk = desk(plain(), &[]);
    let mut no_px = NewOrder::limit("a", Side::Buy, d("1"), d("99"));
    no_px.px = None;
    let cases = [
        (
            NewOrder::market("a", Side::Buy, d("0")),
            "`qty` is 0, wanted above zero with at most 4 digits after the point",
        ),
        (
            NewOrder::market("a", Side::Buy, d("0.00001")),
            "`qty` is 0.00001, wanted above zero with at most 4 digits after the point",
        ),
        (
            NewOrder::market("", Side::Buy, d("1")),
            "`client_order_id` is , wanted 1 to 64 letters, digits, `-`, `_`, `.` or `:`",
        ),
        (no_px, "`px` is missing, wanted a price for a limit order"),
    ];
    for (order, wanted) in cases {
        assert_eq!(desk.venue.place(&order, T0).unwrap_err().to_string(), wanted);
    }
    assert_eq!(desk.venue.open_orders().count(), 0);
}

#[test]
fn orders_can_be_changed_and_canceled_while_they_are_open() {
    let mut desk = desk(plain(), &["100,101,97,100,1000000", "100,101,97,100,1000000"]);
    desk.place(&NewOrder::limit("a", Side::Buy, d("1"), d("90")));
    let now = desk.venue.now_ns();
    desk.venue.modify("a", &Change::px(d("98")), now).unwrap();
    desk.pass();
    assert_eq!(desk.fills()[0].last_px, d("98"));
    let now = desk.venue.now_ns();
    desk.venue.cancel("a", now).unwrap();
    desk.venue.modify("a", &Change::px(d("98")), now).unwrap();
    desk.collect();
    let tail: Vec<_> = desk.events.iter().rev().take(2).collect();
    let refused = |event: &&&EventKind| {
        matches!(event, EventKind::CancelRejected { .. } | EventKind::ModifyRejected { .. })
    };
    assert_eq!(tail.iter().filter(refused).count(), 2, "{tail:?}");
    desk.place(&NewOrder::limit("b", Side::Buy, d("1"), d("50")));
    let now = desk.venue.now_ns();
    desk.venue.cancel("b", now).unwrap();
    assert_eq!(desk.status("b"), OrderStatus::Canceled);
}

#[test]
fn a_broken_line_takes_no_order_and_tells_its_fills_afterwards() {
    let through = "100,101,90,100,1000000";
    let config = plain().with_action(1, Action::Disconnect(2));
    let mut desk = desk(config, &[through, through, through]);
    desk.place(&NewOrder::limit("a", Side::Buy, d("1"), d("95")).with_sender("x"));
    let now = desk.venue.now_ns();
    desk.venue.modify("a", &Change::px(d("80")), now).unwrap();
    desk.pass();
    assert!(matches!(desk.events.last(), Some(EventKind::Disconnected { .. })));
    let order = NewOrder::market("b", Side::Buy, d("1"));
    assert_eq!(desk.venue.place(&order, T0), Err(PlaceError::Disconnected));
    desk.events.clear();
    desk.pass();
    assert_eq!(desk.events, []);
    desk.pass();
    assert!(matches!(desk.events.last(), Some(EventKind::Reconnected)));
    assert!(desk.venue.is_connected());
}

#[test]
fn scripted_rejections_carry_their_text() {
    let config = plain().with_action(0, Action::Reject(1, "maintenance".to_owned()));
    let mut desk = desk(config, &[]);
    desk.place(&NewOrder::market("a", Side::Buy, d("1")));
    assert_eq!(desk.reason("a"), Some(RejectReason::Scripted("maintenance".to_owned())));
    assert_eq!(desk.place(&NewOrder::market("b", Side::Buy, d("1"))), OrderStatus::Accepted);
}

#[test]
fn a_levered_account_that_lost_its_margin_is_liquidated() {
    let mut desk = desk(plain(), &["100,101,99,100,10000000", "70,71,60,66,10000000"]);
    desk.place(&NewOrder::market("a", Side::Buy, d("29000")));
    desk.pass();
    desk.pass();
    assert!(matches!(desk.events.last(), Some(EventKind::Liquidated { .. })));
    assert_eq!(desk.venue.position().unwrap().qty_minor, 0);
    assert_eq!(desk.venue.books().check(), Ok(()));
}
