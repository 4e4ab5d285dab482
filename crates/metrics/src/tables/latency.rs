//! `order_latency`.

use std::time::Duration;

use crate::{
    row::row,
    schema::{Key, Ttl},
    tables::labels::{LatencyClock, LatencyStage, OrderType},
    value::{Id, Millis},
};

row! {
    /// One stage of one order, so that an order that was never answered is in the percentiles too,
    /// as [`LatencyStage::Timeout`].
    OrderLatency<'a> = 5, "order_latency", since 1;
    Day, Ttl::Days(30), Low, Key::Emission;
    series ["trader_id", "account_id", "strategy_id", "instrument_id", "venue"]
    codes {
        /// Type of the order.
        order_type: OrderType,
        /// Which stage.
        stage: LatencyStage,
        /// Whose clocks.
        clock: LatencyClock,
    }
    values {
        /// Id that the strategy gave.
        client_order_id: Id<'a>;
        /// The time that the stage took, ms.
        latency_ms: Millis;
    }
}

impl<'a> OrderLatency<'a> {
    /// Both ends on this process's monotonic clock.
    #[inline(always)]
    pub fn new(client_order_id: &'a str, stage: LatencyStage, latency: Duration) -> Self {
        Self::empty()
            .client_order_id(client_order_id)
            .stage(stage)
            .clock(LatencyClock::Mono)
            .latency_ms(latency)
    }
}
