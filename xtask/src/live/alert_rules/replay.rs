//! Runs rules over series, minute by minute or as often as a test says.

use std::collections::BTreeMap;

use plimsoll_alerts::{AlertState, Engine, Options, Rule, RuleErrors, Sample, SeriesId};

use super::clock::{moment, now};
use super::series::Step;

/// A metric with labels, and what it says at each step.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) metric: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) steps: Vec<Step>,
}

/// Labels of a firing alert.
pub(super) type Firing = BTreeMap<String, String>;

/// An engine that is asked at intervals.
pub(super) struct Replay<'a> {
    engine: Engine,
    inputs: Vec<(SeriesId, &'a Input)>,
    /// Seconds between two steps of a series.
    interval: u64,
    /// Second up to which series have been told.
    told: Option<u64>,
}

impl<'a> Replay<'a> {
    pub(super) fn new(
        rules: Vec<Rule>,
        options: Options,
        inputs: &'a [Input],
        interval: u64,
    ) -> Result<Self, RuleErrors> {
        let mut engine = Engine::with_options(rules, options)?;
        let mut known = Vec::new();
        for input in inputs {
            let labels: Vec<(&str, &str)> =
                input.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            known.extend(engine.series(&input.metric, &labels).ok().map(|id| (id, input)));
        }
        Ok(Self { engine, inputs: known, interval, told: None })
    }

    /// Tells all steps up to `secs` and evaluates then.
    pub(super) fn until(&mut self, secs: u64) {
        let first = self.told.map_or(0, |told| told / self.interval + 1);
        for step in first..=secs / self.interval {
            let at = step * self.interval;
            for (series, input) in &self.inputs {
                let step = usize::try_from(step).ok().and_then(|step| input.steps.get(step));
                match step {
                    Some(Step::Value(value)) => {
                        self.engine.observe(*series, Sample::new(*value, moment(at)), now(at));
                    }
                    Some(Step::Stale) => {
                        self.engine.end_series(*series, now(at));
                    }
                    Some(Step::Missing) | None => {}
                }
            }
        }
        self.told = Some(secs);
        self.engine.advance(now(secs));
    }

    /// Labels of the instances of `rule` that are in this state.
    pub(super) fn in_state(&self, rule: &str, state: AlertState) -> Vec<Firing> {
        let all = self.engine.status();
        let found = all.iter().filter(|s| s.rule == rule && s.state == state);
        let labels = found.map(|s| {
            s.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        });
        labels.collect()
    }
}
