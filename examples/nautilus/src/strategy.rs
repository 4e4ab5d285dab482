//! A moving-average cross with a resting take-profit: enough to see taker and maker fills, and
//! cancels. It knows nothing of metrics.

use std::collections::VecDeque;

use nautilus_common::actor::DataActor;
use nautilus_model::{
    data::{Bar, BarType},
    enums::OrderSide,
    identifiers::{InstrumentId, StrategyId},
    types::{Price, Quantity},
};
use nautilus_trading::{
    nautilus_strategy,
    strategy::{Strategy, StrategyConfig, StrategyCore},
};

const FAST: usize = 8;
const SLOW: usize = 24;
const SIZE: f64 = 0.5;
/// Distance of the take-profit from the close, ratio.
const TAKE_PROFIT_RATIO: f64 = 0.025;

/// Long above, short below; half of a position is taken off at the take-profit.
#[derive(Debug)]
pub struct AverageCross {
    core: StrategyCore,
    bar_type: BarType,
    closes: VecDeque<f64>,
    was_above: Option<bool>,
}

nautilus_strategy!(AverageCross);

impl AverageCross {
    /// Trades the instrument of `bar_type`.
    pub fn new(bar_type: BarType) -> Self {
        let config = StrategyConfig {
            strategy_id: Some(StrategyId::from("CROSS-001")),
            order_id_tag: Some("001".to_owned()),
            ..StrategyConfig::default()
        };
        let closes = VecDeque::with_capacity(SLOW);
        Self { core: StrategyCore::new(config), bar_type, closes, was_above: None }
    }

    fn mean(&self, of: usize) -> f64 {
        self.closes.iter().rev().take(of).sum::<f64>() / of as f64
    }

    fn net_qty(&self, id: InstrumentId) -> f64 {
        let cache = self.cache();
        cache.positions_open(None, Some(&id), None, None, None).iter().map(|p| p.signed_qty).sum()
    }

    fn turn(&mut self, side: OrderSide, close: f64) -> anyhow::Result<()> {
        let id = self.bar_type.instrument_id();
        self.cancel_all_orders(id, None, None, None)?;
        let sign = if side == OrderSide::Buy { 1.0 } else { -1.0 };
        let qty = (sign * SIZE - self.net_qty(id)).abs();
        let factory = self.core.order_factory();
        let entry = factory.market(
            id,
            side,
            Quantity::new(qty, 3),
            None,
            None,
            None,
            None,
            None,
            None,
            None,
        );
        self.submit_order(entry, None, None, None)?;
        let px = close * (1.0 + sign * TAKE_PROFIT_RATIO);
        self.take_profit(if sign > 0.0 { OrderSide::Sell } else { OrderSide::Buy }, px)
    }

    fn take_profit(&mut self, side: OrderSide, px: f64) -> anyhow::Result<()> {
        let id = self.bar_type.instrument_id();
        let post_only = Some(true);
        let factory = self.core.order_factory();
        let order = factory.limit(
            id,
            side,
            Quantity::new(SIZE / 2.0, 3),
            Price::new(px, 2),
            None,
            None,
            post_only,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
        );
        self.submit_order(order, None, None, None)
    }
}

impl DataActor for AverageCross {
    fn on_start(&mut self) -> anyhow::Result<()> {
        self.subscribe_bars(self.bar_type, None, None);
        Ok(())
    }

    fn on_bar(&mut self, bar: &Bar) -> anyhow::Result<()> {
        let close = bar.close.as_f64();
        if self.closes.len() == SLOW {
            self.closes.pop_front();
        }
        self.closes.push_back(close);
        if self.closes.len() < SLOW {
            return Ok(());
        }
        let is_above = self.mean(FAST) > self.mean(SLOW);
        let is_cross = self.was_above.is_some_and(|was| was != is_above);
        self.was_above = Some(is_above);
        if is_cross {
            self.turn(if is_above { OrderSide::Buy } else { OrderSide::Sell }, close)?;
        }
        Ok(())
    }
}
