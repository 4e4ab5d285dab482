//! The way out: what a receiver is asked, and what it can answer.

use std::time::Duration;

use crate::notification::Notification;

/// Port: somebody who can be told. Blocking, with a bound of its own; called on a thread of its own, one
/// notification at a time.
pub trait Notify: Send {
    /// Tells it. When this returns `Ok`, the receiver has said that it has the message.
    ///
    /// A notification may come twice, after a crash or a lost answer; its id is the same then.
    ///
    /// # Errors
    ///
    /// [`NotifyError`] says whether a later try can help.
    fn notify(&mut self, notification: &Notification) -> Result<Receipt, NotifyError>;

    /// Called once on the receiver's thread, before the first message: what can be made ready is.
    fn warm_up(&mut self) {}

    /// A number that changes when the receiver's address does: one that said that it is gone is asked again
    /// only then. Default: none, so it is never asked again until the next start.
    fn address(&mut self) -> Option<u32> {
        None
    }
}

/// A receiver has the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The receiver's own id of the message.
    pub message_id: Option<String>,
    /// It wants no other message before this has passed.
    pub pause: Duration,
}

impl Receipt {
    /// Received, under this id.
    #[must_use]
    pub fn of_message(message_id: impl Into<String>) -> Self {
        Self { message_id: Some(message_id.into()), pause: Duration::ZERO }
    }

    /// With a wish for quiet.
    #[must_use]
    pub fn with_pause(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }
}

/// Why a receiver was not told. Names the receiver, never its address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotifyError {
    /// It asks for time.
    #[error("receiver `{receiver}` asks to wait {} ms", retry_after.as_millis())]
    RateLimited {
        /// Name of the receiver.
        receiver: String,
        /// How long.
        retry_after: Duration,
        /// Whether all receivers of the same service should wait.
        is_global: bool,
    },
    /// It cannot be reached, or has a fault that may pass.
    #[error("receiver `{receiver}` cannot be reached: {detail}")]
    Unreachable {
        /// Name of the receiver.
        receiver: String,
        /// What happened.
        detail: String,
    },
    /// It will never take this message. Others it may take.
    #[error("receiver `{receiver}` refused the message: {detail}")]
    Refused {
        /// Name of the receiver.
        receiver: String,
        /// What it said.
        detail: String,
    },
    /// It is not there any more, and asking again does harm.
    #[error("receiver `{receiver}` is gone: {detail}")]
    Gone {
        /// Name of the receiver.
        receiver: String,
        /// What it said.
        detail: String,
    },
}

impl NotifyError {
    /// Whether the same notification may be taken later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unreachable { .. })
    }
}
