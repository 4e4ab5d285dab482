//! A query as SQL of one store, or of a Grafana data source.

use super::{
    Part, Query, Reduce, Shape, Span, Value,
    filter::{Filter, literal},
    sql_of,
};
use crate::{
    scope::{Dialect, Scope, Variable},
    unit::Unit,
};

/// Value of a Grafana variable that stands for everything.
pub const EVERYTHING: &str = "__all";

/// How Grafana reaches the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataSource {
    /// By QuestDB's own plugin.
    Plugin,
    /// By the wire protocol of `PostgreSQL`.
    Postgres,
}

/// Who will run the text.
#[derive(Debug, Clone, Copy)]
enum Target<'a> {
    /// A store, for this scope.
    Store(Dialect, &'a Scope),
    /// Grafana on a dashboard, which fills in range, step and choices.
    Dashboard(DataSource, &'a str),
    /// Grafana for a rule, which fills in the range; there are no choices.
    Rule(DataSource, &'a str),
}

impl Query {
    /// The query in the words of a store. A query of [`Board`](crate::Board) fits the tables.
    #[must_use]
    pub fn sql(&self, dialect: Dialect, scope: &Scope) -> String {
        self.render(&Target::Store(dialect, scope))
    }

    /// The query of a panel in Grafana, which fills in range, step and choices; `prefix` stands before
    /// each table's name.
    #[must_use]
    pub fn grafana_sql(&self, source: DataSource, prefix: &str) -> String {
        self.render(&Target::Dashboard(source, prefix))
    }

    /// The query of a rule in Grafana, which fills in the range.
    #[must_use]
    pub fn grafana_rule_sql(&self, source: DataSource, prefix: &str) -> String {
        self.render(&Target::Rule(source, prefix))
    }

    fn render(&self, target: &Target<'_>) -> String {
        let mut sql = if self.is_plain() {
            self.parts.iter().map(|part| self.part(part, target)).collect()
        } else {
            self.combined(target)
        };
        if let Some(kept) = &self.kept {
            sql = format!("SELECT * FROM ({sql}) WHERE {}", sql_of(kept));
        }
        let order = self.order_columns();
        if !order.is_empty() {
            sql.push_str(&format!(" ORDER BY {order}"));
        }
        if self.limit > 0 {
            sql.push_str(&format!(" LIMIT {}", self.limit));
        }
        sql
    }

    fn order_columns(&self) -> String {
        if let Some((column, largest_first)) = &self.order {
            let direction = if *largest_first { " DESC" } else { "" };
            // Equal values need an order too, or two stores show different rows.
            return list([format!("\"{column}\"{direction}")].into_iter().chain(self.keys()));
        }
        if self.parts.iter().any(|part| part.shape == Shape::Rows) {
            return "\"ts\" DESC, \"run\" DESC, \"seq\" DESC".to_owned();
        }
        list(self.keys())
    }

    /// Time and labels, quoted.
    fn keys(&self) -> impl Iterator<Item = String> {
        let time = self.has_time.then(|| "\"time\"".to_owned());
        time.into_iter().chain(self.labels.iter().map(|label| format!("\"{label}\"")))
    }

    /// Parts laid one below the other, then reduced to one row for each key.
    fn combined(&self, target: &Target<'_>) -> String {
        let values: Vec<&Value> = self.values().collect();
        let parts = self.parts.iter().map(|part| {
            let columns = values.iter().map(|value| {
                let is_here = part.values.iter().any(|v| v.name == value.name);
                cast(value, if is_here { Some(&value.name) } else { None })
            });
            let columns = list(self.keys().chain(columns));
            format!("SELECT {columns} FROM ({})", self.part(part, target))
        });
        let parts: Vec<String> = parts.collect();
        let all = parts.join(" UNION ALL ");
        let combine = |value: &&Value| {
            let function = match value.reduce {
                Reduce::Sum | Reduce::Count => "sum",
                Reduce::Last if !self.is_text_like(value) && self.has_per() => "sum",
                Reduce::Min => "min",
                _ => "max",
            };
            format!("{function}(\"{0}\") AS \"{0}\"", value.name)
        };
        let columns = list(self.keys().chain(values.iter().map(combine)));
        let keys = list(self.keys());
        let group = if keys.is_empty() { String::new() } else { format!(" GROUP BY {keys}") };
        let reduced = format!("SELECT {columns} FROM ({all}){group}");
        if self.derived.is_empty() {
            return reduced;
        }
        let names = values.iter().map(|value| format!("\"{}\"", value.name));
        let derived = self.derived.iter().map(|d| format!("{} AS \"{}\"", sql_of(&d.expr), d.name));
        format!("SELECT {} FROM ({reduced})", list(self.keys().chain(names).chain(derived)))
    }

    fn has_per(&self) -> bool {
        self.parts.iter().any(|part| !part.per.is_empty())
    }

    fn is_text_like(&self, value: &Value) -> bool {
        matches!(value.unit, Unit::Text | Unit::Moment)
    }

    fn part(&self, part: &Part, target: &Target<'_>) -> String {
        let groups: Vec<String> =
            self.labels.iter().chain(&part.per).map(|label| format!("\"{label}\"")).collect();
        let from =
            format!("\"{}{}\" WHERE {}", prefix(target), part.table, conditions(part, target));
        match (part.shape, target.dialect()) {
            (Shape::Rows, _) => {
                let values = part.values.iter().map(|v| aliased(&sql_of(&v.expr), v));
                let columns = list(groups.into_iter().chain(values));
                format!("SELECT \"ts\" AS \"time\", {columns} FROM {from}")
            }
            (Shape::Newest, Dialect::QuestDb) => questdb_newest(part, &groups, &from),
            (Shape::Newest, Dialect::Sqlite) => sqlite_newest(part, &groups, &from),
            (_, Dialect::QuestDb) => questdb_reduced(part, &groups, &from, target),
            (_, Dialect::Sqlite) => sqlite_reduced(part, &groups, &from, target),
        }
    }
}

impl Target<'_> {
    fn dialect(&self) -> Dialect {
        match self {
            Self::Store(dialect, _) => *dialect,
            Self::Dashboard(..) | Self::Rule(..) => Dialect::QuestDb,
        }
    }
}

fn prefix<'a>(target: &Target<'a>) -> &'a str {
    match target {
        Target::Store(_, scope) => &scope.prefix,
        Target::Dashboard(_, prefix) | Target::Rule(_, prefix) => prefix,
    }
}

fn questdb_newest(part: &Part, groups: &[String], from: &str) -> String {
    let values = part.values.iter().map(|v| aliased(&sql_of(&v.expr), v));
    let columns = list(groups.iter().cloned().chain(values));
    if groups.is_empty() {
        return format!(
            "SELECT {columns} FROM (SELECT * FROM {from} ORDER BY \"ts\" DESC, \"run\" DESC, \"seq\" DESC LIMIT 1)"
        );
    }
    let keys = list(groups.iter().cloned());
    format!("SELECT {columns} FROM (SELECT * FROM {from} LATEST ON \"ts\" PARTITION BY {keys})")
}

fn sqlite_newest(part: &Part, groups: &[String], from: &str) -> String {
    let inner = part.values.iter().enumerate().map(|(n, v)| format!("{} AS v{n}", sql_of(&v.expr)));
    let inner = list(groups.iter().cloned().chain(inner));
    let values = part.values.iter().enumerate().map(|(n, v)| aliased(&format!("v{n}"), v));
    let columns = list(groups.iter().cloned().chain(values));
    let newest = newest_number(groups);
    format!(
        "SELECT {columns} FROM (SELECT {inner}, {newest} AS newest FROM {from}) WHERE newest = 1"
    )
}

fn questdb_reduced(part: &Part, groups: &[String], from: &str, target: &Target<'_>) -> String {
    let values = part.values.iter().map(|value| {
        let v = sql_of(&value.expr);
        let sql = match value.reduce {
            Reduce::Last => format!("last({v})"),
            Reduce::Min => format!("min({v})"),
            Reduce::Max => format!("max({v})"),
            Reduce::Sum => format!("sum({v})"),
            Reduce::Mean => format!("avg({v})"),
            Reduce::Count if v.is_empty() => "count()".to_owned(),
            Reduce::Count => format!("count({v})"),
            Reduce::Distinct => format!("count_distinct({v})"),
            // The function refuses a query over one negative value; a clock that is off gives some.
            Reduce::Quantile(q) => {
                format!("approx_percentile(CASE WHEN {v} < 0 THEN 0.0 ELSE {v} END, {q}, 3)")
            }
        };
        aliased(&sql, value)
    });
    let columns = groups.iter().cloned().chain(values);
    if part.shape == Shape::OverTime {
        let columns = list(columns);
        let every = every(target);
        return format!(
            "SELECT \"ts\" AS \"time\", {columns} FROM {from} SAMPLE BY {every} ALIGN TO CALENDAR"
        );
    }
    let group = if groups.is_empty() {
        String::new()
    } else {
        format!(" GROUP BY {}", list(groups.iter().cloned()))
    };
    format!("SELECT {} FROM {from}{group}", list(columns))
}

fn sqlite_reduced(part: &Part, groups: &[String], from: &str, target: &Target<'_>) -> String {
    let step = match target {
        Target::Store(_, scope) => scope.step_ns.max(1),
        _ => 1,
    };
    let time = (part.shape == Shape::OverTime).then(|| format!("\"ts\" / {step} * {step}"));
    let keys: Vec<String> =
        time.iter().map(|_| "\"time\"".to_owned()).chain(groups.iter().cloned()).collect();
    let partition: Vec<String> = time.iter().cloned().chain(groups.iter().cloned()).collect();
    let mut inner: Vec<String> =
        time.map(|time| format!("{time} AS \"time\"")).into_iter().collect();
    inner.extend(groups.iter().cloned());
    let mut outer = keys.clone();
    if part.values.iter().any(|value| value.reduce == Reduce::Last) {
        inner.push(format!("{} AS newest", newest_number(&partition)));
    }
    for (n, value) in part.values.iter().enumerate() {
        let v = sql_of(&value.expr);
        if !v.is_empty() {
            inner.push(format!("{v} AS v{n}"));
        }
        let sql = match value.reduce {
            Reduce::Last => format!("max(CASE WHEN newest = 1 THEN v{n} END)"),
            Reduce::Min => format!("min(v{n})"),
            Reduce::Max => format!("max(v{n})"),
            Reduce::Sum => format!("sum(v{n})"),
            Reduce::Mean => format!("avg(v{n})"),
            Reduce::Count if v.is_empty() => "count(*)".to_owned(),
            Reduce::Count => format!("count(v{n})"),
            Reduce::Distinct => format!("count(DISTINCT v{n})"),
            Reduce::Quantile(q) => {
                let over = window(&partition);
                let ranked = format!("ORDER BY {v} IS NULL, {v}");
                inner.push(format!("row_number() OVER ({over}{ranked}) AS r{n}"));
                inner.push(format!("count({v}) OVER ({over}) AS n{n}"));
                format!("min(CASE WHEN r{n} >= {q} * n{n} THEN v{n} END)")
            }
        };
        outer.push(aliased(&sql, value));
    }
    if inner.is_empty() {
        inner.push("1".to_owned());
    }
    let group = if keys.is_empty() { String::new() } else { format!(" GROUP BY {}", list(keys)) };
    format!("SELECT {} FROM (SELECT {} FROM {from}){group}", list(outer), list(inner))
}

/// 1 for the newest row of each group.
fn newest_number(groups: &[String]) -> String {
    let over = window(groups);
    format!("row_number() OVER ({over}ORDER BY \"ts\" DESC, \"run\" DESC, \"seq\" DESC)")
}

fn window(groups: &[String]) -> String {
    if groups.is_empty() {
        String::new()
    } else {
        format!("PARTITION BY {} ", list(groups.iter().cloned()))
    }
}

/// The step of time in QuestDB's words.
fn every(target: &Target<'_>) -> String {
    match target {
        Target::Store(_, scope) => format!("{}s", (scope.step_ns / 1_000_000_000).max(1)),
        Target::Dashboard(DataSource::Plugin, _) => "$__sampleByInterval".to_owned(),
        Target::Dashboard(DataSource::Postgres, _) => "$__interval".to_owned(),
        Target::Rule(..) => "1m".to_owned(),
    }
}

fn conditions(part: &Part, target: &Target<'_>) -> String {
    let mut all = vec![time(part, target)];
    all.extend(part.variables.iter().filter_map(|v| chosen(*v, target)));
    all.extend(part.filters.iter().map(|filter| filter.sql(target.dialect())));
    all.join(" AND ")
}

fn time(part: &Part, target: &Target<'_>) -> String {
    let (source, range) = match target {
        Target::Store(_, scope) => {
            let to = scope.to_ns;
            return match part.span {
                Span::Range => format!("\"ts\" >= {} AND \"ts\" < {to}", scope.from_ns),
                Span::Last(span) => {
                    format!("\"ts\" >= {} AND \"ts\" < {to}", to.saturating_sub(span))
                }
                Span::Ever => format!("\"ts\" < {to}"),
            };
        }
        Target::Dashboard(source, _) => (source, part.span),
        // The range of the rule is its window.
        Target::Rule(source, _) => (source, Span::Range),
    };
    let (filter, to) = match source {
        DataSource::Plugin => ("$__timeFilter(ts)", "$__toTime"),
        DataSource::Postgres => ("ts BETWEEN $__timeFrom() AND $__timeTo()", "$__timeTo()"),
    };
    match range {
        Span::Range => filter.to_owned(),
        Span::Last(span) => {
            let secs = span / 1_000_000_000;
            format!("\"ts\" >= dateadd('s', -{secs}, {to}) AND \"ts\" <= {to}")
        }
        Span::Ever => format!("\"ts\" <= {to}"),
    }
}

/// The rows that a person chose; nothing when all.
fn chosen(variable: Variable, target: &Target<'_>) -> Option<String> {
    let column = variable.column();
    match target {
        Target::Store(dialect, scope) => {
            let words = scope.values(variable).to_vec();
            let filter = Filter::Is { column: column.to_owned(), words };
            (!scope.values(variable).is_empty()).then(|| filter.sql(*dialect))
        }
        Target::Dashboard(..) => {
            let values = format!("${{{}:sqlstring}}", variable.name());
            let all = literal(EVERYTHING);
            Some(format!("({all} IN ({values}) OR \"{column}\" IN ({values}))"))
        }
        Target::Rule(..) => None,
    }
}

/// A value with the type that all parts agree on.
fn cast(value: &Value, column: Option<&str>) -> String {
    let ty = match value.unit {
        Unit::Text => "varchar",
        Unit::Moment => "timestamp_ns",
        _ => "double",
    };
    let from = column.map_or_else(|| "null".to_owned(), |name| format!("\"{name}\""));
    format!("cast({from} AS {ty}) AS \"{}\"", value.name)
}

fn aliased(sql: &str, value: &Value) -> String {
    format!("{sql} AS \"{}\"", value.name)
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}
