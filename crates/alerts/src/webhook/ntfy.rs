//! ntfy: a message to a topic, published as JSON.

use plimsoll_redact::Secret;
use serde_json::{Value, json};

use super::Web;
use crate::Severity;
use crate::http::{Method, Request};
use crate::notification::{Kind, Notification, cut_bytes, headline, plain_text};
use crate::notify::{Notify, NotifyError, Receipt};
use crate::secret::SecretRef;

const URL: &str = "https://ntfy.sh";

/// Longest message, in bytes; ntfy makes an attachment of a longer one.
const MESSAGE_BYTES_MAX: usize = 4096;

/// Longest title, in bytes.
const TITLE_BYTES_MAX: usize = 250;

/// A topic.
#[derive(Debug)]
pub(crate) struct Ntfy {
    pub(crate) web: Web,
    pub(crate) topic: SecretRef,
    pub(crate) url: Option<String>,
    pub(crate) token: Option<SecretRef>,
}

impl Notify for Ntfy {
    fn notify(&mut self, notification: &Notification) -> Result<Receipt, NotifyError> {
        let topic = self.web.secret(&self.topic)?;
        let url = Secret::new(self.url.as_deref().unwrap_or(URL));
        let mut request = Request::json(Method::Post, url, &body(notification, topic.expose()));
        if let Some(token) = &self.token {
            let token = self.web.secret(token)?;
            let value = Secret::new(format!("Bearer {}", token.expose()));
            request = request.with_header("authorization", value);
        }
        let reply = self.web.ask(request)?;
        let id = reply.json().and_then(|said| Some(said.get("id")?.as_str()?.to_owned()));
        Ok(id.map_or_else(Receipt::default, Receipt::of_message))
    }

    fn warm_up(&mut self) {
        self.web.http.warm_up();
    }

    fn address(&mut self) -> Option<u32> {
        self.web.address(&[Some(&self.topic), self.token.as_ref()])
    }
}

pub(crate) fn body(notification: &Notification, topic: &str) -> Value {
    let text = plain_text(notification);
    let (_, rest) = text.split_once('\n').unwrap_or((text.as_str(), ""));
    let runbook = notification.items.iter().map(|item| item.alert.text.runbook.as_str());
    let runbook = runbook.into_iter().find(|url| url.starts_with("https://"));
    json!({
        "topic": topic,
        "title": cut_bytes(&headline(notification), TITLE_BYTES_MAX),
        "message": cut_bytes(rest, MESSAGE_BYTES_MAX),
        "priority": priority(notification),
        "tags": [notification.severity().as_str()],
        "click": runbook.unwrap_or_default(),
    })
}

/// From 1, silent, to 5, which sounds through "do not disturb".
fn priority(notification: &Notification) -> u8 {
    let is_calm = notification.is_over() || notification.kind == Kind::Acknowledged;
    match notification.severity() {
        _ if is_calm => 2,
        Severity::Critical => 5,
        Severity::Warning => 3,
        _ => 2,
    }
}
