//! Slack: an incoming webhook.

use serde_json::{Value, json};

use super::Web;
use crate::http::{Method, Reply, Request};
use crate::notification::{Notification, cut, headline, plain_text};
use crate::notify::{Notify, NotifyError, Receipt};
use crate::secret::SecretRef;

/// Longest text of a section and of a header, by Slack's description.
const SECTION_MAX: usize = 3000;
const HEADER_MAX: usize = 150;

/// A channel at Slack.
#[derive(Debug)]
pub(crate) struct Slack {
    pub(crate) web: Web,
    pub(crate) url: SecretRef,
}

impl Notify for Slack {
    fn notify(&mut self, notification: &Notification) -> Result<Receipt, NotifyError> {
        let url = self.web.secret(&self.url)?;
        let reply = self.web.send(Request::json(Method::Post, url, &body(notification)))?;
        self.judge(&reply)
    }

    fn warm_up(&mut self) {
        self.web.http.warm_up();
    }

    fn address(&mut self) -> Option<u32> {
        self.web.address(&[Some(&self.url)])
    }
}

impl Slack {
    fn judge(&self, reply: &Reply) -> Result<Receipt, NotifyError> {
        match reply.status {
            // A body that Slack cannot read says so with 400; a team or channel that is gone with these.
            403 | 404 | 410 => {
                let (receiver, detail) = (self.web.name.clone(), self.web.show(reply));
                Err(NotifyError::Gone { receiver, detail })
            }
            _ if reply.is_success() => Ok(Receipt::default()),
            _ => Err(self.web.judge(reply)),
        }
    }
}

pub(crate) fn body(notification: &Notification) -> Value {
    let text = plain_text(notification);
    let (_, rest) = text.split_once('\n').unwrap_or((text.as_str(), ""));
    json!({
        "text": escaped(&headline(notification)),
        "blocks": [
            {"type": "header", "text": {
                "type": "plain_text",
                "text": cut(&headline(notification), HEADER_MAX),
                "emoji": false,
            }},
            {"type": "section", "text": {
                "type": "plain_text",
                "text": cut(if rest.is_empty() { "-" } else { rest }, SECTION_MAX),
                "emoji": false,
            }},
        ],
        "unfurl_links": false,
    })
}

/// Text that calls nobody: Slack reads `<!channel>` in it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
