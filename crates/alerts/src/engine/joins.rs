//! Rules that are made of other rules.

use std::collections::HashMap;

use super::{
    book::Opinion,
    instance::Part,
    plan::{Plan, Test},
    symbols::Key,
};
use crate::{
    rule::Rule,
    state::{
        Cause,
        machine::{NEVER, Verdict},
    },
};

/// One rule that is made of others: which rules, and who of theirs belongs to whom.
#[derive(Debug)]
pub(crate) struct Joined {
    /// The rule.
    pub(crate) plan: u32,
    /// Rules of its parts, those of which none may fire last.
    pub(crate) rules: Vec<u32>,
    pub(crate) on: Option<Vec<String>>,
    /// Instances of the rule by the labels that they share with their parts.
    pub(crate) wholes: HashMap<Key, Vec<u32>>,
    /// Instances of the parts by the same labels, with the number of the part.
    pub(crate) parts: HashMap<Key, Vec<(u32, u16)>>,
}

impl Joined {
    /// None for a rule that measures something itself.
    pub(crate) fn new(
        plan: u32,
        rule: &Rule,
        number: impl Fn(&str) -> Option<u32>,
    ) -> Option<Self> {
        let join = rule.condition.join()?;
        Some(Self {
            plan,
            rules: join.of.iter().chain(&join.unless).filter_map(|name| number(name)).collect(),
            on: join.on.clone(),
            wholes: HashMap::new(),
            parts: HashMap::new(),
        })
    }
}

/// What an instance that is made of `parts` says: with three values, so that what cannot be told stays
/// so unless the other parts settle it.
pub(crate) fn opinion(parts: &[Part], plan: &Plan) -> Opinion {
    let of = plan.rule.condition.join().map_or(0, |join| join.of.len());
    let (of, unless) = parts.split_at(of.min(parts.len()));
    let verdict = match plan.test {
        Test::Any => {
            let fires = of.iter().any(|part| part.firing > 0);
            let blind = of.iter().find_map(cause);
            match blind {
                _ if fires => Verdict::Holds,
                Some(cause) => Verdict::Blind(cause),
                None => Verdict::Clear,
            }
        }
        _ => {
            let is_told = |part: &&Part| part.firing == 0 && cause(part).is_none();
            let is_off = of.iter().any(|part| is_told(&part));
            let is_barred = unless.iter().any(|part| part.firing > 0);
            let blind = of.iter().filter(|part| part.firing == 0).chain(unless).find_map(cause);
            match blind {
                _ if is_off || is_barred => Verdict::Clear,
                Some(cause) => Verdict::Blind(cause),
                None => Verdict::Holds,
            }
        }
    };
    Opinion { verdict, value: None, due: NEVER }
}

fn cause(part: &Part) -> Option<Cause> {
    match part {
        Part { blind: 1.., .. } => Some(Cause::Part),
        Part { quiet: 1.., .. } => Some(Cause::TooFew),
        _ => None,
    }
}
