#![doc = include_str!("../README.md")]

mod books;
mod config;
mod data;
mod event;
mod money;
mod order;
mod record;
mod replay;
mod rng;
mod run;
#[cfg(feature = "http")]
mod serve;
mod strategy;
mod venue;

pub use books::{
    Balance, Books, BooksError, CheckError, FlowKind, Position, PositionChange, PositionSide, Trade,
};
pub use config::{Config, ConfigProblem};
pub use data::{Bar, Bars, DataError};
pub use event::{CashFlow, Event, EventKind, Fill, Liquidity};
pub use money::{Amount, Currency, Decimal, DecimalError, Instrument, MoneyError};
pub use order::{
    Change, NewOrder, OrderState, OrderStatus, OrderType, RejectReason, Side, TimeInForce,
};
pub use record::{
    AccountState, CashFlowRow, ErrorRow, FillRow, Health, HealthStatus, Labels, LatencyRow,
    LatencyStage, OrderEvent, OrderRow, Pnl, PositionEvent, PositionRow, Record, RefKind, Risk,
    Row, Severity, TradingState,
};
pub use replay::{ReplayClock, ReplayError};
pub use run::{Session, SessionConfig, SessionError, StepSummary, Summary};
#[cfg(feature = "http")]
pub use serve::{
    ApiError, ClientError, ClockReply, OpenReport, Pace, Permit, PlaceReply, RemoteStep,
    RemoteTrader, ServeConfig, ServeError, Server, VenueClient, serve,
};
pub use strategy::{Command, Trend, TrendConfig, View};
pub use venue::{
    Action, FeeCurrency, Funding, LatencyConfig, PlaceError, Placed, Scripted, Venue, VenueConfig,
    VenueError,
};
