//! One lane: the memory that a producer and its consumer share.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::Release};

use crate::fork::{ForkPage, Half, Wipe};
use crate::layout::{
    BOOT_ID, CHECK, CREATED_NS, LANE_MAGIC, LAYOUT, LAYOUT_HASH, MAGIC, RUN, SLOTS, SLOTS_MAX,
    SLOTS_MIN, VERSION, VERSION_NOW, header_check, lane_words,
};
use crate::lock::Lock;
use crate::memory::Memory;
use crate::{RingError, stamp};

/// What a new lane is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaneOptions {
    /// Slots of 64 bytes, a power of two from 64 to 16,777,216. Default 16,384, which is 1 MiB.
    pub slots: u64,
    /// Names the lane for good: sequence numbers count per run and table.
    pub run: u64,
}

impl LaneOptions {
    /// Default options for the lane that `run` names.
    pub fn new(run: u64) -> LaneOptions {
        LaneOptions { slots: 16_384, run }
    }

    /// Sets the number of 64-byte slots.
    #[must_use]
    pub fn with_slots(mut self, slots: u64) -> LaneOptions {
        self.slots = slots;
        self
    }
}

#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) memory: Memory,
    pub(crate) page: ForkPage,
    pub(crate) path: Option<PathBuf>,
    /// Says that somebody may still push.
    pub(crate) _lock: Option<Arc<Lock>>,
    pub(crate) slots: u64,
    pub(crate) run: u64,
    /// The consumer is gone, so that nothing pushed from now on is read in this process.
    pub(crate) abandoned: AtomicBool,
}

impl Lane {
    /// Words needed for the options, or the error that says which numbers are possible.
    pub(crate) fn words(options: &LaneOptions) -> Result<usize, RingError> {
        lane_words(options.slots).ok_or(RingError::Slots {
            found: options.slots,
            min: SLOTS_MIN,
            max: SLOTS_MAX,
        })
    }

    /// Makes a lane of zeroed memory of the right size. The magic is written last.
    pub(crate) fn new(
        memory: Memory,
        path: Option<PathBuf>,
        options: &LaneOptions,
        boot_id: [u8; 16],
    ) -> io::Result<Lane> {
        let wipe = if path.is_some() { Wipe::Required } else { Wipe::BestEffort };
        let page = ForkPage::new(wipe)?;
        let words = memory.words();
        let put = |at: usize, value: u64| {
            if let Some(word) = words.get(at) {
                word.store(value, Release);
            }
        };
        put(VERSION, VERSION_NOW);
        put(LAYOUT, LAYOUT_HASH);
        put(SLOTS, options.slots);
        put(RUN, options.run);
        put(CREATED_NS, u64::try_from(stamp::wall_now_ns()).unwrap_or(0));
        let (low, high) = boot_words(boot_id);
        put(BOOT_ID, low);
        put(BOOT_ID + 1, high);
        put(CHECK, header_check(words));
        put(MAGIC, LANE_MAGIC);
        let half = page.half();
        // SAFETY: the page is fresh and zero, which is a valid `Half`, and no producer exists yet.
        let half: &Half = unsafe { &*half };
        half.base.set(memory.base());
        half.tail.set(0);
        half.limit.set(options.slots);
        half.mask.set(options.slots.saturating_sub(1));
        half.counter.set(u64::from(stamp::counter_usable()));
        Ok(Lane {
            memory,
            page,
            path,
            _lock: None,
            slots: options.slots,
            run: options.run,
            abandoned: AtomicBool::new(false),
        })
    }

    pub(crate) fn load(&self, at: usize) -> u64 {
        self.memory.words().get(at).map_or(0, |word| word.load(Relaxed))
    }

    pub(crate) fn word(&self, at: usize) -> Option<&AtomicU64> {
        self.memory.words().get(at)
    }

    /// Removes the file, if there is one. What is mapped stays mapped.
    pub(crate) fn unlink(&self) -> io::Result<()> {
        match &self.path {
            Some(path) if self.page.is_owner() => fs::remove_file(path),
            _ => Ok(()),
        }
    }
}

pub(crate) fn boot_words(id: [u8; 16]) -> (u64, u64) {
    let all = u128::from_le_bytes(id);
    #[allow(clippy::cast_possible_truncation, reason = "the two halves are wanted")]
    let halves = (all as u64, (all >> 64) as u64);
    halves
}

/// The kernel's name for this boot; zeros where there is none.
pub(crate) fn boot_id() -> [u8; 16] {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).take(32).collect();
    u128::from_str_radix(&digits, 16).unwrap_or(0).to_be_bytes()
}
