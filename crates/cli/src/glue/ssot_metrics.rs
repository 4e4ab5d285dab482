//! Changes of the configuration as rows of `ops_events`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_metrics::{Config, Metrics, Mode, OpsEvent, OpsKind, Store};
use plimsoll_ssot::Change;

use crate::failure::{Failure, Hint as _};

/// Longest wait for the store; what it did not take waits in the spool.
const CLOSE_MAX: Duration = Duration::from_secs(10);

/// A change, and what else the record of it says.
#[derive(Debug)]
pub(crate) struct Recorded<'a> {
    pub(crate) change: &'a Change,
    /// The profile in which it holds.
    pub(crate) profile: Option<&'a str>,
    /// Digest of the configuration in which it holds.
    pub(crate) digest: String,
}

/// Where changes are recorded.
#[derive(Debug)]
pub(crate) struct Record {
    metrics: Metrics,
}

/// Whether there is a store, so that a record does not begin one.
pub(crate) fn has_store(config: &Config) -> bool {
    config.store.contains("://") || config.store == "spool" || Path::new(&config.store).exists()
}

impl Record {
    /// Opens the store that the configuration names, with a spool of its own: a strategy may be
    /// writing beside.
    pub(crate) fn open(config: &Config) -> Result<Self, Failure> {
        let mut options = config
            .options(Mode::Live)
            .hint("`metrics.store` of the configuration says where rows go")?
            .with_service("ssot");
        let mut spool = options.spool_dir.clone().into_os_string();
        spool.push(".ssot");
        options.spool_dir = PathBuf::from(spool);
        // What a server has no table for would wait there for ever, and nobody would know.
        options.creates_tables = matches!(options.store, Store::Sqlite(_));
        let metrics = Metrics::open(&options)
            .hint("the change has to be recorded, and `metrics.store` cannot be opened")?;
        Ok(Self { metrics })
    }

    /// Writes the rows and waits until the store has them.
    pub(crate) fn write(
        self,
        changes: &[Recorded<'_>],
        actor: &str,
        reason: &str,
    ) -> Result<(), Failure> {
        let series = self.metrics.series(&[])?;
        for Recorded { change, profile, digest } in changes {
            let kind = if change.is_limit { OpsKind::Limit } else { OpsKind::Config };
            let text = |value: &Option<plimsoll_ssot::Scalar>| {
                value.as_ref().map_or("none".to_owned(), ToString::to_string)
            };
            let (from, to) = (text(&change.from), text(&change.to));
            let outcome = if change.loosens { "loosened" } else { "changed" };
            series.emit_ops(
                OpsEvent::new(kind, &change.key, outcome)
                    .ref_id(profile.unwrap_or("-"))
                    .actor(actor)
                    .from_value(from.as_str())
                    .to_value(to.as_str())
                    .config_hash(digest.as_str())
                    .detail(reason),
            );
        }
        self.metrics
            .close(CLOSE_MAX)
            .map(drop)
            .hint("the rows are safe; `plimsoll metrics ship --spool DIR --to STORE` delivers them")
    }
}
