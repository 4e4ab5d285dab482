use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use testbed::{Reply, ScriptedHttp};

use crate::client::{post, send};

#[test]
fn replies_come_in_the_order_of_the_script_and_requests_are_kept() {
    let script =
        [Reply::json(429, "{}").with_header("retry-after", "2"), Reply::Raw(b"garbage".to_vec())];
    let server = ScriptedHttp::start(script, Reply::status(204)).unwrap();

    let first = post(server.addr(), "/hook?x=1", "one").unwrap();
    assert!(first.starts_with("HTTP/1.1 429 "), "{first}");
    assert!(first.contains("retry-after: 2\r\n"), "{first}");
    assert!(first.ends_with("\r\n\r\n{}"), "{first}");
    assert_eq!(post(server.addr(), "/", "two").unwrap(), "garbage");
    assert!(post(server.addr(), "/", "three").unwrap().starts_with("HTTP/1.1 204 "));
    assert!(
        post(server.addr(), "/", "four").unwrap().starts_with("HTTP/1.1 204 "),
        "`then` is for ever"
    );

    let requests = server.requests();
    let bodies: Vec<_> = requests.iter().map(testbed::Request::text).collect();
    assert_eq!(bodies, ["one", "two", "three", "four"]);
    assert_eq!((requests[0].method.as_str(), requests[0].target.as_str()), ("POST", "/hook?x=1"));
    assert_eq!(requests[0].header("HOST"), Some("x"));
}

#[test]
fn a_hang_lasts_until_the_server_is_dropped() {
    let server = ScriptedHttp::start([], Reply::Hang).unwrap();
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    send(&mut stream, "/", "x").unwrap();
    assert_eq!(server.wait_for(1, Duration::from_secs(20)).len(), 1, "the request arrived");
    stream.set_nonblocking(true).unwrap();
    let nothing_yet = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(nothing_yet.kind(), std::io::ErrorKind::WouldBlock);

    drop(server);
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty(), "closed without an answer");
}

#[test]
fn a_closed_connection_has_no_answer_and_the_request_is_kept() {
    let server = ScriptedHttp::start([Reply::Close], Reply::status(200)).unwrap();
    assert_eq!(post(server.addr(), "/", "lost?").unwrap(), "");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn waiting_for_a_request_that_never_comes_ends() {
    let server = ScriptedHttp::start([], Reply::status(200)).unwrap();
    assert!(server.wait_for(1, Duration::from_millis(1)).is_empty());
}
