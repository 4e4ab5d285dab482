//! Discord, by a channel's webhook: messages with embeds, brought up to date in place.

mod body;
mod reply;

use plimsoll_redact::Secret;
use serde_json::Value;

use crate::http::{Method, Request};
use crate::notification::{Earlier, Item, Kind, Notification, alert_key};
use crate::notify::{Notify, NotifyError, Receipt};
use crate::secret::SecretRef;
use crate::webhook::Web;

use reply::Answer;

/// A channel on Discord.
#[derive(Debug)]
pub(crate) struct Discord {
    pub(crate) web: Web,
    pub(crate) url: SecretRef,
    pub(crate) username: String,
    pub(crate) mention_roles: Vec<String>,
}

/// The parts of a webhook's address.
struct Webhook {
    /// Without a query.
    base: String,
    /// The thread that it posts into, as a part of a query.
    thread: String,
}

impl Notify for Discord {
    fn notify(&mut self, notification: &Notification) -> Result<Receipt, NotifyError> {
        let url = self.web.secret(&self.url)?;
        let webhook = Webhook::parse(url.expose()).ok_or_else(|| NotifyError::Refused {
            receiver: self.web.name.clone(),
            detail: format!("`{}` is no address of a Discord webhook", self.url),
        })?;
        let mut receipt = None;
        let mut is_missing = false;
        for earlier in notification.earlier.iter().filter(|e| is_touched(e, notification)) {
            match self.edit(&webhook, notification, earlier)? {
                Answer::Taken(taken) => receipt = Some(taken),
                Answer::NoMessage => is_missing = true,
            }
        }
        match receipt {
            Some(receipt) if is_told_by_edit(notification) && !is_missing => Ok(receipt),
            _ => self.post(&webhook, notification),
        }
    }

    fn warm_up(&mut self) {
        self.web.http.warm_up();
    }

    fn address(&mut self) -> Option<u32> {
        self.web.address(&[Some(&self.url)])
    }
}

impl Discord {
    fn post(&self, webhook: &Webhook, of: &Notification) -> Result<Receipt, NotifyError> {
        let url = format!("{}?wait=true{}", webhook.base, webhook.thread);
        let rich = body::message(of, &of.items, &self.username, &self.mention_roles);
        match self.send(Method::Post, &url, &rich) {
            // Better a plain line than a message that is lost whole for one wrong field.
            Err(NotifyError::Refused { .. }) => {
                let plain = body::plain(of, &self.mention_roles);
                self.send(Method::Post, &url, &plain).map(Answer::receipt)
            }
            answer => answer.map(Answer::receipt),
        }
    }

    fn edit(
        &self,
        webhook: &Webhook,
        of: &Notification,
        earlier: &Earlier,
    ) -> Result<Answer, NotifyError> {
        let Webhook { base, thread } = webhook;
        let query = thread.strip_prefix('&').map(|t| format!("?{t}")).unwrap_or_default();
        let url = format!("{base}/messages/{}{query}", earlier.message_id);
        let mut body = body::message(of, &earlier.items, "", &[]);
        // A message keeps the name that it was posted under.
        body.as_object_mut().map(|body| body.remove("username"));
        match self.send(Method::Patch, &url, &body) {
            Err(NotifyError::Refused { .. }) => Ok(Answer::NoMessage),
            answer => answer,
        }
    }

    fn send(&self, method: Method, url: &str, body: &Value) -> Result<Answer, NotifyError> {
        let reply = self.web.send(Request::json(method, Secret::new(url), body))?;
        reply::judge(&self.web, &reply)
    }
}

/// Whether an earlier message is about something that changed.
fn is_touched(earlier: &Earlier, notification: &Notification) -> bool {
    let is_in = |item: &Item| {
        let key = alert_key(&item.alert);
        notification.items.iter().any(|new| alert_key(&new.alert) == key)
    };
    earlier.items.iter().any(is_in)
}

/// Whether bringing earlier messages up to date says everything: nothing new is open.
fn is_told_by_edit(notification: &Notification) -> bool {
    let is_in_earlier = |item: &Item| {
        let key = alert_key(&item.alert);
        let mut items = notification.earlier.iter().flat_map(|earlier| &earlier.items);
        items.any(|old| alert_key(&old.alert) == key)
    };
    match notification.kind {
        Kind::News => notification.is_over() && notification.items.iter().all(is_in_earlier),
        Kind::Acknowledged => notification.items.iter().all(is_in_earlier),
        _ => false,
    }
}

impl Webhook {
    fn parse(url: &str) -> Option<Self> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let base = base.trim_end_matches('/').to_owned();
        let (_, path) = base.split_once("/webhooks/")?;
        let (id, token) = path.split_once('/')?;
        let is_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
        if !is_id || token.is_empty() || token.contains('/') {
            return None;
        }
        let thread = query.split('&').find(|part| part.starts_with("thread_id="));
        let thread = thread.map(|part| format!("&{part}")).unwrap_or_default();
        Some(Self { base, thread })
    }
}

/// Whether a text looks like the address of a Discord webhook, at Discord or on this machine.
#[must_use]
pub fn is_discord_webhook(url: &str) -> bool {
    const HOSTS: [&str; 4] =
        ["discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"];
    let host = url.strip_prefix("https://").and_then(|rest| rest.split('/').next());
    let is_discord = host.is_some_and(|host| HOSTS.contains(&host));
    let is_here = ["http://127.0.0.1:", "http://localhost:"].iter().any(|h| url.starts_with(h));
    (is_discord || is_here) && Webhook::parse(url).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_webhooks_are_told_from_others() {
        for fine in [
            "https://discord.com/api/webhooks/123/abc-DEF_1",
            "https://discord.com/api/v10/webhooks/123/abc",
            "https://canary.discord.com/api/webhooks/123/abc?thread_id=5",
            "http://127.0.0.1:8080/api/webhooks/123/abc",
        ] {
            assert!(is_discord_webhook(fine), "{fine}");
        }
        for wrong in [
            "https://discord.com.evil.example/api/webhooks/123/abc",
            "https://discord.com/api/webhooks/123",
            "https://discord.com/api/webhooks/x/abc",
            "https://discord.com/channels/1/2",
            "http://discord.com/api/webhooks/123/abc",
            "hunter2",
        ] {
            assert!(!is_discord_webhook(wrong), "{wrong}");
        }
        let webhook = Webhook::parse("https://d/api/webhooks/1/t?x=1&thread_id=5").unwrap();
        assert_eq!(
            (webhook.base.as_str(), webhook.thread.as_str()),
            ("https://d/api/webhooks/1/t", "&thread_id=5")
        );
    }
}
