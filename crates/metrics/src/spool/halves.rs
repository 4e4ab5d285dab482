//! The two halves of a spool for two processes: one writes, one reads and acknowledges.
//!
//! Each half has a lock of its own, and each file has one process that changes it: segments and
//! mark the writer, the cursor and the removal of acknowledged segments the reader. The last
//! segment is never removed, so that a writer that starts finds the end of the blocks.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::acks::Acks;
use super::cursor::{self, Cursor};
use super::follow::Follow;
use super::format::HeaderRead;
use super::recover::{self, READER_LOCK, WRITER_LOCK, io_error, list, lock, refuse, segment_path};
use super::scan::read_header;
use super::shared::Shared;
use super::{Block, Position, ReadError, Reader, Recovery, SpoolError, SpoolOptions, Writer};

/// The blocks that were in the spool when its writer was opened, from the segment in which the
/// cursor is.
#[derive(Debug)]
pub struct Survey {
    reader: Reader,
}

impl Survey {
    /// Calls `see` with each block, in order; those acknowledged are [`Block::context`].
    ///
    /// # Errors
    ///
    /// [`ReadError::Io`] if a segment cannot be read.
    pub fn read(mut self, see: impl FnMut(Block<'_>)) -> Result<Recovery, ReadError> {
        self.reader.each(see)?;
        Ok(self.reader.recovery().clone())
    }
}

/// Opens the writing half of the spool in `options.dir`, creating the folder if need be, and
/// repairs what a crash left behind the last block that a reader may have seen.
///
/// `purpose` tells others who has it open.
///
/// # Errors
///
/// As [`super::open`]; another process may hold the reading half.
pub fn open_writer(options: &SpoolOptions, purpose: &str) -> Result<(Writer, Survey), SpoolError> {
    recover::prepare(options)?;
    let dir = &options.dir;
    let held = Arc::new(lock(dir, WRITER_LOCK, purpose)?);
    let mut found = list(dir)?;
    found.segments = known(dir, found.segments)?;
    let cursor = Cursor::look(dir)?;
    let mut mark = Cursor::open_mark(dir)?;
    let last = found.last_number().max(cursor.position().segment).max(mark.position().segment);
    let next_segment = recover::after(dir, last)?;
    let mut recovery = Recovery::default();
    let tail = recover::recover_tail(dir, &mut found.segments, &mut recovery)?;
    recover::prune_bad(dir, &found.bad, &mut recovery)?;
    plimsoll_durable::sync_dir(dir).map_err(io_error("sync", dir))?;
    let acked = cursor.position();
    found.segments.retain(|number| *number >= acked.segment);
    let segments = recover::measure(dir, &found.segments, &mut recovery)?;
    let committed = match (segments.back(), tail) {
        (Some(_), Some(tail)) => tail.position,
        _ => Position { segment: last, offset: 0 },
    };
    // Readers believe the mark, so it must not be ahead of what the repair left.
    mark.write(committed).map_err(io_error("write", mark.path()))?;
    let unacked = recover::unacked(&segments, acked);
    let shared = Arc::new(Shared::new(committed, unacked, next_segment));
    let acks = Acks::new(dir.clone(), mark, segments.clone());
    let next_block = tail.map_or(1, |tail| tail.next_block);
    let writer =
        Writer::new(options.clone(), shared, vec![held], next_block).with_reader_elsewhere(acks);
    let still = Arc::new(Shared::new(committed, unacked, next_segment));
    let reader = Reader::new(dir.clone(), (still, Vec::new()), segments, cursor, recovery);
    Ok((writer, Survey { reader }))
}

/// Opens the reading half of the spool in `dir`, which must be there. A writer may have it open,
/// start and end meanwhile; its commits come up by and by.
///
/// `purpose` tells others who has it open.
///
/// # Errors
///
/// As [`super::open`]; [`SpoolError::Held`] only if the reading half is held.
pub fn open_reader(dir: &Path, purpose: &str) -> Result<Reader, SpoolError> {
    known(dir, list(dir)?.segments)?;
    let held = Arc::new(lock(dir, READER_LOCK, purpose)?);
    let mut cursor = Cursor::open(dir)?;
    let mut recovery = Recovery::default();
    if let Some(note) = cursor.take_note() {
        recovery.note(note);
    }
    // What is there shows when the mark was read.
    let shared = Arc::new(Shared::new(Position::default(), 0, 0));
    let halves = (shared, vec![held]);
    let reader = Reader::new(dir.to_owned(), halves, VecDeque::new(), cursor, recovery);
    Ok(reader.following(Follow::new(dir.to_owned())))
}

/// Refuses what another program wrote; segments that the reader removes meanwhile are left out.
fn known(dir: &Path, numbers: VecDeque<u64>) -> Result<VecDeque<u64>, SpoolError> {
    let mut kept = VecDeque::with_capacity(numbers.len());
    for number in numbers {
        let path = segment_path(dir, number);
        let read: HeaderRead = match read_header(&path, number) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            read => read.map_err(io_error("read", &path))?,
        };
        refuse(read, &path)?;
        kept.push_back(number);
    }
    Ok(kept)
}

/// Forgets the mark: one process has both halves now.
pub(super) fn forget_mark(dir: &Path) -> Result<(), SpoolError> {
    let path = cursor::mark_path(dir);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(SpoolError::Io { action: "remove", path, source: error })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

impl Reader {
    /// Calls `see` with each block that can be read now.
    fn each(&mut self, mut see: impl FnMut(Block<'_>)) -> Result<(), ReadError> {
        while let Some(block) = self.next()? {
            see(block);
        }
        Ok(())
    }

    /// Calls `see` with each block that can be read now and goes back to the cursor.
    ///
    /// # Errors
    ///
    /// [`ReadError::Io`] if a segment cannot be read.
    pub fn survey(&mut self, see: impl FnMut(Block<'_>)) -> Result<(), ReadError> {
        self.each(see)?;
        self.rewind();
        Ok(())
    }
}
