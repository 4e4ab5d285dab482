//! The wish to end: Ctrl-C and SIGTERM set a flag; a second one ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::Failure;

/// Longest pause in which a wish to end is not seen.
const SLICE: Duration = Duration::from_millis(25);

/// Whether somebody wants this process to end.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens for Ctrl-C and SIGTERM from now on.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // Registered first, so that it looks at the flag before the signal sets it.
            signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&flag))?;
            signal_hook::flag::register(signal, Arc::clone(&flag))?;
        }
        Ok(Self(flag))
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Waits; less long if somebody wants the process to end.
    #[allow(clippy::disallowed_methods, reason = "a bounded wait of a command, at the edge")]
    pub(crate) fn pause(&self, span: Duration) {
        let mut left = span;
        while !left.is_zero() && !self.is_wanted() {
            let slice = left.min(SLICE);
            std::thread::sleep(slice);
            left -= slice;
        }
    }
}

/// The wish to read the configuration again: SIGHUP.
#[derive(Debug)]
pub(crate) struct Hangup(Arc<AtomicBool>);

impl Hangup {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let flag = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(SIGHUP, Arc::clone(&flag))?;
        Ok(Self(flag))
    }

    /// Whether it was sent since the last time this was asked.
    pub(crate) fn was_sent(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}
