//! The tests of the snapshot crate with every kill and every flip, and at real servers: Redis, QuestDB, a bucket.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tempfile::TempDir;

use super::Live;
use super::questdb_server::{QuestDb, Start, install};
use crate::steps::Outcome;
use crate::{Depth, command, machine};

const TEST_LIMIT: Duration = Duration::from_secs(40 * 60);
const SETUP_LIMIT: Duration = Duration::from_secs(300);
const READY_LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
/// A server of S3 that its makers publish for tests.
const MOTO: &str = "moto[server]==5.2.5";
const ROWS: u32 = 1000;

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let servers = match Servers::start(live)? {
        Ok(servers) => servers,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    let real = tests(live, &["real::", "moto::"], Some(&servers))?;
    let mut figures = match servers.finish(&real) {
        Ok(figures) => figures,
        Err(error) => return Ok(Outcome::Failed(format!("{error:#}"))),
    };
    // By default the tests stride over changes; this is every one of them.
    if live.depth == Depth::Full {
        let filters = [
            "kill::",
            "flips::",
            "faults::",
            "power::",
            "round_trip::",
            "sealed::",
            "deploy::",
            "bucket::",
            "testnet::",
        ];
        let output = tests(live, &filters, None)?;
        if !output.status.success() {
            return Ok(Outcome::Failed(command::last_lines(&(output.stdout + &output.stderr), 40)));
        }
        figures.extend(lines(&output.stdout));
    }
    Ok(Outcome::Passed(figures.join("; ")))
}

/// What the tests say of their counts.
fn lines(text: &str) -> Vec<String> {
    let wanted = [
        "changes",
        "flips",
        "answers lost",
        "rounds",
        "moments",
        "points",
        "requests",
        "signatures",
    ];
    let said = text.lines().filter(|line| wanted.iter().any(|word| line.contains(word)));
    said.map(|line| line.trim().to_owned()).collect()
}

fn tests(
    live: &Live<'_>,
    filters: &[&str],
    servers: Option<&Servers>,
) -> anyhow::Result<command::Output> {
    let mut args = vec!["test", "-p", "plimsoll-snapshot", "--all-features", "--test", "it"];
    args.extend(["--", "--nocapture"]);
    args.extend(filters);
    let mut test = live.workspace.cargo(args);
    test.env("PLIMSOLL_SLOW_TESTS", "1");
    if live.depth == Depth::Full {
        test.env("PLIMSOLL_SNAPSHOT_FULL", "1");
    }
    test.env("PLIMSOLL_SNAPSHOT_STRIDE", "1").env("PLIMSOLL_SNAPSHOT_KILLS", "200");
    test.env("PLIMSOLL_DEPLOY_STRIDE", "1").env("PLIMSOLL_DEPLOY_KILLS", "200");
    if let Some(servers) = servers {
        test.env("PLIMSOLL_SNAPSHOT_REDIS", servers.redis.address.to_string())
            .env("PLIMSOLL_SNAPSHOT_S3", servers.s3.address.to_string())
            .env("PLIMSOLL_SNAPSHOT_QUESTDB", format!("http://{}", servers.questdb.http_addr()))
            .env("PLIMSOLL_SNAPSHOT_QUESTDB_ROOT", servers.questdb.root())
            .env("PLIMSOLL_SNAPSHOT_QUESTDB_COPY", servers.dir.path().join("copy"));
    }
    command::capture(&mut test, TEST_LIMIT)
}

struct Servers {
    dir: TempDir,
    questdb: QuestDb,
    redis: Server,
    s3: Server,
}

impl Servers {
    /// The servers, or why this machine cannot run one of them.
    fn start(live: &Live<'_>) -> anyhow::Result<Result<Self, String>> {
        let dir = tempfile::tempdir().context("no temporary directory")?;
        if machine::program("redis-server").is_none()
            && let Err(error) = install(&["redis-server"])
        {
            return Ok(Err(format!("no Redis: {error:#}")));
        }
        let moto = match moto(&live.workspace.scratch()?) {
            Ok(moto) => moto,
            Err(error) => return Ok(Err(format!("no server of S3: {error:#}"))),
        };
        let questdb = match QuestDb::start(live.workspace)? {
            Start::Running(server) => server,
            Start::Unavailable(why) => return Ok(Err(why)),
        };
        let redis = Server::start(|port| {
            let mut redis = Command::new("redis-server");
            redis.args(["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
            redis.current_dir(dir.path());
            redis
        })?;
        let s3 = Server::start(|port| {
            let mut server = Command::new(&moto);
            server.args(["-H", "127.0.0.1", "-p", port]).current_dir(dir.path());
            server
        })?;
        make_bucket(s3.address)?;
        questdb.query(
            "CREATE TABLE pnl (ts TIMESTAMP, seq LONG, x DOUBLE) TIMESTAMP(ts) PARTITION BY DAY WAL DEDUP UPSERT KEYS(ts, seq)",
        )?;
        let row =
            |n: u32| format!("pnl seq={n}i,x={n}.5 {}\n", 1_700_000_000_000_000_000 + u64::from(n));
        questdb.write(&(0..ROWS).map(row).collect::<String>())?;
        questdb.query_until("SELECT count() FROM pnl", |reply| rows(reply) == Some(ROWS.into()))?;
        Ok(Ok(Self { dir, questdb, redis, s3 }))
    }

    /// Opens the copy of the database with a server of its own, and counts.
    fn finish(mut self, real: &command::Output) -> anyhow::Result<Vec<String>> {
        let text = format!("{}{}", real.stdout, real.stderr);
        if !real.status.success() || text.contains("SKIPPED") {
            bail!("{}", command::last_lines(&text, 40));
        }
        // What came after the checkpoint must not be in the copy.
        self.questdb.write("pnl seq=5000i,x=1.5 1700000000000900000\n")?;
        self.questdb.stop()?;
        let root = self.questdb.root();
        std::fs::remove_dir_all(&root)?;
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(self.dir.path().join("copy")).arg(&root);
        command::stdout_of(&mut copy, SETUP_LIMIT)?;
        self.questdb.restart()?;
        let reply = self.questdb.query("SELECT count() FROM pnl")?;
        if rows(&reply) != Some(ROWS.into()) || root.join("_restore").exists() {
            bail!("the copy of QuestDB has {reply} instead of {ROWS} rows");
        }
        self.questdb.stop()?;
        let mut figures = vec![
            "Redis: keys of a node put back".to_owned(),
            format!("QuestDB: copy under a checkpoint opens with {ROWS} of {ROWS} rows"),
        ];
        figures.extend(lines(&real.stdout).into_iter().map(|line| format!("moto: {line}")));
        Ok(figures)
    }
}

fn rows(reply: &serde_json::Value) -> Option<u64> {
    reply.get("dataset")?.get(0)?.get(0)?.as_u64()
}

/// A server process on a free port of loopback. Dropping it ends it.
pub(super) struct Server {
    address: SocketAddr,
    process: Child,
}

impl Server {
    pub(super) fn start(command: impl Fn(&str) -> Command) -> anyhow::Result<Self> {
        let port = testbed::free_port().context("no free port")?;
        let mut command = command(&port.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let server = Self { address: SocketAddr::from(([127, 0, 0, 1], port)), process };
        let begun = machine::now();
        while std::net::TcpStream::connect(server.address).is_err() {
            if begun.elapsed() > READY_LIMIT {
                bail!("{command:?} does not listen on {}", server.address);
            }
            machine::pause(POLL);
        }
        Ok(server)
    }
}

impl Server {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Best effort: it may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The program `moto_server`, in a place of its own.
fn moto(scratch: &Path) -> anyhow::Result<std::path::PathBuf> {
    let venv = scratch.join("moto");
    let stamp = venv.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == MOTO) {
        return Ok(venv.join("bin/moto_server"));
    }
    command::stdout_of(Command::new("python3").args(["-m", "venv"]).arg(&venv), SETUP_LIMIT)?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", MOTO]);
    command::stdout_of(&mut pip, SETUP_LIMIT)?;
    std::fs::write(&stamp, MOTO)?;
    Ok(venv.join("bin/moto_server"))
}

fn make_bucket(server: SocketAddr) -> anyhow::Result<()> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(server)?;
    stream.set_read_timeout(Some(READY_LIMIT))?;
    let request = format!(
        "PUT /desk HTTP/1.1\r\nhost: {server}\r\nauthorization: AWS4-HMAC-SHA256 \
         Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\
         content-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.split(' ').nth(1) != Some("200") {
        bail!("the server made no bucket: {answer}");
    }
    Ok(())
}
