//! Whether a query fits the tables.

use super::{Query, names};
use crate::{
    scope::Variable,
    table::{ColumnKind, Tables},
};

/// Why a query cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryProblem {
    /// No such table.
    #[error("there is no table `{table}`")]
    Table {
        /// Name.
        table: String,
    },
    /// No such column.
    #[error("table `{table}` has no column `{column}`")]
    Column {
        /// Table.
        table: String,
        /// Column.
        column: String,
    },
    /// A value is worked out from one that is not there.
    #[error("there is no value `{name}` to work with")]
    Value {
        /// Name.
        name: String,
    },
}

impl Query {
    /// Looks everything up, and notes which choices of a person the tables have columns for.
    pub(crate) fn resolve(&mut self, tables: &Tables) -> Result<(), QueryProblem> {
        let labels = self.labels.clone();
        for part in &mut self.parts {
            let table = tables
                .get(&part.table)
                .ok_or_else(|| QueryProblem::Table { table: part.table.clone() })?;
            let in_filters = part.filters.iter().flat_map(super::Filter::columns);
            let in_values = part.values.iter().flat_map(|value| names(&value.expr));
            let by = labels.iter().chain(&part.per).map(String::as_str);
            if let Some(column) =
                in_filters.chain(in_values).chain(by).find(|column| !table.has(column))
            {
                let column = column.to_owned();
                return Err(QueryProblem::Column { table: part.table.clone(), column });
            }
            let is_moment =
                |label: &&String| table.columns.get(*label) == Some(&ColumnKind::Moment);
            self.moments = labels.iter().filter(is_moment).cloned().collect();
            let matters = |v: &Variable| table.has(v.column()) && !part.ignored.contains(v);
            part.variables = Variable::ALL.into_iter().filter(matters).collect();
        }
        let outputs = self.outputs();
        let derived = self.derived.iter().flat_map(|derived| names(&derived.expr));
        let ordered = self.order.iter().map(|(column, _)| column.as_str());
        let kept = self.kept.iter().flat_map(|expr| names(expr));
        match derived
            .chain(ordered)
            .chain(kept)
            .find(|name| outputs.iter().all(|o| o.name != *name))
        {
            Some(name) => Err(QueryProblem::Value { name: name.to_owned() }),
            None => Ok(()),
        }
    }
}
