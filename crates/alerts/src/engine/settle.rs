//! One moment: everybody concerned is evaluated, then it is told what changed.

use super::{
    Engine,
    book::at,
    cell::Cell,
    instance::{Input, Weight},
    plan::{Comparison, Plan, Test},
};
use crate::{
    rule::Audience,
    state::{
        AlertState, Cause, InstanceId, Mute, RuleId, Transition,
        machine::{Core, Tick, Verdict},
        nanos,
    },
    window::session::Wall,
};

/// Shortest wait for another look at somebody who says "now", so that nobody is looked at for ever.
const LOOK_AGAIN: Tick = 1_000_000;

/// When something is evaluated, and because of what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) tick: Tick,
    /// The row's time, or the wall clock at `tick` when a wait ended.
    pub(crate) row: Wall,
    pub(crate) is_late: bool,
}

/// A change that is to be told once everybody has been evaluated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    instance: u32,
    from: AlertState,
    cause: Cause,
    value: Option<f64>,
}

impl Engine {
    /// The moment `tick`, without a row.
    pub(super) fn moment(&self, tick: Tick) -> Moment {
        Moment { tick, row: self.clock.wall_at(tick), is_late: self.is_catching_up }
    }

    /// Evaluates those that are marked, parts before what is made of them, and tells what changed.
    pub(super) fn evaluate(&mut self, moment: Moment) {
        for depth in 0..self.dirty.len() {
            let mut index = 0;
            while let Some(number) = self.dirty.get(depth).and_then(|dirty| dirty.get(index)) {
                let number = *number;
                if !self.is_still_fine(number, moment) {
                    self.evaluate_one(number, moment);
                }
                index = index.saturating_add(1);
            }
            if let Some(dirty) = self.dirty.get_mut(depth) {
                dirty.clear();
            }
        }
        if !self.changes.is_empty() || !self.silences.touched.is_empty() {
            self.settle(moment);
        }
    }

    /// The common case, decided with as little memory as possible: a fresh newest value that is not too
    /// much, of an alert that is fine. Says the same as [`Engine::evaluate_one`] would.
    fn is_still_fine(&mut self, number: u32, moment: Moment) -> bool {
        let Some(instance) = self.book.instances.get_mut(at(number)) else { return false };
        let Some(plan) = self.plans.get(at(instance.plan)) else { return false };
        let (Some(comparison), Input::One(cell), Some(limit)) =
            (plan.quick, instance.inputs[0], instance.limit)
        else {
            return false;
        };
        let Some(Cell::Latest(latest)) = self.book.cells.get(at(cell)) else { return false };
        let is_plain = instance.core.state.is_fine()
            && !(instance.is_late || moment.is_late || instance.is_ended || plan.is_unreadable)
            && latest.is_there
            && latest.arrived == moment.tick;
        if !is_plain || latest.value.is_nan() || comparison.holds(latest.value, limit.threshold) {
            return false;
        }
        instance.is_dirty = false;
        instance.value = Some(latest.value);
        let due = self.options.edge.leaves_at(latest.arrived, plan.absent_after);
        instance.due = due;
        if due < instance.looked_at {
            self.look_at(number, due);
        }
        true
    }

    fn evaluate_one(&mut self, number: u32, moment: Moment) {
        let Some(instance) = self.book.instances.get_mut(at(number)) else { return };
        instance.is_dirty = false;
        let Some(plan) = self.plans.get(at(instance.plan)) else { return };
        let opinion = self.book.opinion(number, plan, &self.clock, &self.options, moment.tick);
        let Some(instance) = self.book.instances.get_mut(at(number)) else { return };
        let verdict =
            if plan.is_unreadable { Verdict::Blind(Cause::Unreadable) } else { opinion.verdict };
        if matches!(plan.test, Test::Compare(_) | Test::Absent(_)) {
            instance.value = opinion.value;
        }
        let before = instance.core;
        let is_change = instance.core.step(verdict, moment.tick, &plan.timing);
        let core = instance.core;
        if is_change {
            instance.note_walls(&before, moment.row);
        }
        if verdict == Verdict::Holds {
            instance.peak = worse(plan, instance.peak, instance.value);
        }
        let was_late = instance.is_late;
        instance.is_late =
            if is_change && moment.is_late { true } else { was_late && moment.is_late };
        let due = opinion.due.min(core.due(&plan.timing));
        let due = if due <= moment.tick { moment.tick.saturating_add(LOOK_AGAIN) } else { due };
        let value = instance.value;
        if is_change || was_late != instance.is_late {
            let cause = if is_change { core.cause } else { Cause::Muting };
            self.changes.push(Change { instance: number, from: before.state, cause, value });
        }
        instance.due = due;
        if due < instance.looked_at {
            self.look_at(number, due);
        }
        if is_change {
            self.pass_on(number, &core);
        }
    }

    /// Tells those that are made of this one, or silenced by it, what it counts as now.
    pub(super) fn pass_on(&mut self, number: u32, core: &Core) {
        let new = Weight::of(core);
        let Some(info) = self.book.infos.get_mut(at(number)) else { return };
        let old = std::mem::replace(&mut info.weight, new);
        if old == new {
            return;
        }
        for group in &info.silences {
            self.silences.moved(*group, number, old, new);
        }
        for index in 0..info.wholes.len() {
            let info = self.book.infos.get(at(number));
            let Some((whole, part)) = info.and_then(|info| info.wholes.get(index)).copied() else {
                return;
            };
            let parts = self.book.infos.get_mut(at(whole)).map(|info| &mut info.parts);
            if let Some(part) = parts.and_then(|parts| parts.get_mut(usize::from(part))) {
                part.move_from(old, new);
            }
            if new == Weight::Firing {
                self.lend_value(number, whole);
            }
            self.mark_dirty(whole);
        }
    }

    /// What is made of a rule in the same unit shows its value and limit.
    fn lend_value(&mut self, part: u32, whole: u32) {
        let unit = |number: u32| {
            let instance = self.book.instances.get(at(number))?;
            self.plans.get(at(instance.plan)).map(|plan| plan.rule.text.unit)
        };
        if unit(part) != unit(whole) {
            return;
        }
        let Some(lent) = self.book.instances.get(at(part)).map(|i| (i.value, i.limit)) else {
            return;
        };
        if let Some(whole) = self.book.instances.get_mut(at(whole)) {
            (whole.value, whole.limit) = lent;
        }
    }

    /// What is muted may have changed for everybody.
    pub(super) fn review_mutes(&mut self) {
        for (number, instance) in (0..).zip(&self.book.instances) {
            let (from, value) = (instance.core.state, instance.value);
            self.changes.push(Change { instance: number, from, cause: Cause::Muting, value });
        }
    }

    /// A person ends an alert.
    pub(super) fn end_by_person(&mut self, number: u32) {
        let Some(instance) = self.book.instances.get_mut(at(number)) else { return };
        let (from, value) = (instance.core.state, instance.value);
        if instance.core.end() {
            let core = instance.core;
            self.changes.push(Change { instance: number, from, cause: Cause::Person, value });
            self.pass_on(number, &core);
            // What the samples say now is asked with the next call.
            self.look_at(number, self.clock.tick().saturating_add(LOOK_AGAIN));
        }
    }

    /// Tells the changes of one moment, with what they silence.
    fn settle(&mut self, moment: Moment) {
        let mut touched = std::mem::take(&mut self.silences.touched);
        for group in touched.drain(..) {
            let Some(group) = self.silences.groups.get(at(group)) else { continue };
            for target in &group.targets {
                let is_told = self.changes.iter().any(|change| change.instance == *target);
                if !is_told {
                    let instance = self.book.instances.get(at(*target));
                    let Some((state, value)) = instance.map(|i| (i.core.state, i.value)) else {
                        continue;
                    };
                    let cause = Cause::Muting;
                    self.changes.push(Change { instance: *target, from: state, cause, value });
                }
            }
        }
        self.silences.touched = touched;
        let mut changes = std::mem::take(&mut self.changes);
        for change in changes.drain(..) {
            self.tell(change, moment);
        }
        self.changes = changes;
    }

    fn tell(&mut self, change: Change, moment: Moment) {
        let muted = self.mute_of(change.instance);
        let Some(instance) = self.book.instances.get(at(change.instance)) else { return };
        let Some(info) = self.book.infos.get_mut(at(change.instance)) else { return };
        let to = instance.core.state;
        // What began unheard ends unheard, and what was heard is heard to the end.
        let muted = if to.is_fine() { info.muted.and(muted.or(info.muted)) } else { muted };
        let was_muted = std::mem::replace(&mut info.muted, muted);
        let is_muting = change.cause == Cause::Muting;
        // Who has nothing to say need not be told to be quiet.
        if is_muting && (was_muted.is_some() == muted.is_some() || is_silent(to)) {
            return;
        }
        let Some(plan) = self.plans.get(at(instance.plan)) else { return };
        if plan.rule.audience == Audience::Rules {
            return;
        }
        let peak_value = instance.peak.filter(|_| instance.walls.active.is_some());
        self.out.push(Transition {
            rule: RuleId(instance.plan),
            instance: InstanceId(change.instance),
            from: change.from,
            to,
            cause: change.cause,
            value: change.value,
            threshold: instance.limit.map(|limit| limit.threshold),
            peak_value,
            row_at: nanos::at(moment.row),
            wall_at: nanos::at(self.clock.wall_at(self.clock.tick())),
            begun_at: nanos::at(instance.walls.begun),
            active_at: instance.walls.active.map(nanos::at),
            fired_at: instance.walls.fired.map(nanos::at),
            muted,
            was_muted: was_muted.is_some(),
        });
    }

    /// Why nobody is told of this instance.
    pub(super) fn mute_of(&self, number: u32) -> Option<Mute> {
        let info = self.book.infos.get(at(number))?;
        let instance = self.book.instances.get(at(number))?;
        let source = self.silences.silenced_by(&info.silenced_in, info.weight);
        if let Some(source) = source {
            return Some(Mute::Inhibited(InstanceId(source)));
        }
        let rule = &self.plans.get(at(instance.plan))?.rule;
        let window = self.maintenance.mute(rule, || self.symbols.labels(&info.key));
        window.or_else(|| instance.is_late.then_some(Mute::Late))
    }
}

fn is_silent(state: AlertState) -> bool {
    state.is_fine() || state == AlertState::Pending
}

fn worse(plan: &Plan, known: Option<f64>, new: Option<f64>) -> Option<f64> {
    let comparison = match plan.test {
        Test::Compare(comparison) => comparison,
        Test::Absent(_) | Test::All | Test::Any => Comparison::Above,
    };
    match (known, new) {
        (Some(known), Some(new)) => Some(comparison.worse(known, new)),
        (known, new) => known.or(new),
    }
}
