//! Samples of the last so many seconds, and numbers from them. Each window is bounded: when more
//! samples come than it holds, neighbors are joined (or, for quantiles, the oldest leave early).

mod counter;
mod extremes;
pub(crate) mod keeper;
mod quantile;
pub(crate) mod session;
mod sums;

pub(crate) use counter::Counter;
pub use counter::Counting;
pub(crate) use extremes::{Extreme, Extremes};
pub(crate) use quantile::Quantiles;
pub(crate) use sums::Sums;

use crate::state::machine::Tick;

/// Most entries of a window. Beyond it samples closer than a 256th of the span are joined.
pub(crate) const ENTRIES_MAX: usize = 512;

/// Which of its two ends belongs to a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Edge {
    /// A sample that is exactly as old as the span is too old (Prometheus 3).
    #[default]
    Open,
    /// It is not (Prometheus 2).
    Closed,
}

impl Edge {
    /// Whether something of `tick` is out of a span of `span` at `now`.
    pub(crate) fn is_past(self, tick: Tick, span: Tick, now: Tick) -> bool {
        let age = now.saturating_sub(tick);
        match self {
            Self::Open => age >= span,
            Self::Closed => age > span,
        }
    }

    /// The first moment at which it is out.
    pub(crate) fn leaves_at(self, tick: Tick, span: Tick) -> Tick {
        let end = tick.saturating_add(span);
        match self {
            Self::Open => end,
            Self::Closed => end.saturating_add(1),
        }
    }
}

/// How close samples are joined in a full window.
fn grain(span: Tick) -> Tick {
    span / 256
}

#[cfg(test)]
mod tests;
