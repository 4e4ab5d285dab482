//! Who watches the watcher: a sign of life for somebody outside, after everything was checked, and the one who
//! waits for it on another host.

#[cfg(feature = "http")]
mod beacon;
#[cfg(feature = "http")]
mod signs;
#[cfg(feature = "http")]
mod watch;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::route::span;
use crate::secret::SecretRef;

#[cfg(feature = "http")]
pub use {
    signs::{SelfCheck, SignsError, SignsOfLife},
    watch::{Watch, WatchNews, Watched, fetch_sign},
};

/// Where signs of life go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DeadmanConfig {
    /// An outside watcher's address, which is fetched after each check that passed. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<SecretRef>,
    /// How often everything is checked. Default 60 s.
    #[serde(with = "span")]
    pub every: Duration,
    /// Where `plimsoll watch` may ask, as `127.0.0.1:9187`. Default: nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
}

impl Default for DeadmanConfig {
    fn default() -> Self {
        Self { url: None, every: Duration::from_secs(60), listen: None }
    }
}
