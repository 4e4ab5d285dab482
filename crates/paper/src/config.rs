//! The settings of the venue as a section of a configuration file.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// Section `paper`: the paper venue as a process of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Address to listen on; port 0 takes a free one. Default 127.0.0.1:8799.
    pub listen: SocketAddr,
    /// Whether it may listen on an address that other machines reach; there is neither TLS nor a
    /// login. Default false.
    pub allow_remote: bool,
    /// Bars that pass each second. Default none: a bar passes when somebody asks for it.
    pub bars_per_sec: Option<NonZeroU32>,
}

impl Default for Config {
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 8799));
        Self { listen, allow_remote: false, bars_per_sec: None }
    }
}

/// Settings that nothing can be done with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// What is wrong, in one line.
    pub message: String,
    /// The keys that take part, the one to change first.
    pub keys: Vec<&'static str>,
}

impl Config {
    /// Returns what is wrong with the settings.
    #[must_use]
    pub fn problems(&self) -> Vec<ConfigProblem> {
        if self.allow_remote || self.listen.ip().is_loopback() {
            return Vec::new();
        }
        let message = format!("other machines reach {}, and that is not allowed", self.listen);
        vec![ConfigProblem { message, keys: vec!["listen", "allow_remote"] }]
    }
}
