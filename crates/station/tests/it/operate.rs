//! What a person does about an alert, and who may.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use plimsoll_station::{
    Alarm, AlarmLevel, Alarms, Joined, Operate, OperateError, Station, StationOptions, Tokens,
    Watching, Wish,
};

use crate::client::{Reply, Running, send};

const READER: &str = "reader-0123456789abcdef0123456789abcdef";
const PERSON: &str = "person-0123456789abcdef0123456789abcdef";
const NAME: &str = "drawdown{a=\"<b>\"}";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// One alert, and a record of who wanted what of it.
#[derive(Debug, Clone, Default)]
struct Desk(Arc<Mutex<Vec<(Wish, String)>>>);

impl Alarms for Desk {
    fn watching(&self) -> Watching {
        let alarm = Alarm::firing("Drawdown", AlarmLevel::Critical, SystemTime::UNIX_EPOCH)
            .named(NAME)
            .with_people(self.0.lock().unwrap().first().map(|(_, by)| by.clone()), None);
        // Five minutes by its own clock, whatever ours says.
        Watching::new(vec![alarm]).by_clock(SystemTime::UNIX_EPOCH + Duration::from_secs(300))
    }
}

impl Operate for Desk {
    fn operate(&self, wish: &Wish, by: &str) -> Result<String, OperateError> {
        let (Wish::Ack { alarm, .. } | Wish::Silence { alarm, .. }) = wish else {
            return Err(OperateError::Refused { reason: "what is it?".to_owned() });
        };
        if alarm != NAME {
            let reason = format!("no open alert is called `{alarm}`");
            return Err(OperateError::Refused { reason });
        }
        self.0.lock().unwrap().push((wish.clone(), by.to_owned()));
        Ok("done as asked".to_owned())
    }
}

fn start(change: impl FnOnce(StationOptions) -> StationOptions) -> (Running, Desk) {
    let dir = tempfile::TempDir::new().unwrap();
    let options = StationOptions::new(dir.path().join("store.db")).without_upkeep();
    let desk = Desk::default();
    let joined =
        Joined::default().with_alarms(Arc::new(desk.clone())).with_operate(Arc::new(desk.clone()));
    (Running { station: Station::start_joined(change(options), joined).unwrap(), dir }, desk)
}

fn tokens() -> Tokens {
    Tokens::parse(&format!("look read {READER}\nme read,operate {PERSON}\n")).unwrap()
}

fn post(running: &Running, target: &str, headers: &[(&str, &str)], form: &str) -> Reply {
    let headers = [&[FORM], headers].concat();
    send(running.station.address(), "POST", target, &headers, form.as_bytes())
}

/// The key that the page's forms carry.
fn key(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"key\" value=\"").expect("a form");
    rest.split('"').next().unwrap().to_owned()
}

fn form(key: &str, more: &str) -> String {
    format!("key={key}&alarm={}{more}", crate::client::escape(NAME))
}

#[test]
fn a_form_of_the_page_acknowledges_and_leads_back() {
    let (running, desk) = start(StationOptions::with_operate);
    let page = running.get("/d/drawdown").is(200).body.clone();
    assert!(page.contains("for 5 min"), "by the clock of the rules: {page}");
    let key = key(&page);
    let done =
        post(&running, "/api/alerts/ack", &[], &form(&key, "&back=%2Fd%2Fdrawdown%3Fhours%3D5"));
    done.is(303);
    assert!(done.head.contains("location: /d/drawdown?hours=5"), "{}", done.head);
    let asked = desk.0.lock().unwrap().clone();
    let wish = Wish::Ack { alarm: NAME.to_owned(), note: String::new() };
    assert_eq!(asked, [(wish, "page".to_owned())]);
    let page = running.get("/").body;
    assert!(page.contains("acknowledged by page") && !page.contains(">Ack</button>"), "{page}");
    let part = post(
        &running,
        "/api/alerts/silence",
        &[("x-plimsoll-part", "main")],
        &form(&key, "&minutes=30&reason=known+fault"),
    );
    assert_eq!(part.is(200).json()["done"], "done as asked");
    let open = running.get("/api/alerts").is(200).json();
    assert_eq!(open["verdict"], "firing");
    assert_eq!(open["open"][0]["name"], NAME);
    assert_eq!(open["open"][0]["acked_by"], "page");
}

#[test]
fn nobody_is_led_to_another_site() {
    let (running, _) = start(StationOptions::with_operate);
    let key = key(&running.get("/").body);
    for back in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/api/query",
        "/d/x%0d%0aset-cookie: a",
    ] {
        let done = post(&running, "/api/alerts/ack", &[], &form(&key, &format!("&back={back}")));
        assert!(
            done.status == 303
                && !done.head.contains("evil")
                && !done.head.contains("\nset-cookie"),
            "{}",
            done.head
        );
    }
}

#[test]
fn what_is_not_from_our_own_page_is_refused() {
    let (running, desk) = start(StationOptions::with_operate);
    let key = key(&running.get("/").body);
    let wrong = "0".repeat(key.len());
    for (headers, form, status) in [
        (vec![], form(&wrong, ""), 403),
        (vec![], form("", ""), 403),
        (vec![("origin", "http://evil.example")], form(&key, ""), 403),
        (vec![("origin", "null")], form(&key, ""), 403),
        (vec![("sec-fetch-site", "cross-site")], form(&key, ""), 403),
        (vec![("host", "evil.example")], form(&key, ""), 403),
        (vec![], format!("key={key}&alarm=none"), 409),
        (vec![], format!("key={key}"), 400),
        (vec![], format!("{}&note={}", form(&key, ""), "x".repeat(5_000)), 400),
    ] {
        post(&running, "/api/alerts/ack", &headers, &form).is(status);
    }
    let ack = |kind: &str| {
        let headers = [("content-type", kind)];
        send(
            running.station.address(),
            "POST",
            "/api/alerts/ack",
            &headers,
            form(&key, "").as_bytes(),
        )
    };
    ack("text/plain").is(415);
    running.get("/api/alerts/ack").is(405);
    assert!(desk.0.lock().unwrap().is_empty());
}

#[test]
fn only_who_may_operate_does_and_sees_the_buttons() {
    let (running, desk) = start(|options| options);
    assert!(!running.get("/").is(200).body.contains("data-operate"), "nobody may");
    post(&running, "/api/alerts/ack", &[], &form("", "")).is(403);

    let (running, more) = start(|options| options.with_tokens(tokens()));
    let page = |token: &str| {
        let bearer = format!("Bearer {token}");
        send(running.station.address(), "GET", "/", &[("authorization", &bearer)], b"").body
    };
    assert!(!page(READER).contains("data-operate") && page(PERSON).contains("data-operate"));
    let ack = |token: &str| {
        let bearer = format!("Bearer {token}");
        post(&running, "/api/alerts/ack", &[("authorization", &bearer)], &form("", ""))
    };
    ack(READER).is(403);
    post(&running, "/api/alerts/ack", &[], &form("", "")).is(401);
    // A browser sends a password by itself, so the form's key is wanted too.
    let basic =
        [("authorization", "Basic bWU6cGVyc29uLTAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm")];
    post(&running, "/api/alerts/ack", &basic, &form("", "")).is(403);
    ack(PERSON).is(200);
    assert!(desk.0.lock().unwrap().is_empty());
    assert_eq!(more.0.lock().unwrap()[0].1, "me", "by whom the token is");
}
