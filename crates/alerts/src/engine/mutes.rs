//! Who keeps quiet because somebody else says enough.

use std::collections::HashMap;

use super::{
    instance::{Part, Weight},
    plan::Plan,
    symbols::Key,
};
use crate::rule::{Rule, Silences};

/// One rule that silences another one.
#[derive(Debug)]
pub(crate) struct Relation {
    pub(crate) source: u32,
    pub(crate) target: u32,
    /// Labels that must be the same; none means all.
    pub(crate) equal: Option<Vec<String>>,
    pub(crate) kind: Kind,
}

/// What is silenced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Everything,
    MissingData,
    /// Steps of one thing: without data of the graver step, that of the others is no news.
    Family,
}

/// Instances of one relation with the same labels.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) relation: u32,
    pub(crate) sources: Part,
    /// The one that silences: the newest that fires, or has no data.
    pub(crate) source: u32,
    pub(crate) targets: Vec<u32>,
}

/// All relations.
#[derive(Debug, Default)]
pub(crate) struct Hushes {
    pub(crate) relations: Vec<Relation>,
    pub(crate) groups: Vec<Group>,
    numbers: HashMap<(u32, Key), u32>,
    /// Groups in which something changed.
    pub(crate) touched: Vec<u32>,
}

impl Hushes {
    pub(crate) fn new(plans: &[Plan], number: impl Fn(&str) -> Option<u32>) -> Self {
        let mut relations = Vec::new();
        for (target, plan) in (0..).zip(plans) {
            for inhibition in &plan.rule.inhibited_by {
                relations.extend(number(&inhibition.rule).map(|source| Relation {
                    source,
                    target,
                    equal: Some(inhibition.equal.clone()),
                    kind: match inhibition.silences {
                        Silences::Everything => Kind::Everything,
                        Silences::MissingData => Kind::MissingData,
                    },
                }));
            }
            let graver = (0..).zip(plans).filter(|(_, other)| is_graver(&other.rule, &plan.rule));
            relations.extend(graver.map(|(source, _)| Relation {
                source,
                target,
                equal: None,
                kind: Kind::Family,
            }));
        }
        Self { relations, ..Self::default() }
    }

    /// The group of a relation for these labels, made when there is none.
    pub(crate) fn group(&mut self, relation: u32, key: Key) -> u32 {
        let next = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry((relation, key)).or_insert(next);
        if number == next {
            self.groups.push(Group { relation, ..Group::default() });
        }
        number
    }

    /// A source of a group counts as something else now.
    pub(crate) fn moved(&mut self, group: u32, source: u32, old: Weight, new: Weight) {
        if let Some(known) = self.groups.get_mut(super::book::at(group)) {
            known.sources.move_from(old, new);
            let is_gravest = new == Weight::Firing || known.sources.firing == 0;
            if is_gravest && new != Weight::Nothing {
                known.source = source;
            }
            self.touched.push(group);
        }
    }

    /// Who silences an instance of this weight in these groups.
    pub(crate) fn silenced_by(&self, groups: &[u32], weight: Weight) -> Option<u32> {
        let groups = groups.iter().filter_map(|group| self.groups.get(super::book::at(*group)));
        let mut silencing = groups.filter(|group| {
            let relation = self.relations.get(super::book::at(group.relation));
            let fires = group.sources.firing > 0;
            match relation.map(|relation| relation.kind) {
                Some(Kind::Everything) => fires,
                Some(Kind::MissingData) => fires && weight == Weight::Blind,
                Some(Kind::Family) => fires || (weight == Weight::Blind && group.sources.blind > 0),
                None => false,
            }
        });
        silencing.next().map(|group| group.source)
    }
}

fn is_graver(one: &Rule, other: &Rule) -> bool {
    one.family() == other.family() && one.severity > other.severity
}
