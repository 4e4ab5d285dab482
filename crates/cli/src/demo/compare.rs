//! What the store says, beside what the venue's books say.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_metrics::read::{Datum, Store};
use plimsoll_paper::{FlowKind, Session, Summary};

use crate::failure::Failure;

/// Two figures are equal if they differ by no more than this, relative to the larger or to one.
const EQUAL: f64 = 1e-9;
/// Groups that one question may have.
const GROUPS_MAX: usize = 10_000;
/// What moves a balance without a trade, and is booked by the venue.
const FLOWS: [FlowKind; 4] =
    [FlowKind::Deposit, FlowKind::Withdrawal, FlowKind::Transfer, FlowKind::Funding];

/// One figure, told twice.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) name: String,
    /// Digits after the point, for people.
    pub(super) digits: usize,
    pub(super) store: f64,
    pub(super) books: f64,
}

impl Figure {
    pub(super) fn is_equal(&self) -> bool {
        let scale = self.store.abs().max(self.books.abs()).max(1.0);
        (self.store - self.books).abs() <= EQUAL * scale
    }
}

/// All figures that both can tell.
pub(super) fn figures(store: &Store, session: &Session) -> Result<Vec<Figure>, Failure> {
    let summary = session.summary()?;
    let quote = session.labels().currency.as_str();
    let mut all = counts(store, &summary)?;
    all.extend(money(store, session, &summary, quote)?);
    if session.venue().is_connected() {
        // Over a broken line nobody knows the equity, so no row tells it.
        let sql = "SELECT '', equity FROM trading_risk WHERE scope = 'account' ORDER BY ts DESC, seq DESC LIMIT 1";
        let found = grouped(store, sql)?.get("").copied().unwrap_or_default();
        let name = format!("equity, {quote}");
        all.push(Figure { name, digits: 2, store: found, books: summary.equity });
    }
    Ok(all)
}

fn counts(store: &Store, summary: &Summary) -> Result<Vec<Figure>, Failure> {
    let transitions = grouped(store, "SELECT event, count(*) FROM trading_orders GROUP BY event")?;
    let words: BTreeSet<&str> =
        transitions.keys().map(String::as_str).chain(summary.orders.keys().copied()).collect();
    let figure = |name: String, store: f64, books: u64| {
        #[allow(clippy::cast_precision_loss, reason = "counts of a demo are far below 2^53")]
        let books = books as f64;
        Figure { name, digits: 0, store, books }
    };
    let mut all: Vec<Figure> = words
        .into_iter()
        .map(|word| {
            let found = transitions.get(word).copied().unwrap_or_default();
            let books = summary.orders.get(word).copied().unwrap_or_default();
            figure(format!("orders {}", word.replace('_', " ")), found, books)
        })
        .collect();
    let fills = grouped(store, "SELECT '', count(*) FROM trading_fills")?;
    all.push(figure("fills".to_owned(), fills.get("").copied().unwrap_or_default(), summary.fills));
    Ok(all)
}

fn money(
    store: &Store,
    session: &Session,
    summary: &Summary,
    quote: &str,
) -> Result<Vec<Figure>, Failure> {
    let fees = grouped(
        store,
        "SELECT commission_currency, sum(commission) FROM trading_fills GROUP BY 1",
    )?;
    let realized = grouped(store, "SELECT '', sum(realized_pnl) FROM trading_fills")?;
    let realized = realized.get("").copied().unwrap_or_default();
    let flows = grouped(
        store,
        "SELECT kind || ' ' || currency, sum(amount) FROM trading_cashflows GROUP BY 1",
    )?;
    let position = grouped(
        store,
        "SELECT '', sum(CASE side WHEN 'buy' THEN last_qty ELSE -last_qty END) FROM trading_fills",
    )?;
    let mut all = vec![
        Figure {
            name: format!("realized P&L, {quote}"),
            digits: 2,
            store: realized,
            books: summary.realized_pnl.to_f64(),
        },
        Figure {
            name: "position".to_owned(),
            digits: 4,
            store: position.get("").copied().unwrap_or_default(),
            books: summary.position_qty.to_f64(),
        },
    ];
    for (currency, balance) in &summary.balances {
        let fee = fees.get(currency).copied().unwrap_or_default();
        let paid = summary.commissions.get(currency).map_or(0.0, |sum| sum.to_f64());
        all.push(Figure { name: format!("fees, {currency}"), digits: 2, store: fee, books: paid });
        let mut sum = if currency == quote { realized - fee } else { -fee };
        for kind in FLOWS {
            let found = flows.get(&format!("{} {currency}", kind.as_str())).copied();
            let found = found.unwrap_or_default();
            let booked = session.venue().books().balance(currency);
            let books = booked.map_or(0.0, |b| b.currency.decimal(b.flow(kind)).to_f64());
            sum += found;
            if found != 0.0 || books != 0.0 {
                let name = format!("{}, {currency}", kind.as_str());
                all.push(Figure { name, digits: 2, store: found, books });
            }
        }
        let name = format!("balance, {currency}");
        all.push(Figure { name, digits: 2, store: sum, books: balance.to_f64() });
    }
    Ok(all)
}

/// Runs a query of two columns, a name and a number. A number that is NULL is zero here: it is the
/// sum of no rows.
fn grouped(store: &Store, sql: &str) -> Result<BTreeMap<String, f64>, Failure> {
    let answer = store.query(sql, GROUPS_MAX)?;
    let mut sums = BTreeMap::new();
    for row in &answer.rows {
        if let [name, value] = row.as_slice() {
            sums.insert(name.to_string(), double(value).unwrap_or_default());
        }
    }
    Ok(sums)
}

/// A number that was read.
pub(super) fn double(datum: &Datum) -> Option<f64> {
    match datum {
        Datum::Double(value) => Some(*value),
        #[allow(clippy::cast_precision_loss, reason = "counts of a demo are far below 2^53")]
        Datum::Long(value) => Some(*value as f64),
        _ => None,
    }
}
