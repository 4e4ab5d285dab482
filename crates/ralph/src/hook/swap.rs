//! Replacing a file that nothing rests on: whole for every reader, but not synced to the disk.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

const LOCK_WAIT_MAX: Duration = Duration::from_millis(500);
const LOCK_PAUSE: Duration = Duration::from_micros(200);

/// Puts what `make` makes of the old contents in their place. After a power cut it may be the old
/// file or an empty one, which costs nothing but itself; a sync would cost more than all the rest
/// of a hook. Two processes do it one after the other.
pub(crate) fn swap(path: &Path, make: impl FnOnce(&[u8]) -> Vec<u8>) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let started = now();
    // Whoever has the lock renames the file away, so it is opened anew each time.
    let mut file = loop {
        let file = options.open(&fresh)?;
        match file.try_lock() {
            Ok(()) if super::append::is_named(&file, &fresh) => break file,
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if started.elapsed() > LOCK_WAIT_MAX {
            return Err(io::Error::new(ErrorKind::TimedOut, "another process has its lock"));
        }
        pause();
    };
    let before = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let bytes = make(&before);
    file.set_len(0)?;
    file.write_all(&bytes)?;
    fs::rename(fresh, path)
}

#[allow(clippy::disallowed_methods, reason = "the wait for another process is bounded")]
fn now() -> Instant {
    Instant::now()
}

#[allow(clippy::disallowed_methods, reason = "the wait for another process is bounded")]
fn pause() {
    std::thread::sleep(LOCK_PAUSE);
}
