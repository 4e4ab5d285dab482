//! From settings to parts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Config, HyperliquidAt, PositionsPart, QuestDbData, QuestDbPart, RedisAt, RedisPart};
#[cfg(feature = "sqlite")]
use crate::capture::Sqlite;
use crate::capture::{
    Capture, Environment, Files, Git, Images, Part, Positions, QuestDb, RedisKeys, nautilus_prefix,
};
use crate::http::{Http, HttpOptions};
use crate::redis::RedisServer;
use crate::restore::Restore;
use crate::venue::{Hyperliquid, HyperliquidNetwork, NautilusCache, OwnProgram, PaperVenue};

/// What the settings count from, and the edges of the program.
#[derive(Clone)]
#[non_exhaustive]
pub struct Edge {
    /// Relative paths count from here.
    pub base: PathBuf,
    /// The environment.
    pub variables: Vec<(OsString, OsString)>,
    /// Reads the clock.
    pub clock: fn() -> SystemTime,
    /// Waits.
    pub pause: fn(Duration),
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edge").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Edge {
    /// Paths from `base`, a clock, and a way to wait; no variables.
    #[must_use]
    pub fn new(base: impl Into<PathBuf>, clock: fn() -> SystemTime, pause: fn(Duration)) -> Self {
        Self { base: base.into(), variables: Vec::new(), clock, pause }
    }

    /// Sets [`Edge::variables`].
    #[must_use]
    pub fn with_variables(
        mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        self.variables = variables.into_iter().collect();
        self
    }

    fn path(&self, path: &Path) -> PathBuf {
        // Without `.` and empty parts, so that manifests of equal roots are equal.
        self.base.join(path).components().collect()
    }
}

/// Why settings make no parts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A value cannot be used.
    #[error("part `{part}`: {what}")]
    Value {
        /// The part.
        part: String,
        /// What is wrong with it.
        what: String,
    },
    /// This program was built without a feature that a part needs.
    #[error("part `{part}`: this program was built without the feature `{feature}`")]
    NotBuilt {
        /// The part.
        part: String,
        /// The feature.
        feature: &'static str,
    },
}

fn part(name: &str, is_optional: bool, capture: impl Capture + 'static) -> Part<'static> {
    if is_optional { Part::optional(name, capture) } else { Part::required(name, capture) }
}

fn wrong(part: &str, what: &dyn ToString) -> ConfigError {
    ConfigError::Value { part: part.to_owned(), what: what.to_string() }
}

impl Config {
    /// Makes the parts that the settings name.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a value cannot be used.
    pub fn parts(&self, edge: &Edge) -> Result<Vec<Part<'static>>, ConfigError> {
        let mut parts = Vec::new();
        for (name, own) in &self.environment {
            let capture = Environment::new(edge.variables.clone(), own.names.clone());
            parts.push(part(name, own.optional, capture));
        }
        for (name, own) in &self.images {
            let mut capture = Images::new()
                .with_containers(own.containers.clone())
                .with_images(own.images.clone());
            if let Some(host) = &own.host {
                capture = capture.with_host(host);
            }
            parts.push(part(name, own.optional, capture));
        }
        for (name, own) in &self.git {
            let git = Git::new(edge.path(&own.dir));
            let git = if own.whole_history { git.whole_history() } else { git };
            parts.push(part(name, own.optional, git));
        }
        for (name, own) in &self.files {
            let files = Files::new(own.roots.iter().map(|root| edge.path(root)))
                .with_include(own.include.clone())
                .with_exclude(own.exclude.clone());
            let files = if own.absent_is_fine { files.absent_is_fine() } else { files };
            parts.push(part(name, own.optional, files));
        }
        self.sqlite_parts(edge, &mut parts)?;
        for (name, own) in &self.redis {
            parts.push(part(name, own.optional, own.keys()));
        }
        for (name, own) in &self.questdb {
            parts.push(part(name, own.optional, own.capture(name, edge)?));
        }
        for (name, own) in &self.positions {
            parts.push(part(name, own.optional, own.capture(name, edge)?));
        }
        Ok(parts)
    }

    /// Makes the parts that copy the rows of every QuestDB, of all time or from `since` on,
    /// whatever else is configured of their data.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a value cannot be used.
    pub fn rows(
        &self,
        edge: &Edge,
        since: Option<SystemTime>,
    ) -> Result<Vec<Part<'static>>, ConfigError> {
        let mut parts = Vec::new();
        for (name, own) in &self.questdb {
            let plain = QuestDbPart { data: QuestDbData::Export, ..own.clone() };
            let questdb = plain.capture(name, edge)?;
            let questdb = match since {
                Some(at) => questdb.with_rows_since(at),
                None => questdb,
            };
            parts.push(part(name, false, questdb));
        }
        Ok(parts)
    }

    /// Makes what reads the accounts, by the names of their parts.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a value cannot be used.
    pub fn accounts(&self, edge: &Edge) -> Result<Vec<(String, Positions)>, ConfigError> {
        let account =
            |(name, own): (&String, &PositionsPart)| Ok((name.clone(), own.capture(name, edge)?));
        self.positions.iter().map(account).collect()
    }

    #[cfg(feature = "sqlite")]
    fn sqlite_parts(&self, edge: &Edge, parts: &mut Vec<Part<'static>>) -> Result<(), ConfigError> {
        for (name, own) in &self.sqlite {
            let sqlite = Sqlite::new(edge.path(&own.file));
            let sqlite = if own.absent_is_fine { sqlite.absent_is_fine() } else { sqlite };
            parts.push(part(name, own.optional, sqlite));
        }
        Ok(())
    }

    #[cfg(not(feature = "sqlite"))]
    fn sqlite_parts(&self, _: &Edge, _: &mut Vec<Part<'static>>) -> Result<(), ConfigError> {
        self.sqlite.keys().next().map_or(Ok(()), |part| {
            Err(ConfigError::NotBuilt { part: part.clone(), feature: "sqlite" })
        })
    }

    /// Makes what puts parts back that are not made of files: SQLite files and keys of Redis
    /// where they were, repositories as a work tree in `work_trees`, if that is given.
    #[must_use]
    pub fn restorers(
        &self,
        edge: &Edge,
        work_trees: Option<&Path>,
    ) -> Vec<(String, Box<dyn Restore>)> {
        let mut restorers: Vec<(String, Box<dyn Restore>)> = Vec::new();
        #[cfg(feature = "sqlite")]
        for (name, own) in &self.sqlite {
            let sqlite = Sqlite::new(edge.path(&own.file)).absent_is_fine();
            restorers.push((name.clone(), Box::new(sqlite)));
        }
        for (name, own) in &self.redis {
            restorers.push((name.clone(), Box::new(own.keys().absent_is_fine())));
        }
        for (name, own) in &self.git {
            if let Some(dir) = work_trees {
                let git = Git::new(edge.path(&own.dir)).with_work_tree(dir.join(name));
                restorers.push((name.clone(), Box::new(git)));
            }
        }
        restorers
    }
}

impl RedisAt {
    fn server(&self) -> RedisServer {
        let server = RedisServer::new(&self.address).with_database(self.database);
        match &self.password {
            Some(password) => server.with_password(self.user.as_deref(), &password.0),
            None => server,
        }
    }
}

impl RedisPart {
    fn keys(&self) -> RedisKeys {
        let own = self.server.trader_id.iter();
        let own = own.map(|trader| nautilus_prefix(trader, self.server.instance_id.as_deref()));
        RedisKeys::new(self.server.server(), own.chain(self.prefixes.iter().cloned()))
    }
}

fn http(part: &str, url: &str) -> Result<Http, ConfigError> {
    Http::new(url, HttpOptions::default()).map_err(|error| wrong(part, &error))
}

impl QuestDbPart {
    fn capture(&self, name: &str, edge: &Edge) -> Result<QuestDb, ConfigError> {
        let mut http = http(name, &self.url)?;
        if let (Some(user), Some(password)) = (&self.user, &self.password) {
            http = http.with_credentials(user, &password.0);
        }
        let questdb = QuestDb::new(http);
        match (self.data, &self.root) {
            (QuestDbData::None, _) => Ok(questdb),
            (QuestDbData::Export, _) => Ok(questdb.with_export()),
            (QuestDbData::Checkpoint, Some(root)) => Ok(questdb.with_checkpoint(edge.path(root))),
            (QuestDbData::Checkpoint, None) => Err(wrong(name, &"a checkpoint needs a root")),
        }
    }
}

impl PositionsPart {
    fn capture(&self, name: &str, edge: &Edge) -> Result<Positions, ConfigError> {
        let positions = match (&self.paper, &self.hyperliquid, &self.command) {
            (Some(url), None, None) => Positions::new(PaperVenue::new(http(name, url)?)),
            (None, Some(account), None) => Positions::new(account.venue(name, edge)?),
            (None, None, Some(program)) => {
                Positions::new(OwnProgram::new(program.clone(), &edge.base))
            }
            _ => return Err(wrong(name, &"exactly one venue is wanted")),
        };
        let positions = match &self.cache {
            None => positions,
            Some(cache) => {
                let trader = cache.trader_id.as_ref();
                let trader = trader.ok_or_else(|| wrong(name, &"a cache needs its trader's id"))?;
                let instance = cache.instance_id.as_deref();
                positions.with_cache(NautilusCache::new(cache.server(), trader, instance))
            }
        };
        Ok(if self.must_agree { positions.must_agree() } else { positions })
    }
}

impl HyperliquidAt {
    fn venue(&self, name: &str, edge: &Edge) -> Result<Hyperliquid, ConfigError> {
        let network =
            if self.testnet { HyperliquidNetwork::Testnet } else { HyperliquidNetwork::Mainnet };
        let http = http(name, self.url.as_deref().unwrap_or_else(|| network.url()))?;
        Hyperliquid::new(http, &self.address, edge.clock, edge.pause)
            .map_err(|error| wrong(name, &error))
    }
}
