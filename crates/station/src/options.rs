//! How a station is run.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_metrics::Durability;

use crate::behind::Address;
use crate::tokens::Tokens;

/// Certificate and key in files; read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM with the certificate and those that vouch for it.
    pub certificate: PathBuf,
    /// PEM with the key.
    pub key: PathBuf,
}

/// How a station is run. An address that is not loopback needs [`StationOptions::tls`] and
/// [`StationOptions::tokens`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StationOptions {
    /// Where it listens. Default a free port of 127.0.0.1.
    pub bind: SocketAddr,
    /// The store, an SQLite file; made when it is not there. Its folder must exist.
    pub store: PathBuf,
    /// A QuestDB that keeps the rows instead of [`StationOptions::store`]. Default none.
    pub questdb: Option<Address>,
    /// Loopback address for line protocol over TCP, which answers nothing: what cannot be stored is
    /// lost, and only counted and logged. Not with tokens. Default none.
    pub tcp: Option<SocketAddr>,
    /// What an acknowledged row survives. Default [`Durability::Power`].
    pub durability: Durability,
    /// Whether clients may make tables, and columns of those. Default no.
    pub is_schema_open: bool,
    /// Certificate and key. Default none.
    pub tls: Option<TlsFiles>,
    /// Who may do what. Default empty: whoever reaches the loopback address may write and read.
    pub tokens: Tokens,
    /// Whether whoever reaches the loopback address may acknowledge and silence alerts; with tokens
    /// their scopes say it. Default no.
    pub is_operable: bool,
    /// Longest body, decompressed, bytes. Default 64 MiB.
    pub body_bytes_max: usize,
    /// Memory that requests may hold together, bytes. Default 512 MiB.
    pub memory_bytes_max: usize,
    /// Connections at once. Default 256.
    pub connections_max: usize,
    /// Longest wait for the next part of a body. Default 10 s.
    pub body_timeout: Duration,
    /// Longest wait for the next request on a connection. Default 5 min, as QuestDB's.
    pub idle_timeout: Duration,
    /// Longest time of a query. Default 10 s.
    pub query_timeout: Duration,
    /// Queries at once. Default 2.
    pub queries_max: usize,
    /// How far a row's time may lie ahead of the station's clock. Default 24 h.
    pub ahead_max: Duration,
    /// How often minutes are rolled up. Default 20 s.
    pub rollup_interval: Duration,
    /// How late a row may come and still be in its minute. Default 10 min.
    pub rollup_late: Duration,
    /// How often old rows are deleted. Default 1 h.
    pub retention_interval: Duration,
    /// How long back a page looks, unless asked otherwise. Default 24 h.
    pub page_range: Duration,
    /// Modes whose rows a page shows, unless asked otherwise. Default `live` and `paper`.
    pub page_modes: Vec<String>,
    /// Without a row for so long, nobody can say that all is well. Default 60 s.
    pub stale_after: Duration,
    /// Whether retention and roll-ups run. Default yes.
    pub has_upkeep: bool,
}

impl StationOptions {
    /// A station on a free loopback port, with its rows in this file.
    #[must_use]
    pub fn new(store: impl Into<PathBuf>) -> Self {
        Self {
            bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            store: store.into(),
            questdb: None,
            tcp: None,
            durability: Durability::Power,
            is_schema_open: false,
            tls: None,
            tokens: Tokens::default(),
            is_operable: false,
            body_bytes_max: 64 << 20,
            memory_bytes_max: 512 << 20,
            connections_max: 256,
            body_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(300),
            query_timeout: Duration::from_secs(10),
            queries_max: 2,
            ahead_max: Duration::from_hours(24),
            rollup_interval: Duration::from_secs(20),
            rollup_late: Duration::from_mins(10),
            retention_interval: Duration::from_hours(1),
            page_range: Duration::from_hours(24),
            page_modes: vec!["live".to_owned(), "paper".to_owned()],
            stale_after: Duration::from_secs(60),
            has_upkeep: true,
        }
    }

    /// Sets where it listens.
    #[must_use]
    pub fn with_bind(mut self, bind: SocketAddr) -> Self {
        self.bind = bind;
        self
    }

    /// Keeps rows in a QuestDB, instead of a file of its own. Its tables are made as need be.
    #[must_use]
    pub fn with_questdb(mut self, address: Address) -> Self {
        self.questdb = Some(address);
        self
    }

    /// Takes lines over TCP too, on a loopback address.
    #[must_use]
    pub fn with_tcp(mut self, bind: SocketAddr) -> Self {
        self.tcp = Some(bind);
        self
    }

    /// Sets what an acknowledged row survives.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Lets clients make tables, and columns of those.
    #[must_use]
    pub fn with_open_schema(mut self) -> Self {
        self.is_schema_open = true;
        self
    }

    /// Sets certificate and key.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsFiles) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Sets who may do what.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = tokens;
        self
    }

    /// Sets the longest body and the memory that requests may hold together, bytes.
    #[must_use]
    pub fn with_bytes_max(mut self, body: usize, memory: usize) -> Self {
        self.body_bytes_max = body;
        self.memory_bytes_max = memory;
        self
    }

    /// Sets how many connections there may be at once.
    #[must_use]
    pub fn with_connections_max(mut self, connections: usize) -> Self {
        self.connections_max = connections;
        self
    }

    /// Sets the longest time of a query.
    #[must_use]
    pub fn with_query_timeout(mut self, timeout: Duration) -> Self {
        self.query_timeout = timeout;
        self
    }

    /// Sets how far a row's time may lie ahead of the station's clock.
    #[must_use]
    pub fn with_ahead_max(mut self, ahead: Duration) -> Self {
        self.ahead_max = ahead;
        self
    }

    /// Sets how often minutes are rolled up and old rows are deleted.
    #[must_use]
    pub fn with_upkeep(mut self, rollup_interval: Duration, retention_interval: Duration) -> Self {
        self.rollup_interval = rollup_interval;
        self.retention_interval = retention_interval;
        self
    }

    /// Sets how long back a page looks, and the modes whose rows it shows, unless asked otherwise.
    #[must_use]
    pub fn with_page<M: Into<String>>(
        mut self,
        range: Duration,
        modes: impl IntoIterator<Item = M>,
    ) -> Self {
        self.page_range = range;
        self.page_modes = modes.into_iter().map(Into::into).collect();
        self
    }

    /// Lets whoever reaches the loopback address acknowledge and silence alerts.
    #[must_use]
    pub fn with_operate(mut self) -> Self {
        self.is_operable = true;
        self
    }

    /// Sets after how long without a row nobody can say that all is well.
    #[must_use]
    pub fn with_stale_after(mut self, stale_after: Duration) -> Self {
        self.stale_after = stale_after;
        self
    }

    /// Deletes nothing and rolls nothing up.
    #[must_use]
    pub fn without_upkeep(mut self) -> Self {
        self.has_upkeep = false;
        self
    }
}
