//! The latch: once halted, trading stays halted until a person resumes it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use plimsoll_durable::Lock;
use serde::{Deserialize, Serialize};

use super::halt_path;
use crate::disk::Disk;
use crate::journal::{self, Journal, JournalError};
use crate::plan::ns;
use crate::store::LockedError;

/// Version of the records. A newer one is refused.
const SCHEMA_VERSION: u32 = 1;
/// Two people may want the latch at once; each holds it for the time of one record.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// What was done to the latch, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HaltRecord {
    schema_version: u32,
    /// Whether trading is halted from then on.
    pub is_halted: bool,
    /// Why.
    pub reason: String,
    /// Who did it: a person, a deploy, a rule.
    pub by: String,
    /// When, UTC nanoseconds since 1970.
    pub at_ns: i64,
}

/// How the latch stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Halt {
    /// Trading is not halted; the record by which it was resumed, if it ever was halted.
    Released(Option<HaltRecord>),
    /// Trading is halted: the record by which it first was, and those that were added since.
    Latched {
        /// Since when and why.
        first: HaltRecord,
        /// Further reasons, oldest first.
        further: Vec<HaltRecord>,
    },
}

impl Halt {
    /// Whether trading is halted.
    #[must_use]
    pub fn is_latched(&self) -> bool {
        matches!(self, Self::Latched { .. })
    }
}

/// Why it is not known whether trading is halted, or could not be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HaltError {
    /// The directory that holds the latch is not there, so nothing is known.
    #[error("there is no directory `{}`, so it is not known whether trading is halted", dir.display())]
    NoDir {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory could not be made.
    #[error("cannot make the directory `{}`", dir.display())]
    Dir {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of the latch is of no use.
    #[error("the latch cannot be used")]
    Journal {
        /// Why.
        source: JournalError,
    },
    /// Its last record is torn: somebody was killed while changing it, or it is damaged.
    #[error("the last record of the latch `{}` is torn: halt again, or look into it", path.display())]
    Torn {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else is changing it.
    #[error("the latch is in use")]
    Locked {
        /// Who.
        source: LockedError,
    },
    /// A newer version wrote it.
    #[error("the latch has version {found}, newer than this program")]
    Newer {
        /// Its version.
        found: u32,
    },
    /// A halt or a resumption needs a reason.
    #[error("no reason is given")]
    NoReason,
}

/// The latch in a directory, which all strategies of a machine share.
///
/// It is no part of any snapshot: neither a restart nor a rollback releases it.
#[derive(Debug, Clone)]
pub struct HaltFile {
    dir: PathBuf,
    disk: Disk,
}

impl HaltFile {
    /// The latch in the directory of trading.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), disk: Disk::default() }
    }

    /// The directory of trading.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns how the latch stands. Needs no lock.
    ///
    /// # Errors
    ///
    /// When it is not known; a strategy then does what [`super::OnUnknown`] says.
    pub fn read(&self) -> Result<Halt, HaltError> {
        let (records, is_torn) = match journal::read::<HaltRecord>(&halt_path(&self.dir)) {
            Ok(contents) => (contents.records, contents.is_torn),
            Err(JournalError::Read { source, .. })
                if source.kind() == io::ErrorKind::NotFound && self.dir.is_dir() =>
            {
                (Vec::new(), false)
            }
            Err(JournalError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Err(HaltError::NoDir { dir: self.dir.clone() });
            }
            Err(source) => return Err(HaltError::Journal { source }),
        };
        let halt = standing(records)?;
        // What is torn may have been a halt.
        if is_torn && !halt.is_latched() {
            return Err(HaltError::Torn { path: halt_path(&self.dir) });
        }
        Ok(halt)
    }

    /// Halts trading, and returns how the latch stands. One that is halted stays so, and the
    /// reason is added.
    ///
    /// # Errors
    ///
    /// When it was not written down; then whether trading is halted has not changed.
    pub fn halt(&self, reason: &str, by: &str, now: SystemTime) -> Result<Halt, HaltError> {
        self.add(true, reason, by, now)
    }

    /// Releases the latch. Whether it may be released is for the caller to find out first.
    ///
    /// # Errors
    ///
    /// As [`HaltFile::halt`].
    pub fn resume(&self, reason: &str, by: &str, now: SystemTime) -> Result<Halt, HaltError> {
        self.add(false, reason, by, now)
    }

    /// Returns everything that was ever done to it, oldest first.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn history(&self) -> Result<Vec<HaltRecord>, HaltError> {
        match journal::read::<HaltRecord>(&halt_path(&self.dir)) {
            Ok(contents) => Ok(contents.records),
            Err(JournalError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(Vec::new())
            }
            Err(source) => Err(HaltError::Journal { source }),
        }
    }

    fn add(
        &self,
        is_halted: bool,
        reason: &str,
        by: &str,
        now: SystemTime,
    ) -> Result<Halt, HaltError> {
        if reason.trim().is_empty() {
            return Err(HaltError::NoReason);
        }
        self.disk
            .make_dirs(&self.dir)
            .map_err(|source| HaltError::Dir { dir: self.dir.clone(), source })?;
        let _lock = Lock::acquire(self.dir.join("halt.lock"), "halt or resume", LOCK_WAIT)
            .map_err(|error| HaltError::Locked { source: LockedError::of(&error) })?;
        let path = halt_path(&self.dir);
        let opened = if path.exists() {
            Journal::resume::<HaltRecord>(&self.disk, &path)
        } else {
            Journal::create(&self.disk, &path).map(|journal| (journal, Vec::new()))
        };
        let (mut journal, mut records) = opened.map_err(|source| HaltError::Journal { source })?;
        standing(records.clone())?;
        let record = HaltRecord {
            schema_version: SCHEMA_VERSION,
            is_halted,
            reason: reason.trim().to_owned(),
            by: by.to_owned(),
            at_ns: ns(now),
        };
        journal.add(&record).map_err(|source| HaltError::Journal { source })?;
        records.push(record);
        standing(records)
    }
}

/// How the latch stands after these records.
fn standing(records: Vec<HaltRecord>) -> Result<Halt, HaltError> {
    let mut halt = Halt::Released(None);
    for record in records {
        if record.schema_version > SCHEMA_VERSION {
            return Err(HaltError::Newer { found: record.schema_version });
        }
        halt = match (halt, record.is_halted) {
            (_, false) => Halt::Released(Some(record)),
            (Halt::Released(_), true) => Halt::Latched { first: record, further: Vec::new() },
            (Halt::Latched { first, mut further }, true) => {
                further.push(record);
                Halt::Latched { first, further }
            }
        };
    }
    Ok(halt)
}
