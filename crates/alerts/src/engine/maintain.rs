//! Maintenance windows over time.

use super::{Engine, registry::matches_all};
use crate::{
    rule::{Class, Labels, Maintenance, MaintenanceProblem, Rule, Schedule},
    state::{Mute, Now, Transition},
    window::session::Wall,
};

const SECOND: i64 = 1_000_000_000;

/// Windows, and which of them are open.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    windows: Vec<(Maintenance, Schedule)>,
    open: Vec<bool>,
    /// Which windows are open is known from and until these moments.
    since: Wall,
    until: Wall,
}

impl Windows {
    /// Takes the wall clock; true when which windows are open has changed.
    pub(crate) fn look(&mut self, wall: Wall) -> bool {
        if self.windows.is_empty() || (self.since..self.until).contains(&wall) {
            return false;
        }
        let looks = self.windows.iter().map(|(_, schedule)| schedule.look(wall / SECOND));
        let (open, changes): (Vec<bool>, Vec<i64>) = looks.unzip();
        self.since = wall;
        self.until = changes.into_iter().min().unwrap_or(i64::MAX).saturating_mul(SECOND);
        std::mem::replace(&mut self.open, open) != self.open
    }

    /// The open window that mutes such an instance.
    pub(crate) fn mute(&self, rule: &Rule, labels: impl FnOnce() -> Labels) -> Option<Mute> {
        if rule.class != Class::Liveness || !self.open.contains(&true) {
            return None;
        }
        let labels = labels();
        let mut open = (0..).zip(self.windows.iter().zip(&self.open));
        let window = open
            .find(|(_, ((window, _), is_open))| **is_open && matches_all(&window.matches, &labels));
        window.map(|(index, _)| Mute::Maintenance(index))
    }

    pub(crate) fn reason(&self, window: u32) -> &str {
        self.windows.get(super::book::at(window)).map_or("", |(window, _)| &window.reason)
    }
}

impl Engine {
    /// From now on these windows, and no others, mute rules about what lives and is reached.
    ///
    /// # Errors
    ///
    /// [`MaintenanceProblem`] of the first window that cannot be; then nothing has changed.
    pub fn set_maintenance(
        &mut self,
        windows: Vec<Maintenance>,
        now: Now,
    ) -> Result<&[Transition], MaintenanceProblem> {
        let windows: Result<Vec<_>, _> = windows
            .into_iter()
            .map(|window| window.schedule().map(|schedule| (window, schedule)))
            .collect();
        self.maintenance = Windows { windows: windows?, ..Windows::default() };
        let tick = self.begin(now);
        self.maintenance.look(self.clock.wall_at(tick));
        self.review_mutes();
        self.evaluate(self.moment(tick));
        Ok(&self.out)
    }
}
