//! Tables forwards and back, interrupted and repeated.

use std::path::Path;

use plimsoll_metrics::{
    Column, ColumnType, Schema, Sink, SqliteTables, built_in,
    ddl::Dialect,
    migrate::{
        ApplyError, ExistingTable, Plan, PlanError, StoreError, TableStore, Target, apply, plan,
        rehearse,
    },
};

use crate::stored::{Build, V, ask, at, open, with};

fn plan_for(existing: &[ExistingTable], schemas: &[&Schema], version: u16) -> Plan {
    let target = Target { dialect: Dialect::Sqlite, prefix: "", schemas, version };
    plan(existing, &target).unwrap()
}

fn all() -> Vec<&'static Schema> {
    built_in().map(|(_, schema)| schema).collect()
}

#[track_caller]
fn bring(path: &Path, version: u16) -> Result<usize, ApplyError> {
    let mut store = SqliteTables::open(path, "").unwrap();
    let existing = store.existing().unwrap();
    apply(&mut store, &plan_for(&existing, &all(), version))
}

/// Tables and views as text, so that two stores can be compared.
fn shape(path: &Path) -> Vec<String> {
    let mut store = SqliteTables::open(path, "").unwrap();
    let mut shape: Vec<String> =
        store.existing().unwrap().iter().map(|table| format!("{table:?}")).collect();
    for sql in [
        "SELECT name, sql FROM sqlite_schema WHERE type = 'view' ORDER BY 1",
        "SELECT * FROM schema_columns",
        "SELECT version FROM schema_versions",
    ] {
        shape.extend(ask(path, sql).iter().map(|row| format!("{row:?}")));
    }
    shape
}

#[test]
fn applied_twice_is_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    assert_eq!(bring(&path, 2).unwrap(), all().len());
    let once = shape(&path);
    assert_eq!(bring(&path, 2).unwrap(), 0);
    assert_eq!(shape(&path), once);
}

#[test]
fn the_same_plan_applied_again_does_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    bring(&path, 1).unwrap();
    let mut store = SqliteTables::open(&path, "").unwrap();
    let plan = plan_for(&store.existing().unwrap(), &all(), 2);
    assert!(apply(&mut store, &plan).unwrap() > 0);
    assert_eq!(apply(&mut store, &plan).unwrap(), 0);
}

#[test]
fn forwards_and_back_and_forwards_is_forwards() {
    let dir = tempfile::tempdir().unwrap();
    let (direct, detour) = (dir.path().join("a.db"), dir.path().join("b.db"));
    bring(&direct, 1).unwrap();
    bring(&direct, 2).unwrap();
    for version in [1, 2, 1, 2] {
        bring(&detour, version).unwrap();
    }
    assert_eq!(shape(&direct), shape(&detour));
    bring(&direct, 1).unwrap();
    let fresh = dir.path().join("c.db");
    bring(&fresh, 1).unwrap();
    assert_eq!(shape(&direct), shape(&fresh));
}

/// A store that dies before step number `left`.
struct Dying {
    inner: SqliteTables,
    left: usize,
}

impl TableStore for Dying {
    fn existing(&mut self) -> Result<Vec<ExistingTable>, StoreError> {
        self.inner.existing()
    }
    fn execute(&mut self, statements: &[String]) -> Result<(), StoreError> {
        self.left = self.left.checked_sub(1).ok_or("killed")?;
        self.inner.execute(statements)
    }
    fn count_rows(&mut self, table: &str) -> Result<u64, StoreError> {
        self.inner.count_rows(table)
    }
    fn count_not_null(&mut self, table: &str, column: &str) -> Result<u64, StoreError> {
        self.inner.count_not_null(table, column)
    }
    fn record(&mut self, version: u16) -> Result<(), StoreError> {
        self.inner.record(version)
    }
}

#[test]
fn a_kill_between_any_two_steps_is_continued() {
    let dir = tempfile::tempdir().unwrap();
    for (from, to) in [(1, 2), (2, 1)] {
        let whole = dir.path().join(format!("whole-{to}.db"));
        bring(&whole, from).unwrap();
        let steps = bring(&whole, to).unwrap();
        assert!(steps > 1, "{steps}");
        for kill in 0..steps {
            let path = dir.path().join(format!("{to}-{kill}.db"));
            bring(&path, from).unwrap();
            let mut dying = Dying { inner: SqliteTables::open(&path, "").unwrap(), left: kill };
            let plan = plan_for(&dying.existing().unwrap(), &all(), to);
            let error = apply(&mut dying, &plan).unwrap_err();
            assert!(matches!(error, ApplyError::Step { .. }), "{error:?}");
            drop(dying);
            assert_eq!(bring(&path, to).unwrap(), steps - kill);
            assert_eq!(shape(&path), shape(&whole), "killed before step {kill} to {to}");
        }
    }
}

#[test]
fn going_back_is_refused_with_a_count_while_values_would_be_lost() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    bring(&path, 2).unwrap();
    let mut sink = open(&path);
    for seq in 0..3 {
        let row = with(at(1, 1, seq), &[("config_hash", V::S("abc"))]);
        Build::table("trading_risk").row(&row).write(&mut sink).unwrap();
        Build::table("trading_pnl_1m").row(&at(1 + seq, 1, seq)).write(&mut sink).unwrap();
    }
    let before = shape(&path);
    let error = bring(&path, 1).unwrap_err().to_string();
    assert!(error.contains("3 values in column `trading_risk.config_hash`"), "{error}");
    assert!(error.contains("3 rows in table `trading_pnl_1m`"), "{error}");
    assert_eq!(shape(&path), before);
}

#[test]
fn a_rehearsal_changes_nothing_and_tells_the_steps() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    bring(&path, 1).unwrap();
    let before = shape(&path);
    let mut store = SqliteTables::open(&path, "").unwrap();
    let plan = plan_for(&store.existing().unwrap(), &all(), 2);
    let steps: Vec<String> =
        rehearse(&mut store, &plan).unwrap().iter().map(ToString::to_string).collect();
    assert!(steps.contains(&"add column trading_risk.config_hash".to_owned()), "{steps:?}");
    assert!(steps.contains(&"create table trading_pnl_1m".to_owned()), "{steps:?}");
    assert_eq!(shape(&path), before);
}

#[test]
fn a_table_that_differs_is_never_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let mut mine = Schema::own("mine", &[]);
    mine.columns = vec![Column::dynamic("x".to_owned(), ColumnType::Symbol)].into();
    open(&path).prepare(&mine).unwrap();
    let existing = SqliteTables::open(&path, "").unwrap().existing().unwrap();
    let target = |schema: &Schema| {
        plan(
            &existing,
            &Target { dialect: Dialect::QuestDb, prefix: "", schemas: &[schema], version: 2 },
        )
    };
    assert_eq!(target(&mine).unwrap().steps, []);
    let mut other = mine.clone();
    other.columns = vec![Column::dynamic("x".to_owned(), ColumnType::Long)].into();
    assert_eq!(
        target(&other).unwrap_err(),
        PlanError::Differs {
            table: "mine".into(),
            column: "x".into(),
            found: "SYMBOL".into(),
            wanted: "LONG".into()
        }
    );
    mine.key = plimsoll_metrics::Key::Natural(vec!["ts".into(), "x".into()].into());
    assert!(matches!(target(&mine).unwrap_err(), PlanError::KeyDiffers { .. }));
}

#[test]
fn an_unknown_version_is_refused() {
    for version in [0, plimsoll_metrics::SCHEMA_VERSION + 1] {
        let target = Target { dialect: Dialect::Sqlite, prefix: "", schemas: &[], version };
        assert!(matches!(plan(&[], &target), Err(PlanError::Version { .. })), "{version}");
    }
}

#[test]
fn tables_of_others_and_prefixes_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE theirs (a); CREATE TABLE _theirs (a)").unwrap();
    bring(&path, 2).unwrap();
    let mut prefixed = SqliteTables::open(&path, "bt_").unwrap();
    assert_eq!(prefixed.existing().unwrap(), []);
    let schemas = all();
    let target = Target { dialect: Dialect::Sqlite, prefix: "bt_", schemas: &schemas, version: 2 };
    apply(&mut prefixed, &plan(&[], &target).unwrap()).unwrap();
    assert_eq!(prefixed.existing().unwrap().len(), all().len());
    assert_eq!(plan(&prefixed.existing().unwrap(), &target).unwrap().steps, []);
    assert_eq!(ask(&path, "SELECT count(*) FROM bt_trading_pnl").len(), 1);
    assert_eq!(ask(&path, "SELECT count(*) FROM theirs").len(), 1);
}
