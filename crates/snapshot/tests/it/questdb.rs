//! A QuestDB by a stand-in: what it says, and its directory under a checkpoint.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use plimsoll_snapshot::capture::QuestDb;
use plimsoll_snapshot::plan::Event;
use plimsoll_snapshot::restore::{RestoreError, RestoreOptions, restore};
use plimsoll_snapshot::{CreateOptions, Manifest, Outcome, Part, create};

use crate::fakes::{http, query, serve_http};
use crate::home::{Home, now, packed};

/// What the stand-in is like.
#[derive(Debug, Clone, Default)]
struct Server {
    /// Since when a checkpoint is open.
    open: Option<String>,
    opened: u32,
    released: u32,
    root: PathBuf,
    /// What happens as soon as a checkpoint is open.
    then: Option<fn(&mut Server)>,
}

type Shared = Arc<Mutex<Server>>;

fn rows(columns: &[&str], dataset: &str) -> (u16, String) {
    let columns: Vec<String> =
        columns.iter().map(|name| format!("{{\"name\":\"{name}\",\"type\":\"X\"}}")).collect();
    (200, format!("{{\"columns\":[{}],\"dataset\":{dataset},\"count\":1}}", columns.join(",")))
}

fn answer(server: &Shared, target: &str) -> (u16, String) {
    if target.starts_with("/exp") {
        let asked = query(target);
        if let Some((_, from)) = asked.split_once("WHERE ") {
            return (200, format!("\"ts\",\"x\"\r\nonly where {from}\r\n"));
        }
        return (200, "\"ts\",\"x\"\r\n1,2\r\n".to_owned());
    }
    let mut server = server.lock().unwrap();
    match query(target).as_str() {
        "SELECT build()" => {
            rows(&["build"], r#"[["Build Information: QuestDB 9.3.4, JDK 17, Commit Hash abc"]]"#)
        }
        "SELECT * FROM tables() ORDER BY table_name" => rows(
            &["id", "table_name", "designatedTimestamp", "partitionBy", "walEnabled", "matView"],
            r#"[[1,"pnl","ts","DAY",true,false],[2,"pnl_1h","ts","DAY",true,true],[3,"static",null,"NONE",false,false]]"#,
        ),
        "SELECT * FROM wal_tables()" => {
            rows(&["name", "suspended", "writerTxn"], r#"[["pnl",true,7],["pnl_1h",false,1]]"#)
        }
        "SHOW CREATE TABLE \"pnl\"" => {
            rows(&["ddl"], r#"[["CREATE TABLE 'pnl' (ts TIMESTAMP) TIMESTAMP(ts)"]]"#)
        }
        "SHOW CREATE TABLE \"static\"" => rows(&["ddl"], r#"[["CREATE TABLE 'static' (x INT)"]]"#),
        "SHOW CREATE MATERIALIZED VIEW \"pnl_1h\"" => {
            rows(&["ddl"], r#"[["CREATE MATERIALIZED VIEW 'pnl_1h'"]]"#)
        }
        "SELECT count(), min(\"ts\"), max(\"ts\") FROM \"pnl\"" => {
            rows(&["c", "a", "b"], r#"[[3000000,"2026-01-01T00:00:00Z","2026-01-02T00:00:00Z"]]"#)
        }
        "SELECT count(), min(\"ts\"), max(\"ts\") FROM \"pnl_1h\"" => {
            rows(&["c", "a", "b"], "[[0,null,null]]")
        }
        "SELECT count() FROM \"static\"" => rows(&["c"], "[[4]]"),
        "SELECT * FROM checkpoint_status()" => match &server.open {
            Some(since) => rows(&["in_progress", "started"], &format!("[[true,\"{since}\"]]")),
            None => rows(&["in_progress", "started"], "[[false,null]]"),
        },
        "CHECKPOINT CREATE" if server.open.is_some() => (
            400,
            r#"{"query":"x","error":"Waiting for CHECKPOINT RELEASE to be called","position":0}"#
                .to_owned(),
        ),
        "CHECKPOINT CREATE" => {
            server.opened += 1;
            server.open = Some(format!("2026-11-24T00:00:0{}Z", server.opened));
            fs::create_dir_all(server.root.join(".checkpoint")).unwrap();
            fs::write(server.root.join(".checkpoint/meta"), "txn 7").unwrap();
            if let Some(then) = server.then {
                then(&mut server);
            }
            (200, r#"{"ddl":"OK"}"#.to_owned())
        }
        "CHECKPOINT RELEASE" => {
            server.released += 1;
            server.open = None;
            (200, r#"{"ddl":"OK"}"#.to_owned())
        }
        other if other.starts_with("SELECT * FROM table_partitions('") => {
            rows(&["name", "numRows"], r#"[["2026-01-01",3000000]]"#)
        }
        other => (
            400,
            format!("{{\"query\":\"x\",\"error\":\"not known: {}\"}}", other.replace('"', "'")),
        ),
    }
}

fn start(home: &Home) -> (SocketAddr, Shared) {
    let root = home.dir().join("questdb");
    fs::create_dir_all(root.join("db/pnl~1/2026-01-01")).unwrap();
    fs::write(root.join("db/pnl~1/2026-01-01/x.d"), vec![7; 5000]).unwrap();
    let server = Arc::new(Mutex::new(Server { root, ..Server::default() }));
    let shared = server.clone();
    (serve_http(Box::new(move |target, _| answer(&shared, target))), server)
}

fn captured(home: &Home, questdb: QuestDb) -> Manifest {
    let mut parts = [Part::required("database", questdb)];
    create(&home.store(), &mut parts, &CreateOptions::new(now(), "test 1")).unwrap()
}

#[track_caller]
fn failed(manifest: &Manifest, wanted: &str) {
    let Outcome::Failed { why } = &manifest.parts[0].outcome else { panic!("{manifest:?}") };
    assert!(why.contains(wanted), "{why}");
}

#[test]
fn definitions_counts_and_partitions_are_kept_and_a_suspended_table_is_said() {
    let home = Home::new();
    let (address, _) = start(&home);
    let manifest = captured(&home, QuestDb::new(http(address)).with_export());
    assert!(manifest.is_good(), "{:?}", manifest.parts);
    let notes = &manifest.parts[0].notes;
    assert!(notes[0].contains("table `pnl` is suspended"), "{notes:?}");
    let stored = packed(&home);
    for wanted in [
        "CREATE TABLE 'pnl' (ts TIMESTAMP)",
        "CREATE MATERIALIZED VIEW 'pnl_1h'",
        "\"rows\": 3000000",
        "2026-01-02T00:00:00Z",
        "numRows",
        "\"9.3.4\"",
        "1,2\r\n",
    ] {
        assert!(stored.contains(wanted), "{wanted}");
    }
}

#[test]
fn rows_from_a_moment_on_are_kept_without_the_older_ones() {
    let home = Home::new();
    let (address, _) = start(&home);
    let since = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    let manifest = captured(&home, QuestDb::new(http(address)).with_rows_since(since));
    assert!(manifest.is_good(), "{:?}", manifest.parts);
    let stored = packed(&home);
    assert!(stored.contains("only where \"ts\" >= 1700000000000000::timestamp"), "{stored}");
    assert!(stored.contains("1,2\r\n"), "a table without times is kept whole");
}

#[test]
fn a_checkpoint_is_released_and_its_copy_says_that_it_is_one() {
    let home = Home::new();
    let (address, server) = start(&home);
    let root = server.lock().unwrap().root.clone();
    let manifest = captured(&home, QuestDb::new(http(address)).with_checkpoint(&root));
    assert!(manifest.is_good(), "{:?}", manifest.parts);
    {
        let server = server.lock().unwrap();
        assert_eq!((server.opened, server.released), (1, 1));
    }
    let observe = &mut |_: &Event<'_>| {};
    let into = home.dir().join("copy");
    let mut options = RestoreOptions::new(&now, "test 1", observe).with_into(&into);
    restore(&home.store(), &manifest.id, &mut options).unwrap();
    let copy = into.join(root.strip_prefix("/").unwrap());
    assert_eq!(fs::read(copy.join("db/pnl~1/2026-01-01/x.d")).unwrap(), vec![7; 5000]);
    assert!(copy.join("_restore").exists(), "a server would open it torn and say nothing");
    assert!(copy.join(".checkpoint/meta").exists());

    // In place only if the caller says that the server is stopped.
    let observe = &mut |_: &Event<'_>| {};
    let mut options = RestoreOptions::new(&now, "test 1", observe).with_only(["database"]);
    let error = restore(&home.store(), &manifest.id, &mut options).unwrap_err();
    assert!(matches!(error, RestoreError::Live { .. }), "{error:?}");
    fs::write(root.join("db/pnl~1/2026-01-01/x.d"), "newer").unwrap();
    let mut options = options.with_stopped(["database"]);
    restore(&home.store(), &manifest.id, &mut options).unwrap();
    assert_eq!(fs::read(root.join("db/pnl~1/2026-01-01/x.d")).unwrap(), vec![7; 5000]);
    assert!(root.join("_restore").exists());
}

#[test]
fn a_checkpoint_of_others_is_left_alone_and_one_of_ours_is_taken_over() {
    let home = Home::new();
    let (address, server) = start(&home);
    let root = server.lock().unwrap().root.clone();
    server.lock().unwrap().open = Some("2026-11-23T00:00:00Z".to_owned());
    let questdb = || QuestDb::new(http(address)).with_checkpoint(&root);
    failed(&captured(&home, questdb()), "another checkpoint is open since 2026-11-23T00:00:00Z");
    assert_eq!(server.lock().unwrap().released, 0);
    // What a process of ours that was killed in the middle leaves.
    let claim = format!("{{\"server\":\"http://{address}\",\"started\":null}}");
    let name = plimsoll_snapshot::Digest::of(format!("http://{address}").as_bytes()).to_string();
    fs::write(home.store_dir().join(format!("checkpoint-{}", &name[..12])), claim).unwrap();
    let manifest = captured(&home, questdb());
    assert!(manifest.is_good(), "{:?}", manifest.parts);
    assert_eq!(server.lock().unwrap().released, 2);
}

#[test]
fn a_copy_that_may_be_torn_is_thrown_away_and_the_checkpoint_released() {
    let check = |then: fn(&mut Server), root: Option<&Path>, wanted: &str| {
        let home = Home::new();
        let (address, server) = start(&home);
        server.lock().unwrap().then = Some(then);
        let own = server.lock().unwrap().root.clone();
        let questdb = QuestDb::new(http(address)).with_checkpoint(root.unwrap_or(&own));
        failed(&captured(&home, questdb), wanted);
        assert_eq!(server.lock().unwrap().released, 1, "{wanted}: not released");
    };
    // The server was killed and started again: the mode is in its memory only.
    check(|server| server.open = None, None, "closed as soon as it was open");
    // A directory of another server: copying it would look fine.
    let other = tempfile::tempdir().unwrap();
    check(|_| {}, Some(other.path()), "is not the directory of");
}

#[test]
fn what_is_wrong_with_questdb_fails_the_part_and_is_named() {
    let home = Home::new();
    let nobody: SocketAddr = "127.0.0.1:1".parse().unwrap();
    failed(&captured(&home, QuestDb::new(http(nobody))), "cannot connect to http://127.0.0.1:1");
    let garbage = serve_http(Box::new(|_, _| (200, "<html>".to_owned())));
    failed(&captured(&home, QuestDb::new(http(garbage))), "no JSON");
    let refusing = serve_http(Box::new(|_, _| (401, "{}".to_owned())));
    failed(&captured(&home, QuestDb::new(http(refusing))), "status 401");
    let other = serve_http(Box::new(|_, _| rows(&["version"], r#"[["PostgreSQL 12.3"]]"#)));
    failed(&captured(&home, QuestDb::new(http(other))), "which is no QuestDB");
}
