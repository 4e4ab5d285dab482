use plimsoll_paper::{
    Amount, Books, BooksError, Currency, Decimal, FlowKind, Instrument, MoneyError, Side, Trade,
};
use proptest::prelude::*;

fn instrument() -> Instrument {
    let usdc = Currency::new("USDC", 8).unwrap();
    Instrument::new("SPX-PERP", 2, 4, usdc).unwrap()
}

fn opened() -> Books {
    let mut books = Books::new();
    books.add_currency(instrument().quote()).unwrap();
    books.add_currency(&Currency::new("FEE", 8).unwrap()).unwrap();
    books.flow(FlowKind::Deposit, "USDC", Amount { minor: 1_000_000_000_000 }).unwrap();
    books.flow(FlowKind::Deposit, "FEE", Amount { minor: 500_000_000 }).unwrap();
    books
}

fn trade(books: &mut Books, side: Side, qty_minor: i128, px_minor: i128, fee_minor: i128) {
    let instrument = instrument();
    let fee = Amount { minor: fee_minor };
    let trade =
        Trade { instrument: &instrument, side, qty_minor, px_minor, fee, fee_currency: "FEE" };
    books.trade(&trade).unwrap();
}

type Step = (bool, i128, i128, i128, u8, i128);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        any::<bool>(),
        1i128..1_000_000,
        1i128..10_000_000,
        -1_000i128..100_000,
        0u8..4,
        -1_000_000i128..1_000_000,
    );
    proptest::collection::vec(step, 1..120)
}

fn run(steps: &[Step]) -> (Books, i128) {
    let mut books = opened();
    let mut flows = 0;
    for (buy, qty, px, fee, kind, flow) in steps {
        trade(&mut books, if *buy { Side::Buy } else { Side::Sell }, *qty, *px, *fee);
        let kinds =
            [FlowKind::Deposit, FlowKind::Withdrawal, FlowKind::Funding, FlowKind::Transfer];
        books.flow(kinds[usize::from(*kind)], "USDC", Amount { minor: *flow }).unwrap();
        flows += flow;
    }
    (books, flows)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_trades_and_flows_keeps_the_books_in_agreement(steps in steps()) {
        let (books, _) = run(&steps);
        prop_assert_eq!(books.check(), Ok(()));
    }

    #[test]
    fn closing_everything_leaves_deposits_flows_gains_and_fees_exactly(steps in steps()) {
        let (mut books, flows) = run(&steps);
        // What was sold less what was bought is known without the books' own netting.
        let instrument = instrument();
        let mut cash: i128 = 0;
        let mut held: i128 = 0;
        let mut fees: i128 = 0;
        for (buy, qty, px, fee, _, _) in &steps {
            let sign = if *buy { 1 } else { -1 };
            cash -= sign * instrument.notional(*qty, *px).unwrap().minor;
            held += sign * qty;
            fees += fee;
        }
        let last = 123_456;
        if held != 0 {
            let side = if held > 0 { Side::Sell } else { Side::Buy };
            trade(&mut books, side, held.abs(), last, 7);
            cash += instrument.notional(held, last).unwrap().minor;
            fees += 7;
        }
        prop_assert_eq!(books.check(), Ok(()));
        let usdc = books.balance("USDC").unwrap();
        prop_assert_eq!(usdc.total.minor, 1_000_000_000_000 + flows + cash);
        prop_assert_eq!(usdc.flow(FlowKind::Realized).minor, cash);
        prop_assert_eq!(books.balance("FEE").unwrap().total.minor, 500_000_000 - fees);
        let position = books.position("SPX-PERP").unwrap();
        prop_assert_eq!((position.qty_minor, position.cost.minor), (0, 0));
    }

    #[test]
    fn a_decimal_survives_being_written_and_read(mantissa in any::<i64>(), scale in 0u8..=18) {
        let decimal = Decimal::new(mantissa.into(), scale).unwrap();
        let read: Decimal = decimal.to_string().parse().unwrap();
        prop_assert_eq!((read.mantissa(), read.scale()), (mantissa.into(), scale));
    }
}

#[test]
fn a_partial_close_leaves_the_rounding_with_the_open_part() {
    let mut books = opened();
    trade(&mut books, Side::Buy, 3, 10_001, 0);
    trade(&mut books, Side::Buy, 4, 10_002, 0);
    let bought = books.position("SPX-PERP").unwrap().cost;
    trade(&mut books, Side::Sell, 5, 10_001, 0);
    trade(&mut books, Side::Sell, 2, 10_001, 0);
    let position = books.position("SPX-PERP").unwrap();
    let sold = instrument().notional(7, 10_001).unwrap();
    assert_eq!(position.realized, sold.minus(bought).unwrap());
    assert_eq!(books.check(), Ok(()));
}

#[test]
fn an_overflow_is_an_error_and_changes_nothing() {
    let mut books = opened();
    trade(&mut books, Side::Buy, 10, 100, 1);
    let before = books.clone();
    let instrument = instrument();
    let fee = Amount { minor: 1 };
    let huge = Trade {
        instrument: &instrument,
        side: Side::Buy,
        qty_minor: i128::MAX / 2,
        px_minor: 1000,
        fee,
        fee_currency: "FEE",
    };
    let error = books.trade(&huge).unwrap_err();
    let expected =
        BooksError::Money { source: MoneyError::Overflow { what: "price times quantity" } };
    assert_eq!(error, expected);
    let unknown = Trade { qty_minor: 1, fee_currency: "XXX", ..huge };
    let error = books.trade(&unknown).unwrap_err();
    assert_eq!(error, BooksError::UnknownCurrency { code: "XXX".to_owned() });
    let most = Amount { minor: i128::MAX };
    assert!(books.flow(FlowKind::Deposit, "USDC", most).is_err());
    assert_eq!(books, before);
}

#[test]
fn a_quote_currency_too_coarse_for_price_times_quantity_is_refused() {
    let error = Instrument::new("X", 4, 4, Currency::new("USDC", 6).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "scale 6 of USDC for X is outside 8..=18");
}
