//! Where cache and venue disagree.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Decimal, Holdings, OpenOrder};

/// Something in which a cache and a venue disagree. The venue is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Disagreement {
    /// The net position in an instrument.
    Position {
        /// Which instrument.
        instrument_id: String,
        /// How much the cache says, signed; zero if nothing.
        cache: Decimal,
        /// How much the venue says, signed; zero if nothing.
        venue: Decimal,
    },
    /// An order is open at the venue, and the cache does not know it or has closed it.
    OnlyAtVenue {
        /// The order.
        order: OpenOrder,
    },
    /// An order is open in the cache, and not at the venue.
    OnlyInCache {
        /// The order.
        order: OpenOrder,
    },
    /// Both have the order open and say something different of it.
    Order {
        /// As the cache has it.
        cache: Box<OpenOrder>,
        /// As the venue has it.
        venue: Box<OpenOrder>,
    },
    /// The cache has sent an order and knows no answer.
    InFlight {
        /// The client's id.
        client_order_id: String,
    },
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |order: &OpenOrder| {
            let id = order.client_order_id.as_ref().or(order.venue_order_id.as_ref());
            format!("{} {}", order.instrument_id, id.map_or("without an id", String::as_str))
        };
        match self {
            Self::Position { instrument_id, cache, venue } => {
                write!(f, "{instrument_id}: cache {cache}, venue {venue}")
            }
            Self::OnlyAtVenue { order } => write!(f, "order {} is only at the venue", name(order)),
            Self::OnlyInCache { order } => write!(f, "order {} is only in the cache", name(order)),
            Self::Order { cache, venue } => write!(
                f,
                "order {}: {} left in the cache, {} at the venue",
                name(venue),
                cache.leaves_qty,
                venue.leaves_qty
            ),
            Self::InFlight { client_order_id } => {
                write!(f, "order {client_order_id} was sent and has no answer")
            }
        }
    }
}

/// Returns everything in which a cache disagrees with a venue.
///
/// - **Positions** are compared net per instrument over all accounts and exactly.
/// - **Orders** are paired by the client's id, and where there is none by the venue's.
#[must_use]
pub fn disagreements(cache: &Holdings, venue: &Holdings) -> Vec<Disagreement> {
    let mut found = Vec::new();
    let (in_cache, at_venue) = (net(cache), net(venue));
    let mut instruments: Vec<&String> = in_cache.keys().chain(at_venue.keys()).collect();
    instruments.sort();
    instruments.dedup();
    for instrument in instruments {
        let of = |net: &BTreeMap<String, Decimal>| net.get(instrument).copied().unwrap_or_default();
        let (cache, venue) = (of(&in_cache), of(&at_venue));
        if cache != venue {
            let instrument_id = instrument.clone();
            found.push(Disagreement::Position { instrument_id, cache, venue });
        }
    }
    let mut left: Vec<&OpenOrder> = cache.open_orders.iter().collect();
    for order in &venue.open_orders {
        let Some(index) = left.iter().position(|other| is_same(other, order)) else {
            found.push(Disagreement::OnlyAtVenue { order: order.clone() });
            continue;
        };
        let other = left.remove(index);
        if (other.side, other.leaves_qty) != (order.side, order.leaves_qty) {
            found.push(Disagreement::Order {
                cache: Box::new(other.clone()),
                venue: Box::new(order.clone()),
            });
        }
    }
    found.extend(left.into_iter().map(|order| Disagreement::OnlyInCache { order: order.clone() }));
    found.extend(
        cache.in_flight.iter().map(|id| Disagreement::InFlight { client_order_id: id.clone() }),
    );
    found
}

/// Sums of positions by instrument. A sum that is too long to be true counts as none, and so
/// disagrees with the other side.
fn net(holdings: &Holdings) -> BTreeMap<String, Decimal> {
    let mut net: BTreeMap<String, Decimal> = BTreeMap::new();
    for position in &holdings.positions {
        let sum = net.entry(position.instrument_id.clone()).or_default();
        *sum = sum.checked_add(position.signed_qty).unwrap_or_default();
    }
    net
}

fn is_same(one: &OpenOrder, other: &OpenOrder) -> bool {
    let both =
        |a: &Option<String>, b: &Option<String>| matches!((a, b), (Some(a), Some(b)) if a == b);
    both(&one.client_order_id, &other.client_order_id)
        || both(&one.venue_order_id, &other.venue_order_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::{Position, Side};

    fn position(instrument: &str, qty: &str) -> Position {
        Position::new("A", instrument, qty.parse().unwrap())
    }

    fn order(id: &str, leaves: &str) -> OpenOrder {
        let mut order = OpenOrder::new("A", "BTC", Side::Buy, "2".parse().unwrap());
        order.client_order_id = Some(id.to_owned());
        order.leaves_qty = leaves.parse().unwrap();
        order
    }

    #[track_caller]
    fn check(cache: &Holdings, venue: &Holdings, wanted: &[&str]) {
        let found: Vec<String> =
            disagreements(cache, venue).iter().map(ToString::to_string).collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn what_differs_is_named_and_what_agrees_is_not() {
        let of =
            |positions, open_orders| Holdings { positions, open_orders, ..Holdings::default() };
        let same = of(vec![position("BTC", "1.50")], vec![order("1", "2")]);
        check(&same, &of(vec![position("BTC", "1.5")], vec![order("1", "2.0")]), &[]);
        // Two legs of one instrument count together.
        let legs = of(vec![position("BTC", "2"), position("BTC", "-0.5")], vec![order("1", "2")]);
        check(&legs, &same, &[]);
        check(
            &same,
            &Holdings::default(),
            &["BTC: cache 1.5, venue 0", "order BTC 1 is only in the cache"],
        );
        check(
            &Holdings::default(),
            &same,
            &["BTC: cache 0, venue 1.5", "order BTC 1 is only at the venue"],
        );
        let filled = of(vec![position("BTC", "1.5")], vec![order("1", "0.5")]);
        check(&same, &filled, &["order BTC 1: 2 left in the cache, 0.5 at the venue"]);
        let sent = Holdings { in_flight: vec!["9".to_owned()], ..same.clone() };
        check(&sent, &same, &["order 9 was sent and has no answer"]);
    }
}
