//! The ten scenarios against a real Alertmanager and against ours, at the same time, on the wall clock.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use plimsoll_alerts::{
    Control, Delivery, DeliveryPorts, Matcher, ReceiverConfig, SecretRef, Secrets,
};
use serde_json::{Value, json};
use testbed::{Reply, ScriptedHttp};

use crate::alertmanager::{Case, cases, config};
use crate::places::{PATIENCE, provide_tls};
use crate::told::{Change, Step};

/// Set to the program to run this; it takes half a minute.
const PROGRAM: &str = "PLIMSOLL_ALERTMANAGER";

/// How far from its moment a message may come on a loaded machine.
const TOLERANCE_SECS: f64 = 0.4;

/// What was told: scenario, seconds since the start, alerts with their marks.
type Told = Arc<Mutex<Vec<(usize, f64, Vec<String>)>>>;

struct Alertmanager(Child, u16);

impl Drop for Alertmanager {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn start_alertmanager(program: &str, dir: &std::path::Path, hook: &str) -> Alertmanager {
    let file = dir.join("am.yml");
    let text = format!(
        "route: {{receiver: hook, group_by: [s], group_wait: 1s, group_interval: 2s, repeat_interval: 5s}}\n\
         inhibit_rules: [{{source_matchers: ['severity=critical'], target_matchers: ['severity=warning'], equal: [s]}}]\n\
         receivers: [{{name: hook, webhook_configs: [{{url: '{hook}', send_resolved: true}}]}}]\n"
    );
    std::fs::write(&file, text).unwrap();
    let port = testbed::free_port().unwrap();
    let child = Command::new(program)
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.path={}", dir.join("am").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--cluster.listen-address=")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let running = Alertmanager(child, port);
    let bound = Instant::now() + PATIENCE;
    while running.ask("GET", "/-/ready", "").is_none() {
        assert!(Instant::now() < bound, "Alertmanager does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    running
}

impl Alertmanager {
    /// Asks; the body of an answer of success.
    fn ask(&self, method: &str, path: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.1)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let len = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: {len}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all((head + body).as_bytes()).ok()?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).ok()?;
        reply.starts_with("HTTP/1.1 200").then_some(reply)
    }

    fn tell(&self, scenario: usize, change: &Change, at: SystemTime) {
        let mut labels = json!({"alertname": change.rule, "severity": change.severity.as_str()});
        for (name, value) in &change.labels {
            labels[*name] = json!(value);
        }
        labels["s"] = json!(scenario.to_string());
        let mut alert = json!({"labels": labels});
        if change.to == plimsoll_alerts::AlertState::Resolved {
            alert["endsAt"] = json!(rfc3339(at));
        } else {
            let since = at - Duration::from_millis(change.fired_ms.min(0).unsigned_abs());
            alert["startsAt"] = json!(rfc3339(since));
        }
        assert!(self.ask("POST", "/api/v2/alerts", &json!([alert]).to_string()).is_some());
    }

    fn silence(&self, scenario: usize, from: SystemTime, span: Duration) {
        let silence = json!({
            "matchers": [{"name": "s", "value": scenario.to_string(), "isRegex": false}],
            "startsAt": rfc3339(from),
            "endsAt": rfc3339(from + span),
            "createdBy": "amy",
            "comment": "test",
        });
        assert!(self.ask("POST", "/api/v2/silences", &silence.to_string()).is_some());
    }
}

fn rfc3339(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).unwrap().to_string()
}

/// A receiver that notes what each message says.
fn receiver(told: &Told, start: Instant, read: fn(&Value) -> Vec<(usize, String)>) -> ScriptedHttp {
    let told = Arc::clone(told);
    ScriptedHttp::answering(move |request| {
        let secs = start.elapsed().as_secs_f64();
        let items = read(&serde_json::from_slice(&request.body).unwrap());
        if let Some((scenario, _)) = items.first() {
            let mut marks: Vec<String> = items.iter().map(|(_, mark)| mark.clone()).collect();
            marks.sort();
            told.lock().unwrap().push((*scenario, secs, marks));
        }
        Reply::status(200)
    })
    .unwrap()
}

fn of_alertmanager(body: &Value) -> Vec<(usize, String)> {
    let of = |alert: &Value| {
        let label = |name: &str| alert["labels"][name].as_str().unwrap().to_owned();
        let mark = if alert["status"] == "resolved" { "_" } else { "!" };
        (label("s").parse().unwrap(), label("n") + mark)
    };
    body["alerts"].as_array().unwrap().iter().map(of).collect()
}

fn of_ours(body: &Value) -> Vec<(usize, String)> {
    let of = |alert: &Value| {
        let label = |name: &str| alert["labels"][name].as_str().unwrap().to_owned();
        let mark = match alert["news"].as_str().unwrap() {
            "resolved" => "_",
            "brief" => "!_",
            "muted" => "~",
            "fired_again" => "_!",
            _ => "!",
        };
        (label("s").parse().unwrap(), label("n") + mark)
    };
    body["alerts"].as_array().unwrap().iter().map(of).collect()
}

/// Lets real time pass: Alertmanager has no other.
fn await_moment(moment: Instant) {
    while Instant::now() < moment {
        std::thread::sleep(moment.saturating_duration_since(Instant::now()));
    }
}

/// Does what a scenario says at its moments, to both.
fn play(scenario: usize, case: &Case, start: Instant, theirs: &Alertmanager, ours: &Delivery) {
    for (ms, step) in &case.steps {
        await_moment(start + Duration::from_millis(*ms));
        let wall = SystemTime::now();
        match step {
            Step::Alert(change) => {
                theirs.tell(scenario, change, wall);
                let mut alert = change.at(*ms);
                alert.labels.set("s", scenario.to_string());
                ours.tell(alert).unwrap();
            }
            Step::Control(Control::Silence(silence)) => {
                let span = silence.until.duration_since(silence.from).unwrap();
                theirs.silence(scenario, wall, span);
                let matches = vec![Matcher::is("s", [scenario.to_string().as_str()])];
                ours.control(Control::silence(matches, wall, span, "amy", "test").unwrap())
                    .unwrap();
            }
            Step::Control(other) => panic!("no such step in these scenarios: {other:?}"),
        }
    }
}

/// Whether what was told is what was expected, each within the tolerance of its moment.
fn is_as_expected(
    told: &Told,
    scenario: usize,
    expected: &[&str],
    until: f64,
) -> Result<(), String> {
    let told = told.lock().unwrap();
    let told: Vec<_> = told.iter().filter(|(s, at, _)| *s == scenario && *at < until).collect();
    let shown: Vec<String> =
        told.iter().map(|(_, at, marks)| format!("{at:.1} {}", marks.join(" "))).collect();
    let is_same = told.len() == expected.len()
        && told.iter().zip(expected).all(|((_, at, marks), wanted)| {
            let (moment, items) = wanted.split_once(' ').unwrap();
            let mut items: Vec<&str> = items.split(' ').collect();
            items.sort_unstable();
            (at - moment.parse::<f64>().unwrap()).abs() <= TOLERANCE_SECS && *marks == items
        });
    if is_same { Ok(()) } else { Err(format!("{shown:?}, expected {expected:?}")) }
}

#[test]
fn the_ten_scenarios_are_told_by_both_as_written_down() {
    let Ok(program) = std::env::var(PROGRAM) else {
        println!("SKIPPED: {PROGRAM} does not name an Alertmanager");
        return;
    };
    provide_tls();
    let dir = tempfile::tempdir().unwrap();
    let (theirs, ours) = (Told::default(), Told::default());
    // The start lies ahead, so that both are up when it comes.
    let start = Instant::now() + Duration::from_secs(5);
    let their_hook = receiver(&theirs, start, of_alertmanager);
    let our_hook = receiver(&ours, start, of_ours);
    let alertmanager = start_alertmanager(&program, dir.path(), &their_hook.url());
    let secrets = Secrets::of([("HOOK", our_hook.url().as_str())]);
    let config = config(ReceiverConfig::webhook(SecretRef::env("HOOK")));
    let ports = DeliveryPorts::new();
    let delivery = Delivery::start(dir.path().join("outbox"), &config, &secrets, ports).unwrap();
    assert!(Instant::now() < start, "both were up in time");
    await_moment(start);
    let cases = cases();
    std::thread::scope(|scope| {
        for (scenario, case) in cases.iter().enumerate() {
            let (alertmanager, delivery) = (&alertmanager, &delivery);
            scope.spawn(move || play(scenario, case, start, alertmanager, delivery));
        }
    });
    let until = 14.0;
    await_moment(start + Duration::from_secs_f64(until));
    let (mut wrong, mut same) = (Vec::new(), 0);
    for (scenario, case) in cases.iter().enumerate() {
        let sides = [("Alertmanager", &theirs, case.alertmanager), ("ours", &ours, case.ours)];
        for (who, told, expected) in sides {
            if let Err(what) = is_as_expected(told, scenario, expected, until) {
                wrong.push(format!("{}, {who}: {what}", case.name));
            }
        }
        same += usize::from(case.difference.is_none());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!(
        "{} scenarios beside Alertmanager as written down: {same} the same, {} with a named difference",
        cases.len(),
        cases.len() - same
    );
}
