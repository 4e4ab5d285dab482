//! The draining thread's side of a lane.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use crate::lane::Lane;
use crate::layout::{
    ATTEMPTS, DROPPED, HEAD, HEADER_WORDS, RECORD_SLOTS_MAX, RETIRED, SLOT_WORDS, TABLES, TAIL, Tag,
};
use crate::producer::table_count;
use crate::record::Record;

/// Reads a lane's records, and frees their slots when they are safe elsewhere.
///
/// In a forked child it reads and frees nothing.
#[derive(Debug)]
pub struct Consumer {
    lane: Arc<Lane>,
    reader: Reader,
}

impl Consumer {
    /// The caller makes one consumer per lane.
    pub(crate) fn new(lane: Arc<Lane>) -> Consumer {
        let reader = Reader::new(lane.memory.words());
        Consumer { lane, reader }
    }

    /// Gives up to `max_records` records to `f`, oldest first, and returns the position after
    /// the last. Nothing is freed: without [`Consumer::release`] the next call gives the same
    /// records again.
    pub fn drain(&mut self, max_records: usize, f: impl FnMut(Record<'_>)) -> u64 {
        if !self.lane.page.is_owner() {
            return self.reader.head;
        }
        self.reader.drain(self.lane.memory.words(), max_records, f)
    }

    /// Frees the slots before `upto`, a position that [`Consumer::drain`] returned. Call it only
    /// when the records are where a crash does not reach them.
    ///
    /// A position that was not drained frees what was.
    pub fn release(&mut self, upto: u64) {
        if !self.lane.page.is_owner() {
            return;
        }
        self.reader.release(upto);
        if let Some(head) = self.lane.word(HEAD) {
            head.store(self.reader.head, Release);
        }
    }

    /// Attempts of one table so far, drops included. Zero for a table that cannot be.
    pub fn attempts(&self, table: u8) -> u64 {
        table_count(&self.lane, ATTEMPTS, table)
    }

    /// Drops of one table so far.
    pub fn dropped(&self, table: u8) -> u64 {
        table_count(&self.lane, DROPPED, table)
    }

    /// Whether the producer is gone. Ask before the last drain: then that drain sees all.
    pub fn is_retired(&self) -> bool {
        self.lane.word(RETIRED).is_some_and(|retired| retired.load(Acquire) != 0)
    }

    /// Slots that are filled and not released.
    pub fn backlog_slots(&self) -> u64 {
        self.reader.backlog(self.lane.memory.words())
    }

    /// Slots of the lane.
    pub fn slots(&self) -> u64 {
        self.lane.slots
    }

    /// Slots that were skipped because they held no record.
    pub fn corrupt_slots(&self) -> u64 {
        self.reader.corrupt_slots
    }

    /// The name of the lane, as given in its options.
    pub fn run(&self) -> u64 {
        self.lane.run
    }

    /// Removes the lane's file. Call it when the lane is retired and all of it released: what is
    /// still inside cannot be recovered any more.
    ///
    /// # Errors
    ///
    /// What the system says about the removal.
    pub fn remove(self) -> io::Result<()> {
        self.lane.unlink()
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.lane.abandoned.store(true, Release);
    }
}

/// Finds the records of a lane's words; keeps only positions of its own.
#[derive(Debug)]
pub(crate) struct Reader {
    head: u64,
    /// Position up to which the last drain read.
    read: u64,
    pub(crate) corrupt_slots: u64,
    /// Position up to which corrupt slots are counted, for drains that are repeated.
    judged: u64,
    /// Per table, a sequence number near the next: a record carries only its lower 40 bits.
    near: Box<[u64; TABLES]>,
}

impl Reader {
    pub(crate) fn new(words: &[AtomicU64]) -> Reader {
        let head = word(words, HEAD).load(Acquire);
        let mut near = Box::new([0; TABLES]);
        let attempts = words.get(ATTEMPTS..).unwrap_or_default();
        for (near, attempts) in near.iter_mut().zip(attempts) {
            *near = attempts.load(Relaxed);
        }
        Reader { head, read: head, corrupt_slots: 0, judged: head, near }
    }

    pub(crate) fn backlog(&self, words: &[AtomicU64]) -> u64 {
        let waiting = word(words, TAIL).load(Acquire).wrapping_sub(self.head);
        if waiting > slots_of(words) { 0 } else { waiting }
    }

    pub(crate) fn drain(
        &mut self,
        words: &[AtomicU64],
        max_records: usize,
        mut f: impl FnMut(Record<'_>),
    ) -> u64 {
        let tail = word(words, TAIL).load(Acquire);
        let slots = words.get(HEADER_WORDS..).unwrap_or_default();
        let mut at = self.head;
        let mut left = tail.wrapping_sub(at);
        if left > slots_of(words) {
            // No tail of ours. The producer's next push puts it right.
            self.judge(at, at.wrapping_add(slots_of(words)));
            return at;
        }
        let mut records = 0_usize;
        while left > 0 && records < max_records {
            let Some((tag, parts)) = locate(slots, at, left) else {
                self.judge(at, tail);
                at = tail;
                break;
            };
            let seq = self.full_seq(tag);
            f(Record::new(parts, tag, seq));
            at = at.wrapping_add(tag.slots());
            left = left.wrapping_sub(tag.slots());
            records = records.wrapping_add(1);
        }
        self.read = at;
        at
    }

    fn release(&mut self, upto: u64) {
        let drained = self.read.wrapping_sub(self.head);
        self.head = self.head.wrapping_add(upto.wrapping_sub(self.head).min(drained));
    }

    fn judge(&mut self, from: u64, to: u64) {
        let from = from.max(self.judged);
        self.corrupt_slots = self.corrupt_slots.saturating_add(to.saturating_sub(from));
        self.judged = self.judged.max(to);
    }

    /// The sequence number next to the last one of the table that has these lower bits.
    #[inline]
    fn full_seq(&mut self, tag: Tag) -> u64 {
        let Some(near) = self.near.get_mut(usize::from(tag.table())) else {
            return tag.seq();
        };
        const HIGH: u32 = 64 - Tag::SEQ_BITS;
        // The difference of the lower bits as a signed number, by its highest bit.
        let off = tag.seq().wrapping_sub(*near) << HIGH;
        let off = off.cast_signed() >> HIGH;
        let seq = near.wrapping_add_signed(off);
        *near = seq;
        seq
    }
}

type Parts<'a> = (&'a [AtomicU64], &'a [AtomicU64]);

/// The record at a position, if the words there can be one that ends within `left` slots.
#[inline]
fn locate(slots: &[AtomicU64], at: u64, left: u64) -> Option<(Tag, Parts<'_>)> {
    let all = slots.len() / SLOT_WORDS;
    let slot = usize::try_from(at & (all as u64).checked_sub(1)?).ok()?;
    let from = slot.checked_mul(SLOT_WORDS)?;
    let tag = Tag(slots.get(from.checked_add(1)?)?.load(Relaxed));
    let count = tag.slots();
    let table_known = usize::from(tag.table()) < TABLES;
    if count == 0 || count > RECORD_SLOTS_MAX as u64 || count > left || !table_known {
        return None;
    }
    let words = usize::try_from(count).ok()?.checked_mul(SLOT_WORDS)?;
    let end = from.checked_add(words)?;
    match slots.get(from..end) {
        Some(whole) => Some((tag, (whole, &[]))),
        None => {
            let first = slots.get(from..)?;
            let second = slots.get(..words.checked_sub(first.len())?)?;
            Some((tag, (first, second)))
        }
    }
}

fn slots_of(words: &[AtomicU64]) -> u64 {
    (words.len().saturating_sub(HEADER_WORDS) / SLOT_WORDS) as u64
}

/// A header word; lanes shorter than their header are never read.
fn word(words: &[AtomicU64], at: usize) -> &AtomicU64 {
    static ZERO: AtomicU64 = AtomicU64::new(0);
    words.get(at).unwrap_or(&ZERO)
}
