//! Deploys and rollbacks: plans behind a journal, undone by themselves when a step fails.
//!
//! Stateless services start beside the old ones and are switched over. What two could not share
//! is stopped before its successor starts. A strategy never runs twice: its lease is fenced, it
//! is stopped, what the account holds is read until it stands still, the new one starts unarmed,
//! is compared, started once more, and only then armed.

mod config;
mod containers;
mod downtime;
mod execute;
mod health;
mod history;
mod holdings;
mod processes;
mod release;
mod request;
mod runners;
mod steps;
mod units;

pub use config::{
    Config, ConfigProblem, Container, Environment, Health, Kind, Migrate, Service, Unit,
};
pub use containers::Containers;
pub use downtime::{Downtime, DowntimeError, Unwatched};
pub use execute::{Executor, Protect};
pub use health::HealthError;
pub use history::{Deployed, HistoryError, history, newest_healthy};
pub use processes::{Processes, RunServices, ServiceError};
pub use release::{Launch, Release, ReleaseError, Releases};
pub use request::{Request, Subject};
pub use runners::Runners;
pub use steps::{Action, plan};
pub use units::Units;
