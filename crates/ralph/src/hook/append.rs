//! Appending lines to a file that several processes write, and reading them back.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::record::{Line, RECORD_VERSION, Record};

/// The record of everything.
pub const EVENTS: &str = "events.jsonl";
/// Subagents alone.
pub const AGENT_SPAWNS: &str = "agent_spawns.jsonl";
/// Over this a file of lines is moved away and begun anew. One such file is kept.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// How long an append waits for another one, which takes microseconds.
const LOCK_WAIT_MAX: Duration = Duration::from_millis(500);
const LOCK_PAUSE: Duration = Duration::from_micros(200);

/// Appends whole lines. A line that a killed process left half written gets its end first, so
/// that it spoils no other.
pub(crate) fn append(path: &Path, lines: &str) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut file = lock(path)?;
    let len = file.metadata()?.len();
    if len > FILE_BYTES_MAX {
        file = begin_anew(path, &file, len)?;
    }
    let text = if ends_a_line(&mut file)? { lines.to_owned() } else { format!("\n{lines}") };
    // One write, so that a reader without the lock sees all of it or nothing.
    file.write_all(text.as_bytes())
}

#[allow(clippy::disallowed_methods, reason = "the wait for another process is bounded")]
fn lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    let started = Instant::now();
    loop {
        let file = options.open(path)?;
        match file.try_lock() {
            // Whoever had the lock may have moved the file away.
            Ok(()) if is_named(&file, path) => return Ok(file),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if started.elapsed() > LOCK_WAIT_MAX {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "another process has its lock"));
        }
        std::thread::sleep(LOCK_PAUSE);
    }
}

/// Whether an open file is still the one of that name.
pub(crate) fn is_named(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let ids = |found: fs::Metadata| (found.dev(), found.ino());
    file.metadata().ok().map(ids) == fs::metadata(path).ok().map(ids)
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

fn older(path: &Path) -> PathBuf {
    path.with_extension("jsonl.1")
}

/// Moves a full file away. The new one says how many bytes there were before, so that an offset
/// names one line for ever.
fn begin_anew(path: &Path, full: &File, len: u64) -> io::Result<File> {
    let base = base_of(path).saturating_add(len);
    fs::rename(path, older(path))?;
    let mut file =
        OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(path)?;
    file.try_lock().map_err(|_held| io::Error::from(io::ErrorKind::WouldBlock))?;
    full.unlock()?;
    let record = Record::Begin { base_offset_bytes: base };
    let line = Line { v: RECORD_VERSION, ts: String::new(), project: String::new(), record };
    let text = serde_json::to_string(&line).map_err(io::Error::other)?;
    file.write_all(format!("{text}\n").as_bytes())?;
    Ok(file)
}

/// How many bytes of lines there were before a file began.
fn base_of(path: &Path) -> u64 {
    let mut head = [0_u8; 256];
    let read = File::open(path).and_then(|mut file| file.read(&mut head)).unwrap_or_default();
    let first = head.get(..read).unwrap_or_default().split(|byte| *byte == b'\n').next();
    match first.map(serde_json::from_slice::<Line>) {
        Some(Ok(Line { record: Record::Begin { base_offset_bytes }, .. })) => base_offset_bytes,
        _ => 0,
    }
}

/// What was read of a file of lines, from an offset on.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Tail {
    /// Lines, each with the offset of its first byte, which never changes.
    pub lines: Vec<(u64, Line)>,
    /// Where to go on.
    pub next_offset_bytes: u64,
    /// Where the record ends now.
    pub end_offset_bytes: u64,
    /// Bytes before the first line that are gone: the file was moved away twice meanwhile.
    pub lost_bytes: u64,
    /// Lines that are none, as of a process that was killed while it wrote.
    pub broken_lines: u64,
}

/// Reads the record of a project from an offset on, at most `bytes_max` at a time.
///
/// # Errors
///
/// The system's error if a file is there and cannot be read. No file is no lines.
pub fn read_lines(path: &Path, offset_bytes: u64, bytes_max: u64) -> io::Result<Tail> {
    let mut tail = Tail { next_offset_bytes: offset_bytes, ..Tail::default() };
    for path in [older(path), path.to_owned()] {
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let base = base_of(&path);
        let end = base.saturating_add(file.metadata()?.len());
        tail.end_offset_bytes = tail.end_offset_bytes.max(end);
        if tail.next_offset_bytes >= end {
            continue;
        }
        if tail.next_offset_bytes < base {
            tail.lost_bytes = tail.lost_bytes.saturating_add(base - tail.next_offset_bytes);
            tail.next_offset_bytes = base;
        }
        file.seek(SeekFrom::Start(tail.next_offset_bytes - base))?;
        let mut bytes = Vec::new();
        file.take(bytes_max).read_to_end(&mut bytes)?;
        take_lines(&bytes, &mut tail);
    }
    Ok(tail)
}

fn take_lines(bytes: &[u8], tail: &mut Tail) {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    for line in bytes.get(..whole).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
        match serde_json::from_slice::<Line>(line) {
            Ok(line) => tail.lines.push((tail.next_offset_bytes, line)),
            Err(_) if line.trim_ascii().is_empty() => {}
            Err(_) => tail.broken_lines = tail.broken_lines.saturating_add(1),
        }
        let len = u64::try_from(line.len()).unwrap_or(u64::MAX);
        tail.next_offset_bytes = tail.next_offset_bytes.saturating_add(len);
    }
}
