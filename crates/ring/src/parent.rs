//! Where run directories belong unless the caller knows better.

use std::path::PathBuf;

/// Returns `/dev/shm/plimsoll-<uid>` if that is a tmpfs directory that this user alone can
/// enter, making it if need be; else `None`.
#[cfg(target_os = "linux")]
pub fn default_parent() -> Option<PathBuf> {
    use std::fs;
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};

    // SAFETY: the call takes nothing and cannot fail.
    let uid = unsafe { libc::geteuid() };
    let path = PathBuf::from(format!("/dev/shm/plimsoll-{uid}"));
    // An error is met again by the look at what is there now.
    fs::DirBuilder::new().mode(0o700).create(&path).unwrap_or_default();
    // Not the target of a link: in a directory open to all, anyone may have put one there.
    let found = fs::symlink_metadata(&path).ok()?;
    let ours = found.is_dir() && found.uid() == uid && found.mode() & 0o077 == 0;
    (ours && is_tmpfs(&path)).then_some(path)
}

/// Returns `None`: only Linux has a memory file system that is known to be there.
#[cfg(not(target_os = "linux"))]
pub fn default_parent() -> Option<PathBuf> {
    None
}

#[cfg(target_os = "linux")]
fn is_tmpfs(path: &std::path::Path) -> bool {
    use std::ffi::CString;
    use std::mem::MaybeUninit;
    use std::os::unix::ffi::OsStrExt as _;

    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return false };
    let mut stat = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: the path ends with a zero byte and `stat` has room for the answer.
    if unsafe { libc::statfs(path.as_ptr(), stat.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: the call succeeded, and all zeros are a valid `statfs` anyway.
    let stat = unsafe { stat.assume_init() };
    stat.f_type == libc::TMPFS_MAGIC
}
