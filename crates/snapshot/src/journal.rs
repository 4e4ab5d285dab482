//! A file of records, each on the disk before what it announces is done.
//!
//! A line is a digest and a JSON text. The digest is of the line before and the text, so that a
//! line that is changed, missing or moved is found. Only the last line may be torn: it is what a
//! killed writer had not finished, and nothing was done after it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::Digest;
use crate::disk::{Disk, parent};

/// How many digits of the digest a line has.
const CHECK_LEN: usize = 16;
/// Plans have few steps; a longer file is not one of ours.
const FILE_LEN_MAX: u64 = 64 << 20;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// It could not be read.
    #[error("cannot read the journal `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record could not be written.
    #[error("cannot write into the journal `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line before the last is not what was written.
    #[error("the journal `{}` is damaged in line {line}: keep it and look into it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// A line is from another program or another version.
    #[error("line {line} of the journal `{}` cannot be understood", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
}

/// A journal that records can be added to.
#[derive(Debug)]
pub(crate) struct Journal<'a> {
    disk: &'a Disk,
    path: PathBuf,
    len: u64,
    last: Digest,
}

/// What a journal holds.
pub(crate) struct Contents<R> {
    pub(crate) records: Vec<R>,
    /// Where the whole lines end.
    len: u64,
    last: Digest,
    /// Whether something follows that is no whole line.
    pub(crate) is_torn: bool,
}

impl<'a> Journal<'a> {
    /// Makes a new journal, of which at first the name is on the disk.
    pub(crate) fn create(disk: &'a Disk, path: &Path) -> Result<Self, JournalError> {
        let create = || -> io::Result<()> {
            disk.create(path)?.sync()?;
            disk.sync_dir(parent(path))
        };
        create().map_err(|source| JournalError::Write { path: path.to_owned(), source })?;
        Ok(Self { disk, path: path.to_owned(), len: 0, last: Digest::of(b"") })
    }

    /// Goes on with a journal, and cuts off what a killed writer did not finish.
    pub(crate) fn resume<R: DeserializeOwned>(
        disk: &'a Disk,
        path: &Path,
    ) -> Result<(Self, Vec<R>), JournalError> {
        let Contents { records, len, last, is_torn } = read(path)?;
        if is_torn {
            let cut = || -> io::Result<()> {
                let written = disk.open(path)?;
                written.set_len(len)?;
                written.sync()
            };
            cut().map_err(|source| JournalError::Write { path: path.to_owned(), source })?;
        }
        Ok((Self { disk, path: path.to_owned(), len, last }, records))
    }

    /// Adds a record; after `Ok` it survives a power cut.
    pub(crate) fn add<R: Serialize>(&mut self, record: &R) -> Result<(), JournalError> {
        let write = |source| JournalError::Write { path: self.path.clone(), source };
        let text = serde_json::to_vec(record).map_err(|error| write(error.into()))?;
        let digest = Digest::of_all([self.last.bytes().as_slice(), &text]);
        let mut line = check(&digest).into_bytes();
        line.push(b' ');
        line.extend_from_slice(&text);
        line.push(b'\n');
        let written = self.disk.open(&self.path).map_err(write)?;
        written.write_at(self.len, &line).and_then(|()| written.sync()).map_err(write)?;
        self.len += u64::try_from(line.len()).unwrap_or_default();
        self.last = digest;
        Ok(())
    }
}

fn check(digest: &Digest) -> String {
    digest.to_string().chars().take(CHECK_LEN).collect()
}

/// Reads a journal up to its last whole line.
pub(crate) fn read<R: DeserializeOwned>(path: &Path) -> Result<Contents<R>, JournalError> {
    let unreadable = |source| JournalError::Read { path: path.to_owned(), source };
    if fs::metadata(path).map_err(unreadable)?.len() > FILE_LEN_MAX {
        return Err(unreadable(io::Error::from(io::ErrorKind::FileTooLarge)));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let mut contents =
        Contents { records: Vec::new(), len: 0, last: Digest::of(b""), is_torn: false };
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let is_last = lines.peek().is_none();
        let Some((digest, text)) = whole(line, &contents.last) else {
            if is_last {
                contents.is_torn = true;
                return Ok(contents);
            }
            return Err(JournalError::Damaged { path: path.to_owned(), line: index + 1 });
        };
        let record = serde_json::from_slice(text).map_err(|source| JournalError::Record {
            path: path.to_owned(),
            line: index + 1,
            source,
        })?;
        contents.records.push(record);
        contents.len += u64::try_from(line.len()).unwrap_or_default();
        contents.last = digest;
    }
    Ok(contents)
}

/// The text of a line that is as it was written.
fn whole<'a>(line: &'a [u8], last: &Digest) -> Option<(Digest, &'a [u8])> {
    let (stated, rest) = line.strip_suffix(b"\n")?.split_at_checked(CHECK_LEN)?;
    let text = rest.strip_prefix(b" ")?;
    let digest = Digest::of_all([last.bytes().as_slice(), text]);
    (check(&digest).as_bytes() == stated).then_some((digest, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &Path, records: &[&str]) {
        let disk = Disk::default();
        let mut journal = Journal::create(&disk, path).unwrap();
        records.iter().for_each(|record| journal.add(record).unwrap());
    }

    #[test]
    fn a_torn_last_line_is_cut_and_the_journal_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        written(&path, &["one", "two", "three"]);
        let whole = fs::read(&path).unwrap();
        let ends: Vec<usize> =
            whole.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect();
        for len in 0..=whole.len() {
            fs::write(&path, &whole[..len]).unwrap();
            let disk = Disk::default();
            let (mut journal, records) = Journal::resume::<String>(&disk, &path).unwrap();
            assert_eq!(records.len(), ends.iter().filter(|end| **end <= len).count(), "{len}");
            journal.add(&"more").unwrap();
            let again = read::<String>(&path).unwrap();
            assert_eq!(again.records.last().unwrap(), "more");
            assert_eq!(again.records.len(), records.len() + 1);
        }
    }

    #[test]
    fn a_changed_bit_is_found_unless_it_tears_the_last_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        written(&path, &["one", "two"]);
        let whole = fs::read(&path).unwrap();
        for bit in 0..whole.len() * 8 {
            let mut wrong = whole.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &wrong).unwrap();
            match read::<String>(&path) {
                Ok(contents) => assert!(contents.is_torn && contents.records.len() < 2, "{bit}"),
                Err(error) => assert!(matches!(error, JournalError::Damaged { .. }), "{error}"),
            }
        }
    }
}
