//! A directory that is in no repository.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{ALL_BYTES_MAX, Entry, Listing, content, is_of_the_client, short};
use crate::hook::project::DIR_NAME;
use crate::hook::store::hex;

/// More files than that are not looked at, and the tree counts as unknown.
const ENTRIES_MAX: usize = 50_000;
/// What programs make, and people don't.
const SKIPPED: [&str; 6] = [DIR_NAME, ".git", "node_modules", "target", "__pycache__", ".venv"];

/// Looks at every file. There is no HEAD to compare with, so none of them counts as changed.
pub(super) fn outside_of_git(root: &Path) -> Result<Listing, String> {
    let mut listing = Listing::default();
    let mut budget_bytes = ALL_BYTES_MAX;
    let mut waiting = vec![root.to_owned()];
    let mut seen = 0_usize;
    while let Some(dir) = waiting.pop() {
        let entries = fs::read_dir(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        for entry in entries.flatten() {
            seen = seen.saturating_add(1);
            if seen > ENTRIES_MAX {
                return Err(format!("more than {ENTRIES_MAX} files, and no repository"));
            }
            let path = entry.path();
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let is_skipped = entry.file_name().to_str().is_some_and(|n| SKIPPED.contains(&n));
            match (is_dir, is_skipped) {
                (true, false) => waiting.push(path),
                (true, true) => {}
                (false, _) if is_of_the_client(&path) => {}
                (false, _) => {
                    let found = content(&path, &mut budget_bytes);
                    let name = path.strip_prefix(root).unwrap_or(&path).to_owned();
                    let digest = short(&found);
                    let entry = Entry { digest, is_tracked: false, is_gone: found.is_none() };
                    listing.files.insert(name, entry);
                }
            }
        }
    }
    let mut fingerprint = Sha256::new();
    for (path, entry) in &listing.files {
        fingerprint.update(path.as_os_str().as_bytes());
        fingerprint.update([0]);
        fingerprint.update(entry.digest.to_le_bytes());
    }
    listing.tree.fingerprint = hex(&fingerprint.finalize());
    Ok(listing)
}
