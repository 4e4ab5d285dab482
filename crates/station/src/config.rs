//! The settings of a station as a section of a configuration file.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_metrics::Durability;
use serde::{Deserialize, Serialize};

use crate::behind::Address;
use crate::options::{StationOptions, TlsFiles};
use crate::tokens::Tokens;

/// Section `station`: the process that takes rows in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Address to listen on; port 0 takes a free one. Another than loopback needs `tls_cert`,
    /// `tls_key` and `tokens`. Default 127.0.0.1:8798.
    pub listen: SocketAddr,
    /// The store, an SQLite file; its folder must exist. Default `plimsoll.db`.
    pub store: PathBuf,
    /// A QuestDB that keeps the rows instead of `store`: `http://[user:password@]host:port`. Default none.
    pub questdb: Option<String>,
    /// Loopback address for line protocol over TCP, for old clients; nothing is answered, so what cannot
    /// be stored is lost. Default none.
    pub tcp: Option<SocketAddr>,
    /// What an acknowledged row survives: `process` a killed process, `power` a power failure too.
    /// Default `power`.
    pub durability: Durability,
    /// Whether clients may make tables. Default no.
    pub open_schema: bool,
    /// Certificate, a PEM file. Default none.
    pub tls_cert: Option<PathBuf>,
    /// Key, a PEM file. Default none.
    pub tls_key: Option<PathBuf>,
    /// File with the tokens and what they allow. Default none.
    pub tokens: Option<PathBuf>,
    /// Longest body of a request, decompressed, bytes. Default 67,108,864.
    pub body_bytes_max: NonZeroU64,
    /// Memory that requests may hold together, bytes. Default 536,870,912.
    pub memory_bytes_max: NonZeroU64,
    /// Connections at once. Default 256.
    pub connections_max: NonZeroU32,
    /// How far a row's time may lie ahead of the clock, hours. Default 24.
    pub ahead_max_hours: NonZeroU32,
}

impl Default for Config {
    fn default() -> Self {
        const BODY: NonZeroU64 = NonZeroU64::new(64 << 20).expect("not zero");
        const MEMORY: NonZeroU64 = NonZeroU64::new(512 << 20).expect("not zero");
        const CONNECTIONS: NonZeroU32 = NonZeroU32::new(256).expect("not zero");
        const AHEAD: NonZeroU32 = NonZeroU32::new(24).expect("not zero");
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8798)),
            store: PathBuf::from("plimsoll.db"),
            questdb: None,
            tcp: None,
            durability: Durability::Power,
            open_schema: false,
            tls_cert: None,
            tls_key: None,
            tokens: None,
            body_bytes_max: BODY,
            memory_bytes_max: MEMORY,
            connections_max: CONNECTIONS,
            ahead_max_hours: AHEAD,
        }
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
    /// The options that these settings mean; the token file is for the caller to read.
    #[must_use]
    pub fn options(&self, tokens: Tokens) -> StationOptions {
        let bytes = |bytes: NonZeroU64| usize::try_from(bytes.get()).unwrap_or(usize::MAX);
        let hours = u64::from(self.ahead_max_hours.get());
        let mut options = StationOptions::new(&self.store)
            .with_bind(self.listen)
            .with_durability(self.durability)
            .with_tokens(tokens)
            .with_bytes_max(bytes(self.body_bytes_max), bytes(self.memory_bytes_max))
            .with_connections_max(usize::try_from(self.connections_max.get()).unwrap_or(usize::MAX))
            .with_ahead_max(Duration::from_hours(hours));
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            let (certificate, key) = (certificate.clone(), key.clone());
            options = options.with_tls(TlsFiles { certificate, key });
        }
        if let Some(address) = &self.questdb {
            options = options.with_questdb(Address::new(address));
        }
        if let Some(tcp) = self.tcp {
            options = options.with_tcp(tcp);
        }
        if self.open_schema { options.with_open_schema() } else { options }
    }

    /// Returns what is wrong with the settings.
    #[must_use]
    pub fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let has_tls = match (&self.tls_cert, &self.tls_key) {
            (Some(_), Some(_)) => true,
            (None, None) => false,
            _ => {
                let message = "a certificate needs its key, and a key its certificate".to_owned();
                problems.push(ConfigProblem { message, keys: vec!["tls_cert", "tls_key"] });
                true
            }
        };
        let is_guarded = has_tls && self.tokens.is_some();
        if !is_guarded && !self.listen.ip().is_loopback() {
            let message = format!("{} is not loopback and wants TLS and tokens", self.listen);
            let keys = vec!["listen", "tls_cert", "tls_key", "tokens"];
            problems.push(ConfigProblem { message, keys });
        }
        if let Some(tcp) = self.tcp.filter(|tcp| !tcp.ip().is_loopback() || self.tokens.is_some()) {
            let message = format!("lines over TCP on {tcp} want a loopback address and no tokens");
            problems.push(ConfigProblem { message, keys: vec!["tcp", "tokens"] });
        }
        if self.memory_bytes_max.get() / 5 < self.body_bytes_max.get() {
            let message =
                "a body takes five times its length, which is more than there is".to_owned();
            problems
                .push(ConfigProblem { message, keys: vec!["memory_bytes_max", "body_bytes_max"] });
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(change: impl FnOnce(&mut Config), wanted: &[&str]) {
        let mut config = Config::default();
        change(&mut config);
        let found: Vec<_> = config.problems().iter().map(|p| p.keys[0]).collect();
        assert_eq!(found, wanted, "{config:?}");
    }

    #[test]
    fn what_nothing_can_be_done_with_is_named_by_its_key() {
        let open = |config: &mut Config| config.listen = SocketAddr::from(([0, 0, 0, 0], 1));
        check(|_| {}, &[]);
        check(open, &["listen"]);
        check(|c| c.tcp = Some(SocketAddr::from(([0, 0, 0, 0], 9009))), &["tcp"]);
        check(|c| c.tls_cert = Some("c".into()), &["tls_cert"]);
        check(|c| c.body_bytes_max = c.memory_bytes_max, &["memory_bytes_max"]);
        check(
            |c| {
                open(c);
                (c.tls_cert, c.tls_key) = (Some("c".into()), Some("k".into()));
                c.tokens = Some("t".into());
            },
            &[],
        );
    }
}
