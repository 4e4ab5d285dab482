//! The emit functions: one for each table, with the table's columns as keywords.

mod operations;
mod state;
mod trading;

use plimsoll_metrics::built_in;
use plimsoll_metrics::schema::Origin;
use pyo3::prelude::*;

/// The emit function of one table, on each handle that has one. Columns in parentheses must be given.
macro_rules! emits {
    ([$($handle:ident),+] $function:tt) => {
        $($crate::rows::emit! { $handle $function })+
    };
}
use emits;

macro_rules! emit {
    ($handle:ident {
        $(#[doc = $doc:literal])+
        $emit:ident($($given:ident: $given_type:ty),* $(,)?) = $row:expr;
        $($(#[doc = $column_doc:literal])+ $column:ident: $type:ty,)*
    }) => {
        #[pyo3::pymethods]
        impl $handle {
            $(#[doc = $doc])+
            #[pyo3(signature = ($($given,)* *, $($column = None,)* reconciled = false, inferred = false))]
            #[allow(clippy::too_many_arguments, reason = "one for each column")]
            fn $emit(
                &self,
                $($given: $given_type,)*
                $($column: Option<$type>,)*
                reconciled: bool,
                inferred: bool,
            ) {
                let mut row = $row;
                $(if let Some(value) = $column {
                    row = row.$column($crate::value::Argument::value(value));
                })*
                if reconciled {
                    row = row.reconciled();
                }
                if inferred {
                    row = row.inferred();
                }
                self.inner.$emit(row);
            }
        }
    };
}
use emit;

/// Columns of each table that a row itself carries, by table.
#[pyfunction]
pub(crate) fn tables() -> Vec<(String, Vec<String>)> {
    let columns = |schema: &plimsoll_metrics::Schema| {
        let own = schema.columns.iter().filter(|column| !matches!(column.origin, Origin::Series));
        own.map(|column| column.name.to_string()).collect()
    };
    built_in().map(|(_, schema)| (schema.name.to_string(), columns(schema))).collect()
}
