//! The HTTP client against a scripted server.

use std::time::Duration;

use plimsoll_metrics::{Auth, HttpClient, HttpError, HttpOptions, Response, Secret};

use crate::server::{Do, Server, reply};

fn client(url: &str) -> HttpClient {
    HttpClient::new(url, &Auth::None, HttpOptions::default()).unwrap()
}

/// Asks a server whose whole reply is `bytes`, then closes.
fn ask(bytes: &str) -> Result<Response, HttpError> {
    let server = Server::script([Do::ReplyAndClose(bytes.into())]);
    client(&server.url).get("/")
}

#[track_caller]
fn check_body(bytes: &str, status: u16, body: &str) {
    let response = ask(bytes).unwrap();
    assert_eq!(
        (response.status, String::from_utf8_lossy(&response.body).as_ref()),
        (status, body),
        "{bytes:?}"
    );
}

#[test]
fn replies_of_every_framing_are_read() {
    check_body("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok");
    check_body("HTTP/1.1 204 No Content\r\n\r\n", 204, "");
    check_body("HTTP/1.1 200 OK\r\n\r\nto the end", 200, "to the end");
    check_body("HTTP/1.0 200 OK\ncontent-length:2\n\nok", 200, "ok");
    check_body(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: x\r\n\r\n",
        200,
        "abc0123456789",
    );
    check_body(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad\r\nContent-Length: 1\r\n\r\nx",
        400,
        "x",
    );
}

#[test]
fn garbage_is_malformed_and_not_tried_again() {
    let long_head = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    for bytes in [
        "SSH-2.0-OpenSSH_9.9\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 9000 x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        long_head.as_str(),
    ] {
        let error = ask(bytes).unwrap_err();
        assert!(matches!(error, HttpError::Malformed { .. }), "{bytes:.40}: {error}");
        assert!(!error.is_transient());
    }
}

#[test]
fn a_connection_that_ends_early_is_closed() {
    for bytes in [
        "",
        "HTTP/1.1 2",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok",
    ] {
        let error = ask(bytes).unwrap_err();
        assert!(matches!(error, HttpError::Closed { .. }), "{bytes:?}: {error}");
        assert!(error.is_transient());
    }
}

#[test]
fn a_long_body_is_cut_and_the_connection_is_used_again() {
    let server = Server::script([reply(200, &"x".repeat(100_000)), reply(200, "ok")]);
    let mut client = client(&server.url);
    let first = client.get("/").unwrap();
    assert_eq!((first.body.len(), first.truncated), (64 << 10, true));
    let second = client.get("/").unwrap();
    assert_eq!((second.body.as_slice(), second.truncated), (b"ok".as_slice(), false));
    assert_eq!(server.seen()[1].connection, 0, "kept alive");
}

#[test]
fn a_connection_that_went_stale_is_replaced_once() {
    let server = Server::script([
        Do::ReplyAndClose(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1".to_vec()),
        reply(200, "2"),
    ]);
    let mut client = client(&server.url);
    client.get("/a").unwrap();
    assert_eq!(client.post("/b", "text/plain", b"body").unwrap().body, b"2");
    let seen = server.seen();
    assert_eq!(
        (seen.len(), seen[1].connection, seen[1].body.as_slice()),
        (2, 1, b"body".as_slice())
    );
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let server = Server::script([Do::Silence]);
    let options = HttpOptions::default().with_request_timeout(Duration::from_millis(50));
    let mut client = HttpClient::new(&server.url, &Auth::None, options).unwrap();
    let error = client.get("/").unwrap_err();
    assert!(matches!(error, HttpError::Timeout { .. }) && error.is_transient(), "{error}");
}

#[test]
fn a_refused_connection_names_the_host_and_no_credentials() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut client = client(&format!("http://bob:hunter2@127.0.0.1:{port}"));
    let error = client.get("/").unwrap_err();
    let shown = format!("{error} {error:?} {client:?} {}", client.display_url());
    assert!(matches!(error, HttpError::Connect { .. }), "{error}");
    assert!(shown.contains(&format!("127.0.0.1:{port}")) && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_token_goes_into_the_header_only() {
    let server = Server::script([reply(200, "")]);
    let auth = Auth::Bearer { token: Secret::new("hunter2") };
    let mut client = HttpClient::new(&server.url, &auth, HttpOptions::default()).unwrap();
    client.get("/x").unwrap();
    assert!(server.seen()[0].head.contains("Authorization: Bearer hunter2\r\n"));
    assert!(!format!("{client:?}{auth:?}").contains("hunter2"));
    let split = Auth::Bearer { token: Secret::new("a\r\nX: y") };
    assert!(HttpClient::new("http://db", &split, HttpOptions::default()).is_err());
}
