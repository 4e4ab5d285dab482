//! Reads the files of a tree: bounded, in parallel, with `.gitignore` respected.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::check::{Canon, Checked, check_text, inherit};
use crate::class::folder_skipped;
use crate::format::Format;
use crate::report::Skipped;

/// How much of a file is looked at to tell whether it is a text.
const HEAD_BYTES: usize = 8 * 1024;
/// Most threads that read.
const THREADS_MAX: usize = 8;

/// What was read, and what was not.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Walked {
    /// The files that were checked.
    pub files: Vec<Checked>,
    /// Files and folders that were not.
    pub skipped: Vec<Skipped>,
}

/// Checks every file below a root. Nothing stops it: what cannot be read is in the result, with the reason.
pub fn check_tree(canon: &Canon, root: &Path) -> Walked {
    let walked = Mutex::new(Walked::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let mut builder = WalkBuilder::new(root);
    builder.hidden(false).git_global(false).require_git(false).follow_links(false).threads(threads);
    builder.filter_entry(|entry| !is_skipped_folder(entry));
    builder.build_parallel().run(|| {
        let mut worker =
            Worker { canon, root, own: Walked::default(), all: &walked, buffer: Vec::new() };
        Box::new(move |entry| {
            worker.entry(entry);
            WalkState::Continue
        })
    });
    let mut walked = walked.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    derived(canon, root, &mut walked);
    inherited(canon, root, &mut walked);
    walked
}

/// Checks some files below a root, by their paths below it.
pub fn check_files(canon: &Canon, root: &Path, files: &[PathBuf]) -> Walked {
    let mut walked = some(canon, root, files);
    inherited(canon, root, &mut walked);
    walked
}

fn some(canon: &Canon, root: &Path, files: &[PathBuf]) -> Walked {
    let walked = Mutex::new(Walked::default());
    {
        let mut worker =
            Worker { canon, root, own: Walked::default(), all: &walked, buffer: Vec::new() };
        for file in files {
            let path = slashes(file);
            worker.file(&root.join(file), path);
        }
    }
    walked.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn is_skipped_folder(entry: &DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    entry.depth() > 0
        && is_folder
        && entry.file_name().to_str().is_some_and(|name| folder_skipped(name).is_some())
}

/// Derived files are read even if git ignores them, as `.env` is.
fn derived(canon: &Canon, root: &Path, walked: &mut Walked) {
    let known = |path: &str| walked.files.iter().any(|file| file.path == path);
    let missed: Vec<PathBuf> = canon
        .facts
        .derived
        .iter()
        .filter(|(path, _)| !known(path) && root.join(path).is_file())
        .map(|(path, _)| PathBuf::from(path))
        .collect();
    let more = some(canon, root, &missed);
    walked.files.extend(more.files);
    walked.skipped.extend(more.skipped);
}

/// Reads the files whose services others extend once more, for what those inherit.
fn inherited(canon: &Canon, root: &Path, walked: &mut Walked) {
    for file in walked.files.iter_mut().filter(|file| !file.extends.is_empty()) {
        let from: BTreeSet<String> =
            file.extends.iter().map(|extends| extends.from.clone()).collect();
        for from in from {
            match bounded(&root.join(&from), canon.config.file_bytes_max) {
                Ok(text) => inherit(canon, file, &from, &text),
                Err(error) => {
                    let reason = format!("extends `{from}`, which cannot be read: {error}");
                    let is_open = error.kind() != io::ErrorKind::NotFound;
                    walked.skipped.push(Skipped { path: file.path.clone(), reason, is_open });
                }
            }
        }
    }
}

/// A text, if it is no longer than the limit.
fn bounded(path: &Path, limit: u64) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(limit.saturating_add(1)).read_to_string(&mut text)?;
    if read as u64 > limit {
        return Err(io::Error::other("it is larger than what is read"));
    }
    Ok(text)
}

fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// One thread: it keeps its own results and its buffer, and hands the results over at its end.
struct Worker<'a> {
    canon: &'a Canon,
    root: &'a Path,
    own: Walked,
    all: &'a Mutex<Walked>,
    buffer: Vec<u8>,
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.files.append(&mut self.own.files);
        all.skipped.append(&mut self.own.skipped);
    }
}

impl Worker<'_> {
    fn entry(&mut self, entry: Result<DirEntry, ignore::Error>) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = path_of(&error).map(|path| self.below(path)).unwrap_or_default();
                self.skip(path, error.to_string(), true);
                return;
            }
        };
        let Some(kind) = entry.file_type() else { return };
        if kind.is_dir() {
            return;
        }
        let path = self.below(entry.path());
        if kind.is_symlink() {
            self.skip(path, "a symbolic link".to_owned(), false);
        } else if !kind.is_file() {
            self.skip(path, "neither a file nor a folder".to_owned(), false);
        } else {
            self.file(entry.path(), path);
        }
    }

    fn below(&self, path: &Path) -> String {
        slashes(path.strip_prefix(self.root).unwrap_or(path))
    }

    fn skip(&mut self, path: String, reason: String, is_open: bool) {
        self.own.skipped.push(Skipped { path, reason, is_open });
    }

    fn file(&mut self, at: &Path, path: String) {
        if let Some(reason) = self.canon.skips(&path) {
            return self.skip(path, reason, false);
        }
        let name = path.rsplit('/').next().unwrap_or(&path);
        let is_derived = self.canon.facts.derived.iter().any(|(derived, _)| *derived == path);
        let is_structured = Format::of_name(name).is_structured();
        match self.read(at) {
            Ok(Content::Text) => {}
            Ok(Content::Large(bytes)) => {
                let limit = self.canon.config.file_bytes_max;
                let reason = format!("{bytes} bytes, more than the {limit} that are read");
                return self.skip(path, reason, is_derived || is_structured);
            }
            Ok(Content::Binary) => return self.skip(path, "not a text".to_owned(), is_derived),
            Err(error) => return self.skip(path, error.to_string(), true),
        }
        let buffer = std::mem::take(&mut self.buffer);
        match std::str::from_utf8(&buffer) {
            Ok(text) => self.own.files.push(check_text(self.canon, &path, text)),
            Err(error) => {
                let reason = format!("no UTF-8 after byte {}", error.valid_up_to());
                self.skip(path, reason, is_derived || is_structured);
            }
        }
        self.buffer = buffer;
    }

    /// Reads a text into the buffer. It never takes more than the limit into memory.
    fn read(&mut self, at: &Path) -> io::Result<Content> {
        let mut file = File::open(at)?;
        let limit = self.canon.config.file_bytes_max;
        self.buffer.clear();
        self.buffer.resize(HEAD_BYTES, 0);
        let mut length = 0;
        while let Some(room) = self.buffer.get_mut(length..).filter(|room| !room.is_empty()) {
            match file.read(room) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer.truncate(length);
        if memchr::memchr(0, &self.buffer).is_some() {
            return Ok(Content::Binary);
        }
        if length == HEAD_BYTES {
            let bytes = file.metadata()?.len();
            if bytes > limit {
                return Ok(Content::Large(bytes));
            }
            // A file may grow while it is read.
            (&mut file)
                .take(limit.saturating_sub(HEAD_BYTES as u64))
                .read_to_end(&mut self.buffer)?;
        }
        Ok(Content::Text)
    }
}

enum Content {
    Text,
    Binary,
    Large(u64),
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
    }
}
