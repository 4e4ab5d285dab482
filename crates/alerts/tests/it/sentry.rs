//! Sentry: what is sent, what is taken out before, and what happens when it asks for quiet.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use plimsoll_alerts::{SecretRef, Secrets, Sentry, SentryError, SentryOptions, TradingContext};
use serde_json::Value;
use testbed::{Reply, SentryStandIn};

use crate::corpus::{Planted, planted};
use crate::places::{PATIENCE, provide_tls};

/// An error with a cause.
#[derive(Debug)]
struct OrderError(String, Option<Box<OrderError>>);

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for OrderError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|cause| cause as _)
    }
}

fn error(text: &str) -> OrderError {
    OrderError(text.to_owned(), None)
}

fn secrets(dsn: &str) -> Secrets {
    Secrets::of([("DSN", dsn), ("VENUE_KEY", "pass-of-a-venue")])
}

fn options() -> SentryOptions {
    SentryOptions::new(SecretRef::env("DSN"))
        .with_release("ema@1.4.0")
        .with_server_name("host-1")
        .with_known(SecretRef::env("VENUE_KEY"))
        .with_queue_max(1_000)
}

fn context() -> TradingContext {
    TradingContext::of("ema-001")
        .at("HYPERLIQUID", "BTC-USD-PERP")
        .in_mode("paper")
        .with_account("HL-main")
}

/// A Sentry, and a client of it.
fn start() -> (SentryStandIn, Sentry) {
    provide_tls();
    let sentry = SentryStandIn::start().unwrap();
    let client = Sentry::start(&options(), &secrets(&sentry.dsn())).unwrap();
    (sentry, client)
}

#[test]
fn an_error_comes_with_its_causes_its_context_and_what_happened_before() {
    let (sentry, client) = start();
    let scope = client.strategy(&context());
    scope.breadcrumb("order", "submitted O-1", &[("qty", "0.5"), ("px", "64250.5")]);
    let cause = OrderError("venue says no".into(), Some(Box::new(error("connection reset"))));
    let id = scope.capture_error(&cause, &[("venue", "HL")]);
    let events = sentry.wait_for_events(1, PATIENCE);
    let event = &events[0];
    assert_eq!(event["event_id"], id.as_str());
    // An event without a level is an error.
    assert_eq!((event.get("level"), &event["release"]), (None, &"ema@1.4.0".into()));
    let values = event["exception"]["values"].as_array().unwrap();
    let texts: Vec<&str> = values.iter().map(|v| v["value"].as_str().unwrap()).collect();
    assert_eq!(texts, ["connection reset", "venue says no"]);
    assert_eq!(event["tags"]["trading.critical"], "false");
    assert_eq!(event["tags"]["trading.kind"], "error");
    assert_eq!(event["tags"]["trading.strategy_id"], "ema-001");
    assert_eq!(event["contexts"]["trading"]["instrument_id"], "BTC-USD-PERP");
    let crumb = &event["breadcrumbs"]["values"][0];
    assert_eq!(
        (&crumb["message"], &crumb["data"]["px"]),
        (&"submitted O-1".into(), &"64250.5".into())
    );
    assert_eq!(client.close(PATIENCE).sent, 1);
    assert_eq!(sentry.violations(), Vec::<String>::new());
}

#[test]
fn what_is_critical_a_risk_or_a_lost_connection_is_marked_for_the_alert_rules() {
    let (sentry, client) = start();
    let scope = client.strategy(&context());
    scope.capture_critical(&error("position unknown"), &[]);
    scope.capture_risk("drawdown_critical", "17.5 %", "10 %");
    scope.capture_connection(&error("no pong"), &[]);
    let events = sentry.wait_for_events(3, PATIENCE);
    let marks: Vec<(&str, &str, &str)> = events
        .iter()
        .map(|event| {
            let tag = |name: &str| event["tags"][name].as_str().unwrap();
            (
                tag("trading.kind"),
                tag("trading.critical"),
                event["level"].as_str().unwrap_or("error"),
            )
        })
        .collect();
    assert_eq!(
        marks,
        [
            ("critical", "true", "fatal"),
            ("risk", "true", "fatal"),
            ("connection", "false", "error")
        ]
    );
    assert_eq!(events[1]["message"], "risk limit breach: drawdown_critical at 17.5 %, limit 10 %");
    let _report = client.close(PATIENCE);
}

/// Runs in a process of its own, because the hook is the process's.
#[test]
fn a_panic_is_sent_with_its_place_and_its_breadcrumbs() {
    const CHILD: &str = "PLIMSOLL_TEST_PANIC_DSN";
    if let Ok(dsn) = std::env::var(CHILD) {
        provide_tls();
        let client = Sentry::start(&options(), &secrets(&dsn)).unwrap();
        let scope = client.strategy(&context());
        client.catch_panics(&scope);
        scope.breadcrumb("order", "submitted O-7", &[]);
        let thread = std::thread::Builder::new().name("strategy".into());
        drop(
            thread
                .spawn(|| panic!("index 7 out of range, password=hunter2-hunter2"))
                .unwrap()
                .join(),
        );
        let _report = client.close(PATIENCE);
        return;
    }
    let sentry = SentryStandIn::start().unwrap();
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["sentry::a_panic_is_sent_with_its_place_and_its_breadcrumbs", "--exact"])
        .env(CHILD, sentry.dsn())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    let event = &sentry.wait_for_events(1, PATIENCE)[0];
    let panic = &event["exception"]["values"][0];
    assert_eq!(panic["value"], "index 7 out of range, password=[Filtered]");
    assert_eq!((&panic["type"], &panic["mechanism"]["handled"]), (&"panic".into(), &false.into()));
    let frames = panic["stacktrace"]["frames"].as_array().unwrap();
    let is_ours = |frame: &Value| frame["function"].as_str().unwrap().contains("a_panic_is_sent");
    assert!(
        is_ours(frames.last().unwrap()),
        "the innermost frame is the one that panicked: {frames:?}"
    );
    assert_eq!(
        (&event["tags"]["trading.critical"], &event["tags"]["thread"]),
        (&"true".into(), &"strategy".into())
    );
    assert_eq!(event["breadcrumbs"]["values"][0]["message"], "submitted O-7");
}

/// An event with the same text in every place that a caller can reach.
fn capture_everywhere(client: &Sentry, text: &str) {
    let scope = client.strategy(&TradingContext::of(text).at(text, text));
    scope.breadcrumb("log", text, &[("detail", text), ("api_key", text)]);
    scope.capture_error(
        &OrderError(text.to_owned(), Some(Box::new(error(text)))),
        &[("detail", text), ("password", text)],
    );
    scope.capture_message(text, &[("detail", text)]);
    scope.capture_risk(text, text, text);
}

/// Texts of an event, with the path of each.
fn texts(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        Value::Array(items) => items.iter().for_each(|item| texts(item, path, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                found.push((format!("{path}.{name} (its name)"), name.clone()));
                texts(value, &format!("{path}.{name}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn nothing_that_was_planted_leaves_whatever_field_it_stands_in() {
    let (sentry, client) = start();
    let all = planted();
    assert!(all.len() >= 60, "{}", all.len());
    let all: Vec<Planted> = all.into_iter().chain(more_planted()).collect();
    for planted in &all {
        capture_everywhere(&client, &planted.text);
    }
    let events = sentry.wait_for_events(3 * all.len(), PATIENCE);
    assert_eq!(events.len(), 3 * all.len());
    let mut leaks = Vec::new();
    for (Planted { name, secret, .. }, events) in all.iter().zip(events.chunks(3)) {
        for event in events {
            let mut found = Vec::new();
            texts(event, "", &mut found);
            found.retain(|(_, text)| text.contains(secret.as_str()));
            leaks.extend(found.into_iter().map(|(path, text)| format!("{name}{path}: {text}")));
        }
    }
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
    if let Some(file) = std::env::var_os("PLIMSOLL_SENTRY_EVENTS") {
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        std::fs::write(file, lines.join("\n")).unwrap();
    }
    println!("{} planted secrets, {} events, 0 leaks", all.len(), events.len());
    let _report = client.close(PATIENCE);
}

/// What only an event needs to lose: people, accounts, and what the process knows.
fn more_planted() -> Vec<Planted> {
    let plant = |name, text: &str, secret: &str| Planted {
        name,
        text: text.replace("{}", secret),
        secret: secret.to_owned(),
        kind: "",
    };
    vec![
        plant("e-mail", "mail to {} bounced", "bob.smith@example.com"),
        plant("e-mail in capitals", "ASK {} FIRST", "BOB@EXAMPLE.COM"),
        plant("e-mail in brackets", "from Bob <{}>, thanks", "bob+ops@mail.example.co.uk"),
        plant("known secret", "venue said {} is wrong", "pass-of-a-venue"),
        plant("signature in a query", "GET /v3/order?symbol=BTC&signature={}", "c8db56825ae71d6d"),
        plant("account in a query", "GET /v1/state?account_id={}&n=1", "U1234567"),
    ]
}

#[test]
fn an_account_is_taken_out_wherever_its_name_stands() {
    let (sentry, client) = start();
    let scope = client.strategy(&context());
    scope.breadcrumb("account", "HL-main has 3 positions", &[("account_id", "anything")]);
    scope.capture_error(&error("HL-main: margin low, HL-mainnet is fine"), &[("account", "x")]);
    let event = &sentry.wait_for_events(1, PATIENCE)[0];
    assert_eq!(
        event["exception"]["values"][0]["value"],
        "[Filtered]: margin low, HL-mainnet is fine"
    );
    assert_eq!(event["breadcrumbs"]["values"][0]["message"], "[Filtered] has 3 positions");
    assert_eq!(event["breadcrumbs"]["values"][0]["data"]["account_id"], "[Filtered]");
    assert_eq!(event["tags"]["account"], "[Filtered]");
    let _report = client.close(PATIENCE);
}

const ORDINARY: &str = include_str!("../../../redact/tests/it/ordinary.txt");

#[test]
fn ordinary_messages_of_a_trading_day_are_sent_as_they_are() {
    let (sentry, client) = start();
    // An address of a person is ordinary in a log, and does not belong into an event.
    let lines: Vec<&str> = ORDINARY.lines().filter(|line| !line.contains("mailto:")).collect();
    assert!(lines.len() >= 200);
    // Each chunk has breadcrumbs of its own, as an event carries all that came before it.
    for chunk in lines.chunks(10) {
        let scope = client.strategy(&context());
        for line in chunk {
            scope.breadcrumb("log", line, &[]);
            scope.capture_error(&error(line), &[]);
        }
    }
    let events = sentry.wait_for_events(lines.len(), PATIENCE);
    assert_eq!(events.len(), lines.len());
    let mut wrong = Vec::new();
    for (line, event) in lines.iter().zip(&events) {
        let crumbs = event["breadcrumbs"]["values"].as_array().unwrap();
        for text in [&event["exception"]["values"][0]["value"], &crumbs.last().unwrap()["message"]]
        {
            if text != line {
                wrong.push(format!("{line}\n    -> {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), lines.len(), wrong.join("\n"));
    println!("{} ordinary messages, 0 changed", lines.len());
    let _report = client.close(PATIENCE);
}

#[test]
fn a_wish_for_quiet_is_heard_and_what_was_dropped_is_told() {
    let (sentry, client) = start();
    let scope = client.strategy(&context());
    let quiet = Reply::status(200).with_header("x-sentry-rate-limits", "0.4:error:project");
    sentry.reply_next([quiet]);
    scope.capture_message("one", &[]);
    assert!(client.flush(PATIENCE));
    for _ in 0..5 {
        scope.capture_message("in the quiet", &[]);
    }
    assert!(client.flush(PATIENCE));
    let report = client.report();
    assert_eq!((report.sent, report.dropped_rate_limited), (1, 5), "{report:?}");
    let bound = std::time::Instant::now() + PATIENCE;
    while client.report().sent < 2 && std::time::Instant::now() < bound {
        scope.capture_message("after", &[]);
        assert!(client.flush(PATIENCE));
    }
    assert_eq!(sentry.events()[0]["message"], "after");
    let report = &sentry.client_reports()[0]["discarded_events"][0];
    assert_eq!(
        (&report["reason"], &report["category"]),
        (&"ratelimit_backoff".into(), &"error".into())
    );
    assert!(report["quantity"].as_u64().unwrap() >= 5);
    let _report = client.close(PATIENCE);
}

#[test]
fn a_sentry_that_hangs_holds_up_nobody_and_a_full_queue_is_counted() {
    provide_tls();
    let sentry = SentryStandIn::start().unwrap();
    sentry.reply_next([Reply::Hang]);
    let client = Sentry::start(&options().with_queue_max(2), &secrets(&sentry.dsn())).unwrap();
    let scope = client.strategy(&context());
    let start = std::time::Instant::now();
    for _ in 0..50 {
        scope.capture_message("x", &[]);
    }
    assert!(start.elapsed() < Duration::from_secs(2), "nobody waits for it");
    let report = client.close(Duration::from_millis(10));
    assert!(report.dropped_queue_full >= 47, "{report:?}");
    assert!(report.waiting >= 1, "{report:?}");
}

#[test]
fn what_may_pass_is_tried_again_and_an_address_that_is_none_is_an_error_without_it() {
    let (sentry, client) = start();
    sentry.reply_next([Reply::status(503), Reply::Close]);
    client.strategy(&context()).capture_message("x", &[]);
    assert_eq!(sentry.wait_for_events(1, PATIENCE).len(), 1);
    assert_eq!(client.close(PATIENCE).sent, 1);
    let error = Sentry::start(&options(), &secrets("https://no-key-at.example.com/x")).unwrap_err();
    let SentryError::Dsn { reference } = &error else { panic!("{error:?}") };
    assert_eq!(reference, "${DSN}");
    assert!(!error.to_string().contains("example.com"), "{error}");
}
