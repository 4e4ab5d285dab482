//! All that a diff shows of one file, for rules that look at more than one hunk.

use regex::Regex;

use crate::diff::FileDiff;
use crate::region::Region;

/// The regions of one file.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) regions: Vec<Region<'a>>,
}

impl<'a> View<'a> {
    pub(super) fn of(file: &'a FileDiff) -> View<'a> {
        View { regions: file.hunks.iter().map(|hunk| Region::of(file, hunk)).collect() }
    }

    /// Whether any shown line of the new side has it, in code.
    pub(super) fn has(&self, pattern: &Regex) -> bool {
        self.regions
            .iter()
            .flat_map(|region| &region.lines)
            .any(|line| pattern.is_match(&line.code))
    }
}
