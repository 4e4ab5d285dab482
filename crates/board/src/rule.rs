//! An alert rule as plain data: enough to draw its limit into a picture and to render it for Grafana.

mod sql;

use std::time::Duration;

use crate::{query::Filter, unit::Unit};

pub use sql::Unrendered;

/// A rule of an alert engine.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rule {
    /// Unique name; stable, because identities are made of it.
    pub name: String,
    /// A few words.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// What is measured.
    pub measure: Measure,
    /// How the value is compared with the limit.
    pub compare: Compare,
    /// The limit, in `unit`.
    pub limit: f64,
    /// A rule that fires goes on until the same comparison with this is false. Default: the limit.
    pub resolve_at: Option<f64>,
    /// What value and limit are measured in.
    pub unit: Unit,
    /// Labels that make one alert each.
    pub by: Vec<String>,
    /// How long it must hold before it fires.
    pub pending_for: Duration,
    /// How long it goes on firing afterwards.
    pub keep_firing_for: Duration,
    /// What silence means.
    pub on_absent: OnAbsent,
    /// What it means, one sentence.
    pub meaning: String,
    /// What to do, one sentence.
    pub action: String,
    /// Where that is written at length; may be empty.
    pub runbook: String,
    /// Further labels of its alerts.
    pub labels: Vec<(String, String)>,
}

/// How bad. Ordered: critical is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Severity {
    /// For information.
    Info,
    /// Look at it today.
    #[default]
    Warning,
    /// Act now.
    Critical,
}

/// How a value is compared with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compare {
    /// Strictly greater.
    Above,
    /// Greater or equal.
    AtLeast,
    /// Strictly less.
    Below,
    /// Less or equal.
    AtMost,
    /// The same number.
    Equal,
    /// Another number.
    NotEqual,
}

/// What a rule does when it has nothing to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnAbsent {
    /// Says so.
    #[default]
    NoData,
    /// Stays as it was.
    Keep,
}

/// What a rule measures.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Measure {
    /// One number.
    Value(Sample),
    /// One number divided by another; below `to_min` the second is too little to judge by.
    Ratio {
        /// Numerator.
        of: Sample,
        /// Denominator.
        to: Sample,
        /// Smallest denominator that says anything.
        to_min: f64,
    },
    /// One number less another.
    Difference {
        /// Minuend.
        of: Sample,
        /// Subtrahend.
        minus: Sample,
    },
    /// How far equity lies below its peak, as a ratio of the peak.
    Drawdown {
        /// Mark to market, base currency.
        equity: Sample,
        /// The peak that the producer knows.
        peak: Sample,
    },
    /// Seconds since anything arrived.
    Silence(Sample),
    /// Something that only the engine can tell, and why.
    Engine(String),
}

/// One number from the rows of a table.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Sample {
    /// Table.
    pub table: String,
    /// Column; none means that each row is a 1.
    pub column: Option<String>,
    /// 1 where the column has one of these words and 0 where it has another; empty for a number.
    pub words: Vec<String>,
    /// Which rows.
    pub filters: Vec<Filter>,
    /// What becomes of several rows.
    pub function: Function,
    /// Rows of the last so much time; none means the newest row.
    pub over: Option<Duration>,
    /// With fewer rows there is too little to judge by.
    pub rows_min: u32,
}

/// A number from several rows.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Function {
    /// The newest.
    Last,
    /// How many there are.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The quantile, from 0 to 1.
    Quantile(f64),
    /// The largest less the smallest: by how much a counter grew, when it did not start anew.
    Increase,
    /// Seconds since the moment that the column holds.
    SinceValue,
}

impl Rule {
    /// A rule that fires when `measure` compares so with `limit`, in `unit`.
    pub fn new(
        name: impl Into<String>,
        measure: Measure,
        compare: Compare,
        limit: f64,
        unit: Unit,
    ) -> Self {
        let name = name.into();
        Self {
            title: name.clone(),
            name,
            severity: Severity::Warning,
            measure,
            compare,
            limit,
            resolve_at: None,
            unit,
            by: Vec::new(),
            pending_for: Duration::ZERO,
            keep_firing_for: Duration::ZERO,
            on_absent: OnAbsent::NoData,
            meaning: String::new(),
            action: String::new(),
            runbook: String::new(),
            labels: Vec::new(),
        }
    }

    /// As bad as this.
    #[must_use]
    pub fn of_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// One alert for each set of values of these labels.
    #[must_use]
    pub fn by<'a>(self, labels: impl IntoIterator<Item = &'a str>) -> Self {
        Self { by: labels.into_iter().map(str::to_owned).collect(), ..self }
    }
}

impl Sample {
    /// The newest value of a column.
    pub fn last(table: impl Into<String>, column: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            column: Some(column.into()),
            words: Vec::new(),
            filters: Vec::new(),
            function: Function::Last,
            over: None,
            rows_min: 0,
        }
    }

    /// `function` of a column over the rows of the last `span`; without a column each row is a 1.
    pub fn over(
        table: impl Into<String>,
        column: Option<&str>,
        function: Function,
        span: Duration,
    ) -> Self {
        let column = column.map(str::to_owned);
        Self { column, function, over: Some(span), ..Self::last(table, "") }
    }

    /// Only rows with one of these words in a column; `*` stands for anything.
    #[must_use]
    pub fn only<'a>(
        mut self,
        column: impl Into<String>,
        words: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let words = words.into_iter().map(str::to_owned).collect();
        self.filters.push(Filter::Is { column: column.into(), words });
        self
    }

    /// Only rows with none of these words in a column.
    #[must_use]
    pub fn without<'a>(
        mut self,
        column: impl Into<String>,
        words: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let words = words.into_iter().map(str::to_owned).collect();
        self.filters.push(Filter::IsNot { column: column.into(), words });
        self
    }

    /// Whether it reads this column of this table.
    #[must_use]
    pub fn reads(&self, table: &str, column: Option<&str>) -> bool {
        self.table == table && self.column.as_deref() == column
    }
}

impl Severity {
    /// As it is written in files and columns.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl Compare {
    /// Whether larger values are worse.
    #[must_use]
    pub fn is_upper(self) -> bool {
        matches!(self, Self::Above | Self::AtLeast)
    }

    /// The sign that people know.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => "≥",
            Self::Below => "<",
            Self::AtMost => "≤",
            Self::Equal => "=",
            Self::NotEqual => "≠",
        }
    }
}
