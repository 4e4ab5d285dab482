//! Errors, panics and breadcrumbs of a strategy to Sentry, with everything secret taken out first.

mod address;
mod config;
mod event;
mod frames;
mod limits;
mod scrub;
mod send;
mod setup;

use std::{
    collections::BTreeMap,
    error::Error,
    sync::Arc,
    time::{Duration, SystemTime},
};

use sentry_core::{
    Client, ClientOptions, Hub, Scope,
    protocol::{Breadcrumb, Event, Level},
};

use crate::secret::{SecretError, SecretRef, Secrets};

use send::Sender;

pub use config::{SentryConfig, SentryDiscord};
pub use setup::{SentryApi, SentryApiError, SentryPlan, SentryProject, SentryStep, SentryStepKind};

/// Breadcrumbs that an event has at most.
const BREADCRUMBS_MAX: usize = 100;

/// Where events go and what they say of this process.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SentryOptions {
    /// The project's address.
    pub dsn: SecretRef,
    /// `prod`, `staging`. Default `prod`.
    pub environment: String,
    /// Name and version of the strategy, as `ema@1.4.0`. Default: none.
    pub release: Option<String>,
    /// Name of this machine. Default: none.
    pub server_name: Option<String>,
    /// Events that wait to be sent; a further one is dropped and counted. Default 256.
    pub queue_max: usize,
    /// Longest time for one request. Default 5 s.
    pub timeout: Duration,
    /// References to secrets of this process: their values are taken out wherever they stand.
    pub known: Vec<SecretRef>,
}

/// Why events cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SentryError {
    /// The address, or a secret that is to be taken out, cannot be read.
    #[error("cannot read a secret for Sentry")]
    Secret {
        /// Why.
        source: SecretError,
    },
    /// The address is none.
    #[error("`{reference}` is no address of a Sentry project")]
    Dsn {
        /// The reference to it.
        reference: String,
    },
    /// No thread can be had.
    #[error("cannot start a thread")]
    Thread {
        /// What the system said.
        source: std::io::Error,
    },
}

/// What a strategy is, for its events. The account is never sent: its name is taken out wherever it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TradingContext {
    /// Id of the strategy.
    pub strategy_id: String,
    /// Id of the trader.
    pub trader_id: String,
    /// Id of the instrument.
    pub instrument_id: String,
    /// The venue.
    pub venue: String,
    /// `live`, `paper`, `backtest`.
    pub mode: String,
    /// Names of accounts, to be taken out.
    pub account_ids: Vec<String>,
}

/// What became of the events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentryReport {
    /// Events that Sentry took.
    pub sent: u64,
    /// Events that were dropped because too many waited.
    pub dropped_queue_full: u64,
    /// Events that were dropped because Sentry asked for quiet.
    pub dropped_rate_limited: u64,
    /// Events that Sentry refused, or that could not be sent.
    pub failed: u64,
    /// Events that still wait.
    pub waiting: u64,
}

/// Sends to Sentry until it is closed. Holds no global state: two of them are two.
#[derive(Debug)]
pub struct Sentry {
    hub: Arc<Hub>,
    sender: Arc<Sender>,
}

/// A strategy's way to Sentry, with its own context and breadcrumbs. Cheap to clone; clones share both.
#[derive(Debug, Clone)]
pub struct SentryScope {
    hub: Arc<Hub>,
    sender: Arc<Sender>,
}

impl SentryOptions {
    /// Events go there.
    #[must_use]
    pub fn new(dsn: SecretRef) -> Self {
        Self {
            dsn,
            environment: "prod".to_owned(),
            release: None,
            server_name: None,
            queue_max: 256,
            timeout: Duration::from_secs(5),
            known: Vec::new(),
        }
    }

    /// Sets [`SentryOptions::environment`].
    #[must_use]
    pub fn with_environment(self, environment: impl Into<String>) -> Self {
        Self { environment: environment.into(), ..self }
    }

    /// Sets [`SentryOptions::release`].
    #[must_use]
    pub fn with_release(self, release: impl Into<String>) -> Self {
        Self { release: Some(release.into()), ..self }
    }

    /// Sets [`SentryOptions::server_name`].
    #[must_use]
    pub fn with_server_name(self, name: impl Into<String>) -> Self {
        Self { server_name: Some(name.into()), ..self }
    }

    /// Sets [`SentryOptions::queue_max`].
    #[must_use]
    pub fn with_queue_max(self, queue_max: usize) -> Self {
        Self { queue_max, ..self }
    }

    /// Adds to [`SentryOptions::known`].
    #[must_use]
    pub fn with_known(mut self, secret: SecretRef) -> Self {
        self.known.push(secret);
        self
    }
}

impl TradingContext {
    /// Of a strategy.
    #[must_use]
    pub fn of(strategy_id: impl Into<String>) -> Self {
        Self { strategy_id: strategy_id.into(), ..Self::default() }
    }

    /// At a venue, for an instrument.
    #[must_use]
    pub fn at(self, venue: impl Into<String>, instrument_id: impl Into<String>) -> Self {
        Self { venue: venue.into(), instrument_id: instrument_id.into(), ..self }
    }

    /// In a mode.
    #[must_use]
    pub fn in_mode(self, mode: impl Into<String>) -> Self {
        Self { mode: mode.into(), ..self }
    }

    /// For an account, whose name is taken out of everything that is sent.
    #[must_use]
    pub fn with_account(mut self, account_id: impl Into<String>) -> Self {
        self.account_ids.push(account_id.into());
        self
    }
}

impl Sentry {
    /// Starts the thread that sends. Nothing is sent yet, and an unreachable Sentry is no error.
    ///
    /// # Errors
    ///
    /// [`SentryError`]: the address cannot be read or is none, or no thread can be had.
    pub fn start(options: &SentryOptions, secrets: &Secrets) -> Result<Self, SentryError> {
        let read = |reference: &SecretRef| {
            secrets.read(reference).map_err(|source| SentryError::Secret { source })
        };
        let no_dsn = || SentryError::Dsn { reference: options.dsn.to_string() };
        let dsn = address::parse(read(&options.dsn)?.expose()).ok_or_else(no_dsn)?;
        let known = options.known.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let known: Vec<String> = known.iter().map(|secret| secret.expose().to_owned()).collect();
        let sender =
            Sender::start(&dsn, known, options).map_err(|source| SentryError::Thread { source })?;
        let mut client = ClientOptions::new()
            .dsn(&dsn.dsn.to_string())
            .environment(options.environment.clone())
            .max_breadcrumbs(BREADCRUMBS_MAX)
            .default_integrations(false)
            .transport(Arc::new(send::Handle(Arc::clone(&sender))));
        if let Some(release) = &options.release {
            client = client.release(release.clone());
        }
        if let Some(name) = &options.server_name {
            client = client.server_name(name.clone());
        }
        let client = Arc::new(Client::from(client));
        let hub = Arc::new(Hub::new(Some(client), Arc::new(Scope::default())));
        Ok(Self { hub, sender })
    }

    /// A strategy's own way, with its context in every event.
    #[must_use]
    pub fn strategy(&self, context: &TradingContext) -> SentryScope {
        let hub = Arc::new(Hub::new_from_top(&self.hub));
        for account in &context.account_ids {
            self.sender.know(account);
        }
        hub.configure_scope(|scope| event::describe(scope, context));
        SentryScope { hub, sender: Arc::clone(&self.sender) }
    }

    /// From now on panics of all threads are sent as critical, with the breadcrumbs of `scope`; then the hook
    /// that was there before runs. Waits at most 2 s for the panic to be sent, as the process may end then.
    pub fn catch_panics(&self, scope: &SentryScope) {
        let (scope, before) = (scope.clone(), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |info| {
            let trace = std::backtrace::Backtrace::force_capture().to_string();
            scope.send(event::of_panic(info, &trace));
            scope.sender.flush(Duration::from_secs(2));
            before(info);
        }));
    }

    /// What became of the events so far.
    #[must_use]
    pub fn report(&self) -> SentryReport {
        self.sender.report()
    }

    /// Waits until everything so far was sent or given up. Returns whether it was, within `timeout`.
    #[must_use]
    pub fn flush(&self, timeout: Duration) -> bool {
        self.sender.flush(timeout)
    }

    /// Sends what waits, for at most `timeout`, and ends. The report says what still waited.
    #[must_use]
    pub fn close(self, timeout: Duration) -> SentryReport {
        self.sender.flush(timeout);
        self.sender.end();
        self.sender.report()
    }
}

impl SentryScope {
    /// Remembers what happened, to be sent with the next event. The newest 100 are kept.
    pub fn breadcrumb(&self, category: &str, message: &str, data: &[(&str, &str)]) {
        let data = data.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        self.hub.add_breadcrumb(Breadcrumb {
            timestamp: now(),
            category: Some(category.to_owned()),
            message: Some(message.to_owned()),
            data,
            ..Breadcrumb::default()
        });
    }

    /// Sends an error with its causes. Returns the id of the event.
    pub fn capture_error(&self, error: &(dyn Error + 'static), tags: &[(&str, &str)]) -> String {
        self.send(event::of_error(error, event::Sort::Error, tags))
    }

    /// Sends an error that somebody must act on now: `trading.critical` is `true`.
    pub fn capture_critical(&self, error: &(dyn Error + 'static), tags: &[(&str, &str)]) -> String {
        self.send(event::of_error(error, event::Sort::Critical, tags))
    }

    /// Sends that a connection was lost or refused.
    pub fn capture_connection(
        &self,
        error: &(dyn Error + 'static),
        tags: &[(&str, &str)],
    ) -> String {
        self.send(event::of_error(error, event::Sort::Connection, tags))
    }

    /// Sends that a limit was passed: the rule, the value and the limit, in words.
    pub fn capture_risk(&self, rule: &str, value: &str, limit: &str) -> String {
        self.send(event::of_risk(rule, value, limit))
    }

    /// Sends a message that is no error.
    pub fn capture_message(&self, message: &str, tags: &[(&str, &str)]) -> String {
        let tags: BTreeMap<_, _> =
            tags.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let message = Some(message.to_owned());
        self.send(Event { message, tags, level: Level::Info, ..Event::default() })
    }

    fn send(&self, mut event: Event<'static>) -> String {
        event.timestamp = now();
        self.hub.capture_event(event).simple().to_string()
    }
}

#[allow(clippy::disallowed_methods, reason = "the edge at which an event gets its time")]
fn now() -> SystemTime {
    SystemTime::now()
}
