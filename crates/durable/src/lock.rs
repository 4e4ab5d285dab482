//! A lock between processes that names its holder.

mod error;
mod holder;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

pub use error::LockError;
pub use holder::Holder;

const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(25);
/// How often a lock file may vanish under us before we give up.
const RECREATIONS_MAX: u32 = 16;

/// An exclusive lock on a lock file, held until it is dropped.
///
/// The kernel decides who holds it: when the holder dies in whatever way, the lock is free. The
/// text in the file only tells people and [`LockError::Held`] who it is. The lock excludes other
/// processes and other handles in this process alike.
///
/// The file stays after release. Removing it would let a process that has it open and one that
/// creates it anew both believe that they hold the lock.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Takes the lock at `path`, or fails at once if it is held.
    ///
    /// `purpose` says in a few words what the lock is held for; the next one who wants it reads
    /// that. Line breaks become spaces, and what exceeds 200 characters is cut off.
    ///
    /// # Errors
    ///
    /// [`LockError::Held`] names the holder; the other variants say why the file is no use.
    pub fn try_acquire(path: impl AsRef<Path>, purpose: &str) -> Result<Self, LockError> {
        Self::acquire(path, purpose, Duration::ZERO)
    }

    /// Takes the lock at `path`, and waits up to `max_wait` while it is held.
    ///
    /// Waiters are not served in order.
    ///
    /// # Errors
    ///
    /// [`LockError::Held`] after `max_wait`; the other variants at once.
    #[allow(
        clippy::disallowed_methods,
        reason = "waiting for another process is what this does; the wait is bounded"
    )]
    pub fn acquire(
        path: impl AsRef<Path>,
        purpose: &str,
        max_wait: Duration,
    ) -> Result<Self, LockError> {
        let path = path.as_ref();
        let started = Instant::now();
        let mut pause = PAUSE_MIN;
        let file = loop {
            if let Some(file) = take(path)? {
                break file;
            }
            let left = max_wait.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(LockError::Held {
                    path: path.to_owned(),
                    holder: holder::read_settled(path),
                    waited: if max_wait.is_zero() { Duration::ZERO } else { started.elapsed() },
                });
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(PAUSE_MAX);
        };
        let holder = Holder::this_process(purpose, SystemTime::now());
        holder::write(&file, &holder)
            .map_err(|source| LockError::Describe { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Returns the path of the lock file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Best effort: the kernel frees the lock when the handle closes, and a text that stays
        // behind misleads nobody, because it only counts while the lock is held.
        self.file.set_len(0).unwrap_or_default();
        self.file.unlock().unwrap_or_default();
    }
}

/// Opens and locks the file once; `None` if somebody else holds it.
fn take(path: &Path) -> Result<Option<File>, LockError> {
    let open = |source| LockError::Open { path: path.to_owned(), source };
    for _ in 0..RECREATIONS_MAX {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .open(path)
            .map_err(open)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(source)) => {
                return Err(LockError::Unsupported { path: path.to_owned(), source });
            }
        }
        let ours = file.metadata().map_err(open)?;
        if !ours.is_file() {
            return Err(LockError::NotAFile { path: path.to_owned() });
        }
        // Somebody may have removed the file since it was opened; a lock on a file without a
        // name excludes nobody.
        match fs::metadata(path) {
            Ok(named) if (named.dev(), named.ino()) == (ours.dev(), ours.ino()) => {
                return Ok(Some(file));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(open(source)),
        }
    }
    Err(LockError::KeepsVanishing { path: path.to_owned(), attempts: RECREATIONS_MAX })
}
