//! From a breach to the request at the receiver: in process, and with Prometheus and Alertmanager tuned to their
//! floor, side by side. Then what one 429 costs.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant, SystemTime};

use plimsoll_alerts::{
    Condition, Delivery, DeliveryConfig, DeliveryPorts, Engine, Now, ReceiverConfig, Route, Rule, Sample, SecretRef,
    Secrets, Severity, Urgent,
};
use plimsoll_benches::{percentile, row};
use testbed::{Reply, ScriptedHttp};

const BREACHES: usize = 1_000;
/// Breaches told by the pair; each takes seconds.
const PAIR_BREACHES: usize = 12;

/// When the program began: the monotonic clock's zero.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A receiver that says when it has read a request, and what it was.
fn receiver(first: Vec<Reply>) -> (ScriptedHttp, Receiver<(Instant, String)>) {
    let (to, arrived) = mpsc::channel();
    let (to, first) = (Mutex::new(to), Mutex::new(first));
    let server = ScriptedHttp::answering(move |request| {
        let to: &Sender<_> = &to.lock().unwrap();
        to.send((Instant::now(), request.text())).unwrap();
        first.lock().unwrap().pop().unwrap_or_else(|| Reply::status(204))
    });
    (server.unwrap(), arrived)
}

fn start(dir: &Path, url: &str) -> Delivery {
    let config = DeliveryConfig::default()
        .with_receiver("hook", ReceiverConfig::webhook(SecretRef::env("HOOK")))
        .with_route(Route::new("all", ["hook"]).with_group_by(["n"]).with_urgent(Urgent::Info));
    Delivery::start(dir, &config, &Secrets::of([("HOOK", url)]), DeliveryPorts::new()).unwrap()
}

fn engine() -> Engine {
    Engine::new(vec![Rule::new("drawdown", "drawdown_ratio", Condition::above(0.10), Severity::Critical)]).unwrap()
}

/// One sample that breaches, for a series of its own, from the call of the engine on.
fn breach(engine: &mut Engine, delivery: &Delivery, n: usize) -> Instant {
    let series = engine.series("drawdown_ratio", &[("n", &n.to_string())]).unwrap();
    let wall = SystemTime::now();
    let now = Now::new(wall, EPOCH.elapsed());
    let start = Instant::now();
    let changes = engine.observe(series, Sample::new(0.175, wall), now).to_vec();
    for change in changes {
        delivery.tell(engine.alert(&change).unwrap()).unwrap();
    }
    start
}

fn in_process(dir: &Path) -> Vec<u64> {
    let (server, arrived) = receiver(Vec::new());
    let delivery = start(&dir.join("plain"), &server.url());
    // The client reads the certificates that the system trusts when delivery starts.
    std::thread::sleep(Duration::from_secs(1));
    let mut engine = engine();
    let mut times = Vec::new();
    for n in 0..BREACHES {
        let start = breach(&mut engine, &delivery, n);
        let (at, body) = arrived.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(body.contains(&format!("\"n\":\"{n}\"")), "{body}");
        times.push(u64::try_from(at.checked_duration_since(start).unwrap().as_nanos()).unwrap());
        std::thread::sleep(Duration::from_millis(5));
    }
    delivery.close(Duration::from_secs(10)).unwrap();
    times
}

/// What one 429 that asks for 0.4 s costs, in milliseconds.
fn rate_limited(dir: &Path) -> u128 {
    let limited = Reply::json(429, r#"{"message":"wait","retry_after":0.4,"global":false}"#);
    let (server, arrived) = receiver(vec![limited.with_header("retry-after", "0.4")]);
    let delivery = start(&dir.join("limited"), &server.url());
    let start = breach(&mut engine(), &delivery, 0);
    let (_, _) = arrived.recv_timeout(Duration::from_secs(10)).unwrap();
    let (at, _) = arrived.recv_timeout(Duration::from_secs(10)).unwrap();
    delivery.close(Duration::from_secs(10)).unwrap();
    at.duration_since(start).as_millis()
}

/// Serves one metric for Prometheus to fetch.
fn exporter(value: Arc<AtomicU64>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let value = value.load(Ordering::SeqCst);
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let body = format!("drawdown_ratio {}\n", if value == 1 { 0.175 } else { 0.01 });
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\nconnection: close";
            drop(write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        }
    });
    port
}

struct Pair(Vec<Child>);

impl Drop for Pair {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Both at their floor: 1 s between scrapes, 1 s between evaluations, no wait for the group.
fn start_pair(dir: &Path, hook: &str, exporter: u16) -> Option<Pair> {
    let port = || testbed::free_port().unwrap();
    let (prometheus, alertmanager) = (port(), port());
    let file = |name: &str, text: String| {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let rules = file(
        "rules.yml",
        "groups: [{name: g, interval: 1s, rules: [{alert: drawdown, expr: drawdown_ratio > 0.1, for: 0s}]}]\n".into(),
    );
    let config = file(
        "prometheus.yml",
        format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: ['{rules}']\n\
             alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]}}]}}\n\
             scrape_configs: [{{job_name: x, static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]}}]\n"
        ),
    );
    let am = file(
        "alertmanager.yml",
        format!(
            "route: {{receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}\n\
             receivers: [{{name: hook, webhook_configs: [{{url: '{hook}', send_resolved: true}}]}}]\n"
        ),
    );
    let spawn = |program: &str, args: Vec<String>| {
        Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    };
    let at = |name: &str| dir.join(name).display().to_string();
    let alertmanager = spawn("prometheus-alertmanager", vec![
        format!("--config.file={am}"),
        format!("--storage.path={}", at("am")),
        format!("--web.listen-address=127.0.0.1:{alertmanager}"),
        "--cluster.listen-address=".into(),
    ]);
    let prometheus = spawn("prometheus", vec![
        format!("--config.file={config}"),
        format!("--storage.tsdb.path={}", at("tsdb")),
        format!("--web.listen-address=127.0.0.1:{prometheus}"),
        "--rules.alert.resend-delay=1s".into(),
    ]);
    match (alertmanager, prometheus) {
        (Ok(a), Ok(b)) => Some(Pair(vec![a, b])),
        (a, b) => {
            drop(Pair([a, b].into_iter().flatten().collect()));
            None
        }
    }
}

fn pair(dir: &Path) -> Option<Vec<u64>> {
    let value = Arc::new(AtomicU64::new(0));
    let (server, arrived) = receiver(Vec::new());
    let _pair = start_pair(dir, &server.url(), exporter(Arc::clone(&value)))?;
    // Both have to be up, and the first scrapes done.
    std::thread::sleep(Duration::from_secs(8));
    let wait_for = |status: &str| loop {
        let (at, body) = arrived.recv_timeout(Duration::from_secs(60)).expect("the pair tells");
        if body.contains(&format!(r#""status":"{status}""#)) {
            return at;
        }
    };
    let mut times = Vec::new();
    for n in 0..PAIR_BREACHES {
        // Spread over the second in which both look.
        std::thread::sleep(Duration::from_millis(3_000 + 83 * n as u64));
        value.store(1, Ordering::SeqCst);
        let start = Instant::now();
        times.push(u64::try_from(wait_for("firing").duration_since(start).as_nanos()).unwrap());
        value.store(0, Ordering::SeqCst);
        wait_for("resolved");
    }
    Some(times)
}

fn show(name: &str, times: &mut [u64]) -> f64 {
    times.sort_unstable();
    let ms = |q: f64| percentile(times, q) as f64 / 1e6;
    row(name, &format!("{:.2} / {:.2} / {:.2}; n = {}", ms(0.5), ms(0.99), ms(1.0), times.len()));
    ms(0.5)
}

fn main() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let dir = tempfile::tempdir().unwrap();
    println!("| from the breach to the request at the receiver | p50 / p99 / max ms |\n|---|---|");
    let ours = show("in process: engine, outbox on disk, HTTP", &mut in_process(dir.path()));
    match pair(dir.path()) {
        Some(mut times) => {
            let theirs = show("Prometheus and Alertmanager at their floor", &mut times);
            row("ratio of the medians", &format!("{:.0}", theirs / ours));
        }
        None => row("Prometheus and Alertmanager", "SKIPPED: not installed"),
    }
    row("one 429 that asks for 400 ms costs", &format!("{} ms", rate_limited(dir.path())));
}
