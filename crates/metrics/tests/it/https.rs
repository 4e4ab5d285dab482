//! QuestDB over https. What needs a server runs when `PLIMSOLL_QUESTDB_TLS_URL` names a QuestDB
//! behind a terminator of TLS that may be written to, and `PLIMSOLL_QUESTDB_TLS_CA` the file with
//! its authority's certificate.

use std::{
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

use plimsoll_metrics::{
    Auth, Ddl, Equity, HttpOptions, HttpsSink, IlpOptions, IlpSink, Metrics, Mode, Options,
    QuestDb, RingMemory, Secret, Sink, SinkError,
};

use crate::{
    rows::{TestBatch, V, every_type, plain},
    server::{Do, Server},
};

const TS: i64 = 1_700_000_000_000_000_000;

fn sink(url: &str) -> HttpsSink {
    let auth = Auth::Bearer { token: Secret::new("hunter2") };
    HttpsSink::connect(url, IlpOptions::default().with_auth(auth).with_prefix("bt_")).unwrap()
}

#[test]
fn no_server_is_a_retry_that_shows_no_token() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut sink = sink(&format!("https://127.0.0.1:{port}"));
    let rows = TestBatch::new(&every_type("t")).row(TS, 0, &plain());
    for _ in 0..2 {
        let error = sink.write(&rows.batch()).unwrap_err();
        assert!(matches!(error, SinkError::Retry { .. }), "{error:?}");
        assert!(!format!("{error:?} {sink:?}").contains("hunter2"));
    }
}

#[test]
fn a_server_without_tls_gets_neither_rows_nor_token() {
    let port = refuse_tls();
    let mut sink = sink(&format!("https://127.0.0.1:{port}"));
    let rows = TestBatch::new(&every_type("t")).row(TS, 0, &plain());
    let error = sink.write(&rows.batch()).unwrap_err();
    assert!(
        matches!(&error, SinkError::Pause { reason } if reason.contains("no TLS")),
        "{error:?}"
    );
}

/// A server that answers a greeting of TLS as plain HTTP servers do.
fn refuse_tls() -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut greeting = [0; 512];
        let n = stream.read(&mut greeting).unwrap();
        let seen = String::from_utf8_lossy(&greeting[..n]).into_owned();
        assert!(!seen.contains("hunter2"));
        let _sent = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    port
}

#[test]
fn a_url_that_is_not_https_host_and_port_is_refused() {
    let auth = || IlpOptions::default();
    for url in ["http://u:hunter2@db", "https://db/path", "https://", "https://db:x"] {
        let error = HttpsSink::connect(url, auth()).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    assert!(HttpsSink::connect("https://u:hunter2@db", auth()).is_ok());
}

#[test]
fn a_file_without_certificates_is_named() {
    let server = Server::new(|_| Do::Silence);
    let url = server.url.replace("http:", "https:");
    let options = HttpOptions::default().with_ca_file(Some(PathBuf::from("no-such.pem")));
    let error = QuestDb::connect(&url, &Auth::None, options).unwrap().query("SELECT 1");
    let text = format!("{:?}", error.unwrap_err());
    assert!(text.contains("no-such.pem"), "{text}");
}

/// A QuestDB behind TLS, the authority that it is believed by, and a prefix of this test's own.
struct Live {
    url: String,
    http: HttpOptions,
    prefix: String,
    db: QuestDb,
}

impl Live {
    fn new(test: &str) -> Option<Self> {
        let (Ok(url), Ok(ca)) =
            (std::env::var("PLIMSOLL_QUESTDB_TLS_URL"), std::env::var("PLIMSOLL_QUESTDB_TLS_CA"))
        else {
            eprintln!("SKIPPED: {test} needs PLIMSOLL_QUESTDB_TLS_URL and PLIMSOLL_QUESTDB_TLS_CA");
            return None;
        };
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let http = HttpOptions::default().with_ca_file(Some(PathBuf::from(ca)));
        let db = QuestDb::connect(&url, &Auth::None, http.clone()).unwrap();
        Some(Self { url, http, prefix: format!("tls{}_", since.as_nanos()), db })
    }

    fn options(&self) -> IlpOptions {
        IlpOptions::default().with_prefix(&self.prefix).with_http(self.http.clone())
    }

    /// Until `sql` over the tables of this test gives these texts.
    fn wait(&mut self, sql: &str, wanted: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let found = self.db.query(&sql.replace("PREFIX_", &self.prefix)).map(|found| {
                let row = |row: &Vec<_>| row.iter().map(ToString::to_string).collect::<Vec<_>>();
                found.rows.iter().map(|r| row(r).join(" ")).collect::<Vec<_>>().join("; ")
            });
            if found.as_ref().is_ok_and(|found| found == wanted) {
                return;
            }
            assert!(Instant::now() < until, "{sql}: {found:?}, wanted {wanted}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let own =
            format!("SELECT table_name FROM tables() WHERE table_name LIKE '{}%'", self.prefix);
        for row in self.db.query(&own).map(|r| r.rows).unwrap_or_default() {
            let _dropped = self.db.query(&format!("DROP TABLE '{}'", row[0]));
        }
    }
}

#[test]
fn rows_reach_a_server_behind_tls_once_and_a_bad_one_is_rejected_alone() {
    let Some(mut live) = Live::new("rows_reach_a_server_behind_tls") else { return };
    let rows = TestBatch::new(&every_type("t")).row(TS, 0, &plain()).row(TS, 1, &plain());
    let mut verifier = HttpsSink::connect(&live.url, live.options()).unwrap();
    let before = verifier.write(&rows.batch()).unwrap_err().to_string();
    assert!(before.contains("plimsoll tables apply"), "{before}");
    let mut sink = HttpsSink::connect(&live.url, live.options().with_ddl(Ddl::Apply)).unwrap();
    sink.write(&rows.batch()).unwrap();
    sink.write(&rows.batch()).unwrap();
    verifier.write(&rows.batch()).unwrap();
    live.wait("SELECT count(), count_distinct(seq) FROM 'PREFIX_t'", "2 2");
    // By the other client: the same rows, nothing new.
    let mut own = IlpSink::connect(&live.url, live.options()).unwrap();
    own.write(&rows.batch()).unwrap();
    let bad = TestBatch::new(&every_type("t")).row(TS, 2, &plain()).row(-5, 3, &plain());
    let refused = sink.write(&bad.batch());
    let Err(SinkError::Reject { rows }) = refused else { panic!("{refused:?}") };
    assert_eq!(rows[0].row, 1);
    let mut no_time = vec![const { V::Null }; 14];
    no_time[6] = V::L(1);
    let timeless = TestBatch::new(&every_type("t")).raw(&no_time);
    assert!(matches!(sink.write(&timeless.batch()), Err(SinkError::Reject { .. })));
    live.wait("SELECT count(), count_distinct(seq) FROM 'PREFIX_t'", "2 2");
}

#[test]
fn a_server_whose_authority_is_not_known_gets_no_rows_and_a_person_is_asked() {
    let Some(live) = Live::new("a_server_whose_authority_is_not_known") else { return };
    let unknown = || live.options().with_http(HttpOptions::default());
    let rows = TestBatch::new(&every_type("t")).row(TS, 0, &plain());
    for sink in [
        &mut HttpsSink::connect(&live.url, unknown()).unwrap() as &mut dyn Sink,
        &mut IlpSink::connect(&live.url, unknown()).unwrap(),
    ] {
        let error = sink.write(&rows.batch()).unwrap_err();
        let SinkError::Pause { reason } = &error else { panic!("{error:?}") };
        assert!(reason.contains("certificate"), "{reason}");
    }
}

#[test]
fn a_pipeline_ships_over_tls_and_reads_its_peak_back() {
    let Some(mut live) = Live::new("a_pipeline_ships_over_tls") else { return };
    let dir = tempfile::tempdir().unwrap();
    let options = Options::connect(&live.url, dir.path().join("spool"), Mode::Live)
        .with_ring(RingMemory::Heap)
        .with_table_prefix(&live.prefix)
        .with_creates_tables(true)
        .with_ca_file(live.http.ca_file.clone());
    let metrics = Metrics::open(&options).unwrap();
    let account = metrics.account("HL-main").unwrap();
    account.emit_equity(Equity::new(100.0));
    account.emit_equity(Equity::new(91.0));
    metrics.close(Duration::from_secs(20)).unwrap();
    live.wait("SELECT equity FROM 'PREFIX_trading_risk' ORDER BY seq", "100; 91");
}
