//! A venue's statement of a span beside what a store has of it.
//!
//! The venue's amounts are decimals and the store's are doubles, so two amounts are the same when
//! they differ by less than a double can tell. Rows are compared one by one: sums alone would let
//! two mistakes cancel each other.

use std::collections::{BTreeMap, BTreeSet};

use super::{Balance, FlowKind, PastFill, PastFlow, Side, Span};

/// Doubles have 15 digits; what one row says differs by less than this share of it.
const ROW_RATIO: f64 = 1e-12;
/// What sums of a million rows differ by.
const SUM_RATIO: f64 = 1e-9;

/// What a venue says.
#[derive(Debug, Clone, Default)]
pub struct Statement {
    /// Fills from the beginning of the span until now.
    pub fills: Vec<PastFill>,
    /// Money that moved, from the beginning of the span until now.
    pub flows: Vec<PastFlow>,
    /// Balances now.
    pub balances: Vec<Balance>,
}

/// What a store has.
#[derive(Debug, Clone, Default)]
pub struct Booked {
    /// Fills of the span.
    pub fills: Vec<BookedFill>,
    /// Money that moved in the span.
    pub flows: Vec<BookedFlow>,
    /// The last balance of each currency before the end of the span.
    pub balances: Vec<BookedBalance>,
}

/// A fill as a store has it.
#[derive(Debug, Clone)]
pub struct BookedFill {
    /// When, UTC nanoseconds.
    pub at_ns: i64,
    /// What was traded.
    pub instrument_id: String,
    /// Which way.
    pub side: Side,
    /// The venue's id of the fill.
    pub trade_id: String,
    /// How much.
    pub qty: f64,
    /// At which price.
    pub px: f64,
    /// Fee, above zero = cost; absent where nobody knew it.
    pub fee: Option<f64>,
    /// Currency of the fee.
    pub fee_currency: Option<String>,
    /// Price gain of what was closed.
    pub realized_pnl: Option<f64>,
}

/// Money that moved, as a store has it.
#[derive(Debug, Clone)]
pub struct BookedFlow {
    /// When, UTC nanoseconds.
    pub at_ns: i64,
    /// Why, in the words of the table.
    pub kind: String,
    /// What it was paid on; `-` for nothing.
    pub instrument_id: String,
    /// Currency.
    pub currency: String,
    /// The venue's id of it.
    pub ref_id: String,
    /// Above zero = into the account.
    pub amount: f64,
}

/// A balance as a store has it.
#[derive(Debug, Clone)]
pub struct BookedBalance {
    /// When, UTC nanoseconds: after everything of that moment.
    pub at_ns: i64,
    /// Currency.
    pub currency: String,
    /// How much.
    pub total: f64,
}

/// What a line of the comparison is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Item {
    /// How many fills, by the currency of their prices.
    Fills,
    /// Price times quantity of all fills.
    Traded,
    /// Fees.
    Fees,
    /// Funding.
    Funding,
    /// Deposits, withdrawals, transfers and adjustments.
    Transfers,
    /// Balance at the end.
    Balance,
}

impl Item {
    /// Returns its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fills => "fills",
            Self::Traded => "traded",
            Self::Fees => "fees",
            Self::Funding => "funding",
            Self::Transfers => "transfers",
            Self::Balance => "balance",
        }
    }
}

/// One amount in one currency, on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it is about.
    pub item: Item,
    /// Currency.
    pub currency: String,
    /// What the store has; `None` where it cannot say.
    pub store: Option<f64>,
    /// What the venue says; `None` where that cannot be told from what it answers.
    pub venue: Option<f64>,
}

impl Line {
    /// Whether both sides are the same; `None` where one cannot say.
    #[must_use]
    pub fn is_equal(&self) -> Option<bool> {
        let both = self.store.zip(self.venue);
        both.map(|(store, venue)| is_same(store, venue, SUM_RATIO))
    }
}

/// One row that is not the same on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Unequal {
    /// Which row, for people.
    pub row: String,
    /// Which of its values; empty for the row as a whole.
    pub value: &'static str,
    /// What the store has; `None` if it has none.
    pub store: Option<f64>,
    /// What the venue says; `None` if it says none.
    pub venue: Option<f64>,
}

/// Compares a venue's statement with a store: lines for each currency, and rows that differ.
#[must_use]
pub fn compare(venue: &Statement, store: &Booked, span: Span) -> (Vec<Line>, Vec<Unequal>) {
    let mut sums = Sums::default();
    let mut unequal = fills(venue, store, span, &mut sums);
    unequal.extend(flows(venue, store, span, &mut sums));
    let mut lines: Vec<Line> = sums
        .0
        .into_iter()
        .map(|((currency, item), (store, venue))| Line {
            item,
            currency,
            store,
            venue: Some(venue),
        })
        .collect();
    lines.extend(balances(venue, store, span));
    lines.sort_by(|a, b| (&a.currency, a.item).cmp(&(&b.currency, b.item)));
    (lines, unequal)
}

/// Both sides by currency and item; the store's side is `None` once a part of it is not known.
#[derive(Default)]
struct Sums(BTreeMap<(String, Item), (Option<f64>, f64)>);

impl Sums {
    fn entry(&mut self, currency: &str, item: Item) -> &mut (Option<f64>, f64) {
        self.0.entry((currency.to_owned(), item)).or_insert((Some(0.0), 0.0))
    }

    fn venue(&mut self, currency: &str, item: Item, amount: f64) {
        self.entry(currency, item).1 += amount;
    }

    fn store(&mut self, currency: &str, item: Item, amount: Option<f64>) {
        let entry = self.entry(currency, item);
        entry.0 = entry.0.zip(amount).map(|(sum, amount)| sum + amount);
    }
}

fn fills(venue: &Statement, store: &Booked, span: Span, sums: &mut Sums) -> Vec<Unequal> {
    type Key<'a> = (i64, &'a str, Side, &'a str);
    let mut booked: BTreeMap<Key<'_>, &BookedFill> = BTreeMap::new();
    for fill in &store.fills {
        booked.insert((fill.at_ns, &fill.instrument_id, fill.side, &fill.trade_id), fill);
    }
    let mut unequal = Vec::new();
    let mut currencies: BTreeMap<&str, &str> = BTreeMap::new();
    for fill in venue.fills.iter().filter(|fill| span.contains(fill.at_ns)) {
        currencies.insert(&fill.instrument_id, &fill.currency);
        let (qty, px, fee) = (fill.qty.to_f64(), fill.px.to_f64(), fill.fee.to_f64());
        sums.venue(&fill.currency, Item::Fills, 1.0);
        sums.venue(&fill.currency, Item::Traded, qty * px);
        sums.venue(&fill.fee_currency, Item::Fees, fee);
        let row = format!("fill {} of {}", fill.trade_id, fill.instrument_id);
        let key = (fill.at_ns, fill.instrument_id.as_str(), fill.side, fill.trade_id.as_str());
        let Some(has) = booked.remove(&key) else {
            unequal.push(Unequal { row, value: "", store: None, venue: Some(qty) });
            continue;
        };
        add_booked(sums, has, &fill.currency);
        let fee_there = has.fee_currency.as_deref() == Some(fill.fee_currency.as_str());
        let values = [
            ("qty", Some(has.qty), qty),
            ("px", Some(has.px), px),
            ("fee", has.fee.filter(|_| fee_there || fee == 0.0), fee),
        ];
        for (value, store, venue) in values {
            if !store.is_some_and(|store| is_same(store, venue, ROW_RATIO)) {
                unequal.push(Unequal { row: row.clone(), value, store, venue: Some(venue) });
            }
        }
    }
    for fill in booked.into_values() {
        let currency = currencies.get(fill.instrument_id.as_str()).copied().unwrap_or("-");
        add_booked(sums, fill, currency);
        let row = format!("fill {} of {}", fill.trade_id, fill.instrument_id);
        unequal.push(Unequal { row, value: "", store: Some(fill.qty), venue: None });
    }
    unequal
}

fn add_booked(sums: &mut Sums, fill: &BookedFill, currency: &str) {
    sums.store(currency, Item::Fills, Some(1.0));
    sums.store(currency, Item::Traded, Some(fill.qty * fill.px));
    if let Some(fee_currency) = &fill.fee_currency {
        sums.store(fee_currency, Item::Fees, fill.fee);
    }
}

fn item_of(kind: &str) -> Item {
    if kind == FlowKind::Funding.as_str() { Item::Funding } else { Item::Transfers }
}

fn flows(venue: &Statement, store: &Booked, span: Span, sums: &mut Sums) -> Vec<Unequal> {
    type Key<'a> = (i64, &'a str, &'a str, &'a str, &'a str);
    let mut booked: BTreeMap<Key<'_>, &BookedFlow> = BTreeMap::new();
    for flow in &store.flows {
        sums.store(&flow.currency, item_of(&flow.kind), Some(flow.amount));
        let instrument = flow.instrument_id.as_str();
        let key = (flow.at_ns, flow.kind.as_str(), instrument, &*flow.currency, &*flow.ref_id);
        booked.insert(key, flow);
    }
    let mut unequal = Vec::new();
    for flow in venue.flows.iter().filter(|flow| span.contains(flow.at_ns)) {
        let amount = flow.amount.to_f64();
        let kind = flow.kind.as_str();
        sums.venue(&flow.currency, item_of(kind), amount);
        let instrument = flow.instrument_id.as_deref().unwrap_or("-");
        let row = format!("{kind} {} of {}", flow.ref_id, flow.currency);
        match booked.remove(&(flow.at_ns, kind, instrument, &*flow.currency, &*flow.ref_id)) {
            Some(has) if is_same(has.amount, amount, ROW_RATIO) => {}
            has => unequal.push(Unequal {
                row,
                value: if has.is_some() { "amount" } else { "" },
                store: has.map(|has| has.amount),
                venue: Some(amount),
            }),
        }
    }
    unequal.extend(booked.into_values().map(|flow| Unequal {
        row: format!("{} {} of {}", flow.kind, flow.ref_id, flow.currency),
        value: "",
        store: Some(flow.amount),
        venue: None,
    }));
    unequal
}

/// Balances at the end of the span: the venue's of now without what came after it, the store's last
/// one with what came after that.
fn balances(venue: &Statement, store: &Booked, span: Span) -> Vec<Line> {
    let mut currencies: BTreeSet<&str> =
        venue.balances.iter().map(|balance| balance.currency.as_str()).collect();
    currencies.extend(store.balances.iter().map(|balance| balance.currency.as_str()));
    let line = |currency: &str| {
        let now = venue.balances.iter().find(|balance| balance.currency == currency);
        let later = moved(venue, currency, |at_ns| at_ns >= span.until_ns);
        let last = store.balances.iter().find(|balance| balance.currency == currency);
        let store = last.and_then(|last| {
            let after = booked_moved(store, venue, currency, |at_ns| at_ns > last.at_ns)?;
            Some(last.total + after)
        });
        Line {
            item: Item::Balance,
            currency: currency.to_owned(),
            store,
            venue: later.map(|later| now.map_or(0.0, |balance| balance.total.to_f64()) - later),
        }
    };
    // A currency that neither side ever had says nothing.
    let is_used = |line: &Line| line.venue != Some(0.0) || line.store.is_some_and(|sum| sum != 0.0);
    currencies.into_iter().map(line).filter(is_used).collect()
}

fn moved(venue: &Statement, currency: &str, is_meant: impl Fn(i64) -> bool) -> Option<f64> {
    let mut sum = 0.0;
    for fill in venue.fills.iter().filter(|fill| is_meant(fill.at_ns)) {
        if fill.currency == currency {
            sum += fill.realized_pnl?.to_f64();
        }
        if fill.fee_currency == currency {
            sum -= fill.fee.to_f64();
        }
    }
    let flows = venue.flows.iter().filter(|flow| is_meant(flow.at_ns));
    let flows = flows.filter(|flow| flow.currency == currency);
    Some(sum + flows.map(|flow| flow.amount.to_f64()).sum::<f64>())
}

/// The same of a store, whose fills do not say in which currency their prices are; `None` where a
/// part is not known.
fn booked_moved(
    store: &Booked,
    venue: &Statement,
    currency: &str,
    is_meant: impl Fn(i64) -> bool,
) -> Option<f64> {
    let mut sum = 0.0;
    for fill in store.fills.iter().filter(|fill| is_meant(fill.at_ns)) {
        let told = venue.fills.iter().find(|told| told.instrument_id == fill.instrument_id)?;
        if told.currency == currency {
            sum += fill.realized_pnl?;
        }
        if fill.fee_currency.as_deref() == Some(currency) {
            sum -= fill.fee?;
        }
    }
    let flows = store.flows.iter().filter(|flow| is_meant(flow.at_ns));
    Some(sum + flows.filter(|flow| flow.currency == currency).map(|flow| flow.amount).sum::<f64>())
}

fn is_same(a: f64, b: f64, ratio: f64) -> bool {
    (a - b).abs() <= ratio * a.abs().max(b.abs())
}
