//! Looking at a spool without touching it.

use std::fs;
use std::path::{Path, PathBuf};

use super::recover::{bad_path, io_error, list, refuse, segment_path};
use super::scan::{Opened, Resync, Scan, Scanner};
use super::{Position, SpoolError, cursor};

/// What is in a spool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The segments, oldest first.
    pub segments: Vec<SegmentReport>,
    /// Segments that were set aside because a part of them cannot be read.
    pub bad: Vec<PathBuf>,
    /// Up to where blocks are acknowledged; segment 0 if none ever was.
    pub cursor: Position,
    /// Readable blocks that wait for acknowledgment, without those that `carry` wrote.
    pub unacked_blocks: u64,
    /// Their payloads, in bytes.
    pub unacked_payload_bytes: u64,
    /// Blocks that are gone, told by the gaps in the numbers.
    pub bad_blocks: u64,
    /// What is wrong with the cursor.
    pub cursor_note: Option<String>,
}

/// What is in a segment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentReport {
    /// The file.
    pub path: PathBuf,
    /// Its number.
    pub number: u64,
    /// Its length, reserved room included, in bytes.
    pub file_bytes: u64,
    /// Readable blocks, those included that `carry` wrote.
    pub blocks: u64,
    /// Of these, the ones that `carry` wrote.
    pub carry_blocks: u64,
    /// End of the last readable block, in bytes.
    pub end: u64,
    /// Bytes between readable blocks that are none.
    pub lost_bytes: u64,
    /// Bytes behind the last readable block that are not zero. In the last segment of a spool in
    /// use this is a write under way.
    pub torn_bytes: u64,
    /// Whether the header is damaged, so that nothing can be read.
    pub header_bad: bool,
}

/// Reads the spool in `dir` from end to end, changing nothing and taking no lock.
///
/// Of a spool in use it is a picture of a moment; segments that vanish meanwhile are left out.
///
/// # Errors
///
/// [`SpoolError::Io`], [`SpoolError::Version`] and [`SpoolError::ByteOrder`].
pub fn inspect(dir: &Path) -> Result<Report, SpoolError> {
    let read = cursor::inspect(dir)?;
    let files = list(dir)?;
    let bad = files.bad.iter().map(|number| bad_path(dir, *number)).collect();
    let mut report =
        Report { bad, cursor: read.position, cursor_note: read.note, ..Report::default() };
    let mut expected = None;
    for number in files.segments {
        let path = segment_path(dir, number);
        let opened = match Scanner::open(&path, number, Vec::new()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            opened => opened.map_err(io_error("read", &path))?,
        };
        let mut segment = SegmentReport { path, number, ..SegmentReport::default() };
        match opened {
            Opened::Good(mut scanner) => {
                let first = scanner.header().first_block;
                let gap = expected.map_or(0, |expected| first.saturating_sub(expected));
                report.bad_blocks = report.bad_blocks.saturating_add(gap);
                walk(&mut scanner, &mut segment, &mut report)?;
                expected = Some(scanner.expected());
            }
            Opened::Bad(read) => {
                refuse(read, &segment.path)?;
                segment.header_bad = true;
                segment.file_bytes = fs::metadata(&segment.path).map_or(0, |data| data.len());
            }
        }
        report.segments.push(segment);
    }
    Ok(report)
}

fn walk(
    scanner: &mut Scanner,
    segment: &mut SegmentReport,
    report: &mut Report,
) -> Result<(), SpoolError> {
    let path = segment.path.clone();
    let error = || io_error("read", &path);
    segment.file_bytes = scanner.file_len().map_err(error())?;
    segment.end = scanner.at();
    loop {
        if let Scan::Block(found) = scanner.next(segment.file_bytes).map_err(error())? {
            segment.blocks = segment.blocks.saturating_add(1);
            segment.carry_blocks = segment.carry_blocks.saturating_add(u64::from(found.carry));
            segment.end = found.end;
            let position = Position { segment: segment.number, offset: found.end };
            if !found.carry && position > report.cursor {
                let bytes = scanner.payload(&found).len() as u64;
                report.unacked_blocks = report.unacked_blocks.saturating_add(1);
                report.unacked_payload_bytes = report.unacked_payload_bytes.saturating_add(bytes);
            }
            continue;
        }
        if scanner.at() >= segment.file_bytes {
            return Ok(());
        }
        match scanner.resync(segment.file_bytes).map_err(error())? {
            Resync::Found { bad_blocks, lost_bytes } => {
                report.bad_blocks = report.bad_blocks.saturating_add(bad_blocks);
                segment.lost_bytes = segment.lost_bytes.saturating_add(lost_bytes);
            }
            Resync::Nothing { lost_bytes } => {
                segment.torn_bytes = lost_bytes;
                return Ok(());
            }
        }
    }
}
