//! A small strategy: long while the short average is above the long one, never levered.
//!
//! It enters with a post-only order at the average of the last closes, takes with a limit order
//! when that was refused or ran out, protects itself with a trailing stop, leaves at the market
//! when the trend ends, and trims what a withdrawal left too large.

use std::collections::VecDeque;

use crate::money::{Decimal, pow10};
use crate::order::{Change, NewOrder, OrderState, OrderStatus, RejectReason, Side};

/// What the trend strategy goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrendConfig {
    /// Bars of the short average. Default 20.
    pub fast_bars: usize,
    /// Bars of the long average. Default 60.
    pub slow_bars: usize,
    /// Share of the equity that is invested, millionths. Default 950,000 (95 %).
    pub invested_ppm: u32,
    /// How far below the price the stop trails, millionths. Default 60,000 (6 %).
    pub stop_ppm: u32,
    /// How far through the price a taking limit reaches, millionths. Default 5,000 (0.5 %).
    pub reach_ppm: u32,
}

impl Default for TrendConfig {
    fn default() -> Self {
        Self {
            fast_bars: 20,
            slow_bars: 60,
            invested_ppm: 950_000,
            stop_ppm: 60_000,
            reach_ppm: 5_000,
        }
    }
}

/// What the strategy sees after a bar.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct View<'a> {
    /// The bar's close, at `px_scale`.
    pub close_minor: i128,
    /// Digits after the point of a price.
    pub px_scale: u8,
    /// Digits after the point of a quantity.
    pub qty_scale: u8,
    /// Equity in the quote currency, at `quote_scale`.
    pub equity_minor: i128,
    /// Digits after the point of the quote currency.
    pub quote_scale: u8,
    /// Signed position, at `qty_scale`.
    pub position_minor: i128,
    /// Orders that work.
    pub open: &'a [OrderState],
    /// Orders that ended since the last bar.
    pub ended: &'a [OrderState],
}

/// What the strategy wants.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Places an order.
    Place(NewOrder),
    /// Cancels an order by the client's id.
    Cancel(String),
    /// Changes an order by the client's id.
    Modify(String, Change),
}

/// The trend strategy.
#[derive(Clone, Debug)]
pub struct Trend {
    config: TrendConfig,
    name: String,
    closes: VecDeque<i128>,
    orders: u64,
    take: bool,
    stopped: bool,
}

const MILLION: i128 = 1_000_000;
/// Bars that a resting entry works before the strategy takes instead.
const ENTRY_BARS: u32 = 3;

impl Trend {
    /// Builds the strategy; its name begins the ids of its orders.
    pub fn new(name: &str, config: TrendConfig) -> Self {
        Self {
            config,
            name: name.to_owned(),
            closes: VecDeque::new(),
            orders: 0,
            take: false,
            stopped: false,
        }
    }

    /// Takes the next bar and says what to do.
    pub fn on_bar(&mut self, view: &View<'_>) -> Vec<Command> {
        self.closes.push_back(view.close_minor);
        if self.closes.len() > self.config.slow_bars {
            self.closes.pop_front();
        }
        self.learn(view.ended);
        if self.closes.len() < self.config.slow_bars {
            return Vec::new();
        }
        let fast = self.average(self.config.fast_bars);
        let slow = self.average(self.config.slow_bars);
        if fast <= slow {
            self.stopped = false;
            self.take = false;
            return self.leave(view);
        }
        let mut commands = Vec::new();
        self.trim(view, &mut commands);
        if commands.is_empty() && !self.stopped {
            self.enter(view, &mut commands);
        }
        self.protect(view, &mut commands);
        commands
    }

    fn learn(&mut self, ended: &[OrderState]) {
        for state in ended {
            let id = &state.order.client_order_id;
            if id.contains("-entry-") && state.status != OrderStatus::Filled {
                let crossed = state.reason == Some(RejectReason::PostOnlyWouldCross);
                self.take = crossed || state.status == OrderStatus::Expired;
            }
            if id.contains("-stop-") && state.cum_qty.mantissa() > 0 {
                self.stopped = true;
            }
        }
    }

    fn average(&self, bars: usize) -> i128 {
        let count = i128::try_from(bars.max(1)).unwrap_or(1);
        let sum =
            self.closes.iter().rev().take(bars).fold(0, |sum: i128, c| sum.saturating_add(*c));
        sum / count
    }

    fn id(&mut self, what: &str) -> String {
        self.orders += 1;
        format!("{}-{what}-{}", self.name, self.orders)
    }

    /// The quantity that the wanted share of the equity buys at the close.
    fn target_minor(&self, view: &View<'_>) -> i128 {
        let invested = view.equity_minor.max(0).saturating_mul(self.config.invested_ppm.into());
        let up = i32::from(view.qty_scale) + i32::from(view.px_scale) - i32::from(view.quote_scale);
        let shift = pow10(u8::try_from(up.unsigned_abs()).unwrap_or(0)).unwrap_or(1);
        let value = invested / MILLION;
        let value = if up >= 0 { value.saturating_mul(shift) } else { value / shift };
        value / view.close_minor.max(1)
    }

    fn enter(&mut self, view: &View<'_>, commands: &mut Vec<Command>) {
        let target = self.target_minor(view);
        let missing = target - view.position_minor;
        let working = view.open.iter().any(|o| o.order.client_order_id.contains("-entry-"));
        if working || missing <= target / 10 {
            return;
        }
        let qty = Decimal::of(missing, view.qty_scale);
        let id = self.id("entry");
        let order = if self.take {
            let reach = view.close_minor.saturating_mul(self.config.reach_ppm.into()) / MILLION;
            let px = Decimal::of(view.close_minor + reach, view.px_scale);
            NewOrder::limit(&id, Side::Buy, qty, px).ioc()
        } else {
            let px = Decimal::of(self.average(5), view.px_scale);
            NewOrder::post_only(&id, Side::Buy, qty, px).expiring_after_bars(ENTRY_BARS)
        };
        commands.push(Command::Place(order));
    }

    /// After a withdrawal or a loss the position may be larger than the equity: sell the excess.
    fn trim(&mut self, view: &View<'_>, commands: &mut Vec<Command>) {
        let target = self.target_minor(view);
        let excess = view.position_minor - target;
        let most = target.saturating_mul(MILLION) / i128::from(self.config.invested_ppm.max(1));
        if excess <= 0 || view.position_minor <= most {
            return;
        }
        for order in view.open.iter().filter(|o| o.order.side == Side::Buy) {
            commands.push(Command::Cancel(order.order.client_order_id.clone()));
        }
        let reach = view.close_minor.saturating_mul(self.config.reach_ppm.into()) / MILLION;
        let px = Decimal::of((view.close_minor - reach).max(1), view.px_scale);
        let qty = Decimal::of(excess, view.qty_scale);
        let order = NewOrder::limit(&self.id("trim"), Side::Sell, qty, px).ioc().reduce_only();
        commands.push(Command::Place(order));
    }

    fn protect(&mut self, view: &View<'_>, commands: &mut Vec<Command>) {
        if view.position_minor <= 0 {
            return;
        }
        let below = view.close_minor.saturating_mul(self.config.stop_ppm.into()) / MILLION;
        let trigger = (view.close_minor - below).max(1);
        let trigger_px = Decimal::of(trigger, view.px_scale);
        let qty = Decimal::of(view.position_minor, view.qty_scale);
        let stop = view.open.iter().find(|o| o.order.client_order_id.contains("-stop-"));
        let Some(stop) = stop else {
            let id = self.id("stop");
            let order = NewOrder::stop_market(&id, Side::Sell, qty, trigger_px).reduce_only();
            commands.push(Command::Place(order));
            return;
        };
        let before = stop.order.trigger_px.unwrap_or(Decimal::ZERO);
        let step = Decimal::of(trigger - trigger / 50, view.px_scale);
        let waiting = stop.status == OrderStatus::Accepted;
        if waiting && (before < step || stop.leaves_qty < qty) {
            let mut change = Change::trigger_px(before.max(trigger_px));
            change.qty = Some(qty);
            commands.push(Command::Modify(stop.order.client_order_id.clone(), change));
        }
    }

    fn leave(&mut self, view: &View<'_>) -> Vec<Command> {
        let mut commands = Vec::new();
        for order in view.open.iter().filter(|o| !o.order.client_order_id.contains("-exit-")) {
            commands.push(Command::Cancel(order.order.client_order_id.clone()));
        }
        let leaving = view.open.iter().any(|o| o.order.client_order_id.contains("-exit-"));
        if view.position_minor > 0 && !leaving {
            let qty = Decimal::of(view.position_minor, view.qty_scale);
            let order = NewOrder::market(&self.id("exit"), Side::Sell, qty).reduce_only();
            commands.push(Command::Place(order));
        }
        commands
    }
}
