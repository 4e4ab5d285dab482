//! From values to pixels.

/// Round numbers that cover a range, about `count` of them.
///
/// - **Unit:** none.
/// - **Shape:** `low` ≤ `high`, both finite; else no ticks.
/// - **Source:** Heckbert, "Nice Numbers for Graph Labels", Graphics Gems, 1990.
#[must_use]
pub fn nice_ticks(low: f64, high: f64, count: u32) -> Vec<f64> {
    if !(low.is_finite() && high.is_finite() && high > low) {
        return Vec::new();
    }
    let raw = (high - low) / f64::from(count.max(1));
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= raw * 0.999)
        .unwrap_or(10.0 * power);
    let first = (low / step).ceil();
    (0_u32..64)
        .map(|n| (first + f64::from(n)) * step)
        .take_while(|tick| *tick <= high + step * 1e-9)
        .map(|tick| if tick.abs() < step * 1e-9 { 0.0 } else { tick })
        .collect()
}

/// A straight line from values to pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// From values `low..high` to pixels `from..to`. An empty range is widened around its value.
    pub(super) fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let (low, high) = if high > low {
            (low, high)
        } else {
            let half = if low == 0.0 { 1.0 } else { low.abs() * 0.01 };
            (low - half, low + half)
        };
        Self { low, high, from, to }
    }

    pub(super) fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    pub(super) fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }
}

/// The smallest and the largest of some numbers; none without one.
pub(super) fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|v| v.is_finite()).fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((low, high)) => Some((f64::min(low, v), f64::max(high, v))),
    })
}
