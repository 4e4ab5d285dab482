//! Discord: what it is sent, how messages change, and what happens when it fails.

use std::time::{Duration, Instant};

use plimsoll_alerts::{
    AlertState, CloseError, Control, DeliveryConfig, DeliveryPorts, Notification, ReceiverConfig,
    Route, SecretRef, Secrets, receiver,
};
use testbed::{DiscordFault, DiscordStandIn};

use crate::places::{PATIENCE, Place, provide_tls};
use crate::told::{Change, wall};

fn breach() -> Change {
    Change::fires("drawdown_critical", &[("strategy_id", "ema_001"), ("n", "1")]).critical()
}

fn text_of(body: &serde_json::Value) -> String {
    body.to_string()
}

#[test]
fn a_critical_alert_is_told_at_once_and_its_message_becomes_resolved_in_place() {
    let place = Place::new();
    let delivery = place.start(&Place::config(), DeliveryPorts::new());
    delivery.tell(breach().valued(0.175).at(0)).unwrap();
    let messages = place.discord.wait_until(PATIENCE, |messages| !messages.is_empty());
    let posted = text_of(&messages[0].posted);
    for wanted in [
        "CRITICAL firing",
        "Drawdown",
        r"ema\\_001",
        "17.5 %",
        "5 %",
        "2026-11-24 00:00:00 UTC",
        "Equity lies below its peak.",
        "Look at the open positions.",
        "https://example.com/runbooks/drawdown",
        r#""parse":[]"#,
    ] {
        assert!(posted.contains(wanted), "`{wanted}` is not in {posted}");
    }
    delivery.tell(breach().resolved().at(90_000)).unwrap();
    let is_edited = |m: &[testbed::DiscordMessage]| m.iter().any(|m| !m.edits.is_empty());
    let messages = place.discord.wait_until(PATIENCE, is_edited);
    assert_eq!(messages.len(), 1, "no second message");
    let now = text_of(messages[0].now());
    assert!(now.contains("CRITICAL resolved") && now.contains("1 min 30 s"), "{now}");
    delivery.close(PATIENCE).unwrap();
    assert_eq!(place.discord.violations(), Vec::<String>::new());
}

#[test]
fn an_acknowledgment_and_a_removed_message_are_borne() {
    let place = Place::new();
    let delivery = place.start(&Place::config(), DeliveryPorts::new());
    delivery.tell(breach().at(0)).unwrap();
    drop(place.discord.wait_until(PATIENCE, |messages| !messages.is_empty()));
    let ack = Control::Ack {
        alert: "drawdown_critical".to_owned(),
        by: "amy".to_owned(),
        note: "looking".to_owned(),
    };
    delivery.control(ack).unwrap();
    let is_acked = |m: &[testbed::DiscordMessage]| m.iter().any(|m| !m.edits.is_empty());
    let messages = place.discord.wait_until(PATIENCE, is_acked);
    assert!(text_of(messages[0].now()).contains("by amy"), "{:?}", messages[0].now());
    place.discord.fail_next([DiscordFault::Status(500)]);
    place.discord.remove_messages();
    delivery.tell(breach().resolved().at(5_000)).unwrap();
    let messages = place.discord.wait_until(PATIENCE, |messages| !messages.is_empty());
    assert!(text_of(&messages[0].posted).contains("resolved"), "told anew");
    delivery.close(PATIENCE).unwrap();
}

/// Alerts whose texts are as long and as odd as can be.
fn monsters(count: usize, seed: usize) -> Notification {
    const ODD: [&str; 6] = ["x", "🔥", "_*~`|>", "\u{0301}", " ", "@everyone [a](http://b) "];
    const NAMES: [&str; 3] = ["strategy_id", "venue", "n"];
    let long = |n: usize| ODD[(seed + n) % ODD.len()].repeat(1 + (seed * 7 + n * 13) % 1_500);
    let mut notification = Notification::test("id-1", "ops", wall(0));
    for index in 0..count {
        let mut alert = Change::fires("rule", &[]).critical().at(0);
        for (n, name) in NAMES.iter().enumerate() {
            alert.labels.set(*name, format!("{index}{}", long(n + index)));
        }
        alert.text.title = long(index + 3);
        alert.text.meaning = long(index + 4);
        alert.text.action = long(index + 5);
        alert.text.runbook = long(index + 6);
        notification = notification.with_item(alert, plimsoll_alerts::News::Fired);
    }
    notification.note = Some(long(9));
    notification
}

#[test]
fn no_alert_makes_a_body_that_discord_refuses() {
    provide_tls();
    let discord = DiscordStandIn::start(DiscordStandIn::published_schema()).unwrap();
    let secrets = Secrets::of([("HOOK", discord.webhook_url().as_str())]);
    let config = ReceiverConfig::Discord {
        url: SecretRef::env("HOOK"),
        username: "Plimsoll".to_owned(),
        mention_roles: vec!["123456".to_owned()],
    };
    let mut ops = receiver("ops", &config, &secrets).unwrap();
    let file = std::env::var_os("PLIMSOLL_DISCORD_BODIES");
    let seeds = if file.is_some() { 150 } else { 48 };
    for seed in 0..seeds {
        let count = [0, 1, 2, 3, 9, 10, 11, 50][seed % 8];
        ops.notify(&monsters(count, seed)).unwrap();
        assert_eq!(discord.violations(), Vec::<String>::new(), "{count} alerts, seed {seed}");
    }
    assert_eq!(discord.messages().len(), seeds);
    if let Some(file) = file {
        let lines: Vec<String> = discord.bodies().iter().map(ToString::to_string).collect();
        std::fs::write(file, lines.join("\n")).unwrap();
    }
}

struct Case {
    name: &'static str,
    faults: Vec<DiscordFault>,
    /// Shortest and longest time until the message is there.
    ms: (u128, u128),
    /// Messages at Discord in the end; more than one only if an answer was lost.
    copies: usize,
}

fn cases() -> Vec<Case> {
    let limited = |retry_after, is_global| DiscordFault::RateLimited { retry_after, is_global };
    vec![
        Case {
            name: "429 in the body",
            faults: vec![limited(0.4, false)],
            ms: (400, 5_000),
            copies: 1,
        },
        Case { name: "429 global", faults: vec![limited(0.3, true)], ms: (300, 5_000), copies: 1 },
        Case {
            name: "429 in the header",
            faults: vec![DiscordFault::RateLimitedByHeader { retry_after: 1 }],
            ms: (1_000, 8_000),
            copies: 1,
        },
        Case {
            name: "500 and 502",
            faults: vec![DiscordFault::Status(500), DiscordFault::Status(502)],
            ms: (500, 10_000),
            copies: 1,
        },
        Case { name: "reset", faults: vec![DiscordFault::Reset], ms: (0, 8_000), copies: 1 },
        Case { name: "garbage", faults: vec![DiscordFault::Garbage], ms: (100, 8_000), copies: 1 },
        Case {
            name: "answer lost",
            faults: vec![DiscordFault::TakenUnanswered],
            ms: (0, 8_000),
            copies: 2,
        },
        Case {
            name: "400, then a plainer message",
            faults: vec![DiscordFault::Status(400)],
            ms: (0, 5_000),
            copies: 1,
        },
    ]
}

#[test]
fn what_fails_is_tried_again_as_the_failure_asks() {
    std::thread::scope(|scope| {
        for case in cases() {
            scope.spawn(|| check(case));
        }
    });
}

fn check(Case { name, faults, ms, copies }: Case) {
    let place = Place::new();
    let delivery = place.start(&Place::config(), DeliveryPorts::new());
    place.discord.fail_next(faults);
    let start = Instant::now();
    delivery.tell(breach().at(0)).unwrap();
    let messages = place.discord.wait_until(PATIENCE, |messages| messages.len() >= copies);
    let took = start.elapsed().as_millis();
    delivery.close(PATIENCE).unwrap();
    assert_eq!(messages.len(), copies, "{name}");
    assert!((ms.0..=ms.1).contains(&took), "{name}: {took} ms");
    let ids =
        messages.iter().map(|m| text_of(&m.posted)).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(ids.len(), 1, "{name}: what comes twice is the same");
    assert_eq!(place.discord.violations(), Vec::<String>::new(), "{name}");
}

#[test]
fn a_webhook_that_was_removed_is_never_asked_again_and_the_fallback_is_told() {
    let place = Place::new();
    let spare = DiscordStandIn::start(DiscordStandIn::published_schema()).unwrap();
    let secrets = Secrets::of([
        ("HOOK", place.discord.webhook_url().as_str()),
        ("SPARE", spare.webhook_url().as_str()),
    ]);
    let config = Place::config()
        .with_receiver("spare", ReceiverConfig::discord(SecretRef::env("SPARE")))
        .with_fallback("spare", Duration::from_secs(30));
    let start = |secrets: &Secrets| {
        plimsoll_alerts::Delivery::start(place.dir.path(), &config, secrets, DeliveryPorts::new())
            .unwrap()
    };
    place.discord.fail_next([DiscordFault::UnknownWebhook]);
    let delivery = start(&secrets);
    delivery.tell(breach().at(0)).unwrap();
    let told = spare.wait_until(PATIENCE, |messages| !messages.is_empty());
    assert!(text_of(&told[0].posted).contains("is gone"), "{:?}", told[0].posted);
    delivery.close(PATIENCE).unwrap();
    let delivery = start(&secrets);
    delivery.tell(Change::fires("other", &[("n", "2")]).at(0)).unwrap();
    drop(spare.wait_until(PATIENCE, |messages| messages.len() >= 2));
    let status = delivery.status().unwrap();
    assert_eq!((status.dead, place.discord.requests().len()), (2, 1), "asked once, over a restart");
    delivery.close(PATIENCE).unwrap();
    let moved = Secrets::of([
        ("HOOK", format!("{}?thread_id=7", place.discord.webhook_url()).as_str()),
        ("SPARE", spare.webhook_url().as_str()),
    ]);
    let delivery = start(&moved);
    delivery.tell(Change::fires("third", &[("n", "3")]).at(0)).unwrap();
    let told = place.discord.wait_until(PATIENCE, |messages| !messages.is_empty());
    assert_eq!(told.len(), 1, "with another address it is asked");
    delivery.close(PATIENCE).unwrap();
}

#[test]
fn a_receiver_that_hangs_holds_up_no_other_and_close_says_what_is_left() {
    let place = Place::new();
    let other = DiscordStandIn::start(DiscordStandIn::published_schema()).unwrap();
    let secrets = Secrets::of([
        ("HOOK", place.discord.webhook_url().as_str()),
        ("OTHER", other.webhook_url().as_str()),
    ]);
    let config = DeliveryConfig::default()
        .with_receiver("ops", ReceiverConfig::discord(SecretRef::env("HOOK")))
        .with_receiver("other", ReceiverConfig::discord(SecretRef::env("OTHER")))
        .with_route(Route::new("all", ["ops", "other"]));
    let start = |secrets: &Secrets| {
        let ports = DeliveryPorts::new();
        plimsoll_alerts::Delivery::start(place.dir.path(), &config, secrets, ports).unwrap()
    };
    place.discord.fail_next([DiscordFault::Hang]);
    let delivery = start(&secrets);
    delivery.tell(breach().at(0)).unwrap();
    assert_eq!(other.wait_until(PATIENCE, |messages| !messages.is_empty()).len(), 1);
    let Err(CloseError::Undelivered { report }) = delivery.close(Duration::from_millis(50)) else {
        panic!("the hanging receiver has it");
    };
    assert_eq!((report.delivered, report.undelivered.len()), (1, 1), "{report:?}");
    assert_eq!(report.undelivered[0].receiver, "ops");
    assert!(report.undelivered[0].headline.contains("Drawdown"));
    let delivery = start(&secrets);
    let told = place.discord.wait_until(PATIENCE, |messages| !messages.is_empty());
    assert!(text_of(&told[0].posted).contains(&report.undelivered[0].id), "with the same id");
    delivery.close(PATIENCE).unwrap();
}

#[test]
fn a_receiver_says_when_the_window_is_used_up() {
    let place = Place::new();
    let delivery = place.start(&Place::config(), DeliveryPorts::new());
    place.discord.fail_next([DiscordFault::LastOfWindow { reset_after: 0.3 }]);
    delivery.tell(breach().at(0)).unwrap();
    drop(place.discord.wait_until(PATIENCE, |messages| !messages.is_empty()));
    delivery.tell(breach().in_state(AlertState::NoData).at(1)).unwrap();
    drop(place.discord.wait_until(PATIENCE, |messages| messages.len() > 1));
    delivery.close(PATIENCE).unwrap();
    assert_eq!(place.discord.messages().len(), 2);
    assert!(text_of(&place.discord.messages()[1].posted).contains("no data"));
}
