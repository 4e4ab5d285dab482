//! The HTTP client against a server that answers from a script.

use std::time::Duration;

use plimsoll_review::{Anthropic, ApiKey, Ask, AskError, Config, Diff, Request, Review};
use testbed::{Reply, ScriptedHttp};

use crate::samples::diff_of;

const KEY: &str = "sk-ant-api03-not-a-real-key-0123456789";

fn request() -> Request {
    let diff = Diff::parse(&diff_of("src/a.py", "+x = 1\n")).unwrap();
    Review::new(&diff, &Config::default()).requests().remove(0)
}

/// Asks a server that gives this reply.
fn ask(reply: Reply) -> (Result<serde_json::Value, AskError>, Vec<testbed::Request>) {
    static TLS: std::sync::Once = std::sync::Once::new();
    TLS.call_once(|| rustls::crypto::ring::default_provider().install_default().unwrap());
    let server = ScriptedHttp::start([], reply).unwrap();
    let url = server.url();
    let mut client = Anthropic::new(&url, ApiKey::new(KEY), Duration::from_secs(5)).unwrap();
    let answer = client.ask(&request());
    (answer, server.requests())
}

#[test]
fn the_request_carries_key_version_and_body() {
    let (answer, requests) = ask(Reply::json(200, "{\"content\": []}"));
    assert!(answer.unwrap().get("content").is_some());
    let sent = &requests[0];
    assert_eq!((sent.method.as_str(), sent.target.as_str()), ("POST", "/v1/messages"));
    assert_eq!(sent.header("x-api-key"), Some(KEY));
    assert_eq!(sent.header("anthropic-version"), Some("2023-06-01"));
    let body: serde_json::Value = serde_json::from_str(&sent.text()).unwrap();
    assert_eq!(body, request().body);
}

#[test]
fn each_failure_says_what_it_is_and_none_shows_the_key() {
    let echo = format!("{{\"error\": {{\"message\": \"key {KEY} is over its limit\"}}}}");
    let limited = Reply::json(429, &echo).with_header("retry-after", "3");
    for (reply, wanted, retries) in [
        (limited, "the service answered 429: key [redacted", Some(Duration::from_secs(3))),
        (Reply::json(401, &echo), "the service answered 401", None),
        (Reply::json(200, "{\"content\":"), "not JSON", Some(Duration::from_secs(1))),
        (Reply::Close, "no answer from the service", Some(Duration::from_secs(1))),
        (Reply::status(307), "the service answered 307", None),
    ] {
        let error = ask(reply).0.unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
        assert_eq!(error.retry_in(1), retries, "{error}");
        assert!(!format!("{error:?}").contains(KEY), "{error:?}");
    }
}

#[test]
fn a_key_is_not_sent_in_clear_to_another_machine() {
    drop(ask(Reply::status(500)));
    let refused = Anthropic::new("http://api.venue.io", ApiKey::new(KEY), Duration::from_secs(1));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "`http://api.venue.io` is neither an https address nor one of this machine"
    );
}
