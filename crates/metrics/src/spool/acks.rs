//! A writer whose reader is another process: what it tells that reader, and learns from it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use super::Position;
use super::cursor::{self, Cursor};
use super::reader::Segment;

/// How often the cursor is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How often, when half of the spool is in use.
const LOOK_FULL: Duration = Duration::from_millis(10);

/// The mark that the writer keeps, and the cursor that the reader keeps.
#[derive(Debug)]
pub(super) struct Acks {
    dir: PathBuf,
    mark: Cursor,
    acked: Position,
    /// Segments that may hold blocks not acknowledged, with their committed length.
    segments: VecDeque<Segment>,
    looked: Option<Duration>,
}

impl Acks {
    pub(super) fn new(dir: PathBuf, mark: Cursor, segments: VecDeque<Segment>) -> Self {
        Self { dir, mark, acked: Position::default(), segments, looked: None }
    }

    /// Whether it is time to look at the cursor.
    pub(super) fn is_due(&mut self, now: Duration, used: u64, bytes_max: u64) -> bool {
        let wait = if used > bytes_max / 2 { LOOK_FULL } else { LOOK };
        let is_due = self.looked.is_none_or(|last| now.saturating_sub(last) >= wait);
        if is_due {
            self.looked = Some(now);
        }
        is_due
    }

    /// Looks at the cursor; returns the bytes that wait for acknowledgment.
    pub(super) fn look(&mut self) -> u64 {
        // What cannot be read now is read at the next look; until then nothing seems acknowledged.
        if let Ok(read) = cursor::inspect(&self.dir) {
            self.acked = self.acked.max(read.position);
        }
        while self.segments.front().is_some_and(|first| first.number < self.acked.segment) {
            self.segments.pop_front();
        }
        self.waiting()
    }

    fn waiting(&self) -> u64 {
        let left = |segment: &Segment| {
            let done = if segment.number == self.acked.segment { self.acked.offset } else { 0 };
            segment.len.unwrap_or_default().saturating_sub(done)
        };
        self.segments.iter().map(left).fold(0, u64::saturating_add)
    }

    /// Remembers that all before `position` is committed.
    pub(super) fn committed(&mut self, position: Position) {
        let len = Some(position.offset);
        match self.segments.back_mut() {
            Some(last) if last.number == position.segment => last.len = len,
            _ => {
                let number = position.segment;
                self.segments.push_back(Segment { number, len, bad: false });
            }
        }
    }

    /// Tells the reader that all before `position` is committed.
    pub(super) fn tell(&mut self, position: Position) {
        if self.mark.position() != position {
            // What fails here is tried again with the next commit, also an empty one; until
            // then the reader waits, and nothing is lost.
            self.mark.write(position).unwrap_or_default();
        }
    }
}
