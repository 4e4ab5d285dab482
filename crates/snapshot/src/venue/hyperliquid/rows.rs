//! The shapes of the info endpoint's replies, as far as they are needed.
//!
//! A field that is missing is an error: a position that cannot be read must not look like none.

use serde::Deserialize;

use super::super::{Decimal, HoldingsError, Side};

/// What an address is.
#[derive(Debug, Deserialize)]
#[serde(tag = "role", rename_all = "camelCase")]
pub(super) enum Role {
    User,
    Vault,
    SubAccount,
    Agent { data: AgentOf },
    Missing,
}

#[derive(Debug, Deserialize)]
pub(super) struct AgentOf {
    pub(super) user: String,
}

/// A perpetual exchange.
#[derive(Debug, Deserialize)]
pub(super) struct Dex {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubAccount {
    #[serde(rename = "subAccountUser")]
    pub(super) address: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClearinghouseState {
    pub(super) asset_positions: Vec<AssetPosition>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AssetPosition {
    #[serde(rename = "type")]
    pub(super) sort: String,
    pub(super) position: PositionRow,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PositionRow {
    pub(super) coin: String,
    pub(super) szi: Decimal,
    pub(super) entry_px: Option<Decimal>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SpotState {
    pub(super) balances: Vec<SpotBalance>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SpotBalance {
    pub(super) coin: String,
    pub(super) total: Decimal,
}

#[derive(Debug, Deserialize)]
pub(super) struct SpotMeta {
    pub(super) tokens: Vec<Token>,
    pub(super) universe: Vec<Pair>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Token {
    pub(super) name: String,
    pub(super) index: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) index: u64,
    pub(super) tokens: [u64; 2],
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderRow {
    pub(super) coin: String,
    side: String,
    pub(super) limit_px: Decimal,
    pub(super) sz: Decimal,
    pub(super) orig_sz: Decimal,
    pub(super) oid: u64,
    pub(super) is_trigger: bool,
    pub(super) trigger_px: Decimal,
    pub(super) reduce_only: bool,
    pub(super) order_type: String,
    pub(super) cloid: Option<String>,
}

impl OrderRow {
    /// `B` bids, `A` asks.
    pub(super) fn side(&self) -> Result<Side, HoldingsError> {
        match self.side.as_str() {
            "B" => Ok(Side::Buy),
            "A" => Ok(Side::Sell),
            other => {
                Err(HoldingsError::new(format!("the venue has a side not known here: {other}")))
            }
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct FillRow {
    pub(super) tid: u64,
    pub(super) time: i64,
}
