//! How large positions are at worst.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::{Place, Row, open_orders::SideQty};
use crate::rule::{OnAbsent, Rule};
use crate::state::nanos;

/// Columns that are needed besides labels.
pub(super) const COLUMNS: [&str; 6] =
    ["position_id", "qty", "mark_px", "mark_age_ms", "notional", "notional_base"];
/// A mark price that is older than this is none, unless rows come slowly.
const MARK_AGE_MAX: Duration = Duration::from_secs(10);
/// Where rules wait longer for rows, a mark may be this part of their wait old: 10 of the usual 30 s.
const MARK_PART: u32 = 3;

/// Positions and equities as last told.
#[derive(Debug)]
pub(super) struct Positions {
    mark_age_max: Duration,
    held: HashMap<Place, Held>,
    /// Equity by environment, mode and account.
    equity: HashMap<[String; 3], f64>,
}

/// Whether a rule is judged by marked positions, and says when they are not known any more.
fn reads_positions(rule: &Rule) -> bool {
    let queries = rule.measure.queries();
    rule.absent.then == OnAbsent::NoData
        && queries.iter().any(|query| query.metric.starts_with("position_at_risk."))
}

/// What is held of one instrument.
#[derive(Debug, Default)]
struct Held {
    /// Legs by who tells, strategy and position: in hedge mode an instrument has a long and a short one.
    legs: BTreeMap<LegKey, Leg>,
    /// What one base unit is worth in base currency.
    unit_value: Option<f64>,
    /// When that was so.
    marked_at: Option<SystemTime>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct LegKey {
    source: String,
    strategy_id: String,
    position_id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Leg {
    /// None: nobody knows.
    qty: Option<f64>,
    is_long: bool,
}

/// What was told, to keep over a restart.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    held: Vec<SavedHeld>,
    equity: Vec<([String; 3], f64)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedHeld {
    place: Place,
    legs: Vec<(LegKey, Leg)>,
    unit_value: Option<f64>,
    marked_at_ns: Option<i64>,
}

/// Sizes of a position: at worst, and as held.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AtRisk {
    qty: f64,
    qty_held: f64,
    unit_value: Option<f64>,
    equity: Option<f64>,
}

/// The size with its sign; none when side or size is not told.
pub(super) fn signed_qty(row: &Row<'_>) -> Option<f64> {
    let qty = row.number("qty")?;
    match row.label("position_side") {
        "long" => Some(qty),
        "short" => Some(-qty),
        "flat" => Some(0.0),
        _ => None,
    }
}

impl Positions {
    /// For rules: those about positions say how slowly rows may come.
    pub(super) fn new<'a>(rules: impl Iterator<Item = &'a Rule>) -> Self {
        let waits = rules.filter(|rule| reads_positions(rule)).map(|rule| rule.absent.after);
        let mark_age_max = waits.min().map_or(MARK_AGE_MAX, |wait| wait / MARK_PART);
        Self {
            mark_age_max: mark_age_max.max(MARK_AGE_MAX),
            held: HashMap::new(),
            equity: HashMap::new(),
        }
    }

    /// Equity of an account.
    pub(super) fn equity(&mut self, row: &Row<'_>) {
        if row.label("scope") == "account"
            && let Some(equity) = row.number("equity")
        {
            self.equity.insert(owner(&row.place()), equity);
        }
    }

    /// A position after a change, or as marked.
    pub(super) fn position(&mut self, row: &Row<'_>) {
        let held = self.held.entry(row.place()).or_default();
        let key = LegKey {
            source: row.label("source").to_owned(),
            strategy_id: row.label("strategy_id").to_owned(),
            position_id: row.text("position_id").to_owned(),
        };
        match signed_qty(row) {
            Some(signed) if signed != 0.0 => {
                held.legs.insert(key, Leg { qty: Some(signed.abs()), is_long: signed > 0.0 });
                held.mark(row, signed.abs());
            }
            Some(_) => drop(held.legs.remove(&key)),
            // Of unknown size: unknown until told.
            None => drop(held.legs.insert(key, Leg { qty: None, is_long: true })),
        }
    }

    pub(super) fn save(&self) -> Saved {
        let held = self.held.iter().map(|(place, held)| SavedHeld {
            place: place.clone(),
            legs: held.legs.iter().map(|(key, leg)| (key.clone(), *leg)).collect(),
            unit_value: held.unit_value,
            marked_at_ns: held.marked_at.map(nanos::of),
        });
        let mut held: Vec<SavedHeld> = held.collect();
        held.sort_by(|a, b| a.place.cmp(&b.place));
        // What is no number cannot be written, and says no more than nothing.
        let equity = self.equity.iter().filter(|(_, equity)| equity.is_finite());
        let mut equity: Vec<_> = equity.map(|(key, equity)| (key.clone(), *equity)).collect();
        equity.sort_by(|a, b| a.0.cmp(&b.0));
        Saved { held, equity }
    }

    pub(super) fn restore(&mut self, saved: Saved) {
        let held = saved.held.into_iter().map(|held| {
            let legs = held.legs.into_iter().collect();
            let marked_at = held.marked_at_ns.map(nanos::at);
            (held.place, Held { legs, unit_value: held.unit_value, marked_at })
        });
        self.held = held.collect();
        self.equity = saved.equity.into_iter().collect();
    }

    /// The places whose numbers a row changes.
    pub(super) fn touched(&self, row: &Row<'_>) -> Vec<Place> {
        match row.table {
            "position_changes" => vec![row.place()],
            "trading_orders" => Some(row.place())
                .filter(|place| !place.instrument_id.is_empty())
                .into_iter()
                .collect(),
            _ if row.label("scope") == "account" => {
                let of_row = owner(&row.place());
                self.held.keys().filter(|place| owner(place) == of_row).cloned().collect()
            }
            _ => Vec::new(),
        }
    }

    /// The position at worst: all legs together, and with the open orders of its side as if they were
    /// filled. Whoever tells of the larger one is believed.
    pub(super) fn at_risk(&self, place: &Place, orders: SideQty, at: SystemTime) -> AtRisk {
        let equity = self.equity.get(&owner(place)).copied();
        let Some(held) = self.held.get(place) else {
            let qty = orders.buy.max(orders.sell);
            return AtRisk { qty, qty_held: 0.0, unit_value: orders.unit_value, equity };
        };
        let mut by_source: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for (key, leg) in &held.legs {
            let sums = by_source.entry(&key.source).or_default();
            let side = if leg.is_long { &mut sums.0 } else { &mut sums.1 };
            *side += leg.qty.unwrap_or(f64::NAN);
        }
        let mut at_risk = AtRisk { equity, ..AtRisk::default() };
        let flat = std::iter::once((0.0, 0.0)).filter(|_| by_source.is_empty());
        for (long, short) in by_source.values().copied().chain(flat) {
            let gross = long + short;
            let same_side = match (long > 0.0, short > 0.0) {
                (true, false) => orders.buy,
                (false, true) => orders.sell,
                _ => orders.buy.max(orders.sell),
            };
            at_risk.qty_held = worse(at_risk.qty_held, gross);
            at_risk.qty = worse(at_risk.qty, gross + same_side);
        }
        let is_flat = at_risk.qty_held == 0.0;
        let mark = held.unit_value.filter(|_| is_flat || held.is_marked(at, self.mark_age_max));
        at_risk.unit_value = mark.or(orders.unit_value.filter(|_| is_flat));
        at_risk
    }
}

impl Held {
    fn mark(&mut self, row: &Row<'_>, qty: f64) {
        let notional = row.number("notional_base").or_else(|| row.number("notional"));
        let value = notional.map(|notional| notional.abs() / qty).or_else(|| row.number("mark_px"));
        if value.is_some() {
            let age = row.number("mark_age_ms").map_or(0.0, |age| age / 1e3);
            let age = Duration::try_from_secs_f64(age).unwrap_or_default();
            self.unit_value = value;
            self.marked_at = row.at.checked_sub(age);
        }
    }

    /// Whether the mark was young enough at a moment; one from later is.
    fn is_marked(&self, at: SystemTime, age_max: Duration) -> bool {
        let age = self.marked_at.map(|marked_at| at.duration_since(marked_at).unwrap_or_default());
        age.is_some_and(|age| age <= age_max)
    }
}

impl AtRisk {
    /// One of the numbers; no number where a mark or an equity is missing.
    pub(super) fn column(&self, name: &str) -> Option<f64> {
        let (name, qty) = match name.strip_suffix("_held") {
            Some(name) => (name, self.qty_held),
            None => (name, self.qty),
        };
        // Nothing is worth nothing, whatever its price.
        let notional = match self.unit_value {
            _ if qty == 0.0 => 0.0,
            Some(value) => qty * value,
            None => f64::NAN,
        };
        match name {
            "qty" => Some(qty),
            "notional" => Some(notional),
            "equity_ratio" if notional == 0.0 => Some(0.0),
            "equity_ratio" => Some(match self.equity {
                Some(equity) if equity > 0.0 => notional / equity,
                // Anything is too much for nothing.
                Some(equity) if equity <= 0.0 && notional > 0.0 => f64::INFINITY,
                _ => f64::NAN,
            }),
            _ => None,
        }
    }
}

/// The larger one; what is no number is worse than any.
fn worse(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

fn owner(place: &Place) -> [String; 3] {
    [place.env.clone(), place.mode.clone(), place.account_id.clone()]
}
