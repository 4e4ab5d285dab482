//! An engine's state over a restart.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{
    Engine,
    book::at,
    cell::{Cell, SavedCell},
    instance::{Input, Weight},
    words::Fnv,
};
use crate::{
    rule::{Labels, Rule},
    state::{
        AlertState, Cause, Now,
        machine::{Core, Tick},
        nanos,
    },
    window::session::Wall,
};

/// Version of the saved form that this crate writes, and the newest that it reads.
pub const SAVED_SCHEMA: u16 = 1;

/// State to keep over a restart. Opaque; what serde makes of it may be kept anywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    schema_version: u16,
    #[serde(rename = "saved_at_ns", with = "nanos")]
    saved_at: SystemTime,
    instances: Vec<SavedInstance>,
    series: Vec<SavedSeries>,
}

/// Why a state is not taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// It was written by a later version.
    #[error("the saved state has schema {found}, this version knows {SAVED_SCHEMA}")]
    Newer {
        /// Its schema.
        found: u16,
    },
}

/// What was taken over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Restored {
    /// Alerts whose state was taken over.
    pub alerts: usize,
    /// Those that were not fine, and whose rule is not there any more or says nothing about their
    /// labels: nobody will be told how they ended.
    pub dropped: Vec<DroppedAlert>,
}

/// An alert without a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DroppedAlert {
    /// Name of the rule that it was of.
    pub rule: String,
    /// Its labels.
    pub labels: Labels,
    /// Its state.
    pub state: AlertState,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedInstance {
    rule: String,
    labels: Labels,
    /// Of what decides in the rule: a changed rule keeps what fires and forgets what waits.
    fingerprint: u64,
    state: AlertState,
    cause: Cause,
    begun_ns: Wall,
    active_ns: Option<Wall>,
    fired_ns: Option<Wall>,
    /// How long each has been so: the time until the restart does not count.
    begun_for_ns: Tick,
    active_for_ns: Option<Tick>,
    fired_for_ns: Option<Tick>,
    kept_for_ns: Option<Tick>,
    value: Option<f64>,
    peak: Option<f64>,
    is_late: bool,
    is_ended: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedSeries {
    metric: String,
    labels: Labels,
    /// One for each query that it goes to, in the order of the rules; none for a cell that another
    /// series has told already.
    cells: Vec<SavedTarget>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedTarget {
    rule: String,
    fingerprint: u64,
    cell: Option<SavedCell>,
}

impl Engine {
    /// The state now: what [`Engine::restore`] of an engine with the same rules goes on with.
    #[must_use]
    pub fn save(&self) -> Saved {
        let now = self.clock.tick();
        let fingerprints: Vec<u64> = self.plans.iter().map(|p| fingerprint(&p.rule)).collect();
        let print = |plan: u32| fingerprints.get(at(plan)).copied().unwrap_or_default();
        let instances = self.book.instances.iter().zip(&self.book.infos);
        let instances = instances.filter_map(|(instance, info)| {
            let core = instance.core;
            let ago = |tick: Tick| now.saturating_sub(tick);
            Some(SavedInstance {
                rule: self.plans.get(at(instance.plan))?.rule.name.clone(),
                labels: self.symbols.labels(&info.key),
                fingerprint: print(instance.plan),
                state: core.state,
                cause: core.cause,
                begun_ns: instance.walls.begun,
                active_ns: instance.walls.active,
                fired_ns: instance.walls.fired,
                begun_for_ns: ago(core.begun),
                active_for_ns: core.active.map(ago),
                fired_for_ns: core.fired.map(ago),
                kept_for_ns: core.kept.map(ago),
                value: instance.value,
                peak: instance.peak,
                is_late: instance.is_late,
                is_ended: instance.is_ended,
            })
        });
        Saved {
            schema_version: SAVED_SCHEMA,
            saved_at: nanos::at(self.clock.wall_at(now)),
            instances: instances.collect(),
            series: self.saved_series(&print),
        }
    }

    fn saved_series(&self, print: &impl Fn(u32) -> u64) -> Vec<SavedSeries> {
        let mut told = vec![false; self.book.cells.len()];
        let mut all = Vec::new();
        for (metric, labels, targets) in self.registry.all() {
            let cells = targets.iter().filter_map(|target| {
                let plan = self.book.instances.get(at(target.instance))?.plan;
                let told = told.get_mut(at(target.cell))?;
                let is_first = !std::mem::replace(told, true);
                let cell = self.book.cells.get(at(target.cell)).filter(|_| is_first);
                Some(SavedTarget {
                    rule: self.plans.get(at(plan))?.rule.name.clone(),
                    fingerprint: print(plan),
                    cell: cell.map(|cell| cell.save(&self.clock)),
                })
            });
            let cells: Vec<_> = cells.collect();
            if !cells.is_empty() {
                let metric = self.symbols.text(metric).to_owned();
                all.push(SavedSeries { metric, labels: self.symbols.labels(labels), cells });
            }
        }
        all
    }

    /// Takes over a saved state, before anything is observed. Alerts keep since when they are active
    /// and firing; the time that nobody watched counts neither as waiting nor as silence. An alert of
    /// a rule that has changed goes on if it fires, and is judged by the new rule from the next sample
    /// on.
    ///
    /// # Errors
    ///
    /// [`RestoreError::Newer`]; then nothing has changed.
    pub fn restore(&mut self, saved: &Saved, now: Now) -> Result<Restored, RestoreError> {
        if saved.schema_version > SAVED_SCHEMA {
            return Err(RestoreError::Newer { found: saved.schema_version });
        }
        let tick = self.begin(now);
        let fingerprints: Vec<u64> = self.plans.iter().map(|p| fingerprint(&p.rule)).collect();
        for series in &saved.series {
            self.restore_series(series, &fingerprints, tick);
        }
        let mut restored = Restored::default();
        let mut numbers = Vec::new();
        for instance in &saved.instances {
            let plan = self.plans.iter().position(|plan| plan.rule.name == instance.rule);
            let print = plan.and_then(|plan| fingerprints.get(plan)).copied();
            let plan = plan.and_then(|plan| u32::try_from(plan).ok());
            match plan.and_then(|plan| self.instance(plan, &instance.labels)) {
                Some(number) => {
                    restored.alerts = restored.alerts.saturating_add(1);
                    self.restore_core(number, instance, print == Some(instance.fingerprint));
                    numbers.push((number, instance));
                }
                None if instance.state.is_fine() => {}
                None => restored.dropped.push(DroppedAlert {
                    rule: instance.rule.clone(),
                    labels: instance.labels.clone(),
                    state: instance.state,
                }),
            }
        }
        // After all states, because a state lends its value to what is made of it.
        for (number, saved) in numbers {
            if let Some(instance) = self.book.instances.get_mut(at(number)) {
                (instance.value, instance.peak) = (saved.value, saved.peak);
            }
        }
        self.settle_restored(tick);
        Ok(restored)
    }

    fn restore_series(&mut self, saved: &SavedSeries, fingerprints: &[u64], tick: Tick) {
        let labels: Vec<(&str, &str)> = saved.labels.iter().collect();
        let Ok(series) = self.series(&saved.metric, &labels) else { return };
        let mut rest = saved.cells.iter();
        for index in 0..self.registry.targets(series).len() {
            let Some(target) = self.registry.targets(series).get(index).copied() else { return };
            let plan = self.book.instances.get(at(target.instance)).map(|instance| instance.plan);
            let Some(plan) = plan else { return };
            let name = self.plans.get(at(plan)).map(|plan| plan.rule.name.as_str());
            let print = fingerprints.get(at(plan)).copied();
            // Both are in the order of the rules, so what does not fit belongs to a rule that is gone.
            let fits = |saved: &&SavedTarget| {
                Some(saved.rule.as_str()) == name && Some(saved.fingerprint) == print
            };
            let mut ahead = rest.clone();
            let Some(found) = ahead.find(fits) else { continue };
            rest = ahead;
            let cell = self.book.cells.get_mut(at(target.cell));
            if let (Some(cell), Some(saved)) = (cell, &found.cell) {
                cell.restore(saved, &self.clock, tick);
            }
        }
    }

    fn restore_core(&mut self, number: u32, saved: &SavedInstance, is_same_rule: bool) {
        let tick = self.clock.tick();
        let Some(instance) = self.book.instances.get_mut(at(number)) else { return };
        if !is_same_rule && saved.state == AlertState::Pending {
            return;
        }
        let since = |ago: Tick| tick.saturating_sub(ago.max(0));
        instance.core = Core {
            state: saved.state,
            cause: saved.cause,
            begun: since(saved.begun_for_ns),
            active: saved.active_for_ns.map(since),
            fired: saved.fired_for_ns.map(since),
            kept: saved.kept_for_ns.map(since),
        };
        instance.walls.begun = saved.begun_ns;
        instance.walls.active = saved.active_ns;
        instance.walls.fired = saved.fired_ns;
        instance.is_late = saved.is_late;
        instance.is_ended = saved.is_ended;
        let core = instance.core;
        if Weight::of(&core) != Weight::Nothing {
            self.pass_on(number, &core);
        }
    }

    /// Who is muted was told before the restart; everybody is looked at with the next call.
    fn settle_restored(&mut self, tick: Tick) {
        self.silences.touched.clear();
        self.changes.clear();
        for number in 0..u32::try_from(self.book.instances.len()).unwrap_or(u32::MAX) {
            let muted = self.mute_of(number);
            if let Some(info) = self.book.infos.get_mut(at(number)) {
                info.muted = muted;
            }
            if let Some(instance) = self.book.instances.get_mut(at(number)) {
                instance.is_dirty = false;
            }
            self.look_at(number, tick);
        }
        self.dirty.iter_mut().for_each(Vec::clear);
    }

    /// Whether a rule keeps a peak for these labels, for a report.
    #[must_use]
    pub fn kept_peak(&self, rule: &str, labels: &Labels) -> Option<f64> {
        let found = self.book.instances.iter().zip(&self.book.infos).find(|(instance, info)| {
            let plan = self.plans.get(at(instance.plan));
            plan.is_some_and(|plan| plan.rule.name == rule)
                && self.symbols.labels(&info.key) == *labels
        });
        let Input::One(cell) = found?.0.inputs[0] else { return None };
        match self.book.cells.get(at(cell))? {
            Cell::Keeper(keeper) => keeper.saved().and_then(|(_, equity)| equity.peak),
            _ => None,
        }
    }
}

/// A number that changes with what decides in a rule, and not with its words.
fn fingerprint(rule: &Rule) -> u64 {
    let mut hash = Fnv::default();
    let parts = (&rule.measure, &rule.condition, &rule.by, &rule.overrides);
    hash.text(&format!("{parts:?}"));
    let spans = (rule.pending_for, rule.keep_firing_for, rule.resolve, &rule.absent);
    hash.text(&format!("{spans:?}"));
    hash.finish()
}
