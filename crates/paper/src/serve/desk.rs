//! The venue, its bars and its journal behind one lock.

use std::path::Path;

use plimsoll_durable::Lock;

use super::journal::{Entry, Journal, SCHEMA_VERSION};
use super::{OpenReport, ServeConfig, ServeError};
use crate::books::FlowKind;
use crate::data::Bars;
use crate::event::{Event, EventKind};
use crate::money::Decimal;
use crate::order::{Change, NewOrder};
use crate::replay::ReplayClock;
use crate::venue::{PlaceError, Placed, Venue, VenueError};

/// Events that are kept for `GET /events`; older ones are forgotten and said to be.
const EVENTS_MAX: usize = 10_000;

/// Why a command was not carried out.
#[derive(Debug)]
pub(super) enum DeskError {
    Place(PlaceError),
    Venue(VenueError),
    /// The venue is not usable until it is started again.
    Down(String),
}

#[derive(Debug)]
pub(super) struct Desk {
    pub(super) venue: Venue,
    pub(super) bars: Bars,
    clock: ReplayClock,
    journal: Journal,
    down: Option<String>,
    events: Vec<Event>,
    events_forgotten: usize,
    /// Every movement of money, none forgotten: what a statement is made of.
    cash_flows: Vec<Event>,
    /// Name of the venue, and of its account.
    pub(super) names: (String, String),
    /// Held as long as any thread may still write the journal.
    _lock: Lock,
}

impl Desk {
    /// Opens the journal and carries its commands out again.
    pub(super) fn open(
        path: &Path,
        config: ServeConfig,
        lock: Lock,
    ) -> Result<(Self, OpenReport), ServeError> {
        let (mut journal, found) = Journal::open(path, config.journal_bytes_max)?;
        let fingerprint = config.bars.fingerprint();
        let mut entries = found.entries.into_iter();
        let end_ns = match entries.next() {
            Some(begin) => check_begin(path, &begin, &config, fingerprint)?,
            None => {
                let begin = Entry::Begin {
                    schema_version: SCHEMA_VERSION,
                    venue: Box::new(config.venue.clone()),
                    bars_fingerprint: fingerprint,
                    end_ns: config.end_ns,
                };
                let failed = |source| ServeError::File { path: path.to_owned(), source };
                journal.append(&begin).map_err(failed)?;
                config.end_ns
            }
        };
        let clock = ReplayClock::new(config.bars.len(), end_ns)
            .map_err(|source| ServeError::Clock { source })?;
        let (px_scale, volume_scale) = (config.bars.px_scale(), config.bars.volume_scale());
        let names = (config.venue.venue.clone(), config.venue.account_id.clone());
        let venue = Venue::new(config.venue, px_scale, volume_scale, clock.start_ns())
            .map_err(|source| ServeError::Venue { source })?;
        let mut desk = Self {
            venue,
            bars: config.bars,
            clock,
            journal,
            down: None,
            events: Vec::new(),
            events_forgotten: 0,
            cash_flows: Vec::new(),
            names,
            _lock: lock,
        };
        let mut report = OpenReport { commands_replayed: 0, torn_bytes: found.torn_bytes };
        for entry in entries {
            report.commands_replayed += 1;
            desk.carry_out(&entry).map_err(|error| ServeError::Replay {
                path: path.to_owned(),
                command: report.commands_replayed,
                detail: error.to_string(),
            })?;
        }
        Ok((desk, report))
    }

    pub(super) fn place(&mut self, order: &NewOrder) -> Result<Placed, DeskError> {
        self.usable()?;
        let now_ns = self.venue.now_ns();
        let placed = self.venue.place(order, now_ns).map_err(DeskError::Place)?;
        if !placed.duplicate {
            self.keep(&Entry::Place { order: Box::new(order.clone()) })?;
        }
        Ok(placed)
    }

    pub(super) fn cancel(&mut self, id: &str) -> Result<(), DeskError> {
        self.usable()?;
        let now_ns = self.venue.now_ns();
        self.venue.cancel(id, now_ns).map_err(DeskError::Place)?;
        self.keep(&Entry::Cancel { client_order_id: id.to_owned() })
    }

    pub(super) fn modify(&mut self, id: &str, change: &Change) -> Result<(), DeskError> {
        self.usable()?;
        let now_ns = self.venue.now_ns();
        self.venue.modify(id, change, now_ns).map_err(DeskError::Place)?;
        let client_order_id = id.to_owned();
        self.keep(&Entry::Modify { client_order_id, change: change.clone() })
    }

    pub(super) fn cash(
        &mut self,
        kind: FlowKind,
        currency: &str,
        amount: Decimal,
    ) -> Result<(), DeskError> {
        self.usable()?;
        self.venue.cash(kind, currency, amount).map_err(DeskError::Venue)?;
        self.keep(&Entry::Cash { kind, currency: currency.to_owned(), amount })
    }

    /// Lets bars pass; returns how many there were, fewer at the end of the data.
    pub(super) fn advance(&mut self, bars: u32) -> Result<u32, DeskError> {
        self.usable()?;
        let passed = self.pass(bars)?;
        if passed > 0 {
            self.keep(&Entry::Advance { bars: passed })?;
        }
        Ok(passed)
    }

    /// Returns events from a number on, and the number of the next one.
    pub(super) fn events_since(&self, since: usize) -> (&[Event], usize, usize) {
        let skip = since.saturating_sub(self.events_forgotten);
        let rest = self.events.get(skip..).unwrap_or(&[]);
        let shown = rest.get(..rest.len().min(1000)).unwrap_or(rest);
        let first = since.max(self.events_forgotten);
        (shown, first + shown.len(), self.events_forgotten)
    }

    /// Returns movements of money from a number on, at most 1,000, and the number of the next one.
    pub(super) fn cash_flows_since(&self, since: usize) -> (&[Event], usize) {
        let rest = self.cash_flows.get(since..).unwrap_or(&[]);
        let shown = rest.get(..rest.len().min(1000)).unwrap_or(rest);
        (shown, since + shown.len())
    }

    pub(super) fn usable(&self) -> Result<(), DeskError> {
        match &self.down {
            Some(why) => Err(DeskError::Down(why.clone())),
            None => Ok(()),
        }
    }

    fn pass(&mut self, bars: u32) -> Result<u32, DeskError> {
        let mut passed = 0;
        for _ in 0..bars {
            let index = usize::try_from(self.venue.bars_done()).unwrap_or(usize::MAX);
            let Some(bar) = self.bars.get(index).copied() else { break };
            if let Err(error) = self.venue.advance(&bar, self.clock.ts_ns(index)) {
                self.down = Some(format!("a bar could not pass: {error}"));
                return Err(DeskError::Venue(error));
            }
            passed += 1;
        }
        Ok(passed)
    }

    /// Puts a command on disk. If that fails, memory is ahead of the disk: nothing is answered
    /// any more until a restart has read the disk.
    fn keep(&mut self, entry: &Entry) -> Result<(), DeskError> {
        if let Err(error) = self.journal.append(entry) {
            let why = format!("the journal cannot be written: {error}");
            self.down = Some(why.clone());
            return Err(DeskError::Down(why));
        }
        self.collect();
        Ok(())
    }

    fn collect(&mut self) {
        let mut events = self.venue.take_events();
        let is_flow = |event: &&Event| matches!(event.kind, EventKind::CashMoved { .. });
        self.cash_flows.extend(events.iter().filter(is_flow).cloned());
        self.events.append(&mut events);
        let surplus = self.events.len().saturating_sub(EVENTS_MAX);
        self.events.drain(..surplus);
        self.events_forgotten += surplus;
    }

    fn carry_out(&mut self, entry: &Entry) -> Result<(), DeskError> {
        let now_ns = self.venue.now_ns();
        match entry {
            Entry::Begin { .. } => Err(DeskError::Down("a second beginning".to_owned())),
            Entry::Place { order } => {
                self.venue.place(order, now_ns).map(|_| ()).map_err(DeskError::Place)
            }
            Entry::Cancel { client_order_id } => {
                self.venue.cancel(client_order_id, now_ns).map_err(DeskError::Place)
            }
            Entry::Modify { client_order_id, change } => {
                self.venue.modify(client_order_id, change, now_ns).map_err(DeskError::Place)
            }
            Entry::Advance { bars } => self.pass(*bars).map(|_| ()),
            Entry::Cash { kind, currency, amount } => {
                self.venue.cash(*kind, currency, *amount).map_err(DeskError::Venue)
            }
        }?;
        self.collect();
        Ok(())
    }
}

impl std::fmt::Display for DeskError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Place(error) => error.fmt(f),
            Self::Venue(error) => error.fmt(f),
            Self::Down(why) => f.write_str(why),
        }
    }
}

/// Refuses a journal of another venue; returns the clock's end that it was begun with.
fn check_begin(
    path: &Path,
    begin: &Entry,
    config: &ServeConfig,
    fingerprint: u64,
) -> Result<i64, ServeError> {
    let other = |what, found: String, wanted: String| {
        Err(ServeError::Other { path: path.to_owned(), what, found, wanted })
    };
    let Entry::Begin { schema_version, venue, bars_fingerprint, end_ns } = begin else {
        let detail = "it does not begin with the venue's configuration".to_owned();
        return Err(ServeError::Corrupt { path: path.to_owned(), offset: 0, detail });
    };
    if *schema_version != SCHEMA_VERSION {
        return other("version", schema_version.to_string(), SCHEMA_VERSION.to_string());
    }
    if *bars_fingerprint != fingerprint {
        let (found, wanted) = (format!("{bars_fingerprint:016x}"), format!("{fingerprint:016x}"));
        return other("market data", found, wanted);
    }
    if **venue != config.venue {
        let found = format!("{} with seed {}", venue.instrument_id, venue.seed);
        let wanted = format!("{} with seed {}", config.venue.instrument_id, config.venue.seed);
        return other("configuration", found, wanted);
    }
    Ok(*end_ns)
}
