//! Reading files, several at a time.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::SystemTime;

use rustix::fs::{OFlags, SeekFrom};

use super::push_piece;
use super::session::{Mode, Session, Worker};
use super::stat_cache::StatCache;
use super::walk::{Absent, Found, Stat, Walked, meta, stat, walk};
use crate::disk::Meta;
use crate::objects::ObjectError;
use crate::pack::CONTENT_LEN_MAX;
use crate::progress::Meter;
use crate::scope::{PatternError, Scope};
use crate::secrets::{Seam, Sort};
use crate::tree::{Node, Piece, Tree};

/// How often a file is read before it counts as one that never settles.
const READINGS_MAX: usize = 3;
/// How many paths are named before the rest is only counted.
const NAMED_MAX: usize = 3;

/// What to do about files that change or go while they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// Note them.
    Tolerant,
    /// Fail.
    Strict,
}

/// Why contents could not be taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum IntakeError {
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` is no absolute path", path.display())]
    Relative { path: PathBuf },
    #[error("cannot tell which files are meant")]
    Pattern { source: PatternError },
    #[error("{named}: changed or went while it was read")]
    Unsettled { named: String },
    #[error(
        "{named}: it holds a secret, and the store is not sealed; make a sealed store, exclude \
         it, or keep it by reference"
    )]
    Secret { named: String },
    #[error("the store failed")]
    Store { source: ObjectError },
}

/// What came of reading one file.
enum Reading {
    Settled(Vec<Piece>, Meta, Stat),
    Unsettled(Vec<Piece>, Meta),
    Gone,
    Secret(String),
}

/// Takes in all files of a scope.
pub(crate) fn files(
    session: &Session<'_>,
    part: &str,
    scope: &Scope,
    (strictness, absent): (Strictness, Absent),
) -> Result<(Tree, Noted), IntakeError> {
    let began_ns = now_ns();
    let Walked { entries, files, special } = walk(scope, session.own_dir(), absent)?;
    let mut tree = Tree { entries };
    let is_kept = session.mode() == Mode::Keep;
    let cache = if is_kept { StatCache::load(session.store, part) } else { StatCache::default() };
    let (stats, to_read) = from_cache(session, &cache, &mut tree, files);
    let total = to_read.iter().map(|found| found.stat.len_bytes).sum();
    let meter = Meter::new(session.progress, part, Some(total));
    let readings = read_all(session, &to_read, &meter)?;
    let mut noted = Noted { stats, ..Noted::default() };
    let mut gone = Vec::new();
    for (found, reading) in to_read.iter().zip(readings) {
        noted.take(&mut tree, found, reading, &mut gone);
    }
    if let Some(named) = named(&noted.secrets).filter(|_| !session.keeps_references()) {
        return Err(IntakeError::Secret { named });
    }
    let moving: Vec<String> = noted.unsettled.iter().chain(&noted.gone).cloned().collect();
    if let Some(named) = named(&moving).filter(|_| strictness == Strictness::Strict) {
        return Err(IntakeError::Unsettled { named });
    }
    if is_kept {
        StatCache::save(session.store, part, &tree, &noted.stats, began_ns);
    }
    if !gone.is_empty() || !noted.secrets.is_empty() {
        remove(&mut tree, &gone);
    }
    noted.special = special.iter().map(|path| path.display().to_string()).collect();
    Ok((tree, noted))
}

/// Fills in what is known, and returns what is left to be read.
fn from_cache(
    session: &Session<'_>,
    cache: &StatCache,
    tree: &mut Tree,
    files: Vec<Found>,
) -> (Vec<(usize, Stat)>, Vec<Found>) {
    let index = session.index();
    let mut stats = Vec::with_capacity(files.len());
    let mut to_read = Vec::new();
    for found in files {
        let Some(entry) = tree.entries.get_mut(found.entry) else { continue };
        let known = cache.get(&entry.path, &found.stat);
        let stored = |piece: &Piece| piece.0.is_none_or(|digest| index.has(&digest));
        match (known.filter(|pieces| pieces.iter().all(stored)), &mut entry.node) {
            (Some(known), Node::File { pieces, .. }) => {
                *pieces = known.to_vec();
                stats.push((found.entry, found.stat));
            }
            _ => to_read.push(found),
        }
    }
    (stats, to_read)
}

/// Reads files on all threads; results are in the order of the files.
fn read_all(
    session: &Session<'_>,
    files: &[Found],
    meter: &Meter<'_>,
) -> Result<Vec<Reading>, IntakeError> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let error = Mutex::new(None);
    let run = |number: usize| {
        let mut worker = session.worker(number);
        let mut readings = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(found) = files.get(index) else { break };
            match read_file(session, &mut worker, &found.path) {
                Ok(reading) => readings.push((index, reading)),
                Err(first) => {
                    failed.store(true, Ordering::Relaxed);
                    error
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .get_or_insert(first);
                }
            }
            meter.add(found.stat.len_bytes);
        }
        readings
    };
    let threads = session.threads().min(files.len()).max(1);
    let mut readings = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|number| scope.spawn(move || run(number))).collect();
        let mut all = run(0);
        for other in others {
            all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    if let Some(error) = error.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        return Err(error);
    }
    readings.sort_unstable_by_key(|(index, _)| *index);
    Ok(readings.into_iter().map(|(_, reading)| reading).collect())
}

/// Reads a file until it is the same before and after.
fn read_file(
    session: &Session<'_>,
    worker: &mut Worker,
    path: &Path,
) -> Result<Reading, IntakeError> {
    let failed = |source| IntakeError::Read { path: path.to_owned(), source };
    let mut last = None;
    for _ in 0..READINGS_MAX {
        let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let opened = std::fs::OpenOptions::new()
            .read(true)
            .custom_flags(i32::try_from(flags.bits()).unwrap_or_default())
            .open(path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Reading::Gone),
            // A symbolic link came in its place.
            Err(error) if error.raw_os_error() == Some(40) => return Ok(Reading::Gone),
            Err(error) => return Err(failed(error)),
        };
        let before = file.metadata().map_err(failed)?;
        if !before.is_file() {
            return Ok(Reading::Gone);
        }
        let contents =
            Contents { file: &file, path, len: before.len(), is_sparse: is_sparse(&before) };
        let (pieces, is_whole) = match contents.read(session, worker)? {
            Ok(read) => read,
            Err(secret) => return Ok(Reading::Secret(secret)),
        };
        let after = file.metadata().map_err(failed)?;
        if is_whole && stat(&before) == stat(&after) {
            return Ok(Reading::Settled(pieces, meta(&before), stat(&before)));
        }
        last = Some(Reading::Unsettled(pieces, meta(&after)));
    }
    Ok(last.unwrap_or(Reading::Gone))
}

fn is_sparse(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.blocks().saturating_mul(512) < metadata.len()
}

/// A file that is being read.
struct Contents<'a> {
    file: &'a File,
    path: &'a Path,
    len: u64,
    is_sparse: bool,
}

impl Contents<'_> {
    /// Returns the pieces and whether the file was as long as stated, or a secret.
    fn read(
        &self,
        session: &Session<'_>,
        worker: &mut Worker,
    ) -> Result<Result<(Vec<Piece>, bool), String>, IntakeError> {
        let failed = |source| IntakeError::Read { path: self.path.to_owned(), source };
        let mut room = std::mem::take(&mut worker.room);
        room.resize(CONTENT_LEN_MAX, 0);
        let mut seam = Seam::default();
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < self.len {
            let next = if self.is_sparse { self.next_data(at).map_err(failed)? } else { at };
            if next > at {
                push_piece(&mut pieces, Piece(None, next - at));
                at = next;
                continue;
            }
            let wanted = usize::try_from(self.len - at).unwrap_or(usize::MAX).min(CONTENT_LEN_MAX);
            let len = self.fill(at, room.get_mut(..wanted).unwrap_or_default()).map_err(failed)?;
            let content = room.get(..len).unwrap_or_default();
            if let Some(secret) = session.find_secret(&mut seam, content, Sort::Text) {
                return Ok(Err(secret));
            }
            push_piece(&mut pieces, session.keep(worker, content)?);
            at += u64::try_from(len).unwrap_or_default();
            if len < wanted {
                worker.room = room;
                return Ok(Ok((pieces, false)));
            }
        }
        worker.room = room;
        Ok(Ok((pieces, true)))
    }

    /// Where the piece begins that has the next byte of data at or after `at`.
    fn next_data(&self, at: u64) -> io::Result<u64> {
        let piece_len = u64::try_from(CONTENT_LEN_MAX).unwrap_or(u64::MAX);
        match rustix::fs::seek(self.file.as_fd(), SeekFrom::Data(at)) {
            Ok(data) => Ok((data / piece_len * piece_len).clamp(at, self.len)),
            Err(rustix::io::Errno::NXIO) => Ok(self.len),
            // The file system cannot say where its holes are.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::OPNOTSUPP) => Ok(at),
            Err(error) => Err(error.into()),
        }
    }

    fn fill(&self, at: u64, room: &mut [u8]) -> io::Result<usize> {
        let mut len = 0;
        while let Some(rest) = room.get_mut(len..).filter(|rest| !rest.is_empty()) {
            let offset = at.saturating_add(u64::try_from(len).unwrap_or_default());
            match self.file.read_at(rest, offset) {
                Ok(0) => break,
                Ok(more) => len += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(len)
    }
}

/// What has to be said about the files.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    stats: Vec<(usize, Stat)>,
    unsettled: Vec<String>,
    /// Files that were listed and were not there any more.
    pub(crate) gone: Vec<String>,
    secrets: Vec<String>,
    /// Sockets, pipes and devices.
    special: Vec<String>,
}

impl Noted {
    fn take(&mut self, tree: &mut Tree, found: &Found, reading: Reading, gone: &mut Vec<usize>) {
        let Some(entry) = tree.entries.get_mut(found.entry) else { return };
        let shown = found.path.display();
        match reading {
            Reading::Settled(pieces, meta, stat) => {
                entry.node = Node::File { meta: meta.into(), pieces, unsettled: false };
                self.stats.push((found.entry, stat));
            }
            Reading::Unsettled(pieces, meta) => {
                entry.node = Node::File { meta: meta.into(), pieces, unsettled: true };
                self.unsettled.push(shown.to_string());
            }
            Reading::Gone => {
                gone.push(found.entry);
                self.gone.push(shown.to_string());
            }
            Reading::Secret(what) => {
                entry.node = Node::Reference { by: format!("file:{shown}") };
                self.secrets.push(format!("`{shown}` ({what})"));
            }
        }
    }

    pub(crate) fn sentences(&self) -> Vec<String> {
        let said = [
            ("changed each time they were read, kept as last read", self.unsettled.as_slice()),
            ("went while they were read", &self.gone),
            ("hold a secret and are kept as a reference", &self.secrets),
            ("are sockets, pipes or devices and are not kept", &self.special),
        ];
        let said = said.iter().filter_map(|(what, which)| Some((what, named(which)?, which.len())));
        said.map(|(what, named, count)| format!("{count} {what}: {named}")).collect()
    }
}

fn named(which: &[String]) -> Option<String> {
    let quoted =
        |text: &String| if text.starts_with('`') { text.clone() } else { format!("`{text}`") };
    let first: Vec<String> = which.iter().take(NAMED_MAX).map(quoted).collect();
    let more = which.len().saturating_sub(NAMED_MAX);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!which.is_empty()).then(|| format!("{}{rest}", first.join(", ")))
}

/// Takes out entries that went, and further names of files that are not kept.
fn remove(tree: &mut Tree, gone: &[usize]) {
    let gone: HashSet<usize> = gone.iter().copied().collect();
    let mut index = 0;
    tree.entries.retain(|_| {
        index += 1;
        !gone.contains(&(index - 1))
    });
    let links = tree.entries.iter().filter(|e| matches!(e.node, Node::HardLink { .. })).cloned();
    let whole = tree.clone();
    for link in links.collect::<Vec<_>>() {
        let Node::HardLink { to } = &link.node else { continue };
        let first = whole.get(to).map(|first| first.node.clone());
        match first {
            Some(Node::File { .. }) => {}
            Some(other) => tree.set(&link.path, other),
            None => tree.entries.retain(|entry| entry.path != link.path),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "compared with times of the same machine's files")]
fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
