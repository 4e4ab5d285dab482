//! What the accounts hold, before and after.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::capture::Positions;
use crate::plan::StepError;
use crate::store::chain;
use crate::venue::{Holdings, disagreements};

/// What each account holds at its venue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held(BTreeMap<String, Holdings>);

/// Reads all accounts, each until it stands still.
pub(super) fn read(accounts: &mut [(String, Positions)]) -> Result<Held, StepError> {
    let mut held = Held::default();
    for (name, account) in accounts {
        let (venue, _) = account.settled().map_err(|error| unread(name, &error))?;
        held.0.insert(name.clone(), venue);
    }
    Ok(held)
}

/// As [`read`], and cache and venue have to agree.
pub(super) fn read_agreeing(accounts: &mut [(String, Positions)]) -> Result<Held, StepError> {
    let mut held = Held::default();
    for (name, account) in accounts {
        let (venue, cache) = account.settled().map_err(|error| unread(name, &error))?;
        let found = cache.map(|cache| disagreements(&cache, &venue)).unwrap_or_default();
        if !found.is_empty() {
            let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
            let why = format!("cache and venue of `{name}` disagree: {}", shown.join("; "));
            return Err(StepError::new(why));
        }
        held.0.insert(name.clone(), venue);
    }
    Ok(held)
}

fn unread(name: &str, error: &(dyn std::error::Error + 'static)) -> StepError {
    StepError::new(format!("it is not known what `{name}` holds: {}", chain(error)))
}

impl Held {
    /// Says what is held, for people.
    pub(super) fn text(&self) -> String {
        let one = |(name, held): (&String, &Holdings)| {
            let count = held.open_orders.len();
            let positions: Vec<String> = held
                .positions
                .iter()
                .map(|p| format!("{} {}", p.signed_qty, p.instrument_id))
                .collect();
            let positions =
                if positions.is_empty() { "flat".to_owned() } else { positions.join(", ") };
            format!("{name}: {positions}, {count} open orders")
        };
        let all: Vec<String> = self.0.iter().map(one).collect();
        if all.is_empty() { "no account is named".to_owned() } else { all.join("; ") }
    }

    /// Fails unless positions are as they were. A fill that the venue itself made of an order
    /// that was left open is told, and is no difference.
    pub(super) fn compare(&self, now: &Self) -> Result<String, StepError> {
        let mut told = Vec::new();
        for (name, before) in &self.0 {
            let Some(after) = now.0.get(name) else {
                return Err(StepError::new(format!("account `{name}` was not read again")));
            };
            let sizes = |held: &Holdings| -> Vec<_> {
                held.positions.iter().map(|p| (p.instrument_id.clone(), p.signed_qty)).collect()
            };
            if sizes(before) == sizes(after) {
                continue;
            }
            if before.last_fill == after.last_fill {
                return Err(StepError::new(format!(
                    "positions of `{name}` changed without a fill: {} before, {} now",
                    self.text(),
                    now.text()
                )));
            }
            told.push(format!("`{name}` was filled at the venue meanwhile"));
        }
        told.push(now.text());
        Ok(told.join("; "))
    }

    /// Fails if anything at all happened between two readings.
    pub(super) fn unchanged(&self, now: &Self) -> Result<(), StepError> {
        for (name, before) in &self.0 {
            let after = now.0.get(name);
            let is_new = after.is_none_or(|after| {
                after.last_fill != before.last_fill || after.open_orders != before.open_orders
            });
            if is_new {
                return Err(StepError::new(format!(
                    "starting the strategies once more changed orders or fills of `{name}`"
                )));
            }
        }
        Ok(())
    }
}
