//! What is told when, to whom: routes, urgency, repetition, silences, escalation, and receivers that fail.

use std::time::Duration;

use plimsoll_alerts::{
    AlertState, Control, ControlError, DeliveryConfig, HistoryKind, Matcher, News, Notification,
    NotifyError, ReceiverConfig, Route, Silence, SilenceError, Urgent, headline,
};

use crate::told::{Change, Step, accepted, dispatcher, now, run, run_from, shown, wall};

const MIN: u64 = 60_000;
const HOUR: u64 = 60 * MIN;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn two_receivers(routes: Vec<Route>) -> DeliveryConfig {
    let command = || ReceiverConfig::command(["true"]);
    let config = DeliveryConfig::default()
        .with_receiver("chat", command())
        .with_receiver("phone", command())
        .with_fallback("phone", secs(30));
    routes.into_iter().fold(config, DeliveryConfig::with_route)
}

fn fires(name: &'static str) -> Change {
    Change::fires("drawdown", &[("strategy_id", "ema"), ("n", name)])
}

fn at(ms: u64, change: Change) -> (u64, Step) {
    (ms, Step::Alert(change))
}

fn ack(ms: u64, alert: &str) -> (u64, Step) {
    let (alert, by, note) = (alert.to_owned(), "amy".to_owned(), String::new());
    (ms, Step::Control(Control::Ack { alert, by, note }))
}

/// `1.0 chat News a!`.
fn with_receivers(told: &[(u64, Notification)]) -> Vec<String> {
    let items = shown(told);
    let of = |((_, n), items): (&(u64, Notification), String)| {
        let (time, items) = items.split_once(' ').unwrap();
        format!("{time} {} {:?} {items}", n.receiver, n.kind)
    };
    told.iter().zip(items).map(of).collect()
}

#[test]
fn the_first_route_that_matches_takes_an_alert_and_what_none_takes_goes_to_the_fallback() {
    let critical = Route::new("critical", ["phone"])
        .matching(Matcher::is("severity", ["critical"]))
        .and_continue();
    let ours = Route::new("ours", ["chat"]).matching(Matcher::is("strategy_id", ["ema*"]));
    let mut to = dispatcher(two_receivers(vec![critical, ours]));
    let told = |change: &Change| {
        let of = to.would_tell(&change.at(0));
        of.into_iter().map(|(route, _)| route).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(told(&fires("a")), "ours");
    assert_eq!(told(&fires("a").critical()), "critical ours");
    assert_eq!(told(&Change::fires("x", &[("strategy_id", "other")])), "unrouted");
    assert_eq!(told(&Change::fires("x", &[("strategy_id", "other")]).critical()), "critical");
    let steps = [at(0, Change::fires("x", &[("n", "x")]))];
    let told = run(&mut to, &steps, MIN, accepted);
    assert_eq!(with_receivers(&told), ["30.0 phone News x!"]);
}

#[test]
fn what_is_critical_waits_for_nothing_and_the_rest_waits_for_its_group() {
    let steps = [
        at(0, fires("w")),
        at(10_000, fires("c").critical().since(10_000)),
        at(70_000, fires("c").critical().resolved()),
    ];
    let told = run(&mut dispatcher(two_receivers(vec![])), &steps, 5 * MIN, accepted);
    let chat: Vec<_> = told.into_iter().filter(|(_, n)| n.receiver == "chat").collect();
    assert_eq!(shown(&chat), ["10.0 c! w!", "70.0 c_ w!"]);
}

#[test]
fn an_alert_that_flaps_by_the_second_is_told_at_most_every_two_seconds_with_its_count() {
    let mut steps = Vec::new();
    for flap in 0..40_u64 {
        let since = i64::try_from(flap * 100).unwrap();
        steps.push(at(flap * 100, fires("a").critical().since(since)));
        steps.push(at(flap * 100 + 50, fires("a").critical().since(since).resolved()));
    }
    let told = run(&mut dispatcher(two_receivers(vec![])), &steps, MIN, accepted);
    let chat: Vec<_> = told.into_iter().filter(|(_, n)| n.receiver == "chat").collect();
    assert_eq!(shown(&chat), ["0.0 a!", "2.0 a_!", "4.0 a_"]);
    let flaps: Vec<u32> = chat.iter().map(|(_, n)| n.items[0].flaps).collect();
    assert_eq!(flaps, [0, 20, 19], "with the end of the last one 40 ends, none lost");
}

#[test]
fn a_silence_marks_what_is_new_and_when_it_is_lifted_what_still_fires_is_told() {
    let silence = |from: u64, span| {
        let matches = vec![Matcher::is("strategy_id", ["ema"])];
        Step::Control(Control::silence(matches, wall(from), secs(span), "amy", "known").unwrap())
    };
    let steps = [
        (0, silence(0, 600)),
        at(MIN, fires("a").critical().since(60_000)),
        at(2 * MIN, fires("b").critical().since(120_000)),
        at(3 * MIN, fires("b").critical().since(120_000).resolved()),
    ];
    let mut to = dispatcher(two_receivers(vec![]));
    let told = run(&mut to, &steps[..2], 2 * MIN, accepted);
    assert_eq!(shown(&told), Vec::<String>::new());
    let status = to.status(wall(2 * MIN));
    let why = status.open[0].muted.as_deref().unwrap();
    assert_eq!(why, "silenced by amy until 2026-11-24 00:10:00 UTC: known");
    assert!(!status.open[0].is_told);
    let rows = to.history(100);
    assert!(rows.iter().any(|row| row.detail.contains("muted: silenced by amy")), "{rows:?}");

    let told = run(&mut dispatcher(two_receivers(vec![])), &steps, 20 * MIN, accepted);
    let chat: Vec<_> = told.into_iter().filter(|(_, n)| n.receiver == "chat").collect();
    assert_eq!(shown(&chat), ["600.0 a!"], "b ended in the silence and was never told");
}

#[test]
fn a_maintenance_window_of_the_engine_mutes_until_it_ends() {
    let mut to = dispatcher(two_receivers(vec![]));
    let muted = |change: &Change, ms, cause: &str, is_muted: bool| {
        let mut alert = serde_json::to_value(change.at(ms)).unwrap();
        alert["muted"] = if is_muted {
            serde_json::json!({"maintenance": {"reason": "deploy"}})
        } else {
            alert["muted"].take()
        };
        alert["cause"] = cause.into();
        serde_json::from_value(alert).unwrap()
    };
    let lost = Change::fires("connection_lost", &[("venue", "V"), ("n", "v")]).critical();
    to.alert(&muted(&lost, 0, "value", true), now(0));
    assert_eq!(run(&mut to, &[], MIN, accepted), Vec::new());
    assert_eq!(to.status(wall(MIN)).open[0].muted.as_deref(), Some("maintenance: deploy"));
    to.alert(&muted(&lost, 2 * MIN, "muting", false), now(2 * MIN));
    let told = run_from(&mut to, 2 * MIN, &[], 3 * MIN, accepted);
    let chat: Vec<_> = told.into_iter().filter(|(_, n)| n.receiver == "chat").collect();
    assert_eq!(shown(&chat), ["120.0 v!"]);
}

#[test]
fn silences_have_a_name_a_reason_and_an_end() {
    let matches = || vec![Matcher::is("rule", ["x"])];
    let check = |matches, span, by: &str, reason: &str| {
        Silence::new(matches, wall(0), span, by, reason).map(|_| ())
    };
    assert_eq!(check(matches(), secs(3_600), "amy", "known"), Ok(()));
    assert_eq!(check(vec![], secs(3_600), "amy", "known"), Err(SilenceError::MatchesAll));
    let missing = |what: &str| Err(SilenceError::Missing(what.to_owned()));
    assert_eq!(check(matches(), secs(3_600), " ", "known"), missing("an author"));
    assert_eq!(check(matches(), secs(3_600), "amy", ""), missing("a reason"));
    for span in [Duration::ZERO, secs(24 * 3_600 + 1)] {
        assert_eq!(check(matches(), span, "amy", "known"), Err(SilenceError::Span { span }));
    }
}

fn escalating() -> DeliveryConfig {
    let route = Route::new("all", ["chat"])
        .with_urgent(Urgent::Info)
        .escalating(secs(300), "phone")
        .escalating(secs(900), "stderr");
    two_receivers(vec![route])
}

#[test]
fn nobody_acknowledges_so_others_are_told_and_they_learn_of_the_end() {
    let steps = [at(0, fires("a")), at(20 * MIN, fires("a").resolved())];
    let mut to = dispatcher(escalating());
    let told = run(&mut to, &steps, HOUR, accepted);
    assert_eq!(
        with_receivers(&told),
        [
            "0.0 chat News a!",
            "300.0 phone Escalation a!",
            "900.0 stderr Escalation a!",
            "1200.0 chat News a_",
            "1200.0 phone News a_",
            "1200.0 stderr News a_",
        ]
    );
    assert!(headline(&told[1].1).starts_with("NOT ACKNOWLEDGED: WARNING firing: Drawdown"));
    let escalations = to.history(100);
    let escalations = escalations.iter().filter(|row| row.kind == HistoryKind::Escalation);
    let to: Vec<_> = escalations.map(|row| (row.receiver.as_str(), row.detail.as_str())).collect();
    assert_eq!(
        to,
        [("phone", "not acknowledged after 5 min"), ("stderr", "not acknowledged after 15 min")]
    );
}

#[test]
fn an_acknowledgment_ends_escalation_and_repetition_until_the_alert_fires_anew() {
    let steps = [
        at(0, fires("a")),
        ack(6 * MIN, "drawdown"),
        at(8 * HOUR, fires("a").resolved()),
        at(9 * HOUR, fires("a").since(9 * 3_600_000)),
    ];
    let told = run(&mut dispatcher(escalating()), &steps, 9 * HOUR + 6 * MIN, accepted);
    assert_eq!(
        with_receivers(&told),
        [
            "0.0 chat News a!",
            "300.0 phone Escalation a!",
            "360.0 chat Acknowledged a!",
            "360.0 phone Acknowledged a!",
            "28800.0 chat News a_",
            "28800.0 phone News a_",
            "32400.0 chat News a!",
            "32700.0 phone Escalation a!",
        ]
    );
    let wrong = Control::Ack { alert: "x".into(), by: "amy".into(), note: String::new() };
    let error = dispatcher(escalating()).control(&wrong, now(0)).unwrap_err();
    assert_eq!(error, ControlError::NoAlert { alert: "x".into() });
    let nobody = Control::Ack { alert: "x".into(), by: " ".into(), note: String::new() };
    assert_eq!(dispatcher(escalating()).control(&nobody, now(0)), Err(ControlError::NoName));
}

#[test]
fn no_data_and_errors_are_told_as_such_and_their_end_too() {
    let steps = [
        at(0, fires("a")),
        at(MIN, fires("a").in_state(AlertState::NoData)),
        at(2 * MIN, fires("a").in_state(AlertState::Error)),
        at(3 * MIN, fires("a").resolved()),
    ];
    let told = run(&mut dispatcher(escalating()), &steps, 4 * MIN, accepted);
    let lines: Vec<String> = told.iter().map(|(_, n)| headline(n)).collect();
    assert_eq!(lines.len(), 4);
    for (line, wanted) in lines.iter().zip(["firing", "no data", "cannot be judged", "resolved"]) {
        assert!(line.starts_with(&format!("WARNING {wanted}: Drawdown")), "{line}");
    }
}

#[test]
fn what_waits_for_a_receiver_that_fails_is_brought_up_to_date_and_told_once() {
    let unreachable = |ms: u64, n: &Notification| {
        if n.receiver == "chat" && ms < 20_000 {
            let (receiver, detail) = (n.receiver.clone(), "down".to_owned());
            return Err(NotifyError::Unreachable { receiver, detail });
        }
        accepted(ms, n)
    };
    let steps = [
        at(0, fires("a").critical()),
        at(3_000, fires("b").critical().since(3_000)),
        at(6_000, fires("b").critical().since(3_000).valued(0.2).resolved()),
        at(9_000, fires("c").critical().since(9_000)),
    ];
    let told = run(&mut dispatcher(two_receivers(vec![])), &steps, MIN, unreachable);
    let chat: Vec<_> =
        told.into_iter().filter(|(ms, n)| n.receiver == "chat" && *ms >= 20_000).collect();
    assert_eq!(chat.len(), 2, "the one that was tried, and one with all the rest");
    assert_eq!(shown(&chat[..1])[0].split_once(' ').unwrap().1, "a!");
    assert_eq!(shown(&chat[1..])[0].split_once(' ').unwrap().1, "a! b!_ c!");
    let b = chat[1].1.items.iter().find(|item| item.alert.labels.get("n") == "b").unwrap();
    assert_eq!((b.news, b.peak_value), (News::Brief, Some(0.2)));
}

#[test]
fn who_cannot_be_reached_is_tried_with_growing_pauses_and_the_fallback_is_told_soon() {
    let mut tries = Vec::new();
    let mut to = dispatcher(two_receivers(vec![Route::new("all", ["chat"])]));
    let told = run(&mut to, &[at(0, fires("a").critical())], 2 * HOUR, |ms, n| {
        if n.receiver == "phone" {
            return accepted(ms, n);
        }
        tries.push(ms);
        let (receiver, detail) = (n.receiver.clone(), "down".to_owned());
        Err(NotifyError::Unreachable { receiver, detail })
    });
    let pauses: Vec<u64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((200..=300).contains(&pauses[0]), "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= 72_000), "{pauses:?}");
    assert!(*tries.last().unwrap() < HOUR, "given up after an hour");
    let fallback: Vec<_> = told.iter().filter(|(_, n)| n.receiver == "phone").collect();
    assert_eq!(fallback.len(), 1, "told once");
    let (ms, n) = fallback[0];
    let first = told.iter().find(|(_, n)| n.receiver == "chat").unwrap();
    assert_eq!((*ms, &n.id), (30_000, &first.1.id), "with the same id");
    assert_eq!(n.note.as_deref(), Some("receiver `chat` cannot be reached: down"));
    let status = to.status(wall(2 * HOUR));
    assert_eq!((status.dead, status.waiting), (1, 0));
    assert!(status.dead_letters[0].detail.starts_with("given up: receiver `chat`"));
}

#[test]
fn a_global_rate_limit_holds_for_all_receivers_of_the_service() {
    let route = Route::new("all", ["chat", "phone", "stderr"]);
    let mut to = dispatcher(two_receivers(vec![route]));
    let mut is_first = true;
    let told = run(&mut to, &[at(0, fires("a").critical())], MIN, |ms, n| {
        if std::mem::take(&mut is_first) {
            let (receiver, retry_after) = (n.receiver.clone(), secs(7));
            return Err(NotifyError::RateLimited { receiver, retry_after, is_global: true });
        }
        accepted(ms, n)
    });
    assert_eq!(
        with_receivers(&told),
        ["0.0 chat News a!", "0.0 stderr News a!", "7.0 chat News a!", "7.0 phone News a!"]
    );
}

#[test]
fn an_engine_that_starts_again_ends_what_it_does_not_know_and_adds_what_was_missed() {
    let mut to = dispatcher(escalating());
    drop(run(&mut to, &[at(0, fires("gone")), at(0, fires("stays"))], MIN, accepted));
    let open = [fires("stays").at(0), fires("missed").since(120_000).at(2 * MIN)];
    to.resync(&open, now(2 * MIN));
    let told = run_from(&mut to, 2 * MIN, &[], 3 * MIN, accepted);
    assert_eq!(shown(&told), ["120.0 gone_ missed! stays!"]);
}

#[test]
fn every_change_and_every_attempt_is_a_row_of_history() {
    let mut to = dispatcher(two_receivers(vec![Route::new("all", ["chat"])]));
    let mut is_first = true;
    let steps = [at(0, fires("a").critical()), at(5_000, fires("a").critical().resolved())];
    drop(run(&mut to, &steps, MIN, |ms, n| {
        if std::mem::take(&mut is_first) {
            let (receiver, detail) = (n.receiver.clone(), "down".to_owned());
            return Err(NotifyError::Unreachable { receiver, detail });
        }
        accepted(ms, n)
    }));
    let rows = to.history(100);
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let state = row.alert.as_ref().unwrap().to.as_str();
            let delivered = row.delivered.map(|is| is.to_string()).unwrap_or_default();
            format!("{} {state} {} {delivered}", row.kind.as_str(), row.attempts)
        })
        .collect();
    assert_eq!(
        lines,
        [
            "transition firing 0 ",
            "delivery firing 1 false",
            "delivery firing 2 true",
            "transition resolved 0 ",
            "delivery resolved 1 true",
        ]
    );
    assert!(rows[2].latency_ms.unwrap() >= 200.0, "from the breach to the answer");
    assert_eq!(rows[4].resolved_at(), Some(wall(5_000)));
    to.history_taken(5);
    assert_eq!(to.history(100), Vec::new());
}
