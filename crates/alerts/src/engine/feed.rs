//! From rows of a store to samples of an engine.

mod flows;
mod open_orders;
mod positions;
mod repeats;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use self::{flows::Flows, open_orders::OpenOrders, positions::Positions, repeats::Repeats};
use super::{Engine, SeriesError};
use crate::{
    rule::{Metric, Rule},
    state::{Now, SeriesId, Transition, nanos},
};

/// A row of a table, as whoever reads a store hands it on. What is NULL is left out.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Row<'a> {
    /// Table.
    pub table: &'a str,
    /// When it was true at its source.
    pub at: SystemTime,
    /// Columns with few values, which tell series apart.
    pub labels: &'a [(&'a str, &'a str)],
    /// Columns that are numbers; moments as seconds since 1970.
    pub numbers: &'a [(&'a str, f64)],
    /// Columns that are ids and texts.
    pub texts: &'a [(&'a str, &'a str)],
}

impl<'a> Row<'a> {
    /// A row of `table` that was true at `at`; its columns by the fields.
    #[must_use]
    pub fn new(table: &'a str, at: SystemTime) -> Self {
        Self { table, at, labels: &[], numbers: &[], texts: &[] }
    }

    /// With these labels.
    #[must_use]
    pub fn labels(self, labels: &'a [(&'a str, &'a str)]) -> Self {
        Self { labels, ..self }
    }

    /// With these numbers.
    #[must_use]
    pub fn numbers(self, numbers: &'a [(&'a str, f64)]) -> Self {
        Self { numbers, ..self }
    }

    /// With these texts.
    #[must_use]
    pub fn texts(self, texts: &'a [(&'a str, &'a str)]) -> Self {
        Self { texts, ..self }
    }

    fn label(&self, name: &str) -> &'a str {
        self.labels.iter().find(|(label, _)| *label == name).map_or("", |(_, value)| value)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.numbers.iter().find(|(column, _)| *column == name).map(|(_, value)| *value)
    }

    fn text(&self, name: &str) -> &'a str {
        self.texts.iter().find(|(column, _)| *column == name).map_or("", |(_, value)| value)
    }

    /// Labels that a number worked out from several rows is told by.
    fn place(&self) -> Place {
        let of = |name: &str| self.label(name).to_owned();
        Place {
            env: of("env"),
            mode: of("mode"),
            account_id: of("account_id"),
            instrument_id: of("instrument_id"),
            venue: of("venue"),
        }
    }
}

/// What a feed knows of positions and orders, to keep over a restart. Opaque, as
/// [`Saved`](crate::Saved) is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedFeed {
    positions: positions::Saved,
    orders: open_orders::Saved,
    flows: Flows,
}

/// Where a position is held.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    env: String,
    mode: String,
    account_id: String,
    instrument_id: String,
    venue: String,
}

impl Place {
    fn labels(&self) -> [(&str, &str); 5] {
        [
            ("env", &self.env),
            ("mode", &self.mode),
            ("account_id", &self.account_id),
            ("instrument_id", &self.instrument_id),
            ("venue", &self.venue),
        ]
    }
}

/// Tables and columns that rules need: what to ask a store for.
pub type Wanted = BTreeMap<String, BTreeSet<String>>;

/// Turns rows into samples.
///
/// Besides the columns themselves there are numbers that come from several rows: `position_at_risk.`
/// `qty`, `notional` and `equity_ratio` of each account and instrument, with open orders on the
/// position's side as if they were filled, and the same with `_held` without them;
/// `equity_flows.amount`, deposits and withdrawals by the owner of the equity; `order_repeats.count`, orders with the same side, size and price within a second; and
/// `position_changes.signed_qty`.
#[derive(Debug)]
pub struct Feed {
    wanted: Wanted,
    tables: HashMap<String, Table>,
    positions: Positions,
    orders: OpenOrders,
    repeats: Repeats,
    flows: Flows,
    /// Samples of one row.
    samples: Vec<(SeriesId, f64)>,
    key: String,
    refused_series: u64,
}

/// What is needed of one table, and the series that are known of it.
#[derive(Debug, Default)]
struct Table {
    needs: Vec<Need>,
    /// Series of each need, by the texts of the labels.
    series: HashMap<String, Vec<SeriesId>>,
}

/// One metric of a table.
#[derive(Debug, Clone)]
struct Need {
    metric: String,
    column: Option<String>,
    words: Vec<String>,
}

/// Columns whose absence in a row says that nobody knows, not that the row is about something else.
const UNKNOWN_WHEN_NULL: [&str; 3] =
    ["trading_risk.peak_equity", "trading_risk.day_start_equity", "trading_risk.equity"];
/// Tables of which rows that are known from reconciliation alone say nothing about now.
const OF_EVENTS: [&str; 3] = ["trading_orders", "order_latency", "trading_errors"];
const POSITIONS: &str = "position_at_risk";
const REPEATS: &str = "order_repeats";
const FLOWS: &str = "equity_flows";

impl Feed {
    /// For these rules.
    pub fn new<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> Self {
        let mut tables: HashMap<String, Table> = HashMap::new();
        let mut metrics = BTreeSet::new();
        let rules: Vec<&Rule> = rules.into_iter().collect();
        for rule in &rules {
            metrics.extend(rule.measure.queries().into_iter().map(|query| query.metric.clone()));
        }
        for name in &metrics {
            let metric = Metric::parse(name);
            let words = metric.words.split('|').filter(|word| !word.is_empty());
            let need = Need {
                metric: name.clone(),
                column: metric.column.map(str::to_owned),
                words: words.map(str::to_owned).collect(),
            };
            tables.entry(metric.table.to_owned()).or_default().needs.push(need);
        }
        Self {
            wanted: wanted(&metrics),
            tables,
            positions: Positions::new(rules.into_iter()),
            orders: OpenOrders::default(),
            repeats: Repeats::default(),
            flows: Flows::default(),
            samples: Vec::new(),
            key: String::new(),
            refused_series: 0,
        }
    }

    /// Tables to read, each with the columns besides `ts` and the labels.
    #[must_use]
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// What several rows have told so far; a count of the last second is not worth keeping.
    #[must_use]
    pub fn save(&self) -> SavedFeed {
        SavedFeed {
            positions: self.positions.save(),
            orders: self.orders.save(),
            flows: self.flows.clone(),
        }
    }

    /// Goes on from there; before the first row.
    pub fn restore(&mut self, saved: SavedFeed) {
        self.positions.restore(saved.positions);
        self.orders = OpenOrders::restored(saved.orders);
        self.flows = saved.flows;
    }

    /// Samples that were lost because there were too many series.
    #[must_use]
    pub fn refused_series(&self) -> u64 {
        self.refused_series
    }

    /// Hands a row to an engine; the changes that it and the time since the last call made.
    pub fn row<'e>(&mut self, engine: &'e mut Engine, row: &Row<'_>, now: Now) -> &'e [Transition] {
        self.samples.clear();
        if !is_event_of_the_past(row) {
            self.columns(engine, row);
            self.worked_out(engine, row);
        }
        let samples = std::mem::take(&mut self.samples);
        let changes = engine.observe_row(&samples, row.at, now);
        self.samples = samples;
        changes
    }

    /// Samples of the row's own columns.
    fn columns(&mut self, engine: &mut Engine, row: &Row<'_>) {
        let Some(table) = self.tables.get_mut(row.table) else { return };
        self.key.clear();
        for (name, value) in row.labels {
            self.key.push_str(name);
            self.key.push('\u{1}');
            self.key.push_str(value);
            self.key.push('\u{2}');
        }
        let known = match table.series.get(&self.key) {
            Some(known) => known,
            None => {
                let series = table.needs.iter().map(|need| engine.series(&need.metric, row.labels));
                let series: Result<Vec<SeriesId>, SeriesError> = series.collect();
                let Ok(series) = series else {
                    self.refused_series = self.refused_series.saturating_add(1);
                    return;
                };
                table.series.entry(self.key.clone()).or_insert(series)
            }
        };
        let samples = table.needs.iter().zip(known);
        self.samples.extend(samples.filter_map(|(need, id)| Some((*id, need.value(row)?))));
    }

    /// Samples that come from several rows.
    fn worked_out(&mut self, engine: &mut Engine, row: &Row<'_>) {
        match row.table {
            "trading_risk" => {
                self.positions.equity(row);
                self.flows.equity(row);
            }
            "trading_cashflows" => return self.money(engine, row),
            "position_changes" => self.positions.position(row),
            "trading_orders" => {
                self.orders.order(row);
                if self.tables.contains_key(REPEATS)
                    && let Some(count) = self.repeats.order(row, nanos::of(row.at))
                {
                    let place = row.place();
                    self.sample(engine, &place.labels(), &format!("{REPEATS}.count"), count);
                }
            }
            _ => return,
        }
        let Some(table) = self.tables.get(POSITIONS) else { return };
        let columns: Vec<String> = table.needs.iter().filter_map(|n| n.column.clone()).collect();
        for place in self.positions.touched(row) {
            let orders = self.orders.at(&place);
            let at_risk = self.positions.at_risk(&place, orders, row.at);
            for column in &columns {
                if let Some(value) = at_risk.column(column) {
                    self.sample(engine, &place.labels(), &format!("{POSITIONS}.{column}"), value);
                }
            }
        }
    }

    /// What came or went, for each equity that it changes; of unknown size where the rate is unknown.
    fn money(&mut self, engine: &mut Engine, row: &Row<'_>) {
        if !self.tables.contains_key(FLOWS) {
            return;
        }
        let amount = row.number("amount_base").unwrap_or(f64::NAN);
        let flows = std::mem::take(&mut self.flows);
        for labels in flows.owners(row) {
            self.sample(engine, &labels, &format!("{FLOWS}.amount"), amount);
        }
        self.flows = flows;
    }

    fn sample(&mut self, engine: &mut Engine, labels: &[(&str, &str)], metric: &str, value: f64) {
        match engine.series(metric, labels) {
            Ok(series) => self.samples.push((series, value)),
            Err(SeriesError::TooMany { .. }) => {
                self.refused_series = self.refused_series.saturating_add(1);
            }
        }
    }
}

impl Need {
    /// The sample that a row has for it.
    fn value(&self, row: &Row<'_>) -> Option<f64> {
        let Some(column) = &self.column else { return Some(1.0) };
        if !self.words.is_empty() {
            let word = match row.label(column) {
                "" => row.text(column),
                word => word,
            };
            let is_one = self.words.iter().any(|wanted| wanted == word);
            return (!word.is_empty()).then_some(f64::from(u8::from(is_one)));
        }
        match (row.number(column), self.metric.as_str()) {
            (Some(value), _) => Some(value),
            // A row without a count is about one.
            (None, "trading_errors.count") => Some(1.0),
            (None, "position_changes.signed_qty") => positions::signed_qty(row),
            (None, metric) => UNKNOWN_WHEN_NULL.contains(&metric).then_some(f64::NAN),
        }
    }
}

/// Whether a row tells of an event that is long over: it was learned from the venue's history.
fn is_event_of_the_past(row: &Row<'_>) -> bool {
    OF_EVENTS.contains(&row.table) && row.number("reconciliation").is_some_and(|is| is != 0.0)
}

/// Tables and columns for these metrics, those of numbers that come from several rows included.
fn wanted(metrics: &BTreeSet<String>) -> Wanted {
    let mut wanted = Wanted::new();
    let mut want = |table: &str, columns: &[&str]| {
        let of_table: &mut BTreeSet<String> = wanted.entry(table.to_owned()).or_default();
        of_table.extend(columns.iter().map(|column| (*column).to_owned()));
    };
    for name in metrics {
        let metric = Metric::parse(name);
        match metric.table {
            POSITIONS => {
                want("position_changes", &positions::COLUMNS);
                want("trading_orders", &open_orders::COLUMNS);
                want("trading_risk", &["equity"]);
            }
            REPEATS => want("trading_orders", &repeats::COLUMNS),
            FLOWS => want("trading_cashflows", &flows::COLUMNS),
            // What the process that runs the rules tells of itself.
            "alerts" => {}
            "position_changes" if metric.column == Some("signed_qty") => {
                want("position_changes", &["qty"]);
            }
            table => want(table, metric.column.as_slice()),
        }
    }
    if let Some(columns) = wanted.get_mut("trading_orders") {
        columns.insert("reconciliation".to_owned());
    }
    wanted
}
