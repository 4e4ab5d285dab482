//! Receivers over HTTP other than Discord: what each is sent, and what its answer means.

pub(crate) mod plain;

#[cfg(feature = "http")]
mod ntfy;
#[cfg(feature = "http")]
mod pagerduty;
#[cfg(feature = "http")]
mod slack;
#[cfg(feature = "http")]
mod telegram;
#[cfg(feature = "http")]
mod web;

#[cfg(feature = "http")]
pub(crate) use {
    ntfy::Ntfy, pagerduty::PagerDuty, plain::Plain, slack::Slack, telegram::Telegram, web::Web,
};
