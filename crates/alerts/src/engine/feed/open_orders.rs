//! Orders that may still be filled.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Place, Row};

/// Columns that are needed besides labels.
pub(super) const COLUMNS: [&str; 6] =
    ["client_order_id", "qty", "px", "cum_qty", "leaves_qty", "reduce_only"];
/// Most open orders that are followed; more are not counted.
const ORDERS_MAX: usize = 100_000;
/// Transitions after which an order cannot be filled any more.
const ENDS: [&str; 6] = ["denied", "rejected", "canceled", "expired", "filled", "liquidated"];

/// Open orders by their account and id.
#[derive(Debug, Default)]
pub(super) struct OpenOrders {
    orders: HashMap<(String, String), Order>,
    sums: HashMap<Place, SideQty>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    place: Place,
    is_buy: bool,
    leaves_qty: f64,
    is_reducing: bool,
}

/// Accounts, ids and orders, and the newest price of each place.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    orders: Vec<(String, String, Order)>,
    unit_values: Vec<(Place, f64)>,
}

/// What would be added on each side.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct SideQty {
    pub(super) buy: f64,
    pub(super) sell: f64,
    /// Price of the newest order, where no position has told a mark.
    pub(super) unit_value: Option<f64>,
}

impl OpenOrders {
    pub(super) fn order(&mut self, row: &Row<'_>) {
        let id = row.text("client_order_id");
        if id.is_empty() {
            return;
        }
        let key = (row.label("account_id").to_owned(), id.to_owned());
        let before = self.orders.remove(&key);
        if let Some(before) = &before {
            self.add(before, -before.leaves_qty);
        }
        if ENDS.contains(&row.label("event")) || self.orders.len() >= ORDERS_MAX {
            return;
        }
        let known = before.as_ref();
        let leaves = row
            .number("leaves_qty")
            .or_else(|| row.number("qty").map(|qty| qty - row.number("cum_qty").unwrap_or(0.0)));
        let is_reducing = row.number("reduce_only").map(|is| is != 0.0);
        let order = Order {
            place: row.place(),
            is_buy: row.label("side") == "buy",
            leaves_qty: leaves.or(known.map(|order| order.leaves_qty)).unwrap_or(0.0).max(0.0),
            is_reducing: is_reducing.or(known.map(|order| order.is_reducing)).unwrap_or(false),
        };
        self.add(&order, order.leaves_qty);
        if let Some(px) = row.number("px") {
            self.sums.entry(order.place.clone()).or_default().unit_value = Some(px);
        }
        self.orders.insert(key, order);
    }

    pub(super) fn save(&self) -> Saved {
        let orders = self.orders.iter();
        let orders =
            orders.map(|((account, id), order)| (account.clone(), id.clone(), order.clone()));
        let mut orders: Vec<_> = orders.collect();
        orders.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        let values = self.sums.iter().filter_map(|(place, sums)| {
            Some((place.clone(), sums.unit_value.filter(|value| value.is_finite())?))
        });
        let mut unit_values: Vec<_> = values.collect();
        unit_values.sort_by(|a, b| a.0.cmp(&b.0));
        Saved { orders, unit_values }
    }

    pub(super) fn restored(saved: Saved) -> Self {
        let mut new = Self::default();
        for (account, id, order) in saved.orders {
            new.add(&order, order.leaves_qty);
            new.orders.insert((account, id), order);
        }
        for (place, value) in saved.unit_values {
            new.sums.entry(place).or_default().unit_value = Some(value);
        }
        new
    }

    fn add(&mut self, order: &Order, qty: f64) {
        // What can only reduce a position makes none larger.
        if order.is_reducing {
            return;
        }
        let sums = self.sums.entry(order.place.clone()).or_default();
        let side = if order.is_buy { &mut sums.buy } else { &mut sums.sell };
        *side += qty;
        // Subtracting leaves a rest behind that is no order.
        if side.abs() < 1e-12 {
            *side = 0.0;
        }
    }

    /// Open orders of an instrument.
    pub(super) fn at(&self, place: &Place) -> SideQty {
        self.sums.get(place).copied().unwrap_or_default()
    }
}
