//! Words that a lane or the clock lies in: a shared mapping, or private memory.

use std::fmt;
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[cfg(target_os = "linux")]
use std::fs::File;

pub(crate) const WORD_BYTES: usize = size_of::<u64>();
const PAGE_WORDS: usize = 4096 / WORD_BYTES;

/// A fixed run of words that lives as long as this value.
pub(crate) struct Memory {
    // Invariant: `base` points at `words` initialized, aligned `AtomicU64` until drop.
    base: NonNull<AtomicU64>,
    words: usize,
}

// SAFETY: the words are atomics, which any thread may use, and only drop frees them.
unsafe impl Send for Memory {}
// SAFETY: see Send; a shared reference gives out `&[AtomicU64]` only.
unsafe impl Sync for Memory {}

impl Memory {
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn private(words: usize) -> io::Result<Memory> {
        let zeros: Vec<AtomicU64> =
            std::iter::repeat_with(AtomicU64::default).take(words).collect();
        let base = NonNull::from(Box::leak(zeros.into_boxed_slice())).cast();
        let memory = Memory { base, words };
        memory.prefault();
        Ok(memory)
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn private(words: usize) -> io::Result<Memory> {
        let memory = map(words, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)?;
        memory.prefault();
        Ok(memory)
    }

    /// Maps the start of `file`, which must hold `words` words that are allocated already.
    #[cfg(target_os = "linux")]
    pub(crate) fn shared(file: &File, words: usize) -> io::Result<Memory> {
        use std::os::fd::AsRawFd as _;
        let bytes = words.saturating_mul(WORD_BYTES);
        if file.metadata()?.len() < bytes as u64 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let memory = map(words, libc::MAP_SHARED, file.as_raw_fd())?;
        memory.prefault();
        Ok(memory)
    }

    /// Writes one word of each page, so that no push takes the first fault.
    fn prefault(&self) {
        for word in self.words().iter().step_by(PAGE_WORDS) {
            word.store(0, Relaxed);
        }
    }

    pub(crate) fn words(&self) -> &[AtomicU64] {
        // SAFETY: by the invariant of `base`; the lifetime is that of `self`.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.words) }
    }

    pub(crate) fn base(&self) -> *const AtomicU64 {
        self.base.as_ptr()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        {
            let bytes = self.words.saturating_mul(WORD_BYTES);
            // SAFETY: the mapping was made by `map` with this length and nobody borrows it.
            // An error leaves it mapped, which harms nobody.
            unsafe { libc::munmap(self.base.as_ptr().cast(), bytes) };
        }
        #[cfg(not(target_os = "linux"))]
        {
            let words = std::ptr::slice_from_raw_parts_mut(self.base.as_ptr(), self.words);
            // SAFETY: `private` leaked exactly this boxed slice.
            drop(unsafe { Box::from_raw(words) });
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("words", &self.words).finish_non_exhaustive()
    }
}

#[cfg(target_os = "linux")]
fn map(words: usize, flags: libc::c_int, fd: libc::c_int) -> io::Result<Memory> {
    let bytes = words.saturating_mul(WORD_BYTES);
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping at an address that the kernel chooses touches no existing memory.
    let base = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, flags, fd, 0) };
    if base == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
    Ok(Memory { base, words })
}

/// Makes sure that the file system holds `bytes` for `file` now and not at the first write.
#[cfg(target_os = "linux")]
pub(crate) fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;
    let len = libc::off_t::try_from(bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut tries = 0_u32;
    loop {
        // SAFETY: the descriptor is open for as long as `file` is borrowed.
        if unsafe { libc::fallocate(file.as_raw_fd(), 0, 0, len) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        tries = tries.saturating_add(1);
        if error.kind() != io::ErrorKind::Interrupted || tries >= 16 {
            return Err(error);
        }
    }
}
