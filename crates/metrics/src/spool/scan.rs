//! Reading one segment, block by block, through a bounded buffer.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::format::{FLAG_CARRY, FRAME, Frame, HEADER, Header, HeaderRead, block_crc};

/// What is read at once, in bytes.
pub(super) const READ_BYTES: usize = 512 << 10;
/// The buffer never grows beyond this: the largest block with its frame and padding.
#[cfg(test)]
pub(super) const BUFFER_BYTES_MAX: usize = super::BLOCK_BYTES_MAX + FRAME + 8;
/// Blocks begin at multiples of this, so only there a search has to look.
const STRIDE: usize = 8;

/// A segment file with a good header, and how far it was read.
#[derive(Debug)]
pub(super) struct Scanner {
    file: File,
    header: Header,
    buffer: Vec<u8>,
    window: Range<usize>,
    /// Offset in the file of the start of the window.
    at: u64,
    expected: u64,
    /// After damage without an end: the next number is only known to be `expected` or higher.
    lax: bool,
}

/// The segment as its header shows it.
#[derive(Debug)]
pub(super) enum Opened {
    Good(Scanner),
    Bad(HeaderRead),
}

/// A whole block; its payload is in the scanner's buffer.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) kind: u8,
    pub(super) carry: bool,
    /// Offset in the file of its end.
    pub(super) end: u64,
    /// How many blocks are missing before it; only after damage without an end.
    pub(super) missing: u64,
    payload: Range<usize>,
}

/// What is at the current offset.
#[derive(Debug, Clone)]
pub(super) enum Scan {
    Block(Found),
    /// Zeros, or the limit.
    End,
    Damaged,
}

/// What lies behind damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resync {
    /// A whole block follows, and the scanner stands before it.
    Found { bad_blocks: u64, lost_bytes: u64 },
    /// None follows up to the limit, where the scanner stands. Trailing zeros are not lost.
    Nothing { lost_bytes: u64 },
}

impl Scanner {
    /// Opens the segment `number` at `path`, reusing `buffer`.
    pub(super) fn open(path: &Path, number: u64, mut buffer: Vec<u8>) -> io::Result<Opened> {
        let file = File::open(path)?;
        if buffer.len() < READ_BYTES {
            buffer = vec![0; READ_BYTES];
        }
        let head = buffer.get_mut(..HEADER).unwrap_or_default();
        let got = read_up_to(&file, head, 0)?;
        let header = match Header::decode(buffer.get(..got).unwrap_or_default(), number) {
            HeaderRead::Good(header) => header,
            HeaderRead::Empty if has_bytes(&file, &mut buffer)? => {
                return Ok(Opened::Bad(HeaderRead::Damaged));
            }
            bad => return Ok(Opened::Bad(bad)),
        };
        let expected = header.first_block;
        let (window, at) = (0..0, HEADER as u64);
        Ok(Opened::Good(Self { file, header, buffer, window, at, expected, lax: false }))
    }

    pub(super) fn header(&self) -> Header {
        self.header
    }

    pub(super) fn at(&self) -> u64 {
        self.at
    }

    pub(super) fn expected(&self) -> u64 {
        self.expected
    }

    pub(super) fn file_len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    pub(super) fn payload(&self, found: &Found) -> &[u8] {
        self.buffer.get(found.payload.clone()).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn buffer_capacity(&self) -> usize {
        self.buffer.capacity()
    }

    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Reads the block at the current offset and steps behind it. Looks at no byte at or behind
    /// `limit`.
    pub(super) fn next(&mut self, limit: u64) -> io::Result<Scan> {
        let left = limit.saturating_sub(self.at);
        if left == 0 {
            return Ok(Scan::End);
        }
        self.fill(FRAME, limit)?;
        let Some(head) = self.unread().first_chunk::<FRAME>() else { return Ok(Scan::Damaged) };
        if *head == [0; FRAME] {
            return Ok(Scan::End);
        }
        let Some(frame) = Frame::decode(head) else { return Ok(Scan::Damaged) };
        let expected = self.expected;
        let in_turn = frame.number == expected || (self.lax && frame.number > expected);
        if !in_turn || !self.holds(&frame, limit)? {
            return Ok(Scan::Damaged);
        }
        Ok(Scan::Block(self.take(&frame)))
    }

    /// Searches the next whole block behind the current offset.
    pub(super) fn resync(&mut self, limit: u64) -> io::Result<Resync> {
        let from = self.at;
        let mut lost_end = from;
        while self.at < limit {
            self.fill(FRAME, limit)?;
            let unread = self.unread();
            if unread.iter().take(STRIDE).any(|byte| *byte != 0) {
                lost_end = self.at.saturating_add(STRIDE as u64).min(limit);
            }
            let frame = unread.first_chunk().and_then(Frame::decode);
            let skipped = self.at.saturating_sub(from);
            if let Some(frame) = frame.filter(|frame| self.may_follow(frame, skipped))
                && self.holds(&frame, limit)?
            {
                let bad_blocks = frame.number.saturating_sub(self.expected);
                self.expected = frame.number;
                return Ok(Resync::Found { bad_blocks, lost_bytes: skipped });
            }
            self.skip(STRIDE);
        }
        self.at = limit.max(from);
        self.window = 0..0;
        self.lax = true;
        Ok(Resync::Nothing { lost_bytes: lost_end.saturating_sub(from) })
    }

    /// Whether as many blocks as the number says can have been in the bytes skipped.
    fn may_follow(&self, frame: &Frame, skipped: u64) -> bool {
        let missing = frame.number.saturating_sub(self.expected);
        missing > 0 && missing.saturating_mul(FRAME as u64) <= skipped || {
            self.lax && frame.number >= self.expected
        }
    }

    /// Whether the block that begins with `frame` is all there.
    fn holds(&mut self, frame: &Frame, limit: u64) -> io::Result<bool> {
        let total = frame.total();
        if limit.saturating_sub(self.at) < total as u64 {
            return Ok(false);
        }
        self.fill(total, limit)?;
        let block = self.unread().get(..total);
        Ok(block.is_some_and(|block| block_crc(block, self.header.salt) == frame.crc))
    }

    fn take(&mut self, frame: &Frame) -> Found {
        let start = self.window.start.saturating_add(FRAME);
        let payload = start..start.saturating_add(frame.payload);
        let missing = frame.number.saturating_sub(self.expected);
        self.skip(frame.total());
        self.expected = frame.number.saturating_add(1);
        self.lax = false;
        let carry = frame.flags & FLAG_CARRY != 0;
        Found { kind: frame.kind, carry, end: self.at, missing, payload }
    }

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.window.clone()).unwrap_or_default()
    }

    fn skip(&mut self, bytes: usize) {
        self.window.start = self.window.start.saturating_add(bytes).min(self.window.end);
        self.at = self.at.saturating_add(bytes as u64);
    }

    /// Brings at least `want` bytes into the window unless `limit` or the end is nearer.
    fn fill(&mut self, want: usize, limit: u64) -> io::Result<()> {
        let mut held = self.window.len();
        if held >= want {
            return Ok(());
        }
        self.buffer.copy_within(self.window.clone(), 0);
        self.window = 0..held;
        if self.buffer.len() < want {
            // Exact, so that the capacity stays below `BUFFER_BYTES_MAX`.
            self.buffer.reserve_exact(want.saturating_sub(self.buffer.len()));
            self.buffer.resize(want, 0);
        }
        let left = usize::try_from(limit.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let end = self.buffer.len().min(left);
        if let Some(room) = self.buffer.get_mut(held..end) {
            let from = self.at.saturating_add(held as u64);
            held = held.saturating_add(read_up_to(&self.file, room, from)?);
        }
        self.window = 0..held;
        Ok(())
    }
}

/// Reads the header of segment `number` at `path`.
pub(super) fn read_header(path: &Path, number: u64) -> io::Result<HeaderRead> {
    let mut head = [0_u8; HEADER];
    let got = read_up_to(&File::open(path)?, &mut head, 0)?;
    Ok(Header::decode(head.get(..got).unwrap_or_default(), number))
}

/// Whether a file that begins with zeros has anything else in it.
fn has_bytes(file: &File, buffer: &mut [u8]) -> io::Result<bool> {
    let mut at = 0_u64;
    loop {
        let got = read_up_to(file, buffer, at)?;
        if got == 0 {
            return Ok(false);
        }
        if buffer.get(..got).unwrap_or_default().iter().any(|byte| *byte != 0) {
            return Ok(true);
        }
        at = at.saturating_add(got as u64);
    }
}

/// Reads until `room` is full or the file ends.
pub(super) fn read_up_to(file: &File, room: &mut [u8], at: u64) -> io::Result<usize> {
    let mut got = 0_usize;
    while let Some(rest) = room.get_mut(got..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, at.saturating_add(got as u64)) {
            Ok(0) => break,
            Ok(count) => got = got.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}
