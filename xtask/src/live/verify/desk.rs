//! The desk: a repository with everything set up, a station, a paper venue, a strategy, and services outside.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::{DiscordStandIn, GitHubStandIn, Reply, ScriptedHttp, SentryStandIn};

use super::canonical::{Places, canonical};
use super::fault::{How, Service};
use super::mend::Mend;
use crate::live::kit::tools::Tools;
use crate::{command, machine};

const RUN_LIMIT: Duration = Duration::from_secs(240);
const BARS: u32 = 60_000;
const KEY: &str = "sk-ant-a-key-of-nobody";
/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:1/api/webhooks/1/nobody";
const BACKTEST: &str = "import pathlib\n\nrows = pathlib.Path(\"strategies/bars.csv\").read_text().splitlines()\n\
                        print(f\"{len(rows)} bars, and the books are right\")\n";
const CLEAN: &str = "--- a/a.md\n+++ b/a.md\n@@ -1 +1 @@\n-one\n+two\n";

/// How a command of ours ended.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

/// What a report of `plimsoll verify` says.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) code: i32,
    pub(super) ok: Vec<String>,
    /// What failed, or is degraded.
    pub(super) bad: Vec<String>,
    pub(super) text: String,
}

pub(super) struct Desk<'a> {
    pub(super) tools: &'a Tools,
    dir: TempDir,
    pub(super) github: GitHubStandIn,
    discord: DiscordStandIn,
    sentry: SentryStandIn,
    ops: ScriptedHttp,
    model: ScriptedHttp,
    station: Option<Child>,
    venue: Option<Child>,
    /// The service that cannot be used now.
    pub(super) refusing: Option<Service>,
}

impl<'a> Desk<'a> {
    /// Everything set up, deployed, gone back once, and trading.
    pub(super) fn start(tools: &'a Tools) -> anyhow::Result<Self> {
        let mut desk = Self {
            tools,
            dir: tempfile::tempdir().context("no temporary directory")?,
            github: GitHubStandIn::start()?,
            discord: DiscordStandIn::start(None)?,
            sentry: SentryStandIn::start()?,
            ops: ScriptedHttp::start([], Reply::json(200, "{\"id\": \"ops-1\"}"))?,
            model: ScriptedHttp::answering(|request| answer(request.header("x-api-key")))?,
            station: None,
            venue: None,
            refusing: None,
        };
        desk.files()?;
        // A Sentry of our own is not the one that coding agents are sent to.
        desk.fine(&["init", "--without", "mcp", "--apply"])?;
        desk.fine(&["adr", "new", "Rows are kept in one file"])?;
        desk.fine(&["adr", "accept", "1", "--by", "ada"])?;
        desk.versions()?;
        for store in ["runs/desk.db", "runs/staging.db"] {
            desk.fine(&["demo", "--fast", "--to", "2007-12-31", "--store", store])?;
        }
        desk.fine(&["ralph", "install"])?;
        desk.fine(&["snapshot", "init", "--clear"])?;
        desk.fine(&["deploy", "staging", "--commit", "v1"])?;
        desk.fine(&["deploy", "staging", "--commit", "v2"])?;
        desk.fine(&["rollback"])?;
        desk.start_station()?;
        desk.review_new_pull()?;
        Ok(desk)
    }

    pub(super) fn root(&self) -> PathBuf {
        self.dir.path().join("desk")
    }

    fn files(&mut self) -> anyhow::Result<()> {
        let root = self.root();
        for folder in ["config", "strategies", "runs"] {
            fs::create_dir_all(root.join(folder))?;
        }
        let bin = self.dir.path().join("bin");
        fs::create_dir(&bin)?;
        executable(&bin.join("claude"), "#!/bin/sh\necho '2.1.330 (Claude Code)'\n")?;
        let spare = self.dir.path().join("spare");
        fs::write(&spare, "http://127.0.0.1:1/spare\n")?;
        mode(&spare, "600")?;
        fs::write(self.dir.path().join("bars.csv"), bars())?;
        let venue = self.start_venue()?;
        let (organization, project, _) = self.sentry.access();
        let text = canonical(&Places {
            root: &root,
            program: &self.tools.plimsoll(),
            station: free_port()?,
            web: [free_port()?, free_port()?],
            venue: &venue,
            spare: &spare,
            sentry: [organization, project, &self.sentry.url()],
        });
        for (path, text) in [
            ("config/canonical.yaml", text.as_str()),
            (".gitignore", ".plimsoll/\n.claude/\n.ralph/\nruns/\n"),
            ("README.md", "Grafana on port 3000.\n"),
            ("strategies/backtest.py", BACKTEST),
            ("strategies/bars.csv", "1,2\n3,4\n"),
        ] {
            fs::write(root.join(path), text)?;
        }
        Ok(())
    }

    /// Versions to deploy; one has a fault.
    fn versions(&self) -> anyhow::Result<()> {
        let root = self.root();
        self.git(&["init", "-q", "-b", "main"])?;
        self.git(&["config", "user.name", "desk"])?;
        self.git(&["config", "user.email", "desk@example.invalid"])?;
        for version in ["v1", "broken", "v3", "v2"] {
            fs::write(root.join("version"), version)?;
            fs::write(root.join("fault"), if version == "broken" { "broken" } else { "none" })?;
            fs::write(root.join("index.html"), format!("{version} is well\n"))?;
            self.git(&["add", "."])?;
            self.git(&["commit", "-q", "--no-verify", "-m", version])?;
            self.git(&["tag", version])?;
        }
        Ok(())
    }

    pub(super) fn git(&self, words: &[&str]) -> anyhow::Result<()> {
        let words = [&["git"], words].concat();
        self.tools.fine(&self.root(), &words)?;
        Ok(())
    }

    fn start_venue(&mut self) -> anyhow::Result<String> {
        let mut venue = Command::new(self.tools.plimsoll());
        venue.args(["paper", "venue", "--listen", "127.0.0.1:0", "--dir", "venue"]);
        venue.args(["--data", "bars.csv", "--speed", "50"]).current_dir(self.dir.path());
        let (child, url) = serving(venue)?;
        self.venue = Some(child);
        Ok(url)
    }

    pub(super) fn start_station(&mut self) -> anyhow::Result<()> {
        let mut station = self.command(&["station"])?;
        station.current_dir(self.root());
        let (child, _) = serving(station)?;
        self.station = Some(child);
        Ok(())
    }

    pub(super) fn kill_station(&mut self) -> anyhow::Result<()> {
        let mut station = self.station.take().context("there is no station")?;
        station.kill()?;
        station.wait()?;
        Ok(())
    }

    pub(super) fn review_new_pull(&self) -> anyhow::Result<()> {
        let number = self.github.open_pull(&"a".repeat(40), &"b".repeat(40), CLEAN);
        self.review(number)
    }

    pub(super) fn review(&self, number: u64) -> anyhow::Result<()> {
        self.fine(&["review", "--no-model", "--pr", &number.to_string(), "--comment"])
    }

    /// Our program, with all that a person has set up.
    fn command(&self, words: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(self.tools.plimsoll());
        command.args(words).current_dir(self.root()).stdin(Stdio::null());
        for name in ["HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, self.dir.path().join("home"));
        }
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "PLIMSOLL_CONFIG", "GH_TOKEN"] {
            command.env_remove(name);
        }
        let is_down = |service| self.refusing == Some(service);
        let or_nowhere =
            |service, url: String| if is_down(service) { NOWHERE.to_owned() } else { url };
        let dsn = self.sentry.dsn();
        let (repository, github_token) = self.github.access();
        let (_, _, sentry_token) = self.sentry.access();
        command
            .env("PATH", self.tools.path(Some(self.dir.path().join("bin")))?)
            .env("OPS_HOOK", or_nowhere(Service::Ops, self.ops.url()))
            .env("DISCORD_HOOK", or_nowhere(Service::Discord, self.discord.webhook_url()))
            .env(
                "SENTRY_DSN",
                if is_down(Service::Sentry) { "http://key@127.0.0.1:1/42".to_owned() } else { dsn },
            )
            .env("SENTRY_AUTH_TOKEN", sentry_token)
            .env("GITHUB_API_URL", self.github.url())
            .env("GITHUB_REPOSITORY", repository)
            .env("GITHUB_TOKEN", github_token)
            .env("ANTHROPIC_BASE_URL", self.model.url())
            .env("ANTHROPIC_API_KEY", if is_down(Service::Model) { "revoked" } else { KEY });
        Ok(command)
    }

    pub(super) fn run(&self, words: &[&str]) -> anyhow::Result<Ran> {
        let output = command::capture(&mut self.command(words)?, RUN_LIMIT)?;
        let code = output.status.code().unwrap_or(-1);
        Ok(Ran { code, out: output.stdout, err: output.stderr })
    }

    pub(super) fn fine(&self, words: &[&str]) -> anyhow::Result<()> {
        let ran = self.run(words)?;
        ensure!(ran.code == 0, "plimsoll {}: {}\n{}", words.join(" "), ran.out, ran.err);
        Ok(())
    }

    /// Looks at everything.
    pub(super) fn verify(&self) -> anyhow::Result<Seen> {
        let ran = self.run(&["verify", "--json"])?;
        let text = format!("{}\n{}", ran.out, ran.err);
        let report: Value = serde_json::from_str(&ran.out).with_context(|| text.clone())?;
        let checks = report.get("checks").and_then(Value::as_array).context("no checks")?;
        let of = |states: &[&str]| -> Vec<String> {
            let is = |line: &&Value| {
                line.get("state")
                    .and_then(Value::as_str)
                    .is_some_and(|state| states.contains(&state))
            };
            let ids = checks.iter().filter(is).filter_map(|line| line.get("id")?.as_str());
            ids.map(str::to_owned).collect()
        };
        Ok(Seen { code: ran.code, ok: of(&["ok"]), bad: of(&["failed", "degraded"]), text })
    }

    /// The process id of who holds the strategy's lease.
    pub(super) fn strategy(&self) -> anyhow::Result<u64> {
        let ran = self.run(&["lease", "list", "--json"])?;
        let list: Value = serde_json::from_str(&ran.out)?;
        list.pointer("/leases/0/holder/pid").and_then(Value::as_u64).context("nobody holds a lease")
    }

    /// The releases that do not run.
    pub(super) fn other_releases(&self) -> anyhow::Result<Vec<PathBuf>> {
        let dir = self.root().join(".plimsoll/deploy/staging");
        let listed = self.run(&["deploy", "list", "staging", "--json"])?;
        let listed: Value = serde_json::from_str(&listed.out)?;
        let current = listed.get("current").context("nothing is deployed")?;
        let mut others = Vec::new();
        for entry in fs::read_dir(dir.join("releases"))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !current.to_string().contains(name) {
                others.push(path);
            }
        }
        ensure!(!others.is_empty(), "no other release: {current}");
        Ok(others)
    }

    /// Breaks something; what it gives mends it again.
    pub(super) fn break_it(&mut self, how: &How) -> anyhow::Result<Mend> {
        super::mend::break_it(self, how)
    }

    pub(super) fn mend(&mut self, mend: Mend) -> anyhow::Result<()> {
        mend.mend(self)
    }
}

impl Drop for Desk<'_> {
    fn drop(&mut self) {
        // Best effort: whatever the last deploy started, by the groups that it wrote down.
        let run = self.root().join(".plimsoll/deploy/staging/run");
        for entry in fs::read_dir(run).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|end| end == "pid") {
                let pid = fs::read_to_string(entry.path()).unwrap_or_default();
                if Path::new("/proc").join(pid.trim()).exists() {
                    drop(command::signal("KILL", &format!("-{}", pid.trim())));
                }
            }
        }
        for child in [&mut self.station, &mut self.venue].into_iter().flatten() {
            drop(child.kill().and_then(|()| child.wait()));
        }
    }
}

/// What the Messages API answers to a review: nothing found, if the key is good.
fn answer(key: Option<&str>) -> Reply {
    if key != Some(KEY) {
        let error = json!({"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}});
        return Reply::json(401, &error.to_string());
    }
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4-8",
        "content": [{"type": "tool_use", "id": "toolu_1", "name": "report_findings", "input": {"findings": []}}],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {"input_tokens": 900, "output_tokens": 20}
    });
    Reply::json(200, &message.to_string())
}

/// Starts a program that serves, and waits for the line with its address.
fn serving(mut program: Command) -> anyhow::Result<(Child, String)> {
    let mut child =
        program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let stdout = child.stdout.take().context("no output")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let url = line.trim().to_owned();
    if !url.starts_with("http://") {
        drop(child.kill().and_then(|()| child.wait()));
        bail!("it does not serve: `{url}`");
    }
    Ok((child, url))
}

fn free_port() -> anyhow::Result<u16> {
    testbed::free_port().context("no free port")
}

fn executable(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text)?;
    mode(path, "755")
}

fn mode(path: &Path, mode: &str) -> anyhow::Result<()> {
    let chmod = machine::program("chmod").context("no chmod")?;
    command::stdout_of(Command::new(chmod).arg(mode).arg(path), RUN_LIMIT)?;
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
