//! Reads what a store remembers, for a producer whose spool does not: by the kind of store.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use crate::{
    options::{Options, RiskBaseline, Store},
    risk::Beginning,
    shared::Shared,
};

/// Looks of the shipper between two questions: a second or so.
const LOOKS_BETWEEN: u32 = 50;

/// Rows of a table that are read while the pipeline opens; a longer table is read beside.
#[cfg(feature = "sqlite")]
const ROWS_AT_OPEN: u32 = 100_000;

/// Asks the store; an error says why it cannot tell. May block within the store's own bounds.
pub(crate) type Ask = Box<dyn FnMut() -> Result<Beginning, String> + Send>;

/// What is known at once, and whom to ask for the rest.
pub(crate) fn of(options: &Options, is_own_sink: bool) -> (Beginning, Option<Ask>) {
    if options.risk_baseline == RiskBaseline::Fresh || options.mode.is_replay() {
        return (Beginning::nothing(), None);
    }
    if is_own_sink {
        return (Beginning::Unknown, None);
    }
    match &options.store {
        Store::SpoolOnly => (Beginning::Unknown, None),
        #[cfg(feature = "sqlite")]
        Store::Sqlite(path) => {
            let (path, whose) = (path.clone(), Whose::of(options));
            let at_once = sqlite::read(&path, &whose, Some(ROWS_AT_OPEN));
            match at_once {
                Ok(Some(beginning)) => (beginning, None),
                // Too long to wait for, or locked.
                _ => {
                    let unread = "the store has no end".to_owned();
                    let ask = move || sqlite::read(&path, &whose, None)?.ok_or(unread.clone());
                    (Beginning::Unknown, Some(Box::new(ask)))
                }
            }
        }
        #[cfg(feature = "ilp")]
        Store::Http(url) => {
            let (url, whose) = (url.clone(), Whose::of(options));
            (Beginning::Unknown, Some(Box::new(move || questdb::read(&url, &whose))))
        }
        #[allow(unreachable_patterns, reason = "a store whose feature is off")]
        _ => (Beginning::Unknown, None),
    }
}

/// From the shipper, who asks, to the drainer, who derives.
#[derive(Debug, Default)]
pub(crate) struct Handover {
    is_wanted: AtomicBool,
    is_found: AtomicBool,
    found: Mutex<Option<Beginning>>,
}

impl Handover {
    /// Whether the drainer has rows that wait for it.
    pub(crate) fn want(&self, is_wanted: bool) {
        self.is_wanted.store(is_wanted, Relaxed);
    }

    fn give(&self, beginning: Beginning) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(beginning);
        self.is_found.store(true, Relaxed);
    }

    /// What was found since the last call.
    pub(crate) fn take(&self) -> Option<Beginning> {
        if !self.is_found.swap(false, Relaxed) {
            return None;
        }
        self.found.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A question to the store, asked until it is answered.
pub(crate) struct Asker {
    ask: Ask,
    shared: Arc<Shared>,
    looks: u32,
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asker").field("looks", &self.looks).finish_non_exhaustive()
    }
}

impl Asker {
    pub(crate) fn new(ask: Ask, shared: Arc<Shared>) -> Self {
        Self { ask, shared, looks: 0 }
    }

    /// One look at whether the answer is wanted; true when it was given.
    pub(crate) fn ask_if_wanted(&mut self) -> bool {
        if !self.shared.past.is_wanted.load(Relaxed) {
            return false;
        }
        let is_due = self.looks.is_multiple_of(LOOKS_BETWEEN);
        self.looks = self.looks.wrapping_add(1);
        if !is_due {
            return false;
        }
        match (self.ask)() {
            Ok(beginning) => {
                self.shared.past.give(beginning);
                true
            }
            Err(reason) => {
                warn_unknown(self.looks == 1, &reason);
                false
            }
        }
    }
}

/// Said once.
fn warn_unknown(is_first: bool, reason: &str) {
    #[cfg(feature = "tracing")]
    if is_first {
        tracing::warn!(
            reason,
            "peaks are unknown until the store was read: no drawdown until then"
        );
    }
    #[cfg(not(feature = "tracing"))]
    let _: (bool, &str) = (is_first, reason);
}

/// Whose rows: a store holds those of many.
#[cfg(any(feature = "sqlite", feature = "ilp"))]
struct Whose {
    env: String,
    mode: &'static str,
    prefix: String,
    session_offset_ns: i64,
    #[cfg(feature = "ilp")]
    ca_file: Option<std::path::PathBuf>,
}

#[cfg(any(feature = "sqlite", feature = "ilp"))]
impl Whose {
    fn of(options: &Options) -> Self {
        Self {
            env: options.env.clone(),
            mode: crate::row::Code::as_str(options.mode),
            prefix: options.table_prefix.clone(),
            session_offset_ns: i64::try_from(options.session_start.as_nanos()).unwrap_or(0),
            #[cfg(feature = "ilp")]
            ca_file: options.ca_file.clone(),
        }
    }
}

#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "ilp")]
mod questdb;
