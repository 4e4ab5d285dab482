//! The https sink, as far as no certificate is needed.

use std::time::Duration;

use plimsoll_metrics::{Auth, HttpsSink, Secret, Sink, SinkError};

use crate::{
    rows::{TestBatch, V, every_type, plain},
    server::{Do, Server},
};

const TS: i64 = 1_700_000_000_000_000_000;

fn sink(url: &str) -> HttpsSink {
    let auth = Auth::Bearer { token: Secret::new("hunter2") };
    HttpsSink::connect(url, auth, "bt_", Duration::from_secs(2)).unwrap()
}

#[test]
fn no_server_is_a_retry_that_shows_no_token() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut sink = sink(&format!("https://127.0.0.1:{port}"));
    let rows = TestBatch::new(&every_type("t")).row(TS, 0, &plain());
    sink.prepare(&rows.schema).unwrap();
    for _ in 0..2 {
        let error = sink.write(&rows.batch()).unwrap_err();
        assert!(matches!(error, SinkError::Retry { .. }), "{error:?}");
        assert!(!format!("{error:?} {sink:?}").contains("hunter2"));
    }
}

#[test]
fn a_server_without_tls_does_not_get_the_rows() {
    let server = Server::new(|_| Do::Silence);
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    let mut sink = sink(&format!("https://127.0.0.1:{port}"));
    let rows = TestBatch::new(&every_type("t")).row(TS, 0, &plain());
    assert!(sink.write(&rows.batch()).is_err());
    assert!(server.seen().is_empty());
}

#[test]
fn a_row_that_the_client_does_not_take_is_rejected_alone() {
    let rows = TestBatch::new(&every_type("t")).row(TS, 0, &plain()).row(-5, 1, &plain());
    let refused = sink("https://127.0.0.1:9").write(&rows.batch());
    let Err(SinkError::Reject { rows }) = refused else { panic!("{refused:?}") };
    assert_eq!(rows[0].row, 1);
    let mut no_time = vec![const { V::Null }; 14];
    no_time[6] = V::L(1);
    let rows = TestBatch::new(&every_type("t")).raw(&no_time);
    assert!(matches!(
        sink("https://127.0.0.1:9").write(&rows.batch()),
        Err(SinkError::Reject { .. })
    ));
}

#[test]
fn a_url_with_credentials_or_without_tls_is_refused() {
    for url in ["http://db", "https://u:hunter2@db", "https://db/path", "https://"] {
        let error = HttpsSink::connect(url, Auth::None, "", Duration::from_secs(1)).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
