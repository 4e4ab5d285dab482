//! Telegram: a bot's message to a chat, as plain text.

use std::time::Duration;

use plimsoll_redact::Secret;
use serde_json::{Value, json};

use super::Web;
use crate::http::{Method, Reply, Request};
use crate::notification::{Kind, Notification, cut, plain_text};
use crate::notify::{Notify, NotifyError, Receipt};
use crate::secret::SecretRef;

const URL: &str = "https://api.telegram.org";

/// Longest text, in UTF-16 units, by Telegram's description.
const TEXT_MAX: usize = 4096;

/// A chat that a bot writes into.
#[derive(Debug)]
pub(crate) struct Telegram {
    pub(crate) web: Web,
    pub(crate) token: SecretRef,
    pub(crate) chat_id: String,
    pub(crate) url: Option<String>,
}

impl Notify for Telegram {
    fn notify(&mut self, notification: &Notification) -> Result<Receipt, NotifyError> {
        let token = self.web.secret(&self.token)?;
        let base = self.url.as_deref().unwrap_or(URL).trim_end_matches('/');
        let url = Secret::new(format!("{base}/bot{}/sendMessage", token.expose()));
        let reply =
            self.web.send(Request::json(Method::Post, url, &body(notification, &self.chat_id)))?;
        self.judge(&reply)
    }

    fn warm_up(&mut self) {
        self.web.http.warm_up();
    }

    fn address(&mut self) -> Option<u32> {
        self.web.address(&[Some(&self.token)])
    }
}

impl Telegram {
    fn judge(&self, reply: &Reply) -> Result<Receipt, NotifyError> {
        let said = reply.json().unwrap_or_default();
        if reply.is_success() {
            let id = said.pointer("/result/message_id").and_then(Value::as_i64);
            return Ok(id.map_or_else(Receipt::default, |id| Receipt::of_message(id.to_string())));
        }
        if reply.status == 429 {
            let secs = said.pointer("/parameters/retry_after").and_then(Value::as_u64);
            let asked = secs.map(Duration::from_secs).or_else(|| reply.retry_after());
            return Err(self.web.rate_limited(asked));
        }
        Err(self.web.judge(reply))
    }
}

pub(crate) fn body(notification: &Notification, chat_id: &str) -> Value {
    let is_quiet = notification.is_over() && notification.kind != Kind::Test;
    json!({
        "chat_id": chat_id,
        "text": cut(&plain_text(notification), TEXT_MAX),
        "link_preview_options": {"is_disabled": true},
        "disable_notification": is_quiet,
    })
}
