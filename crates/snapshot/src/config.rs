//! What to capture and where to keep it, as a section of a configuration file.

mod build;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use build::{ConfigError, Edge};

use crate::prune::Keep;
use crate::trading::Program;

/// Section `snapshot`: where snapshots are kept, who reads them, and what they hold.
///
/// Parts stand in a map for each sort of them, by names of your own, which are unique over all
/// sorts. Relative paths count from the directory of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// A directory, or a bucket such as `s3://bucket/prefix`. Default `.plimsoll/snapshots`.
    pub store: String,
    /// Age keys of those who may read it. Default none: the store is not sealed, and a part that
    /// holds a secret fails.
    pub recipients: Vec<String>,
    /// File with the identity that reads it. Default none: snapshots can then be made and their
    /// bytes verified, but not read.
    pub identity_file: Option<PathBuf>,
    /// Which snapshots stay.
    pub keep: Keep,
    /// Days after which `backup` restores the newest snapshot elsewhere to see that it can.
    /// Default 7; 0 never.
    pub restore_test_days: u32,
    /// Files and directories.
    pub files: BTreeMap<String, FilesPart>,
    /// Git repositories.
    pub git: BTreeMap<String, GitPart>,
    /// Variables of the environment.
    pub environment: BTreeMap<String, EnvironmentPart>,
    /// Container images.
    pub images: BTreeMap<String, ImagesPart>,
    /// SQLite files.
    pub sqlite: BTreeMap<String, SqlitePart>,
    /// Keys in Redis.
    pub redis: BTreeMap<String, RedisPart>,
    /// QuestDB servers.
    pub questdb: BTreeMap<String, QuestDbPart>,
    /// What an account holds, at a venue and in a cache.
    pub positions: BTreeMap<String, PositionsPart>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            store: ".plimsoll/snapshots".to_owned(),
            recipients: Vec::new(),
            identity_file: None,
            keep: Keep::default(),
            restore_test_days: 7,
            files: BTreeMap::new(),
            git: BTreeMap::new(),
            environment: BTreeMap::new(),
            images: BTreeMap::new(),
            sqlite: BTreeMap::new(),
            redis: BTreeMap::new(),
            questdb: BTreeMap::new(),
            positions: BTreeMap::new(),
        }
    }
}

/// Files and directories.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FilesPart {
    /// What is captured.
    pub roots: Vec<PathBuf>,
    /// Patterns of paths below a root that count; none means everything.
    pub include: Vec<String>,
    /// Patterns of paths below a root that do not count, with all that is in them.
    pub exclude: Vec<String>,
    /// Whether it is fine if none of the roots is there. Default false.
    pub absent_is_fine: bool,
    /// Whether a snapshot in which it failed is good all the same. Default false.
    pub optional: bool,
}

/// A git repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct GitPart {
    /// A directory in it.
    pub dir: PathBuf,
    /// Whether commits that a remote has are kept too. Default false.
    pub whole_history: bool,
    /// Whether a snapshot in which it failed is good all the same. Default false.
    pub optional: bool,
}

/// Variables of the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EnvironmentPart {
    /// Patterns of names, such as `PLIMSOLL_*`.
    pub names: Vec<String>,
    /// Whether a snapshot in which it failed is good all the same. Default false.
    pub optional: bool,
}

/// Container images.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ImagesPart {
    /// Containers, of which the image that they run counts.
    pub containers: Vec<String>,
    /// Images by name, digest or id.
    pub images: Vec<String>,
    /// Where the engine listens. Default: as its client decides.
    pub host: Option<String>,
    /// Whether a snapshot in which it failed is good all the same. Default false.
    pub optional: bool,
}

/// An SQLite file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SqlitePart {
    /// The file.
    pub file: PathBuf,
    /// Whether it is fine if it is not there. Default false.
    pub absent_is_fine: bool,
    /// Whether a snapshot in which it failed is good all the same. Default false.
    pub optional: bool,
}

/// A Redis, and who logs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RedisAt {
    /// Host and port. Default 127.0.0.1:6379.
    pub address: String,
    /// Number of the database. Default 0.
    pub database: u32,
    /// User, where there is one.
    pub user: Option<String>,
    /// Password, where there is one.
    pub password: Option<Secret>,
    /// Id of the trader whose cache it is: keys begin with `trader-ID:`.
    pub trader_id: Option<String>,
    /// Instance id, if the node is set up to put it into its keys.
    pub instance_id: Option<String>,
}

impl Default for RedisAt {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:6379".to_owned(),
            database: 0,
            user: None,
            password: None,
            trader_id: None,
            instance_id: None,
        }
    }
}

/// Keys in Redis.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RedisPart {
    /// Where it is.
    pub server: RedisAt,
    /// Beginnings of keys besides those of the trader's cache.
    pub prefixes: Vec<String>,
    /// Whether a snapshot in which it failed is good all the same. Default false.
    pub optional: bool,
}

/// How the data of a QuestDB is captured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuestDbData {
    /// Not at all: definitions, counts and partitions only.
    #[default]
    None,
    /// Its directory, under a checkpoint.
    Checkpoint,
    /// The rows of every table, as CSV.
    Export,
}

/// A QuestDB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct QuestDbPart {
    /// Its HTTP address. Default <http://127.0.0.1:9000>.
    pub url: String,
    /// User, where there is one.
    pub user: Option<String>,
    /// Password, where there is one.
    pub password: Option<Secret>,
    /// How its data is captured. Default none.
    pub data: QuestDbData,
    /// The directory that it was started with; needed for a checkpoint.
    pub root: Option<PathBuf>,
    /// Whether a snapshot in which it failed is good all the same. Default false.
    pub optional: bool,
}

impl Default for QuestDbPart {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:9000".to_owned(),
            user: None,
            password: None,
            data: QuestDbData::None,
            root: None,
            optional: false,
        }
    }
}

/// What an account holds. One of `paper`, `hyperliquid` and `command` is the venue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PositionsPart {
    /// Address of a paper venue.
    pub paper: Option<String>,
    /// An account at Hyperliquid.
    pub hyperliquid: Option<HyperliquidAt>,
    /// A program of your own, which writes positions and open orders as JSON, and is run where
    /// relative paths count from.
    pub command: Option<Program>,
    /// The cache to compare with; its trader id is needed.
    pub cache: Option<RedisAt>,
    /// Whether the part fails if cache and venue disagree. Default false: that is noted.
    pub must_agree: bool,
    /// Whether a snapshot in which it failed is good all the same. Default false.
    pub optional: bool,
}

/// An account at Hyperliquid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HyperliquidAt {
    /// Address of the account, never of an agent.
    pub address: String,
    /// Whether it is at the network for tests. Default false.
    pub testnet: bool,
    /// Another address of the API, such as a proxy.
    pub url: Option<String>,
}

/// A text that does not print itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
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
    /// Returns what is wrong with the settings.
    #[must_use]
    pub fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let mut add = |message: String, keys: &[String]| {
            problems.push(ConfigProblem { message, keys: keys.to_vec() });
        };
        let mut seen: BTreeMap<&str, String> = BTreeMap::new();
        for (sort, name) in self.names() {
            let key = format!("{sort}.{name}");
            if let Some(other) = seen.insert(name, key.clone()) {
                let message =
                    format!("two parts are called `{name}`: names are unique over all sorts");
                add(message, &[key, other]);
            }
        }
        for (name, part) in &self.files {
            if part.roots.is_empty() {
                add(
                    format!("`{name}` has no root, so nothing to capture"),
                    &[format!("files.{name}.roots")],
                );
            }
        }
        for (name, part) in &self.questdb {
            let keys = [format!("questdb.{name}.root"), format!("questdb.{name}.data")];
            if part.data == QuestDbData::Checkpoint && part.root.is_none() {
                add(
                    "a checkpoint needs the directory that the server was started with".to_owned(),
                    &keys,
                );
            }
        }
        for (name, part) in &self.redis {
            if part.server.trader_id.is_none() && part.prefixes.is_empty() {
                let keys =
                    [format!("redis.{name}.server.trader_id"), format!("redis.{name}.prefixes")];
                add("neither a trader nor a beginning of keys is named".to_owned(), &keys);
            }
        }
        for (name, part) in &self.positions {
            let keys = [format!("positions.{name}.paper"), format!("positions.{name}.hyperliquid")];
            if part.paper.is_some() == part.hyperliquid.is_some() {
                add("exactly one venue is wanted".to_owned(), &keys);
            }
            if part.cache.as_ref().is_some_and(|cache| cache.trader_id.is_none()) {
                add(
                    "a cache needs its trader's id".to_owned(),
                    &[format!("positions.{name}.cache.trader_id")],
                );
            }
        }
        problems
    }

    /// Sorts and names of all parts.
    fn names(&self) -> Vec<(&'static str, &str)> {
        let mut names = Vec::new();
        fn of<'a, T>(
            sort: &'static str,
            map: &'a BTreeMap<String, T>,
            into: &mut Vec<(&'static str, &'a str)>,
        ) {
            into.extend(map.keys().map(|name| (sort, name.as_str())));
        }
        of("environment", &self.environment, &mut names);
        of("images", &self.images, &mut names);
        of("git", &self.git, &mut names);
        of("files", &self.files, &mut names);
        of("sqlite", &self.sqlite, &mut names);
        of("redis", &self.redis, &mut names);
        of("questdb", &self.questdb, &mut names);
        of("positions", &self.positions, &mut names);
        names
    }

    /// Returns the names of all parts.
    #[must_use]
    pub fn part_names(&self) -> BTreeSet<&str> {
        self.names().into_iter().map(|(_, name)| name).collect()
    }
}
