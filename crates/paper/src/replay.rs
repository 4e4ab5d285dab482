//! The replay clock: one bar is one minute, and the last bar ends at a given moment.

/// Nanoseconds that one bar takes on the replay clock.
pub(crate) const BAR_NS: i64 = 60_000_000_000;
/// Nanoseconds of a millisecond, the venue's own precision.
pub(crate) const MS_NS: i64 = 1_000_000;

/// Maps a bar's index to replay time.
///
/// Bar `i` of `n` ends at `end − (n − 1 − i)` minutes. The result is in UTC nanoseconds, rounded
/// down to whole milliseconds, the venue's own precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayClock {
    first_ns: i64,
    bars_len: i64,
}

/// Why a replay clock cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// There is no bar, or more minutes than fit before the end.
    #[error("cannot place {bars_len} one-minute bars before {end_ns} ns UTC")]
    OutOfRange {
        /// How many bars.
        bars_len: usize,
        /// The wanted end of the last bar, UTC nanoseconds.
        end_ns: i64,
    },
}

impl ReplayClock {
    /// Builds a clock for `bars_len` bars of which the last ends at `end_ns` (UTC nanoseconds).
    ///
    /// # Errors
    ///
    /// [`ReplayError::OutOfRange`] if there is no bar, or the first would lie before 1970.
    pub fn new(bars_len: usize, end_ns: i64) -> Result<Self, ReplayError> {
        let out_of_range = || ReplayError::OutOfRange { bars_len, end_ns };
        let bars = i64::try_from(bars_len).map_err(|_| out_of_range())?;
        let span = bars.checked_sub(1).and_then(|gaps| gaps.checked_mul(BAR_NS));
        let end = end_ns - end_ns.rem_euclid(MS_NS);
        match span.and_then(|span| end.checked_sub(span)) {
            Some(first_ns) if bars > 0 && first_ns >= BAR_NS => {
                Ok(Self { first_ns, bars_len: bars })
            }
            _ => Err(out_of_range()),
        }
    }

    /// Returns when the bar ends, in UTC nanoseconds; an index past the end gives the last bar's.
    pub fn ts_ns(&self, index: usize) -> i64 {
        let index = i64::try_from(index).unwrap_or(i64::MAX).min(self.bars_len - 1);
        self.first_ns + index * BAR_NS
    }

    /// Returns when the first bar begins, in UTC nanoseconds.
    pub fn start_ns(&self) -> i64 {
        self.first_ns - BAR_NS
    }
}
