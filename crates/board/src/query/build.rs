//! Words to write queries in.

use super::{Derived, Filter, Part, Query, Reduce, Shape, Span, Value};
use crate::{scope::Variable, unit::Unit};

/// For each step of time.
pub(crate) fn over_time(table: &str) -> Query {
    Query { has_time: true, ..one(table, Shape::OverTime) }
}

/// Over the whole range.
pub(crate) fn total(table: &str) -> Query {
    one(table, Shape::Total)
}

/// The newest row of each set of labels.
pub(crate) fn newest(table: &str) -> Query {
    one(table, Shape::Newest)
}

/// Rows, newest first.
pub(crate) fn rows(table: &str, limit: u32) -> Query {
    Query { has_time: true, limit, ..one(table, Shape::Rows) }
}

fn one(table: &str, shape: Shape) -> Query {
    let part = Part {
        table: table.to_owned(),
        filters: Vec::new(),
        shape,
        per: Vec::new(),
        values: Vec::new(),
        span: Span::Range,
        ignored: Vec::new(),
        variables: Vec::new(),
    };
    Query {
        labels: Vec::new(),
        has_time: false,
        parts: vec![part],
        derived: Vec::new(),
        kept: None,
        order: None,
        limit: 0,
        moments: Vec::new(),
    }
}

/// A value: a column or SQL over columns in braces.
pub(crate) fn value(name: &str, reduce: Reduce, expr: &str, unit: Unit) -> Value {
    let expr = if expr.contains('{') || reduce == Reduce::Count && expr.is_empty() {
        expr.to_owned()
    } else {
        format!("{{{expr}}}")
    };
    Value { name: name.to_owned(), expr, reduce, unit }
}

/// SQL of a share that is nothing when the whole is.
pub(crate) fn share(of: &str, whole: &str) -> String {
    format!("CASE WHEN {{{whole}}} > 0 THEN 1.0 * {{{of}}} / {{{whole}}} END")
}

impl Query {
    /// With one line or row for each set of values of these columns.
    pub(crate) fn by(mut self, labels: &[&str]) -> Self {
        self.labels = labels.iter().map(ToString::to_string).collect();
        self
    }

    /// Combined over these columns too.
    pub(crate) fn per(self, columns: &[&str]) -> Self {
        self.last_part(|part| part.per = columns.iter().map(ToString::to_string).collect())
    }

    /// With a value.
    pub(crate) fn with(self, value: Value) -> Self {
        self.last_part(|part| part.values.push(value))
    }

    /// With columns as they are, or of the newest row.
    pub(crate) fn columns(self, columns: &[(&str, Unit)]) -> Self {
        columns.iter().fold(self, |query, (column, unit)| {
            query.with(value(column, Reduce::Last, column, *unit))
        })
    }

    /// Only rows with one of these words.
    pub(crate) fn only(self, column: &str, words: &[&str]) -> Self {
        self.filtered(Filter::Is { column: column.to_owned(), words: owned(words) })
    }

    /// Only rows with none of these words.
    pub(crate) fn without(self, column: &str, words: &[&str]) -> Self {
        self.filtered(Filter::IsNot { column: column.to_owned(), words: owned(words) })
    }

    /// Only rows where the column has a value.
    pub(crate) fn known(self, column: &str) -> Self {
        self.filtered(Filter::Known { column: column.to_owned() })
    }

    /// Only rows where this is true.
    pub(crate) fn where_true(self, expr: &str) -> Self {
        self.filtered(Filter::True { expr: expr.to_owned() })
    }

    pub(crate) fn filtered(self, filter: Filter) -> Self {
        self.last_part(|part| part.filters.push(filter))
    }

    /// Of this time.
    pub(crate) fn of(self, span: Span) -> Self {
        self.last_part(|part| part.span = span)
    }

    /// Whatever was chosen for these.
    pub(crate) fn ignoring(self, variables: &[Variable]) -> Self {
        self.last_part(|part| part.ignored = variables.to_vec())
    }

    /// Beside another query with the same labels.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// With a value worked out from the others.
    pub(crate) fn derived(mut self, name: &str, expr: &str, unit: Unit) -> Self {
        self.derived.push(Derived { name: name.to_owned(), expr: expr.to_owned(), unit });
        self
    }

    /// Only rows of the answer where this is true.
    pub(crate) fn keeping(mut self, expr: &str) -> Self {
        self.kept = Some(expr.to_owned());
        self
    }

    /// Largest of this column first, at most so many rows.
    pub(crate) fn top(mut self, column: &str, limit: u32) -> Self {
        self.order = Some((column.to_owned(), true));
        self.limit = limit;
        self
    }

    fn last_part(mut self, change: impl FnOnce(&mut Part)) -> Self {
        if let Some(part) = self.parts.last_mut() {
            change(part);
        }
        self
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}
