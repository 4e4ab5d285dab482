//! The stack of the drill: QuestDB, Redis, a paper venue, and a repository whose versions are deployed.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::super::Live;
use super::super::questdb_server::{QuestDb, Start, install};
use super::super::snapshot::Server;
use super::canonical::{Places, dockerfile};
use super::engine::Engine;
use crate::{command, machine};

const BUILD_LIMIT: Duration = Duration::from_secs(25 * 60);
const RUN_LIMIT: Duration = Duration::from_secs(330);
const TRADE_LIMIT: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(100);
const BARS: u32 = 60_000;
const BARS_PER_SEC: &str = "50";

/// How a command of ours ended.
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) text: String,
    pub(super) secs: f64,
}

/// What services are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    Processes,
    Containers,
}

pub(super) struct Stand {
    dir: TempDir,
    program: PathBuf,
    questdb: QuestDb,
    redis: Server,
    venue: Child,
    venue_url: String,
    /// With it services are containers.
    engine: Option<Engine>,
}

impl Stand {
    /// The stack, with nothing deployed; or why this machine cannot run it.
    pub(super) fn start(live: &Live<'_>, runs: Runs) -> anyhow::Result<Result<Self, String>> {
        for (program, package) in
            [("redis-server", "redis-server"), ("curl", "curl"), ("python3", "python3")]
        {
            if machine::program(program).is_none()
                && let Err(error) = install(&[package])
            {
                return Ok(Err(format!("no {program}: {error:#}")));
            }
        }
        let mut build = live.workspace.cargo(["build", "--quiet", "-p", "plimsoll"]);
        ensure!(command::run(&mut build, BUILD_LIMIT)?.success(), "plimsoll does not build");
        let target = machine::env("CARGO_TARGET_DIR")
            .map_or_else(|| live.workspace.root.join("target"), PathBuf::from);
        let program = target.join("debug/plimsoll");
        let questdb = match QuestDb::start(live.workspace)? {
            Start::Running(server) => server,
            Start::Unavailable(why) => return Ok(Err(why)),
        };
        let dir = tempfile::tempdir().context("no temporary directory")?;
        let redis = Server::start(|port| {
            let mut redis = Command::new("redis-server");
            redis.args(["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
            redis.current_dir(dir.path());
            redis
        })?;
        fs::write(dir.path().join("bars.csv"), bars())?;
        let mut venue = Command::new(&program);
        venue.args(["paper", "venue", "--listen", "127.0.0.1:0", "--dir", "venue"]);
        venue.args(["--data", "bars.csv", "--speed", BARS_PER_SEC]).current_dir(dir.path());
        let mut venue = venue.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut url = String::new();
        let stdout = venue.stdout.take().context("no output of the venue")?;
        BufReader::new(stdout).read_line(&mut url)?;
        let venue_url = url.trim().to_owned();
        ensure!(venue_url.starts_with("http://"), "the venue said `{venue_url}`");
        let mut stand = Self { dir, program, questdb, redis, venue, venue_url, engine: None };
        if runs == Runs::Containers {
            match Engine::start(&live.workspace.scratch()?, stand.dir.path())? {
                Ok(engine) => stand.engine = Some(engine),
                Err(why) => return Ok(Err(why)),
            }
            stand.engine()?.fill_image(&stand.program)?;
        }
        stand.seed(redis_key)?;
        stand.repository()?;
        Ok(Ok(stand))
    }

    fn engine(&self) -> anyhow::Result<&Engine> {
        self.engine.as_ref().context("services are no containers")
    }

    /// Removes every image and container that nothing uses: only the registry has them then.
    pub(super) fn forget_images(&self) -> anyhow::Result<()> {
        let engine = self.engine()?;
        engine.ask(&["container", "prune", "--force"])?;
        engine.ask(&["image", "prune", "--all", "--force"])?;
        Ok(())
    }

    /// By which digests of images containers run.
    pub(super) fn digests(&self) -> anyhow::Result<Vec<String>> {
        let shown =
            self.engine()?.ask(&["ps", "--no-trunc", "--format", "{{.Names}} {{.Image}}"])?;
        let mut lines: Vec<String> = shown.lines().map(str::to_owned).collect();
        lines.sort();
        ensure!(lines.len() == 3, "not three containers run: {lines:?}");
        ensure!(lines.iter().all(|line| line.contains("@sha256:")), "not by digest: {lines:?}");
        Ok(lines)
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("desk")
    }

    /// State beside the processes: a key in Redis, a table in QuestDB.
    fn seed(&self, write: impl Fn(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
        write(&self.redis.address().to_string())?;
        self.questdb
            .query("CREATE TABLE desk (ts TIMESTAMP, x LONG) TIMESTAMP(ts) PARTITION BY DAY WAL")?;
        self.questdb.write("desk x=1i 1700000000000000000\n")?;
        self.questdb.query_until("SELECT count() FROM desk", |reply| {
            reply.pointer("/dataset/0/0").and_then(Value::as_u64) == Some(1)
        })?;
        Ok(())
    }

    /// Version 1, version 2, and version 2 with each fault.
    fn repository(&self) -> anyhow::Result<()> {
        let root = self.root();
        fs::create_dir_all(root.join("config"))?;
        fs::write(root.join(".gitignore"), ".plimsoll/\n")?;
        fs::write(root.join("config/canonical.yaml"), self.canonical()?)?;
        self.git(&["init", "-q", "-b", "main"])?;
        let versions =
            ["v1", "v2-build", "v2-migration", "v2-health", "v2-smoke", "v2-after-switch", "v2"];
        for version in versions {
            let (name, fault) = version.split_once('-').unwrap_or((version, "none"));
            fs::write(root.join("version"), name)?;
            fs::write(root.join("fault"), fault)?;
            fs::write(root.join("index.html"), format!("{name} is well\n"))?;
            fs::write(root.join("Dockerfile"), dockerfile(name, fault))?;
            self.git(&["add", "."])?;
            self.git(&["commit", "-q", "-m", version])?;
            self.git(&["tag", version])?;
        }
        let ran = self.plimsoll(&["snapshot", "init", "--clear"])?;
        ensure!(ran.code == 0, "no store: {}", ran.text);
        Ok(())
    }

    fn canonical(&self) -> anyhow::Result<String> {
        let root = self.root();
        let places = Places {
            root: &root,
            program: &self.program,
            questdb: self.questdb.http_addr().to_string(),
            redis: self.redis.address().to_string(),
            venue: &self.venue_url,
            ports: [free_port()?, free_port()?, free_port()?],
            engine: self.engine.as_ref(),
        };
        Ok(places.canonical())
    }

    fn git(&self, words: &[&str]) -> anyhow::Result<()> {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=drill", "-c", "user.email=drill@example.invalid"]);
        command::stdout_of(git.args(words).current_dir(self.root()), RUN_LIMIT)?;
        Ok(())
    }

    pub(super) fn plimsoll(&self, words: &[&str]) -> anyhow::Result<Ran> {
        let mut plimsoll = Command::new(&self.program);
        plimsoll.args(words).current_dir(self.root());
        for name in ["HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
            plimsoll.env(name, self.dir.path().join("home"));
        }
        let begun = machine::now();
        let output = command::capture(&mut plimsoll, RUN_LIMIT)?;
        let secs = begun.elapsed().as_secs_f64();
        let code = output.status.code().unwrap_or(-1);
        Ok(Ran { code, text: format!("{}\n{}", output.stdout, output.stderr), secs })
    }

    /// Deploys a version. What is bad only after the switch sees that its strategy was armed.
    pub(super) fn deploy(&self, version: &str) -> anyhow::Result<Ran> {
        let mark = self.root().join(".plimsoll/deploy/staging/armed");
        drop(fs::remove_file(&mark));
        if version == "v2-after-switch" {
            return self.deploy_and_spoil(version, &mark);
        }
        self.plimsoll(&["deploy", "staging", "--commit", version])
    }

    /// The fault of `after-switch` shows once the new strategy is armed.
    fn deploy_and_spoil(&self, version: &str, mark: &Path) -> anyhow::Result<Ran> {
        let fenced = self.lease()?.generation;
        std::thread::scope(|scope| {
            let deploy = scope.spawn(|| self.plimsoll(&["deploy", "staging", "--commit", version]));
            while !deploy.is_finished() {
                let lease = self.lease()?;
                if lease.generation > fenced && lease.is_armed {
                    fs::write(mark, "")?;
                    break;
                }
                machine::pause(POLL);
            }
            deploy.join().map_err(|_| anyhow::anyhow!("the deploy panicked"))?
        })
    }

    fn lease(&self) -> anyhow::Result<LeaseSeen> {
        let ran = self.plimsoll(&["lease", "list", "--json"])?;
        let line = ran.text.lines().next().unwrap_or_default();
        let reply: Value = serde_json::from_str(line).context("the leases are no JSON")?;
        let Some(lease) = reply.pointer("/leases/0") else { return Ok(LeaseSeen::default()) };
        let is_null = |key: &str| lease.get(key).is_some_and(Value::is_null);
        Ok(LeaseSeen {
            generation: lease.get("generation").and_then(Value::as_u64).unwrap_or_default(),
            pid: lease.pointer("/holder/pid").and_then(Value::as_u64).unwrap_or_default(),
            is_armed: is_null("reserved_for")
                && is_null("fenced_by")
                && lease.get("is_alive").and_then(Value::as_bool) == Some(true),
        })
    }

    /// The record of what runs, the columns of the table, the keys of Redis.
    pub(super) fn state(&self) -> anyhow::Result<(String, String)> {
        let current = self.root().join(".plimsoll/deploy/staging/current.json");
        let columns = self.rows("SELECT \"column\" FROM table_columns('desk')")?;
        Ok((fs::read_to_string(current)?, columns))
    }

    /// Writes a row of now.
    pub(super) fn write_row(&self, fields: &str) -> anyhow::Result<()> {
        let before = self.rows("SELECT count() FROM desk")?;
        self.questdb.write(&format!("desk {fields}\n"))?;
        self.questdb.query_until("SELECT count() FROM desk", |reply| {
            reply.pointer("/dataset").map(Value::to_string).is_some_and(|rows| rows != before)
        })?;
        Ok(())
    }

    /// What a query answers.
    pub(super) fn rows(&self, sql: &str) -> anyhow::Result<String> {
        let reply = self.questdb.query(sql)?;
        reply.pointer("/dataset").map(Value::to_string).context("no rows")
    }

    /// The rows that a rollback kept before it changed tables back.
    pub(super) fn kept_rows(&self) -> anyhow::Result<String> {
        let listed = self.plimsoll(&["snapshot", "list", "--json"])?;
        let line = listed.text.lines().next().unwrap_or_default();
        let reply: Value = serde_json::from_str(line).context("the snapshots are no JSON")?;
        let snapshots = reply.get("snapshots").and_then(Value::as_array).context("no list")?;
        let is_rows = |tag: &Value| tag.as_str().is_some_and(|tag| tag.starts_with("rows-before-"));
        let of_rows = |one: &&Value| {
            one.get("tags").and_then(Value::as_array).is_some_and(|tags| tags.iter().any(is_rows))
        };
        let kept = snapshots.iter().rev().find(of_rows).context("no snapshot of rows")?;
        let id = kept.get("id").and_then(Value::as_str).context("a snapshot without an id")?;
        let words = ["snapshot", "show", id, "--part", "database", "--document", "rows/desk.csv"];
        Ok(self.plimsoll(&words)?.text)
    }

    /// Waits until the strategy of that version, started last, has sent an order.
    pub(super) fn trades(&self, version: &str) -> anyhow::Result<()> {
        let begun = machine::now();
        let before = self.senders()?;
        while begun.elapsed() < TRADE_LIMIT {
            let lease = self.lease()?;
            let count = |senders: &[(String, u64)]| -> u64 {
                let own = senders.iter().filter(|(name, _)| name.starts_with(version));
                own.map(|(_, count)| count).sum()
            };
            if lease.is_armed && count(&self.senders()?) > count(&before) {
                return Ok(());
            }
            machine::pause(POLL);
        }
        bail!("{version} does not trade within {} s", TRADE_LIMIT.as_secs())
    }

    fn senders(&self) -> anyhow::Result<Vec<(String, u64)>> {
        let mut curl = Command::new("curl");
        curl.args(["-fsS", &format!("{}/senders", self.venue_url)]);
        let reply: Value = serde_json::from_str(&command::stdout_of(&mut curl, RUN_LIMIT)?)?;
        let senders = reply.get("orders").and_then(Value::as_object).context("no senders")?;
        Ok(senders.iter().map(|(name, n)| (name.clone(), n.as_u64().unwrap_or(0))).collect())
    }

    pub(super) fn orders_of(&self, name: &str) -> anyhow::Result<u64> {
        Ok(self.senders()?.iter().find(|(own, _)| own == name).map_or(0, |(_, count)| *count))
    }

    /// How many orders each version sent, for the report.
    pub(super) fn sent(&self) -> anyhow::Result<String> {
        let senders = self.senders()?;
        let all: u64 = senders.iter().map(|(_, count)| count).sum();
        Ok(format!("{all} orders of {} starts, none of a second node", senders.len()))
    }

    /// A node that was started by hand beside the deployed one.
    pub(super) fn trader(&self, name: &str) -> anyhow::Result<Ran> {
        let words = ["paper", "trade", "--venue", &self.venue_url, "--lease", "trend@paper"];
        self.plimsoll(&[&words[..], &["--name", name, "--advance", "5"]].concat())
    }

    pub(super) fn stop_strategy(&self) -> anyhow::Result<()> {
        command::signal("STOP", &self.lease()?.pid.to_string())
    }

    pub(super) fn continue_strategy(&self) -> anyhow::Result<()> {
        command::signal("CONT", &self.lease()?.pid.to_string())
    }
}

#[derive(Default)]
struct LeaseSeen {
    generation: u64,
    pid: u64,
    is_armed: bool,
}

impl Drop for Stand {
    fn drop(&mut self) {
        // Best effort: whatever the last deploy started, by the groups that it wrote down.
        let run = self.root().join(".plimsoll/deploy/staging/run");
        for entry in fs::read_dir(run).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|end| end == "pid") {
                let pid = fs::read_to_string(entry.path()).unwrap_or_default();
                drop(command::signal("KILL", &format!("-{pid}")));
            }
        }
        drop(self.venue.kill());
        drop(self.venue.wait());
        // Before the directory that its data is in.
        drop(self.engine.take());
    }
}

fn free_port() -> anyhow::Result<u16> {
    testbed::free_port().context("no free port")
}

fn redis_key(address: &str) -> anyhow::Result<()> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.write_all(b"*3\r\n$3\r\nSET\r\n$8\r\ndesk:one\r\n$1\r\n1\r\n")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    ensure!(&answer == b"+OK\r\n", "Redis took no key");
    Ok(())
}

/// Bars whose price goes up and down, so that a trend strategy has something to do.
fn bars() -> String {
    let mut text = "timestamp,open,high,low,close,volume\n".to_owned();
    let px = |n: u32| 1000.0 + 200.0 * (f64::from(n) / 40.0).sin();
    for n in 0..BARS {
        let (open, close) = (px(n), px(n + 1));
        let (high, low) = (open.max(close) + 1.0, open.min(close) - 1.0);
        let at = 1_600_000_000 + u64::from(n) * 60;
        text.push_str(&format!("{at},{open:.2},{high:.2},{low:.2},{close:.2},1000000\n"));
    }
    text
}
