//! What is deployed, and how, as a section of a configuration file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::trading::{LeaseName, Program};

/// Section `deploy`: what runs where, and how a new version of it gets there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// For trials. Default none.
    pub staging: Option<Environment>,
    /// Where money is. Default none.
    pub prod: Option<Environment>,
}

/// One place to deploy to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Environment {
    /// The git repository whose commits are deployed. Default `.`.
    pub repository: PathBuf,
    /// Where releases, journals and logs are. Default `.plimsoll/deploy/NAME`.
    pub dir: Option<PathBuf>,
    /// How long a deploy or rollback may take, the build not counted, seconds. Default 300.
    pub deadline_secs: u32,
    /// Free space without which nothing is begun, MB. Default 1024.
    pub free_disk_min_mb: u32,
    /// Each has to end with 0 before anything is changed, in the repository: tests, drift.
    pub preflight: BTreeMap<String, Program>,
    /// Builds a release, in its directory. Default none.
    pub build: Option<Program>,
    /// Changes the tables, in the directory of the new release. Default none.
    pub migrate: Option<Migrate>,
    /// What runs.
    pub services: BTreeMap<String, Service>,
    /// Each has to end with 0 once everything runs, in the directory of the new release.
    pub smoke: BTreeMap<String, Program>,
    /// Accounts of section `snapshot.positions` that have to stand still meanwhile.
    pub accounts: Vec<String>,
    /// Labels of the alerts of liveness that its downtime keeps quiet. Default `env: NAME`; what
    /// an account loses meanwhile is never among them.
    pub downtime: BTreeMap<String, String>,
    /// Whether `trading.cancel` is run once the strategies are fenced. Default false: open
    /// orders stay, stops among them.
    pub cancel: bool,
    /// How long everything is watched before it counts as healthy, seconds. Default 5.
    pub watch_secs: u32,
    /// How many releases `deploy prune` leaves. Default 5.
    pub keep_releases: u32,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            repository: PathBuf::from("."),
            dir: None,
            deadline_secs: 300,
            free_disk_min_mb: 1024,
            preflight: BTreeMap::new(),
            build: None,
            migrate: None,
            services: BTreeMap::new(),
            smoke: BTreeMap::new(),
            accounts: Vec::new(),
            downtime: BTreeMap::new(),
            cancel: false,
            watch_secs: 5,
            keep_releases: 5,
        }
    }
}

/// How tables are changed and changed back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Migrate {
    /// Changes them; run again it changes nothing more.
    pub apply: Program,
    /// Changes them back.
    pub undo: Program,
}

/// Whether two of a service may run at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// They may, on two ports: the new one starts beside the old one.
    #[default]
    Stateless,
    /// Not on its one port or its one store: the old one ends before the new one starts.
    Single,
    /// Never: it sends orders under a lease.
    Strategy,
}

/// A program that keeps running.
///
/// In `run`, `env` and `health` stand `{port}` for its port, `{port.NAME}` for that of another
/// service, `{release}` for the directory of the release, `{commit}`, and `{start}`, which is
/// another number at each start. It also sees `PLIMSOLL_PORT`, `PLIMSOLL_RELEASE`,
/// `PLIMSOLL_LEASE_TICKET`, and `PLIMSOLL_PORT_NAME` for each other service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Service {
    /// Whether two may run at once. Default `stateless`.
    pub kind: Kind,
    /// The program and its arguments, run in the directory of the release.
    pub run: Vec<String>,
    /// Runs it in a container instead; `run` are then arguments for its image. Default none.
    pub container: Option<Container>,
    /// Runs it as a unit of systemd instead. Default none: a plain process.
    pub systemd: Option<Unit>,
    /// Variables of its environment.
    pub env: BTreeMap<String, String>,
    /// Variables of ours that it sees, besides `PATH`, `HOME` and the like: secrets go here.
    pub env_allow: Vec<String>,
    /// Its two ports, of which it uses one and its successor the other; one if it is `single`.
    /// Default none.
    pub ports: Vec<u16>,
    /// How it is seen to be well. Default: it runs.
    pub health: Health,
    /// How long it may take until it is well, seconds. Default 60.
    pub ready_secs: u32,
    /// How long it may take to end when it is asked to, seconds. Default 30.
    pub stop_secs: u32,
    /// Under which lease it sends orders, such as `trend-1@paper`; strategies have one.
    pub lease: Option<String>,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            kind: Kind::Stateless,
            run: Vec::new(),
            container: None,
            systemd: None,
            env: BTreeMap::new(),
            env_allow: Vec::new(),
            ports: Vec::new(),
            health: Health::default(),
            ready_secs: 60,
            stop_secs: 30,
            lease: None,
        }
    }
}

/// A container of an engine on this machine. A health check of its image has to pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Container {
    /// The image, such as `registry:5000/desk/web:{commit}`; what runs is its digest, which is
    /// written down when it is built.
    pub image: String,
    /// Arguments of `docker run`: networks, volumes. Default `--network host`.
    pub args: Vec<String>,
    /// Where the engine listens, such as `unix:///run/docker.sock`. Default: as the client
    /// decides.
    pub host: Option<String>,
    /// The client. Default `docker`.
    pub program: String,
}

impl Default for Container {
    fn default() -> Self {
        Self {
            image: String::new(),
            args: ["--network", "host"].map(str::to_owned).to_vec(),
            host: None,
            program: "docker".to_owned(),
        }
    }
}

impl Container {
    /// With what stands for ports and the like filled in.
    pub(super) fn filled(&self, fill: impl Fn(&str) -> String) -> Self {
        let args = self.args.iter().map(|word| fill(word)).collect();
        Self { image: fill(&self.image), args, ..self.clone() }
    }
}

/// A unit of systemd. Secrets stay in a file of the operator's: `env_allow` has no use here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Unit {
    /// Where its file goes. Default `/etc/systemd/system`.
    pub dir: PathBuf,
    /// A file of variables, with secrets. Default none.
    pub environment_file: Option<PathBuf>,
    /// Whose rights it has. Default: those of the manager.
    pub run_as: Option<String>,
    /// Whether the manager is that of the person, not of the machine. Default false.
    pub user: bool,
    /// The program that speaks with the manager. Default `systemctl`.
    pub program: String,
}

impl Default for Unit {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("/etc/systemd/system"),
            environment_file: None,
            run_as: None,
            user: false,
            program: "systemctl".to_owned(),
        }
    }
}

/// How a service is seen to be well.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Health {
    /// An address that answers with status 200 to 299.
    pub http: Option<String>,
    /// What that answer has to contain.
    pub contains: Option<String>,
    /// A program that ends with 0.
    pub run: Option<Program>,
}

/// Settings that nothing can be done with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// What is wrong, in one line.
    pub message: String,
    /// The keys that take part, the one to change first.
    pub keys: Vec<String>,
}

impl Config {
    /// Returns the place of that name.
    #[must_use]
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        match name {
            "staging" => self.staging.as_ref(),
            "prod" => self.prod.as_ref(),
            _ => None,
        }
    }

    /// Returns what is wrong with the settings.
    #[must_use]
    pub fn problems(&self) -> Vec<ConfigProblem> {
        let named = [("staging", &self.staging), ("prod", &self.prod)];
        let there = named.into_iter().filter_map(|(name, own)| Some((name, own.as_ref()?)));
        there.flat_map(|(name, own)| own.problems(name)).collect()
    }
}

impl Environment {
    fn problems(&self, environment: &str) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        for (name, service) in &self.services {
            let mut add = |message: String, key: &str| {
                let keys = vec![format!("{environment}.services.{name}.{key}")];
                problems.push(ConfigProblem { message, keys });
            };
            match (&service.container, &service.systemd) {
                (Some(_), Some(_)) => {
                    add(format!("service `{name}` is a container and a unit"), "systemd");
                }
                (Some(container), None) if container.image.is_empty() => {
                    add(format!("service `{name}` names no image"), "container.image");
                }
                (None, _) if service.run.is_empty() => {
                    add(format!("service `{name}` names no program"), "run");
                }
                _ => {}
            }
            if service.systemd.is_some() && !service.env_allow.is_empty() {
                let why = "its secrets come from `systemd.environment_file`";
                add(format!("service `{name}` has `env_allow`: {why}"), "env_allow");
            }
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            if name.is_empty() || !name.chars().all(plain) {
                add(format!("`{name}` has other characters than letters, digits, `_`, `-`"), "run");
            }
            match (service.kind, &service.lease) {
                (Kind::Strategy, None) => {
                    add(format!("strategy `{name}` has no lease, so it could run twice"), "lease");
                }
                (Kind::Stateless | Kind::Single, Some(_)) => {
                    add(format!("service `{name}` has a lease, so it is a strategy"), "kind");
                }
                _ => {}
            }
            if let Some(lease) = &service.lease
                && let Err(error) = lease.parse::<LeaseName>()
            {
                add(error.to_string(), "lease");
            }
            if service.kind == Kind::Stateless && !matches!(service.ports.len(), 0 | 2) {
                add(format!("service `{name}` needs two ports, or none"), "ports");
            }
            if service.kind == Kind::Single && service.ports.len() > 1 {
                add(format!("service `{name}` has one port, or none"), "ports");
            }
        }
        problems
    }
}
