//! Proofs with a real Claude Code client: from npm, without a network, against a scripted Messages API.
//!
//! The client is proprietary. It is installed beside cargo's output by the proof that runs it, never committed, and
//! only ever runs where there is nothing but loopback, with an environment, home and key of its own.

mod api;
mod bill;
mod client;
mod guard;
mod orphan;
mod project;
mod published;
mod ralph;
mod rounds;
mod sandbox;
mod script;
mod told;
mod versions;

use super::Live;
use crate::steps::Outcome;

/// The stand-in itself: by the published types, and by what each client says it was billed.
pub(super) fn api(live: &Live<'_>) -> anyhow::Result<Outcome> {
    sandbox::run(live, "claude-api", published::check, api::run)
}

/// A loop's own ends.
pub(super) fn rounds(live: &Live<'_>) -> anyhow::Result<Outcome> {
    sandbox::run(live, "claude-rounds", |_| Ok(()), rounds::run)
}

/// A loop whose client is killed.
pub(super) fn orphan(live: &Live<'_>) -> anyhow::Result<Outcome> {
    sandbox::run(live, "claude-orphan", |_| Ok(()), orphan::run)
}

/// A guard over the loops of others.
pub(super) fn guard(live: &Live<'_>) -> anyhow::Result<Outcome> {
    sandbox::run(live, "claude-guard", |_| Ok(()), guard::run)
}

/// Hooks in clients of several versions.
pub(super) fn versions(live: &Live<'_>) -> anyhow::Result<Outcome> {
    sandbox::run(live, "claude-versions", |_| Ok(()), versions::run)
}
