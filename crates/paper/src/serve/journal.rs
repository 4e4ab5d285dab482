//! The journal of commands: length, checksum, JSON; on disk before anything is acknowledged.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ServeError;
use crate::books::FlowKind;
use crate::money::Decimal;
use crate::order::{Change, NewOrder};
use crate::venue::VenueConfig;

/// Version of the journal's entries.
pub(super) const SCHEMA_VERSION: u32 = 1;
const HEAD_BYTES: usize = 8;
const ENTRY_BYTES_MAX: usize = 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    Begin { schema_version: u32, venue: Box<VenueConfig>, bars_fingerprint: u64, end_ns: i64 },
    Place { order: Box<NewOrder> },
    Cancel { client_order_id: String },
    Modify { client_order_id: String, change: Change },
    Advance { bars: u32 },
    Cash { kind: FlowKind, currency: String, amount: Decimal },
}

#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    bytes: u64,
    bytes_max: u64,
}

/// What was read at start.
pub(super) struct Found {
    pub(super) entries: Vec<Entry>,
    pub(super) torn_bytes: u64,
}

impl Journal {
    /// Opens or creates the journal, cuts a torn tail and returns the whole entries.
    pub(super) fn open(path: &Path, bytes_max: u64) -> Result<(Self, Found), ServeError> {
        let failed = |source| ServeError::File { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let file = options.open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if length > bytes_max {
            let detail = format!("it has {length} bytes, at most {bytes_max} are read");
            return Err(ServeError::Corrupt { path: path.to_owned(), offset: 0, detail });
        }
        let bytes = fs::read(path).map_err(failed)?;
        let (entries, good) = parse(path, &bytes)?;
        let good = u64::try_from(good).unwrap_or(u64::MAX);
        if good < length {
            file.set_len(good).map_err(failed)?;
            file.sync_all().map_err(failed)?;
        }
        if let Some(parent) = path.parent() {
            plimsoll_durable::sync_dir(parent).map_err(failed)?;
        }
        let found = Found { entries, torn_bytes: length - good };
        Ok((Self { file, bytes: good, bytes_max }, found))
    }

    /// Appends an entry and waits until it is on disk. After a failure the file is cut back to
    /// its last whole entry as far as that is possible; the caller must not go on.
    pub(super) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let body = serde_json::to_vec(entry)?;
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let more = u64::from(length) + HEAD_BYTES as u64;
        if body.len() > ENTRY_BYTES_MAX || self.bytes + more > self.bytes_max {
            let text = format!("the journal would pass {} bytes", self.bytes_max);
            return Err(io::Error::new(io::ErrorKind::StorageFull, text));
        }
        let mut frame = Vec::with_capacity(HEAD_BYTES + body.len());
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(&crc32(&body).to_le_bytes());
        frame.extend_from_slice(&body);
        let written = self.file.write_all(&frame).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // The first error is the one to tell; a tail that stays is cut at the next start.
            drop(self.file.set_len(self.bytes));
            return Err(error);
        }
        self.bytes += more;
        Ok(())
    }
}

/// Returns the whole entries and where they end. A tail that was cut while it was written is no
/// error; damage before the tail is.
fn parse(path: &Path, bytes: &[u8]) -> Result<(Vec<Entry>, usize), ServeError> {
    let mut entries = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let corrupt = |detail: String| ServeError::Corrupt {
            path: PathBuf::from(path),
            offset: u64::try_from(at).unwrap_or(u64::MAX),
            detail,
        };
        // A crash may leave a length of zeros where the data had not reached the disk yet.
        if rest.iter().all(|byte| *byte == 0) {
            break;
        }
        let Some(body) = frame(rest) else {
            // Only the last entry can have been cut. A whole one behind it, or more bytes than an
            // entry has, means that something acknowledged was damaged.
            let too_much = rest.len() > HEAD_BYTES + ENTRY_BYTES_MAX;
            if too_much || (1..rest.len()).any(|skip| rest.get(skip..).and_then(frame).is_some()) {
                return Err(corrupt("an entry does not fit its checksum, and more follows".into()));
            }
            break;
        };
        let entry = serde_json::from_slice(body).map_err(|error| corrupt(error.to_string()))?;
        entries.push(entry);
        at += HEAD_BYTES + body.len();
    }
    Ok((entries, at))
}

/// Returns the body of the whole entry that the bytes begin with; an entry is never empty.
fn frame(bytes: &[u8]) -> Option<&[u8]> {
    let length = usize::try_from(word(bytes, 0)?).ok().filter(|length| *length > 0)?;
    let body = bytes.get(HEAD_BYTES..length.checked_add(HEAD_BYTES)?)?;
    (crc32(body) == word(bytes, 4)?).then_some(body)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(four))
}

/// CRC-32 as in IEEE 802.3, bit by bit: entries are short.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let polynomial = if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
            crc = (crc >> 1) ^ polynomial;
        }
    }
    !crc
}
