//! The line protocol sink against a scripted server.

use std::time::Duration;

use plimsoll_metrics::{
    Column, ColumnType, HttpOptions, IlpOptions, IlpSink, SCHEMA_VERSION, Schema, Sink, SinkError,
};

use crate::{
    rows::{TestBatch, every_type, plain},
    server::{Do, Seen, Server, reply},
};

const SETTINGS: &str =
    r#"{"config":{"release.version":"9.3.4","line.proto.support.versions":[1,2,3]}}"#;

/// What the stand-in answers about its tables.
#[derive(Clone)]
struct Tables {
    suspended: bool,
    dedup: bool,
    schema: Option<Schema>,
    keys: &'static [&'static str],
}

impl Tables {
    fn good() -> Self {
        Self {
            suspended: false,
            dedup: true,
            schema: Some(every_type("t")),
            keys: &["ts", "run", "seq"],
        }
    }

    fn answer(&self, sql: &str) -> Do {
        let text = |name: &str| format!(r#"{{"name":"{name}","type":"STRING"}}"#);
        let (columns, rows) = if sql.contains("table_columns") {
            let row = |c: &Column| {
                let ty = match c.ty {
                    ColumnType::Symbol => "SYMBOL",
                    ColumnType::Varchar => "VARCHAR",
                    ColumnType::Double => "DOUBLE",
                    ColumnType::Long => "LONG",
                    ColumnType::Int => "INT",
                    _ => "TIMESTAMP_NS",
                };
                format!(r#"["{}","{ty}",{}]"#, c.name, self.keys.contains(&c.name.as_ref()))
            };
            let rows = self.schema.iter().flat_map(Schema::all_columns).map(row).collect();
            (["column", "type", "upsertKey"], rows)
        } else {
            let rows: Vec<String> = self
                .schema
                .iter()
                .map(|s| format!(r#"["{}",{},{}]"#, s.name, self.suspended, self.dedup))
                .collect();
            (["table_name", "table_suspended", "dedup"], rows)
        };
        let columns: Vec<String> = columns.into_iter().map(text).collect();
        reply(
            200,
            &format!(
                r#"{{"columns":[{}],"dataset":[{}],"count":1}}"#,
                columns.join(","),
                rows.join(",")
            ),
        )
    }
}

/// A QuestDB stand-in whose writes are answered by `write`.
fn questdb(tables: Tables, mut write: impl FnMut(&Seen) -> Do + Send + 'static) -> Server {
    Server::new(move |seen| match seen.path() {
        "/settings" => reply(200, SETTINGS),
        path if path.starts_with("/exec") => tables.answer(path),
        _ => write(seen),
    })
}

fn sink(server: &Server) -> IlpSink {
    IlpSink::connect(&server.url, IlpOptions::default()).unwrap()
}

fn rows(n: i64) -> TestBatch {
    (0..n).fold(TestBatch::new(&every_type("t")), |rows, seq| {
        rows.row(1_700_000_000_000_000_000, seq, &plain())
    })
}

/// Prepares and writes `n` rows to a server whose first writes are answered by these.
fn write(n: i64, answers: Vec<Do>) -> (Result<(), SinkError>, Vec<Seen>) {
    let mut answers = answers.into_iter();
    let server = questdb(Tables::good(), move |_| answers.next().unwrap_or_else(|| reply(204, "")));
    let written = sink(&server).write(&rows(n).batch());
    (written, server.writes())
}

#[track_caller]
fn pause(result: Result<(), SinkError>) -> String {
    match result {
        Err(SinkError::Pause { reason }) => reason,
        other => panic!("wanted a pause, found {other:?}"),
    }
}

#[track_caller]
fn rejected(result: Result<(), SinkError>) -> (usize, String) {
    match result {
        Err(SinkError::Reject { rows }) if rows.len() == 1 => (rows[0].row, rows[0].reason.clone()),
        other => panic!("wanted one rejected row, found {other:?}"),
    }
}

#[test]
fn a_batch_is_one_request() {
    let (written, seen) = write(3, vec![]);
    written.unwrap();
    assert_eq!(
        (seen.len(), seen[0].path(), seen[0].seqs()),
        (1, "/write?precision=n", vec![0, 1, 2])
    );
}

#[test]
fn what_may_work_later_is_tried_again_by_the_caller() {
    let cut = || Do::ReplyAndClose(Vec::new());
    for answers in [
        vec![reply(500, "{}")],
        vec![reply(503, "x")],
        vec![reply(429, "x")],
        vec![reply(408, "")],
        vec![cut(), cut()],
    ] {
        let (written, _) = write(2, answers);
        assert!(matches!(written, Err(SinkError::Retry { .. })), "{written:?}");
    }
}

#[test]
fn no_server_is_a_retry_and_construction_touches_no_network() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut sink =
        IlpSink::connect(&format!("http://127.0.0.1:{port}"), IlpOptions::default()).unwrap();
    assert!(matches!(sink.prepare(&every_type("t")), Err(SinkError::Retry { .. })));
    assert!(matches!(sink.write(&rows(1).batch()), Err(SinkError::Retry { .. })));
}

#[test]
fn a_server_that_hangs_is_a_retry() {
    let server = questdb(Tables::good(), |_| Do::Silence);
    let http = HttpOptions::default().with_request_timeout(Duration::from_millis(100));
    let mut sink = IlpSink::connect(&server.url, IlpOptions::default().with_http(http)).unwrap();
    assert!(matches!(sink.write(&rows(1).batch()), Err(SinkError::Retry { .. })));
}

#[test]
fn credentials_that_are_refused_wait_for_a_person() {
    for status in [401, 403] {
        let reason = pause(write(2, vec![reply(status, "no")]).0);
        assert!(reason.contains("credentials"), "{reason}");
    }
    assert!(pause(write(2, vec![reply(404, "")]).0).contains("check the URL"));
    assert!(pause(write(2, vec![reply(405, "nope")]).0).contains("405: nope"));
}

#[test]
fn a_line_that_the_store_names_is_the_rejected_row() {
    let answer = r#"{"code":"invalid","message":"error in line 3:\n cast error","line":3}"#;
    let (written, _) = write(5, vec![reply(400, answer)]);
    assert_eq!(rejected(written), (2, "error in line 3:  cast error".to_owned()));
}

#[test]
fn a_bad_row_that_the_store_does_not_name_is_found_in_few_requests() {
    for n in [1_i64, 2, 7, 1000] {
        for bad in [0, n / 2, n - 1] {
            let server = questdb(Tables::good(), move |seen| {
                if seen.seqs().contains(&bad) { reply(400, "bad byte") } else { reply(204, "") }
            });
            let written = sink(&server).write(&rows(n).batch());
            assert_eq!(
                rejected(written),
                (usize::try_from(bad).unwrap(), "bad byte".to_owned()),
                "{bad} of {n}"
            );
            assert!(server.writes().len() <= 13, "{} requests", server.writes().len());
        }
    }
}

#[test]
fn a_refusal_that_passes_while_it_is_looked_for_is_a_retry() {
    let (written, _) = write(4, vec![reply(400, "odd")]);
    assert!(matches!(written, Err(SinkError::Retry { .. })), "{written:?}");
}

#[test]
fn a_body_that_is_too_large_goes_in_parts() {
    let server = questdb(Tables::good(), |seen| {
        if seen.seqs().len() > 2 { reply(413, "") } else { reply(204, "") }
    });
    sink(&server).write(&rows(7).batch()).unwrap();
    let mut stored: Vec<i64> =
        server.writes().iter().map(Seen::seqs).filter(|s| s.len() <= 2).flatten().collect();
    stored.sort_unstable();
    assert_eq!(stored, [0, 1, 2, 3, 4, 5, 6]);
    let (written, _) = write(1, vec![reply(413, "")]);
    assert_eq!(rejected(written).0, 0);
}

#[test]
fn the_bound_of_a_body_splits_without_asking_the_server() {
    let server = questdb(Tables::good(), |_| reply(204, ""));
    let options = IlpOptions::default().with_body_bytes_max(700);
    IlpSink::connect(&server.url, options).unwrap().write(&rows(8).batch()).unwrap();
    let writes = server.writes();
    assert!(writes.len() > 1 && writes.iter().all(|w| w.body.len() <= 700));
    assert_eq!(writes.iter().flat_map(Seen::seqs).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[track_caller]
fn check_unfit(name: &str, tables: Tables, wanted: &str) {
    let server = questdb(tables, |_| reply(204, ""));
    let mut sink = sink(&server);
    let reason = pause(sink.prepare(&every_type("t")));
    assert!(reason.contains(wanted), "{name}: {reason}");
    pause(sink.write(&rows(1).batch()));
    assert_eq!(server.writes().len(), 0, "{name}: nothing may be written");
}

#[test]
fn a_table_that_is_not_fit_gets_no_row() {
    let without = |column: &str| {
        let mut schema = every_type("t");
        schema.columns.to_mut().retain(|c| c.name != column);
        Tables { schema: Some(schema), ..Tables::good() }
    };
    let mut other_type = every_type("t");
    other_type.columns.to_mut()[2].ty = ColumnType::Long;
    check_unfit(
        "missing",
        Tables { schema: None, ..Tables::good() },
        "no table `t`; run `plimsoll tables apply --store",
    );
    check_unfit("no dedup", Tables { dedup: false, keys: &[], ..Tables::good() }, "tables apply");
    check_unfit(
        "other key",
        Tables { keys: &["ts", "seq"], ..Tables::good() },
        "other columns than ts, run, seq",
    );
    check_unfit("old column", without("d"), "no column `t.d`");
    check_unfit(
        "type",
        Tables { schema: Some(other_type), ..Tables::good() },
        "`t.d` as LONG, wanted DOUBLE",
    );
    check_unfit(
        "suspended",
        Tables { suspended: true, ..Tables::good() },
        "ALTER TABLE t RESUME WAL",
    );
}

#[test]
fn a_new_column_that_the_store_lacks_is_left_out_and_counted() {
    let mut newer = every_type("t");
    let mut column = Column::dynamic("extra".to_owned(), ColumnType::Double);
    column.since = SCHEMA_VERSION;
    newer.columns.to_mut().push(column);
    let mut values = plain().to_vec();
    values.push(crate::rows::V::D(4.0));
    let rows = TestBatch::new(&newer).row(1, 0, &values);
    let server = questdb(Tables::good(), |_| reply(204, ""));
    let mut sink = sink(&server);
    sink.write(&rows.batch()).unwrap();
    assert!(!String::from_utf8_lossy(&server.writes()[0].body).contains("extra"));
    assert_eq!(sink.counts().omitted_values, 1);
}

#[test]
fn a_table_that_changed_is_blamed_instead_of_the_row() {
    let mut looks = 0;
    let good = Tables::good();
    let gone = Tables { schema: None, ..Tables::good() };
    let server = Server::new(move |seen| match seen.path() {
        "/settings" => reply(200, SETTINGS),
        path if path.starts_with("/exec") => {
            looks += 1;
            if looks <= 2 { good.answer(path) } else { gone.answer(path) }
        }
        _ => reply(
            400,
            r#"{"message":"table does not exist, creating new tables is disabled","line":1}"#,
        ),
    });
    let reason = pause(sink(&server).write(&rows(3).batch()));
    assert!(reason.contains("no table `t`"), "{reason}");
}

#[test]
fn a_suspended_table_is_seen_at_the_next_look() {
    let mut suspended = false;
    let server = Server::new(move |seen| match seen.path() {
        "/settings" => reply(200, SETTINGS),
        path if path.starts_with("/exec") => Tables { suspended, ..Tables::good() }.answer(path),
        _ => {
            suspended = true;
            reply(204, "")
        }
    });
    let options = IlpOptions::default().with_table_check_interval(Duration::ZERO);
    let mut sink = IlpSink::connect(&server.url, options).unwrap();
    sink.write(&rows(1).batch()).unwrap();
    assert!(pause(sink.write(&rows(1).batch())).contains("RESUME WAL"));
}

#[test]
fn an_old_or_foreign_server_is_named() {
    for (settings, wanted) in [
        (reply(200, r#"{"config":{"line.proto.support.versions":[1]}}"#), "QuestDB 9"),
        (reply(200, "<html>"), "QuestDB 9"),
        (reply(404, "nginx"), "404"),
        (reply(401, ""), "credentials"),
        (Do::ReplyAndClose(b"SSH-2.0\r\n".to_vec()), "check host and port"),
    ] {
        let server = Server::script([settings]);
        let reason = pause(sink(&server).prepare(&every_type("t")));
        assert!(reason.contains(wanted), "{reason}");
    }
}

#[test]
fn a_station_is_written_to_without_asking_about_tables() {
    let server = Server::new(|seen| match seen.path() {
        "/settings" => Do::Reply(
            b"HTTP/1.1 404 x\r\nServer: plimsoll-station/0.1.0\r\nContent-Length: 0\r\n\r\n"
                .to_vec(),
        ),
        "/write?precision=n" => reply(204, ""),
        path => panic!("station was asked for {path}"),
    });
    sink(&server).write(&rows(2).batch()).unwrap();
    assert_eq!(server.writes()[0].seqs(), [0, 1]);
}

#[test]
fn nothing_that_is_shown_holds_the_password() {
    let server = questdb(Tables::good(), |_| reply(401, ""));
    let url = server.url.replace("http://", "http://bob:hunter2@");
    let mut sink = IlpSink::connect(&url, IlpOptions::default()).unwrap();
    let error = sink.write(&rows(1).batch()).unwrap_err();
    let shown = format!("{sink:?} {error:?} {error}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
