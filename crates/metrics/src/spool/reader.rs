//! Reading committed blocks and acknowledging them.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use plimsoll_durable::Lock;

use super::cursor::Cursor;
use super::follow::Follow;
use super::format::HeaderRead;
use super::recover::{bad_path, segment_path};
use super::scan::{Found, Opened, Resync, Scan, Scanner, read_header};
use super::shared::{Shared, Steps};
use super::{Position, ReadError, Recovery};

/// A block as it was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// The end of the block: what acknowledges it and all before it.
    pub position: Position,
    /// What the writer gave.
    pub kind: u8,
    /// What the writer gave.
    pub payload: &'a [u8],
    /// The block was acknowledged before, or `carry` put it there: needed to understand those
    /// that follow, but not to be delivered.
    pub context: bool,
}

/// The reading end of a spool. Holds one block and a read buffer of 512 KiB in memory at most.
#[derive(Debug)]
pub struct Reader {
    pub(super) dir: PathBuf,
    pub(super) shared: Arc<Shared>,
    _locks: Vec<Arc<Lock>>,
    /// The writer's part, if that is another process.
    pub(super) follow: Option<Follow>,
    /// All segments that are not removed yet, oldest first.
    pub(super) segments: VecDeque<Segment>,
    /// Where in `segments` the current one is, or the one to be entered next.
    pub(super) index: usize,
    current: Option<Current>,
    /// The next segment that the writer will start.
    pub(super) next_segment: u64,
    /// The number that the next block should have; unknown at the start and after a rewind.
    expected: Option<u64>,
    /// End of the last block returned.
    pub(super) position: Position,
    /// End of the last block returned that is to be acknowledged.
    pub(super) fresh: Position,
    /// Damage before this was counted already.
    pub(super) seen: Position,
    pub(super) cursor: Cursor,
    recovery: Recovery,
    spare: Vec<u8>,
    pub(super) steps: Steps,
}

/// A segment that is not removed yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) number: u64,
    /// End of what can be acknowledged in it, once that is known.
    pub(super) len: Option<u64>,
    /// To be set aside instead of removed.
    pub(super) bad: bool,
}

#[derive(Debug)]
struct Current {
    number: u64,
    scanner: Scanner,
    finished: Option<Finished>,
}

/// What is known of a segment that the writer has left.
#[derive(Debug, Clone, Copy)]
struct Finished {
    len: u64,
    /// Number of the first block of the next segment, if its header can be read.
    next_first: Option<u64>,
}

enum Step {
    Block(Found),
    Again,
    Idle,
}

impl Reader {
    pub(super) fn new(
        dir: PathBuf,
        (shared, locks): (Arc<Shared>, Vec<Arc<Lock>>),
        segments: VecDeque<Segment>,
        cursor: Cursor,
        recovery: Recovery,
    ) -> Self {
        let position = cursor.position();
        let next_segment = shared.first_segment;
        Self {
            dir,
            shared,
            _locks: locks,
            follow: None,
            segments,
            index: 0,
            current: None,
            next_segment,
            expected: None,
            position,
            fresh: position,
            seen: Position::default(),
            cursor,
            recovery,
            spare: Vec::new(),
            steps: Steps::default(),
        }
    }

    /// Makes the commits of another process's writer come up.
    pub(super) fn following(mut self, follow: Follow) -> Self {
        self.follow = Some(follow);
        self
    }

    /// Returns the next committed block, or `None` if there is none yet.
    ///
    /// After [`super::open`] and after [`Reader::rewind`] it begins at the start of the segment
    /// in which the cursor is. Damage is skipped and counted in [`Reader::recovery`].
    ///
    /// # Errors
    ///
    /// [`ReadError::Io`] if a segment cannot be read; calling again tries again.
    #[allow(clippy::should_implement_trait, reason = "the block borrows from the reader")]
    pub fn next(&mut self) -> Result<Option<Block<'_>>, ReadError> {
        let found = loop {
            match self.step()? {
                Step::Block(found) => break found,
                Step::Again => {}
                Step::Idle if self.look_for_more()? => {}
                Step::Idle => return Ok(None),
            }
        };
        let Some(current) = &self.current else { return Ok(None) };
        let position = Position { segment: current.number, offset: found.end };
        self.position = position;
        self.seen = self.seen.max(position);
        let context = found.carry || position <= self.cursor.position();
        if !context {
            self.fresh = self.fresh.max(position);
        }
        let payload = current.scanner.payload(&found);
        Ok(Some(Block { position, kind: found.kind, payload, context }))
    }

    /// Acknowledges all blocks up to and including the one that ends at `upto`, and removes
    /// segments of which all blocks are acknowledged.
    ///
    /// On return the acknowledgment survives the death of the process. A power failure may
    /// take it back, and then blocks come again.
    ///
    /// # Errors
    ///
    /// [`ReadError::AckAhead`] for what was not returned yet; [`ReadError::Io`] if cursor or
    /// segments cannot be changed. Acknowledging the same again is safe and completes it.
    pub fn ack(&mut self, upto: Position) -> Result<(), ReadError> {
        let acked = self.cursor.position();
        if upto > acked {
            if upto > self.position {
                return Err(ReadError::AckAhead { found: upto, wanted: self.position });
            }
            let moved = self.steps.at("cursor").and_then(|()| self.cursor.write(upto));
            moved.map_err(|source| self.cursor_error("write", source))?;
            self.shared.release(self.bytes_between(acked, upto));
        }
        self.remove_acked()
    }

    /// Returns the bytes that wait for acknowledgment, those not read yet included.
    #[must_use]
    pub fn unacked_bytes(&self) -> u64 {
        if self.follow.is_some() {
            return self.waiting_bytes();
        }
        self.shared.unacked_bytes()
    }

    /// Returns the last acknowledged position.
    #[cfg(test)]
    #[must_use]
    pub fn acked(&self) -> Position {
        self.cursor.position()
    }

    /// Returns what was found damaged so far.
    #[must_use]
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// Goes back to the cursor: unacknowledged blocks come again, after their context.
    pub fn rewind(&mut self) {
        self.leave();
        let acked = self.cursor.position();
        self.index = self.segments.partition_point(|segment| segment.number < acked.segment);
        self.expected = None;
        self.position = acked;
        self.fresh = acked;
    }

    #[cfg(test)]
    pub(super) fn buffer_capacity(&self) -> usize {
        let current = self.current.as_ref().map_or(0, |current| current.scanner.buffer_capacity());
        current.max(self.spare.capacity())
    }

    fn step(&mut self) -> Result<Step, ReadError> {
        let committed = self.shared.committed();
        while self.follow.is_none() && self.next_segment <= committed.segment {
            self.segments.push_back(Segment { number: self.next_segment, len: None, bad: false });
            self.next_segment = self.next_segment.saturating_add(1);
        }
        if self.current.is_none() {
            let Some(segment) = self.segments.get(self.index).copied() else {
                return Ok(Step::Idle);
            };
            if !self.enter(segment.number)? {
                return Ok(Step::Again);
            }
        }
        self.finish(committed)?;
        let Some(current) = self.current.as_mut() else { return Ok(Step::Again) };
        let number = current.number;
        let limit = current.finished.map_or(committed.offset, |finished| finished.len);
        // What is behind the last block of a full segment was never committed.
        let next_first = current.finished.and_then(|finished| finished.next_first);
        if next_first == Some(current.scanner.expected()) {
            self.pass_on();
            return Ok(Step::Again);
        }
        let scan = current.scanner.next(limit).map_err(|e| self.segment_error(number, e))?;
        match scan {
            Scan::Block(found) => {
                if found.missing > 0 {
                    self.count_missing(found.missing, number);
                }
                Ok(Step::Block(found))
            }
            Scan::End | Scan::Damaged => self.skip_damage(number, limit),
        }
    }

    /// Opens segment `number`; false if it is of no use and was passed over.
    fn enter(&mut self, number: u64) -> Result<bool, ReadError> {
        let path = segment_path(&self.dir, number);
        let buffer = std::mem::take(&mut self.spare);
        let start = Position { segment: number, offset: 0 };
        let (reason, bytes) = match Scanner::open(&path, number, buffer) {
            Ok(Opened::Good(scanner)) => {
                let first = scanner.header().first_block;
                let expected = self.expected.unwrap_or(first);
                // Another process's writer may have found its last segments unreadable and numbers
                // on from before them; a block that comes twice is better than one that never does.
                if first >= expected || self.follow.is_some() {
                    if first > expected && start >= self.seen {
                        self.count_missing(first.saturating_sub(expected), number);
                    }
                    self.seen = self.seen.max(Position { segment: number, offset: scanner.at() });
                    self.current = Some(Current { number, scanner, finished: None });
                    return Ok(true);
                }
                ("begins with a block that was there before", self.file_len(number))
            }
            Ok(Opened::Bad(HeaderRead::Version(_) | HeaderRead::ByteOrder(_)))
                if self.follow.is_some() =>
            {
                let text = "another version of this program wrote it";
                return Err(self.segment_error(number, io::Error::other(text)));
            }
            Ok(Opened::Bad(_)) => ("has a damaged header", self.file_len(number)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => ("is missing", 0),
            Err(error) => return Err(self.segment_error(number, error)),
        };
        if start >= self.seen {
            self.recovery.segments_bad = self.recovery.segments_bad.saturating_add(1);
            self.recovery.lost_bytes = self.recovery.lost_bytes.saturating_add(bytes);
            self.recovery.note(format!("`{}` {reason}, {bytes} bytes lost", path.display()));
            self.seen = Position { segment: number, offset: bytes.max(1) };
            self.give_up(0, bytes);
        }
        self.index = self.index.saturating_add(1);
        Ok(false)
    }

    /// Finds out where the current segment ends, once the writer has left it.
    fn finish(&mut self, committed: Position) -> Result<(), ReadError> {
        let Some(current) = self.current.as_ref() else { return Ok(()) };
        let number = current.number;
        if current.finished.is_some() || number >= committed.segment {
            return Ok(());
        }
        let len = current.scanner.file_len().map_err(|e| self.segment_error(number, e))?;
        let next = self.segments.get(self.index.saturating_add(1));
        let next_first = next.and_then(|next| {
            let path = segment_path(&self.dir, next.number);
            match read_header(&path, next.number) {
                Ok(HeaderRead::Good(header)) => Some(header.first_block),
                // The damage is told and counted when the reader comes there.
                Ok(_) | Err(_) => None,
            }
        });
        if let Some(current) = self.current.as_mut() {
            current.finished = Some(Finished { len, next_first });
        }
        Ok(())
    }

    /// At the end of what can be read: waits, goes on behind damage, or to the next segment.
    fn skip_damage(&mut self, number: u64, limit: u64) -> Result<Step, ReadError> {
        let Some(current) = self.current.as_mut() else { return Ok(Step::Again) };
        let from = Position { segment: number, offset: current.scanner.at() };
        let finished = current.finished;
        if from.offset >= limit {
            if finished.is_none() {
                return Ok(Step::Idle);
            }
            self.pass_on();
            return Ok(Step::Again);
        }
        let resync = current.scanner.resync(limit).map_err(|e| self.segment_error(number, e))?;
        let acked = self.cursor.position();
        let to = self.current.as_ref().map_or(limit, |current| current.scanner.at());
        let was_acked = acked.segment == number && to <= acked.offset;
        if from >= self.seen {
            self.seen = Position { segment: number, offset: to.max(from.offset.saturating_add(1)) };
            self.count_damage(from, resync, was_acked);
            if matches!(resync, Resync::Nothing { lost_bytes: 1.. }) && finished.is_some() {
                self.give_up(from.offset, limit);
            }
        }
        Ok(Step::Again)
    }

    /// Marks the rest of the current segment as lost. It no longer waits for acknowledgment: with
    /// nothing to acknowledge in it, a full spool would stay full.
    fn give_up(&mut self, from: u64, end: u64) {
        let Some(segment) = self.segments.get_mut(self.index) else { return };
        segment.bad = true;
        let end = segment.len.replace(from).unwrap_or(end);
        self.shared.release(end.saturating_sub(from));
    }

    fn count_damage(&mut self, from: Position, resync: Resync, was_acked: bool) {
        let (bad_blocks, bytes, segments) = match resync {
            Resync::Found { bad_blocks, lost_bytes } => (bad_blocks, lost_bytes, 0),
            Resync::Nothing { lost_bytes: 0 } => return,
            // How many blocks these were shows when the next number is known.
            Resync::Nothing { lost_bytes } => (0, lost_bytes, 1),
        };
        let path = segment_path(&self.dir, from.segment);
        let place = format!("`{}` at offset {}", path.display(), from.offset);
        if was_acked {
            self.recovery.note(format!("{bytes} damaged bytes in {place}, acknowledged before"));
            return;
        }
        self.recovery.bad_blocks = self.recovery.bad_blocks.saturating_add(bad_blocks);
        self.recovery.lost_bytes = self.recovery.lost_bytes.saturating_add(bytes);
        self.recovery.segments_bad = self.recovery.segments_bad.saturating_add(segments);
        self.recovery.note(format!("{bytes} damaged bytes skipped in {place}"));
    }

    fn count_missing(&mut self, blocks: u64, number: u64) {
        self.recovery.bad_blocks = self.recovery.bad_blocks.saturating_add(blocks);
        let path = segment_path(&self.dir, number);
        self.recovery.note(format!("{blocks} blocks are missing, found in `{}`", path.display()));
    }

    fn pass_on(&mut self) {
        let end = self.current.as_ref().map_or(0, |current| current.scanner.at());
        if let Some(segment) = self.segments.get_mut(self.index) {
            segment.len.get_or_insert(end);
        }
        self.leave();
        self.index = self.index.saturating_add(1);
    }

    /// Closes the current segment, keeping its buffer.
    fn leave(&mut self) {
        if let Some(current) = self.current.take() {
            self.expected = Some(current.scanner.expected());
            self.spare = current.scanner.into_buffer();
        }
    }

    fn bytes_between(&self, from: Position, to: Position) -> u64 {
        let mut bytes = 0_u64;
        for segment in &self.segments {
            let start = if segment.number == from.segment { from.offset } else { 0 };
            let end = if segment.number == to.segment {
                to.offset
            } else {
                segment.len.unwrap_or_default()
            };
            if (from.segment..=to.segment).contains(&segment.number) {
                bytes = bytes.saturating_add(end.saturating_sub(start));
            }
        }
        bytes
    }

    /// Removes segments before the cursor; only after the cursor is safe on the disk.
    pub(super) fn remove_acked(&mut self) -> Result<(), ReadError> {
        let acked = self.cursor.position();
        while let Some(segment) = self.segments.front().copied()
            && segment.number < acked.segment
        {
            let synced = self.steps.at("cursor sync").and_then(|()| self.cursor.sync());
            synced.map_err(|source| self.cursor_error("sync", source))?;
            let path = segment_path(&self.dir, segment.number);
            let gone = self.steps.at("remove").and_then(|()| {
                if segment.bad {
                    fs::rename(&path, bad_path(&self.dir, segment.number))
                } else {
                    fs::remove_file(&path)
                }
            });
            match gone {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(ReadError::Io { action: "remove", path, source: error });
                }
                Ok(()) | Err(_) => {}
            }
            self.segments.pop_front();
            self.index = self.index.saturating_sub(1);
        }
        Ok(())
    }

    fn cursor_error(&self, action: &'static str, source: io::Error) -> ReadError {
        ReadError::Io { action, path: self.cursor.path().to_owned(), source }
    }

    fn segment_error(&self, number: u64, source: io::Error) -> ReadError {
        ReadError::Io { action: "read", path: segment_path(&self.dir, number), source }
    }

    /// The committed length of a segment of which nothing can be used.
    fn file_len(&self, number: u64) -> u64 {
        let path = segment_path(&self.dir, number);
        let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
        let committed = self.shared.committed();
        if number == committed.segment { bytes.min(committed.offset) } else { bytes }
    }
}
