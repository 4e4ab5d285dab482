//! The same figures from two sides: from the engine's own books, and read back from the store.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, bail};
use nautilus_backtest::engine::BacktestEngine;
use nautilus_model::{accounts::AccountAny, orders::Order as _};
use plimsoll_metrics::read::{Datum, Store};

use crate::backtest;

/// Most currencies that fees may be in.
const CURRENCIES_MAX: usize = 100;
/// Half of the smallest unit of USDT in the engine: what float addition may differ by.
const MONEY_TOLERANCE: f64 = 0.5e-8;

/// Figures that both sides have.
#[derive(Debug, Clone, PartialEq)]
pub struct Totals {
    /// Orders that reached the venue or were refused.
    pub orders: i64,
    /// Executions.
    pub fills: i64,
    /// Fees by currency; > 0 = cost.
    pub commissions: BTreeMap<String, f64>,
}

impl Totals {
    /// From the engine's own books: its orders with their trade ids, and the fees that the account
    /// was charged.
    pub fn of_engine(engine: &BacktestEngine) -> anyhow::Result<Self> {
        let mut totals = Self { orders: 0, fills: 0, commissions: BTreeMap::new() };
        let cache = engine.kernel().cache();
        let cache = cache.borrow();
        for order in cache.orders(None, None, None, None, None) {
            totals.orders += 1;
            totals.fills += i64::try_from(order.trade_ids().len())?;
        }
        // An order keeps no fees in this version of the engine; the account adds them up.
        let account = cache.account_for_venue(&backtest::venue()).context("no account")?;
        let AccountAny::Margin(account) = &*account else { bail!("wanted a margin account") };
        for (currency, fee) in account.commissions() {
            totals.commissions.insert(currency.code.to_string(), fee.as_f64());
        }
        Ok(totals)
    }

    /// From the store.
    pub fn of_store(path: &Path) -> anyhow::Result<Self> {
        let store = Store::open(path)?;
        let orders = long(&store, "SELECT count(DISTINCT client_order_id) FROM trading_orders")?;
        let fills = long(&store, "SELECT count(*) FROM trading_fills")?;
        let sql = "SELECT commission_currency, sum(commission) FROM trading_fills
                   WHERE commission IS NOT NULL GROUP BY 1";
        let mut commissions = BTreeMap::new();
        for row in store.query(sql, CURRENCIES_MAX)?.rows {
            match row.as_slice() {
                [Datum::Text(currency), Datum::Double(sum)] => {
                    commissions.insert(currency.clone(), *sum);
                }
                other => bail!("wanted a currency and a sum, found {other:?}"),
            }
        }
        Ok(Self { orders, fills, commissions })
    }

    /// Whether both sides say the same.
    pub fn agrees(&self, other: &Self) -> bool {
        self.orders == other.orders
            && self.fills == other.fills
            && self.commissions.keys().eq(other.commissions.keys())
            && self
                .commissions
                .values()
                .zip(other.commissions.values())
                .all(|(a, b)| (a - b).abs() < MONEY_TOLERANCE)
    }
}

/// Rows of each table that the backtest wrote.
pub fn rows_of(path: &Path) -> anyhow::Result<Vec<(String, u64)>> {
    let tables = Store::open(path)?.tables()?;
    Ok(tables.into_iter().filter(|t| t.rows > 0).map(|t| (t.name, t.rows)).collect())
}

/// One number that a query gives.
pub fn long(store: &Store, sql: &str) -> anyhow::Result<i64> {
    let answer = store.query(sql, 1)?;
    match answer.rows.first().and_then(|row| row.first()).context("no row")? {
        Datum::Long(n) => Ok(*n),
        other => bail!("wanted a number, found {other:?}"),
    }
}
