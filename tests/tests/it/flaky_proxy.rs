use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::thread;
use std::time::Duration;

use testbed::{Fault, FlakyProxy, Reply, ScriptedHttp, free_port};

use crate::client::{post, send};

fn server_and_proxy() -> (ScriptedHttp, FlakyProxy) {
    let server = ScriptedHttp::start([], Reply::json(200, "{\"ok\":true}")).unwrap();
    let proxy = FlakyProxy::start(server.addr()).unwrap();
    (server, proxy)
}

#[test]
fn without_a_fault_requests_and_replies_pass_unchanged() {
    let (server, proxy) = server_and_proxy();
    assert!(post(proxy.addr(), "/a", "body").unwrap().ends_with("{\"ok\":true}"));
    assert_eq!(server.requests()[0].text(), "body");
    let counts = proxy.counts();
    assert_eq!(
        (counts.connections, counts.requests, counts.replies, counts.replies_lost),
        (1, 1, 1, 0)
    );
}

#[test]
fn every_nth_reply_is_lost_after_the_server_did_the_work() {
    let (server, mut proxy) = server_and_proxy();
    proxy.set(Fault::DropReplies { every: NonZeroU32::new(3).unwrap() }).unwrap();
    let answered: Vec<bool> =
        (0..6).map(|n| !post(proxy.addr(), "/", &n.to_string()).unwrap().is_empty()).collect();
    assert_eq!(answered, [true, true, false, true, true, false]);
    assert_eq!(server.requests().len(), 6, "the server got every request");
    assert_eq!(proxy.counts().replies_lost, 2);
}

#[test]
fn a_cut_request_reaches_the_server_torn() {
    let (server, mut proxy) = server_and_proxy();
    proxy.set(Fault::CutRequests { after_bytes: 20 }).unwrap();
    assert_eq!(post(proxy.addr(), "/", "body").unwrap(), "");
    assert!(server.requests().is_empty(), "no whole request arrived");
}

#[test]
fn a_cut_reply_reaches_the_client_torn() {
    let (server, mut proxy) = server_and_proxy();
    proxy.set(Fault::CutReplies { after_bytes: 12 }).unwrap();
    assert_eq!(post(proxy.addr(), "/", "body").unwrap(), "HTTP/1.1 200");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_hang_ends_when_the_fault_does() {
    let (server, mut proxy) = server_and_proxy();
    proxy.set(Fault::Hang).unwrap();
    let mut stream = TcpStream::connect(proxy.addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    send(&mut stream, "/", "x").unwrap();
    let nothing = stream.read(&mut [0; 1]).unwrap_err();
    assert!(matches!(nothing.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{nothing}");
    assert!(server.requests().is_empty(), "nothing passed");

    proxy.set(Fault::Nothing).unwrap();
    assert!(post(proxy.addr(), "/", "y").unwrap().starts_with("HTTP/1.1 200"));
}

#[test]
fn a_refusing_proxy_listens_again_on_the_same_port() {
    let (_server, mut proxy) = server_and_proxy();
    for _ in 0..3 {
        proxy.set(Fault::Refuse).unwrap();
        assert_eq!(post(proxy.addr(), "/", "x").unwrap_err().kind(), ErrorKind::ConnectionRefused);
        proxy.set(Fault::Nothing).unwrap();
        assert!(post(proxy.addr(), "/", "x").unwrap().starts_with("HTTP/1.1 200"));
    }
}

#[test]
fn bytes_that_are_not_http_pass_until_they_are_cut() {
    let echo = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let upstream = echo.local_addr().unwrap();
    let echoing = thread::spawn(move || {
        let (mut stream, _) = echo.accept().unwrap();
        let mut word = [0; 5];
        stream.read_exact(&mut word).unwrap();
        stream.write_all(&word).unwrap();
        stream.read(&mut word).unwrap_or(0)
    });
    let proxy = FlakyProxy::start(upstream).unwrap();
    let mut stream = TcpStream::connect(proxy.addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"\x01\x02\x03\x04\x05").unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(back, [1, 2, 3, 4, 5]);

    proxy.cut();
    assert_eq!(stream.read(&mut back).unwrap_or(0), 0, "the client's side is cut");
    assert_eq!(echoing.join().unwrap(), 0, "the server's side is cut");
}

#[test]
fn a_free_port_can_be_bound() {
    let port = free_port().unwrap();
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
}
