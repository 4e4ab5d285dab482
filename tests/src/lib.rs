//! Stand-ins, a flaky proxy and filters that the tests of several crates share.
//!
//! - [`FlakyProxy`] stands between a client and a real server on loopback and loses replies, cuts, hangs or refuses.
//! - [`ScriptedHttp`] is a server that answers from a script and keeps every request it got.
//! - `ClaudeApi`, behind the feature `claude`, answers the calls of a coding client from a script.
//! - `DiscordStandIn`, with the feature `discord`, takes webhook messages, checks every body, and fails on demand.
//! - `GitHubStandIn`, with the feature `github`, keeps pull requests and their comments.
//! - `SentryStandIn`, with the feature `sentry`, takes envelopes and keeps alert rules as Sentry's workflow API does.
//! - [`masked`] takes times, ports, digests and a directory out of text before it is compared.
//! - [`free_port`] asks the kernel for a port that nothing listens on.
//!
//! Plain threads and `std` only: a crate that takes this as a dev-dependency compiles nothing else for it.
//!
//! **Limits:** HTTP/1.1 without TLS and without upgrades. Everything binds 127.0.0.1. Every wait ends after
//! [`WAIT_MAX`], at most [`CONNECTIONS_MAX`] connections are served at once, a message has at most
//! [`MESSAGE_BYTES_MAX`] bytes.

#[cfg(feature = "claude")]
mod claude_api;
#[cfg(feature = "discord")]
mod discord;
mod filters;
mod flaky_proxy;
#[cfg(feature = "github")]
mod github;
mod listening;
mod message;
mod port;
mod scripted_http;
#[cfg(feature = "sentry")]
mod sentry;

#[cfg(feature = "claude")]
pub use claude_api::{
    ClaudeApi, Exchange, ModelCall, ModelReply, ModelUsage, ToolUse, Turn, stream_events,
};
#[cfg(feature = "discord")]
pub use discord::{DiscordFault, DiscordMessage, DiscordStandIn};
pub use filters::masked;
pub use flaky_proxy::{Fault, FlakyProxy, ProxyCounts};
#[cfg(feature = "github")]
pub use github::GitHubStandIn;
pub use listening::{CONNECTIONS_MAX, WAIT_MAX};
pub use message::MESSAGE_BYTES_MAX;
pub use port::free_port;
pub use scripted_http::{Reply, Request, ScriptedHttp};
#[cfg(feature = "sentry")]
pub use sentry::SentryStandIn;
