//! What a rule measures: numbers from samples.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{labels::Matcher, seconds};

/// The value of a rule. Data only: how it is worked out is the engine's business, and a dashboard
/// may work it out in SQL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Measure {
    /// One query.
    Value(Query),
    /// One query divided by another of the same instance.
    Ratio {
        /// Numerator.
        of: Query,
        /// Denominator.
        to: Query,
        /// A denominator below this is too little to judge by. Default 0; a denominator of 0 is
        /// always too little.
        #[serde(default)]
        to_min: f64,
    },
    /// One query less another of the same instance.
    Difference {
        /// Minuend.
        of: Query,
        /// Subtrahend.
        minus: Query,
    },
    /// How far equity lies below its peak, as a ratio of the peak: compared as
    /// `peak − equity > limit × peak`, so that exactly 5 % is not more than 5 %. Equity of zero and
    /// below is a ratio of 1.
    Drawdown(Drawdown),
    /// Loss since the session's start, as a ratio of the equity then; deposits and withdrawals are
    /// no gain and no loss. Positive = loss.
    SessionLoss(SessionLoss),
    /// Nothing of its own: the condition looks at other rules.
    Nothing,
}

/// Operands of [`Measure::Drawdown`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Drawdown {
    /// Mark to market after fees and funding, base currency.
    pub equity: Query,
    /// The peak as the producer knows it. When the rule keeps its own peak this is what it begins
    /// with; a peak that nobody knows is no data, never 0 %.
    pub peak: Query,
    /// Deposits (> 0) and withdrawals (< 0): they scale a peak that the rule keeps by
    /// (equity + flow) / equity, so that the ratio does not move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flows: Option<Query>,
    /// Who keeps the peak, and when it starts anew.
    #[serde(default)]
    pub reset: PeakReset,
}

/// When a peak starts anew.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum PeakReset {
    /// Never: the producer's peak is taken as it is.
    #[default]
    Never,
    /// At the start of each session: the rule keeps the peak.
    Daily(Session),
    /// When a person says so: the rule keeps the peak.
    Manual,
}

/// Operands of [`Measure::SessionLoss`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SessionLoss {
    /// Mark to market after fees and funding, base currency.
    pub equity: Query,
    /// Deposits (> 0) and withdrawals (< 0), base currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flows: Option<Query>,
    /// Equity at the session's start as the producer knows it: what a rule that begins in the middle
    /// of a session begins with. Without it that first session has no data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Query>,
    /// The session.
    pub session: Session,
}

/// One number from the samples of one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Query {
    /// Any name; in a store `table.column`, `table` (1 a row), or `table.column=word|word` (1 where
    /// the column has one of these words, 0 where it has another). See [`Metric`].
    pub metric: String,
    /// Which series. Default: all of the metric.
    #[serde(rename = "where", default, skip_serializing_if = "Vec::is_empty")]
    pub filter: Vec<Matcher>,
    /// What becomes of the samples.
    #[serde(default)]
    pub function: Function,
    /// Which samples.
    #[serde(default)]
    pub over: Over,
    /// What becomes of several series of one instance.
    #[serde(default)]
    pub across: Across,
    /// With fewer samples there is too little to judge by. Default 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub samples_min: u32,
}

/// A number from samples.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Function {
    /// The newest.
    #[default]
    Last,
    /// How many there are.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The quantile, from 0 to 1, interpolated between neighbors.
    Quantile(f64),
    /// By how much a counter grew; a fall is a restart from 0.
    Increase,
    /// The same a second.
    Rate,
    /// The newest less the oldest.
    Change,
    /// Seconds from the newest value, which is a moment in seconds since 1970, to now.
    SinceValue,
}

/// Which samples count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Over {
    /// The newest one.
    #[default]
    Latest,
    /// Those of the last so many seconds.
    #[serde(rename = "rolling_secs", with = "seconds")]
    Rolling(Duration),
    /// Those since the session's start.
    Session(Session),
}

/// What becomes of several series of one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Across {
    /// Their samples count as those of one series; counters are followed one by one and added.
    #[default]
    Pool,
    /// Sum of the series' values.
    Sum,
    /// Largest of them.
    Max,
    /// Smallest of them.
    Min,
    /// Mean of them.
    Mean,
    /// How many of them there are.
    Count,
}

/// A day that starts at a time of a named zone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Session {
    /// Start on the wall clock of the zone.
    pub start: TimeOfDay,
    /// Name of the zone, as `Europe/Berlin` or `UTC`.
    pub zone: String,
}

/// Hour and minute of a day, written `HH:MM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    hour: u8,
    minute: u8,
}

/// A text that is no time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no time of day; wanted HH:MM from 00:00 to 23:59")]
#[non_exhaustive]
pub struct TimeOfDayError {
    /// The text.
    pub found: String,
}

/// Which labels make an instance of a rule: one alert each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum By {
    /// All labels of the series.
    #[default]
    All,
    /// These.
    Labels(Vec<String>),
    /// All but these.
    Without(Vec<String>),
}

/// A metric's name as a place in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Metric<'a> {
    /// Table.
    pub table: &'a str,
    /// Column; none means that each row is a 1.
    pub column: Option<&'a str>,
    /// Words, separated by `|`; empty means that the column is a number.
    pub words: &'a str,
}

impl<'a> Metric<'a> {
    /// Splits a name.
    #[must_use]
    pub fn parse(name: &'a str) -> Self {
        let (place, words) = name.split_once('=').unwrap_or((name, ""));
        match place.split_once('.') {
            Some((table, column)) => Self { table, column: Some(column), words },
            None => Self { table: place, column: None, words },
        }
    }
}

impl Measure {
    /// The newest value of a metric.
    pub fn last(metric: impl Into<String>) -> Self {
        Self::Value(Query::last(metric))
    }

    /// The queries that it is worked out from, the main one first.
    #[must_use]
    pub fn queries(&self) -> Vec<&Query> {
        match self {
            Self::Value(query) => vec![query],
            Self::Ratio { of, to, .. } => vec![of, to],
            Self::Difference { of, minus } => vec![of, minus],
            Self::Drawdown(d) => [&d.equity, &d.peak].into_iter().chain(&d.flows).collect(),
            Self::SessionLoss(s) => {
                [&s.equity].into_iter().chain(&s.flows).chain(&s.start).collect()
            }
            Self::Nothing => Vec::new(),
        }
    }
}

impl Query {
    /// The newest value of a metric.
    pub fn last(metric: impl Into<String>) -> Self {
        Self {
            metric: metric.into(),
            filter: Vec::new(),
            function: Function::Last,
            over: Over::Latest,
            across: Across::Pool,
            samples_min: 0,
        }
    }

    /// `function` of the samples of the last `span`.
    pub fn rolling(metric: impl Into<String>, function: Function, span: Duration) -> Self {
        Self { function, over: Over::Rolling(span), ..Self::last(metric) }
    }

    /// Of these series only.
    #[must_use]
    pub fn filtered(mut self, matcher: Matcher) -> Self {
        self.filter.push(matcher);
        self
    }

    /// With this over several series of one instance.
    #[must_use]
    pub fn across(self, across: Across) -> Self {
        Self { across, ..self }
    }

    /// With at least so many samples.
    #[must_use]
    pub fn with_samples_min(self, samples_min: u32) -> Self {
        Self { samples_min, ..self }
    }
}

impl Drawdown {
    /// Equity below `peak`.
    #[must_use]
    pub fn new(equity: Query, peak: Query, flows: Option<Query>, reset: PeakReset) -> Self {
        Self { equity, peak, flows, reset }
    }
}

impl SessionLoss {
    /// Equity below that at the session's start.
    #[must_use]
    pub fn new(
        equity: Query,
        flows: Option<Query>,
        start: Option<Query>,
        session: Session,
    ) -> Self {
        Self { equity, flows, start, session }
    }
}

impl Session {
    /// A day that starts at `start` in `zone`.
    pub fn new(start: TimeOfDay, zone: impl Into<String>) -> Self {
        Self { start, zone: zone.into() }
    }
}

impl TimeOfDay {
    /// Midnight.
    pub const MIDNIGHT: Self = Self { hour: 0, minute: 0 };

    /// A time of day; none past 23:59.
    #[must_use]
    pub fn new(hour: u8, minute: u8) -> Option<Self> {
        (hour < 24 && minute < 60).then_some(Self { hour, minute })
    }

    /// The hour, 0 to 23.
    #[must_use]
    pub fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, 0 to 59.
    #[must_use]
    pub fn minute(self) -> u8 {
        self.minute
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = TimeOfDayError;

    fn try_from(found: String) -> Result<Self, TimeOfDayError> {
        let two = |text: &str| {
            (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())
        };
        let time = found
            .split_once(':')
            .and_then(|(hour, minute)| Self::new(two(hour).flatten()?, two(minute).flatten()?));
        time.ok_or(TimeOfDayError { found })
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}
