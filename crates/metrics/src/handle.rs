//! Handles: a label set, interned once, and the emit functions.
//!
//! A handle is cheap to clone, sent and shared freely; the ring belongs to the thread. None of
//! the emit functions returns anything, blocks, allocates or logs; what they refuse is counted.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use plimsoll_ring::local;

use crate::{
    counts::Counts,
    encoder::Encoder,
    labels::LabelError,
    row::Table,
    shared::Shared,
    tables::{
        AccountState, AlertRecord, Cashflow, ErrorEvent, Fill, Health, OpsEvent, Order,
        OrderLatency, Pnl, PositionChange, Risk,
    },
};

/// A thread has no ring: its rows are refused and counted.
#[derive(Debug, thiserror::Error)]
#[error("cannot make this thread's ring")]
pub struct PrewarmError {
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The pipeline and a label set in it.
#[derive(Debug, Clone)]
pub(crate) struct Emitter {
    shared: Option<Arc<Shared>>,
    instance: u32,
    series: u32,
}

impl Emitter {
    pub(crate) fn new(
        shared: Option<&Arc<Shared>>,
        labels: &[(&str, &str)],
    ) -> Result<Self, LabelError> {
        let series = shared.map_or(Ok(0), |s| s.series(labels))?;
        Ok(Self { instance: shared.map_or(0, |s| s.instance), shared: shared.cloned(), series })
    }

    #[inline(always)]
    fn push<T: Table>(&self, row: &T) {
        let table = T::table_id();
        if table.own && !self.knows(table.number) && !self.learn::<T>() {
            return;
        }
        match local::lane(self.instance) {
            Some(lane) => {
                lane.push_fill(table.number, row.max_words(), Words { row, series: self.series });
            }
            None => self.push_first(row),
        }
    }

    #[inline(always)]
    fn knows(&self, table: u8) -> bool {
        self.shared.as_ref().is_some_and(|s| s.knows(table))
    }

    #[cold]
    fn learn<T: Table>(&self) -> bool {
        let Some(shared) = &self.shared else { return false };
        let learned = shared.learn(T::table_id().number, T::SCHEMA).is_ok();
        if !learned {
            shared.ledger.refused.fetch_add(1, Relaxed);
        }
        learned
    }

    /// The thread's first row: makes its ring.
    #[cold]
    #[inline(never)]
    fn push_first<T: Table>(&self, row: &T) {
        let Some(shared) = &self.shared else { return };
        let lane = shared.register_lane().ok().and_then(|()| local::lane(self.instance));
        match lane {
            Some(lane) => {
                let words = Words { row, series: self.series };
                lane.push_fill(T::table_id().number, row.max_words(), words);
            }
            None => {
                shared.ledger.refused.fetch_add(1, Relaxed);
            }
        }
    }

    fn counts(&self) -> Counts {
        self.shared.as_ref().map_or_else(Counts::default, |shared| shared.counts())
    }

    fn prewarm(&self) -> Result<(), PrewarmError> {
        match &self.shared {
            Some(shared) if local::lane(self.instance).is_none() => {
                shared.register_lane().map_err(|source| PrewarmError { source: Box::new(source) })
            }
            _ => Ok(()),
        }
    }
}

/// Writes a row into its record. A type and not a closure, so that it folds into the push.
struct Words<'a, T> {
    row: &'a T,
    series: u32,
}

impl<T: Table> plimsoll_ring::Fill for Words<'_, T> {
    #[inline(always)]
    fn fill(self, to: &mut plimsoll_ring::Writer<'_>) {
        self.row.encode(self.series, &mut Encoder::new(to));
    }
}

macro_rules! emits {
    ($handle:ty { $($(#[$m:meta])* $name:ident($row:ty);)+ }) => {
        impl $handle {
            $($(#[$m])*
            #[inline(always)]
            #[allow(clippy::needless_pass_by_value, reason = "a row is built for the call and folds into it")]
            pub fn $name(&self, row: $row) {
                self.emitter.push(&row);
            })+
        }
    };
}

macro_rules! any {
    ($($handle:ident),+) => {$(
        impl $handle {
            /// Emits a row of any table, your own included.
            #[inline(always)]
            pub fn emit<T: Table>(&self, row: &T) {
                self.emitter.push(row);
            }

            /// What the pipeline counts, also after its close: a row that is emitted then is
            /// among [`Counts::dropped_rows`].
            #[must_use]
            pub fn counts(&self) -> Counts {
                self.emitter.counts()
            }

            /// Makes this thread's ring now (0.4 to 0.6 ms), so that its first row is as fast as
            /// its second.
            ///
            /// # Errors
            ///
            /// [`PrewarmError`] if memory for it cannot be had.
            pub fn prewarm(&self) -> Result<(), PrewarmError> {
                self.emitter.prewarm()
            }
        }
    )+};
}

/// One strategy: rows of the scope `strategy`.
#[derive(Debug, Clone)]
pub struct Strategy {
    emitter: Emitter,
    trader_id: String,
    strategy_id: String,
}

/// One account, of a strategy or by itself.
#[derive(Debug, Clone)]
pub struct Account {
    emitter: Emitter,
    trader_id: String,
    strategy_id: Option<String>,
    account_id: String,
}

/// One instrument at a venue, traded by a strategy on an account.
#[derive(Debug, Clone)]
pub struct Instrument {
    emitter: Emitter,
}

/// Any other label set, for tables that are not about trading.
#[derive(Debug, Clone)]
pub struct Series {
    emitter: Emitter,
}

any!(Strategy, Account, Instrument, Series);

impl Strategy {
    pub(crate) fn new(
        shared: Option<&Arc<Shared>>,
        trader_id: &str,
        strategy_id: &str,
    ) -> Result<Self, LabelError> {
        let labels =
            [("scope", "strategy"), ("trader_id", trader_id), ("strategy_id", strategy_id)];
        Ok(Self {
            emitter: Emitter::new(shared, &labels)?,
            trader_id: trader_id.to_owned(),
            strategy_id: strategy_id.to_owned(),
        })
    }

    /// The strategy's account: an alias that is unique over env, mode and venue, never an address
    /// or key. Slow path.
    ///
    /// # Errors
    ///
    /// [`LabelError`] if the label is empty, too long or one too many.
    pub fn account(&self, account_id: &str) -> Result<Account, LabelError> {
        let shared = self.emitter.shared.as_ref();
        Account::new(shared, &self.trader_id, Some(&self.strategy_id), account_id)
    }
}

impl Account {
    pub(crate) fn new(
        shared: Option<&Arc<Shared>>,
        trader_id: &str,
        strategy_id: Option<&str>,
        account_id: &str,
    ) -> Result<Self, LabelError> {
        let scope = if strategy_id.is_some() { "strategy" } else { "account" };
        let mut labels =
            vec![("scope", scope), ("trader_id", trader_id), ("account_id", account_id)];
        labels.extend(strategy_id.map(|id| ("strategy_id", id)));
        Ok(Self {
            emitter: Emitter::new(shared, &labels)?,
            trader_id: trader_id.to_owned(),
            strategy_id: strategy_id.map(str::to_owned),
            account_id: account_id.to_owned(),
        })
    }

    /// An instrument at a venue, with the currency that its profit and loss is in. Slow path.
    ///
    /// # Errors
    ///
    /// [`LabelError`] if a label is empty, too long or one too many.
    pub fn instrument(
        &self,
        instrument_id: &str,
        venue: &str,
        currency: &str,
    ) -> Result<Instrument, LabelError> {
        let mut labels = vec![
            ("scope", "instrument"),
            ("trader_id", self.trader_id.as_str()),
            ("account_id", self.account_id.as_str()),
        ];
        labels.extend(self.strategy_id.as_deref().map(|id| ("strategy_id", id)));
        labels.extend([("instrument_id", instrument_id), ("venue", venue), ("currency", currency)]);
        Ok(Instrument { emitter: Emitter::new(self.emitter.shared.as_ref(), &labels)? })
    }
}

impl Series {
    pub(crate) fn new(
        shared: Option<&Arc<Shared>>,
        labels: &[(&str, &str)],
    ) -> Result<Self, LabelError> {
        Ok(Self { emitter: Emitter::new(shared, labels)? })
    }
}

emits! { Instrument {
    /// A row of `trading_pnl`, scope `instrument`.
    emit_pnl(Pnl);
    /// A row of `trading_orders`.
    emit_order(Order<'_>);
    /// A row of `order_latency`.
    emit_order_latency(OrderLatency<'_>);
    /// A row of `trading_fills`.
    emit_fill(Fill<'_>);
    /// A row of `trading_cashflows`, such as funding.
    emit_cashflow(Cashflow<'_>);
    /// A row of `position_changes`.
    emit_position_change(PositionChange<'_>);
    /// A row of `trading_errors`.
    emit_error(ErrorEvent<'_>);
} }

emits! { Account {
    /// A row of `trading_pnl`, scope `account`, or `strategy` for an account of a strategy.
    emit_pnl(Pnl);
    /// A row of `trading_cashflows`. Emit it before the equity that it changed.
    emit_cashflow(Cashflow<'_>);
    /// A row of `account_state`.
    emit_account(AccountState<'_>);
    /// A row of `trading_risk` that you computed; turns the worker's derivation off.
    emit_risk(Risk<'_>);
    /// A row of `trading_errors`.
    emit_error(ErrorEvent<'_>);
    /// A row of `system_health`.
    emit_health(Health<'_>);
} }

emits! { Strategy {
    /// A row of `trading_pnl`, scope `strategy`.
    emit_pnl(Pnl);
    /// A row of `trading_risk` that you computed; turns the worker's derivation off.
    emit_risk(Risk<'_>);
    /// A row of `trading_errors`.
    emit_error(ErrorEvent<'_>);
    /// A row of `system_health`.
    emit_health(Health<'_>);
} }

emits! { Series {
    /// A row of `system_health`.
    emit_health(Health<'_>);
    /// A row of `trading_errors`.
    emit_error(ErrorEvent<'_>);
    /// A row of `ops_events`.
    emit_ops(OpsEvent<'_>);
    /// A row of `alert_history`.
    emit_alert(AlertRecord<'_>);
} }

/// Equity of a strategy or account, and the moment that it was true at.
#[derive(Debug, Clone, Copy)]
pub struct Equity {
    row: Risk<'static>,
}

impl Equity {
    /// Mark to market after fees and funding, in base currency, now.
    #[inline(always)]
    #[must_use]
    pub fn new(equity: f64) -> Self {
        Self { row: Risk::derived(equity) }
    }

    /// When it was true at the source.
    #[inline(always)]
    #[must_use]
    pub fn at(self, ts: impl Into<crate::Timestamp>) -> Self {
        Self { row: self.row.at(ts) }
    }
}

macro_rules! equity {
    ($($handle:ident),+) => {$(
        impl $handle {
            /// A row of `trading_risk` from equity alone: the worker adds peak, drawdown, day and
            /// exposure from what it knows of cash flows and positions.
            #[inline(always)]
            pub fn emit_equity(&self, equity: Equity) {
                self.emitter.push(&equity.row);
            }
        }
    )+};
}

equity!(Strategy, Account);
