//! `plimsoll deploy` beside the rules that watch what it takes away.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_metrics::{Equity, Metrics, Mode, Options};
use serde_json::Value;
use testbed::DiscordStandIn;

use crate::run::{Running, command, ended};

const PATIENCE: Duration = Duration::from_secs(60);

/// The smoke test holds the deploy until the test lets it go on.
const CONFIG: &str = "\
alerts:
  rules:
    stale_after_secs: 600
    own:
      - name: gone
        severity: critical
        class: liveness
        measure: {value: {metric: trading_risk.equity}}
        condition: {absent: {longer_than_secs: 3}}
        by: {labels: [env, strategy_id]}
  delivery:
    receivers:
      ops: {discord: {url: \"file:HOOK\"}}
    routes:
      - {name: all, to: [ops], wait: 0s, interval: 100ms}
snapshot:
  files:
    desk: {roots: [config]}
deploy:
  staging:
    free_disk_min_mb: 1
    watch_secs: 0
    services:
      web: {run: [sleep, '1000'], stop_secs: 1}
    smoke:
      hold: {run: [sh, -c, 'touch ROOT/held; while [ ! -e ROOT/go ]; do sleep 0.05; done'], timeout_secs: 300}
";

struct Desk {
    dir: tempfile::TempDir,
    discord: DiscordStandIn,
}

impl Desk {
    fn new() -> Self {
        let desk = Self {
            dir: tempfile::tempdir().unwrap(),
            discord: DiscordStandIn::start(None).unwrap(),
        };
        let at = |name: &str| desk.path().join(name);
        fs::write(at("hook"), desk.discord.webhook_url()).unwrap();
        fs::set_permissions(at("hook"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::create_dir_all(at("desk/config")).unwrap();
        let config = CONFIG.replace("HOOK", &at("hook").display().to_string());
        let config = config.replace("ROOT", &desk.path().display().to_string());
        fs::write(at("desk/config/canonical.yaml"), config).unwrap();
        fs::write(at("desk/.gitignore"), ".plimsoll/\nruns/\nhome/\ns.db*\n").unwrap();
        let names = ["-c", "user.name=t", "-c", "user.email=t@t.invalid"];
        for words in [&["init", "-q"][..], &["add", "."], &["commit", "-qm", "one"]] {
            let mut git = Command::new("git");
            git.args(names).args(words).current_dir(desk.root());
            assert!(git.status().unwrap().success(), "{words:?}");
        }
        desk
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn root(&self) -> std::path::PathBuf {
        self.path().join("desk")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(&self.root(), args);
        for name in ["XDG_CACHE_HOME", "XDG_STATE_HOME", "HOME"] {
            command.env(name, self.root().join("home"));
        }
        command
    }

    /// A producer that lives as long as it takes to tell one equity.
    fn equity(&self, env: &str, strategy: &str, equity: f64) {
        let mut options = Options::embedded(self.root().join("s.db"), Mode::Live);
        env.clone_into(&mut options.env);
        let metrics = Metrics::open(&options).unwrap();
        let account = metrics.strategy(strategy).unwrap().account("A").unwrap();
        account.emit_equity(Equity::new(equity));
        metrics.close(Duration::from_secs(30)).unwrap();
    }

    /// Alerts that are open: name, whether people were told, why not.
    fn open(&self) -> Vec<(String, bool, String)> {
        let ran = ended(&mut self.command(&["alerts", "status", "--json"]));
        let Ok(shown) = serde_json::from_str::<Value>(&ran.out) else { return Vec::new() };
        let one = |open: &Value| {
            let text = |key: &str| open[key].as_str().unwrap_or_default().to_owned();
            (text("name"), open["is_told"] == true, text("muted"))
        };
        shown["status"]["open"].as_array().unwrap().iter().map(one).collect()
    }

    /// Waits until an alert whose name has all of these words is open and stands so.
    #[track_caller]
    fn until(&self, words: &[&str], is_so: impl Fn(bool, &str) -> bool) {
        let began = Instant::now();
        loop {
            let open = self.open();
            let mut named =
                open.iter().filter(|(name, ..)| words.iter().all(|word| name.contains(word)));
            if named.any(|(_, is_told, muted)| is_so(*is_told, muted)) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{words:?} is not so: {open:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until alerts are delivered from here.
    #[track_caller]
    fn until_watched(&self) {
        let began = Instant::now();
        while ended(&mut self.command(&["alerts", "status"])).code == 2 {
            assert!(began.elapsed() < PATIENCE, "nobody watches");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    #[track_caller]
    fn until_there(&self, name: &str) {
        let began = Instant::now();
        while !self.path().join(name).exists() {
            assert!(began.elapsed() < PATIENCE, "there is no `{name}`");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn shown(&self) -> String {
        let messages = self.discord.messages();
        messages.iter().map(|message| message.now().to_string()).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // What the deploy started outlives it on purpose; the groups are written down.
        let run = self.root().join(".plimsoll/deploy/staging/run");
        for entry in fs::read_dir(run).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|end| end == "pid") {
                let pid = fs::read_to_string(entry.path()).unwrap_or_default();
                drop(Command::new("kill").args(["-KILL", "--", &format!("-{pid}")]).status());
            }
        }
    }
}

#[test]
fn its_own_downtime_pages_nobody_and_a_drawdown_in_it_does() {
    let desk = Desk::new();
    let fine = |args: &[&str]| {
        let ran = ended(&mut desk.command(args));
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
        ran.out
    };
    fine(&["snapshot", "init", "--clear"]);
    desk.equity("staging", "trend", 100.0);
    let _rules =
        Running::start(&desk.root(), &["alerts", "run", "--store", "s.db", "--every", "50ms"]);
    desk.until_watched();
    let deploy = desk
        .command(&["deploy", "staging", "--record", "s.db"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut deploy = deploy.unwrap();
    desk.until_there("held");
    desk.equity("staging", "away", 100.0);
    desk.until(&["gone", "away"], |is_told, muted| !is_told && !muted.is_empty());
    desk.equity("prod", "other", 100.0);
    desk.until(&["gone", "other"], |is_told, _| is_told);
    desk.equity("staging", "trend", 89.0);
    let began = Instant::now();
    while !desk.shown().contains("CRITICAL firing: Drawdown") {
        assert!(began.elapsed() < PATIENCE, "a drawdown pages nobody: {}", desk.shown());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!desk.shown().contains("away"), "its downtime paged: {}", desk.shown());

    fs::write(desk.path().join("go"), "").unwrap();
    assert!(deploy.wait().unwrap().success());
    // Whatever is still away when everything should be there again is news.
    desk.until(&["gone", "away"], |is_told, _| is_told);
    assert_eq!(desk.discord.violations(), Vec::<String>::new());
    let sql = "SELECT kind, outcome, target, to_value, git_commit FROM ops_events";
    let rows = fine(&["metrics", "query", "--store", "s.db", sql, "--format", "csv"]);
    assert!(rows.lines().any(|row| row.starts_with("deploy,ok,staging,")), "{rows}");
}
