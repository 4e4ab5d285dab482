//! The paper venue: a pure state machine driven by bars and by the time it is told.

mod account;
mod config;
mod matching;
mod ticket;

use std::collections::{BTreeMap, VecDeque};

pub use config::{Action, FeeCurrency, Funding, LatencyConfig, Scripted, VenueConfig};

use crate::books::{Books, BooksError, FlowKind, Position};
use crate::event::{Event, EventKind, Fill};
use crate::money::{Amount, Currency, Decimal, DecimalError, Instrument, MoneyError};
use crate::order::{
    Change, NewOrder, OrderState, OrderStatus, OrderType, RejectReason, TimeInForce,
};
use crate::replay::MS_NS;
use crate::rng::Rng;

/// Why a venue cannot be built, or went wrong while it ran.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VenueError {
    /// A name or scale does not suit.
    #[error("the venue's currencies or instrument do not suit")]
    Money {
        /// Why.
        source: MoneyError,
    },
    /// An amount of the configuration has too many digits.
    #[error("`{key}` does not suit its currency")]
    Amount {
        /// Which setting.
        key: &'static str,
        /// Why.
        source: DecimalError,
    },
    /// A number of the configuration is outside its range.
    #[error("`{key}` is {found}, wanted {wanted}")]
    Range {
        /// Which setting.
        key: &'static str,
        /// What was found.
        found: String,
        /// What was wanted.
        wanted: &'static str,
    },
    /// The books refused a movement.
    #[error("the books refused a movement")]
    Books {
        /// Why.
        source: BooksError,
    },
}

/// Why an order, cancel or change was not even taken; no event follows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// The line is broken: nobody knows whether the order arrived; here it did not.
    #[error("no answer: the line to the venue is broken")]
    Disconnected,
    /// A field of the order is not usable.
    #[error("`{field}` is {found}, wanted {wanted}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What was found.
        found: String,
        /// What was wanted.
        wanted: String,
    },
    /// The same id was used for a different order.
    #[error("client_order_id `{client_order_id}` was used before for a different order")]
    Conflict {
        /// The id.
        client_order_id: String,
    },
    /// The run has taken as many orders as it may.
    #[error("the venue has taken {max} orders, the most of one run")]
    Full {
        /// The limit.
        max: u32,
    },
    /// A computation does not fit.
    #[error("the order's value does not fit")]
    Money {
        /// Why.
        source: MoneyError,
    },
}

/// What became of a request to place an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The order.
    pub state: OrderState,
    /// Whether it had been placed before by an equal request.
    pub duplicate: bool,
}

/// An order with its numbers at the instrument's scales.
#[derive(Clone, Debug)]
struct Working {
    /// As first asked for: what a retry is compared with.
    asked: NewOrder,
    state: OrderState,
    qty_minor: i128,
    cum_minor: i128,
    px_minor: Option<i128>,
    trigger_minor: Option<i128>,
    cum_notional: Amount,
    bars_seen: u32,
}

/// The paper venue with one account and one instrument.
///
/// Nothing in it reads a clock or draws true random numbers: equal calls give equal events.
#[derive(Clone, Debug)]
pub struct Venue {
    config: VenueConfig,
    instrument: Instrument,
    fee_currency: Option<(Currency, i128)>,
    volume_scale: u8,
    rng: Rng,
    books: Books,
    orders: BTreeMap<String, Working>,
    open: Vec<String>,
    fills: Vec<Fill>,
    senders: BTreeMap<String, u64>,
    mark_minor: Option<i128>,
    now_ns: i64,
    bars_done: u64,
    offline_bars: Option<u32>,
    forced_rejects: VecDeque<String>,
    ids: u64,
    events: Vec<Event>,
}

impl Venue {
    /// Opens a venue at `now_ns` (UTC nanoseconds) whose bars have these scales.
    ///
    /// # Errors
    ///
    /// [`VenueError`] if a name, scale or amount of the configuration does not suit.
    pub fn new(
        config: VenueConfig,
        px_scale: u8,
        volume_scale: u8,
        now_ns: i64,
    ) -> Result<Self, VenueError> {
        let money = |source| VenueError::Money { source };
        account::check(&config)?;
        let quote = Currency::new(&config.quote, config.quote_scale).map_err(money)?;
        let instrument =
            Instrument::new(&config.instrument_id, px_scale, config.qty_scale, quote.clone())
                .map_err(money)?;
        let mut venue = Self {
            rng: Rng::new(config.seed),
            fee_currency: None,
            books: Books::new(),
            orders: BTreeMap::new(),
            open: Vec::new(),
            fills: Vec::new(),
            senders: BTreeMap::new(),
            mark_minor: None,
            now_ns: now_ns - now_ns.rem_euclid(MS_NS),
            bars_done: 0,
            offline_bars: None,
            forced_rejects: VecDeque::new(),
            ids: 0,
            events: Vec::new(),
            volume_scale,
            instrument,
            config,
        };
        venue.begin(&quote)?;
        Ok(venue)
    }

    /// Takes an order. Its acceptance or rejection is in the events.
    ///
    /// A request equal to an earlier one changes nothing and returns the order's present state.
    ///
    /// # Errors
    ///
    /// [`PlaceError`]; nothing was changed.
    pub fn place(&mut self, new: &NewOrder, now_ns: i64) -> Result<Placed, PlaceError> {
        if self.offline_bars.is_some() {
            return Err(PlaceError::Disconnected);
        }
        if let Some(known) = self.orders.get(&new.client_order_id) {
            return known.repeated(new);
        }
        if self.orders.len() >= usize::try_from(self.config.orders_max).unwrap_or(usize::MAX) {
            return Err(PlaceError::Full { max: self.config.orders_max });
        }
        let mut working = self.checked(new)?;
        let reason = self.refusal(&working).map_err(|source| PlaceError::Money { source })?;
        self.tell_time(now_ns);
        if let Some(sender) = &new.sender {
            *self.senders.entry(sender.clone()).or_default() += 1;
        }
        working.state.accepted_ns = self.now_ns;
        let at = self.answer_ns();
        match reason {
            Some(reason) => {
                working.end(OrderStatus::Rejected, Some(reason));
                self.emit(at, EventKind::Rejected { order: working.state.clone() });
            }
            None => {
                working.state.venue_order_id = Some(self.next_id("V"));
                self.open.push(new.client_order_id.clone());
                self.emit(at, EventKind::Accepted { order: working.state.clone() });
            }
        }
        let state = working.state.clone();
        self.orders.insert(new.client_order_id.clone(), working);
        Ok(Placed { state, duplicate: false })
    }

    /// Cancels an open order; the answer is in the events.
    ///
    /// # Errors
    ///
    /// [`PlaceError::Disconnected`] while the line is broken.
    pub fn cancel(&mut self, client_order_id: &str, now_ns: i64) -> Result<(), PlaceError> {
        if self.offline_bars.is_some() {
            return Err(PlaceError::Disconnected);
        }
        self.tell_time(now_ns);
        let at = self.answer_ns();
        let id = client_order_id.to_owned();
        if !self.open.contains(&id) {
            let reason = RejectReason::NotOpen;
            self.emit(at, EventKind::CancelRejected { client_order_id: id, reason });
            return Ok(());
        }
        if let Some(order) = self.finish(&id, OrderStatus::Canceled, RejectReason::Requested) {
            self.emit(at, EventKind::Canceled { order });
        }
        Ok(())
    }

    /// Changes an open order; the answer is in the events.
    ///
    /// # Errors
    ///
    /// [`PlaceError`] while the line is broken, or if a field is not usable.
    pub fn modify(
        &mut self,
        client_order_id: &str,
        change: &Change,
        now_ns: i64,
    ) -> Result<(), PlaceError> {
        if self.offline_bars.is_some() {
            return Err(PlaceError::Disconnected);
        }
        let refused = |reason| EventKind::ModifyRejected {
            client_order_id: client_order_id.to_owned(),
            reason,
        };
        let known = self.orders.get(client_order_id).filter(|w| w.state.status.is_open());
        let Some(known) = known else {
            self.tell_time(now_ns);
            let at = self.answer_ns();
            self.emit(at, refused(RejectReason::NotOpen));
            return Ok(());
        };
        let changed = self.changed(known, change)?;
        let reason = self.refusal(&changed).map_err(|source| PlaceError::Money { source })?;
        self.tell_time(now_ns);
        let at = self.answer_ns();
        if let Some(reason) = reason {
            self.emit(at, refused(reason));
            return Ok(());
        }
        let order = changed.state.clone();
        self.orders.insert(client_order_id.to_owned(), changed);
        self.emit(at, EventKind::Updated { order });
        Ok(())
    }

    /// Takes what happened since the last call, in order of time. Empty while the line is broken.
    pub fn take_events(&mut self) -> Vec<Event> {
        let told = match self.offline_bars {
            // The client notices the break itself; the rest waits for the reconnect.
            Some(_) => {
                let is_break = |event: &Event| matches!(event.kind, EventKind::Disconnected { .. });
                let until = self.events.iter().position(is_break).map_or(0, |at| at + 1);
                self.events.drain(..until).collect::<Vec<_>>()
            }
            None => std::mem::take(&mut self.events),
        };
        let mut told = told;
        told.sort_by_key(|event| event.ts_ns);
        told
    }

    /// Returns an order by the client's id.
    pub fn order(&self, client_order_id: &str) -> Option<&OrderState> {
        self.orders.get(client_order_id).map(|working| &working.state)
    }

    /// Returns the open orders in the order they came.
    pub fn open_orders(&self) -> impl Iterator<Item = &OrderState> {
        self.open.iter().filter_map(|id| self.order(id))
    }

    /// Returns all fills in the order they happened.
    pub fn fills(&self) -> &[Fill] {
        &self.fills
    }

    /// Returns how many orders each named sender has placed, rejected ones included.
    pub fn orders_by_sender(&self) -> &BTreeMap<String, u64> {
        &self.senders
    }

    /// Returns the books.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Returns the instrument.
    pub fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// Returns the configuration.
    pub fn config(&self) -> &VenueConfig {
        &self.config
    }

    /// Returns the position; `None` if nothing was ever traded.
    pub fn position(&self) -> Option<&Position> {
        self.books.position(self.instrument.instrument_id())
    }

    /// Returns the last close; `None` before the first bar.
    pub fn mark_px(&self) -> Option<Decimal> {
        self.mark_minor.map(|minor| self.instrument.px(minor))
    }

    /// Returns how many bars have passed.
    pub fn bars_done(&self) -> u64 {
        self.bars_done
    }

    /// Returns the venue's time, UTC nanoseconds in whole milliseconds.
    pub fn now_ns(&self) -> i64 {
        self.now_ns
    }

    /// Says whether the line is up.
    pub fn is_connected(&self) -> bool {
        self.offline_bars.is_none()
    }

    fn emit(&mut self, ts_ns: i64, kind: EventKind) {
        self.events.push(Event { ts_ns, kind });
    }

    /// The venue's time never goes back, whatever it is told.
    fn tell_time(&mut self, now_ns: i64) {
        self.now_ns = self.now_ns.max(now_ns - now_ns.rem_euclid(MS_NS));
    }

    /// When an answer to a request of now reaches the client.
    fn answer_ns(&mut self) -> i64 {
        let latency = self.config.latency;
        let span = u64::from(latency.ack_max_ms.saturating_sub(latency.ack_min_ms)) + 1;
        let mut ms = u64::from(latency.ack_min_ms) + self.rng.below(span);
        if self.rng.below(50) == 0 {
            ms += self.rng.below(4 * u64::from(latency.ack_max_ms) + 1);
        }
        let ns = i64::try_from(ms).unwrap_or(0).saturating_mul(MS_NS);
        self.now_ns.saturating_add(ns)
    }

    fn next_id(&mut self, kind: &str) -> String {
        self.ids += 1;
        format!("{kind}-{:x}-{}", self.config.seed, self.ids)
    }

    /// Ends an open order and returns its last state.
    fn finish(&mut self, id: &str, status: OrderStatus, why: RejectReason) -> Option<OrderState> {
        self.open.retain(|open| open != id);
        let working = self.orders.get_mut(id)?;
        let reason = (status != OrderStatus::Filled).then_some(why);
        working.end(status, reason);
        Some(working.state.clone())
    }
}

fn books(source: BooksError) -> VenueError {
    VenueError::Books { source }
}

fn movement(kind: FlowKind, amount: Amount) -> Amount {
    match kind {
        FlowKind::Withdrawal => Amount { minor: amount.minor.saturating_neg() },
        _ => amount,
    }
}
