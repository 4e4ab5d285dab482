//! A Docker engine and a registry of the drill's own, from Debian's packages, not installed.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use super::super::snapshot::Server;
use crate::{command, machine};

const PACKAGES: [&str; 4] = ["docker.io", "containerd", "runc", "docker-registry"];
const SETUP_LIMIT: Duration = Duration::from_secs(300);
const READY_LIMIT: Duration = Duration::from_secs(60);
const ASK_LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

/// An engine that touches neither the firewall nor any other engine. Dropping it ends it, with
/// all of its containers.
pub(super) struct Engine {
    dir: PathBuf,
    client: PathBuf,
    process: Child,
    registry: Server,
}

impl Engine {
    /// Starts it with its data below `dir`; or says why this machine cannot run one.
    pub(super) fn start(scratch: &Path, dir: &Path) -> anyhow::Result<Result<Self, String>> {
        let root = match unpacked(scratch) {
            Ok(root) => root,
            Err(error) => return Ok(Err(format!("no Docker: {error:#}"))),
        };
        let dir = dir.join("docker");
        fs::create_dir_all(&dir)?;
        let at = |name: &str| dir.join(name).display().to_string();
        let path = format!(
            "{0}/usr/sbin:{0}/usr/bin:{1}",
            root.display(),
            machine::env("PATH").unwrap_or_default().to_string_lossy()
        );
        let mut dockerd = Command::new(root.join("usr/sbin/dockerd"));
        dockerd.args(["--iptables=false", "--ip-forward=false", "--bridge=none"]);
        dockerd.args(["--data-root", &at("data"), "--exec-root", &at("exec"), "-p", &at("pid")]);
        dockerd.args(["-H", &format!("unix://{}", at("sock"))]).env("PATH", path);
        let log = fs::File::create(dir.join("log"))?;
        let dockerd = dockerd.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn();
        let process = dockerd.context("cannot start dockerd")?;
        let registry = Server::start(|port| {
            let file = dir.join("registry.yml");
            let text = format!(
                "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n\
                 http: {{addr: '127.0.0.1:{port}'}}\n",
                at("registry")
            );
            // Best effort: without it the registry does not start, and that is told.
            fs::write(&file, text).unwrap_or_default();
            let mut registry = Command::new(root.join("usr/bin/docker-registry"));
            registry.arg("serve").arg(file);
            registry
        })?;
        let mut engine = Self { dir, client: root.join("usr/bin/docker"), process, registry };
        let begun = machine::now();
        while engine.ask(&["version"]).is_err() {
            if begun.elapsed() > READY_LIMIT || engine.process.try_wait()?.is_some() {
                let said = fs::read_to_string(engine.dir.join("log")).unwrap_or_default();
                return Ok(Err(format!("dockerd does not run: {}", command::last_lines(&said, 3))));
            }
            machine::pause(POLL);
        }
        Ok(Ok(engine))
    }

    /// The client, for configurations.
    pub(super) fn client(&self) -> &Path {
        &self.client
    }

    /// Where it listens.
    pub(super) fn host(&self) -> String {
        format!("unix://{}", self.dir.join("sock").display())
    }

    /// Where its registry listens.
    pub(super) fn registry(&self) -> SocketAddr {
        self.registry.address()
    }

    /// Runs the client.
    pub(super) fn ask(&self, words: &[&str]) -> anyhow::Result<String> {
        let mut client = Command::new(&self.client);
        client.args(words).env("DOCKER_HOST", self.host());
        command::stdout_of(&mut client, ASK_LIMIT)
    }

    /// The files of an image: a program, a shell, what asks over HTTP, and their libraries.
    pub(super) fn fill_image(&self, program: &Path) -> anyhow::Result<()> {
        let root = self.dir.join("rootfs");
        for dir in ["tmp", "bin"] {
            fs::create_dir_all(root.join(dir))?;
        }
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(root.join("plimsoll")).arg(program);
        if command::stdout_of(&mut strip, SETUP_LIMIT).is_err() {
            fs::copy(program, root.join("plimsoll"))?;
        }
        let (sh, curl) = (machine::program("sh"), machine::program("curl"));
        let (sh, curl) = (sh.context("there is no sh")?, curl.context("there is no curl")?);
        fs::copy(&sh, root.join("bin/sh"))?;
        fs::copy(&curl, root.join("bin/curl"))?;
        for program in [program, &sh, &curl] {
            let libraries = command::stdout_of(Command::new("ldd").arg(program), ASK_LIMIT)?;
            for library in libraries.split_whitespace().filter(|word| word.starts_with('/')) {
                let to = root.join(library.trim_start_matches('/'));
                fs::create_dir_all(to.parent().context("a library has no directory")?)?;
                fs::copy(library, &to).with_context(|| format!("cannot copy `{library}`"))?;
            }
        }
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Best effort, all of it: the data is below a directory that goes.
        if let Ok(all) = self.ask(&["ps", "--all", "--quiet"]) {
            let mut words = vec!["rm", "--force"];
            words.extend(all.split_whitespace());
            if words.len() > 2 {
                drop(self.ask(&words));
            }
        }
        drop(command::signal("TERM", &self.process.id().to_string()));
        let begun = machine::now();
        while matches!(self.process.try_wait(), Ok(None)) && begun.elapsed() < ASK_LIMIT {
            machine::pause(POLL);
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The packages' files, in a directory of their own.
fn unpacked(scratch: &Path) -> anyhow::Result<PathBuf> {
    let dir = scratch.join("docker");
    let (root, stamp) = (dir.join("root"), dir.join("unpacked.txt"));
    if stamp.exists() {
        return Ok(root);
    }
    let user = command::stdout_of(Command::new("id").arg("-u"), ASK_LIMIT)?;
    ensure!(user.trim() == "0", "only root can run an engine");
    for program in ["apt-get", "dpkg-deb"] {
        ensure!(machine::program(program).is_some(), "there is no {program}");
    }
    drop(fs::remove_dir_all(&dir));
    fs::create_dir_all(&root)?;
    command::stdout_of(Command::new("apt-get").args(["-q", "update"]), SETUP_LIMIT)?;
    let mut apt = Command::new("apt-get");
    command::stdout_of(apt.args(["-q", "download"]).args(PACKAGES).current_dir(&dir), SETUP_LIMIT)?;
    for entry in fs::read_dir(&dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "deb") {
            let mut dpkg = Command::new("dpkg-deb");
            command::stdout_of(dpkg.arg("-x").arg(&path).arg(&root), SETUP_LIMIT)?;
            fs::remove_file(path)?;
        }
    }
    for program in ["usr/sbin/dockerd", "usr/bin/docker", "usr/bin/docker-registry"] {
        if !root.join(program).exists() {
            bail!("the packages have no {program}");
        }
    }
    fs::write(stamp, "")?;
    Ok(root)
}
