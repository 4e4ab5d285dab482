//! How an engine evaluates.

use std::time::Duration;

use crate::window::{Counting, Edge};

/// When rules are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Timing {
    /// At each sample, and at the moment at which a wait ends.
    #[default]
    EachSample,
    /// At each `Engine::advance` only, as a server does that asks its store at intervals.
    EachAdvance,
}

/// What an empty window of counts and sums is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Empty {
    /// Zero: nothing happened.
    #[default]
    Zero,
    /// No data.
    Absent,
}

/// Options of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// When rules are evaluated. Default: at each sample.
    pub timing: Timing,
    /// Whether a sample exactly as old as a window belongs to it. Default: no.
    pub edge: Edge,
    /// How the growth of a counter is taken. Default: what was seen.
    pub counting: Counting,
    /// What an empty window of counts and sums is. Default: zero.
    pub empty: Empty,
    /// Most series. Default 100,000.
    pub series_max: u32,
    /// A sample that is older than this when it arrives is late: it counts at its own time, and what it
    /// makes fire is muted until newer samples say the same. Default 60 s.
    pub late_after: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timing: Timing::EachSample,
            edge: Edge::Open,
            counting: Counting::Seen,
            empty: Empty::Zero,
            series_max: 100_000,
            late_after: Duration::from_secs(60),
        }
    }
}

impl Options {
    /// As Prometheus 3 evaluates: at intervals, counters extrapolated, empty windows absent. Rules
    /// also need [`OnAbsent::Resolve`](crate::OnAbsent::Resolve).
    #[must_use]
    pub fn prometheus_3() -> Self {
        Self {
            timing: Timing::EachAdvance,
            counting: Counting::Prometheus3,
            empty: Empty::Absent,
            ..Self::default()
        }
    }

    /// As Prometheus 2 evaluates: the same, with windows that hold a sample exactly as old as they are.
    #[must_use]
    pub fn prometheus_2() -> Self {
        Self { edge: Edge::Closed, counting: Counting::Prometheus2, ..Self::prometheus_3() }
    }

    /// With at most so many series.
    #[must_use]
    pub fn with_series_max(self, series_max: u32) -> Self {
        Self { series_max, ..self }
    }

    /// With another bound for late samples.
    #[must_use]
    pub fn with_late_after(self, late_after: Duration) -> Self {
        Self { late_after, ..self }
    }
}
