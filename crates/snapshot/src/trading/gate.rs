//! What every order of a strategy passes.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{Halt, HaltError, HaltFile, Lease, LeaseError};

/// What an order does to the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// It may make it larger.
    Open,
    /// It can only make it smaller.
    Reduce,
    /// It takes an order back.
    Cancel,
}

/// What to do while it is not known whether trading is halted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnUnknown {
    /// As before; somebody has to be told.
    #[default]
    Continue,
    /// Only orders that make a position smaller.
    ReduceOnly,
}

/// Why an order was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Trading is halted.
    #[error("trading is halted: {reason}")]
    Halted {
        /// Why.
        reason: String,
    },
    /// It is not known whether trading is halted, and for so long only reducing is allowed.
    #[error("it is not known whether trading is halted")]
    Unknown {
        /// Why.
        source: HaltError,
    },
    /// The lease does not hold any more.
    #[error("no order without the lease")]
    Lease {
        /// Why.
        source: LeaseError,
    },
}

/// Lets orders through that may be sent, and no others.
#[derive(Debug)]
pub struct Gate {
    lease: Lease,
    halt: HaltFile,
    on_unknown: OnUnknown,
    grace: Duration,
    /// Since when the latch cannot be read.
    unknown_since: Option<SystemTime>,
}

impl Gate {
    /// A gate for the holder of a lease. While the latch cannot be read, orders pass; after
    /// `grace` `on_unknown` decides.
    #[must_use]
    pub fn new(lease: Lease, halt: HaltFile, on_unknown: OnUnknown, grace: Duration) -> Self {
        Self { lease, halt, on_unknown, grace, unknown_since: None }
    }

    /// The lease.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Since when it is not known whether trading is halted: reason enough to tell somebody.
    #[must_use]
    pub fn unknown_since(&self) -> Option<SystemTime> {
        self.unknown_since
    }

    /// Sends an order, if it may be sent. `send` gets the generation of the lease.
    ///
    /// # Errors
    ///
    /// [`Refused`]; `send` was then not called.
    pub fn order<T>(
        &mut self,
        intent: Intent,
        now: SystemTime,
        send: impl FnOnce(u64) -> T,
    ) -> Result<T, Refused> {
        let Self { lease, halt, on_unknown, grace, unknown_since } = self;
        // The latch is read under the lease's lock: a halt waits for the orders on their way.
        let sent = lease.order(|generation| {
            match halt.read() {
                Ok(state) => {
                    *unknown_since = None;
                    if let (Halt::Latched { first, .. }, false) = (state, intent == Intent::Cancel)
                    {
                        return Err(Refused::Halted { reason: first.reason });
                    }
                }
                Err(source) => {
                    let since = *unknown_since.get_or_insert(now);
                    let is_over = now.duration_since(since).is_ok_and(|span| span >= *grace);
                    let may_open = *on_unknown == OnUnknown::Continue || !is_over;
                    if intent == Intent::Open && !may_open {
                        return Err(Refused::Unknown { source });
                    }
                }
            }
            Ok(send(generation))
        });
        sent.map_err(|source| Refused::Lease { source })?
    }
}
