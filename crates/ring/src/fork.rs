//! A page that a forked child sees as zeros: the child knows at no cost that nothing here is its
//! own.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::memory::{Memory, WORD_BYTES};

/// Pushes that forked children refused, in this process.
static FORKED_DROPS: AtomicU64 = AtomicU64::new(0);

/// Returns how many pushes this process refused because it was forked from the lanes' owner.
///
/// - **Unit:** pushes since the fork; zero in a process that was not forked.
pub fn forked_drops() -> u64 {
    FORKED_DROPS.load(Relaxed)
}

pub(crate) fn count_forked_drop() {
    FORKED_DROPS.fetch_add(1, Relaxed);
}

/// The producer's private half. All zero, as in a forked child, it is a ring without room.
#[repr(C)]
pub(crate) struct Half {
    /// First word of the lane.
    pub(crate) base: Cell<*const AtomicU64>,
    /// Position of the next slot, or [`Half::BUSY`] while a record is being filled.
    pub(crate) tail: Cell<u64>,
    /// First position that is not known to be free: the last head seen, plus all slots.
    pub(crate) limit: Cell<u64>,
    /// Slots minus one.
    pub(crate) mask: Cell<u64>,
    /// Not zero: stamps come from the time-stamp counter.
    pub(crate) counter: Cell<u64>,
}

impl Half {
    /// Larger than any limit, so that a push from inside a push finds no room.
    pub(crate) const BUSY: u64 = u64::MAX >> 1;
}

const HALF_AT: usize = 16; // words; two cache lines away from the mark
const PAGE_WORDS: usize = 4096 / WORD_BYTES;
const _: () = assert!(size_of::<Half>() + HALF_AT * WORD_BYTES <= PAGE_WORDS * WORD_BYTES);
const _: () = assert!(align_of::<Half>() <= align_of::<AtomicU64>());

/// The page: word 0 marks the owner, the producer's half lies behind it.
pub(crate) struct ForkPage(Memory);

impl ForkPage {
    /// Whether the page is wiped depends on the kernel (Linux 4.14); `required` makes that an
    /// error, because only shared memory is harmed by a child that writes.
    pub(crate) fn new(wipe: Wipe) -> io::Result<ForkPage> {
        let memory = Memory::private(PAGE_WORDS)?;
        #[cfg(target_os = "linux")]
        {
            let bytes = PAGE_WORDS.saturating_mul(WORD_BYTES);
            let base = memory.base().cast_mut().cast();
            // SAFETY: the range is the private mapping made above.
            let done = unsafe { libc::madvise(base, bytes, libc::MADV_WIPEONFORK) };
            if done != 0 && wipe == Wipe::Required {
                return Err(io::Error::last_os_error());
            }
        }
        #[cfg(not(target_os = "linux"))]
        if wipe == Wipe::Required {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let page = ForkPage(memory);
        page.mark().store(1, Relaxed);
        Ok(page)
    }

    /// False in a forked child.
    pub(crate) fn is_owner(&self) -> bool {
        self.mark().load(Relaxed) != 0
    }

    fn mark(&self) -> &AtomicU64 {
        // SAFETY: the page has more than one word and lives as long as `self`.
        unsafe { &*self.0.base() }
    }

    /// The producer's half, which only the one producer may touch.
    pub(crate) fn half(&self) -> *const Half {
        // The cells are plain memory inside `AtomicU64` storage; nobody else reads these words.
        self.0.base().wrapping_add(HALF_AT).cast()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wipe {
    Required,
    BestEffort,
}

impl fmt::Debug for ForkPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForkPage").field("is_owner", &self.is_owner()).finish()
    }
}
