//! What is kept beside a store so that the next snapshot is fast. Losing it costs time only.

use std::fs;
use std::io;
use std::path::Path;

use crate::framed;

/// Reads the contents of a file of the cache; nothing if it is not there or not whole.
pub(crate) fn read(dir: &Path, file: &str, word: &str, version: u32) -> Option<Vec<u8>> {
    let bytes = fs::read(dir.join(file)).ok()?;
    framed::read(&bytes, word, version).ok().map(<[u8]>::to_vec)
}

/// Writes a file of the cache, best effort: a digest tells a torn one from a whole one.
pub(crate) fn write(dir: &Path, file: &str, word: &str, version: u32, contents: &[u8]) {
    use std::io::Write as _;
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    let write = || -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let temporary = dir.join(format!("{file}.{}", std::process::id()));
        let mut options = fs::OpenOptions::new();
        let mut out =
            options.write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        out.write_all(&framed::write(word, version, contents))?;
        fs::rename(&temporary, dir.join(file))
    };
    write().unwrap_or_default();
}
