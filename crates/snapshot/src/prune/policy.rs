//! Which snapshots stay.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::SnapshotId;
use crate::manifest::Manifest;

const DAY_SECS: u64 = 86_400;
/// The first of January 1970 was a Thursday; weeks begin on Mondays.
const DAYS_TO_MONDAY: u64 = 3;

/// Which snapshots stay. One that any line keeps stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Keep {
    /// The newest good ones, so many. At least one always stays. Default 7.
    pub last: u32,
    /// The newest good one of each of so many days, UTC, on which there is one. Default 14.
    pub daily: u32,
    /// The newest good one of each of so many weeks in which there is one. Default 8.
    pub weekly: u32,
    /// All that have one of these tags. Default `keep`.
    pub tags: Vec<String>,
    /// The newest failed ones, so many, for whoever looks for the reason. Default 3.
    pub failed: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { last: 7, daily: 14, weekly: 8, tags: vec!["keep".to_owned()], failed: 3 }
    }
}

impl Keep {
    /// Sets [`Keep::last`].
    #[must_use]
    pub fn with_last(mut self, last: u32) -> Self {
        self.last = last;
        self
    }

    /// Sets [`Keep::daily`].
    #[must_use]
    pub fn with_daily(mut self, daily: u32) -> Self {
        self.daily = daily;
        self
    }

    /// Sets [`Keep::weekly`].
    #[must_use]
    pub fn with_weekly(mut self, weekly: u32) -> Self {
        self.weekly = weekly;
        self
    }

    /// Sets [`Keep::tags`].
    #[must_use]
    pub fn with_tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tags = tags.into_iter().map(Into::into).collect();
        self
    }
}

/// Why a snapshot stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// It is among the newest good ones.
    Last,
    /// It is the newest of its day.
    Daily,
    /// It is the newest of its week.
    Weekly,
    /// It has a tag that keeps.
    Tagged,
    /// A plan that was cut short needs it.
    NeededByPlan,
    /// It failed, and is among the newest that did.
    Failed,
}

/// Decides for each snapshot, in the given order, why it stays; `None` if it goes.
///
/// `pinned` holds names and tags of snapshots that unfinished plans need.
#[must_use]
pub fn decide(
    manifests: &[&Manifest],
    keep: &Keep,
    pinned: &BTreeSet<String>,
) -> Vec<(SnapshotId, Option<Reason>)> {
    let mut newest_first: Vec<&Manifest> = manifests.to_vec();
    newest_first.sort_by(|a, b| b.id.cmp(&a.id));
    let (mut good, mut failed) = (0, 0);
    let (mut days, mut weeks) = (BTreeSet::new(), BTreeSet::new());
    let mut decided = Vec::new();
    for manifest in newest_first {
        let day = manifest.id.since().as_secs() / DAY_SECS;
        let week = (day + DAYS_TO_MONDAY) / 7;
        let is_pinned = pinned.contains(manifest.id.as_str())
            || manifest.tags.iter().any(|tag| pinned.contains(tag));
        let is_tagged = manifest.tags.iter().any(|tag| keep.tags.contains(tag));
        let within = |set: &mut BTreeSet<u64>, one: u64, max: u32| {
            let has_room = set.len() < usize::try_from(max).unwrap_or(usize::MAX);
            has_room && set.insert(one)
        };
        let reason = if manifest.is_good() {
            good += 1;
            let by_last = good <= keep.last.max(1);
            let by_day = within(&mut days, day, keep.daily);
            let by_week = within(&mut weeks, week, keep.weekly);
            [(by_last, Reason::Last), (by_day, Reason::Daily), (by_week, Reason::Weekly)]
                .into_iter()
                .find_map(|(is_so, reason)| is_so.then_some(reason))
        } else {
            failed += 1;
            (failed <= keep.failed).then_some(Reason::Failed)
        };
        let special = [(is_pinned, Reason::NeededByPlan), (is_tagged, Reason::Tagged)];
        let special = special.into_iter().find_map(|(is_so, reason)| is_so.then_some(reason));
        decided.push((manifest.id.clone(), special.or(reason)));
    }
    decided.sort_by(|a, b| a.0.cmp(&b.0));
    decided
}
