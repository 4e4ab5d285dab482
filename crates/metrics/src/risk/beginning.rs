//! What was before this spool: known from the store, nothing, or not known yet.
//!
//! A peak that was forgotten reads as 0 % drawdown, which nobody questions. So an owner that no
//! spool remembers derives nothing until the store was read; what happens meanwhile is kept, and
//! taken in once it is known what was before.

use std::collections::BTreeMap;

use super::{Known, Owner};
use crate::wire::{Get, Put};

/// Events of an owner that are kept; more of them make its peak unknown.
const EVENTS_MAX: usize = 1_000;

/// What was before this spool.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Beginning {
    /// Not known yet.
    #[default]
    Unknown,
    /// These owners had a past, and nobody else.
    Known(BTreeMap<Owner, Known>),
}

impl Beginning {
    /// Nobody had a past.
    pub(crate) const fn nothing() -> Self {
        Self::Known(BTreeMap::new())
    }

    /// What is known of an owner before its first event here.
    pub(super) fn of(&self, owner: &Owner) -> Known {
        match self {
            Self::Unknown => Known { waiting: Some(Vec::new()), ..Known::default() },
            Self::Known(owners) => owners.get(owner).cloned().unwrap_or_default(),
        }
    }
}

/// Something that happened while it was not known what was before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// Equities of one day: only the first, the highest and the last of them matter.
    Equity { session: i64, first: f64, highest: f64, last: f64 },
    /// A flow in base currency, if its worth is known.
    Flow(Option<f64>),
}

pub(super) fn add_equity(events: &mut Vec<Event>, session: i64, equity: f64) {
    if let Some(Event::Equity { session: day, highest, last, .. }) = events.last_mut()
        && *day >= session
    {
        *highest = highest.max(equity);
        *last = equity;
        return;
    }
    add(events, Event::Equity { session, first: equity, highest: equity, last: equity });
}

pub(super) fn add_flow(events: &mut Vec<Event>, amount_base: Option<f64>) {
    add(events, Event::Flow(amount_base));
}

fn add(events: &mut Vec<Event>, event: Event) {
    if events.len() >= EVENTS_MAX {
        events.clear();
        events.push(Event::Flow(None));
    }
    events.push(event);
}

impl Known {
    /// Takes over the past of this owner, then what happened since.
    pub(super) fn settle(&mut self, before: Known) {
        if before.waiting.is_some() {
            return;
        }
        let Some(events) = self.waiting.take() else { return };
        let (positions, is_off) = (std::mem::take(&mut self.positions), self.is_off);
        *self = before;
        self.is_off |= is_off;
        for (position, notional) in positions {
            self.put_position(&position, notional);
        }
        for event in events {
            match event {
                Event::Equity { session, first, highest, last } => {
                    for equity in [first, highest, last] {
                        self.take_equity(session, equity);
                    }
                }
                Event::Flow(amount) => self.take_flow(amount),
            }
        }
    }
}

pub(super) fn put_events(put: &mut Put, events: &[Event]) {
    put.u32(u32::try_from(events.len()).unwrap_or(u32::MAX));
    for event in events {
        match *event {
            Event::Equity { session, first, highest, last } => {
                put.u8(0).i64_opt(Some(session));
                put.f64_opt(Some(first)).f64_opt(Some(highest)).f64_opt(Some(last));
            }
            Event::Flow(amount) => {
                put.u8(1).f64_opt(amount);
            }
        }
    }
}

pub(super) fn get_events(get: &mut Get<'_>) -> Option<Vec<Event>> {
    let n = get.u32()?;
    let mut events = Vec::new();
    for _ in 0..n {
        events.push(if get.u8()? == 0 {
            Event::Equity {
                session: get.i64_opt()??,
                first: get.f64_opt()??,
                highest: get.f64_opt()??,
                last: get.f64_opt()??,
            }
        } else {
            Event::Flow(get.f64_opt()?)
        });
    }
    Some(events)
}
