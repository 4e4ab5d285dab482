//! The account at a venue that `backfill` and `reconcile` are about.

use std::time::Duration;

use clap::Args;
use plimsoll_metrics::Mode;
use plimsoll_snapshot::http::{Http, HttpOptions};
use plimsoll_snapshot::venue::{Hyperliquid, HyperliquidNetwork, PaperVenue, ReadHistory};

use super::snapshot::pause;
use crate::failure::{Failure, Hint as _};
use crate::moment;

/// Which account, and where.
#[derive(Debug, Args)]
pub(crate) struct AccountArgs {
    /// The account as rows name it: an alias, never an address
    #[arg(long, value_name = "A")]
    account: String,
    /// A paper venue, as `plimsoll paper venue` printed it
    #[arg(long, value_name = "URL", required_unless_present = "hyperliquid")]
    paper: Option<String>,
    /// An account at Hyperliquid by its address; nothing but public information is read
    #[arg(long, value_name = "ADDRESS", conflicts_with = "paper")]
    hyperliquid: Option<String>,
    /// The network for tests
    #[arg(long, requires = "hyperliquid")]
    testnet: bool,
    /// Another address of that network's API, such as a proxy's
    #[arg(long, value_name = "URL", requires = "hyperliquid")]
    api: Option<String>,
}

impl AccountArgs {
    /// The account as rows name it.
    pub(crate) fn alias(&self) -> &str {
        &self.account
    }

    /// What kind of trading its rows are from.
    pub(crate) fn mode(&self) -> Mode {
        if self.paper.is_some() || self.testnet { Mode::Paper } else { Mode::Live }
    }

    /// Its venue; nothing is asked yet.
    pub(crate) fn venue(&self) -> Result<Box<dyn ReadHistory>, Failure> {
        let http = |url: &str| {
            Http::new(url, HttpOptions::default()).hint("wanted http://host:port or https://host")
        };
        match (&self.paper, &self.hyperliquid) {
            (Some(url), _) => Ok(Box::new(PaperVenue::new(http(url)?))),
            (None, Some(address)) => {
                let network = if self.testnet {
                    HyperliquidNetwork::Testnet
                } else {
                    HyperliquidNetwork::Mainnet
                };
                let http = http(self.api.as_deref().unwrap_or_else(|| network.url()))?;
                let venue = Hyperliquid::new(http, address, moment::now, pause)
                    .hint("the address of the account itself, not of an agent or API wallet")?;
                Ok(Box::new(venue))
            }
            (None, None) => Err(Failure::new(anyhow::anyhow!("no venue"))
                .with_hint("name it with --paper or --hyperliquid")),
        }
    }
}

/// Reads a moment, or a span before now such as `30d`, as UTC nanoseconds.
pub(crate) fn moment_or_span(text: &str) -> Result<i64, String> {
    match span(text) {
        Ok(span) => {
            let ns = i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
            Ok(moment::now_ns().saturating_sub(ns))
        }
        Err(_) => moment::parse_ns(text).map_err(|error| format!("{error}, or a span such as 30d")),
    }
}

/// Reads `90s`, `30m`, `6h` or `7d`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no span, wanted 90s, 30m, 6h or 7d");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let secs: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = text.trim_end_matches(unit).parse().map_err(|_| wrong())?;
    count.checked_mul(secs).filter(|secs| *secs > 0).map(Duration::from_secs).ok_or_else(wrong)
}
