//! The emitting thread's side of a lane.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use crate::fork::{Half, count_forked_drop};
use crate::lane::Lane;
use crate::layout::{ATTEMPTS, DROPPED, HEAD, RETIRED, TABLES, TAIL, Tag, slots_for};
use crate::stamp;
use crate::writer::Writer;

/// Pushes records into a lane. One thread at a time; dropping it retires the lane.
pub struct Producer {
    // Invariant: points at the half inside `lane.page`, which lives as long as `lane`.
    half: *const Half,
    lane: Arc<Lane>,
    not_sync: PhantomData<Cell<()>>,
}

// SAFETY: a lane has one producer, which alone touches the half; it may move between threads, and
// the raw pointer (not Sync) keeps two threads from using it at once.
unsafe impl Send for Producer {}

/// What writes a record's words. A type whose `fill` is `#[inline(always)]` folds into the push,
/// which a closure does not always.
pub trait Fill {
    /// Writes the words.
    fn fill(self, to: &mut Writer<'_>);
}

struct Call<F>(F);

impl<F: FnOnce(&mut Writer<'_>)> Fill for Call<F> {
    #[inline(always)]
    fn fill(self, to: &mut Writer<'_>) {
        (self.0)(to);
    }
}

impl Producer {
    /// The caller makes one producer per lane.
    pub(crate) fn new(lane: Arc<Lane>) -> Producer {
        Producer { half: lane.page.half(), lane, not_sync: PhantomData }
    }

    /// Pushes one record of at most `max_words` words, which `fill` writes; false if it was
    /// dropped, because the ring is full or this process was forked.
    ///
    /// - **table:** below [`TABLES`](crate::TABLES); higher bits are ignored.
    /// - **`max_words`:** at most 126; a record that needs more is dropped. Words never written are
    ///   zero up to the end of the last slot used.
    ///
    /// Each call is one attempt and takes one sequence number of its table, dropped or not. It
    /// allocates nothing, makes no system call and wakes nobody. If `fill` panics, the attempt
    /// counts and no record appears; a push from inside `fill` is dropped and counted. It must
    /// not be called from a signal handler.
    #[inline(always)]
    pub fn push(&self, table: u8, max_words: usize, fill: impl FnOnce(&mut Writer<'_>)) -> bool {
        self.push_fill(table, max_words, Call(fill))
    }

    /// [`Producer::push`] with a [`Fill`] in place of a closure.
    #[inline(always)]
    pub fn push_fill(&self, table: u8, max_words: usize, fill: impl Fill) -> bool {
        let half = self.half();
        let need = slots_for(max_words);
        let tail = half.tail.get();
        if tail.wrapping_add(need as u64) > half.limit.get() && !self.make_room(table, need as u64)
        {
            return false;
        }
        let table = table & TABLE_MASK;
        let base = half.base.get();
        // SAFETY: there is room, so this is no forked child and `base` is the lane's first word;
        // the table is masked.
        let attempts = unsafe { header_word(base, ATTEMPTS | usize::from(table)) };
        let seq = attempts.load(Relaxed);
        let stamp = stamp::read(half.counter.get() != 0);

        let mut reserved = Reserved { half, next: tail, attempts };
        half.tail.set(Half::BUSY);
        // SAFETY: `base` and `mask` belong to the same lane, and by invariant 3 the slots from
        // `tail` for `need` are the producer's.
        let mut writer = unsafe { Writer::new(base, half.mask.get(), tail, max_words) };
        fill.fill(&mut writer);
        let slots = writer.finish(|slots, flags| (stamp, Tag::new(seq, table, slots, flags)));
        reserved.next = tail.wrapping_add(slots as u64);
        // SAFETY: as for `attempts`.
        unsafe { header_word(base, TAIL) }.store(reserved.next, Release);
        // The attempt counts from here on: a push that a death cuts is neither a row nor a loss.
        true
    }

    #[inline(always)]
    fn half(&self) -> &Half {
        // SAFETY: by the invariant of the field. In a forked child the page is zeros, which is a
        // valid `Half` without room.
        unsafe { &*self.half }
    }

    /// Looks at the consumer's head; counts the attempt as dropped if there is no room.
    #[cold]
    #[inline(never)]
    fn make_room(&self, table: u8, need: u64) -> bool {
        let half = self.half();
        if half.base.get().is_null() {
            count_forked_drop();
            return false;
        }
        let tail = half.tail.get();
        if tail != Half::BUSY && !self.is_retired() {
            let head = self.lane.word(HEAD).map_or(0, |head| head.load(Acquire));
            // A head outside the ring can only be foreign; it frees nothing.
            if tail.wrapping_sub(head) <= self.lane.slots {
                half.limit.set(head.wrapping_add(self.lane.slots));
            }
            if tail.wrapping_add(need) <= half.limit.get() {
                return true;
            }
        }
        self.count(ATTEMPTS, table);
        self.count(DROPPED, table);
        false
    }

    fn count(&self, at: usize, table: u8) {
        if let Some(word) = self.lane.word(at | usize::from(table & TABLE_MASK)) {
            word.store(word.load(Relaxed).wrapping_add(1), Release);
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

    /// The name of the lane, as given in its options.
    pub fn run(&self) -> u64 {
        self.lane.run
    }

    /// Whether the consumer is gone, so that pushes fill the ring and nobody reads them.
    pub fn is_abandoned(&self) -> bool {
        self.lane.abandoned.load(Acquire)
    }
}

impl Producer {
    /// Tells the consumer that nothing more comes. A forked child says nothing of its parent's lane.
    pub(crate) fn retire(&self) {
        let half = self.half();
        if !half.base.get().is_null()
            && let Some(retired) = self.lane.word(RETIRED)
        {
            half.limit.set(0);
            retired.store(1, Release);
        }
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.lane.load(RETIRED) != 0
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.retire();
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("run", &self.lane.run).finish_non_exhaustive()
    }
}

const TABLE_MASK: u8 = 0x7f;
const _: () = assert!(TABLES == TABLE_MASK as usize + 1);
const _: () = assert!(ATTEMPTS.is_multiple_of(TABLES) && DROPPED.is_multiple_of(TABLES));

pub(crate) fn table_count(lane: &Lane, at: usize, table: u8) -> u64 {
    if table > TABLE_MASK { 0 } else { lane.load(at | usize::from(table)) }
}

/// A word of the header.
///
/// # Safety
///
/// `base` is the first word of a live lane and `at` is below `HEADER_WORDS`.
#[inline(always)]
unsafe fn header_word<'a>(base: *const AtomicU64, at: usize) -> &'a AtomicU64 {
    // SAFETY: every lane is longer than its header.
    let word = unsafe { base.add(at) };
    // SAFETY: as above; the words are initialized atomics.
    unsafe { &*word }
}

/// Puts the private tail back and counts the attempt, also when `fill` panics.
struct Reserved<'a> {
    half: &'a Half,
    next: u64,
    attempts: &'a AtomicU64,
}

impl Drop for Reserved<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.half.tail.set(self.next);
        // A push from inside `fill` counted too.
        self.attempts.store(self.attempts.load(Relaxed).wrapping_add(1), Relaxed);
    }
}
