//! Receivers other than Discord: what each is sent, and what its answers mean.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use plimsoll_alerts::{
    CommandInput, Kind, News, Notification, NotifyError, ReceiverConfig, SecretRef, Secrets,
    receiver,
};
use serde_json::{Value, json};
use testbed::{Reply, ScriptedHttp};

use crate::places::provide_tls;
use crate::told::{Change, wall};

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn firing() -> Notification {
    let change = Change::fires("drawdown_critical", &[("strategy_id", "ema")]).critical();
    Notification::test("box-7", "r", wall(0)).with_item(change.valued(0.175).at(0), News::Fired)
}

fn as_news(mut notification: Notification) -> Notification {
    notification.kind = Kind::News;
    notification
}

fn resolved() -> Notification {
    let change = Change::fires("drawdown_critical", &[("strategy_id", "ema")]).critical();
    Notification::test("box-8", "r", wall(0))
        .with_item(change.resolved().at(60_000), News::Resolved)
}

/// Sends to a server with these answers; what was sent, and what came of it.
fn send(
    config: &dyn Fn(&str) -> ReceiverConfig,
    answers: Vec<Reply>,
    notification: &Notification,
) -> (Vec<testbed::Request>, Result<plimsoll_alerts::Receipt, NotifyError>) {
    provide_tls();
    let server = ScriptedHttp::start(answers, Reply::status(200)).unwrap();
    let url = server.url();
    let secrets = Secrets::of([
        ("URL", url.as_str()),
        ("KEY", KEY),
        ("TOPIC", "plimsoll-topic"),
        ("TOKEN", "123456789:not-a-real-token"),
    ]);
    let result = receiver("r", &config(&url), &secrets).unwrap().notify(notification);
    (server.requests(), result)
}

fn body(request: &testbed::Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn pagerduty(url: &str) -> ReceiverConfig {
    ReceiverConfig::PagerDuty { key: SecretRef::env("KEY"), url: Some(url.to_owned()) }
}

fn telegram(url: &str) -> ReceiverConfig {
    let (token, chat_id) = (SecretRef::env("TOKEN"), "-100200".to_owned());
    ReceiverConfig::Telegram { token, chat_id, url: Some(url.to_owned()) }
}

fn slack(_: &str) -> ReceiverConfig {
    ReceiverConfig::Slack { url: SecretRef::env("URL") }
}

fn ntfy(url: &str) -> ReceiverConfig {
    let (topic, token) = (SecretRef::env("TOPIC"), Some(SecretRef::env("TOKEN")));
    ReceiverConfig::Ntfy { topic, url: Some(url.to_owned()), token }
}

fn webhook(_: &str) -> ReceiverConfig {
    ReceiverConfig::Webhook { url: SecretRef::env("URL"), bearer: Some(SecretRef::env("TOKEN")) }
}

#[test]
fn pagerduty_gets_an_event_an_alert_that_its_end_resolves() {
    let (requests, result) = send(&pagerduty, vec![Reply::json(202, "{}")], &as_news(firing()));
    result.unwrap();
    let trigger = body(&requests[0]);
    assert_eq!(trigger["event_action"], "trigger");
    assert_eq!(trigger["routing_key"], KEY);
    assert_eq!(trigger["dedup_key"], r#"drawdown_critical{strategy_id="ema"}"#);
    let payload = &trigger["payload"];
    assert_eq!(payload["summary"], "CRITICAL firing: Drawdown, ema: 17.5 % (limit 5 %)");
    assert_eq!(
        (payload["severity"].as_str(), payload["source"].as_str()),
        (Some("critical"), Some("ema"))
    );
    assert_eq!(payload["timestamp"], "2026-11-24T00:00:00Z");
    assert_eq!(payload["custom_details"]["do"], "Look at the open positions.");
    assert_eq!(trigger["links"][0]["href"], "https://example.com/runbooks/drawdown");
    let (requests, _) = send(&pagerduty, vec![], &as_news(resolved()));
    let resolve = body(&requests[0]);
    assert_eq!(resolve["event_action"], "resolve");
    assert_eq!(resolve["dedup_key"], trigger["dedup_key"]);
    let mut acked = firing();
    acked.kind = Kind::Acknowledged;
    let (requests, _) = send(&pagerduty, vec![], &acked);
    assert_eq!(body(&requests[0])["event_action"], "acknowledge");
}

#[test]
fn telegram_gets_plain_text_and_its_wish_to_wait_is_heard() {
    let taken = json!({"ok": true, "result": {"message_id": 99}}).to_string();
    let (requests, result) = send(&telegram, vec![Reply::json(200, &taken)], &as_news(firing()));
    assert_eq!(result.unwrap().message_id.as_deref(), Some("99"));
    assert_eq!(requests[0].target, "/bot123456789:not-a-real-token/sendMessage");
    let sent = body(&requests[0]);
    assert_eq!(sent["chat_id"], "-100200");
    let text = sent["text"].as_str().unwrap();
    assert!(
        text.starts_with("CRITICAL firing: Drawdown, ema: 17.5 % (limit 5 %)\nrule: "),
        "{text}"
    );
    assert!(text.ends_with("id: box-7") && text.encode_utf16().count() <= 4_096);
    assert!(sent.get("parse_mode").is_none(), "nothing in a label is markup");
    let wait =
        json!({"ok": false, "error_code": 429, "parameters": {"retry_after": 7}}).to_string();
    let (_, result) = send(&telegram, vec![Reply::json(429, &wait)], &firing());
    let Err(NotifyError::RateLimited { retry_after, .. }) = result else { panic!("{result:?}") };
    assert_eq!(retry_after, Duration::from_secs(7));
}

#[test]
fn slack_gets_blocks_within_its_limits_that_call_nobody() {
    let mut notification = as_news(firing());
    notification.items[0].alert.text.title = "<!channel> & more ".repeat(40);
    notification.items[0].alert.text.meaning = "long ".repeat(2_000);
    let (requests, result) = send(&slack, vec![Reply::status(200)], &notification);
    result.unwrap();
    let sent = body(&requests[0]);
    assert!(!sent["text"].as_str().unwrap().contains("<!channel>"));
    for (block, max) in [(&sent["blocks"][0], 150), (&sent["blocks"][1], 3_000)] {
        assert_eq!(block["text"]["type"], "plain_text");
        let len = block["text"]["text"].as_str().unwrap().chars().count();
        assert!((1..=max).contains(&len), "{len}");
    }
    let (_, result) = send(&slack, vec![Reply::status(410)], &notification);
    assert!(matches!(result, Err(NotifyError::Gone { .. })), "{result:?}");
}

#[test]
fn ntfy_gets_a_priority_that_a_phone_understands() {
    let (requests, result) =
        send(&ntfy, vec![Reply::json(200, r#"{"id":"abc"}"#)], &as_news(firing()));
    assert_eq!(result.unwrap().message_id.as_deref(), Some("abc"));
    let sent = body(&requests[0]);
    assert_eq!(
        (sent["topic"].as_str(), sent["priority"].as_u64()),
        (Some("plimsoll-topic"), Some(5))
    );
    assert_eq!(sent["title"], "CRITICAL firing: Drawdown, ema: 17.5 % (limit 5 %)");
    assert_eq!(sent["click"], "https://example.com/runbooks/drawdown");
    assert_eq!(requests[0].header("authorization"), Some("Bearer 123456789:not-a-real-token"));
    let (requests, _) = send(&ntfy, vec![], &as_news(resolved()));
    assert_eq!(body(&requests[0])["priority"], 2, "an end wakes nobody");
}

#[test]
fn a_plain_webhook_gets_our_json_with_the_id_as_its_key() {
    let (requests, result) = send(&webhook, vec![], &as_news(firing()));
    result.unwrap();
    assert_eq!(requests[0].header("idempotency-key"), Some("box-7"));
    assert_eq!(requests[0].header("authorization"), Some("Bearer 123456789:not-a-real-token"));
    let mut sent = body(&requests[0]);
    sent["text"] = "…".into();
    insta::assert_snapshot!(serde_json::to_string_pretty(&sent).unwrap());
}

#[test]
fn what_a_status_means_is_the_same_for_all() {
    let detail = |error: &NotifyError| error.to_string();
    for (status, wanted) in [
        (400, "refused"),
        (401, "is gone"),
        (403, "is gone"),
        (404, "is gone"),
        (413, "refused"),
        (500, "cannot be reached"),
        (503, "cannot be reached"),
    ] {
        let secret =
            format!("token {KEY} was wrong at https://discord.com/api/webhooks/1/{KEY}{KEY}");
        let (_, result) = send(&webhook, vec![Reply::json(status, &secret)], &firing());
        let error = result.unwrap_err();
        assert!(detail(&error).contains(wanted), "{status}: {error}");
        assert!(
            detail(&error).contains("`r`") && !detail(&error).contains(&KEY.repeat(2)),
            "{error}"
        );
    }
    let (_, result) =
        send(&webhook, vec![Reply::status(429).with_header("retry-after", "3")], &firing());
    let Err(NotifyError::RateLimited { retry_after, .. }) = result else { panic!("{result:?}") };
    assert_eq!(retry_after, Duration::from_secs(3));
}

fn command(script: &str, input: CommandInput) -> ReceiverConfig {
    let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
    ReceiverConfig::Command { argv, input, timeout: Duration::from_secs(10) }
}

#[test]
fn a_command_gets_the_message_on_its_input_and_says_by_its_exit_code_what_became_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let run = |script: &str, input| {
        let config =
            command(&script.replace("OUT", &dir.path().join("out").display().to_string()), input);
        receiver("r", &config, &Secrets::of([])).unwrap().notify(&as_news(firing()))
    };
    let written = || std::fs::read_to_string(dir.path().join("out")).unwrap();
    run("cat > OUT; echo $PLIMSOLL_NOTIFICATION_ID >> OUT", CommandInput::Text).unwrap();
    assert!(written().starts_with("CRITICAL firing: Drawdown, ema: 17.5 %"), "{}", written());
    assert!(written().ends_with("id: box-7\nbox-7\n"), "{}", written());
    let mail =
        CommandInput::Mail { to: "ops@example.com\nBcc: x@y".into(), from: "p@example.com".into() };
    run("cat > OUT", mail).unwrap();
    let (head, _) =
        written().split_once("\n\n").map(|(h, b)| (h.to_owned(), b.to_owned())).unwrap();
    assert!(head.contains("Subject: [plimsoll] CRITICAL firing"), "{head}");
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "no header is smuggled in: {head}");
    for (script, wanted) in [
        ("exit 75", "cannot be reached: `sh` asks to wait"),
        ("echo no such user >&2; exit 67", "refused the message: `sh` ended with 67: no such user"),
        ("kill -9 $$", "cannot be reached: `sh` ended by signal 9"),
    ] {
        let error = run(script, CommandInput::Text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn a_secret_is_a_reference_and_its_file_is_only_for_its_owner() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hook");
    std::fs::write(&path, "https://example.com/secret\n").unwrap();
    let set =
        |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    let secrets = Secrets::of([("CREDENTIALS_DIRECTORY", dir.path().to_str().unwrap())]);
    let check = |text: &str| secrets.check(&SecretRef::parse(text).unwrap());
    let file = format!("file:{}", path.display());
    set(0o640);
    let error = check(&file).unwrap_err().to_string();
    assert!(error.contains("mode 640") && error.contains("chmod 600"), "{error}");
    set(0o600);
    check(&file).unwrap();
    check("credential:hook").unwrap();
    check("${CREDENTIALS_DIRECTORY}").unwrap();
    assert!(
        check("env:NOT_THERE").unwrap_err().to_string().contains("`${NOT_THERE}` is not there")
    );
    for wrong in [
        "https://discord.com/api/webhooks/1/abc",
        "hunter2",
        "env:https://x",
        "env:hunter 2",
        "${hunter-2}",
        "hunter:2",
    ] {
        let error = SecretRef::parse(wrong).unwrap_err().to_string();
        assert!(!error.contains(wrong), "a secret is not repeated: {error}");
        assert!(serde_json::from_value::<SecretRef>(json!(wrong)).is_err());
    }
}
