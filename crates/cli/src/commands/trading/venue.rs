//! What the venue says, beside what was wanted.

use std::fmt::Write as _;

use plimsoll_snapshot::capture::Positions;
use plimsoll_snapshot::venue::{Holdings, OpenOrder, disagreements};
use serde_json::{Value, json};

use crate::failure::causes;

/// What should be gone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Orders that can open a position.
    pub(super) no_orders: bool,
    /// Positions.
    pub(super) flat: bool,
}

/// What an account holds.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) name: String,
    venue: String,
    holdings: Option<Holdings>,
    /// Why it could not be read.
    pub(super) unread: Option<String>,
    /// In what cache and venue disagree.
    pub(super) disagreements: Vec<String>,
    /// What should be gone and is not.
    pub(super) wrong: Vec<String>,
}

pub(super) fn look(accounts: &mut [(String, Positions)], wanted: &Wanted) -> Vec<Held> {
    accounts.iter_mut().map(|(name, account)| one(name, account, wanted)).collect()
}

fn one(name: &str, account: &mut Positions, wanted: &Wanted) -> Held {
    let mut held = Held {
        name: name.to_owned(),
        venue: account.venue_name(),
        holdings: None,
        unread: None,
        disagreements: Vec::new(),
        wrong: Vec::new(),
    };
    let (venue, cache) = match account.settled() {
        Ok(settled) => settled,
        Err(error) => {
            held.unread = Some(format!("{name}: {}", causes(&error)));
            return held;
        }
    };
    if let Some(cache) = cache {
        held.disagreements =
            disagreements(&cache, &venue).iter().map(ToString::to_string).collect();
    }
    if wanted.no_orders {
        let opening = venue.open_orders.iter().filter(|order| !order.reduce_only);
        held.wrong.extend(opening.map(|order| format!("open order {}", order_text(order))));
    }
    if wanted.flat {
        let still = |p: &plimsoll_snapshot::venue::Position| {
            format!("position {} {}", p.signed_qty, p.instrument_id)
        };
        held.wrong.extend(venue.positions.iter().map(still));
    }
    held.holdings = Some(venue);
    held
}

fn order_text(order: &OpenOrder) -> String {
    let id = order.client_order_id.as_deref().or(order.venue_order_id.as_deref()).unwrap_or("-");
    let side = format!("{:?}", order.side).to_lowercase();
    format!("{id}: {side} {} {}", order.leaves_qty, order.instrument_id)
}

impl Held {
    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name, "venue": self.venue, "holdings": self.holdings,
            "unread": self.unread, "disagreements": self.disagreements, "wrong": self.wrong,
        })
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a text does not fail.
        let mut line = |what: String| writeln!(text, "{what}").unwrap_or_default();
        if let Some(why) = &self.unread {
            line(format!("{} at {}: not known what is held: {why}", self.name, self.venue));
        }
        if let Some(holdings) = &self.holdings {
            line(format!(
                "{} at {}: {} positions, {} open orders",
                self.name,
                self.venue,
                holdings.positions.len(),
                holdings.open_orders.len()
            ));
            for position in &holdings.positions {
                line(format!("  position {} {}", position.signed_qty, position.instrument_id));
            }
            for order in &holdings.open_orders {
                line(format!("  order {}", order_text(order)));
            }
        }
        for disagreement in &self.disagreements {
            line(format!("  cache and venue disagree: {disagreement}"));
        }
        for wrong in &self.wrong {
            line(format!("  still there: {wrong}"));
        }
        text
    }
}
