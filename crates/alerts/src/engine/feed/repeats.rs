//! Orders that repeat each other.

use std::collections::{HashMap, VecDeque};

use super::{Place, Row};

/// Columns that are needed besides labels.
pub(super) const COLUMNS: [&str; 2] = ["qty", "px"];
const SECOND_NS: i64 = 1_000_000_000;
/// Most orders of one second that are compared.
const ORDERS_MAX: usize = 1_000;

/// Orders sent in the last second, by where.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    sent: HashMap<Place, VecDeque<Sent>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Sent {
    at: i64,
    is_buy: bool,
    qty: f64,
    px: Option<f64>,
}

impl Repeats {
    /// How many orders like this one were sent within a second, this one included; none when the row
    /// is no order that is sent.
    #[expect(clippy::cast_precision_loss, reason = "a count of a thousand at most")]
    pub(super) fn order(&mut self, row: &Row<'_>, at: i64) -> Option<f64> {
        if row.label("event") != "submitted" {
            return None;
        }
        let is_buy = row.label("side") == "buy";
        let new = Sent { at, is_buy, qty: row.number("qty")?, px: row.number("px") };
        let sent = self.sent.entry(row.place()).or_default();
        while sent.front().is_some_and(|first| at.saturating_sub(first.at) >= SECOND_NS)
            || sent.len() >= ORDERS_MAX
        {
            sent.pop_front();
        }
        sent.push_back(new);
        let alike = |other: &&Sent| Sent { at, ..**other } == new;
        Some(sent.iter().filter(alike).count() as f64)
    }
}
