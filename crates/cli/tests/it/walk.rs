//! The whole way of an alert, to a channel that checks every body: from the demo, over QuestDB, and from a second
//! host when the process that runs the rules was killed.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use serde_json::Value;
use testbed::{DiscordStandIn, Fault, FlakyProxy};

use crate::alerts_run::Desk;
use crate::run::{Running, plimsoll};

const CONFIG: &str = "\
alerts:
  rules: {stale_after_secs: 600}
  delivery:
    receivers:
      ops: {discord: {url: \"file:HOOK\"}}
    routes:
      - {name: all, to: [ops], wait: 0s, interval: 100ms}
";

/// Longest time after which somebody outside tells of a killed process.
const TOLD_MAX: Duration = Duration::from_secs(120);

#[test]
fn the_fall_of_the_demos_equity_is_told_step_by_step() {
    let dir = tempfile::tempdir().unwrap();
    let discord = DiscordStandIn::start(DiscordStandIn::published_schema()).unwrap();
    let hook = dir.path().join("hook");
    std::fs::write(&hook, discord.webhook_url()).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o600)).unwrap();
    let args = ["demo", "--fast", "--no-page", "--discord-webhook", "file:hook"];
    let ran = plimsoll(dir.path(), &args);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(discord.violations(), Vec::<String>::new());
    let bodies: Vec<String> = discord.bodies().iter().map(Value::to_string).collect();
    let steps = ["WARNING firing: Drawdown", "CRITICAL firing: Drawdown", "CRITICAL resolved"];
    let at = steps.map(|step| bodies.iter().position(|body| body.contains(step)));
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{at:?} of {bodies:#?}");
    let table: Vec<&str> = ran.err.lines().filter(|line| line.contains(" drawdown_")).collect();
    assert!(table.iter().any(|line| line.contains("no: drawdown_critical says enough")), "{ran:?}");
    let sql = "SELECT count(*) FROM alert_history WHERE delivered = 1 AND message_id <> ''";
    let ran_query = plimsoll(
        dir.path(),
        &["metrics", "query", "--store", "runs/demo.db", sql, "--format", "csv"],
    );
    let kept: usize = ran_query.out.lines().nth(1).unwrap().parse().unwrap();
    assert!(kept >= steps.len(), "{ran_query:?}");
    println!("{}", ran.err);
    println!(
        "walk: warning, critical, resolved in this order, {} bodies valid, {kept} deliveries in the history",
        bodies.len()
    );
    // It knows its own store again, with the history in it.
    let again = plimsoll(dir.path(), &["demo", "--dry-run"]);
    assert!(again.out.contains("replace the earlier demo"), "{again:?}");
}

#[test]
fn a_demo_that_cannot_tell_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let short = ["--from", "2007-01-01", "--to", "2007-03-01", "--fast", "--no-page"];
    let ran = plimsoll(
        dir.path(),
        &[&["demo", "--discord-webhook", "file:nowhere"], &short[..]].concat(),
    );
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("`file:nowhere` is not there"), "{ran:?}");
    let ran = plimsoll(
        dir.path(),
        &["demo", "--discord-webhook", "https://discord.com/api/webhooks/1/hunter2"],
    );
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(!ran.err.contains("hunter2"), "{ran:?}");
}

#[test]
fn a_drawdown_beyond_the_kill_limit_halts_trading_until_a_person_resumes() {
    let halt = format!(
        "  actions: [{{rule: drawdown_kill, command: [{}, halt, --trading-dir, trading, --by, alerts, --reason, drawdown]}}]\n",
        env!("CARGO_BIN_EXE_plimsoll")
    );
    let config = CONFIG.replace("{stale", "{enable: [drawdown_kill], stale") + &halt;
    let desk = Desk::new(&config);
    std::fs::create_dir(desk.path().join("trading")).unwrap();
    let halted = || {
        let args = ["halt", "--status", "--trading-dir", "trading"];
        plimsoll(desk.path(), &args).out.contains("halted by alerts")
    };
    desk.equity(100.0);
    desk.equity(86.0);
    let running = desk.run();
    desk.shows(&["CRITICAL firing: Drawdown", "14 %"]);
    assert!(!halted());
    desk.equity(84.0);
    desk.until(halted);
    desk.equity(99.0);
    desk.shows(&["CRITICAL resolved"]);
    assert!(halted(), "the latch stays when the equity is back");
    assert_eq!(running.terminate().0, 0);
}

#[test]
fn rules_over_questdb_tell_the_same_and_say_when_it_is_away() {
    let Ok(server) = std::env::var("PLIMSOLL_QUESTDB") else {
        eprintln!("SKIPPED: PLIMSOLL_QUESTDB names no server");
        return;
    };
    let mut proxy =
        FlakyProxy::start(server.trim_start_matches("http://").parse().unwrap()).unwrap();
    let desk = Desk::over(CONFIG, &proxy.url(), &server);
    let ran = plimsoll(desk.path(), &["tables", "apply", "--store", &server, "--yes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    desk.equity(100.0);
    desk.equity(94.0);
    let running = desk.run();
    desk.shows(&["WARNING firing: Drawdown", "6 %"]);
    let began = Instant::now();
    desk.equity(89.0);
    desk.shows(&["CRITICAL firing: Drawdown", "11 %"]);
    let took = began.elapsed();
    // Away: that is told, and nothing is called resolved.
    proxy.set(Fault::Refuse).unwrap();
    desk.shows(&["cannot be judged"]);
    let shown = desk.discord.messages().iter().map(|m| m.now().to_string()).collect::<String>();
    assert!(!shown.contains("CRITICAL resolved"), "{shown}");
    running.kill();
    desk.equity(88.0);
    proxy.set(Fault::Nothing).unwrap();
    let running = desk.run();
    desk.equity(99.5);
    desk.shows(&["CRITICAL resolved"]);
    assert_eq!(running.terminate().0, 0);
    assert_eq!(desk.discord.violations(), Vec::<String>::new());
    let messages = desk.discord.messages().len();
    desk.until(|| desk.history().iter().any(|line| line.contains("drawdown_critical,resolved")));
    println!(
        "questdb: warning, critical, away, killed, resolved; a row to its message in {} ms; {messages} messages, history in QuestDB",
        took.as_millis()
    );
}

#[test]
fn a_killed_process_is_told_by_somebody_outside() {
    let as_shipped = std::env::var_os("PLIMSOLL_WATCH_AS_SHIPPED").is_some();
    let listen = format!("127.0.0.1:{}", testbed::free_port().unwrap());
    let config = format!("{CONFIG}  deadman: {{listen: \"{listen}\", every: 1s}}\n");
    let desk = Desk::new(&config);
    desk.equity(100.0);
    let running = desk.run();
    let url = format!("http://{listen}/alive");
    let mut args = vec!["watch", &url, "--config", "c.yaml", "--name", "desk-1"];
    if !as_shipped {
        args.extend(["--every", "200ms", "--lost-after", "3s"]);
    }
    let watching = Running::start(desk.path(), &args);
    // Once it was seen well, what comes is a loss.
    desk.until(|| std::net::TcpStream::connect(&listen).is_ok());
    // As shipped it asks every 15 s: by then it has seen that all is well.
    let begun = Instant::now();
    desk.until(|| !as_shipped || begun.elapsed() > Duration::from_secs(20));
    running.kill();
    let killed = Instant::now();
    let is_told = |messages: &[testbed::DiscordMessage]| {
        messages.iter().any(|message| message.posted.to_string().contains("No sign of life"))
    };
    let told = desk.discord.wait_until(TOLD_MAX, is_told);
    let took = killed.elapsed();
    assert!(is_told(&told), "nobody was told: {told:?}");
    assert!(took > Duration::from_secs(1), "it was told before it was so: {took:?}");
    desk.shows(&["CRITICAL firing: No sign of life"]);
    let running = desk.run();
    desk.shows(&["CRITICAL resolved: No sign of life"]);
    drop(running);
    assert_eq!(watching.terminate().0, 0);
    assert!(took < TOLD_MAX, "{took:?}");
    println!(
        "watch: a process killed -9 is told by the watcher outside after {:.1} s",
        took.as_secs_f64()
    );
}
