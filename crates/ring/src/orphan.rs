//! What processes that are gone left behind.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::anchors;
use crate::arena::{CLOCK, GONE_PREFIX, JOURNAL, LANE_PREFIX, LOCK, NEW_PREFIX, remove_run_dir};
use crate::clock::Anchor;
use crate::consumer::Reader;
use crate::lane::{boot_id, boot_words};
use crate::layout::{
    ATTEMPTS, BOOT_ID, CHECK, CREATED_NS, DROPPED, HEADER_WORDS, LANE_MAGIC, LAYOUT, LAYOUT_HASH,
    MAGIC, RUN, SLOTS, SLOTS_MAX, TABLES, TAIL, VERSION, VERSION_NOW, header_check, lane_words,
};
use crate::lock::Lock;
use crate::memory::WORD_BYTES;
use crate::record::Record;

/// Largest journal that is read, in bytes.
const JOURNAL_BYTES_MAX: u64 = 256 << 20;
/// Leavings without a lock are swept when they are older than this.
const SWEEP_AFTER: Duration = Duration::from_secs(3600);

/// Returns the run directories in `parent` whose owner is gone, and locks them: until the value
/// is dropped no other process gets them. A parent that does not exist has none.
///
/// # Errors
///
/// What the system says about reading `parent`. A single directory that cannot be opened is
/// passed over; the next call tries it again.
pub fn orphans(parent: &Path) -> io::Result<Vec<Orphan>> {
    let entries = match fs::read_dir(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with(NEW_PREFIX) || name.starts_with(GONE_PREFIX) {
            sweep(&entry.path());
        } else if let Ok(lock) = Lock::take_at(&entry.path().join(LOCK)) {
            found.push(Orphan { dir: entry.path(), name, _lock: lock });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// A run directory whose owner is gone.
#[derive(Debug)]
pub struct Orphan {
    dir: PathBuf,
    name: String,
    /// Keeps other recoveries away.
    _lock: Lock,
}

impl Orphan {
    /// The name of the run directory.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The run directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The bytes appended to the journal. The last append may be missing or cut, if the owner
    /// died inside it.
    ///
    /// # Errors
    ///
    /// What the system says, or `FileTooLarge` above 256 MiB.
    pub fn journal(&self) -> io::Result<Vec<u8>> {
        read_file(&self.dir.join(JOURNAL), JOURNAL_BYTES_MAX)
    }

    /// The anchors of the owner's clock, oldest first.
    ///
    /// # Errors
    ///
    /// What the system says, or `InvalidData` if the file is not one of this version.
    pub fn anchors(&self) -> io::Result<Vec<Anchor>> {
        let bytes = read_file(&self.dir.join(CLOCK), 1 << 20)?;
        let words = to_words(&bytes);
        if anchors::is_known(&words) {
            Ok(anchors::load(&words))
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }

    /// Reads all lanes. A lane that cannot be read is an error beside the others, never a panic.
    /// Lanes that no producer ever had are left out.
    ///
    /// # Errors
    ///
    /// What the system says about reading the directory.
    pub fn lanes(&self) -> io::Result<OrphanLanes> {
        let mut found = OrphanLanes { lanes: Vec::new(), errors: Vec::new() };
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with(LANE_PREFIX) {
                continue;
            }
            match read_lane(&entry.path(), &name) {
                Ok(lane) => found.lanes.extend(lane),
                Err(error) => found.errors.push(error),
            }
        }
        found.lanes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Removes the run directory. Call it when its records are where a crash does not reach them.
    ///
    /// # Errors
    ///
    /// What the system says about the removal.
    pub fn remove(self) -> io::Result<()> {
        remove_run_dir(&self.dir)
    }
}

/// What the lanes of an orphan hold.
#[derive(Debug)]
#[non_exhaustive]
pub struct OrphanLanes {
    /// The lanes that could be read, by file name.
    pub lanes: Vec<OrphanLane>,
    /// The files that could not.
    pub errors: Vec<LaneError>,
}

/// Why a lane of an orphan cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaneError {
    /// The file could not be read.
    #[error("cannot read lane `{name}`")]
    Read {
        /// The file's name.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file's length is not what its header says.
    #[error("lane `{name}` has {found} bytes, its header wants {wanted}")]
    Length {
        /// The file's name.
        name: String,
        /// Bytes in the file.
        found: u64,
        /// Bytes by the header; the header's own if the file is shorter.
        wanted: u64,
    },
    /// The file is no lane, or one of another version.
    #[error("lane `{name}` has {what} {found:#x}, wanted {wanted:#x}")]
    Unknown {
        /// The file's name.
        name: String,
        /// The word of the header that differs.
        what: &'static str,
        /// What it holds.
        found: u64,
        /// What this version writes.
        wanted: u64,
    },
}

/// The records that one lane held when its owner died.
#[derive(Debug)]
pub struct OrphanLane {
    name: String,
    words: Vec<AtomicU64>,
    reader: Reader,
}

impl OrphanLane {
    /// The lane's file name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the lane, as given in its options.
    pub fn run(&self) -> u64 {
        self.word(RUN)
    }

    /// When the lane was made, in nanoseconds since 1970.
    pub fn created_ns(&self) -> u64 {
        self.word(CREATED_NS)
    }

    /// Whether the lane is of this boot of the machine.
    pub fn boot_id_matches(&self) -> bool {
        let (low, high) = boot_words(boot_id());
        self.word(BOOT_ID) == low && self.word(BOOT_ID + 1) == high
    }

    /// Attempts of one table, drops included. The last record of the lane may be one more, if its
    /// owner died before it counted it.
    pub fn attempts(&self, table: u8) -> u64 {
        self.count(ATTEMPTS, table)
    }

    /// Drops of one table.
    pub fn dropped(&self, table: u8) -> u64 {
        self.count(DROPPED, table)
    }

    /// Gives all records that were not released to `f`, oldest first. Some of them may be where
    /// the owner drained them to: it may have died before it released them.
    pub fn drain(&mut self, f: impl FnMut(Record<'_>)) {
        self.reader.drain(&self.words, usize::MAX, f);
    }

    /// Slots that [`OrphanLane::drain`] skipped because they held no record.
    pub fn corrupt_slots(&self) -> u64 {
        self.reader.corrupt_slots
    }

    fn count(&self, at: usize, table: u8) -> u64 {
        let table = usize::from(table);
        if table < TABLES { self.word(at.saturating_add(table)) } else { 0 }
    }

    fn word(&self, at: usize) -> u64 {
        self.words.get(at).map_or(0, |word| word.load(Relaxed))
    }
}

/// `None` for a lane whose making was cut: no producer ever had it.
fn read_lane(path: &Path, name: &str) -> Result<Option<OrphanLane>, LaneError> {
    let bytes_max = lane_words(SLOTS_MAX).unwrap_or_default().saturating_mul(WORD_BYTES) as u64;
    let bytes = read_file(path, bytes_max)
        .map_err(|source| LaneError::Read { name: name.to_owned(), source })?;
    let length = |words: usize| LaneError::Length {
        name: name.to_owned(),
        found: bytes.len() as u64,
        wanted: words.saturating_mul(WORD_BYTES) as u64,
    };
    let words = to_words(&bytes);
    let word = |at: usize| words.get(at).map_or(0, |word| word.load(Relaxed));
    if words.is_empty() || (word(MAGIC) == 0 && word(TAIL) == 0 && word(ATTEMPTS) == 0) {
        return Ok(None);
    }
    if words.len() < HEADER_WORDS {
        return Err(length(HEADER_WORDS));
    }
    let checks = [
        ("magic", word(MAGIC), LANE_MAGIC),
        ("version", word(VERSION), VERSION_NOW),
        ("layout", word(LAYOUT), LAYOUT_HASH),
        ("checksum", word(CHECK), header_check(&words)),
    ];
    for (what, found, wanted) in checks {
        if found != wanted {
            return Err(LaneError::Unknown { name: name.to_owned(), what, found, wanted });
        }
    }
    match lane_words(word(SLOTS)) {
        Some(wanted) if wanted.saturating_mul(WORD_BYTES) == bytes.len() => {}
        wanted => return Err(length(wanted.unwrap_or(HEADER_WORDS))),
    }
    let reader = Reader::new(&words);
    Ok(Some(OrphanLane { name: name.to_owned(), words, reader }))
}

fn read_file(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

fn to_words(bytes: &[u8]) -> Vec<AtomicU64> {
    let (words, _rest) = bytes.as_chunks();
    words.iter().map(|word| AtomicU64::new(u64::from_ne_bytes(*word))).collect()
}

/// Removes what a creation or removal that was cut left, once it is surely not going on.
fn sweep(dir: &Path) {
    let age = fs::metadata(dir).and_then(|of| of.modified()).map(|at| at.elapsed());
    if matches!(age, Ok(Ok(age)) if age > SWEEP_AFTER) {
        // Best effort: the next recovery tries again.
        fs::remove_dir_all(dir).unwrap_or_default();
    }
}
