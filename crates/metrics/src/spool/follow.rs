//! A reader whose writer is another process: how it learns what is committed.
//!
//! The mark alone says what may be read. A block whose write is under way, or that a killed
//! writer left half written, lies behind it, so it is never taken for damage.

use std::io;
use std::path::PathBuf;

use super::cursor;
use super::reader::Segment;
use super::recover::{list, segment_path};
use super::{Position, ReadError, Reader, SpoolError};

/// The mark and the folder of a spool that another process writes.
#[derive(Debug)]
pub(super) struct Follow {
    dir: PathBuf,
    seed: u32,
}

impl Follow {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir, seed: cursor::mark_seed() }
    }

    /// Returns the end of the last committed block; segment 0 as long as no writer said it.
    pub(super) fn committed(&self) -> io::Result<Position> {
        cursor::inspect_mark(&self.dir, self.seed).map(|read| read.position).map_err(cause)
    }

    /// Returns the segments from `first` to `last` that are there.
    ///
    /// A number that no file has is no loss: a segment without a commit goes with its writer.
    /// What is missing in truth shows in the numbers of the blocks.
    pub(super) fn segments(&self, first: u64, last: u64) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::from(list(&self.dir).map_err(cause)?.segments);
        numbers.retain(|number| (first..=last).contains(number));
        Ok(numbers)
    }
}

fn cause(error: SpoolError) -> io::Error {
    match error {
        SpoolError::Io { source, .. } => source,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}

impl Reader {
    /// Looks whether another process committed more; false if not, or if nobody else writes.
    pub(super) fn look_for_more(&mut self) -> Result<bool, ReadError> {
        let Some(follow) = &self.follow else { return Ok(false) };
        let error = |action, path: PathBuf| move |source| ReadError::Io { action, path, source };
        let committed = follow.committed().map_err(error("read", cursor::mark_path(&self.dir)))?;
        if committed <= self.shared.committed() {
            self.skip_lost()?;
            return Ok(false);
        }
        if committed.segment >= self.next_segment {
            let new = follow.segments(self.next_segment, committed.segment);
            let new = new.map_err(error("list", self.dir.clone()))?;
            let unknown = |number| Segment { number, len: None, bad: false };
            self.segments.extend(new.into_iter().map(unknown));
            self.next_segment = committed.segment.saturating_add(1);
            let acked = self.cursor.position().segment;
            let first = self.segments.partition_point(|segment| segment.number < acked);
            self.index = self.index.max(first);
        }
        self.shared.publish(committed, 0);
        Ok(true)
    }

    /// With everything acknowledged that could be read, moves the cursor behind what is lost:
    /// the writer counts what is before the cursor only, and a full spool would stay full.
    fn skip_lost(&mut self) -> Result<(), ReadError> {
        let acked = self.cursor.position();
        if self.fresh > acked || self.seen <= acked || self.position > self.seen {
            return Ok(());
        }
        let (path, upto) = (self.cursor.path().to_owned(), self.seen);
        let moved = self.steps.at("cursor").and_then(|()| self.cursor.write(upto));
        moved.map_err(|source| ReadError::Io { action: "write", path, source })?;
        self.remove_acked()
    }

    /// The bytes that wait for acknowledgment, as far as the mark was read.
    pub(super) fn waiting_bytes(&self) -> u64 {
        let (acked, committed) = (self.cursor.position(), self.shared.committed());
        let waiting = |segment: &Segment| {
            let done = if segment.number == acked.segment { acked.offset } else { 0 };
            let end = if segment.number == committed.segment {
                committed.offset
            } else {
                let path = segment_path(&self.dir, segment.number);
                std::fs::metadata(path).map_or(0, |metadata| metadata.len())
            };
            end.saturating_sub(done)
        };
        let later = self.segments.iter().filter(|segment| segment.number >= acked.segment);
        later.map(waiting).fold(0, u64::saturating_add)
    }
}
