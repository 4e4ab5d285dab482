//! Folders of Markdown documents.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;

use crate::failure::{Failure, Hint as _};

/// Largest document that is read, bytes.
const BYTES_MAX: u64 = 4 << 20;

/// One document.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// File name.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
}

/// The Markdown files of a folder by name, without those named. A folder that is not there has none.
pub(crate) fn read(dir: &Path, without: &[&str]) -> anyhow::Result<Vec<Document>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read `{}`", dir.display()));
        }
    };
    let mut documents = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read `{}`", dir.display()))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !name.ends_with(".md") || without.contains(&name.as_str()) {
            continue;
        }
        let path = entry.path();
        let cannot = || format!("cannot read `{}`", path.display());
        let size = entry.metadata().with_context(cannot)?.len();
        anyhow::ensure!(
            size <= BYTES_MAX,
            "`{}` has {size} bytes, at most {BYTES_MAX} are read",
            path.display()
        );
        documents.push(Document { name, text: fs::read_to_string(&path).with_context(cannot)? });
    }
    documents.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(documents)
}

/// Writes a document that is not there yet.
pub(crate) fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let mut file = fs::File::create_new(path)
        .with_context(|| format!("cannot make `{}`", path.display()))
        .hint("a file that is there is never overwritten")?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
    Ok(())
}
