//! What is different between two configurations, and whether a limit got looser.

use std::collections::BTreeMap;

use crate::key::Key;
use crate::origin::Origin;
use crate::setting::Scalar;
use crate::spec::Loosens;
use crate::ssot::Ssot;

/// A value that is another one than before.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// Its key.
    pub key: String,
    /// What held before; `None` if there was no such key.
    pub from: Option<Scalar>,
    /// What holds now; `None` if there is no such key any more.
    pub to: Option<Scalar>,
    /// Where it is said now, or where it was said if it is not any more.
    pub origin: Origin,
    /// Whether the key is a limit.
    pub is_limit: bool,
    /// Whether more is allowed than before, or nobody can tell.
    pub loosens: bool,
}

impl Ssot {
    /// Returns every value that is another one than in `before`, by key.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<Change> {
        let old: BTreeMap<Key, Scalar> = before.leaves().into_iter().collect();
        let new: BTreeMap<Key, Scalar> = self.leaves().into_iter().collect();
        let mut keys: Vec<&Key> = old.keys().chain(new.keys()).collect();
        keys.sort();
        keys.dedup();
        let changed = keys.into_iter().filter(|key| old.get(key) != new.get(key));
        let change = |key: &Key| {
            let (from, to) = (old.get(key).cloned(), new.get(key).cloned());
            let origin = self.origin_of(key).or_else(|| before.origin_of(key));
            let limit = self.limit(key);
            Change {
                key: key.to_string(),
                origin: origin.unwrap_or(Origin::Default),
                is_limit: limit.is_some(),
                loosens: limit.is_some_and(|limit| loosens(limit, from.as_ref(), to.as_ref())),
                from,
                to,
            }
        };
        changed.map(change).collect()
    }

    /// The direction of a limit; what is said of a map or a list holds for everything in it.
    fn limit(&self, key: &Key) -> Option<Loosens> {
        let limits = self.loaded.sections.iter().flat_map(|section| &section.limits);
        let around = limits.filter(|(limit, _)| key.starts_with(limit));
        around.max_by_key(|(limit, _)| limit.steps().len()).map(|(_, loosens)| *loosens)
    }
}

fn loosens(limit: Loosens, from: Option<&Scalar>, to: Option<&Scalar>) -> bool {
    let number = |scalar: Option<&Scalar>| match scalar {
        #[allow(clippy::cast_precision_loss, reason = "only the order of two limits counts")]
        Some(Scalar::Integer(number)) => Some(*number as f64),
        Some(Scalar::Float(number)) => Some(*number),
        _ => None,
    };
    let is_nothing = |scalar: Option<&Scalar>| matches!(scalar, None | Some(Scalar::Null));
    match (limit, number(from), number(to)) {
        (Loosens::AnyChange, ..) => true,
        // From no limit to one.
        (_, None, Some(_)) if is_nothing(from) => false,
        (Loosens::Up, Some(from), Some(to)) => to > from,
        (Loosens::Down, Some(from), Some(to)) => to < from,
        _ => true,
    }
}
