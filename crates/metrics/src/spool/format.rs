//! Segment headers and block frames as bytes.

use crc32fast::Hasher;

/// The largest payload of a block, in bytes: what a reader must be able to hold at once.
pub const BLOCK_BYTES_MAX: usize = 4 << 20;

pub(super) const VERSION: u32 = 1;
pub(super) const BYTE_ORDER_MARK: u32 = 0x0a0b_0c0d;
pub(super) const HEADER: usize = 64;
pub(super) const FRAME: usize = 24;
/// The block was put there by `carry`, not by the caller.
pub(super) const FLAG_CARRY: u8 = 1;

const MAGIC: [u8; 8] = *b"PLMSPOOL";
const ALIGN: usize = 8;
const HEADER_CRC_AT: usize = 60;

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) segment: u64,
    pub(super) first_block: u64,
    pub(super) salt: u32,
}

/// What the first bytes of a segment turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderRead {
    Good(Header),
    /// Nothing was ever written: no bytes or zeros.
    Empty,
    Damaged,
    Version(u32),
    ByteOrder(u32),
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0_u8; HEADER];
        put(&mut bytes, 0, &MAGIC);
        put(&mut bytes, 8, &VERSION.to_le_bytes());
        put(&mut bytes, 12, &BYTE_ORDER_MARK.to_ne_bytes());
        put(&mut bytes, 16, &self.segment.to_le_bytes());
        put(&mut bytes, 24, &self.first_block.to_le_bytes());
        put(&mut bytes, 32, &self.salt.to_le_bytes());
        let crc = crc32fast::hash(bytes.get(..HEADER_CRC_AT).unwrap_or_default());
        put(&mut bytes, HEADER_CRC_AT, &crc.to_le_bytes());
        bytes
    }

    /// Reads the first bytes of a file that is named after `segment`.
    ///
    /// Length and place of magic, version and crc are the same in every version to come.
    pub(super) fn decode(bytes: &[u8], segment: u64) -> HeaderRead {
        if bytes.iter().all(|byte| *byte == 0) {
            return HeaderRead::Empty;
        }
        let Some(bytes) = bytes.first_chunk::<HEADER>() else { return HeaderRead::Damaged };
        let crc = crc32fast::hash(bytes.get(..HEADER_CRC_AT).unwrap_or_default());
        if !bytes.starts_with(&MAGIC) || u32_at(bytes, HEADER_CRC_AT) != Some(crc) {
            return HeaderRead::Damaged;
        }
        let (Some(version), Some(mark), Some(found), Some(first_block), Some(salt)) = (
            u32_at(bytes, 8),
            array_at(bytes, 12).map(u32::from_ne_bytes),
            u64_at(bytes, 16),
            u64_at(bytes, 24),
            u32_at(bytes, 32),
        ) else {
            return HeaderRead::Damaged;
        };
        if version != VERSION {
            return HeaderRead::Version(version);
        }
        if mark != BYTE_ORDER_MARK {
            return HeaderRead::ByteOrder(mark);
        }
        if found != segment || first_block == 0 {
            return HeaderRead::Damaged;
        }
        HeaderRead::Good(Header { segment, first_block, salt })
    }
}

/// The head of a block before its crc was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) payload: usize,
    pub(super) crc: u32,
    pub(super) number: u64,
    pub(super) kind: u8,
    pub(super) flags: u8,
}

impl Frame {
    /// Reads the head of a block; `None` if no head can look like this.
    pub(super) fn decode(head: &[u8; FRAME]) -> Option<Self> {
        let payload = usize::try_from(u32_at(head, 0)?).ok()?;
        let [kind, flags, rest @ ..]: [u8; 8] = array_at(head, 16)?;
        if payload > BLOCK_BYTES_MAX || rest != [0; 6] || flags > FLAG_CARRY {
            return None;
        }
        Some(Self { payload, crc: u32_at(head, 4)?, number: u64_at(head, 8)?, kind, flags })
    }

    /// The length of the whole block on disk, in bytes.
    pub(super) fn total(&self) -> usize {
        FRAME.saturating_add(self.payload).next_multiple_of(ALIGN)
    }
}

/// Appends the head of a block whose length, number and crc are still unknown.
pub(super) fn begin(out: &mut Vec<u8>, kind: u8, flags: u8) {
    let mut head = [0_u8; FRAME];
    put(&mut head, 16, &[kind, flags]);
    out.extend_from_slice(&head);
}

/// Fills in the length of the block that begins at `start` and ends with the buffer, and pads it.
pub(super) fn end(out: &mut Vec<u8>, start: usize) {
    let payload = out.len().saturating_sub(start).saturating_sub(FRAME);
    out.resize(out.len().next_multiple_of(ALIGN), 0);
    let len = u32::try_from(payload).unwrap_or(u32::MAX);
    put(out.get_mut(start..).unwrap_or_default(), 0, &len.to_le_bytes());
}

/// Numbers all blocks of `bytes` from `number` on and sets their crcs; returns the next number.
pub(super) fn seal(bytes: &mut [u8], salt: u32, mut number: u64) -> u64 {
    let mut rest = bytes;
    while let Some(frame) = rest.first_chunk().and_then(Frame::decode) {
        let Some((block, after)) = rest.split_at_mut_checked(frame.total()) else { break };
        put(block, 8, &number.to_le_bytes());
        let crc = block_crc(block, salt);
        put(block, 4, &crc.to_le_bytes());
        number = number.saturating_add(1);
        rest = after;
    }
    number
}

/// The crc of a whole block: all of it but the crc itself.
pub(super) fn block_crc(block: &[u8], salt: u32) -> u32 {
    let mut hasher = Hasher::new_with_initial(salt);
    hasher.update(block.get(..4).unwrap_or_default());
    hasher.update(block.get(8..).unwrap_or_default());
    hasher.finalize()
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    let place = bytes.get_mut(at..).and_then(|rest| rest.get_mut(..value.len()));
    if let Some(place) = place {
        place.copy_from_slice(value);
    }
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_le_bytes)
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_le_bytes)
}
