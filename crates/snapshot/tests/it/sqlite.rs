//! A consistent copy of an SQLite file that is being written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plimsoll_snapshot::capture::Sqlite;
use plimsoll_snapshot::plan::Event;
use plimsoll_snapshot::restore::{RestoreOptions, restore, undo_restore};
use plimsoll_snapshot::{CreateOptions, Manifest, Outcome, Part, create};
use rusqlite::Connection;

use crate::home::{Home, now};

fn captured(home: &Home, sqlite: Sqlite) -> Manifest {
    let mut parts = [Part::required("store", sqlite)];
    create(&home.store(), &mut parts, &CreateOptions::new(now(), "test 1")).unwrap()
}

/// Two rows that always add up to zero, in a file with a write-ahead log.
fn database(path: &std::path::Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER);
             INSERT INTO t VALUES (1, 0), (2, 0);
             CREATE TABLE filler (x BLOB); INSERT INTO filler VALUES (zeroblob(300000));",
        )
        .unwrap();
    connection
}

fn sum(connection: &Connection) -> (i64, i64) {
    connection
        .query_row("SELECT sum(v), max(v) FROM t", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
}

#[test]
fn a_copy_is_one_moment_while_others_write_and_is_put_back_under_their_feet() {
    let home = Home::new();
    let path = home.dir().join("plimsoll.db");
    let connection = database(&path);
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, file) = (stop.clone(), path.clone());
    let writer = std::thread::spawn(move || {
        let connection = Connection::open(file).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
        let mut n = 0;
        while !stopped.load(Ordering::SeqCst) {
            n += 1;
            let sql = format!(
                "BEGIN; UPDATE t SET v = {n} WHERE id = 1; UPDATE t SET v = -{n} WHERE id = 2; COMMIT"
            );
            connection.execute_batch(&sql).unwrap();
        }
        n
    });
    let manifests: Vec<Manifest> = (0..5).map(|_| captured(&home, Sqlite::new(&path))).collect();
    stop.store(true, Ordering::SeqCst);
    let written: i64 = writer.join().unwrap();
    assert!(written > 5, "{written} writes");
    for manifest in &manifests {
        assert!(manifest.is_good(), "{:?}", manifest.parts);
        let target = home.dir().join(format!("{}.db", manifest.id));
        let observe = &mut |_: &Event<'_>| {};
        let restorer = Sqlite::new(&target).absent_is_fine();
        let mut options =
            RestoreOptions::new(&now, "test 1", observe).with_restorer("store", restorer);
        restore(&home.store(), &manifest.id, &mut options).unwrap();
        let (total, most) = sum(&Connection::open(&target).unwrap());
        assert_eq!(total, 0, "torn");
        assert!(most <= written);
    }
    // Whoever has the file open sees the old contents.
    connection.execute_batch("DELETE FROM t; DROP TABLE filler; CREATE TABLE more (x)").unwrap();
    let observe = &mut |_: &Event<'_>| {};
    let mut options =
        RestoreOptions::new(&now, "test 1", observe).with_restorer("store", Sqlite::new(&path));
    restore(&home.store(), &manifests[0].id, &mut options).unwrap();
    assert_eq!(sum(&connection).0, 0);
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('filler', 'more')";
    let count: i64 = connection.query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn a_file_that_is_locked_damaged_or_not_there_fails_the_part_and_is_named() {
    let home = Home::new();
    let path = home.dir().join("plimsoll.db");
    let quick = |path: &std::path::Path| {
        Sqlite::new(path).with_busy_timeout(std::time::Duration::from_millis(50))
    };
    let check = |sqlite: Sqlite, wanted: &str| {
        let manifest = captured(&home, sqlite);
        let Outcome::Failed { why } = &manifest.parts[0].outcome else { panic!("{manifest:?}") };
        assert!(why.contains(wanted), "{why}");
    };
    check(quick(&path), "cannot open");
    let manifest = captured(&home, quick(&path).absent_is_fine());
    assert!(matches!(manifest.parts[0].outcome, Outcome::Skipped { .. }));
    std::fs::write(&path, "this is no database, but long enough to be one ".repeat(100)).unwrap();
    check(quick(&path), "file is not a database");
    std::fs::remove_file(&path).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE t (x); BEGIN EXCLUSIVE; INSERT INTO t VALUES (1)")
        .unwrap();
    check(quick(&path), "locked");
}

#[test]
fn a_restore_that_is_cut_short_is_taken_back() {
    let home = Home::new();
    let path = home.dir().join("plimsoll.db");
    drop(database(&path));
    let manifest = captured(&home, Sqlite::new(&path));
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("UPDATE t SET v = 7").unwrap();
    // Something else holds the file when its turn comes.
    let target = home.dir().join("other.db");
    drop(database(&target));
    let holder = Connection::open(&target).unwrap();
    holder.execute_batch("UPDATE t SET v = 9; BEGIN IMMEDIATE; UPDATE t SET v = 8").unwrap();
    let observe = &mut |_: &Event<'_>| {};
    let quick = Sqlite::new(&target).with_busy_timeout(std::time::Duration::from_millis(50));
    let mut options = RestoreOptions::new(&now, "test 1", observe).with_restorer("store", quick);
    let error = restore(&home.store(), &manifest.id, &mut options).unwrap_err();
    assert!(format!("{error:?}").contains("locked"), "{error:?}");
    holder.execute_batch("ROLLBACK").unwrap();
    undo_restore(&home.store(), &mut options).unwrap();
    assert_eq!(sum(&holder), (18, 9));
}
