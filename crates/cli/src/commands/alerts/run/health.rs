//! Whether the process that runs rules does what it should.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plimsoll_alerts::{MonitorError, Status};

use crate::glue::alerts_store::Look;
use crate::moment::Stopwatch;

/// A look at the store that took longer than this is none.
const STEP_MAX: Duration = Duration::from_secs(15);
/// Longest time that a message may wait for its receiver before something is wrong.
const WAITING_MAX: u64 = 100;

/// What the loop last did, for whoever gives signs of life.
#[derive(Debug, Clone, Default)]
pub(super) struct Health(Arc<Mutex<Last>>);

#[derive(Debug, Default)]
struct Last {
    stepped: Option<Stopwatch>,
    /// Why the state was not kept.
    not_kept: Option<String>,
    /// What is wrong with delivery.
    delivery: Option<String>,
    /// Tables that cannot be read, and why.
    unreadable: BTreeMap<String, String>,
}

impl Health {
    /// The loop came around, and kept its state or not.
    pub(super) fn note(&self, kept: &Result<(), MonitorError>) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.stepped = Some(Stopwatch::start());
        last.not_kept = kept.as_ref().err().map(ToString::to_string);
    }

    /// Which tables can be read.
    pub(super) fn note_tables(&self, look: &Look) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.unreadable.retain(|table, _| !look.found.contains(table));
        last.unreadable.extend(look.lost.iter().cloned());
    }

    /// How delivery stands; none if it does not answer.
    pub(super) fn note_delivery(&self, status: Option<&Status>) {
        let problem = match status {
            None => Some("delivery does not answer".to_owned()),
            Some(status) if status.dead > 0 => Some(format!("{} dead letters", status.dead)),
            Some(status) if status.waiting > WAITING_MAX => {
                Some(format!("{} messages wait", status.waiting))
            }
            Some(_) => None,
        };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.delivery = problem;
    }

    /// What is not well, if anything.
    pub(super) fn check(&self) -> Result<(), String> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match last.stepped {
            None => return Err("rules have not run yet".to_owned()),
            Some(at) if at.elapsed() > STEP_MAX => {
                return Err(format!("rules have not run for {} s", at.elapsed().as_secs()));
            }
            Some(_) => {}
        }
        let table = last.unreadable.iter().next();
        let table = table.map(|(table, why)| format!("cannot read `{table}`: {why}"));
        last.not_kept.clone().or_else(|| last.delivery.clone()).or(table).map_or(Ok(()), Err)
    }
}
