//! A real QuestDB on free loopback ports, from the jar that its makers publish.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::workspace::Workspace;
use crate::{command, machine};

const VERSION: &str = "9.3.4";
const INSTALL_LIMIT: Duration = Duration::from_secs(600);
/// Twenty times what a start took on a loaded machine with two cores.
const READY_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(30);
const REQUEST_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);
/// Another program may take a free port before the server binds it.
const START_ATTEMPTS: usize = 3;

/// User and password of a server that asks for them; of this loopback server only.
pub(super) const CREDENTIALS: &str = "proof:proof";

/// A server process with a data directory and ports of its own. Dropping it ends the process and removes the data.
#[derive(Debug)]
pub(crate) struct QuestDb {
    jar: PathBuf,
    data: TempDir,
    ports: Ports,
    process: Option<Child>,
    is_guarded: bool,
}

/// Whether this machine can run one.
#[derive(Debug)]
pub(crate) enum Start {
    Running(QuestDb),
    /// Why not: no Java, no package registry.
    Unavailable(String),
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    http: u16,
    min_http: u16,
    line_tcp: u16,
    postgres: u16,
}

impl Ports {
    fn free() -> anyhow::Result<Ports> {
        let port = || testbed::free_port().context("no free port");
        Ok(Ports { http: port()?, min_http: port()?, line_tcp: port()?, postgres: port()? })
    }
}

impl QuestDb {
    /// Gets the jar if need be, starts a server on an empty directory and waits until it answers.
    pub(crate) fn start(workspace: &Workspace) -> anyhow::Result<Start> {
        QuestDb::start_as(workspace, false)
    }

    /// As [`QuestDb::start`], with a server that asks for [`CREDENTIALS`].
    pub(crate) fn start_with_password(workspace: &Workspace) -> anyhow::Result<Start> {
        QuestDb::start_as(workspace, true)
    }

    fn start_as(workspace: &Workspace, is_guarded: bool) -> anyhow::Result<Start> {
        let jar = match jar(&workspace.scratch()?) {
            Ok(jar) => jar,
            Err(error) => {
                return Ok(Start::Unavailable(format!("no QuestDB {VERSION}: {error:#}")));
            }
        };
        let mut last = None;
        for _ in 0..START_ATTEMPTS {
            let data = tempfile::tempdir().context("no temporary directory")?;
            let mut server = QuestDb {
                jar: jar.clone(),
                data,
                ports: Ports::free()?,
                process: None,
                is_guarded,
            };
            match server.restart() {
                Ok(()) => return Ok(Start::Running(server)),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("never tried")))
            .with_context(|| format!("QuestDB did not start in {START_ATTEMPTS} attempts"))
    }

    /// Where clients connect: line protocol on `/write`, SQL on `/exec`. Stays the same through restarts.
    pub(crate) fn http_addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.http).into()
    }

    /// The directory that it was started with.
    pub(crate) fn root(&self) -> PathBuf {
        self.data.path().join("db")
    }

    /// Starts the process again on the same ports and data. Fails when one is running.
    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        ensure!(self.process.is_none(), "the server is running already");
        let log = self.data.path().join("server.log");
        let out =
            File::create(&log).with_context(|| format!("cannot create `{}`", log.display()))?;
        let err = out.try_clone().context("cannot share the log")?;
        let bind = |port: u16| format!("127.0.0.1:{port}");
        let mut java = Command::new("java");
        java.args(["-Xmx1g", "-p"]).arg(&self.jar).args([
            "-m",
            "io.questdb/io.questdb.ServerMain",
            "-d",
        ]);
        java.arg(self.root());
        java.env("QDB_HTTP_BIND_TO", bind(self.ports.http))
            .env("QDB_HTTP_MIN_NET_BIND_TO", bind(self.ports.min_http))
            .env("QDB_LINE_TCP_NET_BIND_TO", bind(self.ports.line_tcp))
            .env("QDB_PG_NET_BIND_TO", bind(self.ports.postgres))
            .env("QDB_DEV_MODE_ENABLED", "true")
            .env("QDB_TELEMETRY_ENABLED", "false");
        if let (true, Some((user, password))) = (self.is_guarded, CREDENTIALS.split_once(':')) {
            java.env("QDB_HTTP_USER", user).env("QDB_HTTP_PASSWORD", password);
        }
        java.stdin(Stdio::null()).stdout(out).stderr(err);
        std::fs::create_dir_all(self.data.path().join("db"))
            .context("cannot create the data directory")?;
        self.process = Some(java.spawn().context("cannot start `java`")?);
        let ready = self.wait_until_ready();
        if ready.is_err() {
            self.kill9()?;
        }
        ready.with_context(|| {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            format!("QuestDB is not ready, log: {}", command::last_lines(&log, 4))
        })
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let start = machine::now();
        while start.elapsed() < READY_LIMIT {
            let ended = self.process.as_mut().map(Child::try_wait).transpose()?.flatten();
            if let Some(status) = ended {
                bail!("the process ended with {status}");
            }
            let wanted = if self.is_guarded { [204, 401] } else { [204, 204] };
            if self.request("GET", "/ping", "").is_ok_and(|(status, _)| wanted.contains(&status)) {
                return Ok(());
            }
            machine::pause(POLL);
        }
        bail!("no answer on {} after {} s", self.http_addr(), READY_LIMIT.as_secs())
    }

    /// Ends the process without warning, as a power cut or the kernel would.
    pub(crate) fn kill9(&mut self) -> anyhow::Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.kill().context("cannot kill the server")?;
        process.wait().context("cannot wait for the server")?;
        Ok(())
    }

    /// Asks the process to end and waits until it has; kills it when it does not.
    pub(crate) fn stop(&mut self) -> anyhow::Result<()> {
        let Some(process) = self.process.as_mut() else { return Ok(()) };
        command::signal("TERM", &process.id().to_string())?;
        let start = machine::now();
        while start.elapsed() < STOP_LIMIT {
            if process.try_wait()?.is_some() {
                self.process = None;
                return Ok(());
            }
            machine::pause(POLL);
        }
        self.kill9()?;
        bail!("the server did not end within {} s of SIGTERM, killed", STOP_LIMIT.as_secs())
    }

    /// Runs SQL and returns the reply: `columns`, `dataset`, `count`.
    pub(crate) fn query(&self, sql: &str) -> anyhow::Result<Value> {
        let (status, body) =
            self.request("GET", &format!("/exec?query={}", percent_encoded(sql)), "")?;
        ensure!(status == 200, "status {status} for `{sql}`: {}", body.trim());
        serde_json::from_str(&body).with_context(|| format!("the reply to `{sql}` is not JSON"))
    }

    /// Runs SQL until the reply is as wanted, or gives the last reply: what was acknowledged is applied later.
    pub(crate) fn query_until(
        &self,
        sql: &str,
        is_wanted: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let start = machine::now();
        loop {
            let reply = self.query(sql)?;
            if is_wanted(&reply) || start.elapsed() > REQUEST_LIMIT {
                return Ok(reply);
            }
            machine::pause(POLL);
        }
    }

    /// Writes line protocol; returns when the server has acknowledged it.
    pub(crate) fn write(&self, lines: &str) -> anyhow::Result<()> {
        let (status, body) = self.request("POST", "/write?precision=n", lines)?;
        ensure!(status == 204, "status {status} for a write: {}", body.trim());
        Ok(())
    }

    fn request(&self, method: &str, target: &str, body: &str) -> anyhow::Result<(u16, String)> {
        let mut stream = TcpStream::connect_timeout(&self.http_addr(), REQUEST_LIMIT)?;
        stream.set_read_timeout(Some(REQUEST_LIMIT))?;
        stream.set_write_timeout(Some(REQUEST_LIMIT))?;
        let len = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len}\r\n\r\n"
        );
        stream.write_all((head + body).as_bytes())?;
        read_reply(stream)
    }
}

impl Drop for QuestDb {
    fn drop(&mut self) {
        // Already ended is as good, and a drop has nobody to tell.
        let _ended_already = self.kill9();
    }
}

/// Status and body. The server keeps a connection open in spite of `Connection: close`, so the last chunk ends it.
fn read_reply(mut from: impl Read) -> anyhow::Result<(u16, String)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).context("cannot read the reply")?;
        bytes.extend(buffer.iter().take(count));
        let text = String::from_utf8_lossy(&bytes);
        if let Some(reply) = parsed(&text, count == 0)? {
            return Ok(reply);
        }
        ensure!(count > 0, "the connection closed within the reply");
    }
}

/// A reply if it is whole. `None`: read on.
fn parsed(text: &str, is_closed: bool) -> anyhow::Result<Option<(u16, String)>> {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Ok(None) };
    let status: u16 =
        head.split(' ').nth(1).and_then(|s| s.parse().ok()).context("no status in the reply")?;
    let head = head.to_ascii_lowercase();
    if status == 204 {
        return Ok(Some((status, String::new())));
    }
    if head.contains("transfer-encoding: chunked") {
        return Ok(dechunked(body)?.map(|body| (status, body)));
    }
    let len = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let len: Option<usize> = len.and_then(|len| len.trim().parse().ok());
    let is_whole = len.map_or(is_closed, |len| body.len() >= len);
    Ok(is_whole.then(|| (status, body.to_owned())))
}

fn dechunked(mut rest: &str) -> anyhow::Result<Option<String>> {
    let mut body = String::new();
    loop {
        let Some((len, after)) = rest.split_once("\r\n") else { return Ok(None) };
        let len = usize::from_str_radix(len.trim(), 16).context("a chunk has no length")?;
        if len == 0 {
            return Ok(Some(body));
        }
        let (Some(chunk), Some(next)) = (after.get(..len), after.get(len..)) else {
            return Ok(None);
        };
        body.push_str(chunk);
        let Some(next) = next.strip_prefix("\r\n") else { return Ok(None) };
        rest = next;
    }
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The jar, copied beside cargo's output; installs Java and Maven on a bare machine when it may.
fn jar(scratch: &Path) -> anyhow::Result<PathBuf> {
    let jar = scratch.join(format!("questdb-{VERSION}.jar"));
    let has_java = machine::program("java").is_some();
    let has_maven = machine::program("mvn").is_some();
    if !has_java || !(has_maven || jar.is_file()) {
        install(&["openjdk-17-jre-headless", "maven"])?;
    }
    if jar.is_file() {
        return Ok(jar);
    }
    let artifact = format!("-Dartifact=org.questdb:questdb:{VERSION}");
    let mut get = Command::new("mvn");
    get.args(["-q", "-B", "dependency:get", &artifact, "-Dtransitive=false"]);
    command::stdout_of(&mut get, INSTALL_LIMIT)?;
    let mut copy = Command::new("mvn");
    let to = format!("-DoutputDirectory={}", scratch.display());
    copy.args(["-q", "-B", "dependency:copy", &artifact, &to]);
    command::stdout_of(&mut copy, INSTALL_LIMIT)?;
    ensure!(jar.is_file(), "maven left no `{}`", jar.display());
    Ok(jar)
}

/// Installs Debian's packages, where this may be done.
pub(super) fn install(packages: &[&str]) -> anyhow::Result<()> {
    let names = packages.join(", ");
    let user = command::stdout_of(Command::new("id").arg("-u"), STOP_LIMIT)?;
    ensure!(user.trim() == "0", "{names} is missing, and only root could install it");
    ensure!(machine::program("apt-get").is_some(), "{names} is missing, and there is no apt-get");
    command::stdout_of(Command::new("apt-get").args(["-q", "update"]), INSTALL_LIMIT)?;
    let mut apt = Command::new("apt-get");
    apt.args(["-q", "-y", "install", "--no-install-recommends"]).args(packages);
    command::stdout_of(apt.env("DEBIAN_FRONTEND", "noninteractive"), INSTALL_LIMIT)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wire: &str, expected: (u16, &str)) {
        let (status, body) = read_reply(wire.as_bytes()).unwrap();
        assert_eq!((status, body.as_str()), expected, "{wire:?}");
    }

    #[test]
    fn a_reply_ends_with_its_length_its_last_chunk_or_the_connection() {
        check("HTTP/1.1 204 No Content\r\n\r\n", (204, ""));
        check("HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\n{}", (400, "{}"));
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0a\r\n1234567890\r\n0\r\n\r\n",
            (200, "{}1234567890"),
        );
        check("HTTP/1.0 200 OK\r\n\r\nrest", (200, "rest"));
    }

    #[test]
    fn a_torn_reply_is_an_error() {
        for wire in ["HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"] {
            assert!(read_reply(wire.as_bytes()).is_err(), "{wire:?}");
        }
    }

    #[test]
    fn sql_is_encoded_for_a_target() {
        assert_eq!(percent_encoded("a = 'b c'"), "a%20%3D%20%27b%20c%27");
    }
}
