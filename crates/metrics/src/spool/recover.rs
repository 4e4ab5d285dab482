//! Opening a spool, and what a crash or a bad disk left of it.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_durable::{Lock, LockError, sync_dir};

use super::cursor::Cursor;
use super::format::{BYTE_ORDER_MARK, HeaderRead, VERSION};
use super::reader::Segment;
use super::scan::{Opened, Resync, Scan, Scanner, read_header};
use super::shared::{HALF_MAX, Shared};
use super::{Position, Reader, SpoolError, SpoolOptions, Writer};

const SEGMENT_BYTES_MAX: u64 = 1 << 30;
/// The lock of who writes, and of who reads and acknowledges.
pub(super) const WRITER_LOCK: &str = "lock";
pub(super) const READER_LOCK: &str = "reader.lock";
/// Holds the writer's lock for moments only, so others wait for it, at most so long.
pub const BRIEF_PURPOSE: &str = "taking over rows of killed processes";
const BRIEF_WAIT: Duration = Duration::from_secs(10);
/// Damaged segments that are kept for a person to look at; older ones are removed.
const BAD_SEGMENTS_MAX: usize = 8;
/// Notes beyond this are dropped; the counts go on.
const NOTES_MAX: usize = 32;

/// What was damaged or missing, as far as the spool was read since it was opened.
///
/// Blocks that had been acknowledged before do not count: nothing of them is lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// Bytes of an unfinished write that were cut off the end. Usually never committed; after a
    /// power failure they may have been.
    pub torn_bytes: u64,
    /// Blocks that were committed and are gone, told by the gaps in the numbers.
    pub bad_blocks: u64,
    /// Bytes that were there but could not be used.
    pub lost_bytes: u64,
    /// Segments of which a part at the end, or all, could not be used.
    pub segments_bad: u64,
    /// What happened, for people; the first 32.
    pub notes: Vec<String>,
}

impl Recovery {
    pub(super) fn note(&mut self, text: String) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(text);
        }
    }
}

/// Opens the spool in `options.dir`, creating it if need be, and repairs what a crash left.
///
/// `purpose` tells others who has it open. Only the headers and the last segment are read here;
/// damage elsewhere is found, and counted, when the reader comes there.
///
/// # Errors
///
/// [`SpoolError::Held`] if it is open already; [`SpoolError::Version`] and
/// [`SpoolError::ByteOrder`] if another program wrote it, and then nothing is changed;
/// [`SpoolError::Option`] for a segment size above 1 GiB; [`SpoolError::Io`] and
/// [`SpoolError::Lock`] for what the system said.
pub fn open(options: &SpoolOptions, purpose: &str) -> Result<(Writer, Reader), SpoolError> {
    prepare(options)?;
    let dir = &options.dir;
    let locks = vec![
        Arc::new(lock(dir, WRITER_LOCK, purpose)?),
        Arc::new(lock(dir, READER_LOCK, purpose)?),
    ];
    super::halves::forget_mark(dir)?;
    let mut found = list(dir)?;
    for number in &found.segments {
        let path = segment_path(dir, *number);
        refuse(read_header(&path, *number).map_err(io_error("read", &path))?, &path)?;
    }
    let mut cursor = Cursor::open(dir)?;
    let mut recovery = Recovery::default();
    if let Some(note) = cursor.take_note() {
        recovery.note(note);
    }
    // Invariant: numbers only grow, and above the cursor. A cursor that outlived its data in a
    // power failure would else cover blocks that come later.
    let last = found.last_number().max(cursor.position().segment);
    let next_segment = after(dir, last)?;
    let tail = recover_tail(dir, &mut found.segments, &mut recovery)?;
    drop_acked(dir, &mut found.segments, &mut cursor, tail)?;
    prune_bad(dir, &found.bad, &mut recovery)?;
    sync_dir(dir).map_err(io_error("sync", dir))?;
    let segments = measure(dir, &found.segments, &mut recovery)?;
    let committed = match (segments.back(), tail) {
        (Some(_), Some(tail)) => tail.position,
        _ => Position { segment: last, offset: 0 },
    };
    let unacked_bytes = unacked(&segments, cursor.position());
    let shared = Arc::new(Shared::new(committed, unacked_bytes, next_segment));
    let next_block = tail.map_or(1, |tail| tail.next_block);
    let writer = Writer::new(options.clone(), shared.clone(), locks.clone(), next_block);
    let reader = Reader::new(dir.clone(), (shared, locks), segments, cursor, recovery);
    Ok((writer, reader))
}

/// Checks the options and makes the folder.
pub(super) fn prepare(options: &SpoolOptions) -> Result<(), SpoolError> {
    if options.segment_bytes > SEGMENT_BYTES_MAX {
        let (option, found) = ("segment_bytes", options.segment_bytes);
        return Err(SpoolError::Option { option, found, wanted: "0 to 1 GiB" });
    }
    let dir = &options.dir;
    let created = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    created.map_err(io_error("create", dir))
}

/// Returns the number of the segment after `last`.
pub(super) fn after(dir: &Path, last: u64) -> Result<u64, SpoolError> {
    if last >= HALF_MAX {
        return Err(SpoolError::Number { dir: dir.to_owned(), found: last, wanted: HALF_MAX });
    }
    Ok(last.saturating_add(1))
}

/// The end of the last segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tail {
    pub(super) position: Position,
    pub(super) next_block: u64,
}

/// The files of a spool by their names.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) segments: VecDeque<u64>,
    /// Segments that were set aside.
    pub(super) bad: Vec<u64>,
}

impl Files {
    pub(super) fn last_number(&self) -> u64 {
        self.segments.iter().chain(&self.bad).copied().max().unwrap_or_default()
    }
}

/// Returns the path of segment `number`.
pub(super) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("seg-{number:016x}.spool"))
}

/// Returns the path under which segment `number` is set aside.
pub(super) fn bad_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("seg-{number:016x}.bad"))
}

/// Lists the files of the spool in `dir`, oldest first.
pub(super) fn list(dir: &Path) -> Result<Files, SpoolError> {
    let error = || io_error("list", dir);
    let mut files = Files::default();
    for entry in fs::read_dir(dir).map_err(error())? {
        let name = entry.map_err(error())?.file_name();
        let Some((stem, end)) = name.to_str().and_then(|name| name.split_once('.')) else {
            continue;
        };
        let digits = stem.strip_prefix("seg-").filter(|digits| digits.len() == 16);
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        match (number, end) {
            (Some(number), "spool") => files.segments.push_back(number),
            (Some(number), "bad") => files.bad.push(number),
            _ => {}
        }
    }
    files.segments.make_contiguous().sort_unstable();
    files.bad.sort_unstable();
    Ok(files)
}

pub(super) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SpoolError {
    let path = path.to_owned();
    move |source| SpoolError::Io { action, path, source }
}

/// Refuses what another program wrote.
pub(super) fn refuse(read: HeaderRead, path: &Path) -> Result<(), SpoolError> {
    let file = path.to_owned();
    match read {
        HeaderRead::Version(found) => Err(SpoolError::Version { file, found, wanted: VERSION }),
        HeaderRead::ByteOrder(found) => {
            Err(SpoolError::ByteOrder { file, found, wanted: BYTE_ORDER_MARK })
        }
        HeaderRead::Good(_) | HeaderRead::Empty | HeaderRead::Damaged => Ok(()),
    }
}

/// Takes a lock of the spool. Fails at once if it is held, but waits a little for a brief holder, and for one whose name
/// is not there: it takes the lock or leaves it at this moment.
pub(super) fn lock(dir: &Path, name: &str, purpose: &str) -> Result<Lock, SpoolError> {
    let path = dir.join(name);
    let is_brief = |error: &LockError| {
        purpose != BRIEF_PURPOSE
            && matches!(error, LockError::Held { holder, .. }
                if holder.as_ref().is_none_or(|holder| holder.purpose == BRIEF_PURPOSE))
    };
    let taken = match Lock::try_acquire(&path, purpose) {
        Err(error) if is_brief(&error) => Lock::acquire(&path, purpose, BRIEF_WAIT),
        taken => taken,
    };
    taken.map_err(|error| match error {
        LockError::Held { holder, .. } => SpoolError::Held {
            dir: dir.to_owned(),
            holder: holder.map_or_else(
                || "a process that has not given its name".to_owned(),
                |holder| holder.to_string(),
            ),
        },
        other => SpoolError::Lock { dir: dir.to_owned(), source: io::Error::other(other) },
    })
}

/// Finds the end of the last segment that has one and cuts off what is behind it.
pub(super) fn recover_tail(
    dir: &Path,
    segments: &mut VecDeque<u64>,
    recovery: &mut Recovery,
) -> Result<Option<Tail>, SpoolError> {
    while let Some(number) = segments.back().copied() {
        let path = segment_path(dir, number);
        match Scanner::open(&path, number, Vec::new()).map_err(io_error("read", &path))? {
            Opened::Good(scanner) => return cut_tail(&path, scanner, recovery).map(Some),
            Opened::Bad(HeaderRead::Empty) => {
                fs::remove_file(&path).map_err(io_error("remove", &path))?;
            }
            Opened::Bad(read) => {
                refuse(read, &path)?;
                let bytes = fs::metadata(&path).map_err(io_error("read", &path))?.len();
                recovery.segments_bad = recovery.segments_bad.saturating_add(1);
                recovery.lost_bytes = recovery.lost_bytes.saturating_add(bytes);
                let aside = bad_path(dir, number);
                recovery.note(format!(
                    "header of the last segment is damaged: now `{}`",
                    aside.display()
                ));
                fs::rename(&path, &aside).map_err(io_error("rename", &path))?;
            }
        }
        segments.pop_back();
    }
    Ok(None)
}

fn cut_tail(
    path: &Path,
    mut scanner: Scanner,
    recovery: &mut Recovery,
) -> Result<Tail, SpoolError> {
    let error = || io_error("read", path);
    let len = scanner.file_len().map_err(error())?;
    let mut offset = scanner.at();
    let torn_bytes = loop {
        if let Scan::Block(found) = scanner.next(len).map_err(error())? {
            offset = found.end;
        } else if scanner.at() >= len {
            break 0;
        } else if let Resync::Nothing { lost_bytes } = scanner.resync(len).map_err(error())? {
            break lost_bytes;
        }
    };
    if torn_bytes > 0 {
        recovery.torn_bytes = recovery.torn_bytes.saturating_add(torn_bytes);
        let path = path.display();
        recovery.note(format!("{torn_bytes} torn bytes cut off `{path}` at offset {offset}"));
    }
    if len > offset {
        let file = OpenOptions::new().write(true).open(path).map_err(io_error("open", path))?;
        file.set_len(offset).map_err(io_error("truncate", path))?;
    }
    let position = Position { segment: scanner.header().segment, offset };
    Ok(Tail { position, next_block: scanner.expected() })
}

/// Removes segments that were acknowledged as a whole, and whose removal a crash prevented.
fn drop_acked(
    dir: &Path,
    segments: &mut VecDeque<u64>,
    cursor: &mut Cursor,
    tail: Option<Tail>,
) -> Result<(), SpoolError> {
    let acked = cursor.position();
    while let Some(number) = segments.front().copied() {
        let all =
            tail.is_some_and(|tail| tail.position.segment == number && tail.position <= acked);
        if number >= acked.segment && !all {
            break;
        }
        cursor.sync().map_err(io_error("sync", cursor.path()))?;
        let path = segment_path(dir, number);
        fs::remove_file(&path).map_err(io_error("remove", &path))?;
        segments.pop_front();
    }
    Ok(())
}

pub(super) fn prune_bad(
    dir: &Path,
    bad: &[u64],
    recovery: &mut Recovery,
) -> Result<(), SpoolError> {
    let surplus = bad.len().saturating_sub(BAD_SEGMENTS_MAX);
    for number in bad.iter().take(surplus) {
        let path = bad_path(dir, *number);
        fs::remove_file(&path).map_err(io_error("remove", &path))?;
        recovery.note(format!("removed `{}`, set aside long ago", path.display()));
    }
    Ok(())
}

pub(super) fn measure(
    dir: &Path,
    numbers: &VecDeque<u64>,
    recovery: &mut Recovery,
) -> Result<VecDeque<Segment>, SpoolError> {
    let mut segments = VecDeque::with_capacity(numbers.len());
    for number in numbers.iter().copied() {
        let path = segment_path(dir, number);
        let bytes = match fs::metadata(&path) {
            // Its reader, in another process, removed it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata.map_err(io_error("read", &path))?.len(),
        };
        let before = segments.back().map(|segment: &Segment| segment.number.saturating_add(1));
        if before.is_some_and(|wanted| wanted < number) {
            recovery.note(format!("a segment before `{}` is missing", path.display()));
        }
        segments.push_back(Segment { number, len: Some(bytes), bad: false });
    }
    Ok(segments)
}

pub(super) fn unacked(segments: &VecDeque<Segment>, acked: Position) -> u64 {
    let left = |segment: &Segment| {
        let done = if segment.number == acked.segment { acked.offset } else { 0 };
        segment.len.unwrap_or_default().saturating_sub(done)
    };
    segments.iter().map(left).fold(0, u64::saturating_add)
}
