//! A session: a strategy trades recorded bars at the paper venue, and everything is recorded.

mod snapshot;
mod tell;

use std::collections::BTreeMap;

use crate::books::{CheckError, FlowKind};
use crate::data::Bars;
use crate::money::{Amount, Decimal, MoneyError, pow10};
use crate::order::OrderState;
use crate::record::{Labels, OrderEvent, Record, TradingState};
use crate::replay::ReplayClock;
use crate::strategy::{Command, Trend, TrendConfig, View};
use crate::venue::{Action, PlaceError, Venue, VenueConfig, VenueError};

/// What a session is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionConfig {
    /// The venue and its script.
    pub venue: VenueConfig,
    /// The strategy's settings.
    pub trend: TrendConfig,
    /// The trading process. Default `paper`.
    pub trader_id: String,
    /// The strategy's name; it begins the ids of its orders. Default `trend-001`.
    pub strategy_id: String,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            venue: VenueConfig::default(),
            trend: TrendConfig::default(),
            trader_id: "paper".to_owned(),
            strategy_id: "trend-001".to_owned(),
        }
    }
}

impl SessionConfig {
    /// Fits the shipped sample: 10,000,000 to begin with, a share of the volume small enough that
    /// orders fill in parts, and a script with rejections, a withdrawal of 20 %, a broken line
    /// and a deposit.
    pub fn sample() -> Self {
        let mut config = Self::default();
        config.venue.deposit = Decimal::of(10_000_000, 0);
        config.venue.participation_ppb = 1_500;
        config.venue = config
            .venue
            .with_action(110, Action::Reject(2, "scripted by the sample".to_owned()))
            .with_action(300, Action::WithdrawShare(200_000))
            .with_action(420, Action::Disconnect(3))
            .with_action(600, Action::Deposit(Decimal::of(1_000_000, 0)));
        config
    }

    /// Replaces the venue's configuration.
    #[must_use]
    pub fn with_venue(mut self, venue: VenueConfig) -> Self {
        self.venue = venue;
        self
    }

    /// Replaces the strategy's settings.
    #[must_use]
    pub fn with_trend(mut self, trend: TrendConfig) -> Self {
        self.trend = trend;
        self
    }
}

/// Why a session cannot begin or go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The venue cannot be built, or went wrong.
    #[error("the paper venue cannot go on")]
    Venue {
        /// Why.
        source: VenueError,
    },
    /// A sum does not fit.
    #[error("the session's sums do not fit")]
    Money {
        /// Why.
        source: MoneyError,
    },
    /// The books do not agree.
    #[error("the books do not agree")]
    Books {
        /// Which sum.
        source: CheckError,
    },
}

/// What one bar brought.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepSummary {
    /// Index of the bar, from 0.
    pub bar_index: usize,
    /// How many bars there are.
    pub bars_len: usize,
    /// The bar's end on the replay clock, UTC nanoseconds.
    pub ts_ns: i64,
    /// The bar's own date, for people.
    pub date: String,
    /// The bar's close.
    pub close_px: Decimal,
    /// Equity over all currencies, in the quote currency.
    pub equity: f64,
    /// How far below its peak, as a ratio; positive = loss.
    pub drawdown_ratio: f64,
    /// Signed position.
    pub position_qty: Decimal,
    /// Orders that work.
    pub open_orders: usize,
    /// Fills of this bar.
    pub fills: u64,
    /// Whether the line to the venue is up.
    pub connected: bool,
}

/// What the session has done so far.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Bars that have passed.
    pub bars: usize,
    /// Equity over all currencies, in the quote currency.
    pub equity: f64,
    /// Highest equity, scaled by deposits and withdrawals.
    pub peak_equity: f64,
    /// Present drawdown as a ratio.
    pub drawdown_ratio: f64,
    /// Largest drawdown as a ratio.
    pub drawdown_ratio_max: f64,
    /// Transitions of orders by word: `submitted`, `filled`, `rejected`, …
    pub orders: BTreeMap<&'static str, u64>,
    /// Number of fills.
    pub fills: u64,
    /// Balance by currency.
    pub balances: BTreeMap<String, Decimal>,
    /// Fees by currency; positive = cost.
    pub commissions: BTreeMap<String, Decimal>,
    /// Price gains of what was closed, in the quote currency.
    pub realized_pnl: Decimal,
    /// Open gain at the last close, in the quote currency.
    pub unrealized_pnl: Decimal,
    /// Funding; positive = received.
    pub funding: Decimal,
    /// Signed position.
    pub position_qty: Decimal,
}

/// What the session remembers of a request.
#[derive(Clone, Debug)]
struct Sent {
    ref_px: Decimal,
    sent_ns: i64,
    cancel_ns: Option<i64>,
    modify_ns: Option<i64>,
    filled: bool,
}

/// A strategy, a venue and bars.
#[derive(Debug)]
pub struct Session {
    labels: Labels,
    venue: Venue,
    bars: Bars,
    clock: ReplayClock,
    trend: Trend,
    index: usize,
    trading_state: TradingState,
    sent: BTreeMap<String, Sent>,
    /// Orders without an answer, and when they were sent.
    unanswered: Vec<OrderState>,
    ended: Vec<OrderState>,
    counts: BTreeMap<&'static str, u64>,
    fills: u64,
    commission_base: Amount,
    /// Deposits and withdrawals that the peak does not know yet, in the quote currency.
    new_flow: f64,
    net_cashflow: f64,
    peak: f64,
    day_start: f64,
    day: i64,
    drawdown: f64,
    drawdown_max: f64,
    equity: f64,
    told_position: i128,
    reconnects: u64,
    last_message_ns: Option<i64>,
}

impl Session {
    /// Begins a session over some bars. The venue's scales are fitted to them.
    ///
    /// # Errors
    ///
    /// [`SessionError::Venue`] if the configuration does not suit.
    pub fn new(
        config: SessionConfig,
        bars: Bars,
        clock: ReplayClock,
    ) -> Result<Self, SessionError> {
        let venue_config = config.venue.for_bars(&bars);
        let labels = Labels {
            trader_id: config.trader_id,
            account_id: venue_config.account_id.clone(),
            strategy_id: config.strategy_id.clone(),
            instrument_id: venue_config.instrument_id.clone(),
            venue: venue_config.venue.clone(),
            currency: venue_config.quote.clone(),
        };
        let venue =
            Venue::new(venue_config, bars.px_scale(), bars.volume_scale(), clock.start_ns())
                .map_err(|source| SessionError::Venue { source })?;
        Ok(Self {
            trend: Trend::new(&config.strategy_id, config.trend),
            labels,
            venue,
            bars,
            clock,
            index: 0,
            trading_state: TradingState::Active,
            sent: BTreeMap::new(),
            unanswered: Vec::new(),
            ended: Vec::new(),
            counts: BTreeMap::new(),
            fills: 0,
            commission_base: Amount::ZERO,
            new_flow: 0.0,
            net_cashflow: 0.0,
            peak: 0.0,
            day_start: 0.0,
            day: i64::MIN,
            drawdown: 0.0,
            drawdown_max: 0.0,
            equity: 0.0,
            told_position: 0,
            reconnects: 0,
            last_message_ns: None,
        })
    }

    /// Lets one bar pass; `None` when there is none left.
    ///
    /// # Errors
    ///
    /// [`SessionError`] if a sum does not fit; the session must then not be used further.
    pub fn step(&mut self, record: &mut dyn Record) -> Result<Option<StepSummary>, SessionError> {
        let Some(bar) = self.bars.get(self.index).copied() else { return Ok(None) };
        let ts_ns = self.clock.ts_ns(self.index);
        let fills_before = self.fills;
        self.venue.advance(&bar, ts_ns).map_err(|source| SessionError::Venue { source })?;
        self.tell_events(record)?;
        for command in self.decide(bar.close_minor)? {
            self.carry_out(command, ts_ns, record);
            self.tell_events(record)?;
        }
        self.tell_state(ts_ns, record)?;
        let summary = StepSummary {
            bar_index: self.index,
            bars_len: self.bars.len(),
            ts_ns,
            date: self.bars.date(self.index).unwrap_or_default(),
            close_px: self.bars.px(bar.close_minor),
            equity: self.equity,
            drawdown_ratio: self.drawdown,
            position_qty: self.position_qty(),
            open_orders: self.venue.open_orders().count(),
            fills: self.fills - fills_before,
            connected: self.venue.is_connected(),
        };
        self.index += 1;
        Ok(Some(summary))
    }

    /// Lets the session only make positions smaller from now on.
    pub fn halt(&mut self) {
        self.trading_state = TradingState::Reducing;
    }

    /// Lets the session trade again.
    pub fn resume(&mut self) {
        self.trading_state = TradingState::Active;
    }

    /// Returns the labels of all its rows.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Returns the venue, for its books and orders.
    pub fn venue(&self) -> &Venue {
        &self.venue
    }

    /// Returns what the session has done so far, and proves that the books agree.
    ///
    /// # Errors
    ///
    /// [`SessionError::Books`] if they do not, [`SessionError::Money`] if a sum does not fit.
    pub fn summary(&self) -> Result<Summary, SessionError> {
        let books = self.venue.books();
        books.check().map_err(|source| SessionError::Books { source })?;
        let quote = self.venue.instrument().quote();
        let own = books.balance(quote.code());
        let flow = |kind| own.map_or(Amount::ZERO, |balance| balance.flow(kind));
        let fee = |amount: Amount| Amount { minor: amount.minor.saturating_neg() };
        Ok(Summary {
            bars: self.index,
            equity: self.equity,
            peak_equity: self.peak,
            drawdown_ratio: self.drawdown,
            drawdown_ratio_max: self.drawdown_max,
            orders: self.counts.clone(),
            fills: self.fills,
            balances: books
                .balances()
                .map(|b| (b.currency.code().to_owned(), b.currency.decimal(b.total)))
                .collect(),
            commissions: books
                .balances()
                .map(|b| {
                    let paid = fee(b.flow(FlowKind::Commission));
                    (b.currency.code().to_owned(), b.currency.decimal(paid))
                })
                .collect(),
            realized_pnl: quote.decimal(flow(FlowKind::Realized)),
            unrealized_pnl: quote.decimal(self.unrealized()?),
            funding: quote.decimal(flow(FlowKind::Funding)),
            position_qty: self.position_qty(),
        })
    }

    fn position_qty(&self) -> Decimal {
        let minor = self.venue.position().map_or(0, |position| position.qty_minor);
        self.venue.instrument().qty(minor)
    }

    fn unrealized(&self) -> Result<Amount, SessionError> {
        let mark = self.venue.mark_px().map(Decimal::mantissa);
        match (self.venue.position(), mark) {
            (Some(position), Some(mark)) => {
                position.unrealized(mark).map_err(|source| SessionError::Money { source })
            }
            _ => Ok(Amount::ZERO),
        }
    }

    /// Equity over all currencies, in minor units of the quote currency.
    fn equity_base(&self) -> Result<Amount, SessionError> {
        let money = |source| SessionError::Money { source };
        let mut sum = self.venue.quote_equity().map_err(money)?;
        let quote = self.venue.instrument().quote();
        for balance in self.venue.books().balances() {
            if balance.currency.code() != quote.code() {
                let value = balance.currency.decimal(balance.total);
                let worth = self.to_base(value, balance.currency.code()).map_err(money)?;
                sum = sum.plus(worth.unwrap_or_default()).map_err(money)?;
            }
        }
        Ok(sum)
    }

    /// A value in the quote currency, rounded toward zero; `None` if no rate is known.
    fn to_base(&self, value: Decimal, code: &str) -> Result<Option<Amount>, MoneyError> {
        let overflow = || MoneyError::Overflow { what: "a conversion" };
        let quote = self.venue.instrument().quote();
        let Some(px) = self.venue.quote_px(code) else { return Ok(None) };
        let px_minor = px.rescale(quote.scale()).map_err(|_| overflow())?;
        let product = value.mantissa().checked_mul(px_minor).ok_or_else(overflow)?;
        let minor = product / pow10(value.scale()).ok_or_else(overflow)?;
        Ok(Some(Amount { minor }))
    }

    fn decide(&mut self, close_minor: i128) -> Result<Vec<Command>, SessionError> {
        let open: Vec<OrderState> = self.venue.open_orders().cloned().collect();
        let ended = std::mem::take(&mut self.ended);
        let equity_minor =
            self.venue.quote_equity().map_err(|source| SessionError::Money { source })?.minor;
        let instrument = self.venue.instrument();
        Ok(self.trend.on_bar(&View {
            close_minor,
            px_scale: instrument.px_scale(),
            qty_scale: instrument.qty_scale(),
            equity_minor,
            quote_scale: instrument.quote().scale(),
            position_minor: self.venue.position().map_or(0, |position| position.qty_minor),
            open: &open,
            ended: &ended,
        }))
    }

    fn carry_out(&mut self, command: Command, ts_ns: i64, record: &mut dyn Record) {
        let (id, outcome) = match command {
            Command::Place(order) => {
                let order = order.with_sender(&self.labels.strategy_id);
                if self.trading_state != TradingState::Active && !order.reduce_only {
                    self.tell_denied(&order, ts_ns, record);
                    return;
                }
                let ref_px = self.venue.mark_px().unwrap_or(Decimal::ZERO);
                let sent = Sent {
                    ref_px,
                    sent_ns: ts_ns,
                    cancel_ns: None,
                    modify_ns: None,
                    filled: false,
                };
                self.sent.insert(order.client_order_id.clone(), sent);
                self.tell_submitted(&order, ts_ns, record);
                let outcome = self.venue.place(&order, ts_ns).map(|_| ());
                if outcome.is_err() {
                    self.unanswered.push(tell::unanswered(&order, ts_ns));
                }
                (order.client_order_id, outcome)
            }
            Command::Cancel(id) => {
                self.tell_pending(&id, OrderEvent::PendingCancel, ts_ns, record);
                let outcome = self.venue.cancel(&id, ts_ns);
                (id, outcome)
            }
            Command::Modify(id, change) => {
                self.tell_pending(&id, OrderEvent::PendingUpdate, ts_ns, record);
                let outcome = self.venue.modify(&id, &change, ts_ns);
                (id, outcome)
            }
        };
        if let Err(error) = outcome {
            self.tell_failed(&id, &error, ts_ns, record);
            if error != PlaceError::Disconnected {
                // An order that was refused before it was taken is not waited for.
                self.give_up(&id, &error.to_string(), ts_ns, record);
            }
        }
    }
}
