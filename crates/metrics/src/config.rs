//! The settings of a pipeline as a section of a configuration file.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::options::{Durability, Mode, Options, OptionsError, RiskBaseline};

/// Section `metrics`: where a strategy's rows go.
///
/// What kind of trading it is stands in no file: it is an argument, because rows of a replay among
/// live ones fire alerts that mean nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Where rows end: an SQLite file, a station or QuestDB at <http://host:port>, or `spool` for
    /// nowhere yet. Default plimsoll.db.
    pub store: String,
    /// Directory in which rows wait. Default: beside an SQLite file, else plimsoll.spool.
    pub spool_dir: Option<PathBuf>,
    /// Environment, such as prod. Default dev.
    pub env: String,
    /// Who trades. Default `-`.
    pub trader_id: String,
    /// Name of the service; a row's producer is `service@host`. Default strategy.
    pub service: String,
    /// Most bytes that wait in the spool. Default 1 GiB.
    pub spool_bytes_max: NonZeroU64,
    /// Slots of 64 bytes of each thread's ring. Default 16,384 (1 MiB).
    pub ring_slots: NonZeroU32,
    /// Seconds between rows of `producer_runs`. Default 10.
    pub beat_interval_secs: NonZeroU32,
    /// Where peaks come from when the spool has none: `stored` in the store, or `fresh`, because
    /// the accounts have no past. Default stored.
    pub risk_baseline: RiskBaseline,
    /// What a row in an SQLite file survives once it left the spool: `power`, it is on the disk, or
    /// `process`, the kernel has it. Default power.
    pub durability: Durability,
    /// Certificates of the authorities that a server under https is believed by, as a PEM file.
    /// Default the public ones.
    pub ca_file: Option<PathBuf>,
    /// What goes before each table's name in a server. Default none.
    pub table_prefix: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        let options = Options::spool_only("", Mode::Live);
        Self {
            store: "plimsoll.db".to_owned(),
            spool_dir: None,
            env: options.env,
            trader_id: options.trader_id,
            service: options.service,
            spool_bytes_max: const { NonZeroU64::new(1 << 30).expect("not zero") },
            ring_slots: options.ring_slots,
            beat_interval_secs: const { NonZeroU32::new(10).expect("not zero") },
            risk_baseline: options.risk_baseline,
            durability: options.durability,
            ca_file: None,
            table_prefix: None,
        }
    }
}

/// Settings that are fine alone and exclude each other, or that nothing can be done with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// What is wrong, in one line.
    pub message: String,
    /// The keys that take part, the one to change first.
    pub keys: Vec<&'static str>,
}

impl Config {
    /// Returns what is wrong with the settings; a pipeline starts with them if nothing is.
    #[must_use]
    pub fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let mut add = |message: &str, keys: &[&'static str]| {
            problems.push(ConfigProblem { message: message.to_owned(), keys: keys.to_vec() });
        };
        if self.store.starts_with("https://") && !cfg!(feature = "questdb-rs") {
            let message =
                "a trading process has no TLS stack: wanted a file, `spool` or http://host:port";
            add(message, &["store"]);
        } else if self.store.is_empty() || self.store.contains("://") && !self.is_server() {
            add("wanted a file, `spool` or http://host:port", &["store"]);
        }
        if self.table_prefix.is_some() && !self.is_server() {
            add("a prefix is for tables of a server", &["table_prefix", "store"]);
        }
        problems
    }

    fn is_server(&self) -> bool {
        self.store.starts_with("http://")
            || cfg!(feature = "questdb-rs") && self.store.starts_with("https://")
    }

    /// Returns the options of a pipeline.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] as of [`Options::from_vars`], if [`Config::problems`] was not asked.
    pub fn options(&self, mode: Mode) -> Result<Options, OptionsError> {
        let mut options = Options::of_store(&self.store, self.spool_dir.clone(), mode)?;
        options.env.clone_from(&self.env);
        options.trader_id.clone_from(&self.trader_id);
        options.service.clone_from(&self.service);
        options.spool_bytes_max = self.spool_bytes_max.get();
        options.ring_slots = self.ring_slots;
        options.risk_baseline = self.risk_baseline;
        options.durability = self.durability;
        options.ca_file.clone_from(&self.ca_file);
        options.beat_interval = Duration::from_secs(self.beat_interval_secs.get().into());
        if let Some(prefix) = &self.table_prefix {
            options.table_prefix.clone_from(prefix);
        }
        Ok(options)
    }
}
