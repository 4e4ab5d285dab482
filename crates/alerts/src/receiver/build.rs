//! Receivers over HTTP from their configuration.

use std::{sync::Arc, time::Duration};

use super::{ReceiverConfig, Stderr};
use crate::discord::Discord;
use crate::http::Http;
use crate::notify::Notify;
use crate::secret::Secrets;
use crate::webhook::{Ntfy, PagerDuty, Plain, Slack, Telegram, Web};

/// Longest time for one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn over_http(name: &str, config: &ReceiverConfig, secrets: &Secrets) -> Box<dyn Notify> {
    let http = Arc::new(Http::new(REQUEST_TIMEOUT));
    let web = Web { name: name.to_owned(), secrets: secrets.clone(), http };
    match config.clone() {
        ReceiverConfig::Discord { url, username, mention_roles } => {
            Box::new(Discord { web, url, username, mention_roles })
        }
        ReceiverConfig::Webhook { url, bearer } => Box::new(Plain { web, url, bearer }),
        ReceiverConfig::PagerDuty { key, url } => Box::new(PagerDuty { web, key, url }),
        ReceiverConfig::Telegram { token, chat_id, url } => {
            Box::new(Telegram { web, token, chat_id, url })
        }
        ReceiverConfig::Slack { url } => Box::new(Slack { web, url }),
        ReceiverConfig::Ntfy { topic, url, token } => Box::new(Ntfy { web, topic, url, token }),
        ReceiverConfig::Command { .. } | ReceiverConfig::Stderr {} | ReceiverConfig::Own {} => {
            Box::new(Stderr::new())
        }
    }
}
