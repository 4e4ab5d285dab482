//! What became of everything, at the end.

/// What was delivered and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Messages delivered since the start.
    pub delivered: u64,
    /// Messages given up since the start; they are kept as dead letters.
    pub dead: u64,
    /// Alerts refused because too many waited.
    pub refused: u64,
    /// Messages that wait in the outbox for the next start.
    pub undelivered: Vec<Undelivered>,
    /// Why the outbox could not be written, if so: then what waits may be lost.
    pub outbox_error: Option<String>,
}

/// A message that waits in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Undelivered {
    /// Its id.
    pub id: String,
    /// Who should have it.
    pub receiver: String,
    /// Its first line.
    pub headline: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// Why delivery did not end as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloseError {
    /// Some messages were not delivered in time. They wait in the outbox.
    #[error("{} messages were not delivered in time; they wait in the outbox", report.undelivered.len())]
    Undelivered {
        /// What was delivered and what was not.
        report: Report,
    },
    /// The delivery thread has ended before. What was on disk is there.
    #[error("the delivery thread had ended already")]
    Died,
}
