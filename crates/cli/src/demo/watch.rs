//! Who looks at a demo while it runs.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_metrics::Metrics;
use plimsoll_paper::{LatencyStage, OrderEvent, Row, StepSummary};

/// One bar has passed.
#[derive(Debug)]
pub(super) struct Bar<'a> {
    pub(super) step: &'a StepSummary,
    pub(super) live: &'a Live,
    pub(super) metrics: &'a Metrics,
    /// Since the replay began.
    pub(super) elapsed: Duration,
}

/// Looks at each bar: the terminal, the rules and the page.
pub(super) trait Watch {
    /// One bar has passed, and its rows were emitted.
    fn bar(&mut self, bar: &Bar<'_>);

    /// No bar comes any more.
    fn end(&mut self) {}
}

/// Counts for people, from the same rows that go into the store.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) submitted: u64,
    pub(super) filled: u64,
    pub(super) rejected: u64,
    pub(super) canceled: u64,
    pub(super) fills: u64,
    /// Fees by currency; positive = cost.
    pub(super) fees: BTreeMap<String, f64>,
    acks_ms: Vec<f64>,
}

impl Live {
    pub(super) fn see(&mut self, row: &Row<'_>) {
        match row {
            Row::Order(order) => match order.event {
                OrderEvent::Submitted => self.submitted += 1,
                OrderEvent::Filled => self.filled += 1,
                OrderEvent::Rejected => self.rejected += 1,
                OrderEvent::Canceled => self.canceled += 1,
                _ => {}
            },
            Row::Fill(fill) => {
                self.fills += 1;
                *self.fees.entry(fill.commission_currency.clone()).or_default() += fill.commission;
            }
            Row::Latency(latency) if latency.stage == LatencyStage::Ack => {
                self.acks_ms.push(latency.latency_ms);
            }
            _ => {}
        }
    }

    /// The latencies of acknowledgments so far, 50th and 99th percentile; `None` without any.
    pub(super) fn acks_ms(&self) -> Option<(f64, f64)> {
        let mut sorted = self.acks_ms.clone();
        sorted.sort_by(f64::total_cmp);
        Some((percentile(&sorted, 50)?, percentile(&sorted, 99)?))
    }
}

/// The smallest value that is at least as large as `percent` of all (nearest rank).
pub(super) fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[track_caller]
    fn check(sorted: &[f64], percent: usize, expected: Option<f64>) {
        assert_eq!(percentile(sorted, percent), expected, "{percent} % of {sorted:?}");
    }

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        check(&[], 50, None);
        check(&[7.0], 99, Some(7.0));
        check(&[1.0, 2.0, 3.0, 4.0], 50, Some(2.0));
        check(&[1.0, 2.0, 3.0, 4.0], 99, Some(4.0));
    }
}
