//! `tracing` events as rows of `trading_errors`.

mod event;
mod rate;

use std::{
    fmt,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::handle::Series;

use event::Seen;
use rate::Rate;

/// A layer that makes a row of `trading_errors` of each event of level `ERROR`, and of `WARN`
/// when asked. Clones are the same layer, so keep one to [`ErrorLayer::flush`] at the end.
///
/// | column | from |
/// |---|---|
/// | `severity` | `error`, or `warning` |
/// | `component` | the event's target |
/// | `error_code` | field `error_code` or `code`, else the callsite's file and line |
/// | `error_class` | field `error_class` or `class` |
/// | `client_order_id` | field `client_order_id` |
/// | `transient` | field `transient` |
/// | `message` | the message, then each field that is an error with its chain of causes |
/// | `fingerprint` | a hash of file and line, the same in every build of the same source |
/// | `count` | 1, and the events of this callsite that had no row since the last one |
///
/// Each callsite has at most ten rows a second ([`ErrorLayer::with_rows_per_second`]), so a storm
/// of errors does not fill the ring. The count of the rest comes with the callsite's next row, or
/// with any event after its second is over, or with [`ErrorLayer::flush`]. At most 1,024
/// callsites have rows of their own; the rest share one.
///
/// Events of this crate make no rows. Labels longer than 80 bytes are cut, a longer
/// `client_order_id` is left out, a message is cut to 320 bytes. **What a message says is stored
/// as it is: a secret in it is the caller's to mask.**
#[derive(Clone)]
pub struct ErrorLayer {
    inner: Arc<Inner>,
}

struct Inner {
    series: Series,
    lowest: Level,
    clock: Box<dyn Fn() -> Duration + Send + Sync>,
    rate: Mutex<Rate>,
    /// Copy of [`Rate::has_rest`], so that events of no interest take no lock.
    has_rest: AtomicBool,
}

impl ErrorLayer {
    /// A layer whose rows have the labels of `series`, such as
    /// `metrics.series(&[("strategy_id", "ema-001")])`.
    #[must_use]
    pub fn new(series: Series) -> Self {
        let inner = Inner {
            series,
            lowest: Level::ERROR,
            clock: Box::new(monotonic()),
            rate: Mutex::new(Rate::new(NonZeroU32::new(10).unwrap_or(NonZeroU32::MIN))),
            has_rest: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Also takes events of level `WARN`.
    #[must_use]
    pub fn with_warnings(self) -> Self {
        self.with(|inner| inner.lowest = Level::WARN)
    }

    /// Most rows of one callsite within a second. Default 10.
    #[must_use]
    pub fn with_rows_per_second(self, rows: NonZeroU32) -> Self {
        self.with(|inner| inner.rate = Mutex::new(Rate::new(rows)))
    }

    /// Measures seconds with `clock`, the time since any fixed moment. Default: the monotonic
    /// clock.
    #[must_use]
    pub fn with_clock(self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.with(|inner| inner.clock = Box::new(clock))
    }

    /// Emits a row for every callsite with events that had none.
    pub fn flush(&self) {
        self.inner.flush();
    }

    /// Options are set before the first clone; later they change nothing.
    fn with(mut self, set: impl FnOnce(&mut Inner)) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            set(inner);
        }
        self
    }
}

#[allow(clippy::disallowed_methods, reason = "the layer is the edge that reads the clock")]
fn monotonic() -> impl Fn() -> Duration {
    let start = Instant::now();
    move || Instant::now().saturating_duration_since(start)
}

impl fmt::Debug for ErrorLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorLayer").field("series", &self.inner.series).finish_non_exhaustive()
    }
}

impl Inner {
    fn with_rate<R>(&self, f: impl FnOnce(&mut Rate) -> R) -> R {
        let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        let result = f(&mut rate);
        self.has_rest.store(rate.has_rest(), Relaxed);
        result
    }

    fn flush(&self) {
        let rest = self.with_rate(Rate::take_all);
        rest.iter().for_each(|seen| self.emit(seen));
    }

    fn emit(&self, seen: &Seen) {
        self.series.emit_error(seen.row());
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.flush();
    }
}

impl<S: Subscriber> Layer<S> for ErrorLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let inner = &self.inner;
        let metadata = event.metadata();
        // `ERROR` is the lowest level in the order of tracing.
        let is_ours = *metadata.level() <= inner.lowest && !is_own(metadata.target());
        if !is_ours && !inner.has_rest.load(Relaxed) {
            return;
        }
        // Before the lock: a value's `Debug` is foreign code.
        let seen = is_ours.then(|| Seen::of(event));
        let now = (inner.clock)();
        let (row, due) = inner
            .with_rate(|rate| (seen.and_then(|seen| rate.admit(seen, now)), rate.take_due(now)));
        row.iter().chain(&due).for_each(|seen| inner.emit(seen));
    }
}

/// Whether an event is about the pipeline that its row would go into.
fn is_own(target: &str) -> bool {
    target
        .strip_prefix("plimsoll_metrics")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}
