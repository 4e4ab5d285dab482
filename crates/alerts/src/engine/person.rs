//! What a person, or the program around, tells an engine.

use super::{Engine, Timing, book::at, cell::Cell, instance::Input};
use crate::{
    rule::{Labels, Metric},
    state::{Now, Transition},
};

impl Engine {
    /// A person ends an alert, latched or not. Nothing happens if it does not fire; if its condition
    /// still holds it fires anew with the next sample.
    pub fn resolve(&mut self, rule: &str, labels: &Labels, now: Now) -> &[Transition] {
        let tick = self.begin(now);
        if let Some(number) = self.find_instance(rule, labels) {
            self.end_by_person(number);
            self.evaluate(self.moment(tick));
        }
        &self.out
    }

    /// A person lets the peak that a rule keeps start anew at the newest equity. False when the rule
    /// keeps none for these labels.
    pub fn reset_peak(&mut self, rule: &str, labels: &Labels) -> bool {
        let Some(number) = self.find_instance(rule, labels) else { return false };
        let input = self.book.instances.get(at(number)).map(|instance| instance.inputs[0]);
        let Some(Input::One(cell)) = input else { return false };
        let Some(Cell::Keeper(keeper)) = self.book.cells.get_mut(at(cell)) else { return false };
        keeper.reset();
        true
    }

    /// A table cannot be read: rules that need it are in error until [`Engine::readable`].
    pub fn unreadable(&mut self, table: &str, now: Now) -> &[Transition] {
        self.unreadable.insert(table.to_owned());
        self.review_unreadable(now)
    }

    /// The table can be read again.
    pub fn readable(&mut self, table: &str, now: Now) -> &[Transition] {
        self.unreadable.remove(table);
        self.review_unreadable(now)
    }

    /// A rule is in error as long as any table that it reads cannot be read.
    fn review_unreadable(&mut self, now: Now) -> &[Transition] {
        let tick = self.begin(now);
        let mut concerned = Vec::new();
        for (index, plan) in (0..).zip(&mut self.plans) {
            let mut metrics = plan.queries.iter().map(|query| query.query.metric.as_str());
            let is_unreadable =
                metrics.any(|metric| self.unreadable.contains(Metric::parse(metric).table));
            if plan.is_unreadable != is_unreadable {
                plan.is_unreadable = is_unreadable;
                concerned.push(index);
            }
        }
        if concerned.is_empty() {
            return &self.out;
        }
        for number in 0..u32::try_from(self.book.instances.len()).unwrap_or(u32::MAX) {
            let plan = self.book.instances.get(at(number)).map(|instance| instance.plan);
            if plan.is_some_and(|plan| concerned.contains(&plan)) {
                self.mark_dirty(number);
            }
        }
        self.evaluate(self.moment(tick));
        &self.out
    }

    /// What is observed from now on happened long ago: what fires is muted until
    /// [`Engine::end_catch_up`], so that nobody is woken by what is over.
    pub fn begin_catch_up(&mut self) {
        self.is_catching_up = true;
    }

    /// What is observed from now on is new again; what still fires is told.
    pub fn end_catch_up(&mut self, now: Now) -> &[Transition] {
        let tick = self.begin(now);
        self.is_catching_up = false;
        if self.options.timing == Timing::EachSample {
            self.run_timers(tick);
        }
        for number in 0..u32::try_from(self.book.instances.len()).unwrap_or(u32::MAX) {
            if self.book.instances.get(at(number)).is_some_and(|instance| instance.is_late) {
                self.mark_dirty(number);
            }
        }
        self.evaluate(self.moment(tick));
        &self.out
    }

    fn find_instance(&mut self, rule: &str, labels: &Labels) -> Option<u32> {
        let plan = self.plans.iter().position(|plan| plan.rule.name == rule)?;
        let key = self.symbols.key(labels);
        self.registry.instances.get(&(u32::try_from(plan).ok()?, key)).copied()
    }
}
