//! Each service by what its settings name: a plain process, a container or a unit.

use super::containers::Containers;
use super::processes::{Processes, RunServices, ServiceError};
use super::release::Launch;
use super::units::Units;

/// Runs services of all sorts.
#[derive(Debug, Clone)]
pub struct Runners {
    processes: Processes,
    containers: Containers,
    units: Units,
}

impl Runners {
    /// Those of one environment.
    #[must_use]
    pub fn new(processes: Processes, containers: Containers, units: Units) -> Self {
        Self { processes, containers, units }
    }

    fn of(&mut self, launch: &Launch) -> &mut dyn RunServices {
        match (&launch.container, &launch.systemd) {
            (Some(_), _) => &mut self.containers,
            (None, Some(_)) => &mut self.units,
            (None, None) => &mut self.processes,
        }
    }
}

impl RunServices for Runners {
    fn pin(&mut self, launch: &Launch) -> Result<Option<String>, ServiceError> {
        self.of(launch).pin(launch)
    }

    fn start(&mut self, launch: &Launch, ticket: Option<&str>) -> Result<(), ServiceError> {
        self.of(launch).start(launch, ticket)
    }

    fn stop(&mut self, launch: &Launch) -> Result<&'static str, ServiceError> {
        self.of(launch).stop(launch)
    }

    fn is_running(&mut self, launch: &Launch) -> Result<bool, ServiceError> {
        self.of(launch).is_running(launch)
    }

    fn health(&mut self, launch: &Launch) -> Result<Option<String>, ServiceError> {
        self.of(launch).health(launch)
    }

    fn last_words(&mut self, launch: &Launch) -> String {
        self.of(launch).last_words(launch)
    }
}
