//! What runs: a commit, its directory, and how each service of it was started.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_process::git::Git;
use serde::{Deserialize, Serialize};

use super::config::{Container, Health, Kind, Service, Unit};
use crate::digest::Digest;
use crate::disk::{Act, Disk, Watch};
use crate::trading::LeaseName;

const SCHEMA_VERSION: u32 = 1;
/// Digits of a commit in the name of its directory.
const SHORT: usize = 12;

/// How a service of a release is started, with nothing left to look up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Launch {
    /// The service.
    pub name: String,
    /// The release that it is of.
    pub release: String,
    /// Whether two may run at once.
    pub kind: Kind,
    /// The program and its arguments.
    pub run: Vec<String>,
    /// Its container, if it is one.
    #[serde(default)]
    pub container: Option<Container>,
    /// Its unit of systemd, if it is one.
    #[serde(default)]
    pub systemd: Option<Unit>,
    /// Where it is run.
    pub dir: PathBuf,
    /// Variables of its environment.
    pub env: BTreeMap<String, String>,
    /// Variables of ours that it sees.
    pub env_allow: Vec<String>,
    /// Its port.
    pub port: Option<u16>,
    /// How it is seen to be well.
    pub health: Health,
    /// How long it may take until it is well, seconds.
    pub ready_secs: u32,
    /// How long it may take to end, seconds.
    pub stop_secs: u32,
    /// Its lease.
    pub lease: Option<LeaseName>,
}

impl Launch {
    /// The name of this service in this release.
    #[must_use]
    pub fn instance(&self) -> String {
        format!("{}@{}", self.name, self.release)
    }
}

/// What runs, or ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Release {
    schema_version: u32,
    /// Its name: the beginning of the commit, and which of its deploys.
    pub id: String,
    /// The commit.
    pub commit: String,
    /// The tag by which it was asked for, if it was.
    pub tag: Option<String>,
    /// Its directory.
    pub dir: PathBuf,
    /// Its services.
    pub services: BTreeMap<String, Launch>,
}

impl Release {
    /// The release of a commit, with its services and the ports that are free for them: of two
    /// ports the one that `from` does not use.
    #[must_use]
    pub fn new(
        commit: &str,
        dir: PathBuf,
        services: &BTreeMap<String, Service>,
        from: Option<&Self>,
    ) -> Self {
        let id = name_of(commit, from);
        let ports = ports(services, from);
        let fill = |name: &str, text: &str| {
            let mut text =
                text.replace("{release}", &dir.to_string_lossy()).replace("{commit}", commit);
            for (other, port) in &ports {
                text = text.replace(&format!("{{port.{other}}}"), &port.to_string());
            }
            match ports.get(name) {
                Some(port) => text.replace("{port}", &port.to_string()),
                None => text,
            }
        };
        let launch = |(name, service): (&String, &Service)| {
            let mut env: BTreeMap<String, String> =
                service.env.iter().map(|(key, text)| (key.clone(), fill(name, text))).collect();
            for (other, port) in &ports {
                let key = other.to_uppercase().replace('-', "_");
                env.insert(format!("PLIMSOLL_PORT_{key}"), port.to_string());
            }
            if let Some(port) = ports.get(name.as_str()) {
                env.insert("PLIMSOLL_PORT".to_owned(), port.to_string());
            }
            env.insert("PLIMSOLL_RELEASE".to_owned(), dir.to_string_lossy().into_owned());
            let mut health = service.health.clone();
            health.http = health.http.map(|url| fill(name, &url));
            if let Some(program) = &mut health.run {
                program.run = program.run.iter().map(|word| fill(name, word)).collect();
            }
            let container = service.container.as_ref();
            let container = container.map(|own| own.filled(|text| fill(name, text)));
            let launch = Launch {
                name: name.clone(),
                release: id.clone(),
                kind: service.kind,
                run: service.run.iter().map(|word| fill(name, word)).collect(),
                container,
                systemd: service.systemd.clone(),
                dir: dir.clone(),
                env,
                env_allow: service.env_allow.clone(),
                port: ports.get(name.as_str()).copied(),
                health,
                ready_secs: service.ready_secs,
                stop_secs: service.stop_secs,
                lease: service.lease.as_ref().and_then(|lease| lease.parse().ok()),
            };
            (name.clone(), launch)
        };
        let services = services.iter().map(launch).collect();
        let commit = commit.to_owned();
        Self { schema_version: SCHEMA_VERSION, id, commit, tag: None, dir, services }
    }

    /// Sets [`Release::tag`].
    #[must_use]
    pub fn with_tag(mut self, tag: Option<String>) -> Self {
        self.tag = tag;
        self
    }

    /// The services of a kind, in the order of their names.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &Launch> {
        self.services.values().filter(move |launch| launch.kind == kind)
    }
}

/// Of the two ports of each service the one that `from` does not use.
fn ports<'a>(
    services: &'a BTreeMap<String, Service>,
    from: Option<&Release>,
) -> BTreeMap<&'a str, u16> {
    let port = |name: &str, service: &Service| {
        let used = from.and_then(|from| from.services.get(name)?.port);
        let is_free = |port: &u16| service.kind == Kind::Single || Some(*port) != used;
        service.ports.iter().copied().find(is_free)
    };
    let named = services.iter();
    named.filter_map(|(name, service)| Some((name.as_str(), port(name, service)?))).collect()
}

/// The same commit may be deployed twice in a row, so its instances need other names.
fn name_of(commit: &str, from: Option<&Release>) -> String {
    let short: String = commit.chars().take(SHORT).collect();
    let count = from.and_then(|from| {
        let rest = from.id.strip_prefix(&short)?;
        Some(rest.strip_prefix('-').and_then(|count| count.parse::<u64>().ok()).unwrap_or(1))
    });
    count.map_or_else(|| short.clone(), |count| format!("{short}-{}", count.saturating_add(1)))
}

/// Why a release is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The repository does not have it.
    #[error("the repository has no commit `{rev}`")]
    NoCommit {
        /// What was asked for.
        rev: String,
        /// What git said.
        why: String,
    },
    /// Its files could not be put into their directory.
    #[error("cannot check `{commit}` out: {why}")]
    Checkout {
        /// The commit.
        commit: String,
        /// What git said.
        why: String,
    },
    /// A file could not be used.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The record of what runs is not what was written.
    #[error("the record `{}` of what runs is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A newer version wrote it.
    #[error("the record of what runs has version {found}, newer than this program")]
    Newer {
        /// Its version.
        found: u32,
    },
}

/// The directories of releases, and the record of the one that runs.
#[derive(Debug, Clone)]
pub struct Releases {
    dir: PathBuf,
    repository: PathBuf,
    disk: Disk,
}

impl Releases {
    /// The releases in the directory of an environment, of commits of that repository.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, repository: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), repository: repository.into(), disk: Disk::default() }
    }

    /// Lets `watch` see every change before it is made.
    #[must_use]
    pub fn watched(mut self, watch: Arc<dyn Watch>) -> Self {
        self.disk = Disk::watched(watch);
        self
    }

    pub(super) fn repository(&self) -> &Path {
        &self.repository
    }

    fn git(&self) -> Git {
        Git::at(&self.repository)
    }

    /// Finds a commit by its name, a tag or the beginning of its digits.
    ///
    /// # Errors
    ///
    /// [`ReleaseError::NoCommit`].
    pub fn commit(&self, rev: &str) -> Result<String, ReleaseError> {
        let named = format!("{rev}^{{commit}}");
        let out = self
            .git()
            .run(["rev-parse", "--verify", "--quiet", "--end-of-options", &named])
            .map_err(|error| ReleaseError::NoCommit {
                rev: rev.to_owned(),
                why: error.to_string(),
            })?;
        Ok(String::from_utf8_lossy(&out).trim().to_owned())
    }

    /// Returns what is changed and not committed, a line for each path.
    pub(super) fn changed(&self) -> Result<String, ReleaseError> {
        let out = self.git().run(["status", "--porcelain"]).map_err(|error| {
            ReleaseError::Checkout { commit: "HEAD".to_owned(), why: error.to_string() }
        })?;
        Ok(String::from_utf8_lossy(&out).trim_end().to_owned())
    }

    /// The directory of a commit.
    #[must_use]
    pub fn dir_of(&self, commit: &str) -> PathBuf {
        self.dir.join("releases").join(commit.chars().take(SHORT).collect::<String>())
    }

    fn mark(&self, commit: &str, what: &str) -> PathBuf {
        self.dir_of(commit).with_extension(what)
    }

    /// Whether a commit is checked out and built.
    #[must_use]
    pub fn is_built(&self, commit: &str) -> bool {
        self.mark(commit, "built").exists()
    }

    pub(super) fn set_built(&self, commit: &str) -> Result<(), ReleaseError> {
        self.set(&self.mark(commit, "built"))
    }

    /// What each service of a commit runs, by a name that can never mean anything else.
    ///
    /// # Errors
    ///
    /// When the record cannot be read.
    pub fn pins(&self, commit: &str) -> Result<BTreeMap<String, String>, ReleaseError> {
        let path = self.mark(commit, "images");
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| ReleaseError::Damaged { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(source) => Err(ReleaseError::Io { path, source }),
        }
    }

    pub(super) fn set_pins(
        &self,
        commit: &str,
        pins: &BTreeMap<String, String>,
    ) -> Result<(), ReleaseError> {
        let path = self.mark(commit, "images");
        let text = serde_json::to_vec_pretty(pins)
            .map_err(|error| ReleaseError::Io { path: path.clone(), source: error.into() })?;
        self.disk.replace_whole(&path, &text).map_err(|source| ReleaseError::Io { path, source })
    }

    fn set(&self, path: &Path) -> Result<(), ReleaseError> {
        self.disk
            .replace_whole(path, b"")
            .map_err(|source| ReleaseError::Io { path: path.to_owned(), source })
    }

    /// Puts the files of a commit into its directory, unless they are there; never over
    /// anything that a person changed.
    pub(super) fn checkout(&self, commit: &str) -> Result<&'static str, ReleaseError> {
        let (dir, mark) = (self.dir_of(commit), self.mark(commit, "ready"));
        if mark.exists() && dir.is_dir() {
            return Ok("was there");
        }
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| ReleaseError::Io { path, source }
        };
        let above = self.dir.join("releases");
        fs::create_dir_all(&above).map_err(io(&above))?;
        if dir.exists() {
            // What a killed deploy had not finished.
            self.disk.before(&Act::RemoveDir { path: &dir }).map_err(io(&dir))?;
            fs::remove_dir_all(&dir).map_err(io(&dir))?;
        }
        self.disk.before(&Act::MakeDir { path: &dir }).map_err(io(&dir))?;
        let text = dir.to_string_lossy().into_owned();
        self.git().run(["worktree", "prune"]).map_err(|error| wrong(commit, &error))?;
        let add = ["worktree", "add", "--detach", "--quiet", &text, commit];
        self.git().run(add).map_err(|error| wrong(commit, &error))?;
        self.set(&mark)?;
        Ok("checked out")
    }

    /// Removes the directory of a commit.
    ///
    /// # Errors
    ///
    /// When something of it cannot be removed.
    pub fn remove(&self, commit: &str) -> Result<(), ReleaseError> {
        for what in ["built", "ready", "images"] {
            let path = self.mark(commit, what);
            match fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(ReleaseError::Io { path, source }),
            }
        }
        let dir = self.dir_of(commit);
        match fs::remove_dir_all(&dir) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ReleaseError::Io { path: dir, source }),
        }
        self.git().run(["worktree", "prune"]).map_err(|error| wrong(commit, &error))?;
        Ok(())
    }

    fn current_path(&self) -> PathBuf {
        self.dir.join("current.json")
    }

    /// Returns what runs; `None` before the first deploy.
    ///
    /// # Errors
    ///
    /// When the record cannot be read.
    pub fn current(&self) -> Result<Option<Release>, ReleaseError> {
        let path = self.current_path();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ReleaseError::Io { path, source }),
        };
        let damaged = || ReleaseError::Damaged { path: path.clone() };
        let at = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(damaged)?;
        let (digest, text) = bytes.split_at_checked(at).ok_or_else(damaged)?;
        let text = text.strip_prefix(b"\n").ok_or_else(damaged)?;
        if Digest::of(text).to_string().as_bytes() != digest {
            return Err(damaged());
        }
        let release: Option<Release> = serde_json::from_slice(text).map_err(|_| damaged())?;
        match &release {
            Some(release) if release.schema_version > SCHEMA_VERSION => {
                Err(ReleaseError::Newer { found: release.schema_version })
            }
            _ => Ok(release),
        }
    }

    /// Writes down what runs.
    pub(super) fn set_current(&self, release: Option<&Release>) -> Result<(), ReleaseError> {
        let path = self.current_path();
        let failed = |source| ReleaseError::Io { path: path.clone(), source };
        let text = serde_json::to_vec(&release).map_err(|error| failed(error.into()))?;
        let mut bytes = Digest::of(&text).to_string().into_bytes();
        bytes.push(b'\n');
        bytes.extend_from_slice(&text);
        self.disk.replace_whole(&path, &bytes).map_err(failed)
    }

    /// Says where a service is, for those who look there: `endpoints/NAME` holds its port.
    pub(super) fn point(&self, name: &str, port: Option<u16>) -> Result<(), ReleaseError> {
        let dir = self.dir.join("endpoints");
        fs::create_dir_all(&dir)
            .map_err(|source| ReleaseError::Io { path: dir.clone(), source })?;
        let path = dir.join(name);
        let text = port.map_or_else(String::new, |port| format!("{port}\n"));
        self.disk
            .replace_whole(&path, text.as_bytes())
            .map_err(|source| ReleaseError::Io { path, source })
    }
}

fn wrong(commit: &str, error: &(dyn std::error::Error + 'static)) -> ReleaseError {
    ReleaseError::Checkout { commit: commit.to_owned(), why: crate::store::chain(error) }
}
