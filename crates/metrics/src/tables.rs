//! Every built-in table as a typed row. One file per subject; this one lists them.

mod account;
mod agents;
mod alerts;
mod errors;
mod fills;
mod labels;
mod latency;
mod operations;
mod orders;
mod pnl;
mod positions;
mod risk;
mod rollups;

pub use account::{AccountState, Cashflow};
pub use agents::{AgentSpawn, ClaudeSession, ClaudeTdd, ClaudeToolCall, RalphIteration};
pub use alerts::AlertRecord;
pub use errors::ErrorEvent;
pub use fills::Fill;
pub use labels::{
    AlertRecordKind, AlertRecordState, AlertSeverity, CashflowKind, Channel, ErrorSeverity,
    HealthStatus, LatencyClock, LatencyStage, Liquidity, OpsKind, OrderEvent, OrderStatus,
    OrderType, PositionEvent, PositionSide, RefKind, RejectClass, RunState, SessionState, Side,
    Source, TimeInForce, TradingState,
};
pub use latency::OrderLatency;
pub use operations::{Health, OpsEvent, ProducerRun};
pub use orders::Order;
pub use pnl::Pnl;
pub use positions::PositionChange;
pub use risk::Risk;
pub use rollups::{OrderLatency1m, Pnl1m, Risk1m};

use crate::{own, row::Table, schema::Schema};

/// Every built-in table, by number.
pub fn built_in() -> impl Iterator<Item = (u8, &'static Schema)> {
    fn entry<T: Table>() -> (u8, &'static Schema) {
        (T::table_id().number, T::SCHEMA)
    }
    [
        entry::<Pnl>(),
        entry::<Order<'_>>(),
        entry::<Fill<'_>>(),
        entry::<Cashflow<'_>>(),
        entry::<AccountState<'_>>(),
        entry::<OrderLatency<'_>>(),
        entry::<PositionChange<'_>>(),
        entry::<ErrorEvent<'_>>(),
        entry::<Risk<'_>>(),
        entry::<Health<'_>>(),
        entry::<ProducerRun<'_>>(),
        entry::<AlertRecord<'_>>(),
        entry::<OpsEvent<'_>>(),
        entry::<RalphIteration<'_>>(),
        entry::<AgentSpawn<'_>>(),
        entry::<ClaudeSession<'_>>(),
        entry::<ClaudeToolCall<'_>>(),
        entry::<ClaudeTdd<'_>>(),
        entry::<Pnl1m>(),
        entry::<Risk1m>(),
        entry::<OrderLatency1m>(),
    ]
    .into_iter()
}

/// The table with this number in this process, built in or of a team's own.
pub(crate) fn by_number(number: u8) -> Option<&'static Schema> {
    if number >= own::FIRST {
        return own::registered(number);
    }
    built_in().find(|(n, _)| *n == number).map(|(_, schema)| schema)
}
