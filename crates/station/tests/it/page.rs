//! What a browser gets.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use plimsoll_board::{Compare, Measure, Rule, Sample, Severity, Unit};
use plimsoll_station::{Alarm, AlarmLevel, Alarms, Joined, Station, StationOptions, Watching};

use crate::client::{Running, send};

/// Bytes that a page may have together with what it loads.
const BYTES_MAX: usize = 100_000;

fn risk(strategy: &str, drawdown: f64) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    format!(
        "trading_risk,env=prod,mode=live,scope=strategy,strategy_id={strategy} equity=95.0,peak_equity=100.0,drawdown_ratio={drawdown} {now}\n"
    )
}

fn drawdown_rule() -> Rule {
    let sample = |column: &str| Sample::last("trading_risk", column);
    let measure = Measure::Drawdown { equity: sample("equity"), peak: sample("peak_equity") };
    Rule::new("drawdown_warning", measure, Compare::Above, 0.05, Unit::Ratio)
        .of_severity(Severity::Warning)
        .by(["scope", "account_id", "strategy_id"])
}

#[derive(Debug)]
struct One(Alarm);

impl Alarms for One {
    fn watching(&self) -> Watching {
        Watching::new(vec![self.0.clone()])
    }
}

fn start(alarm: Alarm) -> Running {
    let dir = tempfile::TempDir::new().unwrap();
    let options = StationOptions::new(dir.path().join("store.db")).without_upkeep();
    let joined =
        Joined::default().with_alarms(Arc::new(One(alarm))).with_rules(vec![drawdown_rule()]);
    Running { station: Station::start_joined(options, joined).unwrap(), dir }
}

fn alarm() -> Alarm {
    Alarm::firing("Drawdown <b>", AlarmLevel::Critical, SystemTime::now())
        .with_value("6.2 %", "5 %")
        .with_labels(vec![("strategy_id".to_owned(), "<script>alert(1)</script>".to_owned())])
}

#[test]
fn every_dashboard_is_drawn_without_a_row_and_with_rows_and_is_small() {
    let running = start(alarm());
    let first = running.get("/").is(200).body.clone();
    let links: Vec<String> = first
        .split("<a href=\"")
        .filter(|part| part.starts_with("/d/"))
        .map(|part| part.split('"').next().unwrap().replace("&amp;", "&"))
        .collect();
    assert!(links.len() >= 8, "{links:?}");
    for with_rows in [false, true] {
        if with_rows {
            running.write(risk("ema-001", 0.05)).is(204);
        }
        for link in &links {
            let page = running.get(link);
            page.is(200);
            assert!(page.body.contains("</html>") && page.body.len() < BYTES_MAX, "{link}");
            assert!(!page.body.contains("cannot be asked"), "{link}: {}", page.body);
            assert!(!page.body.contains("style=\""), "{link}: a policy forbids it");
        }
    }
    let loaded: usize = ["/", "/page.css", "/page.js", "/icon.svg"]
        .iter()
        .map(|file| running.get(file).is(200).body.len())
        .sum();
    assert!(loaded < BYTES_MAX, "{loaded} bytes");
    running.get("/d/nothing").is(404);
    assert!(
        running.get("/d/drawdown").body.contains("ema-001"),
        "{}",
        running.get("/d/drawdown").body
    );
}

#[test]
fn texts_from_outside_are_shown_and_never_run() {
    let running = start(alarm());
    let evil = r"<img\ src\=x\ onerror\=alert(1)>";
    running.write(risk(evil, 0.05)).is(204);
    for target in ["/", "/d/drawdown", "/d/drawdown?strategy=%3Cscript%3Ealert(1)%3C%2Fscript%3E"] {
        let page = running.get(target);
        page.is(200);
        assert!(!page.body.contains("<script>") && !page.body.contains("<img"), "{}", page.body);
    }
    let page = running.get("/");
    assert!(
        page.body.contains("Drawdown &lt;b&gt;") && page.body.contains("1 alert firing"),
        "{}",
        page.body
    );
    let policy = "content-security-policy: default-src 'none'; script-src 'self'";
    assert!(
        page.head.contains(policy) && page.head.contains("frame-ancestors 'none'"),
        "{}",
        page.head
    );
}

#[test]
fn rows_of_a_replay_are_shown_to_whoever_asks_for_them_only() {
    let running = Running::start(|options| options);
    running.write(risk("real", 0.01)).is(204);
    running.write(risk("played", 0.02).replace("mode=live", "mode=replay")).is(204);
    let main = [("x-plimsoll-part", "main")];
    let part = |target: &str| {
        send(running.station.address(), "GET", target, &main, b"").is(200).body.clone()
    };
    let usual = part("/d/drawdown");
    assert!(usual.contains("real") && !usual.contains("played"), "{usual}");
    assert!(usual.contains("LIVE and PAPER") || usual.contains("LIVE AND PAPER"), "{usual}");
    let asked = part("/d/drawdown?mode=replay");
    assert!(asked.contains("played") && !asked.contains("real"), "{asked}");
    assert!(!usual.contains("<html"), "only what changes");
}

#[test]
fn an_open_page_hears_of_a_row_within_a_second() {
    let running = Running::start(|options| options);
    let address = running.station.address();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET /events HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "id: 0"), "the first comes at once");
    running.write(risk("a", 0.0)).is(204);
    assert!(lines.any(|line| line == "id: 1"));
    running.station.rows_changed();
    assert!(lines.any(|line| line == "id: 2"));
    let ended = running.station.stop(Duration::from_secs(20));
    assert_eq!(ended.connections_cut, 0, "an open page does not hold the end up");
}

#[test]
fn what_was_deployed_or_changed_is_marked_on_every_picture_over_time() {
    let running = start(alarm());
    running.write(risk("a", 0.02)).is(204);
    let change = "ops_events,env=prod,mode=live,kind=limit,target=limits.max_leverage,outcome=changed from_value=\"3\",to_value=\"<2>\"\n";
    running.write(change).is(204);
    let page = running.get("/d/drawdown").is(200).body.clone();
    assert!(page.contains("limit limits.max_leverage 3 → &lt;2&gt;"), "{page}");
}
