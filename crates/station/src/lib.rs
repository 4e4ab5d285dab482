#![doc = include_str!("../README.md")]

mod alarms;
mod behind;
mod config;
mod counts;
mod follow;
mod http;
mod ingest;
mod line;
mod memory;
mod options;
mod page;
mod serve;
mod station;
mod store;
mod tcp;
mod tls;
mod tokens;

pub use alarms::{Alarm, AlarmLevel, Alarms, Operate, OperateError, Watching, Wish};
pub use behind::Address;
pub use config::{Config, ConfigProblem};
pub use follow::Follow;
pub use options::{StationOptions, TlsFiles};
pub use station::{Ended, Joined, Load, StartError, Station};
pub use tls::TlsError;
pub use tokens::{Scope, Tokens, TokensError};
