//! Roll-ups: the rows of a minute as one row. The station writes them into the store that it reads.
//!
//! Pure but for the readers of a store: [`roll_up`] makes minutes of samples, [`write()`] makes a
//! batch of minutes. A minute may be rolled up again at any time; the later row replaces the
//! earlier one.

#[cfg(feature = "ilp")]
mod questdb;

use std::{collections::BTreeMap, ops::Range, time::Duration};

use crate::{
    batch::{Batch, Cell, Rows, Symbols},
    row::Table,
    schema::{Origin, Schema},
    sink::{Sink, SinkError},
    tables::{OrderLatency1m, Pnl1m, Risk1m},
    value::Timestamp,
};

/// Nanoseconds of a minute.
const MINUTE_NS: i64 = 60_000_000_000;

/// Minutes that one call is due for at most, so that it ends soon.
const MINUTES_MAX: i64 = 180;

/// One table that is rolled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RollUp {
    /// Table that is read.
    pub source: &'static str,
    /// Its column that is summed up.
    pub value: &'static str,
    /// Table that is written.
    pub target: &'static Schema,
}

/// Every roll-up that there is.
pub static ROLL_UPS: [RollUp; 3] = [
    RollUp { source: "trading_pnl", value: "total_pnl", target: Pnl1m::SCHEMA },
    RollUp { source: "trading_risk", value: "drawdown_ratio", target: Risk1m::SCHEMA },
    RollUp { source: "order_latency", value: "latency_ms", target: OrderLatency1m::SCHEMA },
];

impl RollUp {
    /// Labels that tell rows apart, in the order of [`Sample::labels`]: `env`, `mode`, then those
    /// of the target.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        let own = self.target.columns.iter().filter(|c| c.origin == Origin::Series);
        ["env", "mode"].into_iter().chain(own.map(|c| c.name.as_ref()))
    }
}

/// One value of the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Texts of [`RollUp::labels`]; `None` where the row has none.
    pub labels: Vec<Option<String>>,
    /// When it was true.
    pub ts: Timestamp,
    /// The value, in the column's own unit.
    pub value: f64,
}

/// What a minute came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Minute {
    /// Texts of [`RollUp::labels`].
    pub labels: Vec<Option<String>>,
    /// Its beginning.
    pub start: Timestamp,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Last value.
    pub last: f64,
    /// Median, as every percentile here the smallest value that so many are not above.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Values.
    pub n: u64,
}

/// Texts of [`RollUp::labels`].
type Labels = Vec<Option<String>>;

/// Makes one minute of all samples that share their labels and their minute. Samples of one
/// moment are taken in the order in which they come; what is not finite is left out.
#[must_use]
pub fn roll_up(samples: impl IntoIterator<Item = Sample>) -> Vec<Minute> {
    let mut minutes: BTreeMap<(i64, Labels), Vec<(i64, f64)>> = BTreeMap::new();
    for Sample { labels, ts, value } in samples.into_iter().filter(|s| s.value.is_finite()) {
        let ts = ts.as_nanos();
        let start = ts.saturating_sub(ts.rem_euclid(MINUTE_NS));
        minutes.entry((start, labels)).or_default().push((ts, value));
    }
    minutes.into_iter().filter_map(|((start, labels), values)| of(start, labels, values)).collect()
}

fn of(start: i64, labels: Labels, mut values: Vec<(i64, f64)>) -> Option<Minute> {
    // Stable: of one moment the one that came last is the last.
    values.sort_by_key(|(ts, _)| *ts);
    let last = values.last()?.1;
    let mut sorted: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
    sorted.sort_by(f64::total_cmp);
    let percentile = |hundredths: usize| {
        let rank = sorted.len().saturating_mul(hundredths).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied()
    };
    Some(Minute {
        labels,
        start: Timestamp::from_nanos(start),
        min: *sorted.first()?,
        max: *sorted.last()?,
        last,
        p50: percentile(50)?,
        p95: percentile(95)?,
        p99: percentile(99)?,
        n: u64::try_from(sorted.len()).unwrap_or(u64::MAX),
    })
}

/// Which moments are to be rolled up at `now`: whole minutes, from `late` before the last one that
/// was rolled up, so that late rows are in; without one, from the oldest row of the source.
#[must_use]
pub fn due(
    last: Option<Timestamp>,
    oldest: Option<Timestamp>,
    late: Duration,
    now: Timestamp,
) -> Range<Timestamp> {
    let floor = |ns: i64| ns.saturating_sub(ns.rem_euclid(MINUTE_NS));
    let late = i64::try_from(late.as_nanos()).unwrap_or(i64::MAX);
    let end = floor(now.as_nanos());
    let next = last.map(|last| last.as_nanos().saturating_add(MINUTE_NS));
    let start = match (next, oldest) {
        (Some(next), _) => floor(next.saturating_sub(late)),
        (None, Some(oldest)) => floor(oldest.as_nanos()),
        (None, None) => end,
    };
    let bound = start.saturating_add(MINUTES_MAX * MINUTE_NS);
    // What is older than the bound reaches comes at the next calls: the last one moves on.
    let end = end.min(bound.max(next.unwrap_or(start).saturating_add(MINUTE_NS)));
    Timestamp::from_nanos(start.min(end))..Timestamp::from_nanos(end)
}

/// Writes minutes as `producer`, built at `now`.
///
/// # Errors
///
/// [`SinkError`] of the sink; nothing is written then, and the same call may be made again.
pub fn write(
    sink: &mut dyn Sink,
    roll_up: &RollUp,
    minutes: &[Minute],
    producer: &str,
    now: Timestamp,
) -> Result<(), SinkError> {
    sink.prepare(roll_up.target)?;
    let (mut symbols, mut rows) = (Symbols::default(), Rows::default());
    for minute in minutes {
        for column in roll_up.target.all_columns() {
            let name = column.name.as_ref();
            let label = |at: usize| minute.labels.get(at).and_then(Option::as_deref);
            let cell = match name {
                "ts" => Cell::Timestamp(minute.start.as_nanos()),
                "ts_init" => Cell::Timestamp(now.as_nanos()),
                "producer" => Cell::Symbol(symbols.intern(producer)),
                "n" => Cell::Long(i64::try_from(minute.n).unwrap_or(i64::MAX)),
                "min" => Cell::Double(minute.min),
                "max" => Cell::Double(minute.max),
                "last" => Cell::Double(minute.last),
                "p50" => Cell::Double(minute.p50),
                "p95" => Cell::Double(minute.p95),
                "p99" => Cell::Double(minute.p99),
                // It has the key of its labels and no run: nobody counts attempts of it.
                _ => match roll_up.labels().position(|l| l == name).and_then(label) {
                    Some(text) => Cell::Symbol(symbols.intern(text)),
                    None => Cell::Null,
                },
            };
            rows.push(cell);
        }
        rows.end_row();
    }
    if rows.is_empty() {
        return Ok(());
    }
    sink.write(&Batch::new(roll_up.target, &symbols, &rows))
}

/// The minutes of a range of moments.
#[cfg(any(feature = "sqlite", feature = "ilp"))]
pub(crate) fn each_minute(range: &Range<Timestamp>) -> impl Iterator<Item = Range<Timestamp>> {
    let (start, end) = (range.start.as_nanos(), range.end.as_nanos());
    let first = start.saturating_sub(start.rem_euclid(MINUTE_NS));
    let starts = std::iter::successors(Some(first), |at| at.checked_add(MINUTE_NS));
    starts.take_while(move |at| *at < end).map(move |at| {
        let (from, until) = (at.max(start), at.saturating_add(MINUTE_NS).min(end));
        Timestamp::from_nanos(from)..Timestamp::from_nanos(until)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(label: &str, ts: i64, value: f64) -> Sample {
        Sample { labels: vec![Some(label.to_owned())], ts: Timestamp::from_nanos(ts), value }
    }

    #[test]
    fn a_minute_has_its_extremes_its_last_and_its_percentiles() {
        let values = (0..100).map(|n| sample("a", n, f64::from(u8::try_from(100 - n).unwrap())));
        let [minute] = &roll_up(values)[..] else { panic!("one minute") };
        assert_eq!((minute.min, minute.max, minute.last), (1.0, 100.0, 1.0));
        assert_eq!((minute.p50, minute.p95, minute.p99, minute.n), (50.0, 95.0, 99.0, 100));
        let [one] = &roll_up([sample("a", 1, -7.0)])[..] else { panic!("one minute") };
        assert_eq!((one.min, one.p50, one.p99, one.n), (-7.0, -7.0, -7.0, 1));
    }

    #[test]
    fn labels_and_minutes_are_kept_apart_and_order_does_not_matter() {
        let minutes = roll_up([
            sample("b", 0, 1.0),
            sample("a", MINUTE_NS, 5.0),
            sample("a", MINUTE_NS - 1, 3.0),
            sample("a", 5, 2.0),
            sample("a", 5, 4.0),
            sample("a", -1, 9.0),
            sample("a", 7, f64::NAN),
        ]);
        let found: Vec<_> = minutes
            .iter()
            .map(|m| (m.labels[0].as_deref().unwrap(), m.start.as_nanos() / MINUTE_NS, m.last, m.n))
            .collect();
        assert_eq!(
            found,
            [("a", -1, 9.0, 1), ("a", 0, 3.0, 3), ("b", 0, 1.0, 1), ("a", 1, 5.0, 1)]
        );
    }

    #[test]
    fn what_is_due_is_whole_minutes_bounded_and_moves_on() {
        let at = |minutes: i64| Timestamp::from_nanos(minutes * MINUTE_NS + 7);
        let check = |last: Option<i64>, oldest: Option<i64>, now, wanted: (i64, i64)| {
            let due = due(last.map(at), oldest.map(at), Duration::from_secs(600), at(now));
            let found = (due.start.as_nanos() / MINUTE_NS, due.end.as_nanos() / MINUTE_NS);
            assert_eq!(found, wanted, "{last:?} {oldest:?} {now}");
        };
        check(None, None, 100, (100, 100));
        check(None, Some(90), 100, (90, 100));
        check(Some(98), Some(0), 100, (89, 100));
        check(None, Some(0), 1_000, (0, 180));
        check(Some(179), Some(0), 1_000, (170, 350));
    }
}
