//! Making a name in a directory survive a power cut.

use std::fs::File;
use std::io;
use std::path::Path;

/// Waits until the names in `path` (creations, renames, removals) are on the disk.
///
/// Syncing a file makes its bytes durable but not its name; the name belongs to the directory.
///
/// # Errors
///
/// Whatever opening or syncing the directory reports, for example that it does not exist.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
