#![doc = include_str!("../README.md")]

mod catalogue;
mod engine;
mod rule;
mod state;
mod window;

#[cfg(feature = "outbox")]
mod config;
#[cfg(feature = "outbox")]
mod deadman;
#[cfg(feature = "outbox")]
mod delivery;
#[cfg(feature = "http")]
mod discord;
#[cfg(feature = "outbox")]
mod group;
#[cfg(feature = "outbox")]
mod history;
#[cfg(any(feature = "http", feature = "sentry"))]
mod http;
#[cfg(feature = "outbox")]
mod monitor;
#[cfg(feature = "outbox")]
mod notification;
#[cfg(feature = "outbox")]
mod notify;
#[cfg(feature = "outbox")]
mod outbox;
#[cfg(feature = "outbox")]
mod receiver;
#[cfg(feature = "outbox")]
mod route;
#[cfg(any(feature = "outbox", feature = "sentry"))]
mod secret;
#[cfg(feature = "sentry")]
mod sentry;
#[cfg(feature = "outbox")]
mod silence;
#[cfg(feature = "outbox")]
mod webhook;

pub use catalogue::*;
pub use engine::*;
pub use rule::*;
pub use state::*;

pub use window::{Counting, Edge};

#[cfg(any(feature = "outbox", feature = "sentry"))]
pub use secret::{SecretError, SecretRef, Secrets};
#[cfg(feature = "sentry")]
pub use sentry::*;
#[cfg(feature = "outbox")]
pub use {
    config::AlertsConfig,
    deadman::DeadmanConfig,
    delivery::*,
    group::*,
    history::{History, HistoryKind, HistoryRow},
    monitor::*,
    notification::{Earlier, Item, Kind, News, Notification, headline, plain_text},
    notify::{Notify, NotifyError, Receipt},
    outbox::{OutboxError, control::AskError},
    receiver::{CommandInput, CommandReceiver, ReceiverConfig, ReceiverError, Stderr, receiver},
    route::{Inhibit, Route, Step, Then, Urgent, parse_span},
    silence::{SILENCE_MAX, Silence, SilenceError},
};
#[cfg(feature = "http")]
pub use {
    deadman::{SelfCheck, SignsError, SignsOfLife, Watch, WatchNews, Watched, fetch_sign},
    discord::is_discord_webhook,
};
