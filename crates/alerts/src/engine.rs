//! Evaluates rules over samples: no clock of its own, no file, no network, and no allocation once its
//! series are known.

mod action;
mod book;
mod cell;
mod clock;
mod feed;
mod instance;
mod joins;
mod maintain;
mod mutes;
mod options;
mod person;
mod plan;
mod registry;
mod saved;
mod settle;
mod symbols;
mod timers;
mod words;

use std::{
    collections::{BTreeSet, HashMap},
    time::SystemTime,
};

pub use action::OnFiring;
pub use feed::{Feed, Row, SavedFeed, Wanted};
pub use options::{Empty, Options, Timing};
pub use saved::{DroppedAlert, RestoreError, Restored, SAVED_SCHEMA, Saved};
pub use words::RuleStatus;

use self::{
    book::{Book, at},
    cell::Arrival,
    clock::{Clock, Place},
    joins::Joined,
    maintain::Windows,
    mutes::Hushes,
    plan::{Plan, Test},
    registry::Registry,
    settle::Change,
    symbols::Symbols,
    timers::Timers,
};
use crate::{
    rule::{Labels, Rule, RuleErrors, rule_problems},
    state::{
        Now, RuleId, Sample, SeriesId, Transition,
        machine::{NEVER, Tick},
        nanos,
    },
};

/// Why a series cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SeriesError {
    /// There are as many as the options allow.
    #[error("more than {max} series")]
    TooMany {
        /// As many.
        max: u32,
    },
}

/// Rules, and what has been observed of their series.
#[derive(Debug)]
pub struct Engine {
    options: Options,
    plans: Vec<Plan>,
    clock: Clock,
    is_started: bool,
    symbols: Symbols,
    registry: Registry,
    book: Book,
    timers: Timers,
    joined: Vec<Joined>,
    silences: Hushes,
    maintenance: Windows,
    /// Tables that cannot be read.
    unreadable: BTreeSet<String>,
    is_catching_up: bool,
    /// Instances to evaluate, by the depth of their rules.
    dirty: Vec<Vec<u32>>,
    changes: Vec<Change>,
    out: Vec<Transition>,
    late_samples: u64,
}

impl Engine {
    /// An engine of these rules.
    ///
    /// # Errors
    ///
    /// [`RuleErrors`] with everything that is wrong with them.
    pub fn new(rules: Vec<Rule>) -> Result<Self, RuleErrors> {
        Self::with_options(rules, Options::default())
    }

    /// The same with options.
    ///
    /// # Errors
    ///
    /// [`RuleErrors`] with everything that is wrong with the rules.
    pub fn with_options(rules: Vec<Rule>, options: Options) -> Result<Self, RuleErrors> {
        let found = rule_problems(&rules);
        if !found.is_empty() {
            return Err(RuleErrors { found });
        }
        let numbers: HashMap<String, u32> =
            rules.iter().map(|rule| rule.name.clone()).zip(0..).collect();
        let number = |name: &str| numbers.get(name).copied();
        let mut plans: Vec<Plan> = rules.into_iter().map(Plan::new).collect();
        let joined = (0..).zip(&plans);
        let joined: Vec<Joined> =
            joined.filter_map(|(index, plan)| Joined::new(index, &plan.rule, number)).collect();
        let depths = set_depths(&mut plans, &joined);
        let silences = Hushes::new(&plans, number);
        let clock = Clock::new(options.late_after);
        let mut engine = Self {
            options,
            plans,
            clock,
            is_started: false,
            symbols: Symbols::default(),
            registry: Registry::default(),
            book: Book::default(),
            timers: Timers::default(),
            joined,
            silences,
            maintenance: Windows::default(),
            unreadable: BTreeSet::new(),
            is_catching_up: false,
            dirty: vec![Vec::new(); depths],
            changes: Vec::new(),
            out: Vec::new(),
            late_samples: 0,
        };
        engine.index_queries();
        engine.expect_instances();
        Ok(engine)
    }

    fn index_queries(&mut self) {
        for (plan, known) in (0..).zip(&self.plans) {
            for (index, query) in known.queries.iter().enumerate() {
                let metric = self.symbols.number(&query.query.metric);
                self.registry.queries.entry(metric).or_default().push((plan, index));
            }
        }
    }

    /// Makes instances that are there before their first sample.
    fn expect_instances(&mut self) {
        for plan in 0..u32::try_from(self.plans.len()).unwrap_or(u32::MAX) {
            let Some(known) = self.plans.get(at(plan)) else { return };
            let mut expected = known.rule.expected.clone();
            let is_whole =
                matches!(&known.rule.by, crate::rule::By::Labels(names) if names.is_empty());
            if is_whole && matches!(known.test, Test::Absent(_)) {
                expected.push(Labels::new());
            }
            for labels in expected {
                self.instance(plan, &labels);
            }
        }
    }

    /// One sample, and the changes that it and the time since the last call made.
    pub fn observe(&mut self, series: SeriesId, sample: Sample, now: Now) -> &[Transition] {
        self.observe_row(&[(series, sample.value)], sample.at, now)
    }

    /// Samples that were true at the same time, as the columns of a row: no rule sees some of them
    /// without the others.
    pub fn observe_row(
        &mut self,
        samples: &[(SeriesId, f64)],
        at: SystemTime,
        now: Now,
    ) -> &[Transition] {
        let tick = self.begin(now);
        if self.options.timing == Timing::EachSample {
            self.run_timers(tick.saturating_sub(1));
        }
        // A strategy mostly passes the moment that it calls "now", and converting one is not free.
        let wall = if at == now.wall { self.clock.wall_at(tick) } else { nanos::of(at) };
        let mut place = self.clock.place(wall);
        place.is_late |= self.is_catching_up;
        self.late_samples = self.late_samples.saturating_add(u64::from(place.is_late));
        for (series, value) in samples {
            self.push(*series, *value, place, tick);
        }
        if self.options.timing == Timing::EachSample {
            self.evaluate(settle::Moment { tick, row: wall, is_late: place.is_late });
        }
        &self.out
    }

    /// The changes that time made: waits end, silences are noticed, windows move on. To be called at
    /// least once a second while samples are rare; with [`Timing::EachAdvance`] the only call that
    /// evaluates.
    pub fn advance(&mut self, now: Now) -> &[Transition] {
        let tick = self.begin(now);
        match self.options.timing {
            Timing::EachSample => self.run_timers(tick),
            Timing::EachAdvance => self.mark_all_dirty(),
        }
        self.evaluate(self.moment(tick));
        &self.out
    }

    /// A series says no more, because what it is about has ended: a newest value of it is none from
    /// now on, and no silence is waited for.
    pub fn end_series(&mut self, series: SeriesId, now: Now) -> &[Transition] {
        let tick = self.begin(now);
        for index in 0..self.registry.targets(series).len() {
            let Some(target) = self.registry.targets(series).get(index).copied() else { break };
            let is_own = self.book.cells.get_mut(at(target.cell)).is_some_and(|c| c.end(series.0));
            // Where an empty window is absent, an end is a silence like any other.
            let is_over = is_own
                && self.options.empty == Empty::Zero
                && self.book.has_no_value(target.instance);
            if let Some(instance) = self.book.instances.get_mut(at(target.instance)) {
                instance.is_ended |= is_over;
            }
            self.mark_dirty(target.instance);
        }
        if self.options.timing == Timing::EachSample {
            self.evaluate(self.moment(tick));
        }
        &self.out
    }

    /// Rules in the order given.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.plans.iter().map(|plan| &plan.rule)
    }

    /// A rule of this engine.
    #[must_use]
    pub fn rule(&self, rule: RuleId) -> Option<&Rule> {
        self.plans.get(at(rule.0)).map(|plan| &plan.rule)
    }

    /// Samples so far that were late when they arrived.
    #[must_use]
    pub fn late_samples(&self) -> u64 {
        self.late_samples
    }

    /// How many series are known.
    #[must_use]
    pub fn series_len(&self) -> u32 {
        self.registry.len()
    }

    /// Reads the clocks; the first time everything that was made before begins to wait.
    fn begin(&mut self, now: Now) -> Tick {
        self.out.clear();
        let tick = self.clock.read(now);
        if !self.is_started {
            self.is_started = true;
            for number in 0..u32::try_from(self.book.instances.len()).unwrap_or(u32::MAX) {
                self.await_first_sample(number);
            }
        }
        if self.maintenance.look(self.clock.wall_at(tick)) {
            self.review_mutes();
            self.evaluate(self.moment(tick));
        }
        tick
    }

    fn push(&mut self, series: SeriesId, value: f64, place: Place, arrived: Tick) {
        let wall = self.clock.wall_at(place.tick);
        let arrival = Arrival { series: series.0, value, tick: place.tick, wall, arrived };
        for target in self.registry.targets(series) {
            if let Some(cell) = self.book.cells.get_mut(at(target.cell)) {
                cell.push(arrival, target.role);
            }
            let Some(instance) = self.book.instances.get_mut(at(target.instance)) else { continue };
            instance.is_ended = target.is_end;
            if !instance.is_dirty {
                instance.is_dirty = true;
                if let Some(dirty) = self.dirty.get_mut(usize::from(target.depth)) {
                    dirty.push(target.instance);
                }
            }
        }
    }

    fn mark_all_dirty(&mut self) {
        for instance in 0..u32::try_from(self.book.instances.len()).unwrap_or(u32::MAX) {
            self.mark_dirty(instance);
        }
    }

    pub(super) fn mark_dirty(&mut self, number: u32) {
        let Some(instance) = self.book.instances.get_mut(at(number)) else { return };
        if !instance.is_dirty {
            instance.is_dirty = true;
            let depth = self.plans.get(at(instance.plan)).map_or(0, |plan| plan.depth);
            if let Some(dirty) = self.dirty.get_mut(depth) {
                dirty.push(number);
            }
        }
    }

    /// Evaluates whoever is due, each at its own moment, so that it does not matter how often somebody
    /// asks.
    fn run_timers(&mut self, until: Tick) {
        loop {
            let due = self.timers.next();
            if due > until || due == NEVER {
                return;
            }
            while let Some((_, number)) = self.timers.pop(due) {
                let Some(instance) = self.book.instances.get_mut(at(number)) else { continue };
                instance.looked_at = NEVER;
                if instance.due > due {
                    // A sample came in between and moved the deadline on.
                    let due = instance.due;
                    self.look_at(number, due);
                } else {
                    self.mark_dirty(number);
                }
            }
            // The heap has no order among equals, and changes are to be told in one.
            self.dirty.iter_mut().for_each(|dirty| dirty.sort_unstable());
            self.evaluate(self.moment(due));
        }
    }
}

/// Sets how deep each rule is, and tells how many depths there are.
fn set_depths(plans: &mut [Plan], joined: &[Joined]) -> usize {
    let mut deepest = 0;
    // Rules are not made of themselves, so this ends after as many rounds as there are levels.
    for _ in 0..joined.len() {
        for join in joined {
            let below = join.rules.iter().filter_map(|rule| plans.get(at(*rule)));
            let depth = below.map(|plan| plan.depth.saturating_add(1)).max().unwrap_or(0);
            if let Some(plan) = plans.get_mut(at(join.plan)) {
                plan.depth = depth;
                deepest = deepest.max(depth);
            }
        }
    }
    deepest.saturating_add(1)
}
