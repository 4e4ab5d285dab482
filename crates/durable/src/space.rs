//! How much a file system can still take, and taking it beforehand.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Room on the file system that holds a path, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Space {
    /// What this user can still write, in bytes: without the blocks kept back for root.
    pub available_bytes: u64,
    /// The size of the whole file system, in bytes.
    pub total_bytes: u64,
}

/// Returns the room on the file system that holds `path`, in bytes.
///
/// The answer is of this moment: another process may take the space before the caller does.
///
/// # Errors
///
/// Whatever the system reports for `path`, for example that it does not exist.
pub fn free_space(path: &Path) -> io::Result<Space> {
    let stats = fs2::statvfs(path)?;
    Ok(Space { available_bytes: stats.available_space(), total_bytes: stats.total_space() })
}

/// Reserves disk blocks so that `file` can hold `len_bytes`, and lengthens it if it is shorter.
///
/// Writing within this length later cannot fail for want of space. A longer file keeps its
/// length and its contents.
///
/// # Errors
///
/// `StorageFull` if the file system has less room than that, `Other` if it cannot tell why it
/// refuses. The length may have changed already on file systems that cannot reserve in one step.
pub fn preallocate(file: &File, len_bytes: u64) -> io::Result<()> {
    if len_bytes == 0 || fs2::FileExt::allocate(file, len_bytes).is_ok() {
        return Ok(());
    }
    // The error that fs2 returns is not looked at: posix_fallocate does not set errno.
    let held_bytes = file.metadata()?.blocks().saturating_mul(512);
    let wanted_bytes = len_bytes.saturating_sub(held_bytes);
    let found = free_space(&Path::new("/dev/fd").join(file.as_raw_fd().to_string()))?;
    let available_bytes = found.available_bytes;
    if available_bytes < wanted_bytes {
        let text = format!("{wanted_bytes} more bytes wanted, {available_bytes} available");
        return Err(io::Error::new(io::ErrorKind::StorageFull, text));
    }
    let text = format!("the file system does not reserve {len_bytes} bytes for this file");
    Err(io::Error::other(text))
}
