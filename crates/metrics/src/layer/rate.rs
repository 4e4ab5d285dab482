//! How many rows a callsite may have, and the count of what had none.

use std::{collections::HashMap, num::NonZeroU32, time::Duration};

use super::event::Seen;

/// Most callsites that are told apart.
const CALLSITES_MAX: usize = 1_024;

const SECOND: Duration = Duration::from_secs(1);

/// Rows of every callsite within its second.
#[derive(Debug)]
pub(super) struct Rate {
    rows_max: NonZeroU32,
    sites: HashMap<i64, Site>,
    /// Callsites with events that had no row.
    rests: usize,
    /// Events of callsites beyond the most.
    other: i64,
    other_since: Duration,
}

#[derive(Debug)]
struct Site {
    since: Duration,
    rows: u32,
    /// The last event without a row, with the count of all.
    rest: Option<Seen>,
}

impl Rate {
    pub(super) fn new(rows_max: NonZeroU32) -> Self {
        Self { rows_max, sites: HashMap::new(), rests: 0, other: 0, other_since: Duration::ZERO }
    }

    /// Whether any event had no row yet.
    pub(super) fn has_rest(&self) -> bool {
        self.rests > 0 || self.other > 0
    }

    /// Takes in an event at `now`; gives it back for a row, or counts it into a later one.
    pub(super) fn admit(&mut self, mut seen: Seen, now: Duration) -> Option<Seen> {
        let is_known = self.sites.contains_key(&seen.fingerprint);
        if !is_known && self.sites.len() >= CALLSITES_MAX {
            if self.other == 0 {
                self.other_since = now;
            }
            self.other = self.other.saturating_add(1);
            return None;
        }
        let new = Site { since: now, rows: 0, rest: None };
        let site = self.sites.entry(seen.fingerprint).or_insert(new);
        if now.saturating_sub(site.since) >= SECOND {
            site.since = now;
            site.rows = 0;
        }
        if let Some(rest) = site.rest.take() {
            seen.count = seen.count.saturating_add(rest.count);
            self.rests = self.rests.saturating_sub(1);
        }
        if site.rows < self.rows_max.get() {
            site.rows = site.rows.saturating_add(1);
            return Some(seen);
        }
        site.rest = Some(seen);
        self.rests = self.rests.saturating_add(1);
        None
    }

    /// Takes out what had no row in a second that is over.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<Seen> {
        if !self.has_rest() {
            return Vec::new();
        }
        self.take(|since| now.saturating_sub(since) >= SECOND)
    }

    /// Takes out all that had no row.
    pub(super) fn take_all(&mut self) -> Vec<Seen> {
        self.take(|_| true)
    }

    fn take(&mut self, is_due: impl Fn(Duration) -> bool) -> Vec<Seen> {
        let due = self.sites.values_mut().filter(|site| is_due(site.since));
        let mut taken: Vec<Seen> = due.filter_map(|site| site.rest.take()).collect();
        self.rests = self.rests.saturating_sub(taken.len());
        if self.other > 0 && is_due(self.other_since) {
            taken.push(Seen::shared(std::mem::take(&mut self.other)));
        }
        taken
    }
}
