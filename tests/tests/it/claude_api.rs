//! The stand-in for the Messages API.

use std::time::Duration;

use serde_json::{Value, json};
use testbed::{ClaudeApi, ModelReply, ModelUsage, Turn};

use crate::client::post;

const LIMIT: Duration = Duration::from_secs(20);

fn asked(text: &str, is_streamed: bool) -> String {
    let messages = json!([{"role": "user", "content": [{"type": "text", "text": text}]}]);
    json!({"model": "m", "stream": is_streamed, "tools": [{"name": "Bash"}], "messages": messages})
        .to_string()
}

fn body(reply: &str) -> Value {
    serde_json::from_str(reply.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn start(reply: ModelReply) -> (ClaudeApi, std::net::SocketAddr) {
    let api = ClaudeApi::start(move |_| reply.clone()).unwrap();
    let addr = api.url().strip_prefix("http://").unwrap().parse().unwrap();
    (api, addr)
}

#[test]
fn a_whole_reply_and_a_stream_carry_the_same_message() {
    let reply = ModelReply::tool("Bash", json!({"command": "ls"}), ModelUsage::of_call(3));
    let (api, addr) = start(reply.saying("Look."));

    let whole = body(&post(addr, "/v1/messages?beta=true", &asked("go", false)).unwrap());
    assert_eq!(whole["stop_reason"], "tool_use");
    assert_eq!(whole["content"][0]["text"], "Look.");
    assert_eq!(whole["content"][1]["input"]["command"], "ls");
    assert_eq!(whole["usage"]["input_tokens"], 1_003);

    let stream = post(addr, "/v1/messages", &asked("go", true)).unwrap();
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    let events: Vec<Value> = data.map(|line| serde_json::from_str(line).unwrap()).collect();
    let deltas: Vec<_> =
        events.iter().filter_map(|e| e["delta"]["partial_json"].as_str()).collect();
    assert_eq!(deltas, [r#"{"command":"ls"}"#]);
    let text: Vec<_> = events.iter().filter_map(|e| e["delta"]["text"].as_str()).collect();
    assert_eq!(text, ["Look."]);
    assert_eq!(events.last().unwrap()["type"], "message_stop");
    assert_ne!(events[0]["message"]["id"], whole["id"], "every message has an id of its own");
    assert_eq!(api.exchanges().len(), 2);
}

#[test]
fn a_call_says_what_it_is_about() {
    let (api, addr) = start(ModelReply::text("fine", ModelUsage::of_call(1)));
    let result = json!([{"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t", "content": "42"}]}]);
    let title = json!({"model": "small", "messages": result}).to_string();
    post(addr, "/v1/messages", &asked("first", false)).unwrap();
    post(addr, "/v1/messages", &title).unwrap();
    let calls: Vec<_> = api.exchanges().into_iter().map(|exchange| exchange.call).collect();
    assert_eq!(calls[0].turn, Turn::Text("first".into()));
    assert!(calls[0].has_tools && calls[0].mentions("first") && !calls[1].has_tools);
    assert_eq!(calls[1].turn, Turn::ToolResult("42".into()));
    assert_eq!((calls[1].seq, calls[1].model.as_str()), (2, "small"));
}

#[test]
fn an_error_has_the_status_and_the_kind_of_the_script() {
    let (_api, addr) = start(ModelReply::failure(529, "overloaded_error"));
    let reply = post(addr, "/v1/messages", &asked("go", true)).unwrap();
    assert!(reply.starts_with("HTTP/1.1 529 "), "{reply}");
    assert_eq!(body(&reply)["error"]["type"], "overloaded_error");
}

#[test]
fn what_is_no_call_is_refused_and_not_counted() {
    let (api, addr) = start(ModelReply::text("fine", ModelUsage::of_call(1)));
    let reply = post(addr, "/v1/messages", "not json").unwrap();
    assert!(reply.starts_with("HTTP/1.1 400 "), "{reply}");
    assert!(!api.wait_for(Duration::ZERO, |_| true));
    post(addr, "/v1/messages", &asked("go", false)).unwrap();
    assert!(api.wait_for(LIMIT, |call| call.mentions("go")));
}
