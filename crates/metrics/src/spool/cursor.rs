//! Positions on the disk: the cursor, up to where blocks were acknowledged, and the mark, up to
//! where they were committed, for a follower in another process.
//!
//! Two slots in two disk sectors, written in turn: a torn write damages one of them at most.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::format::{VERSION, u32_at, u64_at};
use super::scan::read_up_to;
use super::{Position, SpoolError};

const SLOT: usize = 32;
const SLOT_STRIDE: usize = 512;
const FILE: usize = SLOT_STRIDE * 2;

/// An open cursor file.
#[derive(Debug)]
pub(super) struct Cursor {
    path: PathBuf,
    file: File,
    read: CursorRead,
    synced: bool,
    /// What the crc of a slot starts from.
    seed: u32,
}

/// What the cursor file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CursorRead {
    pub(super) position: Position,
    generation: u64,
    /// What is wrong with it.
    pub(super) note: Option<String>,
}

/// Returns the path of the cursor of the spool in `dir`.
pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join("cursor")
}

/// Returns the path of the mark of the spool in `dir`.
pub(super) fn mark_path(dir: &Path) -> PathBuf {
    dir.join("committed")
}

/// What a mark's crc starts from: a mark of another boot may be ahead of what a power failure
/// left of the blocks, so it must not be believed.
pub(super) fn mark_seed() -> u32 {
    let boot = std::fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    crc32fast::hash(&boot)
}

impl Cursor {
    /// Opens the cursor of `dir`, creating it if need be.
    pub(super) fn open(dir: &Path) -> Result<Self, SpoolError> {
        let mut cursor = Self::open_at(path(dir), 0)?;
        cursor.take_room();
        Ok(cursor)
    }

    /// Opens the cursor that another process may be writing to, in order to look at it only.
    pub(super) fn look(dir: &Path) -> Result<Self, SpoolError> {
        Self::open_at(path(dir), 0)
    }

    /// Opens the mark of `dir`, creating it if need be.
    pub(super) fn open_mark(dir: &Path) -> Result<Self, SpoolError> {
        let mut mark = Self::open_at(mark_path(dir), mark_seed())?;
        mark.take_room();
        Ok(mark)
    }

    fn open_at(path: PathBuf, seed: u32) -> Result<Self, SpoolError> {
        let error = |source| SpoolError::Io { action: "open", path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(error)?;
        let read = read(&file, &path, seed)?;
        Ok(Self { path, file, read, synced: false, seed })
    }

    /// Takes the file's room now: on a full disk, acks are what makes room again.
    fn take_room(&mut self) {
        let len = self.file.metadata().map_or(0, |metadata| metadata.len());
        let zeros = vec![0_u8; FILE.saturating_sub(usize::try_from(len).unwrap_or(FILE))];
        if let Err(error) = self.file.write_all_at(&zeros, len) {
            let text = format!("no room for the cursor `{}`: {error}", self.path.display());
            self.read.note.get_or_insert(text);
        }
    }

    pub(super) fn position(&self) -> Position {
        self.read.position
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn take_note(&mut self) -> Option<String> {
        self.read.note.take()
    }

    /// Moves the cursor. It survives the death of the process, and after [`Cursor::sync`] a power
    /// failure.
    pub(super) fn write(&mut self, position: Position) -> io::Result<()> {
        let generation = self.read.generation.saturating_add(1);
        let at = if generation.is_multiple_of(2) { 0 } else { SLOT_STRIDE as u64 };
        self.synced = false;
        self.file.write_all_at(&encode(position, generation, self.seed), at)?;
        self.read.generation = generation;
        self.read.position = position;
        Ok(())
    }

    pub(super) fn sync(&mut self) -> io::Result<()> {
        if !self.synced {
            self.file.sync_data()?;
            self.synced = true;
        }
        Ok(())
    }
}

/// Reads the cursor of `dir` without changing anything.
pub(super) fn inspect(dir: &Path) -> Result<CursorRead, SpoolError> {
    inspect_at(path(dir), 0)
}

/// Reads the mark of `dir` without changing anything; segment 0 if there is none of this boot.
pub(super) fn inspect_mark(dir: &Path, seed: u32) -> Result<CursorRead, SpoolError> {
    inspect_at(mark_path(dir), seed)
}

fn inspect_at(path: PathBuf, seed: u32) -> Result<CursorRead, SpoolError> {
    match File::open(&path) {
        Ok(file) => read(&file, &path, seed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(CursorRead::default()),
        Err(source) => Err(SpoolError::Io { action: "open", path, source }),
    }
}

fn encode(position: Position, generation: u64, seed: u32) -> Vec<u8> {
    let mut body = Vec::with_capacity(SLOT);
    body.extend_from_slice(&VERSION.to_le_bytes());
    for number in [generation, position.segment, position.offset] {
        body.extend_from_slice(&number.to_le_bytes());
    }
    let crc = crc_of(&body, seed);
    body.extend_from_slice(&crc.to_le_bytes());
    body
}

fn crc_of(body: &[u8], seed: u32) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(seed);
    hasher.update(body);
    hasher.finalize()
}

fn read(file: &File, path: &Path, seed: u32) -> Result<CursorRead, SpoolError> {
    let mut bytes = [0_u8; FILE];
    read_up_to(file, &mut bytes, 0).map_err(|source| SpoolError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    let (mut best, mut damaged) = (CursorRead::default(), 0_u32);
    for slot in bytes.chunks_exact(SLOT_STRIDE).filter_map(|half| half.get(..SLOT)) {
        if slot.iter().all(|byte| *byte == 0) {
            continue;
        }
        let body = slot.get(..SLOT.saturating_sub(4)).unwrap_or_default();
        let crc = u32_at(slot, SLOT.saturating_sub(4));
        let (Some(version), Some(generation), Some(segment), Some(offset)) =
            (u32_at(slot, 0), u64_at(slot, 4), u64_at(slot, 12), u64_at(slot, 20))
        else {
            continue;
        };
        if crc != Some(crc_of(body, seed)) {
            damaged = damaged.saturating_add(1);
        } else if version != VERSION {
            let file = path.to_owned();
            return Err(SpoolError::Version { file, found: version, wanted: VERSION });
        } else if generation > best.generation {
            best = CursorRead { position: Position { segment, offset }, generation, note: None };
        }
    }
    if damaged > 0 {
        let used = if best.generation > 0 { "the one before it" } else { "none" };
        let path = path.display();
        best.note = Some(format!(
            "{damaged} damaged entries in cursor `{path}`, used {used}: blocks come again"
        ));
    }
    Ok(best)
}
