//! `plimsoll alerts run`, `replay`, `rules` and `check`: the whole way from a producer's row to Discord.

use std::cell::OnceCell;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_metrics::{Equity, Metrics, Mode, Options, RiskBaseline};
use testbed::DiscordStandIn;

use crate::run::{Ran, Running, plimsoll};

const PATIENCE: Duration = Duration::from_secs(60);

const CONFIG: &str = "\
alerts:
  rules:
    enable: [drawdown_kill]
    stale_after_secs: 600
  actions:
    - {rule: drawdown_kill, name: halt, command: [sh, -c, 'cat > halted.json']}
  delivery:
    receivers:
      ops: {discord: {url: \"file:HOOK\"}}
    routes:
      - {name: all, to: [ops], wait: 0s, interval: 100ms}
";

pub(crate) struct Desk {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) discord: DiscordStandIn,
    /// Where the rules read.
    store: String,
    /// Where a producer writes, if that is a server.
    server: Option<String>,
    /// A producer of that server, which lives on: it reads nothing back, so its peaks are its own.
    producer: OnceCell<Metrics>,
}

impl Desk {
    pub(crate) fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let discord = DiscordStandIn::start(DiscordStandIn::published_schema()).unwrap();
        let hook = dir.path().join("hook");
        std::fs::write(&hook, discord.webhook_url()).unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o600)).unwrap();
        let config = config.replace("HOOK", &hook.display().to_string());
        std::fs::write(dir.path().join("c.yaml"), config).unwrap();
        let store = "s.db".to_owned();
        Self { dir, discord, store, server: None, producer: OnceCell::new() }
    }

    /// The same over a server: rules read at one address, producers write to the other.
    pub(crate) fn over(config: &str, read: &str, write: &str) -> Self {
        Self { store: read.to_owned(), server: Some(write.to_owned()), ..Self::new(config) }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn ran(&self, args: &[&str]) -> Ran {
        plimsoll(self.path(), &[&["alerts"], args, &["--config", "c.yaml"]].concat())
    }

    pub(crate) fn run(&self) -> Running {
        let args =
            ["alerts", "run", "--store", &self.store, "--config", "c.yaml", "--every", "50ms"];
        Running::start(self.path(), &args)
    }

    /// A producer that lives as long as it takes to tell one equity; at a server, one that lives on.
    pub(crate) fn equity(&self, equity: f64) {
        if let Some(server) = &self.server {
            let spool = self.path().join("spool");
            let options = Options::connect(server, spool, Mode::Live).with_creates_tables(true);
            let options = options.with_risk_baseline(RiskBaseline::Fresh);
            let metrics = self.producer.get_or_init(|| Metrics::open(&options).unwrap());
            let account = metrics.strategy("ema").unwrap().account("A").unwrap();
            account.emit_equity(Equity::new(equity));
            return;
        }
        let options = Options::embedded(self.path().join("s.db"), Mode::Live);
        let metrics = Metrics::open(&options).unwrap();
        let account = metrics.strategy("ema").unwrap().account("A").unwrap();
        account.emit_equity(Equity::new(equity));
        metrics.close(Duration::from_secs(30)).unwrap();
    }

    /// Changes of state; a kill between a row and its acknowledgment writes it twice.
    pub(crate) fn history(&self) -> Vec<String> {
        let sql = "SELECT DISTINCT rule || ',' || state || ',' || alert_id FROM alert_history WHERE kind = 'transition' AND prev_state <> state";
        let store = self.server.as_ref().unwrap_or(&self.store);
        let args = ["metrics", "query", "--store", store, sql, "--format", "csv"];
        plimsoll(self.path(), &args).out.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    pub(crate) fn until(&self, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < PATIENCE, "waited for too long");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the channel shows all of `texts`.
    #[track_caller]
    pub(crate) fn shows(&self, texts: &[&str]) {
        let began = Instant::now();
        loop {
            let shown: Vec<String> =
                self.discord.messages().iter().map(|message| message.now().to_string()).collect();
            let shown = shown.join("\n");
            if texts.iter().all(|text| shown.contains(text)) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{texts:?} are not in {shown}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_falling_equity_warns_is_critical_halts_and_resolves_over_kills_of_everybody() {
    let desk = Desk::new(CONFIG);
    desk.equity(100.0);
    desk.equity(91.0);
    let running = desk.run();
    desk.shows(&["WARNING firing: Drawdown", "9 %"]);
    running.kill();
    // Nobody watches, and the producer is another process: 9 % stays 9 %, and 10 % is crossed.
    desk.equity(89.5);
    let running = desk.run();
    desk.shows(&["CRITICAL firing: Drawdown", "10.5 %"]);
    assert!(!desk.path().join("halted.json").exists());
    desk.equity(84.0);
    desk.shows(&["limit 15 %"]);
    desk.until(|| desk.path().join("halted.json").exists());
    running.kill();
    let told = desk.discord.messages().len();
    let running = desk.run();
    desk.equity(99.0);
    desk.shows(&["CRITICAL resolved", "WARNING resolved"]);
    let status = desk.ran(&["status"]);
    assert!(status.out.contains("drawdown_kill"), "it is latched: {status:?}");
    let by = ["--by", "amy", "--reason", "positions closed"];
    let ran = desk.ran(&[&["resolve", "drawdown_kill"], &by[..]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    desk.until(|| !desk.ran(&["status"]).out.contains("drawdown_kill"));
    let (code, _) = running.terminate();
    assert_eq!(code, 0);
    assert_eq!(desk.discord.messages().len(), told, "each alert has one message, edited in place");
    assert_eq!(desk.discord.violations(), Vec::<String>::new());
    let halted = std::fs::read_to_string(desk.path().join("halted.json")).unwrap();
    assert!(halted.contains("\"rule\":\"drawdown_kill\""), "{halted}");
    let history = desk.history();
    for wanted in ["drawdown_warning,firing", "drawdown_critical,resolved", "drawdown_kill,firing"]
    {
        assert!(history.iter().filter(|line| line.contains(wanted)).count() == 1, "{history:?}");
    }
}

#[test]
fn stored_rows_say_the_same_each_time() {
    let desk = Desk::new(CONFIG);
    [100.0, 94.0, 89.0, 99.0].into_iter().for_each(|equity| desk.equity(equity));
    let replay = || {
        let rules = ["--rule", "drawdown_warning", "--rule", "drawdown_critical"];
        desk.ran(&[&["replay", "--store", "s.db", "--format", "csv"], &rules[..]].concat())
    };
    let ran = replay();
    assert_eq!(ran.code, 1, "{ran:?}");
    let states: Vec<String> = ran
        .out
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            format!("{} {} {}", cells[1], cells[5], cells[6])
        })
        .collect();
    assert_eq!(
        states,
        [
            "drawdown_warning firing 6 %",
            "drawdown_critical firing 11 %",
            "drawdown_warning firing 11 %",
            "drawdown_warning resolved 1 %",
            "drawdown_critical resolved 1 %",
        ]
    );
    assert_eq!(replay().out, ran.out);
}

#[test]
fn a_mistake_in_rules_is_found_before_they_run() {
    let desk = Desk::new("limits: {drawdown_warn_ratio: 0.12}\n");
    let ran = desk.ran(&["check"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    for wanted in ["drawdown_warn_ratio", "drawdown_critical_ratio"] {
        assert!(ran.err.contains(wanted), "{ran:?}");
    }
    let changed = "alerts: {rules: {change: {drawdown_warning: {threshold: 0.12}}}}\n";
    let ran = Desk::new(changed).ran(&["check"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    for wanted in ["c.yaml:1:", "begins at 12 %", "limits.drawdown_critical_ratio"] {
        assert!(ran.err.contains(wanted), "{ran:?}");
    }
    let own = "alerts: {rules: {own: [{name: mine, severity: info, measure: {value: {metric: trading_risk.equty}}, condition: {above: {threshold: 1}}}]}}\n";
    let ran = Desk::new(own).ran(&["check"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("table `trading_risk` has no column `equty`"), "{ran:?}");
    let ran = Desk::new("{}\n").ran(&["check"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("problems") && ran.out.contains("nobody outside notices"), "{ran:?}");
}

#[test]
fn in_prod_every_strategy_with_an_equity_has_a_declared_capital() {
    let base = "profiles: {prod: {}}\nalerts: {deadman: {listen: \"127.0.0.1:9187\"}}\n";
    let check = |declared: &str| {
        let desk = Desk::new(&format!("{base}{declared}"));
        let metrics = Metrics::open(&Options::embedded(desk.path().join("s.db"), Mode::Live));
        let metrics = metrics.unwrap();
        metrics.strategy("ema").unwrap().emit_equity(Equity::new(100.0));
        metrics.close(Duration::from_secs(30)).unwrap();
        let prod = desk.ran(&["check", "--store", "s.db", "--profile", "prod"]);
        let dev = desk.ran(&["check", "--store", "s.db"]);
        assert_eq!(dev.code, 0, "{dev:?}");
        prod
    };
    let ran = check("");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("problem: strategy `ema`"), "{ran:?}");
    assert!(ran.out.contains("strategies.ema.capital"), "{ran:?}");
    let ran = check("strategies: {ema: {capital: 100000}}\n");
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn rules_are_listed_and_the_page_of_the_repository_is_what_is_printed() {
    let desk = Desk::new("{}\n");
    let ran = desk.ran(&["rules", "--format", "markdown"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/alerts.md");
    assert_eq!(std::fs::read_to_string(page).unwrap(), ran.out, "write it anew");
    let ran = desk.ran(&["rules", "drawdown_critical"]);
    assert!(ran.out.contains("above 10 %"), "{ran:?}");
    let ran = desk.ran(&["rules", "drawdown_critcal"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn work_on_the_system_is_announced_listed_and_ended() {
    let desk = Desk::new("{}\n");
    let announce = ["maintenance", "--for", "20m", "--reason", "new disk", "--by", "amy"];
    let ran = desk.ran(&announce);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("--end manual") && ran.err.contains("nobody runs rules"), "{ran:?}");
    let listed = desk.ran(&["maintenance"]);
    assert!(listed.out.contains("manual: until ") && listed.out.contains("new disk (amy)"));
    assert_eq!(desk.ran(&["maintenance", "--end", "manual"]).code, 0);
    assert_eq!(desk.ran(&["maintenance", "--end", "manual"]).code, 1);
    assert_eq!(desk.ran(&["maintenance"]).out, "");
}
