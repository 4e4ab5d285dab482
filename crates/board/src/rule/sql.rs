//! The value of a rule as a query.

use std::time::Duration;

use super::{Function, Measure, Rule, Sample};
use crate::{
    query::{Filter, Query, QueryProblem, Reduce, Shape, Span, Value, newest, total, value},
    table::Tables,
    unit::Unit,
};

/// How far back a rule looks for a newest row, or for a sign of life.
const LATEST: Duration = Duration::from_secs(24 * 3_600);

/// Why a rule has no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unrendered {
    /// Only the engine can tell.
    #[error("only the engine can tell it: {why}")]
    Engine {
        /// Why.
        why: String,
    },
    /// It does not fit the tables.
    #[error("it does not fit the tables")]
    Query {
        /// Cause.
        source: QueryProblem,
    },
}

impl Rule {
    /// A query for the column `value`, one row for each alert; and how far back it looks.
    ///
    /// # Errors
    ///
    /// [`Unrendered`].
    pub fn query(&self, tables: &Tables) -> Result<(Query, Duration), Unrendered> {
        let unit = self.unit;
        let (mut query, span) = match &self.measure {
            Measure::Value(sample) => (self.worked_out(sample, unit), span_of(sample)),
            Measure::Silence(sample) => (self.silence(sample), LATEST),
            Measure::Ratio { of, to, to_min } => {
                let whole = to_min.max(f64::MIN_POSITIVE);
                let ratio = format!(
                    "CASE WHEN {{whole}} >= {whole:e} THEN 1.0 * coalesce({{part}}, 0.0) / {{whole}} END"
                );
                (self.pair(of, to, ["part", "whole"], &ratio), longest(of, to))
            }
            Measure::Difference { of, minus } => {
                (self.pair(of, minus, ["part", "less"], "{part} - {less}"), longest(of, minus))
            }
            Measure::Drawdown { equity, peak } => {
                let ratio =
                    "CASE WHEN {equity} <= 0 THEN 1.0 ELSE ({peak} - {equity}) / {peak} END";
                (self.pair(equity, peak, ["equity", "peak"], ratio), longest(equity, peak))
            }
            Measure::Engine(why) => return Err(Unrendered::Engine { why: why.clone() }),
        };
        query.resolve(tables).map_err(|source| Unrendered::Query { source })?;
        Ok((query, span))
    }

    fn labels(&self) -> Vec<&str> {
        self.by.iter().map(String::as_str).collect()
    }

    /// A number that may need a second step.
    fn worked_out(&self, sample: &Sample, unit: Unit) -> Query {
        let least = sample.rows_min;
        match sample.function {
            Function::Increase => self
                .one(sample, "largest", Reduce::Max, unit)
                .with(number("smallest", Reduce::Min, sample, unit))
                .derived("value", "{largest} - {smallest}", unit),
            Function::SinceValue => self.one(sample, "moment", Reduce::Max, Unit::Moment).derived(
                "value",
                "{moment}",
                Unit::Moment,
            ),
            _ if least > 0 => {
                let enough = format!("CASE WHEN {{rows}} >= {least} THEN {{number}} END");
                self.one(sample, "number", reduce(sample), unit)
                    .with(value("rows", Reduce::Count, "", Unit::Count))
                    .derived("value", &enough, unit)
            }
            _ => self.one(sample, "value", reduce(sample), unit),
        }
    }

    fn silence(&self, sample: &Sample) -> Query {
        let mut query = total(&sample.table).by(&self.labels());
        for filter in &sample.filters {
            query = query.filtered(filter.clone());
        }
        query
            .with(value("value", Reduce::Max, "ts_init", Unit::Moment))
            .of(Span::Last(nanos(LATEST)))
    }

    fn pair(&self, a: &Sample, b: &Sample, names: [&str; 2], derived: &str) -> Query {
        let one = self.one(a, names[0], reduce(a), self.unit);
        let other = self.one(b, names[1], reduce(b), self.unit);
        one.and(other).derived("value", derived, self.unit)
    }

    fn one(&self, sample: &Sample, name: &str, reduce: Reduce, unit: Unit) -> Query {
        let query = match (sample.over, sample.function) {
            (None, Function::Last) => newest(&sample.table),
            _ => total(&sample.table),
        };
        let mut query = query.by(&self.labels());
        for filter in &sample.filters {
            query = query.filtered(filter.clone());
        }
        if let Some(column) = &sample.column {
            query = query.filtered(Filter::Known { column: column.clone() });
        }
        let reduce = if query.parts.iter().any(|part| part.shape == Shape::Newest) {
            Reduce::Last
        } else {
            reduce
        };
        query.with(number(name, reduce, sample, unit)).of(Span::Last(nanos(span_of(sample))))
    }
}

fn longest(a: &Sample, b: &Sample) -> Duration {
    span_of(a).max(span_of(b))
}

fn span_of(sample: &Sample) -> Duration {
    sample.over.unwrap_or(LATEST)
}

fn nanos(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

/// The number that a sample is made of; rows are counted where each is a 1.
fn number(name: &str, reduce: Reduce, sample: &Sample, unit: Unit) -> Value {
    let reduce = match reduce {
        Reduce::Sum if sample.column.is_none() => Reduce::Count,
        other => other,
    };
    Value { name: name.to_owned(), expr: expr(sample), reduce, unit }
}

fn expr(sample: &Sample) -> String {
    let Some(column) = &sample.column else { return "1.0".to_owned() };
    if sample.words.is_empty() {
        return format!("{{{column}}}");
    }
    let words: Vec<String> = sample.words.iter().map(|word| crate::query::literal(word)).collect();
    format!("CASE WHEN {{{column}}} IN ({}) THEN 1.0 ELSE 0.0 END", words.join(", "))
}

fn reduce(sample: &Sample) -> Reduce {
    match sample.function {
        Function::Last => Reduce::Last,
        Function::Count => Reduce::Count,
        Function::Sum => Reduce::Sum,
        Function::Mean => Reduce::Mean,
        Function::Min => Reduce::Min,
        Function::Max | Function::Increase | Function::SinceValue => Reduce::Max,
        Function::Quantile(q) => Reduce::Quantile(q),
    }
}
