//! Which tables of a store can be copied.

use std::borrow::Cow;

use crate::{
    ddl::type_of,
    migrate::ExistingTable,
    schema::{Column, LEADING, Schema},
    tables::built_in,
};

/// The tables that have an identity of ours, with the columns that the store has of them.
pub(super) fn ours(existing: &[ExistingTable]) -> Vec<Schema> {
    existing.iter().filter_map(schema).collect()
}

fn schema(found: &ExistingTable) -> Option<Schema> {
    let is_leading = |column: &Column| found.column(&column.name).is_some();
    if !LEADING.iter().all(is_leading) {
        return None;
    }
    let known = built_in().find(|(_, known)| known.name.eq_ignore_ascii_case(&found.name));
    let schema = match known {
        Some((_, known)) => {
            let columns =
                known.columns.iter().filter(|column| found.column(&column.name).is_some());
            Schema { columns: columns.cloned().collect(), ..known.clone() }
        }
        None => {
            let mut schema = Schema::own("", &[]);
            schema.name = Cow::Owned(found.name.clone());
            schema.columns = own_columns(found);
            schema
        }
    };
    let is_key = |name: &&str| found.keys.iter().any(|key| key.eq_ignore_ascii_case(name));
    let wanted = schema.key_columns();
    (wanted.len() == found.keys.len() && wanted.iter().all(is_key)).then_some(schema)
}

fn own_columns(found: &ExistingTable) -> Cow<'static, [Column]> {
    let is_own = |name: &str| !LEADING.iter().any(|l| l.name.eq_ignore_ascii_case(name));
    let columns = found.columns.iter().filter(|column| is_own(&column.name));
    columns
        .filter_map(|column| Some(Column::dynamic(column.name.clone(), type_of(&column.ty)?)))
        .collect()
}
