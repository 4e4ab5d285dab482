//! Listens on NautilusTrader's message bus and emits rows. It stands beside the strategies: none
//! of them is changed to be recorded.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    time::Duration,
};

use anyhow::Context as _;
use nautilus_backtest::engine::BacktestEngine;
use nautilus_common::{
    cache::Cache,
    msgbus::{self, TypedHandler},
};
use nautilus_model::{
    data::Bar,
    events::{AccountState, OrderEventAny, OrderFilled, PositionEvent},
    identifiers::{AccountId, InstrumentId, StrategyId},
    instruments::Instrument as _,
    types::Currency,
};
use nautilus_portfolio::portfolio::Portfolio;
use plimsoll_metrics::{Account, Counts, Instrument, LabelError, Metrics};

use crate::rows;

type Key = (StrategyId, AccountId, InstrumentId);

/// Emits a row for each event of a backtest.
pub struct Recorder {
    /// Taken out by `close`; the bus keeps the recorder itself for as long as the thread lives.
    metrics: RefCell<Option<Metrics>>,
    cache: Rc<RefCell<Cache>>,
    portfolio: Rc<RefCell<Portfolio>>,
    currency: Currency,
    instruments: RefCell<HashMap<Key, Instrument>>,
    accounts: RefCell<HashMap<AccountId, Account>>,
    unmapped: Cell<u64>,
}

impl Recorder {
    /// Subscribes to the order, position, account and bar topics of `engine`. Equity is recorded
    /// in `currency`.
    pub fn attach(engine: &BacktestEngine, metrics: Metrics, currency: Currency) -> Rc<Self> {
        let recorder = Rc::new(Self {
            metrics: RefCell::new(Some(metrics)),
            cache: engine.kernel().cache(),
            portfolio: Rc::clone(&engine.kernel().portfolio),
            currency,
            instruments: RefCell::default(),
            accounts: RefCell::default(),
            unmapped: Cell::new(0),
        });
        recorder.subscribe();
        recorder
    }

    /// Events that should have become a row and did not. Anything but 0 is a finding.
    pub fn unmapped(&self) -> u64 {
        self.unmapped.get()
    }

    /// Waits until every row is in the store, at most `timeout`.
    ///
    /// # Errors
    ///
    /// If rows are not in the store in time (they stay in the spool), or at a second call.
    pub fn close(&self, timeout: Duration) -> anyhow::Result<Counts> {
        let metrics = self.metrics.borrow_mut().take().context("the recorder is closed already")?;
        Ok(metrics.close(timeout)?)
    }

    fn subscribe(self: &Rc<Self>) {
        let this = Rc::clone(self);
        let orders = TypedHandler::from_with_id("plimsoll-orders", move |event: &OrderEventAny| {
            this.count(this.on_order(event));
        });
        msgbus::subscribe_order_events("events.order.*".into(), orders, None);

        let this = Rc::clone(self);
        let positions =
            TypedHandler::from_with_id("plimsoll-positions", move |event: &PositionEvent| {
                this.count(this.on_position(event));
            });
        msgbus::subscribe_position_events("events.position.*".into(), positions, None);

        let this = Rc::clone(self);
        let accounts = TypedHandler::from_with_id("plimsoll-accounts", move |e: &AccountState| {
            this.count(this.on_account(e));
        });
        msgbus::subscribe_account_state("events.account.*".into(), accounts, None);

        let this = Rc::clone(self);
        let bars = TypedHandler::from_with_id("plimsoll-bars", move |bar: &Bar| {
            this.count(this.on_bar(bar));
        });
        msgbus::subscribe_bars("data.bars.*".into(), bars, None);
    }

    fn count(&self, outcome: Option<()>) {
        if outcome.is_none() {
            self.unmapped.set(self.unmapped.get().saturating_add(1));
        }
    }

    fn on_order(&self, event: &OrderEventAny) -> Option<()> {
        if let OrderEventAny::Initialized(_)
        | OrderEventAny::Emulated(_)
        | OrderEventAny::Released(_) = event
        {
            return Some(());
        }
        let cache = self.cache.try_borrow().ok()?;
        let instrument_id = event.instrument_id();
        // A denied order never had an account: it belongs to the venue's.
        let account_id =
            event.account_id().or_else(|| cache.account_id(&instrument_id.venue).copied())?;
        let strategy_id = event.clone().into_boxed().strategy_id();
        let handle = self.instrument((strategy_id, account_id, instrument_id), &cache)?;
        if let OrderEventAny::Filled(fill) = event {
            emit_fill(&handle, fill, &cache)?;
        }
        handle.emit_order(rows::order(event, &*cache.order(&event.client_order_id())?)?);
        Some(())
    }

    fn on_position(&self, event: &PositionEvent) -> Option<()> {
        let (strategy_id, position_id) = match event {
            PositionEvent::PositionOpened(e) => (e.strategy_id, e.position_id),
            PositionEvent::PositionChanged(e) => (e.strategy_id, e.position_id),
            PositionEvent::PositionClosed(e) => (e.strategy_id, e.position_id),
            PositionEvent::PositionAdjusted(_) => return None,
        };
        let cache = self.cache.try_borrow().ok()?;
        let key = (strategy_id, event.account_id(), event.instrument_id());
        let position = cache.position(&position_id)?;
        self.instrument(key, &cache)?
            .emit_position_change(rows::position_change(event, &position)?);
        Some(())
    }

    fn on_account(&self, event: &AccountState) -> Option<()> {
        let account = self.account(event.account_id)?;
        for balance in &event.balances {
            let ts = event.ts_event.as_u64();
            account.emit_account(rows::account_state(balance, &event.margins, ts));
        }
        Some(())
    }

    fn on_bar(&self, bar: &Bar) -> Option<()> {
        let venue = bar.bar_type.instrument_id().venue;
        let account_id = self.cache.try_borrow().ok()?.account_id(&venue).copied()?;
        let amounts = self.portfolio.try_borrow_mut().ok()?.equity(&venue, None);
        let equity = rows::equity(amounts.iter(), self.currency, bar.ts_event.as_u64())?;
        self.account(account_id)?.emit_equity(equity);
        Some(())
    }

    fn account(&self, id: AccountId) -> Option<Account> {
        let mut accounts = self.accounts.borrow_mut();
        if let Some(account) = accounts.get(&id) {
            return Some(account.clone());
        }
        let account = self.metrics.borrow().as_ref()?.account(id.as_str()).ok()?;
        accounts.insert(id, account.clone());
        Some(account)
    }

    fn instrument(&self, key: Key, cache: &Cache) -> Option<Instrument> {
        let mut instruments = self.instruments.borrow_mut();
        if let Some(instrument) = instruments.get(&key) {
            return Some(instrument.clone());
        }
        let currency = cache.instrument(&key.2).map_or(self.currency, |i| i.settlement_currency());
        let instrument = intern(self.metrics.borrow().as_ref()?, key, currency).ok()?;
        instruments.insert(key, instrument.clone());
        Some(instrument)
    }
}

fn intern(metrics: &Metrics, key: Key, currency: Currency) -> Result<Instrument, LabelError> {
    let (strategy_id, account_id, instrument_id) = key;
    metrics.strategy(strategy_id.as_str())?.account(account_id.as_str())?.instrument(
        &instrument_id.to_string(),
        instrument_id.venue.as_str(),
        currency.code.as_str(),
    )
}

fn emit_fill(handle: &Instrument, fill: &OrderFilled, cache: &Cache) -> Option<()> {
    let notional = cache
        .instrument(&fill.instrument_id)
        .map(|i| i.calculate_notional_value(fill.last_qty, fill.last_px, None));
    handle.emit_fill(rows::fill(fill, notional)?);
    Some(())
}
