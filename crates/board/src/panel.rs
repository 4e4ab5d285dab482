//! A panel: one question, its answer as a query, and how the answer is shown.

use crate::{
    query::Query,
    rule::{Compare, Function, Measure, Rule, Sample, Severity},
    unit::Unit,
};

/// A question and its answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Panel {
    /// Unique within its dashboard; stable.
    pub id: String,
    /// Number for Grafana; stable, unique within its dashboard.
    pub number: u32,
    /// A few words.
    pub title: String,
    /// What it answers.
    pub question: String,
    /// How the answer is shown.
    pub picture: Picture,
    /// What its axis or its one number is measured in.
    pub unit: Unit,
    /// The answer.
    pub query: Query,
    /// Limits, from the alert rules that watch the same thing, ascending.
    pub levels: Vec<Level>,
    /// Dashboard that says more, by id.
    pub drill_down: Option<String>,
    /// Where it is.
    pub place: Place,
}

/// How an answer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Picture {
    /// Lines over time.
    Lines,
    /// How far below a peak, hanging from zero.
    Underwater,
    /// A bar for each row, labels below.
    Bars,
    /// Bars over time.
    BarsOverTime,
    /// One number for each row, the first value large.
    Stat,
    /// States over time, a lane for each set of labels.
    Timeline,
    /// Rows and columns.
    Table,
}

/// A limit that a picture shows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Level {
    /// The limit, in the panel's unit.
    pub value: f64,
    /// On which side it is broken.
    pub compare: Compare,
    /// How bad that is.
    pub severity: Severity,
    /// Name of the rule that it comes from.
    pub rule: String,
    /// Title of that rule.
    pub title: String,
}

/// A place on a grid of 24 columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Place {
    /// Column of its left edge.
    pub x: u32,
    /// Row of its upper edge.
    pub y: u32,
    /// Columns.
    pub w: u32,
    /// Rows, of about 36 pixels.
    pub h: u32,
}

/// Columns of the grid.
pub const GRID: u32 = 24;

/// What a panel and a rule may both look at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Watch {
    /// Equity below its peak.
    Drawdown,
    /// A column, whatever is made of it.
    Column(&'static str, &'static str),
    /// A quantile of a column.
    Quantile(&'static str, &'static str),
    /// Rows of one table for each row of another.
    Ratio(&'static str, &'static str),
    /// Silence of a table.
    Silence(&'static str),
}

impl Watch {
    /// Whether a rule looks at this.
    pub(crate) fn is_of(self, rule: &Rule) -> bool {
        match (self, &rule.measure) {
            (Self::Drawdown, Measure::Drawdown { .. }) => true,
            (Self::Drawdown, Measure::Value(sample)) => {
                sample.reads("trading_risk", Some("drawdown_ratio"))
            }
            (Self::Quantile(table, column), Measure::Value(sample)) => {
                sample.reads(table, Some(column))
                    && matches!(sample.function, Function::Quantile(_))
            }
            (Self::Column(table, column), Measure::Value(sample)) => {
                sample.reads(table, Some(column)) && is_plain(sample)
            }
            (Self::Ratio(part, whole), Measure::Ratio { of, to, .. }) => {
                of.table == part && to.table == whole
            }
            (Self::Silence(table), Measure::Silence(sample)) => sample.table == table,
            _ => false,
        }
    }
}

/// Whether the number is one of the column's own, so that it has its unit.
fn is_plain(sample: &Sample) -> bool {
    sample.words.is_empty()
        && matches!(
            sample.function,
            Function::Last | Function::Mean | Function::Min | Function::Max
        )
}

impl Panel {
    /// Takes over the limits of those rules that watch the same thing, in the same unit.
    pub(crate) fn take_levels(&mut self, watch: Watch, rules: &[Rule]) {
        let rules = rules.iter().filter(|rule| rule.unit == self.unit && watch.is_of(rule));
        self.levels = rules.map(Level::of).collect();
        let key = |level: &Level| (level.value, level.severity);
        self.levels
            .sort_by(|a, b| key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal));
    }
}

impl Level {
    fn of(rule: &Rule) -> Self {
        Self {
            value: rule.limit,
            compare: rule.compare,
            severity: rule.severity,
            rule: rule.name.clone(),
            title: rule.title.clone(),
        }
    }

    /// Whether a value breaks it.
    #[must_use]
    pub fn is_broken_by(&self, value: f64) -> bool {
        match self.compare {
            Compare::Above => value > self.value,
            Compare::AtLeast => value >= self.value,
            Compare::Below => value < self.value,
            Compare::AtMost => value <= self.value,
            #[allow(clippy::float_cmp, reason = "the rule asks for exactly this number")]
            Compare::Equal => value == self.value,
            #[allow(clippy::float_cmp, reason = "the rule asks for any other number")]
            Compare::NotEqual => value != self.value,
        }
    }
}
