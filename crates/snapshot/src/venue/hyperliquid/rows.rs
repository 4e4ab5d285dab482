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
    pub(super) margin_summary: MarginSummary,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MarginSummary {
    /// With open profit and loss.
    pub(super) account_value: Decimal,
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
    pub(super) unrealized_pnl: Decimal,
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
    pub(super) fn side(&self) -> Result<Side, HoldingsError> {
        side_of(&self.side)
    }
}

/// `B` bids, `A` asks.
pub(super) fn side_of(text: &str) -> Result<Side, HoldingsError> {
    match text {
        "B" => Ok(Side::Buy),
        "A" => Ok(Side::Sell),
        other => Err(HoldingsError::new(format!("the venue has a side not known here: {other}"))),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct FillRow {
    pub(super) tid: u64,
    pub(super) time: i64,
}

/// A fill with everything that is known of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PastFillRow {
    pub(super) coin: String,
    pub(super) side: String,
    pub(super) px: Decimal,
    pub(super) sz: Decimal,
    pub(super) time: i64,
    pub(super) closed_pnl: Decimal,
    pub(super) oid: u64,
    pub(super) cloid: Option<String>,
    /// Took liquidity.
    pub(super) crossed: bool,
    pub(super) fee: Decimal,
    pub(super) fee_token: String,
    pub(super) tid: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct FundingRow {
    pub(super) time: i64,
    pub(super) delta: FundingDelta,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FundingDelta {
    pub(super) coin: String,
    pub(super) usdc: Decimal,
    pub(super) szi: Decimal,
    pub(super) funding_rate: Decimal,
}

#[derive(Debug, Deserialize)]
pub(super) struct LedgerRow {
    pub(super) time: i64,
    pub(super) hash: String,
    pub(super) delta: Delta,
}

/// How money moved.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Delta {
    AccountClassTransfer,
    Deposit {
        usdc: Decimal,
    },
    Withdraw {
        usdc: Decimal,
        fee: Decimal,
    },
    InternalTransfer {
        usdc: Decimal,
        user: String,
        fee: Decimal,
    },
    SubAccountTransfer {
        usdc: Decimal,
        user: String,
    },
    SpotTransfer {
        token: String,
        amount: Decimal,
        user: String,
        fee: Decimal,
    },
    RewardsClaim {
        amount: Decimal,
        token: Option<String>,
    },
    VaultDeposit {
        usdc: Decimal,
    },
    VaultWithdraw {
        net_withdrawn_usd: Decimal,
    },
    Liquidation,
    #[serde(other)]
    Other,
}

impl Delta {
    /// Its own word, which tells two movements of one transaction apart.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::AccountClassTransfer => "class",
            Self::Deposit { .. } => "deposit",
            Self::Withdraw { .. } => "withdraw",
            Self::InternalTransfer { .. } => "internal",
            Self::SubAccountTransfer { .. } => "sub-account",
            Self::SpotTransfer { .. } => "spot",
            Self::RewardsClaim { .. } => "rewards",
            Self::VaultDeposit { .. } => "vault-deposit",
            Self::VaultWithdraw { .. } => "vault-withdraw",
            Self::Liquidation => "liquidation",
            Self::Other => "other",
        }
    }
}

/// The last state of an order.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PastOrderRow {
    pub(super) order: OrderRow,
    pub(super) status: String,
    pub(super) status_timestamp: i64,
}
