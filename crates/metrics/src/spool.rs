//! A write-ahead spool: opaque blocks in segment files, a cursor, and what a crash leaves of both.
//!
//! **Delivery.** A block whose [`Writer::commit`] returned `Ok` is returned by [`Reader::next`],
//! in order, until a position at or after its end was acknowledged: at least once over restarts,
//! once within a run. It survives the death of the process; whether it survives a power failure
//! is a matter of [`SyncPolicy`]. What the disk damaged is skipped, counted in [`Recovery`], and
//! never returned as if it were whole.
//!
//! **Two processes.** [`open`] gives both ends to one process; [`open_writer`] and
//! [`open_reader`] give them to two, each of which may be killed and started at any moment. The
//! writer keeps a mark up to where it committed, the reader looks at nothing behind it; the
//! reader keeps the cursor and removes segments, the writer counts what is behind the cursor.
//!
//! **Limits.** One writer and one reader at a time. Numbers are little endian, the payload is the caller's. A
//! segment is never continued after a restart, so what the caller's `carry` puts at its start
//! (dictionaries, state) belongs to one run of the writer.
//!
//! A segment `seg-%016x.spool` is a header of 64 bytes and blocks at multiples of 8 bytes:
//!
//! ```text
//! header: magic 8 | version u32 | byte order mark u32 | segment u64 | first block u64
//!         | salt u32 | zeros 24 | crc32 of the foregoing u32
//! block:  payload length u32 | crc32 u32 | block number u64 | kind u8 | flags u8 | zeros 6
//!         | payload | zeros up to a multiple of 8
//! ```
//!
//! The crc of a block starts from the salt of its segment and covers all but itself, so neither
//! the payload of a block nor the remains of another file can pass for a block.
#![deny(clippy::arithmetic_side_effects)]
#![allow(unreachable_pub, reason = "the crate decides which of these names it shows")]

mod acks;
mod cursor;
mod error;
mod follow;
mod format;
mod halves;
mod inspect;
mod reader;
mod recover;
mod scan;
mod shared;
#[cfg(test)]
mod tests;
mod writer;

use std::path::PathBuf;
use std::time::Duration;

pub use error::{ReadError, SpoolError, WriteError};
pub use format::BLOCK_BYTES_MAX;
pub use halves::{Survey, open_reader, open_writer};
pub use inspect::{Report, SegmentReport, inspect};
pub use reader::{Block, Reader};
pub use recover::{BRIEF_PURPOSE, Recovery, open};
pub use writer::{Carry, Writer};

/// Where and how a spool is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolOptions {
    /// The folder of the spool, of one writer and one reader. Created with mode 0700.
    pub dir: PathBuf,
    /// The size at which a segment is full, in bytes. Default 16 MiB, at most 1 GiB.
    ///
    /// A commit larger than this makes a larger segment.
    pub segment_bytes: u64,
    /// What may wait for acknowledgment, in bytes. Default 1 GiB.
    ///
    /// The folder itself may exceed it by the acknowledged part of one segment, the reserved
    /// rest of another, and the damaged segments that are kept aside.
    pub bytes_max: u64,
    /// When committed blocks are forced to the disk.
    pub sync: SyncPolicy,
}

impl SpoolOptions {
    /// Returns the defaults for a spool in `dir`.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        let (segment_bytes, bytes_max) = (16 << 20, 1 << 30);
        Self { dir: dir.into(), segment_bytes, bytes_max, sync: SyncPolicy::default() }
    }
}

/// When committed blocks are forced to the disk, that is, what a power failure may take.
///
/// The death of the process takes nothing that was committed, whatever the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Whenever the system sees fit.
    Never,
    /// At the first commit, also an empty one, that is this long after the last time.
    Interval(Duration),
    /// Before a commit returns.
    EachCommit,
}

impl Default for SyncPolicy {
    fn default() -> Self {
        Self::Interval(Duration::from_secs(1))
    }
}

/// A place in the spool: the end of a block. Ordered as the blocks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The number of the segment. Numbers start at 1 and only grow.
    pub segment: u64,
    /// The offset in the segment's file, in bytes.
    pub offset: u64,
}
