//! A project's address (DSN): where envelopes go and with which key.

use sentry_core::types::Dsn;

/// The parts that are used.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) dsn: Dsn,
    /// Where envelopes are posted.
    pub(super) url: String,
    /// Value of `x-sentry-auth`.
    pub(super) auth: String,
}

/// Reads one. `None`: it is none.
pub(super) fn parse(text: &str) -> Option<Address> {
    let dsn: Dsn = text.trim().parse().ok()?;
    let url = dsn.envelope_api_url().to_string();
    let auth = dsn.to_auth(Some(super::send::AGENT)).to_string();
    Some(Address { dsn, url, auth })
}
