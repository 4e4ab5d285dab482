//! The configuration of a process that goes on running: a changed file takes over if it is right.

use std::fmt;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::change::Change;
use crate::layers::Layers;
use crate::problem::Problems;
use crate::ssot::Ssot;
use crate::system::{ReadError, local_of};

/// How files are watched.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WatchOptions {
    /// Time between two looks at the files. Default 1 s.
    pub interval: Duration,
    /// How long a changed file has to stay as it is before it is read; some editors write a file
    /// in pieces. Default 200 ms.
    pub settle: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self { interval: Duration::from_secs(1), settle: Duration::from_millis(200) }
    }
}

impl WatchOptions {
    /// Sets [`WatchOptions::interval`].
    #[must_use]
    pub fn with_interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// Sets [`WatchOptions::settle`].
    #[must_use]
    pub fn with_settle(self, settle: Duration) -> Self {
        Self { settle, ..self }
    }
}

/// What came of a changed file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reload {
    /// Every value is what it was; comments and order are no values.
    Unchanged,
    /// The new configuration holds.
    Swapped {
        /// What is another value than before.
        changes: Vec<Change>,
    },
    /// The old configuration goes on holding.
    Kept(Kept),
}

/// Why a changed file did not take over.
#[derive(Debug)]
#[non_exhaustive]
pub enum Kept {
    /// Something is wrong in it.
    Wrong(Problems),
    /// It cannot be read.
    Unreadable(ReadError),
    /// It is gone. That is not a wish for defaults.
    Gone(PathBuf),
    /// There is nothing in it any more, which is how a file looks that is just being written.
    Empty(PathBuf),
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(problems) => write!(f, "{problems}"),
            Self::Unreadable(error) => write!(f, "{error}: {}", error.source),
            Self::Gone(path) => write!(f, "`{}` is gone", path.display()),
            Self::Empty(path) => write!(f, "`{}` is empty", path.display()),
        }
    }
}

/// Why watching could not begin.
#[derive(Debug)]
#[non_exhaustive]
pub enum WatchError {
    /// The file cannot be read.
    Read(ReadError),
    /// The configuration is wrong, so that there is none to begin with.
    Wrong(Problems),
    /// No thread could be started.
    Thread(io::Error),
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "{error}"),
            Self::Wrong(problems) => write!(f, "{problems}"),
            Self::Thread(_) => f.write_str("cannot start the thread that watches"),
        }
    }
}

impl std::error::Error for WatchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) => Some(&error.source),
            Self::Wrong(_) => None,
            Self::Thread(error) => Some(error),
        }
    }
}

/// The step that everything else serves: what a reader of a changed file makes of what holds.
pub(crate) fn offer(current: &mut Ssot, loaded: Result<Ssot, Kept>) -> Reload {
    match loaded {
        Err(kept) => Reload::Kept(kept),
        Ok(new) => {
            let changes = new.changes_since(current);
            // Places move also where values stay.
            *current = new;
            if changes.is_empty() { Reload::Unchanged } else { Reload::Swapped { changes } }
        }
    }
}

struct Shared {
    current: Ssot,
    /// Somebody asks for a look now.
    is_asked: bool,
    is_ending: bool,
}

/// The configuration that holds now, and a thread that watches the files.
#[derive(Debug)]
pub struct Live {
    shared: Arc<(Mutex<Shared>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("current", &self.current).finish_non_exhaustive()
    }
}

impl Live {
    /// Loads the configuration and watches the canonical file and the local one beside it.
    ///
    /// `layers` has everything but the files. `on_reload` is called in the watching thread, once
    /// for each change of the files; a long call delays the next look and nothing else.
    ///
    /// # Errors
    ///
    /// [`WatchError`] if there is no configuration to begin with.
    pub fn start(
        layers: Layers,
        canonical: &Path,
        options: &WatchOptions,
        on_reload: impl FnMut(&Reload) + Send + 'static,
    ) -> Result<Self, WatchError> {
        let stamp = Stamp::of(canonical);
        let read = layers.clone().with_files(canonical).map_err(WatchError::Read)?;
        let current = read.load().map_err(WatchError::Wrong)?;
        let shared = Shared { current, is_asked: false, is_ending: false };
        let shared = Arc::new((Mutex::new(shared), Condvar::new()));
        let watch = Watch {
            layers,
            canonical: canonical.to_owned(),
            options: options.clone(),
            seen: stamp,
            shared: Arc::clone(&shared),
        };
        let thread = std::thread::Builder::new().name("plimsoll-ssot-watch".to_owned());
        let thread = thread.spawn(move || watch.run(on_reload)).map_err(WatchError::Thread)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Returns the configuration that holds now.
    #[must_use]
    pub fn current(&self) -> Ssot {
        lock(&self.shared.0).current.clone()
    }

    /// Reads the files now, also if they look unchanged; for SIGHUP.
    pub fn look(&self) {
        lock(&self.shared.0).is_asked = true;
        self.shared.1.notify_all();
    }

    /// Tells whether the thread still watches; it ends early only if `on_reload` panics.
    #[must_use]
    pub fn is_watching(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Ends the watching and waits for a look that is under way. What holds is returned.
    #[must_use]
    pub fn close(mut self) -> Ssot {
        self.end();
        if let Some(thread) = self.thread.take() {
            // A panic of `on_reload` has been told by then, and the configuration is whole.
            drop(thread.join());
        }
        self.current()
    }

    fn end(&self) {
        lock(&self.shared.0).is_ending = true;
        self.shared.1.notify_all();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.end();
    }
}

/// A panic elsewhere leaves nothing half done here.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a file looks like from outside; `None` where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp([Option<[u64; 5]>; 2]);

impl Stamp {
    fn of(canonical: &Path) -> Self {
        let one = |path: &Path| {
            let found = std::fs::metadata(path).ok()?;
            let bits = |number: i64| number.cast_unsigned();
            let (ino, size) = (found.ino(), found.size());
            let modified = [bits(found.mtime()), bits(found.mtime_nsec())];
            // The change of the inode has its own time, which no program can set back.
            let changed = bits(found.ctime()) ^ bits(found.ctime_nsec()).rotate_left(32);
            Some([ino, size, modified[0], modified[1], changed])
        };
        Self([one(canonical), one(&local_of(canonical))])
    }
}

struct Watch {
    layers: Layers,
    canonical: PathBuf,
    options: WatchOptions,
    seen: Stamp,
    shared: Arc<(Mutex<Shared>, Condvar)>,
}

impl Watch {
    fn run(mut self, mut on_reload: impl FnMut(&Reload)) {
        while let Some(is_asked) = self.wait(self.options.interval) {
            let stamp = Stamp::of(&self.canonical);
            if stamp == self.seen && !is_asked {
                continue;
            }
            let Some(stamp) = self.settled(stamp) else { return };
            let loaded = self.read();
            // What changed while it was read is read again at the next look.
            self.seen = stamp;
            let reload = offer(&mut lock(&self.shared.0).current, loaded);
            on_reload(&reload);
        }
    }

    /// Waits; tells whether somebody asks for a look, and nothing at the end.
    fn wait(&self, span: Duration) -> Option<bool> {
        let (mutex, condvar) = &*self.shared;
        let waiting = condvar
            .wait_timeout_while(lock(mutex), span, |shared| !shared.is_asked && !shared.is_ending);
        let mut shared = waiting.unwrap_or_else(PoisonError::into_inner).0;
        let is_asked = std::mem::take(&mut shared.is_asked);
        (!shared.is_ending).then_some(is_asked)
    }

    /// Waits until a file stays as it is; a file that never does is looked at in the end.
    fn settled(&self, mut stamp: Stamp) -> Option<Stamp> {
        const LOOKS_MAX: usize = 50;
        for _ in 0..LOOKS_MAX {
            self.wait(self.options.settle)?;
            let now = Stamp::of(&self.canonical);
            if now == stamp {
                break;
            }
            stamp = now;
        }
        Some(stamp)
    }

    fn read(&self) -> Result<Ssot, Kept> {
        let layers =
            self.layers.clone().with_files(&self.canonical).map_err(|error| {
                match error.source.kind() {
                    io::ErrorKind::NotFound => Kept::Gone(error.path),
                    _ => Kept::Unreadable(error),
                }
            })?;
        let is_empty = |text: &[u8]| text.iter().all(u8::is_ascii_whitespace);
        if layers.canonical.as_ref().is_some_and(|(_, text)| is_empty(text)) {
            return Err(Kept::Empty(self.canonical.clone()));
        }
        layers.load().map_err(Kept::Wrong)
    }
}
