//! One rule for one set of labels.

use super::symbols::Key;
use crate::{
    rule::Threshold,
    state::{
        AlertState, Cause, Mute,
        machine::{Core, Tick},
    },
    window::session::Wall,
};

/// What evaluation needs, close together.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) plan: u32,
    pub(crate) core: Core,
    pub(crate) inputs: [Input; super::plan::QUERIES_MAX],
    pub(crate) limit: Option<Threshold>,
    /// The newest value.
    pub(crate) value: Option<f64>,
    /// The worst one since the condition began to hold.
    pub(crate) peak: Option<f64>,
    pub(crate) born: Tick,
    /// Moments of the episode on the wall clock as it was then.
    pub(crate) walls: Walls,
    pub(crate) is_dirty: bool,
    /// What made it fire was late, and nothing newer has said the same.
    pub(crate) is_late: bool,
    /// The newest row said that silence is fine from here on.
    pub(crate) is_ended: bool,
    /// When it must be evaluated again without a sample.
    pub(crate) due: Tick,
    /// When somebody looks whether that is so; at that time or before.
    pub(crate) looked_at: Tick,
}

/// Where the samples of one query are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    None,
    One(u32),
    /// A list of cells, one for each series.
    Many(u32),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Walls {
    pub(crate) begun: Wall,
    pub(crate) active: Option<Wall>,
    pub(crate) fired: Option<Wall>,
}

/// What only a change of state needs.
#[derive(Debug, Default)]
pub(crate) struct Info {
    pub(crate) key: Key,
    pub(crate) muted: Option<Mute>,
    /// Instances made of this one, and which part of them it is.
    pub(crate) wholes: Vec<(u32, u16)>,
    /// Parts of an instance that is made of others.
    pub(crate) parts: Vec<Part>,
    /// Groups in which this one silences others.
    pub(crate) silences: Vec<u32>,
    /// Groups in which others silence this one.
    pub(crate) silenced_in: Vec<u32>,
    /// What it counts as in those groups and in its wholes.
    pub(crate) weight: Weight,
}

/// States of the instances that match one part.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Part {
    pub(crate) firing: u32,
    /// Without data that it should have.
    pub(crate) blind: u32,
    /// Without data, because little happens.
    pub(crate) quiet: u32,
}

/// What an instance counts as for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Weight {
    #[default]
    Nothing,
    Firing,
    Blind,
    Quiet,
}

impl Weight {
    pub(crate) fn of(core: &Core) -> Self {
        match core.state {
            AlertState::Firing => Self::Firing,
            AlertState::NoData if core.cause == Cause::TooFew => Self::Quiet,
            AlertState::NoData | AlertState::Error => Self::Blind,
            AlertState::Normal | AlertState::Pending | AlertState::Resolved => Self::Nothing,
        }
    }
}

impl Part {
    pub(crate) fn move_from(&mut self, old: Weight, new: Weight) {
        if let Some(count) = self.count(old) {
            *count = count.saturating_sub(1);
        }
        if let Some(count) = self.count(new) {
            *count = count.saturating_add(1);
        }
    }

    fn count(&mut self, weight: Weight) -> Option<&mut u32> {
        match weight {
            Weight::Nothing => None,
            Weight::Firing => Some(&mut self.firing),
            Weight::Blind => Some(&mut self.blind),
            Weight::Quiet => Some(&mut self.quiet),
        }
    }
}

impl Instance {
    /// Notes the moments of an episode that have just begun.
    pub(crate) fn note_walls(&mut self, before: &Core, wall: Wall) {
        if self.core.begun != before.begun || is_new_episode(before.state, self.core.state) {
            self.walls = Walls { begun: wall, active: None, fired: None };
            self.peak = None;
        }
        match self.core.active {
            None => self.walls.active = None,
            Some(_) => self.walls.active = self.walls.active.or(Some(wall)),
        }
        match self.core.fired {
            None => self.walls.fired = None,
            Some(_) => self.walls.fired = self.walls.fired.or(Some(wall)),
        }
    }
}

fn is_new_episode(before: AlertState, after: AlertState) -> bool {
    before.is_fine() && !after.is_fine()
}
