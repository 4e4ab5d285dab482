//! The lock of a run directory: whoever holds it is alive.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// A lock that the kernel releases at the death of its holder, or this value's drop before.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    /// The process that took it.
    pid: u32,
}

impl Lock {
    /// Takes the lock of a file that nobody else has.
    pub(crate) fn take(file: File) -> io::Result<Lock> {
        file.try_lock()?;
        Ok(Lock { file, pid: std::process::id() })
    }

    /// Takes the lock at `path`, if nobody holds it and it is still the file there: between
    /// opening and locking, another recovery may have removed the directory.
    pub(crate) fn take_at(path: &Path) -> io::Result<Lock> {
        let lock = Lock::take(File::options().read(true).write(true).open(path)?)?;
        if same_file(&lock.file.metadata()?, &fs::metadata(path)?) {
            Ok(lock)
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing does not release it while a forked child has the descriptor too; and that
        // child must leave it to its parent.
        if self.pid == std::process::id() {
            self.file.unlock().unwrap_or_default();
        }
    }
}

#[cfg(unix)]
fn same_file(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same_file(_a: &fs::Metadata, _b: &fs::Metadata) -> bool {
    true
}
