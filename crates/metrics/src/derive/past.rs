//! What a store remembers of peaks, days and positions, from its newest rows.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::About;
use crate::risk::{Beginning, Derived, Known, Owner};

/// Columns of `trading_risk`, in the order of [`RiskRow`].
pub(crate) const RISK_COLUMNS: &str = "scope, account_id, strategy_id, equity, peak_equity, \
     day_start_equity, net_cashflow, session_start, ts";

/// Columns of `position_changes`, in the order of [`Past::position`].
pub(crate) const POSITION_COLUMNS: &str = "account_id, strategy_id, instrument_id, venue, \
     position_id, position_side, notional_base";

/// A row of `trading_risk`.
#[derive(Debug)]
pub(crate) struct RiskRow<'r> {
    /// Scope, account and strategy.
    pub(crate) labels: [&'r str; 3],
    /// Equity, its peak, that of the day's start, and flows since.
    pub(crate) numbers: [Option<f64>; 4],
    /// Start of the day, ns; a row without was written while nothing was known.
    pub(crate) session_start: Option<i64>,
    pub(crate) ts: i64,
}

/// Equities after the newest row that says more than that.
#[derive(Debug)]
struct Bare {
    ts: i64,
    highest: f64,
    last: f64,
}

/// Gathers rows, newest first: what comes first of an owner or a position counts.
#[derive(Debug, Default)]
pub(crate) struct Past {
    owners: BTreeMap<Owner, Known>,
    told_at: HashMap<Owner, i64>,
    bare: BTreeMap<Owner, Bare>,
    placed: HashSet<(Owner, String)>,
}

impl Past {
    pub(crate) fn risk(&mut self, row: &RiskRow<'_>) {
        let [scope, account_id, strategy_id] = row.labels.map(str::to_owned);
        let [equity, peak_equity, day_start_equity, net_cashflow] = row.numbers;
        let owner = Owner { scope, account_id, strategy_id };
        if row.session_start.is_some() {
            self.told_at.entry(owner.clone()).or_insert(row.ts);
            let derived = Derived {
                peak_equity,
                day_start_equity,
                net_cashflow,
                session_start: row.session_start,
                ..Derived::default()
            };
            self.owners.entry(owner).or_insert_with(|| Known::stored(&derived, equity));
        } else if let Some(equity) = equity
            && self.told_at.get(&owner).is_none_or(|told_at| *told_at < row.ts)
        {
            let bare = Bare { ts: row.ts, highest: equity, last: equity };
            let bare = self.bare.entry(owner).or_insert(bare);
            bare.highest = bare.highest.max(equity);
        }
    }

    /// A row of `position_changes`, after all rows of risk.
    pub(crate) fn position(
        &mut self,
        labels: [&str; 4],
        id: Option<&str>,
        side: &str,
        notional: Option<f64>,
    ) {
        let names = ["account_id", "strategy_id", "instrument_id", "venue"];
        let labels = names.iter().zip(labels).map(|(n, l)| ((*n).to_owned(), l.to_owned()));
        let about = About::of(&labels.collect::<Vec<_>>());
        let position = about.position(id);
        let signed = match side {
            "flat" => Some(0.0),
            "short" => notional.map(|n| -n.abs()),
            _ => notional.map(f64::abs),
        };
        for owner in about.touched {
            if self.placed.insert((owner.clone(), position.clone())) {
                self.owners.entry(owner).or_default().put_position(&position, signed);
            }
        }
    }

    /// What was before. Flows between rows of equity alone are not looked for.
    pub(crate) fn done(mut self, session_offset_ns: i64) -> Beginning {
        for (owner, bare) in self.bare {
            let known = self.owners.entry(owner).or_default();
            for equity in [bare.highest, bare.last] {
                known.take_equity_at(equity, bare.ts, session_offset_ns);
            }
        }
        Beginning::Known(self.owners)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ts: i64, equity: f64, peak_equity: Option<f64>) -> RiskRow<'static> {
        RiskRow {
            labels: ["account", "HL-main", ""],
            numbers: [Some(equity), peak_equity, Some(100.0), Some(0.0)],
            session_start: peak_equity.map(|_| 0),
            ts,
        }
    }

    /// Drawdown at the next equity after rows, newest first.
    fn check(rows: &[RiskRow<'_>], equity: f64) -> Option<f64> {
        let mut past = Past::default();
        rows.iter().for_each(|row| past.risk(row));
        let mut state = crate::risk::RiskState::default();
        state.settle(past.done(0));
        let owner = Owner {
            scope: "account".into(),
            account_id: "HL-main".into(),
            strategy_id: String::new(),
        };
        state.equity(&owner, equity, 99, 0)?.drawdown_ratio
    }

    #[test]
    fn rows_of_a_life_that_did_not_know_its_past_count_by_their_equity() {
        let told = || row(1, 91.0, Some(100.0));
        assert_eq!(check(&[told()], 90.0), Some(0.1));
        assert_eq!(check(&[row(2, 95.0, None), told()], 90.0), Some(0.1));
        assert_eq!(check(&[row(3, 110.0, None), row(2, 120.0, None), told()], 90.0), Some(0.25));
        assert_eq!(check(&[row(3, 91.0, None), row(2, 100.0, None)], 90.0), Some(0.1));
        assert_eq!(check(&[told(), row(0, 500.0, None)], 90.0), Some(0.1));
    }
}
