#![doc = include_str!("../README.md")]

mod config;
mod counts;
mod follow;
mod http;
mod ingest;
mod line;
mod memory;
mod options;
mod serve;
mod station;
mod store;
mod tls;
mod tokens;

pub use config::{Config, ConfigProblem};
pub use follow::Follow;
pub use options::{StationOptions, TlsFiles};
pub use station::{Ended, StartError, Station};
pub use tls::TlsError;
pub use tokens::{Scope, Tokens, TokensError};
