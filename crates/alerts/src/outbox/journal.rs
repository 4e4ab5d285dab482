//! An append-only file of frames, each of which is there whole or not at all.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// First bytes of a journal; the digit is its version.
const MAGIC: &[u8; 8] = b"plimobx1";

/// Length and checksum before each frame.
const HEAD_BYTES: usize = 8;

/// Longest frame that is read or written; a longer one is damage. A round that is longer becomes a snapshot.
const FRAME_BYTES_MAX: usize = 16 << 20;

/// A journal that is open for writing at its end.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    len_bytes: u64,
}

/// What a journal held.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Frames {
    pub(crate) frames: Vec<Vec<u8>>,
    /// Where the last whole frame ends.
    whole_bytes: u64,
    /// Bytes after it: a frame that a kill cut short, or damage.
    pub(crate) left_bytes: u64,
    /// What follows the last whole frame is not merely cut short.
    pub(crate) is_damaged: bool,
}

impl Journal {
    /// A new, empty journal in the place of whatever was there.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut file = writable().create(true).truncate(true).open(path)?;
        file.write_all(MAGIC)?;
        file.sync_data()?;
        Ok(Self { file, len_bytes: MAGIC.len() as u64 })
    }

    /// Opens a journal to go on after its last whole frame, and gives what it holds.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Frames)> {
        let frames = read(path)?;
        let mut file = writable().open(path)?;
        file.set_len(frames.whole_bytes)?;
        if frames.whole_bytes == 0 {
            // Killed between making the file and writing its first bytes.
            file.write_all(MAGIC)?;
        }
        let len_bytes = file.seek(SeekFrom::End(0))?;
        Ok((Self { file, len_bytes }, frames))
    }

    /// Adds a frame. When this returns it survives a kill, and with [`Journal::sync`] a power cut.
    ///
    /// After an error the journal is as it was before.
    pub(crate) fn append(&mut self, payload: &[u8]) -> io::Result<()> {
        let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "frame is too long");
        let len = u32::try_from(payload.len()).map_err(|_| too_long())?;
        if payload.len() > FRAME_BYTES_MAX {
            return Err(too_long());
        }
        if payload.is_empty() {
            return Ok(());
        }
        let mut frame = Vec::with_capacity(HEAD_BYTES.saturating_add(payload.len()));
        frame.extend_from_slice(&len.to_le_bytes());
        frame.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
        frame.extend_from_slice(payload);
        let written = self.file.write_all(&frame);
        match written {
            Ok(()) => {
                self.len_bytes = self.len_bytes.saturating_add(frame.len() as u64);
                Ok(())
            }
            Err(error) => {
                self.file.set_len(self.len_bytes)?;
                self.file.seek(SeekFrom::Start(self.len_bytes))?;
                Err(error)
            }
        }
    }

    /// Makes what was appended survive a power cut.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    pub(crate) fn len_bytes(&self) -> u64 {
        self.len_bytes
    }
}

/// Reads a journal, also one that is being written.
pub(crate) fn read(path: &Path) -> io::Result<Frames> {
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    Ok(parse(&bytes))
}

fn parse(bytes: &[u8]) -> Frames {
    let mut found = Frames::default();
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        found.left_bytes = bytes.len() as u64;
        found.is_damaged = !MAGIC.starts_with(bytes);
        return found;
    };
    loop {
        match first_frame(rest) {
            Next::Frame(payload, after) => {
                found.frames.push(payload.to_vec());
                rest = after;
            }
            Next::Torn => break,
            Next::Damaged => {
                found.is_damaged = true;
                break;
            }
        }
    }
    found.left_bytes = rest.len() as u64;
    found.whole_bytes = (bytes.len() as u64).saturating_sub(found.left_bytes);
    found
}

enum Next<'a> {
    Frame(&'a [u8], &'a [u8]),
    /// The bytes end before the frame does, as after a kill.
    Torn,
    /// The frame is there and is not what was written.
    Damaged,
}

fn first_frame(bytes: &[u8]) -> Next<'_> {
    let Some((len, rest)) = bytes.split_first_chunk::<4>() else { return Next::Torn };
    let Some((crc, rest)) = rest.split_first_chunk::<4>() else { return Next::Torn };
    let Ok(len) = usize::try_from(u32::from_le_bytes(*len)) else { return Next::Damaged };
    // After a power cut a file may end in zeros that were never written; no frame is empty.
    if len == 0 {
        return Next::Torn;
    }
    if len > FRAME_BYTES_MAX {
        return Next::Damaged;
    }
    let Some((payload, after)) = rest.split_at_checked(len) else { return Next::Torn };
    if crc32fast::hash(payload) == u32::from_le_bytes(*crc) {
        Next::Frame(payload, after)
    } else {
        Next::Damaged
    }
}

fn writable() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(frames: &[&[u8]]) -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let mut journal = Journal::create(&path).unwrap();
        frames.iter().for_each(|frame| journal.append(frame).unwrap());
        std::fs::read(&path).unwrap()
    }

    #[test]
    fn a_journal_cut_anywhere_holds_its_first_frames_whole() {
        let frames: [&[u8]; 3] = [b"one", b"2", b"three of them"];
        let bytes = written(&frames);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        for cut in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let (mut journal, found) = Journal::open(&path).unwrap();
            assert!(!found.is_damaged, "cut at {cut}");
            let count = found.frames.len();
            assert_eq!(found.frames, frames[..count], "cut at {cut}");
            journal.append(b"next").unwrap();
            let again = read(&path).unwrap();
            assert_eq!(again.frames.last().unwrap(), b"next", "cut at {cut}");
            assert_eq!((again.frames.len(), again.left_bytes), (count + 1, 0), "cut at {cut}");
        }
    }

    #[test]
    fn zeros_that_were_never_written_are_no_frames() {
        let mut bytes = written(&[b"one"]);
        bytes.extend([0; 64]);
        let found = parse(&bytes);
        assert_eq!((found.frames.len(), found.left_bytes, found.is_damaged), (1, 64, false));
    }

    #[test]
    fn a_changed_byte_is_damage_and_what_is_before_it_is_read() {
        let bytes = written(&[b"first", b"second"]);
        for at in MAGIC.len() + HEAD_BYTES..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            let found = parse(&changed);
            assert!(found.frames.len() < 2, "byte {at}: {found:?}");
            assert!(found.left_bytes > 0, "byte {at}");
        }
        assert!(parse(b"something else altogether").is_damaged);
    }
}
