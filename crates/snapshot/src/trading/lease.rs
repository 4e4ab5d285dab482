//! Leases: who may send the orders of a strategy in an account, by a generation that only grows.
//!
//! A new holder gets the next generation. Every order is sent under a shared lock, after a look
//! at the generation; whoever takes the lease away first writes the new generation, then waits
//! for the orders that are on their way. So when a lease has changed hands, nothing of the old
//! holder can follow, also if it was stopped for an hour and goes on.

mod record;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use plimsoll_durable::Lock;

pub use record::{LeaseError, LeaseHolder, LeaseName, LeaseState};
use record::{Record, read, write};

use super::leases_path;
use crate::disk::{Disk, Watch};
use crate::plan::ns;
use crate::store::LockedError;

/// Pause between two looks whether orders on their way have been sent.
const POLL: Duration = Duration::from_millis(2);
/// How long a process that was killed may take until the system has closed all its files.
const ENDING_MAX: Duration = Duration::from_millis(250);

/// What a node says when it wants a lease.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Claim {
    /// What it is, for people, such as `trend-1 of deploy 7`.
    pub purpose: String,
    /// What a deploy gave it, if the lease is reserved.
    pub ticket: Option<String>,
    /// How long to wait for orders of the last holder that are on their way. Default 10 s.
    pub wait: Duration,
}

impl Claim {
    /// A claim without a ticket.
    #[must_use]
    pub fn new(purpose: impl Into<String>) -> Self {
        Self { purpose: purpose.into(), ticket: None, wait: Duration::from_secs(10) }
    }

    /// Sets [`Claim::ticket`].
    #[must_use]
    pub fn with_ticket(mut self, ticket: Option<String>) -> Self {
        self.ticket = ticket;
        self
    }

    /// Sets [`Claim::wait`].
    #[must_use]
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }
}

/// The leases in a directory of trading, on one machine.
#[derive(Debug, Clone)]
pub struct Leases {
    dir: PathBuf,
    disk: Disk,
}

impl Leases {
    /// The leases of that directory of trading.
    #[must_use]
    pub fn new(dir: impl AsRef<Path>) -> Self {
        Self { dir: leases_path(dir.as_ref()), disk: Disk::default() }
    }

    /// Lets `watch` see every change of a record before it is made.
    #[must_use]
    pub fn watched(mut self, watch: Arc<dyn Watch>) -> Self {
        self.disk = Disk::watched(watch);
        self
    }

    /// Takes a lease that nobody holds, whose holder has ended, or that was fenced.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Held`] while its holder lives; [`LeaseError::Reserved`] without the ticket
    /// of the deploy that fenced it.
    pub fn acquire(
        &self,
        name: &LeaseName,
        claim: &Claim,
        now: SystemTime,
    ) -> Result<Lease, LeaseError> {
        let place = Place::of(&self.dir, name)?;
        let _lock = place.lock("take the lease")?;
        let last = read(&place.record())?;
        if let Some(last) = &last {
            if let Some(ticket) = &last.reserved_for
                && claim.ticket.as_ref() != Some(ticket)
            {
                return Err(LeaseError::Reserved { name: name.clone(), ticket: ticket.clone() });
            }
            let wait = claim.wait.min(ENDING_MAX);
            if last.is_valid() && place.stays_alive(last.generation, wait)? {
                return Err(LeaseError::Held {
                    name: name.clone(),
                    generation: last.generation,
                    holder: last.holder.clone(),
                });
            }
        }
        let generation = last.as_ref().map_or(0, |last| last.generation).saturating_add(1);
        let alive = place.hold(generation)?;
        let mut record = Record::new(name, generation, LeaseHolder::this(&claim.purpose, ns(now)));
        record.reserved_for = last.and_then(|last| last.reserved_for);
        write(&self.disk, &place.record(), &record)?;
        let lease = Lease { place, name: name.clone(), generation, _alive: alive };
        // From here on the last holder is refused; what it was just sending is waited for.
        lease.place.drain(claim.wait)?;
        lease.place.forget_others(generation);
        Ok(lease)
    }

    /// Takes a lease away from whoever holds it, and reserves it for the bearer of `ticket`.
    /// When this returns, no order of the old holder is on its way, and none can follow.
    ///
    /// # Errors
    ///
    /// [`LeaseError::OnItsWay`] if an order was being sent all the time: its sender may be
    /// stopped. The lease is fenced all the same.
    pub fn fence(
        &self,
        name: &LeaseName,
        ticket: &str,
        by: &str,
        wait: Duration,
    ) -> Result<LeaseState, LeaseError> {
        let place = Place::of(&self.dir, name)?;
        {
            let _lock = place.lock("fence the lease")?;
            let mut record = read(&place.record())?
                .unwrap_or_else(|| Record::new(name, 0, LeaseHolder::nobody()));
            record.fenced_by = Some(by.to_owned());
            record.reserved_for = Some(ticket.to_owned());
            write(&self.disk, &place.record(), &record)?;
        }
        place.drain(wait)?;
        self.state(name)
    }

    /// Arms a lease: its holder may send orders, and a strategy that is started again gets it
    /// without a ticket.
    ///
    /// # Errors
    ///
    /// When it cannot be written down.
    pub fn arm(&self, name: &LeaseName) -> Result<LeaseState, LeaseError> {
        let place = Place::of(&self.dir, name)?;
        {
            let _lock = place.lock("arm the lease")?;
            if let Some(mut record) = read(&place.record())? {
                record.reserved_for = None;
                write(&self.disk, &place.record(), &record)?;
            }
        }
        self.state(name)
    }

    /// Returns how a lease stands.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn state(&self, name: &LeaseName) -> Result<LeaseState, LeaseError> {
        let place = Place { dir: self.dir.join(name.file()) };
        let Some(record) = read(&place.record())? else { return Ok(LeaseState::never(name)) };
        let is_alive = record.generation > 0 && place.is_alive(record.generation)?;
        Ok(record.state(is_alive))
    }

    /// Lists all leases that there ever were.
    ///
    /// # Errors
    ///
    /// When one cannot be read.
    pub fn list(&self) -> Result<Vec<LeaseState>, LeaseError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(LeaseError::Io { path: self.dir.clone(), source }),
        };
        let mut states = Vec::new();
        for entry in entries {
            let entry =
                entry.map_err(|source| LeaseError::Io { path: self.dir.clone(), source })?;
            let place = Place { dir: entry.path() };
            if let Some(record) = read(&place.record())? {
                let is_alive = record.generation > 0 && place.is_alive(record.generation)?;
                states.push(record.state(is_alive));
            }
        }
        states.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(states)
    }

    /// Waits until no order of any lease is on its way.
    ///
    /// # Errors
    ///
    /// [`LeaseError::OnItsWay`] if one was being sent all the time.
    pub fn drain(&self, wait: Duration) -> Result<(), LeaseError> {
        for state in self.list()? {
            Place { dir: self.dir.join(state.name.file()) }.drain(wait)?;
        }
        Ok(())
    }
}

/// The right to send orders, until it is dropped, its process ends, or it is fenced.
#[derive(Debug)]
pub struct Lease {
    place: Place,
    name: LeaseName,
    generation: u64,
    _alive: Lock,
}

impl Lease {
    /// Whose lease it is.
    #[must_use]
    pub fn name(&self) -> &LeaseName {
        &self.name
    }

    /// Its generation; a gateway that sees orders of a higher one refuses those of this.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Sends an order if the lease still holds and is armed. `send` gets the generation.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`] if it was fenced or taken over, [`LeaseError::NotArmed`] while a
    /// deploy keeps it reserved; `send` was not called.
    pub fn order<T>(&self, send: impl FnOnce(u64) -> T) -> Result<T, LeaseError> {
        // One handle for each order: locks of one handle are one lock.
        let way = self.place.orders()?;
        let path = self.place.dir.join("orders.lock");
        way.lock_shared().map_err(|source| LeaseError::Io { path, source })?;
        let lost =
            |now| LeaseError::Lost { name: self.name.clone(), generation: self.generation, now };
        let record = read(&self.place.record())?.ok_or_else(|| lost(None))?;
        if record.generation != self.generation || !record.is_valid() {
            return Err(lost(Some(record.generation)));
        }
        if let Some(ticket) = record.reserved_for {
            return Err(LeaseError::NotArmed { name: self.name.clone(), ticket });
        }
        let sent = send(self.generation);
        drop(way);
        Ok(sent)
    }

    /// Whether it still holds.
    ///
    /// # Errors
    ///
    /// As [`Lease::order`].
    pub fn check(&self) -> Result<(), LeaseError> {
        self.order(|_| ())
    }
}

/// The directory of one lease.
#[derive(Debug, Clone)]
struct Place {
    dir: PathBuf,
}

impl Place {
    fn of(dir: &Path, name: &LeaseName) -> Result<Self, LeaseError> {
        let dir = dir.join(name.file());
        fs::create_dir_all(&dir).map_err(|source| LeaseError::Io { path: dir.clone(), source })?;
        Ok(Self { dir })
    }

    fn record(&self) -> PathBuf {
        self.dir.join("lease.json")
    }

    /// Against two that change the record.
    fn lock(&self, purpose: &str) -> Result<Lock, LeaseError> {
        Lock::acquire(self.dir.join("change.lock"), purpose, Duration::from_secs(5))
            .map_err(|error| LeaseError::Locked { source: LockedError::of(&error) })
    }

    fn alive_path(&self, generation: u64) -> PathBuf {
        self.dir.join(format!("holder-{generation}.lock"))
    }

    /// What the kernel frees when the holder's process ends, in whatever way.
    fn hold(&self, generation: u64) -> Result<Lock, LeaseError> {
        Lock::try_acquire(self.alive_path(generation), "hold the lease")
            .map_err(|error| LeaseError::Locked { source: LockedError::of(&error) })
    }

    /// Whether a holder lives. To look is to share, so that nobody who looks is taken for one.
    fn is_alive(&self, generation: u64) -> Result<bool, LeaseError> {
        let path = self.alive_path(generation);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(LeaseError::Io { path, source }),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(fs::TryLockError::WouldBlock) => Ok(true),
            Err(fs::TryLockError::Error(source)) => Err(LeaseError::Io { path, source }),
        }
    }

    /// Whether a holder lives that is not just ending.
    #[allow(
        clippy::disallowed_methods,
        reason = "waiting for another process is what this does; the wait is bounded"
    )]
    fn stays_alive(&self, generation: u64, wait: Duration) -> Result<bool, LeaseError> {
        let began = Instant::now();
        while self.is_alive(generation)? {
            if began.elapsed() >= wait {
                return Ok(true);
            }
            std::thread::sleep(POLL);
        }
        Ok(false)
    }

    /// The file that every order locks together with others.
    fn orders(&self) -> Result<File, LeaseError> {
        let path = self.dir.join("orders.lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        options.open(&path).map_err(|source| LeaseError::Io { path, source })
    }

    /// Waits until no order is on its way.
    #[allow(
        clippy::disallowed_methods,
        reason = "waiting for another process is what this does; the wait is bounded"
    )]
    fn drain(&self, wait: Duration) -> Result<(), LeaseError> {
        let orders = self.orders()?;
        let began = Instant::now();
        loop {
            match orders.try_lock() {
                Ok(()) => return Ok(()),
                Err(fs::TryLockError::WouldBlock) => {}
                Err(fs::TryLockError::Error(source)) => {
                    return Err(LeaseError::Io { path: self.dir.join("orders.lock"), source });
                }
            }
            if began.elapsed() >= wait {
                return Err(LeaseError::OnItsWay { waited: wait });
            }
            std::thread::sleep(POLL);
        }
    }

    /// Removes the lock files of generations that nobody can hold any more.
    fn forget_others(&self, generation: u64) {
        let own = self.alive_path(generation);
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let is_lock = entry.file_name().to_string_lossy().starts_with("holder-");
            if is_lock && entry.path() != own {
                // Best effort: it misleads nobody, because its generation is over.
                drop(fs::remove_file(entry.path()));
            }
        }
    }
}
