//! The state of one alert, what it becomes, and what is told of it.

mod alert;
pub(crate) mod machine;
pub(crate) mod nanos;

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

pub use alert::{Alert, Muted};

/// Both clocks. Spans are measured on `monotonic`, people read `wall`; a step of the wall clock
/// neither fires nor ends anything. A replay passes the rows' time for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The wall clock.
    pub wall: SystemTime,
    /// Time since any fixed moment; never goes back.
    pub monotonic: Duration,
}

/// One value of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The value. One that is no number is no data, never "fine".
    pub value: f64,
    /// When it was true at its source.
    pub at: SystemTime,
}

/// A series that an engine knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(pub(crate) u32);

/// A rule of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(crate) u32);

/// A rule for one set of labels: what one alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub(crate) u32);

/// State of a rule for one set of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertState {
    /// Fine, and known to be.
    #[default]
    Normal,
    /// The condition holds, not for long enough yet.
    Pending,
    /// The condition held for long enough.
    Firing,
    /// Was firing, and is fine now.
    Resolved,
    /// Nothing to judge by. An alert that was firing has not ended by that.
    NoData,
    /// Could not be judged. An alert that was firing has not ended by that.
    Error,
}

/// Why a state changed, or what is special about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// The value said so.
    #[default]
    Value,
    /// Time passed: a wait ended, or a silence was long enough.
    Time,
    /// No sample, or none young enough.
    Absent,
    /// The value was no number.
    NotANumber,
    /// Fewer samples, or a smaller denominator, than the rule asks for. Normal while little happens,
    /// so it is not told by itself.
    TooFew,
    /// The rule has never had a series, so there is nobody to tell about it.
    NeverSeen,
    /// What has a part in it cannot be told: the peak, the session's start.
    Unknown,
    /// The values could not be read.
    Unreadable,
    /// A rule that this one is made of has no data.
    Part,
    /// A person ended it.
    Person,
    /// Another alert or a maintenance window began or ceased to mute it; the state is the same.
    Muting,
}

/// Why nobody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mute {
    /// A more severe or more fundamental alert says enough.
    Inhibited(InstanceId),
    /// A maintenance window, by its place in the list.
    Maintenance(u32),
    /// It is over for long, and newer samples have not said the same yet.
    Late,
}

/// A change of state of one alert. Cheap to copy; `Engine::alert` says it in words.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Transition {
    /// Rule.
    pub rule: RuleId,
    /// Rule and labels.
    pub instance: InstanceId,
    /// Before.
    pub from: AlertState,
    /// After; the same when only the muting changed.
    pub to: AlertState,
    /// Why.
    pub cause: Cause,
    /// The value, in the rule's unit.
    pub value: Option<f64>,
    /// The limit it was compared with.
    pub threshold: Option<f64>,
    /// The worst value since the condition began to hold.
    pub peak_value: Option<f64>,
    /// The row's time: when the sample was true, or the moment at which a wait ended.
    pub row_at: SystemTime,
    /// The wall clock when it was noticed.
    pub wall_at: SystemTime,
    /// When the episode began: since when it is not fine. What an alert is told apart by.
    pub begun_at: SystemTime,
    /// Since when the condition holds; stays over a restart.
    pub active_at: Option<SystemTime>,
    /// Since when it fires; stays over a restart.
    pub fired_at: Option<SystemTime>,
    /// Why nobody is told, if so.
    pub muted: Option<Mute>,
    /// Whether it was muted before this change.
    pub was_muted: bool,
}

impl AlertState {
    /// As it is written in files and columns.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::NoData => "no_data",
            Self::Error => "error",
        }
    }

    /// Whether all is well: known, and not too much.
    #[must_use]
    pub fn is_fine(self) -> bool {
        matches!(self, Self::Normal | Self::Resolved)
    }
}

impl Sample {
    /// A value that was true at `at`.
    #[must_use]
    pub fn new(value: f64, at: SystemTime) -> Self {
        Self { value, at }
    }
}

impl Now {
    /// Both clocks.
    #[must_use]
    pub fn new(wall: SystemTime, monotonic: Duration) -> Self {
        Self { wall, monotonic }
    }

    /// A replay's clocks: both follow the rows. Moments before 1970 count as 1970.
    #[must_use]
    pub fn of_row(at: SystemTime) -> Self {
        let monotonic = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { wall: at, monotonic }
    }
}
