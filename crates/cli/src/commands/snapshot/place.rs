//! Which store, and which parts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use plimsoll_snapshot::config::{Config, Edge};
use plimsoll_snapshot::{Part, Protection, SnapshotId, Store, StoreError, StoreOptions};
use plimsoll_ssot::Section;

use super::bucket;
use crate::configuration::{ConfigArgs, broken};
use crate::failure::{Failure, Hint as _};
use crate::glue::sections;
use crate::moment::now;

/// Which store.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlaceArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// A directory, or a bucket such as <s3://bucket/prefix> [default: as configured]
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// File with the identity that reads a sealed store [default: as configured]
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Seconds to wait while another process writes to the store
    #[arg(long, value_name = "SECS", default_value_t = 0)]
    wait: u64,
}

/// Parts that are named by hand, besides those that are configured.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PartArgs {
    /// Add a file or directory, to the part `files`
    #[arg(long, value_name = "PATH")]
    files: Vec<PathBuf>,
    /// Add the git repository that a directory is in, as the part `git`
    #[arg(long, value_name = "DIR")]
    git: Option<PathBuf>,
    /// Add variables of the environment by pattern, as the part `environment`
    #[arg(long = "env", value_name = "PATTERN")]
    environment: Vec<String>,
    /// Add an SQLite file in use, as the part `sqlite`
    #[arg(long, value_name = "FILE")]
    sqlite: Option<PathBuf>,
}

/// A store and the settings that go with it.
pub(crate) struct Place {
    pub(crate) config: Config,
    /// Digest of the whole configuration.
    pub(crate) config_digest: String,
    pub(crate) env: String,
    /// Whether nothing is captured but what was named by hand.
    base: PathBuf,
    store: String,
    identity: Option<PathBuf>,
    wait: Duration,
}

impl PlaceArgs {
    pub(crate) fn read(&self) -> Result<Place, Failure> {
        let ssot = self.config.layers()?.load().map_err(|problems| broken(&problems))?;
        let section = ssot.section::<Config>(sections::SNAPSHOT).map(Section::into_inner);
        let config = section.map_err(|problems| broken(&problems))?;
        let here = std::env::current_dir()?;
        let base = self.config.canonical()?.map(|file| here.join(repository(&here.join(file))));
        let base = base.unwrap_or_else(|| here.clone());
        let path = |path: &Path| base.join(path);
        let identity = self.identity.as_ref().map(|file| here.join(file));
        Ok(Place {
            store: match &self.store {
                Some(store) if store.contains("://") => store.clone(),
                Some(store) => here.join(store).to_string_lossy().into_owned(),
                None if config.store.contains("://") => config.store.clone(),
                None => path(Path::new(&config.store)).to_string_lossy().into_owned(),
            },
            identity: identity.or_else(|| config.identity_file.as_deref().map(path)),
            config_digest: ssot.digest().to_string(),
            env: ssot.profile().unwrap_or("dev").to_owned(),
            wait: Duration::from_secs(self.wait),
            config,
            base,
        })
    }
}

/// The directory that relative paths of a canonical file count from: that of the repository.
pub(crate) fn repository(file: &Path) -> PathBuf {
    let dir = file.parent().unwrap_or(Path::new("."));
    let is_config = dir.file_name().is_some_and(|name| name == "config");
    let above = if is_config { dir.parent() } else { None };
    above.unwrap_or(dir).to_owned()
}

impl Place {
    fn is_bucket(&self) -> bool {
        self.store.contains("://")
    }

    /// Where the store is, for people.
    pub(crate) fn shown(&self) -> &str {
        &self.store
    }

    fn options(&self) -> StoreOptions {
        let mut options = StoreOptions::default().with_lock_wait(self.wait);
        if let Some(identity) = &self.identity {
            options = options.with_identity(identity);
        }
        match cache_dir() {
            Some(dir) => options.with_cache_dir(dir),
            None => options,
        }
    }

    pub(crate) fn create(&self, protection: &Protection) -> Result<Store, Failure> {
        // The identity is for reading; a new store holds nothing yet.
        let options = StoreOptions::default();
        if self.is_bucket() {
            return bucket::create(&self.store, protection, &options);
        }
        Store::create(&self.store, protection, &options).map_err(store_failure)
    }

    pub(crate) fn open(&self) -> Result<Store, Failure> {
        let mut options = self.options();
        if !self.config.recipients.is_empty() {
            options = options.with_recipients(self.config.recipients.clone());
        }
        if self.is_bucket() {
            return bucket::open(&self.store, &options);
        }
        Store::open(&self.store, &options).map_err(store_failure)
    }

    pub(crate) fn edge(&self) -> Edge {
        Edge::new(&self.base, now, pause).with_variables(std::env::vars_os())
    }

    /// The configured parts and those named by hand.
    pub(crate) fn parts(&self, by_hand: &PartArgs) -> Result<Vec<Part<'static>>, Failure> {
        let config = self.with(by_hand)?;
        let parts = config.parts(&self.edge()).hint("correct section `snapshot`")?;
        if parts.is_empty() {
            return Err(Failure::new(anyhow::anyhow!("nothing is named that could be captured"))
                .with_hint("name it in section `snapshot` of config/canonical.yaml, or by --files, --git, --env, --sqlite"));
        }
        Ok(parts)
    }

    /// The configuration with what was named by hand; relative paths of that count from here.
    pub(crate) fn with(&self, by_hand: &PartArgs) -> Result<Config, Failure> {
        let mut config = self.config.clone();
        let here = std::env::current_dir()?;
        let at = |path: &PathBuf| here.join(path);
        if !by_hand.files.is_empty() {
            let files = config.files.entry("files".to_owned()).or_default();
            files.roots.extend(by_hand.files.iter().map(at));
        }
        if let Some(dir) = &by_hand.git {
            config.git.entry("git".to_owned()).or_default().dir = at(dir);
        }
        if !by_hand.environment.is_empty() {
            let environment = config.environment.entry("environment".to_owned()).or_default();
            environment.names.extend(by_hand.environment.iter().cloned());
        }
        if let Some(file) = &by_hand.sqlite {
            config.sqlite.entry("sqlite".to_owned()).or_default().file = at(file);
        }
        if let Some(problem) = config.problems().first() {
            return Err(Failure::new(anyhow::anyhow!("{}", problem.message))
                .with_hint("give the part that is configured another name"));
        }
        Ok(config)
    }

    /// Where the journals of restores are.
    pub(crate) fn plans_dir(&self, store: &Store) -> PathBuf {
        let state = || state_dir().unwrap_or_else(|| self.base.join(".plimsoll"));
        store
            .dir()
            .map_or_else(|| state().join("plans").join(store.store_id()), |dir| dir.join("plans"))
    }
}

/// Finds a snapshot by what a person typed.
pub(crate) fn find(store: &Store, wanted: &str) -> Result<SnapshotId, Failure> {
    store.find(wanted).map_err(|error| {
        Failure::refused(error).with_hint("`plimsoll snapshot list` shows ids and tags")
    })
}

pub(super) fn store_failure(error: StoreError) -> Failure {
    let hint = match &error {
        StoreError::NoStore { .. } => {
            "`plimsoll snapshot init` makes one; or name yours with --store"
        }
        StoreError::Exists { .. } => "use it as it is, or name another directory with --store",
        StoreError::TooOpen { .. } => "it may hold what nobody else should read",
        StoreError::NotSealed => "take `snapshot.recipients` away, or make a new store with them",
        StoreError::Key { .. } => {
            "an identity is a file of mode 600 with a line AGE-SECRET-KEY-1.."
        }
        StoreError::Settings { .. } | StoreError::SettingsText { .. } => {
            "its packs and manifests may be whole: keep it, and write elsewhere meanwhile"
        }
        _ => "is the store there, and may you read it?",
    };
    Failure::new(error).with_hint(hint)
}

/// A directory of this person, as the desktop's convention names it.
fn own_dir(variable: &str, below_home: &str) -> Option<PathBuf> {
    let of =
        |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    of(variable)
        .filter(|dir| dir.is_absolute())
        .or_else(|| of("HOME").map(|home| home.join(below_home)))
}

fn cache_dir() -> Option<PathBuf> {
    own_dir("XDG_CACHE_HOME", ".cache").map(|dir| dir.join("plimsoll/snapshot"))
}

fn state_dir() -> Option<PathBuf> {
    own_dir("XDG_STATE_HOME", ".local/state").map(|dir| dir.join("plimsoll"))
}

#[allow(clippy::disallowed_methods, reason = "a bounded wait of a command, at the edge")]
pub(crate) fn pause(span: Duration) {
    std::thread::sleep(span.min(Duration::from_secs(60)));
}

pub(crate) fn tool_version() -> String {
    format!("plimsoll {}", env!("CARGO_PKG_VERSION"))
}

/// `2026-11-24 08:30:00` of nanoseconds since 1970.
pub(crate) fn moment_text(ns: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(ns))
        .map_or_else(|_| "unknown".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}
