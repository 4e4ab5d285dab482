//! The way to Sentry: a bounded queue, a thread, one envelope at a time. Everything secret is taken out here, where
//! nothing can pass by.

use std::{
    fmt,
    io::Write as _,
    sync::{
        Arc, Condvar, Mutex, PoisonError, RwLock,
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    time::{Duration, Instant},
};

use plimsoll_redact::{Rules, Secret};
use sentry_core::{Envelope, Transport, protocol::EnvelopeItem};
use serde_json::{Value, json};

use super::{SentryOptions, SentryReport, address::Address, limits::Limits, scrub};
use crate::http::{Http, Method, Request};

/// How this client names itself.
pub(super) const AGENT: &str = concat!("plimsoll/", env!("CARGO_PKG_VERSION"));

/// Tries for one event, and the pauses between them.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(1_000)];

/// Longest event, in bytes; Sentry refuses longer ones. Its breadcrumbs give way first.
const EVENT_BYTES_MAX: usize = 900 << 10;

/// Queue and thread.
pub(super) struct Sender {
    queue: Mutex<Option<SyncSender<Value>>>,
    counts: Mutex<SentryReport>,
    settled: Condvar,
    rules: Rules,
    /// Names of accounts.
    names: RwLock<Vec<String>>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// What sentry-core is given.
pub(super) struct Handle(pub(super) Arc<Sender>);

impl Transport for Handle {
    fn send_envelope(&self, envelope: Envelope) {
        for item in envelope.into_items() {
            if let EnvelopeItem::Event(event) = item
                && let Ok(event) = serde_json::to_value(event)
            {
                self.0.take(event);
            }
        }
    }

    fn flush(&self, timeout: Duration) -> bool {
        self.0.flush(timeout)
    }
}

impl Sender {
    pub(super) fn start(
        address: &Address,
        known: Vec<String>,
        options: &SentryOptions,
    ) -> std::io::Result<Arc<Self>> {
        let (queue, from) = mpsc::sync_channel(options.queue_max.max(1));
        let sender = Arc::new(Self {
            queue: Mutex::new(Some(queue)),
            counts: Mutex::new(SentryReport::default()),
            settled: Condvar::new(),
            rules: Rules::default().with_known(known),
            names: RwLock::new(Vec::new()),
        });
        let worker = Worker {
            http: Http::new(options.timeout),
            url: Secret::new(address.url.as_str()),
            auth: Secret::new(address.auth.as_str()),
            limits: Limits::default(),
            lost: Lost::default(),
            sender: Arc::clone(&sender),
        };
        std::thread::Builder::new()
            .name("plimsoll-sentry".to_owned())
            .spawn(move || worker.run(&from))?;
        Ok(sender)
    }

    /// A name that is taken out of everything from now on, where it is a word.
    pub(super) fn know(&self, name: &str) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if !name.trim().is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }

    /// Takes everything secret out of an event, and queues it.
    fn take(&self, mut event: Value) {
        {
            let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
            scrub::event(&mut event, &self.rules, &names);
            scrub::fit_tags(&mut event);
        }
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queue.as_ref() else { return };
        self.change(|counts| counts.waiting = counts.waiting.saturating_add(1));
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = queue.try_send(event) {
            self.change(|counts| {
                counts.waiting = counts.waiting.saturating_sub(1);
                counts.dropped_queue_full = counts.dropped_queue_full.saturating_add(1);
            });
        }
    }

    pub(super) fn report(&self) -> SentryReport {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nothing waits.
    pub(super) fn flush(&self, timeout: Duration) -> bool {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.settled.wait_timeout_while(counts, timeout, |counts| counts.waiting > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.waiting == 0
    }

    /// Nothing more is taken; the thread ends after what it has.
    pub(super) fn end(&self) {
        *self.queue.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn change(&self, change: impl FnOnce(&mut SentryReport)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        self.settled.notify_all();
    }
}

/// What Sentry was not told yet of what it will not get.
#[derive(Debug, Default)]
struct Lost {
    queue_full: u64,
    rate_limited: u64,
    reported: (u64, u64),
}

struct Worker {
    http: Http,
    url: Secret,
    auth: Secret,
    limits: Limits,
    lost: Lost,
    sender: Arc<Sender>,
}

enum Sent {
    Taken,
    Limited,
    Failed,
}

impl Worker {
    fn run(mut self, from: &Receiver<Value>) {
        while let Ok(event) = from.recv() {
            let sent = self.send(&event);
            self.sender.change(|counts| {
                counts.waiting = counts.waiting.saturating_sub(1);
                let count = match sent {
                    Sent::Taken => &mut counts.sent,
                    Sent::Limited => &mut counts.dropped_rate_limited,
                    Sent::Failed => &mut counts.failed,
                };
                *count = count.saturating_add(1);
            });
        }
    }

    fn send(&mut self, event: &Value) -> Sent {
        let body = self.envelope(event);
        let mut pauses = PAUSES.iter();
        loop {
            if self.limits.is_limited(now()) {
                return Sent::Limited;
            }
            let request = Request {
                method: Method::Post,
                url: self.url.clone(),
                headers: vec![("x-sentry-auth", self.auth.clone())],
                content_type: "application/x-sentry-envelope",
                body: body.clone(),
            };
            let is_transient = match self.http.send(request) {
                Ok(reply) => {
                    self.limits.learn(&reply, now());
                    match reply.status {
                        200..300 => {
                            self.lost.reported = (self.lost.queue_full, self.lost.rate_limited);
                            return Sent::Taken;
                        }
                        429 => return Sent::Limited,
                        500.. => true,
                        _ => false,
                    }
                }
                Err(fault) => fault.is_transient(),
            };
            match pauses.next() {
                Some(pause) if is_transient => std::thread::park_timeout(*pause),
                _ => return Sent::Failed,
            }
        }
    }

    /// The event with its header, and beside it how many events Sentry did not get.
    fn envelope(&mut self, event: &Value) -> Vec<u8> {
        let mut event = event.clone();
        let mut payload = event.to_string();
        if payload.len() > EVENT_BYTES_MAX
            && let Some(fields) = event.as_object_mut()
        {
            fields.remove("breadcrumbs");
            payload = event.to_string();
        }
        let id = event.get("event_id").cloned().unwrap_or_default();
        let mut body = Vec::new();
        // Writing to memory cannot fail.
        let _in_memory = write!(
            body,
            "{}\n{}\n{payload}\n",
            json!({"event_id": id}),
            json!({"type": "event", "length": payload.len()}),
        );
        if let Some(report) = self.client_report() {
            let _in_memory = write!(
                body,
                "{}\n{report}\n",
                json!({"type": "client_report", "length": report.len()}),
            );
        }
        body
    }

    fn client_report(&mut self) -> Option<String> {
        let counts = self.sender.report();
        self.lost.queue_full = counts.dropped_queue_full;
        self.lost.rate_limited = counts.dropped_rate_limited;
        let (full, limited) = self.lost.reported;
        let new = [
            ("queue_overflow", self.lost.queue_full.saturating_sub(full)),
            ("ratelimit_backoff", self.lost.rate_limited.saturating_sub(limited)),
        ];
        let discarded: Vec<Value> = new
            .into_iter()
            .filter(|(_, quantity)| *quantity > 0)
            .map(|(why, n)| json!({"reason": why, "category": "error", "quantity": n}))
            .collect();
        (!discarded.is_empty()).then(|| json!({"discarded_events": discarded}).to_string())
    }
}

#[allow(clippy::disallowed_methods, reason = "the edge at which a wish for quiet is measured")]
fn now() -> Instant {
    Instant::now()
}
