//! The way down to a value, made a key only when somebody asks.

use crate::key::{Key, Step};

/// The way down, kept in the frames of the callers.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Option<StepRef<'a>>,
}

#[derive(Clone, Copy)]
pub(super) enum StepRef<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    pub(super) const ROOT: Path<'static> = Path { parent: None, step: None };

    pub(super) fn down(&'a self, step: StepRef<'a>) -> Path<'a> {
        Path { parent: Some(self), step: Some(step) }
    }

    pub(super) fn key(&self) -> Key {
        let ways = std::iter::successors(Some(self), |path| path.parent);
        let mut steps: Vec<Step> = ways
            .filter_map(|path| path.step)
            .map(|step| match step {
                StepRef::Name(name) => Step::Name(name.to_owned()),
                StepRef::Index(index) => Step::Index(index),
            })
            .collect();
        steps.reverse();
        Key::from_steps(steps)
    }
}
