//! The rules of a station: run over its own store, as `plimsoll alerts run` does it.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_alerts::DeliveryConfig;
use plimsoll_metrics::{Health, HealthStatus, Series};
use plimsoll_station::{Config, Joined, Station};

use super::StationArgs;
use crate::commands::alerts::effective::Effective;
use crate::commands::alerts::run::{How, Run, Tells};
use crate::failure::{Exit, Failure};
use crate::glue::alerts_station::{OpenAlerts, OutboxDesk};
use crate::moment::Stopwatch;
use crate::store::StorePlace;

/// How much of the past is read the first time.
const SINCE: Duration = Duration::from_hours(1);
/// Time between two rows about the station itself.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Rules that are not run yet.
#[derive(Debug)]
pub(super) struct Watch {
    /// None: they are somebody else's matter.
    how: Option<How>,
    delivery: DeliveryConfig,
    open: OpenAlerts,
}

impl Watch {
    pub(super) fn new(args: &StationArgs, effective: &Effective, config: &Config) -> Self {
        let dir = args.outbox.clone().unwrap_or_else(|| effective.config.outbox.clone());
        let name = match &config.questdb {
            None => config.store.display().to_string(),
            Some(address) => address.clone(),
        };
        let (store, tells) = (StorePlace::new(name, None), Tells::Delivers);
        let how = How { store, dir, since: SINCE, history: None, tells };
        Self {
            how: (!args.no_rules).then_some(how),
            delivery: effective.config.delivery.clone(),
            open: OpenAlerts::default(),
        }
    }

    /// Lets the page show what is open, and a person on it do something about it.
    pub(super) fn join(&self, joined: Joined) -> Joined {
        let Some(how) = &self.how else { return joined };
        // Until the rules have run for the first time nobody can say how they stand.
        self.open.put(Err("rules have not run yet".to_owned()));
        let (dir, config) = (how.dir.clone(), self.delivery.clone());
        let desk = OutboxDesk { dir, config, open: self.open.clone() };
        joined.with_alarms(Arc::new(self.open.clone())).with_operate(Arc::new(desk))
    }

    /// Begins, once there is a store.
    pub(super) fn start(self, effective: &Effective) -> Result<Watching, Failure> {
        let run = self.how.as_ref().map(|how| open(effective, how)).transpose()?;
        let (how, open) = (self.how, self.open);
        Ok(Watching { how, run, open, failed: None, stored: 0, reported: None })
    }
}

fn open(effective: &Effective, how: &How) -> Result<Run, Failure> {
    let mut run = Run::open(effective, how)?;
    run.catch_up()?;
    Ok(run)
}

/// Rules that run.
pub(super) struct Watching {
    how: Option<How>,
    run: Option<Run>,
    open: OpenAlerts,
    /// Why the last look was none.
    failed: Option<String>,
    /// Rows that the station had acknowledged at the last look.
    stored: u64,
    /// When the station told of itself last.
    reported: Option<Stopwatch>,
}

impl Watching {
    /// Goes on by these rules and receivers. Rules that did not change keep their state.
    pub(super) fn restart(&mut self, effective: &Effective) {
        let Some(how) = &self.how else { return };
        let closed = self.run.take().map_or(Ok(Exit::Fine), Run::close);
        let opened = closed.and_then(|_| open(effective, how));
        match opened {
            Ok(run) => self.run = Some(run),
            Err(failure) => self.fail(&failure),
        }
    }

    /// Where the station tells of itself.
    pub(super) fn own(&self) -> Option<&Series> {
        self.run.as_ref().and_then(Run::own)
    }

    fn fail(&mut self, failure: &Failure) {
        let why = format!("the rules cannot run: {}", failure.told());
        if self.failed.as_ref() != Some(&why) {
            eprintln!("error: {why}");
        }
        self.failed = Some(why);
    }

    /// One look at the store. What goes wrong is told and shown, and does not end the station: rows
    /// go on being taken.
    pub(super) fn look(&mut self, station: &Station) {
        let Some(run) = &mut self.run else {
            if let Some(why) = &self.failed
                && self.open.put(Err(why.clone()))
            {
                station.alarms_changed();
            }
            return;
        };
        let stored = std::mem::replace(&mut self.stored, station.load().rows_stored);
        match run.step() {
            Ok(taken) => {
                self.failed = None;
                // Somebody writes into the store itself.
                if taken.of_others > 0 && stored == self.stored {
                    station.rows_changed();
                }
            }
            Err(failure) => self.fail(&failure),
        }
        let Some(run) = &self.run else { return };
        let trouble = self.failed.clone().or_else(|| run.check().err());
        let status = match trouble {
            Some(why) => Err(why),
            None => run.status().ok_or_else(|| "delivery does not answer".to_owned()),
        };
        let is_fine = status.is_ok();
        if self.open.put(status) {
            station.alarms_changed();
        }
        self.report(station, is_fine);
    }

    /// The station's own row of `system_health`.
    fn report(&mut self, station: &Station, is_fine: bool) {
        if self.reported.is_some_and(|at| at.elapsed() < REPORT_EVERY) {
            return;
        }
        self.reported = Some(Stopwatch::start());
        let Some(own) = self.own() else { return };
        let load = station.load();
        let status = if is_fine { HealthStatus::Up } else { HealthStatus::Degraded };
        let detail = format!(
            "{} rows acknowledged, {} writes told to come again, {} connections",
            load.rows_stored, load.writes_busy, load.connections
        );
        let row =
            Health::new("station", status).latency_ms(load.commit_mean).detail(detail.as_str());
        own.emit_health(row);
    }

    /// Keeps the state of the rules and tells what still waits; at the end.
    pub(super) fn close(mut self) -> Result<Exit, Failure> {
        match self.run.take() {
            None => Ok(Exit::Fine),
            Some(mut run) => {
                run.step()?;
                run.close()
            }
        }
    }
}
