//! The `metrics` crate's macros as rows of the table `app_metrics`.

mod guard;
mod kinds;
mod row;
mod samples;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};

use crate::{handle::Series, labels::LabelError, pipeline::Metrics, shared::Shared};

pub use guard::RecorderGuard;
use kinds::{Count, Level, Refused};
use row::AppMetric;
use samples::Samples;

/// Name of the row that tells what was not taken.
const NOT_TAKEN: &str = "plimsoll_recorder_not_taken_total";

/// Flushes between two rows of a value that does not change.
const REPEAT_FLUSHES: u64 = 60;

/// A [`metrics::Recorder`] that emits `app_metrics`: install it with
/// `metrics::set_global_recorder(recorder.clone())`, and [`Recorder::start`] the thread that
/// writes the rows. Clones are the same recorder.
///
/// `app_metrics` has the labels `name`, `kind` (counter, gauge, histogram) and `labels` (as
/// `k=v,k=v`, in the order of the call). At each flush:
///
/// - a **counter** that changed is a row: `value` cumulative since the process started, `n` the
///   same as an integer.
/// - a **gauge** that changed is a row: `value`. One that was never set has no row.
/// - a **histogram** with samples is a row of the interval: `n`, `sum`, `min`, `max` and the
///   nearest-rank percentiles `p50`, `p95`, `p99`, in the unit of the samples.
///
/// A counter or gauge that does not change has a row every 60 flushes.
///
/// **Limits.** 1,000 names and 1,000 label texts of 200 bytes; what is recorded under any
/// further key is not taken. A histogram takes 4,096 finite samples between two flushes, the
/// first ones. What is not taken is counted in [`RecorderCounts`] and in the counter
/// `plimsoll_recorder_not_taken_total`. Descriptions and units are not kept.
#[derive(Debug, Clone)]
pub struct Recorder {
    inner: Arc<Inner>,
}

/// What a [`Recorder`] has seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecorderCounts {
    /// Keys with rows.
    pub keys: u64,
    /// Calls of macros whose key was refused, and samples that were not taken.
    pub not_taken: u64,
}

#[derive(Debug)]
struct Inner {
    shared: Option<Arc<Shared>>,
    entries: RwLock<HashMap<(Kind, Key), Arc<Entry>>>,
    refused: Arc<Refused>,
    /// One flush at a time; how many there were.
    flushes: Mutex<u64>,
    own: Series,
    own_told: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// One key.
#[derive(Debug)]
struct Entry {
    series: Series,
    value: Value,
    /// What the last row said.
    told: Mutex<Option<u64>>,
}

#[derive(Debug)]
enum Value {
    Counter(Arc<Count>),
    Gauge(Arc<Level>),
    Histogram(Arc<Samples>),
}

impl Recorder {
    /// A recorder into `metrics`. Writes nothing until [`Recorder::flush`] or
    /// [`Recorder::start`].
    ///
    /// # Errors
    ///
    /// [`LabelError`] if the pipeline has no room for its labels.
    pub fn new(metrics: &Metrics) -> Result<Self, LabelError> {
        let shared = metrics.shared().cloned();
        let own = Series::new(shared.as_ref(), &[("name", NOT_TAKEN), ("kind", "counter")])?;
        Ok(Self {
            inner: Arc::new(Inner {
                shared,
                entries: RwLock::default(),
                refused: Arc::default(),
                flushes: Mutex::default(),
                own,
                own_told: AtomicU64::new(0),
            }),
        })
    }

    /// Emits the rows of what changed. The thread of [`Recorder::start`] calls it.
    pub fn flush(&self) {
        let inner = &self.inner;
        let mut flushes = inner.flushes.lock().unwrap_or_else(PoisonError::into_inner);
        *flushes = flushes.wrapping_add(1);
        let is_repeat = flushes.checked_rem(REPEAT_FLUSHES) == Some(0);
        // Copied, so that a new key never waits for the rows of all others.
        let entries: Vec<Arc<Entry>> = {
            let entries = inner.entries.read().unwrap_or_else(PoisonError::into_inner);
            entries.values().cloned().collect()
        };
        for entry in &entries {
            entry.flush(is_repeat);
        }
        let not_taken = inner.not_taken(&entries);
        if inner.own_told.swap(not_taken, Relaxed) != not_taken || (is_repeat && not_taken > 0) {
            inner.own.emit(&AppMetric::counter(not_taken));
        }
    }

    /// Keys and what was not taken.
    #[must_use]
    pub fn counts(&self) -> RecorderCounts {
        let entries = self.inner.entries.read().unwrap_or_else(PoisonError::into_inner);
        RecorderCounts {
            keys: u64::try_from(entries.len()).unwrap_or(u64::MAX),
            not_taken: self.inner.not_taken(entries.values()),
        }
    }

    /// The entry of a key; `None` when it is refused.
    fn entry(&self, kind: Kind, key: &Key) -> Option<Arc<Entry>> {
        let inner = &self.inner;
        let at = (kind, key.clone());
        let known = inner.entries.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.get(&at) {
            return Some(Arc::clone(entry));
        }
        drop(known);
        let shared = inner.shared.as_ref()?;
        let mut entries = inner.entries.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(&at) {
            return Some(Arc::clone(entry));
        }
        let series = kind.series(shared, key).ok()?;
        let entry = Arc::new(Entry { series, value: kind.value(), told: Mutex::default() });
        entries.insert((kind, key.to_retained()), Arc::clone(&entry));
        Some(entry)
    }
}

impl Inner {
    fn not_taken<'a>(&self, entries: impl IntoIterator<Item = &'a Arc<Entry>>) -> u64 {
        let of_samples = entries.into_iter().map(|entry| match &entry.value {
            Value::Histogram(samples) => samples.not_taken(),
            _ => 0,
        });
        of_samples.fold(self.refused.calls(), u64::saturating_add)
    }
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }

    fn value(self) -> Value {
        match self {
            Self::Counter => Value::Counter(Arc::default()),
            Self::Gauge => Value::Gauge(Arc::default()),
            Self::Histogram => Value::Histogram(Arc::default()),
        }
    }

    fn series(self, shared: &Arc<Shared>, key: &Key) -> Result<Series, LabelError> {
        let pairs: Vec<_> = key.labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
        let text = pairs.join(",");
        let mut labels = vec![("name", key.name()), ("kind", self.as_str())];
        if !text.is_empty() {
            labels.push(("labels", text.as_str()));
        }
        Series::new(Some(shared), &labels)
    }
}

impl Entry {
    fn flush(&self, is_repeat: bool) {
        let (now, row) = match &self.value {
            Value::Counter(count) => {
                let count = count.get();
                (count, AppMetric::counter(count))
            }
            Value::Gauge(level) => {
                let Some(value) = level.get() else { return };
                (value.to_bits(), AppMetric::gauge(value))
            }
            Value::Histogram(samples) => {
                if let Some(row) = AppMetric::histogram(&mut samples.take()) {
                    self.series.emit(&row);
                }
                return;
            }
        };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if is_repeat || *told != Some(now) {
            *told = Some(now);
            self.series.emit(&row);
        }
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match self.entry(Kind::Counter, key).as_deref() {
            Some(Entry { value: Value::Counter(count), .. }) => {
                Counter::from_arc(Arc::clone(count))
            }
            _ => Counter::from_arc(Arc::clone(&self.inner.refused)),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        match self.entry(Kind::Gauge, key).as_deref() {
            Some(Entry { value: Value::Gauge(level), .. }) => Gauge::from_arc(Arc::clone(level)),
            _ => Gauge::from_arc(Arc::clone(&self.inner.refused)),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match self.entry(Kind::Histogram, key).as_deref() {
            Some(Entry { value: Value::Histogram(samples), .. }) => {
                Histogram::from_arc(Arc::clone(samples))
            }
            _ => Histogram::from_arc(Arc::clone(&self.inner.refused)),
        }
    }
}
