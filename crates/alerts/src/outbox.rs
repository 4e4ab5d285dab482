//! What has to survive a crash, on disk: a snapshot, and a journal of what changed since.
//!
//! The state is rows of tables. Each round's changes are one frame of the journal, so that a crash leaves
//! all of a round or nothing. When the journal has grown, a new generation begins with a new snapshot; the
//! generation before stays as a backup until the next one.

pub(crate) mod control;
mod journal;
mod kept;
mod snapshot;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use plimsoll_durable::{Lock, LockError};
use serde_json::Value;

use journal::Journal;
pub(crate) use kept::Kept;

/// A journal longer than this begins a new generation.
const JOURNAL_BYTES_MAX: u64 = 4 << 20;

/// A reader beside a writer meets files that were just removed; then it looks again, so often at most.
const READ_ATTEMPTS: usize = 8;

/// One row: its table, its key, and its value; no value means that the row is gone.
pub(crate) type Row = (String, String, Option<Value>);

/// Rows by table and key.
pub(crate) type Rows = BTreeMap<(String, String), Value>;

/// Why an outbox cannot be opened or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// Another process or another handle delivers from it.
    #[error("outbox `{}` is in use by {holder}", dir.display())]
    Held {
        /// The directory.
        dir: PathBuf,
        /// Who holds it, as far as it is known.
        holder: String,
    },
    /// Something could not be read, made or changed.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// File or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A newer program wrote it.
    #[error("`{}` has outbox version {found}, this program reads up to {wanted}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The highest that is known.
        wanted: u64,
    },
    /// No outbox was ever made there.
    #[error("`{}` is no outbox", dir.display())]
    Absent {
        /// The directory.
        dir: PathBuf,
    },
}

impl OutboxError {
    fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }
}

/// An outbox that is open for writing. Only one is, of each directory.
#[derive(Debug)]
pub(crate) struct Outbox {
    dir: PathBuf,
    _lock: Lock,
    generation: u64,
    journal: Journal,
    /// The journal could not be written: everything goes into a new snapshot as soon as the disk allows.
    is_behind: bool,
}

/// What an outbox held when it was opened.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) rows: Rows,
    /// What a person should know: damage, and where the damaged file was put.
    pub(crate) notes: Vec<String>,
}

impl Outbox {
    /// Opens the outbox of a directory, which is made if need be.
    pub(crate) fn open(dir: &Path) -> Result<(Self, Loaded), OutboxError> {
        fs::create_dir_all(dir).map_err(|e| OutboxError::io("create", dir, e))?;
        let lock = lock(dir)?;
        let mut loaded = Loaded::default();
        let found = load(dir, &mut loaded)?;
        let generation = found.unwrap_or(0);
        if found.is_none() {
            snapshot::write(&snapshot_path(dir, 0), &loaded.rows)?;
        }
        let path = journal_path(dir, generation);
        let opened = if path.exists() {
            Journal::open(&path).map(|(journal, _)| journal)
        } else {
            Journal::create(&path)
        };
        let journal = opened.map_err(|e| OutboxError::io("open", &path, e))?;
        let mut outbox =
            Self { dir: dir.to_owned(), _lock: lock, generation, journal, is_behind: false };
        if !loaded.notes.is_empty() {
            outbox.compact(&loaded.rows)?;
        }
        Ok((outbox, loaded))
    }

    /// Writes a round's changes, so that they survive a power cut when this returns.
    ///
    /// After an error nothing of the round is on disk, and [`Outbox::compact`] has to be called in time.
    pub(crate) fn write(&mut self, rows: &[Row]) -> Result<(), OutboxError> {
        if rows.is_empty() {
            return Ok(());
        }
        let path = journal_path(&self.dir, self.generation);
        let written = serde_json::to_vec(rows)
            .map_err(io::Error::from)
            .and_then(|frame| self.journal.append(&frame))
            .and_then(|()| self.journal.sync());
        self.is_behind |= written.is_err();
        written.map_err(|e| OutboxError::io("write", &path, e))
    }

    /// Whether the next round should be a snapshot.
    pub(crate) fn wants_compaction(&self) -> bool {
        self.is_behind || self.journal.len_bytes() > JOURNAL_BYTES_MAX
    }

    /// Begins a new generation with all rows that there are.
    pub(crate) fn compact(&mut self, rows: &Rows) -> Result<(), OutboxError> {
        let next = self.generation.saturating_add(1);
        snapshot::write(&snapshot_path(&self.dir, next), rows)?;
        let path = journal_path(&self.dir, next);
        self.journal = Journal::create(&path).map_err(|e| OutboxError::io("create", &path, e))?;
        self.generation = next;
        self.is_behind = false;
        let kept = next.saturating_sub(1);
        for (generation, path) in files(&self.dir)? {
            if generation < kept {
                fs::remove_file(&path).map_err(|e| OutboxError::io("remove", &path, e))?;
            }
        }
        Ok(())
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }
}

/// Reads the rows of an outbox, also while another process writes it.
pub(crate) fn read(dir: &Path) -> Result<Rows, OutboxError> {
    if !dir.exists() {
        return Err(OutboxError::Absent { dir: dir.to_owned() });
    }
    let mut attempt = 0;
    loop {
        attempt += 1;
        let mut loaded = Loaded::default();
        match load_only(dir, &mut loaded) {
            Ok(Some(_)) => return Ok(loaded.rows),
            Ok(None) if attempt >= READ_ATTEMPTS => {
                return Err(OutboxError::Absent { dir: dir.to_owned() });
            }
            Err(OutboxError::Io { source, .. })
                if source.kind() == io::ErrorKind::NotFound && attempt < READ_ATTEMPTS => {}
            Err(error) => return Err(error),
            Ok(None) => {}
        }
    }
}

/// Who delivers from the outbox now, if anybody does.
pub(crate) fn holder(dir: &Path) -> Option<String> {
    match lock(dir) {
        Err(OutboxError::Held { holder, .. }) => Some(holder),
        _ => None,
    }
}

fn lock(dir: &Path) -> Result<Lock, OutboxError> {
    let path = dir.join("lock");
    Lock::try_acquire(&path, "alert delivery").map_err(|error| match error {
        LockError::Held { holder, .. } => {
            let holder = holder.map_or_else(|| "another process".to_owned(), |h| h.to_string());
            OutboxError::Held { dir: dir.to_owned(), holder }
        }
        other => OutboxError::io("lock", &path, io::Error::other(other)),
    })
}

/// Loads the newest generation, and puts damaged files aside.
fn load(dir: &Path, into: &mut Loaded) -> Result<Option<u64>, OutboxError> {
    let found = load_only(dir, into)?;
    for (_, path) in files(dir)? {
        if is_damaged(&path)? {
            let aside = path.with_extension("damaged");
            fs::copy(&path, &aside).map_err(|e| OutboxError::io("copy", &path, e))?;
            into.notes.push(format!("damaged, a copy is kept as `{}`", aside.display()));
        }
    }
    Ok(found)
}

fn is_damaged(path: &Path) -> Result<bool, OutboxError> {
    if path.extension().is_some_and(|e| e == "json") {
        return Ok(snapshot::read(path)?.is_none());
    }
    let read = journal::read(path).map_err(|e| OutboxError::io("read", path, e))?;
    Ok(read.is_damaged)
}

/// The newest snapshot that is whole, and all journals since. `None`: there is no outbox.
fn load_only(dir: &Path, into: &mut Loaded) -> Result<Option<u64>, OutboxError> {
    let all = files(dir)?;
    let newest = all.iter().map(|(generation, _)| *generation).max();
    let Some(newest) = newest else { return Ok(None) };
    let mut base = None;
    for generation in (0..=newest).rev().take(2) {
        let path = snapshot_path(dir, generation);
        if !path.exists() {
            continue;
        }
        if let Some(rows) = snapshot::read(&path)? {
            into.rows = rows;
            base = Some(generation);
            break;
        }
        into.notes.push(format!("`{}` is damaged, the one before is used", path.display()));
    }
    for generation in base.unwrap_or(newest.saturating_sub(1))..=newest {
        let path = journal_path(dir, generation);
        if path.exists() {
            replay(&path, into)?;
        }
    }
    Ok(Some(newest))
}

fn replay(path: &Path, into: &mut Loaded) -> Result<(), OutboxError> {
    let read = journal::read(path).map_err(|e| OutboxError::io("read", path, e))?;
    for frame in &read.frames {
        let rows: Vec<Row> = serde_json::from_slice(frame)
            .map_err(|e| OutboxError::io("read", path, io::Error::from(e)))?;
        for (table, key, value) in rows {
            match value {
                Some(value) => into.rows.insert((table, key), value),
                None => into.rows.remove(&(table, key)),
            };
        }
    }
    if read.is_damaged {
        let left = read.left_bytes;
        into.notes.push(format!("`{}` is damaged, its last {left} bytes are lost", path.display()));
    }
    Ok(())
}

fn snapshot_path(dir: &Path, generation: u64) -> PathBuf {
    dir.join(format!("snapshot-{generation}.json"))
}

fn journal_path(dir: &Path, generation: u64) -> PathBuf {
    dir.join(format!("journal-{generation}.log"))
}

/// Snapshots and journals with their generations.
fn files(dir: &Path) -> Result<Vec<(u64, PathBuf)>, OutboxError> {
    let read = |e| OutboxError::io("list", dir, e);
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(read)? {
        let name = entry.map_err(read)?.file_name();
        let Some(name) = name.to_str() else { continue };
        let generation = name
            .strip_prefix("snapshot-")
            .and_then(|rest| rest.strip_suffix(".json"))
            .or_else(|| name.strip_prefix("journal-").and_then(|rest| rest.strip_suffix(".log")))
            .and_then(|number| number.parse().ok());
        found.extend(generation.map(|generation| (generation, dir.join(name))));
    }
    Ok(found)
}

/// Eight letters that no other outbox has.
pub(crate) fn new_id() -> String {
    use std::hash::{BuildHasher as _, Hasher as _};
    // Keyed by the system's randomness.
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:08x}", hasher.finish() >> 32)
}
