//! Taking strategies from one version to the next, so that never two of them send orders.

use std::time::Duration;

use super::super::config::Kind;
use super::super::holdings::{Held, read, read_agreeing};
use super::super::release::Launch;
use super::super::steps::CAPTURE;
use super::{Executor, failed};
use crate::plan::{Past, StepError};
use crate::trading::LeaseName;

/// Longest wait for orders on their way when a strategy is fenced.
const FENCE_WAIT: Duration = Duration::from_secs(10);

impl Executor<'_> {
    /// The leases of both releases.
    pub(super) fn lease_names(&self) -> Vec<LeaseName> {
        let both = self.subject.from.iter().chain([&self.subject.to]);
        let launches = both.flat_map(|release| release.services.values());
        let mut names: Vec<LeaseName> = launches.filter_map(|own| own.lease.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    pub(super) fn fence(&mut self, past: &Past) -> Result<String, StepError> {
        let by = format!("{} {}", self.subject.request.as_str(), past.plan_id());
        let mut said = Vec::new();
        for name in self.lease_names() {
            let state = self
                .leases
                .fence(&name, past.plan_id(), &by, FENCE_WAIT)
                .map_err(failed("not fenced"))?;
            said.push(format!("{name} after generation {}", state.generation));
        }
        Ok(said.join(", "))
    }

    pub(super) fn cancel(&mut self, past: &Past) -> Result<String, StepError> {
        let none = || StepError::new("no program `trading.cancel` is configured");
        let program = self.cancel.ok_or_else(none)?;
        let left = past.remaining((self.clock)());
        program.run(self.releases.repository(), &[], left).map_err(failed("not canceled"))
    }

    pub(super) fn launch_strategies(&mut self, past: &Past) -> Result<String, StepError> {
        let launches: Vec<Launch> = self.subject.to.of(Kind::Strategy).cloned().collect();
        let mut said = Vec::new();
        for launch in &launches {
            said.push(self.start(launch, Some(past.plan_id()), past)?);
        }
        Ok(said.join(", "))
    }

    pub(super) fn captured(past: &Past) -> Result<Held, StepError> {
        let none = || StepError::new("the journal does not say what the accounts held");
        let text = past.output(CAPTURE).ok_or_else(none)?;
        serde_json::from_str(text).map_err(failed("the journal does not say what was held"))
    }

    pub(super) fn reconcile(&mut self, past: &Past) -> Result<String, StepError> {
        let now = read_agreeing(self.accounts)?;
        Self::captured(past)?.compare(&now)
    }

    pub(super) fn relaunch(&mut self, past: &Past) -> Result<String, StepError> {
        let before = read_agreeing(self.accounts)?;
        self.stop_all(Some(&self.subject.to.clone()), Kind::Strategy)?;
        // A lease that its holder left is taken again with the same ticket.
        let said = self.launch_strategies(past)?;
        before.unchanged(&read_agreeing(self.accounts)?)?;
        Ok(format!("{said}; nothing changed by it"))
    }

    pub(super) fn arm(&mut self) -> Result<String, StepError> {
        let mut said = Vec::new();
        for name in self.lease_names() {
            let state = self.leases.arm(&name).map_err(failed("not armed"))?;
            said.push(format!("{name} generation {}", state.generation));
        }
        Ok(said.join(", "))
    }

    /// Brings the old strategies back, whatever of them was stopped, and arms them.
    pub(super) fn revive(&mut self, past: &Past) -> Result<String, StepError> {
        self.stop_all(Some(&self.subject.to.clone()), Kind::Strategy)?;
        let Some(from) = self.subject.from.clone() else {
            self.arm()?;
            return Ok("nothing ran before".to_owned());
        };
        // First of all they end, so that an order that never arrives keeps nobody waiting.
        self.stop_all(Some(&from), Kind::Strategy)?;
        self.fence(past)?;
        let launches: Vec<Launch> = from.of(Kind::Strategy).cloned().collect();
        let mut said = Vec::new();
        for launch in &launches {
            said.push(self.start(launch, Some(past.plan_id()), &Past::default())?);
        }
        if let Ok(captured) = Self::captured(past) {
            said.push(captured.compare(&read(self.accounts)?)?);
        }
        self.arm()?;
        Ok(said.join(", "))
    }
}
