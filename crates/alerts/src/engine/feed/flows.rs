//! Money that came and went, for each owner whose equity it changes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Row;

/// Columns that are needed besides labels.
pub(super) const COLUMNS: [&str; 1] = ["amount_base"];
/// Most owners that are followed.
const OWNERS_MAX: usize = 10_000;

/// Owners of equity that have told of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Flows {
    owners: BTreeSet<Owner>,
}

/// What rows of equity are labeled with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Owner {
    env: String,
    mode: String,
    scope: String,
    account_id: String,
    strategy_id: String,
}

impl Flows {
    /// Somebody told of an equity.
    pub(super) fn equity(&mut self, row: &Row<'_>) {
        let owner = Owner::of(row);
        if self.owners.len() < OWNERS_MAX && !self.owners.contains(&owner) {
            self.owners.insert(owner);
        }
    }

    /// The labels of each owner whose equity a flow changes: the account's, the strategy's that it
    /// names, and of everything together. A strategy has no part in what its account is paid.
    pub(super) fn owners<'a>(
        &'a self,
        row: &Row<'a>,
    ) -> impl Iterator<Item = [(&'static str, &'a str); 6]> {
        let (flow, kind) = (Owner::of(row), row.label("kind"));
        let owners = self.owners.iter().filter(move |owner| {
            let is_of = |own: &str, theirs: &str| own.is_empty() || own == theirs;
            owner.env == flow.env
                && owner.mode == flow.mode
                && is_of(&owner.account_id, &flow.account_id)
                && (owner.scope == "account" || is_of(&owner.strategy_id, &flow.strategy_id))
        });
        owners.map(move |owner| {
            [
                ("env", owner.env.as_str()),
                ("mode", owner.mode.as_str()),
                ("scope", owner.scope.as_str()),
                ("account_id", owner.account_id.as_str()),
                ("strategy_id", owner.strategy_id.as_str()),
                ("kind", kind),
            ]
        })
    }
}

impl Owner {
    fn of(row: &Row<'_>) -> Self {
        // `-` stands for none where a label is part of a key.
        let of = |name: &str| Some(row.label(name)).filter(|text| *text != "-").unwrap_or_default();
        Self {
            env: of("env").to_owned(),
            mode: of("mode").to_owned(),
            scope: of("scope").to_owned(),
            account_id: of("account_id").to_owned(),
            strategy_id: of("strategy_id").to_owned(),
        }
    }
}
