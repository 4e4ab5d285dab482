//! Tables of the store, as dashboards know them.

use plimsoll_board::{ColumnKind, Table, Tables};
use plimsoll_metrics::{ColumnType, built_in};

/// The built-in tables.
pub(crate) fn tables() -> Tables {
    let table = |schema: &plimsoll_metrics::Schema| {
        let columns = schema.all_columns().map(|column| (column.name.as_ref(), kind(column.ty)));
        Table::new(schema.name.as_ref(), columns)
    };
    built_in().map(|(_, schema)| table(schema)).collect()
}

fn kind(ty: ColumnType) -> ColumnKind {
    match ty {
        ColumnType::Symbol => ColumnKind::Label,
        ColumnType::Varchar => ColumnKind::Text,
        ColumnType::Timestamp => ColumnKind::Moment,
        _ => ColumnKind::Number,
    }
}

#[cfg(test)]
mod tests {
    /// The dashboards' own tests run over a copy of the tables, which must be the tables.
    #[test]
    fn the_tables_that_dashboards_are_tested_with_are_these() {
        let copy = include_str!("../../../board/tests/fixtures/tables.txt");
        let copy: Vec<&str> = copy.lines().filter(|line| !line.starts_with('#')).collect();
        let ours = super::tables();
        let ours = ours.iter().map(|table| {
            let columns = table
                .columns
                .iter()
                .map(|(name, kind)| format!("{name}:{}", format!("{kind:?}").to_lowercase()));
            format!("{} {}", table.name, columns.collect::<Vec<_>>().join(" "))
        });
        assert_eq!(ours.collect::<Vec<_>>(), copy);
    }
}
