//! What a paper session tells, as rows of metrics.

mod emit;
#[cfg(test)]
mod tests;
mod words;

use plimsoll_metrics::{Account, Equity, Instrument, LabelError, Metrics, Series, Timestamp};
use plimsoll_paper::{CashFlowRow, Labels, Record, Row};

use words::Words;

/// A session's recorder. Its pipeline must have been opened with the session's `trader_id`.
#[derive(Debug)]
pub(crate) struct PaperMetrics {
    /// The strategy's instrument: orders, fills, latency, position, funding, errors.
    instrument: Instrument,
    /// The strategy on its account: its equity, and money that came and went.
    strategy: Account,
    /// The account over all strategies.
    account: Account,
    /// The account at the venue: balances and health.
    venue: Series,
    words: Words,
    held: Held,
    /// Rows that could not be built.
    lost_rows: u64,
}

/// Deposits and withdrawals that wait for the equity of their bar.
#[derive(Debug, Default)]
struct Held {
    flows: Vec<(i64, CashFlowRow)>,
    /// Whether an equity was told before them.
    after_equity: bool,
}

impl PaperMetrics {
    /// A recorder for a session with these labels.
    pub(crate) fn new(metrics: &Metrics, labels: &Labels) -> Result<Self, LabelError> {
        let strategy = metrics.strategy(&labels.strategy_id)?.account(&labels.account_id)?;
        let at_venue = [
            ("scope", "account"),
            ("trader_id", labels.trader_id.as_str()),
            ("account_id", labels.account_id.as_str()),
            ("venue", labels.venue.as_str()),
        ];
        Ok(Self {
            instrument: strategy.instrument(
                &labels.instrument_id,
                &labels.venue,
                &labels.currency,
            )?,
            strategy,
            account: metrics.account(&labels.account_id)?,
            venue: metrics.series(&at_venue)?,
            words: Words::default(),
            held: Held::default(),
            lost_rows: 0,
        })
    }

    /// Tells what still waits for an equity that will not come. Call it before the pipeline closes.
    pub(crate) fn finish(&mut self) {
        for (ts_ns, row) in std::mem::take(&mut self.held.flows) {
            self.transfer(at(ts_ns), &row);
        }
    }

    /// Words that no column knows, as `column=word`, and how often each came.
    pub(crate) fn unknown_words(&self) -> impl Iterator<Item = (&str, u64)> {
        self.words.unknown()
    }

    /// Rows that could not be built for want of a word in their key.
    pub(crate) fn lost_rows(&self) -> u64 {
        self.lost_rows
    }

    /// Equity, with the flows that are in it. The worker scales the peak by the equity just before
    /// a flow, so that one is told too: without it the market's move of that bar would count twice.
    fn equity(&mut self, ts_ns: i64, equity: f64, currency: &str) {
        let flows = std::mem::take(&mut self.held.flows);
        let sum: Option<f64> = flows.iter().map(|(_, row)| base_amount(row, currency)).sum();
        if let Some(sum) = sum.filter(|_| self.held.after_equity && !flows.is_empty()) {
            self.emit_equity(ts_ns, equity - sum);
        }
        for (ts_ns, row) in &flows {
            self.transfer(at(*ts_ns), row);
        }
        self.emit_equity(ts_ns, equity);
        self.held.after_equity = true;
    }

    fn emit_equity(&self, ts_ns: i64, equity: f64) {
        self.account.emit_equity(Equity::new(equity).at(at(ts_ns)));
        self.strategy.emit_equity(Equity::new(equity).at(at(ts_ns)));
    }
}

impl Record for PaperMetrics {
    fn record(&mut self, labels: &Labels, ts_ns: i64, row: Row<'_>) {
        let ts = at(ts_ns);
        match row {
            Row::Order(row) => self.order(ts, row),
            Row::Fill(row) => self.fill(ts, row),
            Row::Latency(row) => self.latency(ts, row),
            Row::CashFlow(row) if row.kind == "funding" => self.funding(ts, row, &labels.currency),
            Row::CashFlow(row) => {
                let mut row = row.clone();
                row.amount_base = base_amount(&row, &labels.currency);
                self.held.flows.push((ts_ns, row));
            }
            Row::Account(row) => self.account(ts, row, &labels.currency),
            Row::Position(row) => self.position(ts, row),
            Row::Pnl(row) => self.pnl(ts, row),
            Row::Risk(row) => self.equity(ts_ns, row.equity, &labels.currency),
            Row::Error(row) => self.error(ts, row),
            Row::Health(row) => self.health(ts, row),
            // A kind of row that a later paper crate has and this mapping does not.
            _ => self.lost_rows += 1,
        }
    }
}

fn at(ts_ns: i64) -> Timestamp {
    Timestamp::from_nanos(ts_ns)
}

/// What a flow is worth in the base currency.
fn base_amount(row: &CashFlowRow, currency: &str) -> Option<f64> {
    row.amount_base.or_else(|| (row.currency == currency).then_some(row.amount))
}
