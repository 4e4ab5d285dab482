//! Series, and the instances that they belong to.

use std::collections::{BTreeMap, HashMap};

use super::{
    Engine, SeriesError,
    book::at,
    cell::Cell,
    instance::{Info, Input, Instance, Part, Walls},
    plan::{Plan, Test},
    symbols::{Key, Symbol},
};
use crate::{
    rule::{Across, By, Condition, Exception, Glob, Labels, Override},
    state::{
        SeriesId,
        machine::{Core, NEVER, Tick},
    },
    window::keeper::Role,
};

/// Series by metric and labels, and where their samples go.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    numbers: HashMap<(Symbol, Key), u32>,
    /// Range of each series in `targets`.
    ranges: Vec<(u32, u32)>,
    targets: Vec<Target>,
    /// Queries of each metric.
    pub(crate) queries: HashMap<Symbol, Vec<(u32, usize)>>,
    /// Instances by rule and labels.
    pub(crate) instances: HashMap<(u32, Key), u32>,
}

/// One place that samples of a series go to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) instance: u32,
    pub(crate) cell: u32,
    pub(crate) role: Option<Role>,
    /// Depth of the instance's rule.
    pub(crate) depth: u8,
    /// After such a sample silence is fine.
    pub(crate) is_end: bool,
}

impl Registry {
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.ranges.len()).unwrap_or(u32::MAX)
    }

    /// Every series with its metric, labels and targets, in the order in which they were made.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Symbol, &Key, &[Target])> {
        let mut all: Vec<_> = self.numbers.iter().map(|((m, key), n)| (*n, *m, key)).collect();
        all.sort_unstable_by_key(|entry| entry.0);
        all.into_iter().map(|(n, metric, key)| (metric, key, self.targets(SeriesId(n))))
    }

    pub(crate) fn targets(&self, series: SeriesId) -> &[Target] {
        let Some((start, end)) = self.ranges.get(at(series.0)).copied() else { return &[] };
        self.targets.get(at(start)..at(end)).unwrap_or_default()
    }
}

impl Engine {
    /// The series of `metric` with these labels, known from now on. Not for the hot path: keep what it
    /// returns. A series that no rule asks for is known too, and costs nothing when it is observed.
    ///
    /// # Errors
    ///
    /// [`SeriesError::TooMany`] past [`Options::series_max`](super::Options::series_max).
    pub fn series(
        &mut self,
        metric: &str,
        labels: &[(&str, &str)],
    ) -> Result<SeriesId, SeriesError> {
        let labels: Labels = labels.iter().copied().collect();
        let id = (self.symbols.number(metric), self.symbols.key(&labels));
        if let Some(known) = self.registry.numbers.get(&id) {
            return Ok(SeriesId(*known));
        }
        let series = self.registry.len();
        if series >= self.options.series_max {
            return Err(SeriesError::TooMany { max: self.options.series_max });
        }
        let start = u32::try_from(self.registry.targets.len()).unwrap_or(u32::MAX);
        let queries = self.registry.queries.get(&id.0).cloned().unwrap_or_default();
        for (plan, query) in queries {
            let target = self.attach(plan, query, &labels);
            self.registry.targets.extend(target);
        }
        let end = u32::try_from(self.registry.targets.len()).unwrap_or(u32::MAX);
        self.registry.ranges.push((start, end));
        self.registry.numbers.insert(id, series);
        Ok(SeriesId(series))
    }

    /// Where samples of a series with these labels go for one query, if it asks for them.
    fn attach(&mut self, plan: u32, query: usize, labels: &Labels) -> Option<Target> {
        let known = self.plans.get(at(plan))?;
        let wanted = &known.queries.get(query)?.query.filter;
        if !wanted.iter().all(|matcher| matcher.matches(labels)) {
            return None;
        }
        let is_end = match &known.rule.condition {
            Condition::Absent { ended_by, .. } if !ended_by.is_empty() => {
                ended_by.iter().all(|matcher| matcher.matches(labels))
            }
            _ => false,
        };
        let own = match &known.rule.by {
            By::All => labels.clone(),
            By::Labels(names) => labels.only(names),
            By::Without(names) => labels.without(names),
        };
        let instance = self.instance(plan, &own)?;
        let plan = self.plans.get(at(plan))?;
        let (role, plan_depth) = (plan.queries.get(query)?.role, plan.depth);
        // Operands of what a rule keeps share the first one's cell.
        let input = if role.is_some() { 0 } else { query };
        let cell = match self.book.instances.get(at(instance))?.inputs.get(input)? {
            Input::One(cell) => *cell,
            Input::Many(list) => {
                let (list, cell) = (*list, self.book.new_cell(plan, query)?);
                self.book.lists.get_mut(at(list))?.push(cell);
                cell
            }
            Input::None => return None,
        };
        let depth = u8::try_from(plan_depth).unwrap_or(u8::MAX);
        Some(Target { instance, cell, role, depth, is_end })
    }

    /// The instance of a rule with these labels, made when there is none; none when an exception says
    /// that the rule is not about them.
    pub(super) fn instance(&mut self, plan: u32, labels: &Labels) -> Option<u32> {
        let key = self.symbols.key(labels);
        if let Some(known) = self.registry.instances.get(&(plan, key.clone())) {
            return Some(*known);
        }
        let known = self.plans.get(at(plan))?;
        let limit = match exception(&known.rule.overrides, labels) {
            Some(Exception::Exempt) => return None,
            Some(Exception::Threshold(threshold)) => Some(threshold),
            None => known.limit(),
        };
        let inputs = self.book.new_inputs(known)?;
        let number = u32::try_from(self.book.instances.len()).ok()?;
        let parts = match known.test {
            Test::All | Test::Any => {
                let join = known.rule.condition.join();
                join.map_or(0, |join| join.of.len().saturating_add(join.unless.len()))
            }
            Test::Compare(_) | Test::Absent(_) => 0,
        };
        self.book.instances.push(Instance {
            plan,
            core: Core::default(),
            inputs,
            limit,
            value: None,
            peak: None,
            born: self.clock.tick(),
            walls: Walls::default(),
            is_dirty: false,
            is_late: false,
            is_ended: false,
            due: NEVER,
            looked_at: NEVER,
        });
        let parts = vec![Part::default(); parts];
        self.book.infos.push(Info { key: key.clone(), parts, ..Info::default() });
        self.registry.instances.insert((plan, key), number);
        self.join_groups(number, plan, labels);
        self.join_wholes(number, plan, labels);
        if self.is_started {
            self.await_first_sample(number);
        }
        Some(number)
    }

    /// Looks at an instance again when its first sample should have come.
    pub(super) fn await_first_sample(&mut self, number: u32) {
        let now = self.clock.tick();
        let Some(instance) = self.book.instances.get_mut(at(number)) else { return };
        instance.born = now;
        let Some(plan) = self.plans.get(at(instance.plan)) else { return };
        let patience = match plan.test {
            Test::Absent(span) => span,
            Test::Compare(_) => plan.absent_after,
            Test::All | Test::Any => return,
        };
        self.look_at(number, now.saturating_add(patience));
    }

    /// Has an instance evaluated at `due`.
    pub(super) fn look_at(&mut self, number: u32, due: Tick) {
        let Some(instance) = self.book.instances.get_mut(at(number)) else { return };
        instance.due = due;
        if due < instance.looked_at && self.options.timing == super::Timing::EachSample {
            instance.looked_at = due;
            self.timers.set(number, due);
        }
    }

    /// Puts an instance into the groups in which it silences or is silenced.
    fn join_groups(&mut self, number: u32, plan: u32, labels: &Labels) {
        for index in 0..u32::try_from(self.silences.relations.len()).unwrap_or(u32::MAX) {
            let Some(relation) = self.silences.relations.get(at(index)) else { return };
            let (is_source, is_target) = (relation.source == plan, relation.target == plan);
            if !is_source && !is_target {
                continue;
            }
            let shared = relation.equal.as_ref().map_or_else(|| labels.clone(), |e| labels.only(e));
            let key = self.symbols.key(&shared);
            let group = self.silences.group(index, key);
            let Some(info) = self.book.infos.get_mut(at(number)) else { return };
            if is_source {
                info.silences.push(group);
            }
            if is_target {
                info.silenced_in.push(group);
                if let Some(group) = self.silences.groups.get_mut(at(group)) {
                    group.targets.push(number);
                }
            }
        }
    }

    /// Ties an instance to those that are made of it, and makes those that are missing.
    fn join_wholes(&mut self, number: u32, plan: u32, labels: &Labels) {
        for index in 0..self.joined.len() {
            let Some(joined) = self.joined.get(index) else { return };
            let shared = joined.on.as_ref().map_or_else(|| labels.clone(), |on| labels.only(on));
            let key = self.symbols.key(&shared);
            let parts: Vec<u16> = (0..)
                .zip(&joined.rules)
                .filter(|(_, rule)| **rule == plan)
                .map(|(part, _)| part)
                .collect();
            if parts.is_empty() {
                continue;
            }
            let (whole, is_all) = (joined.plan, self.is_all(joined.plan));
            for part in &parts {
                // An "all" goes by its own first part, by others through the labels that are shared.
                if !(is_all && *part == 0) {
                    self.tie_part(index, &key, number, *part);
                }
            }
            // An "all" is about its first part's labels, an "any" about the shared ones.
            let own = if is_all { labels } else { &shared };
            if !is_all || parts.contains(&0) {
                let known = self.registry.instances.len();
                let Some(made) = self.instance(whole, own) else { continue };
                if self.registry.instances.len() > known {
                    self.tie_whole(index, &key, made);
                }
                if is_all && let Some(info) = self.book.infos.get_mut(at(number)) {
                    info.wholes.push((made, 0));
                }
            }
        }
    }

    fn is_all(&self, plan: u32) -> bool {
        self.plans.get(at(plan)).is_some_and(|plan| plan.test == Test::All)
    }

    fn tie_part(&mut self, index: usize, key: &Key, number: u32, part: u16) {
        let Some(joined) = self.joined.get_mut(index) else { return };
        joined.parts.entry(key.clone()).or_default().push((number, part));
        let wholes = joined.wholes.get(key).cloned().unwrap_or_default();
        if let Some(info) = self.book.infos.get_mut(at(number)) {
            info.wholes.extend(wholes.into_iter().map(|whole| (whole, part)));
        }
    }

    fn tie_whole(&mut self, index: usize, key: &Key, whole: u32) {
        let Some(joined) = self.joined.get_mut(index) else { return };
        joined.wholes.entry(key.clone()).or_default().push(whole);
        for (number, part) in joined.parts.get(key).cloned().unwrap_or_default() {
            let Some(info) = self.book.infos.get_mut(at(number)) else { continue };
            info.wholes.push((whole, part));
            let weight = info.weight;
            let whole = self.book.infos.get_mut(at(whole));
            if let Some(count) = whole.and_then(|info| info.parts.get_mut(usize::from(part))) {
                count.move_from(super::instance::Weight::Nothing, weight);
            }
        }
    }
}

impl super::book::Book {
    fn new_cell(&mut self, plan: &Plan, query: usize) -> Option<u32> {
        let number = u32::try_from(self.cells.len()).ok()?;
        self.cells.push(Cell::new(plan.queries.get(query)?));
        Some(number)
    }

    fn new_inputs(&mut self, plan: &Plan) -> Option<[Input; super::plan::QUERIES_MAX]> {
        let mut inputs = [Input::None; super::plan::QUERIES_MAX];
        for (index, (input, query)) in inputs.iter_mut().zip(&plan.queries).enumerate() {
            *input = if query.role.is_some() && index > 0 {
                Input::None
            } else if query.across == Across::Pool {
                Input::One(self.new_cell(plan, index)?)
            } else {
                let list = u32::try_from(self.lists.len()).ok()?;
                self.lists.push(Vec::new());
                Input::Many(list)
            };
        }
        Some(inputs)
    }
}

/// Whether each named label has a value that matches.
pub(crate) fn matches_all(globs: &BTreeMap<String, Glob>, labels: &Labels) -> bool {
    globs.iter().all(|(label, glob)| glob.matches(labels.get(label)))
}

/// What the most specific matching exception says; of two alike the later one.
fn exception(overrides: &[Override], labels: &Labels) -> Option<Exception> {
    let matching = overrides.iter().filter(|exception| matches_all(&exception.matches, labels));
    matching.max_by_key(|exception| exception.specificity()).map(|exception| exception.set)
}
