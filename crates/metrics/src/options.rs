//! How a pipeline is set up.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

pub use crate::spool::SyncPolicy;

use crate::row::codes;

codes! {
    /// What kind of trading the rows come from; a required argument, because rows of a replay
    /// among live ones fire alerts that mean nothing.
    Mode {
        /// Real orders.
        Live = "live",
        /// Real market, pretended orders.
        Paper = "paper",
        /// Recorded market, as fast as it goes.
        Backtest = "backtest",
        /// Recorded market on a replay clock.
        Replay = "replay",
    }
}

impl Mode {
    /// Whether rows carry the time of the recording: then `ts_init` follows `ts`.
    #[must_use]
    pub fn is_replay(self) -> bool {
        matches!(self, Self::Backtest | Self::Replay)
    }
}

/// Where rows end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Store {
    /// An SQLite file, made when it is not there.
    Sqlite(PathBuf),
    /// A station or QuestDB at `http://host:port`.
    Http(String),
    /// Nowhere yet: the station or `plimsoll metrics ship` drains the spool.
    SpoolOnly,
}

/// Where the rings lie.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingMemory {
    /// On tmpfs where that works, else on the heap; `health()` says which.
    Auto,
    /// On the heap: a killed process loses at most one drain interval of rows.
    Heap,
    /// In this directory, which must lie on tmpfs: survives kill −9, not the machine.
    Shared(PathBuf),
}

/// What the store has done before it acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "config", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Durability {
    /// Handed to the kernel: survives kill −9.
    Process,
    /// On the disk: survives a power failure.
    Power,
}

/// Where peak, beginning of the day and positions come from when the spool has none of an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "config", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum RiskBaseline {
    /// From the rows in the store. Until they were read, and for ever with a spool only or a sink
    /// of your own, what follows from them is absent: a forgotten peak would read as no drawdown.
    #[default]
    Stored,
    /// The first equity is the peak: these accounts and strategies have no past. Replays begin so.
    Fresh,
}

/// Options of a pipeline.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// What kind of trading; required.
    pub mode: Mode,
    /// Where rows end.
    pub store: Store,
    /// Directory in which rows wait; one process at a time.
    pub spool_dir: PathBuf,
    /// Environment, such as `prod`. Default `dev`.
    pub env: String,
    /// Who trades. Default `-`.
    pub trader_id: String,
    /// Name of the service; `producer` is `service@host`. Default `strategy`.
    pub service: String,
    /// Version of the producer, for `producer_runs`.
    pub version: String,
    /// Commit of the producer, for `producer_runs`.
    pub git_commit: String,
    /// Digest of the producer's configuration, for `producer_runs`.
    pub config_hash: String,
    /// Slots of 64 bytes of each thread's ring. Default 16,384 (1 MiB).
    pub ring_slots: NonZeroU32,
    /// Where the rings lie. Default [`RingMemory::Auto`].
    pub ring: RingMemory,
    /// How often rings are drained. Default 20 ms; 0.5 ms with rings on the heap.
    pub drain_interval: Option<Duration>,
    /// Most bytes that wait in the spool. Default 1 GiB.
    pub spool_bytes_max: u64,
    /// When the spool is written through. Default once a second.
    pub sync: SyncPolicy,
    /// What the embedded store has done before it acknowledges. Default [`Durability::Power`].
    pub durability: Durability,
    /// Time between rows of `producer_runs`. Default 10 s.
    pub beat_interval: Duration,
    /// Start of the trading day after midnight UTC, for `daily_pnl`. Default 0.
    pub session_start: Duration,
    /// Where peaks come from when the spool has none. Default [`RiskBaseline::Stored`].
    pub risk_baseline: RiskBaseline,
    /// Whether a shipper creates missing tables. Default: SQLite yes, a server no.
    pub creates_tables: bool,
    /// Certificates of the authorities that a server under `https://` is believed by, as a PEM
    /// file; default the public ones. Only with the feature `questdb-rs`.
    pub ca_file: Option<PathBuf>,
    /// Prefix of table names in a server, such as `bt_`. Default none; `bt_` for replays.
    pub table_prefix: String,
}

impl Options {
    /// Into an SQLite file; the spool lies beside it.
    #[must_use]
    pub fn embedded(path: impl AsRef<Path>, mode: Mode) -> Self {
        let path = path.as_ref();
        let mut spool = path.as_os_str().to_owned();
        spool.push(".spool");
        Self::new(Store::Sqlite(path.to_owned()), spool, mode)
    }

    /// To a station or QuestDB over plain HTTP; `spool_dir` is where rows wait meanwhile.
    #[must_use]
    pub fn connect(url: impl Into<String>, spool_dir: impl Into<PathBuf>, mode: Mode) -> Self {
        let mut options = Self::new(Store::Http(url.into()), spool_dir, mode);
        options.creates_tables = false;
        if mode.is_replay() {
            crate::ddl::BACKTEST_PREFIX.clone_into(&mut options.table_prefix);
        }
        options
    }

    /// Into a spool that another process drains.
    #[must_use]
    pub fn spool_only(spool_dir: impl Into<PathBuf>, mode: Mode) -> Self {
        Self::new(Store::SpoolOnly, spool_dir, mode)
    }

    fn new(store: Store, spool_dir: impl Into<PathBuf>, mode: Mode) -> Self {
        Self {
            mode,
            store,
            spool_dir: spool_dir.into(),
            env: "dev".to_owned(),
            trader_id: "-".to_owned(),
            service: "strategy".to_owned(),
            version: String::new(),
            git_commit: String::new(),
            config_hash: String::new(),
            ring_slots: const { NonZeroU32::new(16_384).expect("not zero") },
            ring: RingMemory::Auto,
            drain_interval: None,
            spool_bytes_max: 1 << 30,
            sync: SyncPolicy::Interval(Duration::from_secs(1)),
            durability: Durability::Power,
            beat_interval: Duration::from_secs(10),
            session_start: Duration::ZERO,
            risk_baseline: RiskBaseline::Stored,
            creates_tables: true,
            ca_file: None,
            table_prefix: String::new(),
        }
    }

    /// From variables: `PLIMSOLL_METRICS__STORE` (an SQLite path, `http://…` or `spool`; default
    /// `plimsoll.db`), `…__SPOOL_DIR`, `…__ENV`, `…__TRADER_ID`, `…__SERVICE`,
    /// `…__RISK_BASELINE` (`stored` or `fresh`), `…__CA_FILE` (for `https://…`, which needs the
    /// feature `questdb-rs`), `…__DURABILITY` (`power` or `process`).
    ///
    /// # Errors
    ///
    /// [`OptionsError`] names the variable, what was found and what was wanted.
    pub fn from_vars(
        mode: Mode,
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, OptionsError> {
        const PREFIX: &str = "PLIMSOLL_METRICS__";
        let mut known = std::collections::BTreeMap::new();
        for (name, value) in vars {
            if let Some(key) = name.strip_prefix(PREFIX) {
                if !SETTINGS.contains(&key) {
                    return Err(OptionsError::Unknown { name });
                }
                known.insert(key.to_owned(), value);
            }
        }
        let mut take = |key: &str| known.remove(key).filter(|v| !v.is_empty());
        let store = take("STORE").unwrap_or_else(|| "plimsoll.db".to_owned());
        let spool = take("SPOOL_DIR").map(PathBuf::from);
        let mut options = Self::of_store(&store, spool, mode)?;
        let durability = [("power", Durability::Power), ("process", Durability::Process)];
        options.durability = choose("DURABILITY", take("DURABILITY").as_deref(), durability)?;
        let baseline = [("stored", RiskBaseline::Stored), ("fresh", RiskBaseline::Fresh)];
        options.risk_baseline =
            choose("RISK_BASELINE", take("RISK_BASELINE").as_deref(), baseline)?;
        options.ca_file = take("CA_FILE").map(PathBuf::from);
        for (key, field) in [
            ("ENV", &mut options.env),
            ("TRADER_ID", &mut options.trader_id),
            ("SERVICE", &mut options.service),
        ] {
            if let Some(value) = take(key) {
                *field = value;
            }
        }
        Ok(options)
    }

    /// From a store as it is written: an SQLite path, `http://…` or `spool`.
    pub(crate) fn of_store(
        store: &str,
        spool_dir: Option<PathBuf>,
        mode: Mode,
    ) -> Result<Self, OptionsError> {
        let spool = || spool_dir.clone().unwrap_or_else(|| "plimsoll.spool".into());
        let is_tls = store.starts_with("https://");
        let mut options = if is_tls && !cfg!(feature = "questdb-rs") {
            return Err(OptionsError::Scheme { found: "https" });
        } else if is_tls || store.starts_with("http://") {
            Self::connect(store, spool(), mode)
        } else if store == "spool" {
            Self::spool_only(spool(), mode)
        } else {
            Self::embedded(store, mode)
        };
        if let Some(dir) = spool_dir {
            options.spool_dir = dir;
        }
        Ok(options)
    }

    /// [`Options::from_vars`] with this process's environment.
    ///
    /// # Errors
    ///
    /// As [`Options::from_vars`].
    pub fn from_env(mode: Mode) -> Result<Self, OptionsError> {
        // Values that are no Unicode are none of ours.
        let vars = std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Self::from_vars(mode, vars)
    }
}

/// Settings that there are, after `PLIMSOLL_METRICS__`.
const SETTINGS: [&str; 8] =
    ["STORE", "SPOOL_DIR", "ENV", "TRADER_ID", "SERVICE", "RISK_BASELINE", "CA_FILE", "DURABILITY"];

/// The value of a text; the first of `values` without one.
fn choose<T>(
    name: &'static str,
    found: Option<&str>,
    values: [(&'static str, T); 2],
) -> Result<T, OptionsError> {
    let [(first, value), (second, other)] = values;
    match found {
        None => Ok(value),
        Some(text) if text == first => Ok(value),
        Some(text) if text == second => Ok(other),
        Some(text) => {
            Err(OptionsError::Value { name, found: text.to_owned(), wanted: [first, second] })
        }
    }
}

macro_rules! setters {
    ($($(#[$m:meta])* $name:ident($field:ident: $ty:ty);)+) => {
        impl Options {
            $($(#[$m])*
            #[must_use]
            pub fn $name(mut self, $field: impl Into<$ty>) -> Self {
                self.$field = $field.into();
                self
            })+
        }
    };
}

setters! {
    /// Sets [`Options::env`].
    with_env(env: String);
    /// Sets [`Options::trader_id`].
    with_trader(trader_id: String);
    /// Sets [`Options::service`].
    with_service(service: String);
    /// Sets [`Options::version`].
    with_version(version: String);
    /// Sets [`Options::git_commit`].
    with_git_commit(git_commit: String);
    /// Sets [`Options::config_hash`].
    with_config_hash(config_hash: String);
    /// Sets [`Options::ring_slots`].
    with_ring_slots(ring_slots: NonZeroU32);
    /// Sets [`Options::ring`].
    with_ring(ring: RingMemory);
    /// Sets [`Options::drain_interval`].
    with_drain_interval(drain_interval: Option<Duration>);
    /// Sets [`Options::spool_dir`].
    with_spool_dir(spool_dir: PathBuf);
    /// Sets [`Options::spool_bytes_max`].
    with_spool_bytes_max(spool_bytes_max: u64);
    /// Sets [`Options::sync`].
    with_sync(sync: SyncPolicy);
    /// Sets [`Options::durability`].
    with_durability(durability: Durability);
    /// Sets [`Options::beat_interval`].
    with_beat_interval(beat_interval: Duration);
    /// Sets [`Options::session_start`].
    with_session_start(session_start: Duration);
    /// Sets [`Options::risk_baseline`].
    with_risk_baseline(risk_baseline: RiskBaseline);
    /// Sets [`Options::creates_tables`].
    with_creates_tables(creates_tables: bool);
    /// Sets [`Options::ca_file`].
    with_ca_file(ca_file: Option<PathBuf>);
    /// Sets [`Options::table_prefix`].
    with_table_prefix(table_prefix: String);
}

/// Why variables make no options.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionsError {
    /// No such setting.
    #[error(
        "`{name}` is no setting; after `PLIMSOLL_METRICS__` there are {}", SETTINGS.join(", ")
    )]
    Unknown {
        /// Variable.
        name: String,
    },
    /// A setting that has another value than it can have.
    #[error("PLIMSOLL_METRICS__{name} is `{found}`, wanted `{}` or `{}`", wanted[0], wanted[1])]
    Value {
        /// Setting.
        name: &'static str,
        /// Value found.
        found: String,
        /// Values that it can have.
        wanted: [&'static str; 2],
    },
    /// A trading process has no TLS stack.
    #[error(
        "PLIMSOLL_METRICS__STORE has scheme `{found}`, wanted `http`: send to a station on this machine, or let `plimsoll metrics ship` send over https"
    )]
    Scheme {
        /// Scheme found.
        found: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(vars: &[(&str, &str)]) -> Result<Options, OptionsError> {
        let vars = vars.iter().map(|(k, v)| (format!("PLIMSOLL_METRICS__{k}"), (*v).to_owned()));
        Options::from_vars(Mode::Live, vars)
    }

    #[test]
    fn settings_come_from_variables_and_a_wrong_one_is_named() {
        let found = options(&[("DURABILITY", "process"), ("RISK_BASELINE", "fresh")]).unwrap();
        assert_eq!(found.durability, Durability::Process);
        assert_eq!(found.risk_baseline, RiskBaseline::Fresh);
        let found = options(&[("DURABILITY", ""), ("ENV", "prod")]).unwrap();
        assert_eq!((found.durability, found.env.as_str()), (Durability::Power, "prod"));
        let wrong = options(&[("DURABILITY", "disk")]).unwrap_err().to_string();
        assert_eq!(wrong, "PLIMSOLL_METRICS__DURABILITY is `disk`, wanted `power` or `process`");
        let unknown = options(&[("STOER", "a.db")]).unwrap_err().to_string();
        assert!(unknown.contains("PLIMSOLL_METRICS__STOER") && unknown.contains("DURABILITY"));
    }
}
