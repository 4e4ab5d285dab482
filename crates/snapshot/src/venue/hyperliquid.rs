//! Hyperliquid, by its public info endpoint: read only.
//!
//! What looks flat there and is not: the address of an agent (an API wallet) has nothing of its
//! own and answers with empty lists, so the role of every address is asked first; positions are
//! kept apart for each of the perpetual exchanges that others run on it, for spot, and for each
//! sub-account; and a reply about a span of time holds at most so many entries.

mod ask;
mod history;
mod rows;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::{Balance, Decimal, Holdings, HoldingsError, OpenOrder, Position, ReadHoldings};
use crate::http::Fetch;

use ask::{Ask, Spent};
use rows::{ClearinghouseState, FillRow, OrderRow, Role, SpotMeta};

/// How many fills a reply has at most, by the venue's documentation.
const FILLS_PAGE_LEN: usize = 500;
/// Pages of fills that are asked for before giving up.
const FILL_PAGES_MAX: usize = 40;
/// Fills are looked for that long back.
const FILLS_SPAN: Duration = Duration::from_secs(7 * 86_400);

/// Which of the two networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HyperliquidNetwork {
    /// The one with real money.
    Mainnet,
    /// The one for tests.
    Testnet,
}

impl HyperliquidNetwork {
    /// Returns the URL of its API.
    #[must_use]
    pub fn url(self) -> &'static str {
        match self {
            Self::Mainnet => "https://api.hyperliquid.xyz",
            Self::Testnet => "https://api.hyperliquid-testnet.xyz",
        }
    }
}

/// Reads an account at Hyperliquid: positions and open orders of every perpetual exchange, spot
/// balances and orders, and the same of every sub-account.
///
/// Instruments are named as `NautilusTrader` does: `BTC-USD-PERP.HYPERLIQUID`,
/// `xyz:GOLD-USD-PERP.HYPERLIQUID`, `PURR-USDC-SPOT.HYPERLIQUID`.
pub struct Hyperliquid {
    fetch: Box<dyn Fetch>,
    address: String,
    clock: fn() -> SystemTime,
    spent: Spent,
}

impl std::fmt::Debug for Hyperliquid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hyperliquid({} at {})", self.address, self.fetch.server())
    }
}

impl Hyperliquid {
    /// The account of an address such as `0x0123..`, 40 hexadecimal digits.
    ///
    /// `clock` reads the present, `pause` waits: the venue takes requests of a weight of 1,200 a
    /// minute, and this waits rather than exceed that.
    ///
    /// # Errors
    ///
    /// If the text is no address.
    pub fn new(
        fetch: impl Fetch + 'static,
        address: &str,
        clock: fn() -> SystemTime,
        pause: fn(Duration),
    ) -> Result<Self, HoldingsError> {
        let digits = address.strip_prefix("0x").unwrap_or_default();
        if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(HoldingsError::new(format!(
                "`{}` is no address, wanted 0x and 40 hexadecimal digits",
                address.chars().take(50).collect::<String>()
            )));
        }
        let address = address.to_ascii_lowercase();
        Ok(Self { fetch: Box::new(fetch), address, clock, spent: Spent::new(clock, pause) })
    }

    fn ask(&mut self) -> Ask<'_> {
        Ask { fetch: self.fetch.as_mut(), spent: &mut self.spent }
    }

    /// Refuses an address whose emptiness would say nothing.
    fn check_role(&mut self) -> Result<(), HoldingsError> {
        let address = self.address.clone();
        match self.ask().role(&address)? {
            Role::User | Role::Vault | Role::SubAccount => Ok(()),
            Role::Agent { data } => Err(HoldingsError::new(format!(
                "`{address}` is an agent, which holds nothing itself and looks flat: use the \
                 account it trades for, {}",
                data.user
            ))),
            Role::Missing => Err(HoldingsError::new(format!(
                "the venue does not know `{address}`: is it the right network and the right address?"
            ))),
        }
    }

    fn read(&mut self) -> Result<Holdings, HoldingsError> {
        self.check_role()?;
        let address = self.address.clone();
        let dexes = self.ask().dexes()?;
        let names = Names { spot: self.ask().spot_meta()?.names()? };
        let mut accounts = vec![address.clone()];
        accounts.extend(self.ask().sub_accounts(&address)?.into_iter().map(|sub| sub.address));
        let mut holdings = Holdings::default();
        for account in &accounts {
            for dex in &dexes {
                let state = self.ask().clearinghouse(account, &dex.name)?;
                add_positions(&mut holdings, account, state)?;
                let orders = self.ask().open_orders(account, &dex.name)?;
                for row in orders {
                    let order = row.order(account, &names)?;
                    // The first exchange lists spot orders too.
                    if !holdings.open_orders.contains(&order) {
                        holdings.open_orders.push(order);
                    }
                }
            }
            let spot = self.ask().spot(account)?;
            holdings.balances.extend(spot.balances.into_iter().map(|row| Balance {
                account_id: account.clone(),
                currency: row.coin,
                total: row.total,
            }));
        }
        holdings.last_fill = self.last_fill(&accounts)?;
        Ok(holdings.sorted())
    }

    /// The last fill of all accounts.
    fn last_fill(&mut self, accounts: &[String]) -> Result<Option<(String, i64)>, HoldingsError> {
        let now = (self.clock)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let ms = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let mut last: Option<(String, i64)> = None;
        for account in accounts {
            let fills = self.fills_since(account, ms(now.saturating_sub(FILLS_SPAN)))?;
            let newest = fills.into_iter().max_by_key(|fill| (fill.time, fill.tid));
            if let Some(fill) = newest.filter(|fill| last.as_ref().is_none_or(|l| fill.time > l.1))
            {
                last = Some((fill.tid.to_string(), fill.time));
            }
        }
        Ok(last)
    }

    /// All fills since a moment, page by page: the next page begins at the time of the last
    /// entry, so that entries of one millisecond come twice and none is left out.
    fn fills_since(&mut self, account: &str, since_ms: i64) -> Result<Vec<FillRow>, HoldingsError> {
        let mut fills: BTreeMap<u64, FillRow> = BTreeMap::new();
        let mut from = since_ms;
        for _ in 0..FILL_PAGES_MAX {
            let page = self.ask().fills(account, from)?;
            let is_last = page.len() < FILLS_PAGE_LEN;
            let newest = page.iter().map(|fill| fill.time).max();
            let known = fills.len();
            fills.extend(page.into_iter().map(|fill| (fill.tid, fill)));
            if is_last {
                return Ok(fills.into_values().collect());
            }
            // A whole page of one millisecond: there is no way to ask for the rest of it.
            if fills.len() == known || newest == Some(from) {
                break;
            }
            from = newest.unwrap_or(from);
        }
        Err(HoldingsError::new(format!(
            "the fills of `{account}` are more than can be read: {} so far",
            fills.len()
        )))
    }
}

impl ReadHoldings for Hyperliquid {
    fn name(&self) -> String {
        format!("Hyperliquid account {} at {}", self.address, self.fetch.server())
    }

    fn holdings(&mut self) -> Result<Holdings, HoldingsError> {
        self.read()
    }
}

/// Names of instruments by what the venue calls a coin.
struct Names {
    /// `@142` or `PURR/USDC`, and the symbol of that pair.
    spot: BTreeMap<String, String>,
}

impl Names {
    fn instrument_id(&self, coin: &str) -> Result<String, HoldingsError> {
        if let Some(symbol) = self.spot.get(coin) {
            return Ok(format!("{symbol}-SPOT.HYPERLIQUID"));
        }
        if coin.starts_with(['@', '#']) || coin.contains('/') {
            return Err(HoldingsError::new(format!("the venue names no pair `{coin}`")));
        }
        Ok(perpetual(coin))
    }
}

fn perpetual(coin: &str) -> String {
    format!("{coin}-USD-PERP.HYPERLIQUID")
}

fn add_positions(
    holdings: &mut Holdings,
    account: &str,
    state: ClearinghouseState,
) -> Result<(), HoldingsError> {
    for entry in state.asset_positions {
        if entry.sort != "oneWay" {
            let what = format!("the venue has a sort of position not known here: {}", entry.sort);
            return Err(HoldingsError::new(what));
        }
        let row = entry.position;
        if row.szi == Decimal::ZERO {
            continue;
        }
        let mut position = Position::new(account, &perpetual(&row.coin), row.szi);
        position.avg_px = row.entry_px;
        holdings.positions.push(position);
    }
    Ok(())
}

impl OrderRow {
    fn order(self, account: &str, names: &Names) -> Result<OpenOrder, HoldingsError> {
        let instrument = names.instrument_id(&self.coin)?;
        let side = self.side()?;
        // A stop of a whole position has no quantity of its own.
        let mut order = OpenOrder::new(account, &instrument, side, self.orig_sz);
        order.leaves_qty = self.sz;
        order.venue_order_id = Some(self.oid.to_string());
        order.client_order_id = self.cloid;
        order.order_type = self.order_type;
        order.reduce_only = self.reduce_only;
        order.px = Some(self.limit_px);
        order.trigger_px = if self.is_trigger { Some(self.trigger_px) } else { None };
        Ok(order)
    }
}

impl SpotMeta {
    fn names(self) -> Result<BTreeMap<String, String>, HoldingsError> {
        let tokens: BTreeMap<u64, String> =
            self.tokens.into_iter().map(|token| (token.index, token.name)).collect();
        let mut names = BTreeMap::new();
        for pair in self.universe {
            let [base, quote] = pair.tokens;
            let name = |index| {
                tokens.get(&index).ok_or_else(|| {
                    HoldingsError::new(format!(
                        "the venue's pair `{}` has a token without a name",
                        pair.name
                    ))
                })
            };
            let symbol = format!("{}-{}", name(base)?, name(quote)?);
            names.insert(format!("@{}", pair.index), symbol.clone());
            names.insert(pair.name.clone(), symbol);
        }
        Ok(names)
    }
}
