//! What a demo says at its end: numbers from the store, a picture, and what to try next.

mod write;

use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_metrics::read::{Datum, Store};
use plimsoll_paper::Session;

use crate::failure::{Exit, Failure, Hint as _};

use super::compare::{self, Figure, double};
use super::market::About;
use super::pipelines::Closed;
use super::watch::percentile;

/// Samples that are read at most; a longer run is drawn from every n-th.
const SAMPLES_MAX: usize = 200_000;
const LATENCIES_MAX: usize = 2_000_000;

/// A demo that is over.
#[derive(Debug)]
pub(super) struct Ended<'a> {
    pub(super) about: About,
    pub(super) session: &'a Session,
    pub(super) closed: Closed,
    pub(super) elapsed: Duration,
    pub(super) is_complete: bool,
}

/// What is told.
#[derive(Debug)]
pub(super) struct Report<'a> {
    ended: Ended<'a>,
    store: PathBuf,
    figures: Vec<Figure>,
    /// Equity and drawdown ratio, oldest first.
    samples: Vec<(f64, f64)>,
    worst: Worst,
    /// Latencies of acknowledgments, sorted, milliseconds.
    acks_ms: Vec<f64>,
    errors: u64,
    rows: u64,
}

/// The largest drawdown, and the bar that it was at.
#[derive(Debug, Default)]
struct Worst {
    ratio: f64,
    date: String,
}

impl<'a> Report<'a> {
    /// Asks the store.
    pub(super) fn read(path: &Path, ended: Ended<'a>) -> Result<Self, Failure> {
        let store = Store::open(path).hint("was the store removed while the demo ran?")?;
        let figures = compare::figures(&store, ended.session)?;
        let mut acks_ms: Vec<f64> = store
            .query("SELECT latency_ms FROM order_latency WHERE stage = 'ack'", LATENCIES_MAX)?
            .rows
            .iter()
            .filter_map(|row| row.first().and_then(double))
            .collect();
        acks_ms.sort_by(f64::total_cmp);
        let errors = number(&store, "SELECT count(*) FROM trading_errors")?;
        let rows = store.tables()?.iter().map(|table| table.rows).sum();
        let (samples, worst) = (samples(&store)?, worst(&store)?);
        let store = path.to_owned();
        Ok(Self { ended, store, figures, samples, worst, acks_ms, errors, rows })
    }

    fn is_equal(&self) -> bool {
        self.figures.iter().all(Figure::is_equal)
    }

    fn ack_ms(&self, percent: usize) -> Option<f64> {
        percentile(&self.acks_ms, percent)
    }

    /// Rows that are not in the store, by whatever cause.
    fn missing_rows(&self) -> u64 {
        let closed = &self.ended.closed;
        closed.counts.dropped_rows + closed.counts.rejected_rows + closed.lost_rows
    }

    /// Fine if the store equals the books, nothing is missing and the demo came to its end.
    pub(super) fn exit(&self) -> Exit {
        let questdb_is_fine =
            self.ended.closed.questdb.as_ref().is_none_or(|(_, sent)| sent.is_ok());
        let is_fine = self.is_equal()
            && self.missing_rows() == 0
            && self.ended.is_complete
            && questdb_is_fine;
        if is_fine { Exit::Fine } else { Exit::Finding }
    }
}

fn number(store: &Store, sql: &str) -> Result<u64, Failure> {
    let answer = store.query(sql, 1)?;
    let found = answer.rows.first().and_then(|row| row.first()).cloned();
    Ok(match found {
        Some(Datum::Long(value)) => u64::try_from(value).unwrap_or_default(),
        _ => 0,
    })
}

fn samples(store: &Store) -> Result<Vec<(f64, f64)>, Failure> {
    let count = number(store, "SELECT count(*) FROM trading_risk WHERE scope = 'account'")?;
    let every = (count / u64::try_from(SAMPLES_MAX)?).saturating_add(1);
    let sql = format!(
        "SELECT equity, coalesce(drawdown_ratio, 0.0) FROM (
           SELECT equity, drawdown_ratio, row_number() OVER (ORDER BY ts, seq) AS n
           FROM trading_risk WHERE scope = 'account') WHERE n % {every} = 0 ORDER BY n"
    );
    let answer = store.query(&sql, SAMPLES_MAX)?;
    let pair = |row: &Vec<Datum>| match row.as_slice() {
        [equity, ratio] => Some((double(equity)?, double(ratio)?)),
        _ => None,
    };
    Ok(answer.rows.iter().filter_map(pair).collect())
}

fn worst(store: &Store) -> Result<Worst, Failure> {
    let sql = "SELECT r.drawdown_ratio, h.detail FROM trading_risk r
               LEFT JOIN system_health h ON h.ts = r.ts
               WHERE r.scope = 'account' ORDER BY r.drawdown_ratio DESC, r.ts LIMIT 1";
    let answer = store.query(sql, 1)?;
    Ok(match answer.rows.first().map(Vec::as_slice) {
        Some([ratio, detail]) => Worst {
            ratio: double(ratio).unwrap_or_default(),
            date: detail.to_string().trim_start_matches("bar of ").to_owned(),
        },
        _ => Worst::default(),
    })
}
