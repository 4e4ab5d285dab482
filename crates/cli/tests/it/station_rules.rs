//! `plimsoll station` as the one process that watches: rules, people, reload, systemd.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_metrics::{Auth, HttpClient, HttpOptions, Json};

use crate::run::{Running, command, plimsoll};

const PATIENCE: Duration = Duration::from_secs(60);
const ARGS: [&str; 9] = [
    "station",
    "--listen",
    "127.0.0.1:0",
    "--store",
    "s.db",
    "--outbox",
    "alerts",
    "--operate",
    "--config=c.yaml",
];

/// A station in a directory of its own.
struct Desk {
    running: Running,
    url: String,
}

impl Desk {
    fn start(dir: &Path, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = command(dir, &ARGS);
        change(command.stderr(Stdio::null()));
        let mut running = Running::spawn(&mut command);
        let url = running.line();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        Self { running, url }
    }

    fn client(&self) -> HttpClient {
        HttpClient::new(&self.url, &Auth::None, HttpOptions::default()).unwrap()
    }

    fn equity(&self, equity: f64) {
        let line = format!(
            "trading_risk,env=prod,mode=live,scope=account,account_id=A equity={equity},peak_equity=1000.0,drawdown_ratio={}\n",
            1.0 - equity / 1000.0
        );
        let reply = self.client().post("/write", "text/plain", line.as_bytes()).unwrap();
        assert_eq!(reply.status, 204);
    }

    fn get(&self, target: &str) -> Json {
        let reply = self.client().get(target).unwrap();
        Json::parse(&String::from_utf8(reply.body).unwrap()).unwrap()
    }

    /// The open drawdown alert, once it is as wanted.
    #[track_caller]
    fn drawdown(&self, is_so: impl Fn(&Json) -> bool) -> Json {
        self.until(|| {
            let alerts = self.get("/api/alerts");
            let open = alerts.get("open").map(Json::items).unwrap_or_default();
            open.iter()
                .find(|alert| text(alert, "name").starts_with("drawdown") && is_so(alert))
                .cloned()
        })
    }

    /// The first cell of a query.
    fn cell(&self, sql: &str) -> i64 {
        let plain = |byte: u8| byte.is_ascii_alphanumeric();
        let escape = |byte: u8| {
            if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
        };
        let query: String = sql.bytes().map(escape).collect();
        let answer = self.get(&format!("/api/query?query={query}"));
        let rows = answer.get("dataset").map(Json::items).unwrap_or_default();
        rows.first().and_then(|row| row.items().first()).and_then(Json::as_i64).unwrap_or(0)
    }

    #[track_caller]
    fn until<T>(&self, find: impl Fn() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = find() {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "waited too long: {:?}", self.get("/api/alerts"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn text(of: &Json, name: &str) -> String {
    match of.get(name) {
        Some(Json::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

fn configure(dir: &Path, leverage: &str) {
    let text = format!("limits:\n  max_leverage: {leverage}\n");
    std::fs::write(dir.join("c.yaml"), text).unwrap();
}

#[test]
fn what_fires_is_acknowledged_from_a_terminal_and_stays_so_over_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "3");
    let desk = Desk::start(dir.path(), |_| {});
    desk.equity(1000.0);
    desk.equity(920.0);
    let alert = desk.drawdown(|alert| text(alert, "state") == "firing");
    assert_eq!(text(&desk.get("/api/alerts"), "verdict"), "firing");
    let name = text(&alert, "name");
    let ack = ["alerts", "ack", &name, "--by", "me", "--outbox", "alerts", "--config=c.yaml"];
    let ran = plimsoll(dir.path(), &ack);
    assert_eq!(ran.code, 0, "{ran:?}");
    desk.drawdown(|alert| text(alert, "acked_by") == "me");
    let rows = "SELECT count(*) FROM alert_history WHERE kind = 'ack' AND actor = 'me'";
    desk.until(|| (desk.cell(rows) == 1).then_some(()));
    // The station tells of itself, and that does not count as news from the traders.
    let own = "SELECT count(*) FROM system_health WHERE component = 'station'";
    desk.until(|| (desk.cell(own) >= 1).then_some(()));
    desk.running.kill();
    let desk = Desk::start(dir.path(), |_| {});
    desk.drawdown(|alert| text(alert, "acked_by") == "me");
    let (code, _) = desk.running.terminate();
    assert_eq!(code, 0);
    // Two processes never run the same rules.
    let first = Desk::start(dir.path(), |_| {});
    let second = plimsoll(dir.path(), &ARGS);
    assert!(second.code == 2 && second.err.contains("one process runs them"), "{second:?}");
    drop(first);
}

#[test]
fn a_hangup_reloads_what_is_right_and_records_limits_that_changed() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "3");
    let told = UnixDatagram::bind(dir.path().join("notify")).unwrap();
    told.set_read_timeout(Some(PATIENCE)).unwrap();
    let next = || {
        let mut bytes = [0; 256];
        let len = told.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..len]).lines().next().unwrap_or_default().to_owned()
    };
    let desk = Desk::start(dir.path(), |command| {
        command.env("NOTIFY_SOCKET", dir.path().join("notify"));
    });
    assert_eq!(next(), "READY=1");
    desk.equity(1000.0);
    desk.equity(920.0);
    desk.drawdown(|alert| text(alert, "state") == "firing");
    let hangup = || {
        let pid = desk.running.pid();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
        assert_eq!((next(), next()), ("RELOADING=1".to_owned(), "READY=1".to_owned()));
    };
    configure(dir.path(), "none of your business");
    hangup();
    configure(dir.path(), "2");
    hangup();
    let rows =
        "SELECT count(*) FROM ops_events WHERE kind = 'limit' AND target = 'limits.max_leverage'";
    desk.until(|| (desk.cell(rows) == 1).then_some(()));
    let all = "SELECT count(*) FROM ops_events WHERE kind = 'limit'";
    assert_eq!(desk.cell(all), 1, "a broken file changes nothing");
    // A rule that did not change goes on where it was: it does not fire a second time.
    desk.drawdown(|alert| text(alert, "state") == "firing");
    let fired = "SELECT count(*) FROM alert_history WHERE kind = 'transition' AND state = 'firing' AND prev_state <> 'firing' AND rule LIKE 'drawdown%'";
    desk.until(|| (desk.cell(fired) >= 1).then_some(()));
    assert_eq!(desk.cell(fired), 1);
    let (code, _) = desk.running.terminate();
    assert_eq!((code, next()), (0, "STOPPING=1".to_owned()));
}

#[test]
fn the_watchdog_hears_that_the_rules_run() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "3");
    let told = UnixDatagram::bind(dir.path().join("notify")).unwrap();
    told.set_read_timeout(Some(PATIENCE)).unwrap();
    let desk = Desk::start(dir.path(), |command| {
        command.env("NOTIFY_SOCKET", dir.path().join("notify")).env("WATCHDOG_USEC", "400000");
    });
    let mut pings = 0;
    while pings < 3 {
        let mut bytes = [0; 256];
        let len = told.recv(&mut bytes).unwrap();
        pings += u32::from(bytes[..len].starts_with(b"WATCHDOG=1"));
    }
    drop(desk);
}
