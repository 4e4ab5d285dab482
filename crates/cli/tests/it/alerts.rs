//! `plimsoll alerts` and `plimsoll watch`, with a stand-in of Discord.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use testbed::{DiscordFault, DiscordMessage, DiscordStandIn, Reply, ScriptedHttp};

use crate::run::{Ran, Running, command, ended};

const PATIENCE: Duration = Duration::from_secs(60);

const CONFIG: &str = "\
alerts:
  rules:
    change: {drawdown_critical: {for_secs: 60}}
  delivery:
    receivers:
      ops: {discord: {url: \"${HOOK}\"}}
    routes:
      - {name: all, to: [ops], escalate: [{after: 5m, to: stderr}]}
";

/// A directory with a configuration, and a Discord.
struct Desk {
    dir: tempfile::TempDir,
    discord: DiscordStandIn,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("config")).unwrap();
        std::fs::write(dir.path().join("config/canonical.yaml"), CONFIG).unwrap();
        Self { dir, discord: DiscordStandIn::start(None).unwrap() }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Ran {
        let url = self.discord.webhook_url();
        let config = ["--config", "config/canonical.yaml"];
        let args = if args.contains(&"setup") || args.contains(&"history") {
            args.to_vec()
        } else {
            [args, &config].concat()
        };
        ended(command(self.path(), &args).env("HOOK", url).env("USER", "amy"))
    }
}

fn text(message: &DiscordMessage) -> String {
    message.now().to_string()
}

#[test]
fn a_rule_is_driven_to_the_channel_timed_and_resolved_in_place() {
    let desk = Desk::new();
    let ran = desk.run(&[
        "alerts",
        "test",
        "drawdown_critical",
        "--value",
        "0.175",
        "--label",
        "strategy_id=ema",
        "--history",
        "history.db",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("ops: delivered ") && ran.out.contains(" ms after the breach"));
    assert!(ran.out.contains("message 900000000000000000"), "{}", ran.out);
    let messages = desk.discord.messages();
    assert_eq!(messages.len(), 1);
    let posted = messages[0].posted.to_string();
    for wanted in ["CRITICAL firing: TEST Drawdown", "17.5 %", "limit 10 %", "ema"] {
        assert!(posted.contains(wanted), "`{wanted}` is not in {posted}");
    }
    assert!(text(&messages[0]).contains("CRITICAL resolved"), "{:?}", messages[0]);
    assert_eq!(desk.discord.violations(), Vec::<String>::new());
    let ran = desk.run(&["alerts", "history", "--store", "history.db", "--format", "csv"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let kinds: Vec<&str> = ran.out.lines().filter_map(|line| line.split(',').nth(1)).collect();
    assert_eq!(kinds, ["kind", "transition", "delivery", "transition", "delivery"], "{}", ran.out);
    assert!(ran.out.contains("900000000000000000"), "{}", ran.out);
}

#[test]
fn a_test_that_does_not_arrive_or_passes_no_limit_says_so() {
    let desk = Desk::new();
    let test = |value: &str, more: &[&str]| {
        desk.run(&[&["alerts", "test", "drawdown_critical", "--value", value], more].concat())
    };
    let ran = test("0.05", &[]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("0.05 passes no limit of `drawdown_critical`"), "{}", ran.err);
    assert_eq!(desk.discord.requests().len(), 0, "nobody was told");
    let ran = test("0.2", &["--dry-run"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "route all: ops\n"));
    desk.discord.fail_next([DiscordFault::UnknownWebhook]);
    let ran = test("0.2", &["--timeout", "3s"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.contains("ops: NOT DELIVERED: receiver `ops` is gone: status 404"),
        "{}",
        ran.out
    );
    assert!(!format!("{}{}", ran.out, ran.err).contains("stand-in-of-a-webhook-token"));
    let ran = desk.run(&["alerts", "test", "nothing", "--value", "1"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`plimsoll alerts rules` lists them"), "{}", ran.err);
}

#[test]
fn a_webhook_is_set_up_kept_for_its_owner_only_and_tried() {
    let desk = Desk::new();
    let set_up = |url: &str, more: &[&str]| {
        let args = [&["alerts", "setup", "discord", "--secret-file", "keep/hook"], more].concat();
        let mut child = command(desk.path(), &args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let line = format!("{url}\n");
        // It may have refused before it read.
        drop(child.stdin.take().unwrap().write_all(line.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    };
    let ran = set_up("https://example.com/not-a-webhook-token-xyz", &[]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("no address of a Discord webhook"), "{}", ran.err);
    assert!(!ran.err.contains("not-a-webhook-token-xyz"), "what was pasted is not repeated");
    let ran = set_up(&desk.discord.webhook_url(), &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("a test message, 900000000000000000, after"), "{}", ran.out);
    let file = desk.path().join("keep/hook");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let reference =
        format!("{{discord: {{url: \"file:{}\"}}}}", file.canonicalize().unwrap().display());
    assert!(ran.out.contains(&reference), "`{reference}` is not in {}", ran.out);
    assert!(!ran.out.contains("stand-in-of-a-webhook-token"), "{}", ran.out);
    let ran = set_up(&desk.discord.webhook_url(), &[]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("--force replaces it"), "{}", ran.err);
    desk.discord.fail_next([DiscordFault::UnknownWebhook]);
    let ran = set_up(&desk.discord.webhook_url(), &["--force"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("copy the address again"), "{}", ran.err);
}

#[test]
fn wishes_reach_an_outbox_and_its_status_shows_them() {
    let desk = Desk::new();
    let ran = desk.run(&["alerts", "status"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("is no outbox"), "{}", ran.err);
    let ran =
        desk.run(&["alerts", "silence", "venue=HL", "--for", "2h", "--reason", "maintenance"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let id = ran.out.split_whitespace().nth(2).unwrap().trim_end_matches(';').to_owned();
    let ran = desk.run(&["alerts", "status"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("venue=HL: silenced by amy until"), "{}", ran.out);
    assert!(ran.out.contains("delivered by: nobody now"), "{}", ran.out);
    let ran = desk.run(&["alerts", "silence", "--lift", &id]);
    assert_eq!((ran.code, ran.out.trim()), (0, format!("lifted {id}").as_str()));
    let ran = desk.run(&["alerts", "silence", "--lift", &id]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let ran = desk.run(&["alerts", "silence", "venue=HL", "--for", "25h", "--reason", "x"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("at most 24 h"), "{}", ran.err);
    let ran = desk.run(&["alerts", "ack", "drawdown_critical"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("no open alert is called `drawdown_critical`"), "{}", ran.err);
    let ran = desk.run(&["alerts", "status", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&shown["version"], &shown["status"]["waiting"]), (&1.into(), &0.into()));
}

#[test]
fn a_receiver_that_is_not_there_is_an_error_of_the_configuration() {
    let desk = Desk::new();
    let wrong = CONFIG.replace("to: [ops]", "to: [opps]");
    std::fs::write(desk.path().join("config/canonical.yaml"), wrong).unwrap();
    let ran = desk.run(&["alerts", "test", "drawdown_critical", "--value", "0.2"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("is opps, wanted a receiver: ops, stderr"), "{}", ran.err);
    let clear = CONFIG.replace("${HOOK}", "https://discord.com/api/webhooks/1/x");
    std::fs::write(desk.path().join("config/canonical.yaml"), clear).unwrap();
    let ran = desk.run(&["alerts", "status"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("wanted a reference to a secret"), "{}", ran.err);
}

#[test]
fn a_watch_tells_that_a_process_died_and_that_it_is_back() {
    let desk = Desk::new();
    let server = ScriptedHttp::start([], Reply::status(200)).unwrap();
    let port = server.addr().port();
    let url = format!("http://127.0.0.1:{port}/alive");
    // The configuration names a variable, which the process gets as any other does.
    let hook = desk.path().join("hook");
    std::fs::write(&hook, desk.discord.webhook_url()).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o600)).unwrap();
    let config = CONFIG.replace("${HOOK}", &format!("file:{}", hook.display()));
    std::fs::write(desk.path().join("config/canonical.yaml"), config).unwrap();
    let args = [
        "watch",
        &url,
        "--name",
        "prod",
        "--every",
        "50ms",
        "--timeout",
        "1s",
        "--lost-after",
        "300ms",
        "--config",
        "config/canonical.yaml",
    ];
    let watch = Running::start(desk.path(), &args);
    assert!(server.wait_for(3, PATIENCE).len() >= 3, "it asks");
    assert_eq!(desk.discord.messages().len(), 0);
    drop(server);
    let messages = desk.discord.wait_until(PATIENCE, |messages| !messages.is_empty());
    assert!(text(&messages[0]).contains("CRITICAL firing: No sign of life"), "{:?}", messages[0]);
    assert!(text(&messages[0]).contains("target=prod"), "{:?}", messages[0]);
    let back = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::spawn(move || {
        for stream in back.incoming() {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            drop(stream.unwrap().write_all(answer));
        }
    });
    let is_back = |m: &[DiscordMessage]| m.iter().any(|m| text(m).contains("resolved"));
    let messages = desk.discord.wait_until(PATIENCE, is_back);
    assert!(is_back(&messages), "{messages:?}");
    assert_eq!(watch.terminate().0, 0);
}
