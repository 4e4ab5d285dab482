//! Standard error: there when nothing else is.

use std::io::Write as _;

use crate::notification::{Notification, plain_text};
use crate::notify::{Notify, NotifyError, Receipt};

/// Writes messages to standard error, as text.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Stderr {}

impl Stderr {
    /// Standard error of this process.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }
}

impl Notify for Stderr {
    fn notify(&mut self, notification: &Notification) -> Result<Receipt, NotifyError> {
        let text = plain_text(notification);
        let mut lines = text.lines();
        let mut shown = format!("plimsoll: {}\n", lines.next().unwrap_or_default());
        lines.for_each(|line| shown.push_str(&format!("    {line}\n")));
        let written = std::io::stderr().lock().write_all(shown.as_bytes());
        written.map(|()| Receipt::default()).map_err(|error| NotifyError::Unreachable {
            receiver: notification.receiver.clone(),
            detail: error.to_string(),
        })
    }
}
