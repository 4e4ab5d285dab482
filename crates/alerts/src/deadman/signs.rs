//! Checks everything, and gives a sign of life if all is well.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{DeadmanConfig, beacon::Beacon};
use crate::http::{Http, Request};
use crate::secret::Secrets;

/// Longest time for a ping.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Port: whether everything that should run does. Called on a thread of its own, once a period.
pub trait SelfCheck: Send {
    /// Checks it, within a fraction of the period.
    ///
    /// # Errors
    ///
    /// What is not well, in words; then no sign of life is given.
    fn check(&mut self) -> Result<(), String>;
}

impl<F: FnMut() -> Result<(), String> + Send> SelfCheck for F {
    fn check(&mut self) -> Result<(), String> {
        self()
    }
}

/// Why no signs of life can be given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignsError {
    /// The address to listen on cannot be had.
    #[error("cannot listen on `{listen}`")]
    Listen {
        /// The address.
        listen: String,
        /// What the system said.
        source: io::Error,
    },
    /// No thread can be had.
    #[error("cannot start a thread")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
}

/// What the last check said.
#[derive(Debug)]
pub(super) struct Last {
    /// When it ended, and what is not well.
    pub(super) result: Mutex<Option<(Instant, Result<(), String>)>>,
    /// How old it may be.
    pub(super) age_max: Duration,
}

impl Last {
    /// What is not well now: the check failed, or there was none for too long.
    pub(super) fn problem(&self) -> Option<String> {
        let last = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref() {
            None => Some("nothing was checked yet".to_owned()),
            Some((at, _)) if at.elapsed() > self.age_max => {
                Some(format!("nothing was checked for {} s", at.elapsed().as_secs()))
            }
            Some((_, result)) => result.clone().err(),
        }
    }
}

/// Gives signs of life until it is dropped.
#[derive(Debug)]
pub struct SignsOfLife {
    ending: Arc<(Mutex<bool>, Condvar)>,
    last: Arc<Last>,
    pings: Arc<AtomicU64>,
    ping_failures: Arc<AtomicU64>,
    beacon: Option<Beacon>,
    thread: Option<JoinHandle<()>>,
}

struct Loop {
    config: DeadmanConfig,
    secrets: Secrets,
    check: Box<dyn SelfCheck>,
    last: Arc<Last>,
    pings: Arc<AtomicU64>,
    ping_failures: Arc<AtomicU64>,
    ending: Arc<(Mutex<bool>, Condvar)>,
}

impl SignsOfLife {
    /// Checks at once and then every period; pings and answers as configured.
    ///
    /// # Errors
    ///
    /// [`SignsError`]: the address is taken, or no thread can be had.
    pub fn start(
        config: &DeadmanConfig,
        secrets: &Secrets,
        check: impl SelfCheck + 'static,
    ) -> Result<Self, SignsError> {
        let ping = if config.url.is_some() { PING_TIMEOUT } else { Duration::from_secs(1) };
        let age_max = config.every.saturating_mul(2).saturating_add(ping);
        let last = Arc::new(Last { result: Mutex::new(None), age_max });
        let beacon = config.listen.as_deref().map(|listen| Beacon::start(listen, &last));
        let beacon = beacon.transpose()?;
        let (pings, ping_failures) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let ending = Arc::new((Mutex::new(false), Condvar::new()));
        let state = Loop {
            config: config.clone(),
            secrets: secrets.clone(),
            check: Box::new(check),
            last: Arc::clone(&last),
            pings: Arc::clone(&pings),
            ping_failures: Arc::clone(&ping_failures),
            ending: Arc::clone(&ending),
        };
        let thread = std::thread::Builder::new()
            .name("plimsoll-alive".to_owned())
            .spawn(move || state.run())
            .map_err(|source| SignsError::Thread { source })?;
        Ok(Self { ending, last, pings, ping_failures, beacon, thread: Some(thread) })
    }

    /// What is not well; nothing if all is.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.last.problem()
    }

    /// Pings that the outside watcher took, and that it did not.
    #[must_use]
    pub fn pings(&self) -> (u64, u64) {
        (self.pings.load(Relaxed), self.ping_failures.load(Relaxed))
    }

    /// Where `plimsoll watch` may ask, if anywhere.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        self.beacon.as_ref().map(Beacon::url)
    }
}

impl Drop for SignsOfLife {
    fn drop(&mut self) {
        *self.ending.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ending.1.notify_all();
        self.beacon = None;
        if let Some(thread) = self.thread.take() {
            // A check that panicked has said so on standard error.
            let _panicked = thread.join();
        }
    }
}

impl Loop {
    fn run(mut self) {
        let http = Http::new(PING_TIMEOUT);
        loop {
            let result = self.check.check();
            if result.is_ok() {
                self.ping(&http);
            }
            let mut last = self.last.result.lock().unwrap_or_else(PoisonError::into_inner);
            *last = Some((now(), result));
            drop(last);
            let (ending, wake) = &*self.ending;
            let ending = ending.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = wake.wait_timeout_while(ending, self.config.every, |ending| !*ending);
            if *waited.unwrap_or_else(PoisonError::into_inner).0 {
                return;
            }
        }
    }

    fn ping(&self, http: &Http) {
        let Some(url) = &self.config.url else { return };
        let pinged = self
            .secrets
            .read(url)
            .is_ok_and(|url| http.send(Request::get(url)).is_ok_and(|reply| reply.is_success()));
        let count = if pinged { &self.pings } else { &self.ping_failures };
        count.fetch_add(1, Relaxed);
    }
}

#[allow(clippy::disallowed_methods, reason = "the edge at which the age of a check is measured")]
pub(super) fn now() -> Instant {
    Instant::now()
}
