//! One creation of a snapshot: what all its parts share.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_redact::{Rules, mask};

use super::IntakeError;
use crate::capture::CaptureError;
use crate::digest::Digest;
use crate::index::Index;
use crate::manifest::PackRef;
use crate::objects::{ObjectError, Put};
use crate::pack::{Encoder, PackWriter};
use crate::progress::Progress;
use crate::secrets::{Guard, Seam, Secrets, Sort};
use crate::store::{PACKS, Store};
use crate::tree::Piece;

/// Whether there is nothing but zeros; blocks are compared, as a loop over bytes is slow.
fn is_zero(content: &[u8]) -> bool {
    const ZEROS: [u8; 4096] = [0; 4096];
    content.chunks(ZEROS.len()).all(|chunk| ZEROS.get(..chunk.len()) == Some(chunk))
}

/// Fastest level that still compresses: disks and networks are slower than processors.
const ZSTD_LEVEL: i32 = 1;

/// Whether contents are written or only compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Keep,
    /// Nothing is written, so nothing needs a seal.
    Compare,
    /// What is written was in the store before.
    Copy,
}

pub(crate) struct Session<'a> {
    pub(crate) store: &'a Store,
    pub(crate) progress: &'a dyn Progress,
    mode: Mode,
    secrets: Secrets,
    /// For stores that everybody may read.
    guard: Option<Guard>,
    masks: Rules,
    index: Mutex<Index>,
    workers: Vec<Mutex<Worker>>,
    /// A store that fails ends the whole creation, whatever a capture makes of it.
    fatal: Mutex<Option<ObjectError>>,
}

/// What a thread needs to compress and collect contents.
pub(crate) struct Worker {
    encoder: Encoder,
    pack: PackWriter,
    pub(crate) room: Vec<u8>,
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        store: &'a Store,
        mode: Mode,
        (secrets, known): (Secrets, &[String]),
        index: Index,
        progress: &'a dyn Progress,
    ) -> std::io::Result<Self> {
        let worker = |_| {
            let encoder = Encoder::new(ZSTD_LEVEL)?;
            Ok(Mutex::new(Worker { encoder, pack: PackWriter::default(), room: Vec::new() }))
        };
        let is_guarded = mode == Mode::Keep && !store.is_sealed();
        Ok(Self {
            store,
            progress,
            mode,
            secrets,
            guard: is_guarded.then(|| Guard::new(known)),
            masks: Rules::default().with_known(known),
            index: Mutex::new(index),
            workers: (0..store.threads()).map(worker).collect::<std::io::Result<_>>()?,
            fatal: Mutex::new(None),
        })
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    pub(crate) fn is_guarded(&self) -> bool {
        self.guard.is_some()
    }

    pub(crate) fn keeps_references(&self) -> bool {
        self.secrets == Secrets::ByReference
    }

    pub(crate) fn threads(&self) -> usize {
        self.workers.len()
    }

    pub(crate) fn masked(&self, text: &str) -> String {
        mask(text, &self.masks).into_owned()
    }

    pub(crate) fn worker(&self, number: usize) -> MutexGuard<'_, Worker> {
        let worker = self.workers.get(number % self.workers.len().max(1));
        let worker = worker.expect("a store has at least one thread");
        worker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for a secret in a content and on the cut before it.
    pub(crate) fn find_secret(
        &self,
        seam: &mut Seam,
        content: &[u8],
        sort: Sort,
    ) -> Option<String> {
        let guard = self.guard.as_ref()?;
        let over = seam.over(content).and_then(|both| guard.find(&both, sort));
        over.map(|_| "on the cut between two contents".to_owned())
            .or_else(|| guard.find(content, sort))
    }

    /// Keeps a content, at most [`crate::pack::CONTENT_LEN_MAX`] long, unless the store has it.
    pub(crate) fn keep(&self, worker: &mut Worker, content: &[u8]) -> Result<Piece, IntakeError> {
        let len = u64::try_from(content.len()).unwrap_or(u64::MAX);
        if is_zero(content) {
            return Ok(Piece(None, len));
        }
        let digest = Digest::of(content);
        if self.mode != Mode::Compare && self.index().claim(digest) {
            let (encoding, stored) = worker.encoder.encode(content);
            worker.pack.push(digest, content.len(), encoding, stored);
            if worker.pack.is_full() {
                self.write_pack(worker).map_err(|source| IntakeError::Store { source })?;
            }
        }
        Ok(Piece(Some(digest), len))
    }

    /// Writes the packs that are not full yet.
    pub(crate) fn flush(&self) -> Result<(), ObjectError> {
        for number in 0..self.threads() {
            let mut worker = self.worker(number);
            if !worker.pack.is_empty() {
                self.write_pack(&mut worker)?;
            }
        }
        Ok(())
    }

    fn write_pack(&self, worker: &mut Worker) -> Result<(), ObjectError> {
        let pack = worker
            .pack
            .finish(self.store.sealing())
            .map_err(|source| ObjectError::Write { name: PACKS.to_owned(), source })?;
        self.store.objects().put(&format!("{PACKS}/{}", pack.name), &pack.bytes, Put::Replace)?;
        let len_bytes = u64::try_from(pack.bytes.len()).unwrap_or(u64::MAX);
        let contents = pack.records.iter().map(|record| record.digest);
        self.index().add_pack(PackRef { name: pack.name, len_bytes }, contents);
        worker.pack.reuse(pack);
        Ok(())
    }

    /// Tells a capture why its contents were not taken.
    pub(crate) fn failure(&self, error: IntakeError) -> CaptureError {
        match error {
            IntakeError::Store { source } => {
                let shown = CaptureError::new(source.to_string());
                let mut fatal = self.fatal.lock().unwrap_or_else(PoisonError::into_inner);
                fatal.get_or_insert(source);
                shown
            }
            other => CaptureError::new(other.to_string()).with_source(other),
        }
    }

    /// Why the store failed, if it did.
    pub(crate) fn take_fatal(&self) -> Option<ObjectError> {
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Where directories for copies that are read once are made: in a store, whose next writer
    /// removes what a killed one left.
    pub(crate) fn scratch_base(&self) -> PathBuf {
        self.store.dir().map_or_else(std::env::temp_dir, |dir| dir.join("tmp"))
    }

    /// What must not be captured: the store itself.
    pub(crate) fn own_dir(&self) -> Option<&Path> {
        self.store.dir()
    }
}
