//! Our own JSON, for any server: its fields are a contract, told apart by `version`.

use serde_json::{Value, json};

use crate::notification::{Item, Notification, headline, moment, plain_text};

/// Version of the body.
const VERSION: u32 = 1;

/// The body: what a program needs, and the text that a person reads.
pub(crate) fn body(notification: &Notification) -> Value {
    json!({
        "version": VERSION,
        "id": notification.id,
        "receiver": notification.receiver,
        "group": notification.group,
        "group_labels": notification.group_labels,
        "kind": notification.kind,
        "status": if notification.is_over() { "resolved" } else { "firing" },
        "severity": notification.severity().as_str(),
        "created_at": moment::rfc3339(notification.created_at),
        "headline": headline(notification),
        "text": plain_text(notification),
        "note": notification.note,
        "alerts": notification.items.iter().map(item).collect::<Vec<_>>(),
    })
}

fn item(item: &Item) -> Value {
    let alert = &item.alert;
    let at = |moment: Option<std::time::SystemTime>| moment.map(self::moment::rfc3339);
    json!({
        "alert_id": alert.alert_id,
        "rule": alert.rule,
        "severity": alert.severity.as_str(),
        "state": alert.to.as_str(),
        "news": item.news,
        "labels": alert.labels,
        "unit": alert.text.unit.as_str(),
        "value": alert.value,
        "threshold": alert.threshold,
        "peak_value": item.peak_value.or(alert.peak_value),
        "flaps": item.flaps,
        "active_at": at(alert.active_at),
        "fired_at": at(item.first_fired_at.or(alert.fired_at)),
        "resolved_at": at((!item.is_open()).then_some(alert.row_at)),
        "row_at": at(Some(alert.row_at)),
        "noticed_at": at(Some(alert.wall_at)),
        "muted": item.muted,
        "acked_by": item.acked_by,
        "title": alert.text.title,
        "meaning": alert.text.meaning,
        "action": alert.text.action,
        "runbook": alert.text.runbook,
    })
}

#[cfg(feature = "http")]
pub(crate) use sending::Plain;

#[cfg(feature = "http")]
mod sending {
    use plimsoll_redact::Secret;

    use super::body;
    use crate::http::{Method, Request};
    use crate::notification::Notification;
    use crate::notify::{Notify, NotifyError, Receipt};
    use crate::secret::SecretRef;
    use crate::webhook::Web;

    /// Any server that takes our JSON by POST.
    #[derive(Debug)]
    pub(crate) struct Plain {
        pub(crate) web: Web,
        pub(crate) url: SecretRef,
        pub(crate) bearer: Option<SecretRef>,
    }

    impl Notify for Plain {
        fn notify(&mut self, notification: &Notification) -> Result<Receipt, NotifyError> {
            let url = self.web.secret(&self.url)?;
            let mut request = Request::json(Method::Post, url, &body(notification))
                .with_header("idempotency-key", Secret::new(notification.id.as_str()));
            if let Some(bearer) = &self.bearer {
                let token = self.web.secret(bearer)?;
                let value = Secret::new(format!("Bearer {}", token.expose()));
                request = request.with_header("authorization", value);
            }
            self.web.ask(request).map(|_| Receipt::default())
        }

        fn warm_up(&mut self) {
            self.web.http.warm_up();
        }

        fn address(&mut self) -> Option<u32> {
            self.web.address(&[Some(&self.url), self.bearer.as_ref()])
        }
    }
}
