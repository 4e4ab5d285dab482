//! Appending blocks and committing them.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_durable::{Lock, preallocate, sync_dir};

use super::acks::Acks;
use super::format::{self, FLAG_CARRY, FRAME, HEADER, Header};
use super::recover::segment_path;
use super::shared::{HALF_MAX, Shared, Steps};
use super::{BLOCK_BYTES_MAX, Position, SpoolOptions, SyncPolicy, WriteError};

/// Full segments that wait for the next interval to be synced. More are synced at once.
const UNSYNCED_MAX: usize = 4;

/// The writing end of a spool.
#[derive(Debug)]
pub struct Writer {
    options: SpoolOptions,
    shared: Arc<Shared>,
    _locks: Vec<Arc<Lock>>,
    /// The reader's part, if that is another process.
    acks: Option<Acks>,
    /// Framed blocks, not yet numbered.
    buffer: Vec<u8>,
    /// A new segment with its first commit.
    head: Vec<u8>,
    active: Option<Active>,
    next_segment: u64,
    next_block: u64,
    pending: Pending,
    pub(super) steps: Steps,
}

/// The segment that is written to.
#[derive(Debug)]
struct Active {
    file: File,
    path: PathBuf,
    number: u64,
    /// End of what is committed.
    len: u64,
    salt: u32,
    /// A failed write left bytes behind the end that could not be cut off.
    soiled: bool,
}

/// What is not yet forced to the disk.
#[derive(Debug, Default)]
struct Pending {
    full: Vec<File>,
    active: bool,
    names: bool,
    since: Option<Duration>,
}

impl Writer {
    pub(super) fn new(
        options: SpoolOptions,
        shared: Arc<Shared>,
        locks: Vec<Arc<Lock>>,
        next_block: u64,
    ) -> Self {
        let next_segment = shared.first_segment;
        let (buffer, head) = (Vec::new(), Vec::new());
        let (active, pending, steps) = (None, Pending::default(), Steps::default());
        Self {
            options,
            shared,
            _locks: locks,
            acks: None,
            buffer,
            head,
            active,
            next_segment,
            next_block,
            pending,
            steps,
        }
    }

    pub(super) fn with_reader_elsewhere(mut self, acks: Acks) -> Self {
        self.acks = Some(acks);
        self
    }

    /// Puts a block into the buffer.
    ///
    /// # Errors
    ///
    /// [`WriteError::BlockTooLarge`] above [`BLOCK_BYTES_MAX`]; the buffer is as before.
    pub fn append(&mut self, kind: u8, payload: &[u8]) -> Result<(), WriteError> {
        let mut block = self.reserve(kind);
        block.extend_from_slice(payload);
        block.finish()
    }

    /// Begins a block in the buffer, to be built in place.
    #[must_use = "without `finish` the block is dropped"]
    pub fn reserve(&mut self, kind: u8) -> BlockBuilder<'_> {
        let start = self.buffer.len();
        format::begin(&mut self.buffer, kind, 0);
        BlockBuilder { out: &mut self.buffer, start, finished: false }
    }

    /// Returns the bytes that the next commit writes, without those of a new segment's start.
    #[must_use]
    pub fn buffered_bytes(&self) -> u64 {
        self.buffer.len() as u64
    }

    /// Drops the buffered blocks. Whether that is a loss, the caller knows and counts.
    pub fn discard(&mut self) {
        self.buffer.clear();
    }

    /// Returns whether the next commit starts a new segment, and so calls `carry`.
    ///
    /// Always true for the first commit after [`super::open`].
    #[must_use]
    pub fn needs_rotation(&self) -> bool {
        self.active.as_ref().is_none_or(|active| {
            let end = active.len.saturating_add(self.buffered_bytes());
            active.soiled || end > self.options.segment_bytes
        })
    }

    /// Returns the end of the last committed block.
    #[must_use]
    pub fn position(&self) -> Position {
        self.shared.committed()
    }

    /// Writes the buffered blocks, all or none, and makes them visible to the reader.
    ///
    /// If a new segment is due, `carry` appends what every segment has to begin with. After an
    /// error that commit is repeated, so `carry` must be repeatable. `now` is a monotonic time,
    /// only used for [`SyncPolicy::Interval`]; an empty commit syncs too when it is due.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; the blocks stay in the buffer, and the next commit writes them to the same
    /// place. If the process dies before that, blocks of the failed commit may still be read.
    pub fn commit(
        &mut self,
        carry: &mut dyn FnMut(&mut Carry<'_>),
        now: Duration,
    ) -> Result<Position, WriteError> {
        self.learn_acks(now);
        self.sync_if_due(now)?;
        if self.buffer.is_empty() {
            self.tell();
            return Ok(self.position());
        }
        let bytes =
            if self.needs_rotation() { self.start_segment(carry)? } else { self.extend_segment()? };
        self.buffer.clear();
        let position = self.active.as_ref().map_or_else(Position::default, |active| Position {
            segment: active.number,
            offset: active.len,
        });
        self.shared.publish(position, bytes);
        if let Some(acks) = &mut self.acks {
            acks.committed(position);
        }
        self.tell();
        Ok(position)
    }

    /// Looks at what a reader in another process acknowledged, if it is time to.
    fn learn_acks(&mut self, now: Duration) {
        let (used, bytes_max) = (self.used_bytes(), self.options.bytes_max);
        if let Some(acks) = &mut self.acks
            && acks.is_due(now, used, bytes_max)
        {
            self.shared.set_unacked(acks.look());
        }
    }

    /// Tells a reader in another process what is committed.
    fn tell(&mut self) {
        let position = self.position();
        if let Some(acks) = &mut self.acks {
            acks.tell(position);
        }
    }

    /// Returns the bytes that wait for acknowledgment.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.shared.unacked_bytes()
    }

    /// Returns the share of `bytes_max` that waits for acknowledgment: `0.0..=1.0`.
    ///
    /// It may exceed 1 if the spool was opened with a smaller bound than before.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a ratio for thresholds needs no 64 bits")]
    pub fn fill_ratio(&self) -> f64 {
        self.used_bytes() as f64 / self.options.bytes_max.max(1) as f64
    }

    /// Forces all that is committed to the disk.
    ///
    /// # Errors
    ///
    /// What the system said. Systems report a failed write-back once: a second call that
    /// succeeds does not prove that the first one's bytes are safe.
    pub fn sync(&mut self) -> io::Result<()> {
        self.steps.at("sync")?;
        while let Some(file) = self.pending.full.first() {
            file.sync_data()?;
            self.pending.full.remove(0);
        }
        if self.pending.active {
            if let Some(active) = &self.active {
                active.file.sync_data()?;
            }
            self.pending.active = false;
        }
        if self.pending.names {
            sync_dir(&self.options.dir)?;
            self.pending.names = false;
        }
        Ok(())
    }

    fn sync_if_due(&mut self, now: Duration) -> Result<(), WriteError> {
        let SyncPolicy::Interval(interval) = self.options.sync else { return Ok(()) };
        let since = *self.pending.since.get_or_insert(now);
        if now.saturating_sub(since) < interval {
            return Ok(());
        }
        // Also after a failure: a disk that cannot sync must not stop the commits for ever.
        self.pending.since = Some(now);
        let path = self.options.dir.clone();
        self.sync().map_err(|source| WriteError::Io { action: "sync", path, source })
    }

    fn extend_segment(&mut self) -> Result<u64, WriteError> {
        let bytes = self.buffered_bytes();
        self.check_room(bytes)?;
        let Some(active) = self.active.as_mut() else { return Ok(0) };
        let next_block = format::seal(&mut self.buffer, active.salt, self.next_block);
        let written = write(&mut self.steps, &active.file, &self.buffer, active.len)
            .and_then(|()| force(&mut self.steps, &active.file, self.options.sync));
        if let Err(source) = written {
            // What was written of it must not survive beside a shorter commit that comes later.
            let cut = self.steps.at("cut").and_then(|()| active.file.set_len(active.len));
            active.soiled = cut.is_err();
            let (action, path) = ("write", active.path.clone());
            return Err(WriteError::Io { action, path, source });
        }
        active.len = active.len.saturating_add(bytes);
        self.pending.active = self.options.sync != SyncPolicy::EachCommit;
        self.next_block = next_block;
        Ok(bytes)
    }

    fn start_segment(&mut self, carry: &mut dyn FnMut(&mut Carry<'_>)) -> Result<u64, WriteError> {
        let number = self.next_segment;
        if number > HALF_MAX {
            return Err(WriteError::Number { found: number, wanted: HALF_MAX });
        }
        let (salt, next_block) = self.build_head(number, carry)?;
        let bytes = self.head.len() as u64;
        self.check_room(bytes)?;
        self.finish_segment()?;
        let path = segment_path(&self.options.dir, number);
        let file = self.create_segment(&path).map_err(|source| {
            // A file without a whole first commit holds nothing; the next try replaces it.
            fs::remove_file(&path).unwrap_or_default();
            WriteError::Io { action: "create", path: path.clone(), source }
        })?;
        let lazy = self.options.sync != SyncPolicy::EachCommit;
        (self.pending.active, self.pending.names) = (lazy, lazy);
        self.active = Some(Active { file, path, number, len: bytes, salt, soiled: false });
        self.next_segment = number.saturating_add(1);
        self.next_block = next_block;
        Ok(bytes)
    }

    /// Puts header, carried and buffered blocks together; returns the salt and the next number.
    fn build_head(
        &mut self,
        number: u64,
        carry: &mut dyn FnMut(&mut Carry<'_>),
    ) -> Result<(u32, u64), WriteError> {
        let salt = salt();
        let header = Header { segment: number, first_block: self.next_block, salt };
        self.head.clear();
        self.head.extend_from_slice(&header.encode());
        let mut carried = Carry { out: &mut self.head, failed: None };
        carry(&mut carried);
        if let Some(error) = carried.failed {
            return Err(error);
        }
        self.head.extend_from_slice(&self.buffer);
        let found = self.head.len() as u64;
        if found > HALF_MAX {
            return Err(WriteError::CommitTooLarge { found, wanted: HALF_MAX });
        }
        let blocks = self.head.get_mut(HEADER..).unwrap_or_default();
        Ok((salt, format::seal(blocks, salt, self.next_block)))
    }

    /// Gives back the reserved rest of the full segment and sees to it that it is synced.
    fn finish_segment(&mut self) -> Result<(), WriteError> {
        let Some(active) = &self.active else { return Ok(()) };
        let error = |source| WriteError::Io { action: "finish", path: active.path.clone(), source };
        let cut = self.steps.at("finish").and_then(|()| active.file.set_len(active.len));
        if !active.soiled {
            cut.map_err(error)?;
        }
        if self.pending.full.len() >= UNSYNCED_MAX
            && let Some(file) = self.pending.full.first()
        {
            file.sync_data().map_err(error)?;
            self.pending.full.remove(0);
        }
        if let Some(active) = self.active.take()
            && self.pending.active
            && self.options.sync != SyncPolicy::Never
        {
            self.pending.full.push(active.file);
        }
        self.pending.active = false;
        Ok(())
    }

    fn create_segment(&mut self, path: &PathBuf) -> io::Result<File> {
        self.steps.at("create")?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(path)?;
        if self.head.len() as u64 <= self.options.segment_bytes {
            self.steps.at("reserve")?;
            // Without reserved room it goes on, only less evenly.
            preallocate(&file, self.options.segment_bytes).unwrap_or_default();
        }
        write(&mut self.steps, &file, &self.head, 0)?;
        force(&mut self.steps, &file, self.options.sync)?;
        if self.options.sync == SyncPolicy::EachCommit {
            sync_dir(&self.options.dir)?;
        }
        Ok(file)
    }

    fn check_room(&mut self, wanted: u64) -> Result<(), WriteError> {
        let bytes_max = self.options.bytes_max;
        if self.used_bytes().saturating_add(wanted) > bytes_max
            && let Some(acks) = &mut self.acks
        {
            self.shared.set_unacked(acks.look());
        }
        let used = self.used_bytes();
        if used.saturating_add(wanted) > bytes_max {
            return Err(WriteError::Full { used, wanted, bytes_max });
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Best effort: the next `open` does the same.
        if let Some(active) = &self.active {
            active.file.set_len(active.len).unwrap_or_default();
        }
        if self.options.sync != SyncPolicy::Never {
            self.sync().unwrap_or_default();
        }
    }
}

/// One write at a known offset. When a test fails it, half of the bytes have arrived.
fn write(steps: &mut Steps, file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    if let Err(error) = steps.at("write") {
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
        return file.write_all_at(half, at).and(Err(error));
    }
    file.write_all_at(bytes, at)?;
    steps.at("written")
}

fn force(steps: &mut Steps, file: &File, sync: SyncPolicy) -> io::Result<()> {
    if sync != SyncPolicy::EachCommit {
        return Ok(());
    }
    steps.at("force")?;
    file.sync_data()
}

/// A number that no other segment has, as far as chance goes. Needs no clock.
fn salt() -> u32 {
    let random = RandomState::new().build_hasher().finish();
    u32::try_from(random & HALF_MAX).unwrap_or_default()
}

/// A block that is built in the writer's buffer. Dropped without [`BlockBuilder::finish`], it
/// leaves no trace.
#[derive(Debug)]
pub struct BlockBuilder<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    finished: bool,
}

impl BlockBuilder<'_> {
    /// Appends `bytes` to the payload.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Returns the length of the payload so far, in bytes.
    #[must_use]
    pub fn payload_bytes(&self) -> usize {
        self.out.len().saturating_sub(self.start).saturating_sub(FRAME)
    }

    /// Leaves the block in the buffer.
    ///
    /// # Errors
    ///
    /// [`WriteError::BlockTooLarge`] above [`BLOCK_BYTES_MAX`]; the block is dropped.
    pub fn finish(mut self) -> Result<(), WriteError> {
        let found = self.payload_bytes();
        if found > BLOCK_BYTES_MAX {
            let (found, wanted) = (found as u64, BLOCK_BYTES_MAX as u64);
            return Err(WriteError::BlockTooLarge { found, wanted });
        }
        format::end(self.out, self.start);
        self.finished = true;
        Ok(())
    }
}

impl Drop for BlockBuilder<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.out.truncate(self.start);
        }
    }
}

/// Takes the blocks that a new segment begins with. The reader returns them as context.
#[derive(Debug)]
pub struct Carry<'a> {
    out: &'a mut Vec<u8>,
    failed: Option<WriteError>,
}

impl Carry<'_> {
    /// Appends a block. If it exceeds [`BLOCK_BYTES_MAX`], the commit fails with
    /// [`WriteError::BlockTooLarge`].
    pub fn append(&mut self, kind: u8, payload: &[u8]) {
        if payload.len() > BLOCK_BYTES_MAX {
            let (found, wanted) = (payload.len() as u64, BLOCK_BYTES_MAX as u64);
            self.failed = Some(WriteError::BlockTooLarge { found, wanted });
            return;
        }
        let start = self.out.len();
        format::begin(self.out, kind, FLAG_CARRY);
        self.out.extend_from_slice(payload);
        format::end(self.out, start);
    }
}
