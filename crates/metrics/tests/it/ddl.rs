//! The tables, as both stores get them: public, so a change shows in the golden file.

use std::{fmt::Write, fs, path::Path};

use plimsoll_metrics::{
    Column, ColumnType, Key, Schema, built_in,
    ddl::{DdlError, Dialect, check, create},
};

#[test]
fn every_table_is_made_as_the_golden_file_says() {
    let mut all = String::new();
    for dialect in [Dialect::QuestDb, Dialect::Sqlite] {
        for (_, schema) in built_in() {
            writeln!(all, "-- {dialect:?} {}", schema.name).unwrap();
            for statement in create(schema, dialect, "") {
                writeln!(all, "{statement};").unwrap();
            }
        }
    }
    let now = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ddl.sql");
    fs::write(&now, &all).unwrap();
    let golden = include_str!("ddl.sql");
    let line = all.lines().zip(golden.lines()).position(|(a, b)| a != b);
    assert!(
        all == golden,
        "tests/it/ddl.sql differs from line {line:?} on; if that is meant, copy {} over it",
        now.display()
    );
}

#[test]
fn a_prefix_and_a_ttl_that_does_not_fit_the_partition_are_sql_that_questdb_takes() {
    let mut schema = Schema::own("mine", &[]);
    schema.partition = plimsoll_metrics::Partition::Month;
    schema.ttl = plimsoll_metrics::Ttl::Days(40);
    let sql = create(&schema, Dialect::QuestDb, "bt_").pop().unwrap();
    assert!(sql.starts_with("CREATE TABLE IF NOT EXISTS \"bt_mine\""), "{sql}");
    assert!(sql.contains("PARTITION BY MONTH TTL 2 MONTHS WAL"), "{sql}");
}

#[test]
fn names_that_collide_are_refused() {
    struct Case {
        name: &'static str,
        table: &'static str,
        columns: &'static [&'static str],
        wanted: Option<&'static str>,
    }
    let cases = [
        Case { name: "plain", table: "mine", columns: &["a", "b"], wanted: None },
        Case { name: "word of SQL", table: "select", columns: &["from", "order"], wanted: None },
        Case { name: "empty", table: "", columns: &[], wanted: Some("name ``") },
        Case { name: "digit first", table: "1a", columns: &[], wanted: Some("name `1a`") },
        Case { name: "quote", table: "a\"b", columns: &[], wanted: Some("name `a\"b`") },
        Case { name: "no ASCII", table: "m", columns: &["é"], wanted: Some("name `é`") },
        Case { name: "texts", table: "Strings", columns: &[], wanted: Some("reserved") },
        Case { name: "SQLite's", table: "sqlite_x", columns: &[], wanted: Some("reserved") },
        Case { name: "built in", table: "Trading_PnL", columns: &[], wanted: Some("built in") },
        Case { name: "leading", table: "m", columns: &["TS"], wanted: Some("`TS` twice") },
        Case { name: "twice", table: "m", columns: &["a", "A"], wanted: Some("`A` twice") },
    ];
    for case in cases {
        let mut schema = Schema::own(case.table, &[]);
        let column = |name: &&str| Column::dynamic((*name).to_owned(), ColumnType::Double);
        schema.columns = case.columns.iter().map(column).collect::<Vec<_>>().into();
        match (check(&schema), case.wanted) {
            (Ok(()), None) => {}
            (Err(error), Some(wanted)) if error.to_string().contains(wanted) => {}
            (found, _) => panic!("{}: {found:?}", case.name),
        }
    }
    let mut long = Schema::own("m", &[]);
    long.name = "m".repeat(128).into();
    assert!(matches!(check(&long), Err(DdlError::Name { .. })));
    long.name = "m".repeat(127).into();
    assert_eq!(check(&long), Ok(()));
}

#[test]
fn a_key_must_begin_with_ts_and_name_columns() {
    for keys in [vec!["account_id", "ts"], vec!["ts", "nowhere"], vec![]] {
        let mut schema = Schema::own("m", &[]);
        schema.key = Key::Natural(keys.iter().map(|k| (*k).into()).collect::<Vec<_>>().into());
        assert!(matches!(check(&schema), Err(DdlError::Key { .. })), "{keys:?}");
    }
}

#[test]
fn every_built_in_table_passes_the_check() {
    for (_, schema) in built_in() {
        assert_eq!(check(schema), Ok(()), "{}", schema.name);
    }
}
