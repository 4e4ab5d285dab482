//! What is written down of a lease.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::disk::Disk;
use crate::store::LockedError;

const SCHEMA_VERSION: u32 = 1;
const NAME_LEN_MAX: usize = 64;
const RECORD_LEN_MAX: u64 = 64 << 10;

/// An account and a strategy: what one lease is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LeaseName {
    account_id: String,
    strategy_id: String,
}

impl LeaseName {
    /// The lease of that strategy in that account.
    ///
    /// # Errors
    ///
    /// When a name is empty, longer than 64, or has other characters than `A-Z a-z 0-9 . _ -`.
    pub fn new(account_id: &str, strategy_id: &str) -> Result<Self, LeaseError> {
        let is_fine = |name: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            !name.is_empty()
                && name.len() <= NAME_LEN_MAX
                && !name.starts_with('.')
                && name.chars().all(plain)
        };
        for name in [account_id, strategy_id] {
            if !is_fine(name) {
                return Err(LeaseError::Name { name: name.to_owned() });
            }
        }
        Ok(Self { account_id: account_id.to_owned(), strategy_id: strategy_id.to_owned() })
    }

    /// The account.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.account_id
    }

    /// The strategy.
    #[must_use]
    pub fn strategy_id(&self) -> &str {
        &self.strategy_id
    }

    pub(super) fn file(&self) -> String {
        format!("{}@{}", self.strategy_id, self.account_id)
    }
}

impl fmt::Display for LeaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.strategy_id, self.account_id)
    }
}

impl FromStr for LeaseName {
    type Err = LeaseError;

    fn from_str(text: &str) -> Result<Self, LeaseError> {
        let (strategy_id, account_id) =
            text.split_once('@').ok_or_else(|| LeaseError::Name { name: text.to_owned() })?;
        Self::new(account_id, strategy_id)
    }
}

impl TryFrom<String> for LeaseName {
    type Error = LeaseError;

    fn try_from(text: String) -> Result<Self, LeaseError> {
        text.parse()
    }
}

impl From<LeaseName> for String {
    fn from(name: LeaseName) -> Self {
        name.to_string()
    }
}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeaseHolder {
    /// Its process.
    pub pid: u32,
    /// What it is, for people.
    pub purpose: String,
    /// Since when, UTC nanoseconds since 1970.
    pub since_ns: i64,
}

impl LeaseHolder {
    pub(super) fn this(purpose: &str, since_ns: i64) -> Self {
        Self { pid: std::process::id(), purpose: purpose.to_owned(), since_ns }
    }

    pub(super) fn nobody() -> Self {
        Self { pid: 0, purpose: String::new(), since_ns: 0 }
    }
}

/// How a lease stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeaseState {
    /// Which one.
    pub name: LeaseName,
    /// The last generation that was given; 0 if none ever was.
    pub generation: u64,
    /// Who has or had it.
    pub holder: Option<LeaseHolder>,
    /// Whether the holder's process lives, stopped or not.
    pub is_alive: bool,
    /// Who fenced that generation, if it was.
    pub fenced_by: Option<String>,
    /// The ticket without which nobody gets it.
    pub reserved_for: Option<String>,
}

impl LeaseState {
    pub(super) fn never(name: &LeaseName) -> Self {
        Self {
            name: name.clone(),
            generation: 0,
            holder: None,
            is_alive: false,
            fenced_by: None,
            reserved_for: None,
        }
    }

    /// Whether somebody may send orders under it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.is_alive && self.fenced_by.is_none() && self.reserved_for.is_none()
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    schema_version: u32,
    name: LeaseName,
    pub(super) generation: u64,
    pub(super) holder: LeaseHolder,
    pub(super) fenced_by: Option<String>,
    pub(super) reserved_for: Option<String>,
}

impl Record {
    pub(super) fn new(name: &LeaseName, generation: u64, holder: LeaseHolder) -> Self {
        let (fenced_by, reserved_for) = (None, None);
        let (schema_version, name) = (SCHEMA_VERSION, name.clone());
        Self { schema_version, name, generation, holder, fenced_by, reserved_for }
    }

    /// Whether its generation may send orders.
    pub(super) fn is_valid(&self) -> bool {
        self.fenced_by.is_none()
    }

    pub(super) fn state(self, is_alive: bool) -> LeaseState {
        LeaseState {
            name: self.name,
            generation: self.generation,
            holder: (self.generation > 0).then_some(self.holder),
            is_alive,
            fenced_by: self.fenced_by,
            reserved_for: self.reserved_for,
        }
    }
}

/// Reads a record; `None` if there never was one.
pub(super) fn read(path: &Path) -> Result<Option<Record>, LeaseError> {
    let io = |source| LeaseError::Io { path: path.to_owned(), source };
    let damaged = || LeaseError::Damaged { path: path.to_owned() };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > RECORD_LEN_MAX {
        return Err(damaged());
    }
    let at = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(damaged)?;
    let (digest, text) = bytes.split_at_checked(at).ok_or_else(damaged)?;
    let text = text.strip_prefix(b"\n").ok_or_else(damaged)?;
    if Digest::of(text).to_string().as_bytes() != digest {
        return Err(damaged());
    }
    let record: Record = serde_json::from_slice(text).map_err(|_| damaged())?;
    if record.schema_version > SCHEMA_VERSION {
        return Err(LeaseError::Newer { found: record.schema_version });
    }
    Ok(Some(record))
}

/// Replaces a record; after `Ok` it survives a power cut.
pub(super) fn write(disk: &Disk, path: &Path, record: &Record) -> Result<(), LeaseError> {
    let failed = |source| LeaseError::Io { path: path.to_owned(), source };
    let text = serde_json::to_vec(record).map_err(|error| failed(error.into()))?;
    let mut bytes = Digest::of(&text).to_string().into_bytes();
    bytes.push(b'\n');
    bytes.extend_from_slice(&text);
    disk.replace_whole(path, &bytes).map_err(failed)
}

/// Why a lease was not given, or holds no more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// A name cannot be used.
    #[error(
        "`{name}` is no name for a lease: STRATEGY@ACCOUNT of letters, digits, `.`, `_` and `-`"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// Somebody holds it, and lives.
    #[error("the lease {name} is held by process {} ({}), generation {generation}", holder.pid, holder.purpose)]
    Held {
        /// The lease.
        name: LeaseName,
        /// Its generation.
        generation: u64,
        /// Who.
        holder: LeaseHolder,
    },
    /// A deploy has reserved it.
    #[error("the lease {name} is reserved for {ticket}")]
    Reserved {
        /// The lease.
        name: LeaseName,
        /// For which ticket.
        ticket: String,
    },
    /// It was fenced or taken over.
    #[error("the lease {name} of generation {generation} is lost{}", now.map_or_else(String::new, |now| format!("; now is generation {now}")))]
    Lost {
        /// The lease.
        name: LeaseName,
        /// The generation that was held.
        generation: u64,
        /// The generation now, if it is known.
        now: Option<u64>,
    },
    /// A deploy has not armed it yet.
    #[error("the lease {name} is not armed: {ticket} keeps it reserved")]
    NotArmed {
        /// The lease.
        name: LeaseName,
        /// For which ticket.
        ticket: String,
    },
    /// An order was being sent all the time.
    #[error("an order of the last holder is still on its way after {} ms: is its process stopped?", waited.as_millis())]
    OnItsWay {
        /// How long it was waited for.
        waited: Duration,
    },
    /// Somebody else is changing it.
    #[error("the lease is in use")]
    Locked {
        /// Who.
        source: LockedError,
    },
    /// Its record is not what was written.
    #[error("the record of the lease `{}` is damaged: nobody gets it until a person has looked", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A newer version wrote it.
    #[error("the record of the lease has version {found}, newer than this program")]
    Newer {
        /// Its version.
        found: u32,
    },
    /// A file could not be used.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
