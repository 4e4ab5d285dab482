//! One run directory: the lock that says its owner lives, the journal, the clock and the lanes.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crate::anchors::{self, CLOCK_WORDS};
use crate::clock::Anchor;
use crate::fork::{ForkPage, Wipe};
use crate::lane::{Lane, LaneOptions, boot_id};
use crate::lock::Lock;
use crate::memory::{Memory, WORD_BYTES};
use crate::{Consumer, Producer, RingError};

pub(crate) const LOCK: &str = "lock";
pub(crate) const JOURNAL: &str = "journal";
pub(crate) const CLOCK: &str = "clock";
pub(crate) const LANE_PREFIX: &str = "lane-";
/// Prefix of a run directory that is not locked yet; recovery passes it over.
pub(crate) const NEW_PREFIX: &str = ".new-";
/// Prefix of a run directory that is being removed.
pub(crate) const GONE_PREFIX: &str = ".gone-";

/// All lanes of one owner, with what is needed to read them after its death.
///
/// Dropping it, and all producers and consumers made with it, leaves the directory to
/// [`orphans`](crate::orphans); [`Arena::remove`] after all lanes are drained leaves nothing.
#[derive(Debug)]
pub struct Arena {
    run_dir: Option<RunDir>,
    clock: Memory,
    /// Serializes writers of the clock's words.
    saving: Mutex<()>,
    page: ForkPage,
    boot_id: [u8; 16],
    lanes: AtomicU64,
}

#[derive(Debug)]
struct RunDir {
    path: PathBuf,
    journal: Mutex<Journal>,
    /// Lanes hold it too: while one producer pushes, no recovery reads.
    lock: Arc<Lock>,
}

#[derive(Debug)]
struct Journal {
    file: File,
    len: u64,
}

impl Arena {
    /// Makes the run directory `<parent>/<name>/`, mode 0700, and takes its lock.
    ///
    /// # Errors
    ///
    /// [`RingError`] says what could not be made. Nothing is left behind but, at worst, a
    /// directory whose name begins with a dot. On systems other than Linux it is always
    /// [`RingError::Unsupported`].
    pub fn create(parent: &Path, name: &str) -> Result<Arena, RingError> {
        if !is_plain(name) {
            return Err(RingError::Name { name: name.to_owned() });
        }
        if cfg!(not(target_os = "linux")) {
            return Err(RingError::Unsupported);
        }
        let path = parent.join(name);
        if path.symlink_metadata().is_ok() {
            return Err(RingError::Exists { path });
        }
        let new = parent.join(format!("{NEW_PREFIX}{name}"));
        make_dir(parent, DirBuilder::new().recursive(true))?;
        // Not if it is there: another process may be making a run of that name.
        make_dir(&new, &mut DirBuilder::new())?;
        let made = Arena::fill(&new, path);
        if made.is_err() {
            // Best effort: what stays is swept by a later recovery.
            fs::remove_dir_all(&new).unwrap_or_default();
        }
        made
    }

    fn fill(new: &Path, path: PathBuf) -> Result<Arena, RingError> {
        let (lock, lock_path) = create_file(new.join(LOCK))?;
        let lock =
            Lock::take(lock).map_err(|source| RingError::Lock { path: lock_path, source })?;
        let lock = Arc::new(lock);
        let (file, _) = create_file(new.join(JOURNAL))?;
        let clock = map_file(new.join(CLOCK), CLOCK_WORDS)?.0;
        anchors::init(clock.words());
        let page = page(Wipe::Required)?;
        // Only now can recovery see the directory, and it finds the lock taken.
        fs::rename(new, &path)
            .map_err(|source| RingError::Directory { path: path.clone(), source })?;
        let journal = Mutex::new(Journal { file, len: 0 });
        let run_dir = Some(RunDir { path, journal, lock });
        Ok(Arena::new(run_dir, clock, page))
    }

    /// The same in private memory: nothing survives the process.
    ///
    /// # Errors
    ///
    /// [`RingError::Map`] if there is no memory.
    pub fn heap() -> Result<Arena, RingError> {
        let clock =
            Memory::private(CLOCK_WORDS).map_err(|source| no_memory(CLOCK_WORDS, source))?;
        anchors::init(clock.words());
        Ok(Arena::new(None, clock, page(Wipe::BestEffort)?))
    }

    fn new(run_dir: Option<RunDir>, clock: Memory, page: ForkPage) -> Arena {
        let lanes = AtomicU64::new(0);
        Arena { run_dir, clock, saving: Mutex::new(()), page, boot_id: boot_id(), lanes }
    }

    /// The run directory; `None` in private memory.
    pub fn dir(&self) -> Option<&Path> {
        self.run_dir.as_ref().map(|run_dir| run_dir.path.as_path())
    }

    /// False in a process that was forked from the one that made the arena.
    pub fn is_owner(&self) -> bool {
        self.page.is_owner()
    }

    /// Appends `bytes` to the journal in one write. After it returned they survive SIGKILL.
    /// In private memory it does nothing.
    ///
    /// # Errors
    ///
    /// What the system says, `StorageFull` if it took only a part (which is cut off again), or
    /// `PermissionDenied` in a forked process.
    pub fn append_journal(&self, bytes: &[u8]) -> io::Result<()> {
        if !self.is_owner() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, RingError::Forked));
        }
        let Some(run_dir) = &self.run_dir else { return Ok(()) };
        run_dir.journal.lock().unwrap_or_else(PoisonError::into_inner).append(bytes)
    }

    /// Makes a lane: its memory is allocated and touched here, so that no push waits for it.
    ///
    /// # Errors
    ///
    /// [`RingError`] says what could not be made; a file system without room is
    /// [`RingError::Allocate`].
    pub fn lane(&self, options: &LaneOptions) -> Result<(Producer, Consumer), RingError> {
        if !self.is_owner() {
            return Err(RingError::Forked);
        }
        let words = Lane::words(options)?;
        let (memory, path) = match self.dir() {
            None => (Memory::private(words).map_err(|source| no_memory(words, source))?, None),
            Some(dir) => {
                let number = self.lanes.fetch_add(1, Relaxed);
                let (memory, path) = map_file(dir.join(format!("{LANE_PREFIX}{number}")), words)?;
                (memory, Some(path))
            }
        };
        let lane = Lane::new(memory, path, options, self.boot_id)
            .map_err(|source| no_memory(words, source))?;
        let lock = self.run_dir.as_ref().map(|run_dir| Arc::clone(&run_dir.lock));
        let lane = Arc::new(Lane { _lock: lock, ..lane });
        Ok((Producer::new(Arc::clone(&lane)), Consumer::new(lane)))
    }

    pub(crate) fn save_anchor(&self, anchor: Anchor) {
        if self.is_owner() {
            let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
            anchors::save(self.clock.words(), anchor);
        }
    }

    /// The anchors that a recovery would find, oldest first.
    pub fn anchors(&self) -> Vec<Anchor> {
        anchors::load(self.clock.words())
    }

    /// Removes the run directory with all lanes in it, read or not. Producers go on writing into
    /// memory that nobody recovers.
    ///
    /// # Errors
    ///
    /// What the system says about the removal. A forked process removes nothing.
    pub fn remove(self) -> io::Result<()> {
        match self.dir() {
            Some(dir) if self.is_owner() => remove_run_dir(dir),
            _ => Ok(()),
        }
    }
}

impl Journal {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let wrote = match self.file.write(bytes) {
            // Nothing was written: once more, and then it is an error.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.file.write(bytes),
            wrote => wrote,
        };
        if let Ok(count) = wrote
            && count == bytes.len()
        {
            self.len = self.len.saturating_add(count as u64);
            return Ok(());
        }
        self.file.set_len(self.len)?;
        wrote.and(Err(io::ErrorKind::StorageFull.into()))
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

fn page(wipe: Wipe) -> Result<ForkPage, RingError> {
    ForkPage::new(wipe).map_err(|source| no_memory(1, source))
}

fn no_memory(words: usize, source: io::Error) -> RingError {
    let bytes = words.saturating_mul(WORD_BYTES) as u64;
    RingError::Map { what: "private memory".to_owned(), bytes, source }
}

fn make_dir(path: &Path, builder: &mut DirBuilder) -> Result<(), RingError> {
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700);
    builder.create(path).map_err(|source| RingError::Directory { path: path.to_owned(), source })
}

fn create_file(path: PathBuf) -> Result<(File, PathBuf), RingError> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&path) {
        Ok(file) => Ok((file, path)),
        Err(source) => Err(RingError::Create { path, source }),
    }
}

#[cfg(target_os = "linux")]
fn map_file(path: PathBuf, words: usize) -> Result<(Memory, PathBuf), RingError> {
    let (file, path) = create_file(path)?;
    let bytes = words.saturating_mul(WORD_BYTES) as u64;
    let made = match crate::memory::allocate(&file, bytes) {
        Err(source) => Err(RingError::Allocate { path: path.clone(), bytes, source }),
        Ok(()) => Memory::shared(&file, words).map_err(|source| {
            let what = format!("`{}`", path.display());
            RingError::Map { what, bytes, source }
        }),
    };
    if made.is_err() {
        // Best effort: an empty lane is passed over by recovery.
        fs::remove_file(&path).unwrap_or_default();
    }
    made.map(|memory| (memory, path))
}

#[cfg(not(target_os = "linux"))]
fn map_file(_path: PathBuf, _words: usize) -> Result<(Memory, PathBuf), RingError> {
    Err(RingError::Unsupported)
}

/// Moves the directory out of recovery's sight first: a removal that is cut leaves no half run.
pub(crate) fn remove_run_dir(dir: &Path) -> io::Result<()> {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let gone = dir.with_file_name(format!("{GONE_PREFIX}{name}"));
    fs::rename(dir, &gone)?;
    fs::remove_dir_all(gone)
}
