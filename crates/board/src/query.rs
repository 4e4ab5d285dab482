//! A query as data: which rows, what becomes of them, and what the answer's columns mean. The SQL of
//! each store is rendered from it, so the two cannot ask different questions.

mod build;
mod check;
mod filter;
mod render;

use crate::{scope::Variable, unit::Unit};

pub(crate) use build::{newest, over_time, rows, share, total, value};
pub use check::QueryProblem;
pub use filter::Filter;
pub(crate) use filter::literal;
pub use render::{DataSource, EVERYTHING};

/// What a query is made of, and how its answer reads.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Query {
    /// Columns of the answer that tell one line from another.
    pub labels: Vec<String>,
    /// Whether each answer row has a moment, in the column `time`.
    pub has_time: bool,
    /// Where the values come from. Several are laid side by side by their labels.
    pub parts: Vec<Part>,
    /// Values worked out from the others.
    pub derived: Vec<Derived>,
    /// SQL over columns of the answer in braces, true for the rows that stay.
    pub kept: Option<String>,
    /// Column to order by and whether the largest comes first; else by time and labels.
    pub order: Option<(String, bool)>,
    /// At most so many rows; 0 = no bound.
    pub limit: u32,
    /// Labels that are moments; filled in when the query is checked.
    pub moments: Vec<String>,
}

/// Rows of one table, reduced.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Part {
    /// Table.
    pub table: String,
    /// Which rows.
    pub filters: Vec<Filter>,
    /// What becomes of them.
    pub shape: Shape,
    /// Further columns that tell series apart; over them values are combined.
    pub per: Vec<String>,
    /// Values.
    pub values: Vec<Value>,
    /// Of which time.
    pub span: Span,
    /// Choices of a person that do not matter here.
    pub ignored: Vec<Variable>,
    /// Choices that the table has columns for; filled in when the query is checked.
    pub variables: Vec<Variable>,
}

/// What becomes of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// One row of the answer for each step of time and set of labels.
    OverTime,
    /// One row for each set of labels.
    Total,
    /// The newest row for each set of labels.
    Newest,
    /// The rows as they are, newest first.
    Rows,
}

/// Rows of which time count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Span {
    /// Those of the range that is looked at.
    Range,
    /// Those of so many nanoseconds before its end.
    Last(i64),
    /// All before its end.
    Ever,
}

/// A value of an answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Value {
    /// Name of the column.
    pub name: String,
    /// SQL over columns in braces, `{last_qty} * {last_px}`.
    pub expr: String,
    /// What becomes of several.
    pub reduce: Reduce,
    /// What it is measured in.
    pub unit: Unit,
}

/// A value worked out from other values of the answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Derived {
    /// Name of the column.
    pub name: String,
    /// SQL over columns of the answer in braces.
    pub expr: String,
    /// What it is measured in.
    pub unit: Unit,
}

/// What becomes of several values.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Reduce {
    /// The one of the newest row.
    Last,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// How many there are.
    Count,
    /// How many different ones there are.
    Distinct,
    /// The quantile, from 0 to 1: the smallest value that so many of all do not exceed.
    Quantile(f64),
}

/// What a column of an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// A moment.
    Time,
    /// Tells one line from another.
    Label,
    /// A value.
    Value,
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// Name.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// What it is measured in.
    pub unit: Unit,
}

impl Query {
    /// Columns of the answer, in their order.
    #[must_use]
    pub fn outputs(&self) -> Vec<Output> {
        let time = self.has_time.then(|| output("time", Role::Time, Unit::Moment));
        let labels = self.labels.iter().map(|name| {
            let unit = if self.moments.contains(name) { Unit::Moment } else { Unit::Text };
            output(name, Role::Label, unit)
        });
        let values = self.values().map(|v| output(&v.name, Role::Value, v.unit));
        let derived = self.derived.iter().map(|d| output(&d.name, Role::Value, d.unit));
        time.into_iter().chain(labels).chain(values).chain(derived).collect()
    }

    /// Names of the tables that it reads.
    #[must_use]
    pub fn tables(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.parts.iter().map(|part| part.table.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Values of all parts, each name once.
    fn values(&self) -> impl Iterator<Item = &Value> {
        let all: Vec<&Value> = self.parts.iter().flat_map(|part| &part.values).collect();
        let is_first = move |(at, value): &(usize, &Value)| {
            !all.iter().take(*at).any(|earlier| earlier.name == value.name)
        };
        self.parts.iter().flat_map(|part| &part.values).enumerate().filter(is_first).map(|(_, v)| v)
    }

    /// Whether one part is the whole answer.
    fn is_plain(&self) -> bool {
        self.derived.is_empty() && matches!(self.parts.as_slice(), [part] if part.per.is_empty())
    }
}

fn output(name: &str, role: Role, unit: Unit) -> Output {
    Output { name: name.to_owned(), role, unit }
}

/// Names in braces of an expression.
pub(crate) fn names(expr: &str) -> impl Iterator<Item = &str> {
    expr.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

/// An expression with its names as SQL names.
pub(crate) fn sql_of(expr: &str) -> String {
    expr.replace(['{', '}'], "\"")
}
