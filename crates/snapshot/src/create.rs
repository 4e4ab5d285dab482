//! Making a snapshot.

use std::collections::HashSet;
use std::io;
use std::time::{Duration, Instant, SystemTime};

use crate::capture::{CaptureError, Part, Taken};
use crate::digest::{ByDigest, Digest};
use crate::id::SnapshotId;
use crate::intake::{Intake, Mode, Session};
use crate::manifest::{Draft, Manifest, Outcome, PackRef, PartBody, PartRecord};
use crate::objects::{ObjectError, Put};
use crate::pack::CONTENT_LEN_MAX;
use crate::progress::{Progress, Quiet};
use crate::secrets::Secrets;
use crate::store::{LockedError, PACKS, Store, StoreError, Writer, chain};
use crate::tree::{Piece, cuts};

/// Longest that a snapshot in a store without a lock may take: half of what pruning waits.
const UNLOCKED_TIME_MAX: Duration = Duration::from_secs(12 * 3600);

/// How a snapshot is made.
#[derive(Clone)]
#[non_exhaustive]
pub struct CreateOptions<'a> {
    /// The present.
    pub now: SystemTime,
    /// Name and version of the program, for the manifest.
    pub tool_version: String,
    /// Digest of the configuration in force, for the manifest. Default none.
    pub config_digest: Option<String>,
    /// Words by which the snapshot can be found and kept. Default none.
    pub tags: Vec<String>,
    /// What to do with secrets that a store without a seal would get. Default: refuse.
    pub secrets: Secrets,
    /// Values that are secret, to be kept out of manifests and of stores without a seal.
    pub known_secrets: Vec<String>,
    /// Who is told how far it is. Default nobody.
    pub progress: &'a dyn Progress,
}

impl std::fmt::Debug for CreateOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateOptions")
            .field("now", &self.now)
            .field("tags", &self.tags)
            .finish_non_exhaustive()
    }
}

impl<'a> CreateOptions<'a> {
    /// Options for a snapshot that is made now, by a program such as `plimsoll 0.1.0`.
    #[must_use]
    pub fn new(now: SystemTime, tool_version: impl Into<String>) -> Self {
        Self {
            now,
            tool_version: tool_version.into(),
            config_digest: None,
            tags: Vec::new(),
            secrets: Secrets::default(),
            known_secrets: Vec::new(),
            progress: &Quiet,
        }
    }

    /// Sets [`CreateOptions::config_digest`].
    #[must_use]
    pub fn with_config_digest(mut self, digest: impl Into<String>) -> Self {
        self.config_digest = Some(digest.into());
        self
    }

    /// Adds to [`CreateOptions::tags`].
    #[must_use]
    pub fn with_tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Sets [`CreateOptions::secrets`].
    #[must_use]
    pub fn with_secrets(mut self, secrets: Secrets) -> Self {
        self.secrets = secrets;
        self
    }

    /// Adds to [`CreateOptions::known_secrets`].
    #[must_use]
    pub fn with_known_secrets(mut self, known: impl IntoIterator<Item = String>) -> Self {
        self.known_secrets.extend(known);
        self
    }

    /// Sets [`CreateOptions::progress`].
    #[must_use]
    pub fn with_progress(mut self, progress: &'a dyn Progress) -> Self {
        self.progress = progress;
        self
    }
}

/// Why no snapshot was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The right to write could not be had.
    #[error("cannot begin a snapshot")]
    Locked {
        /// Why.
        source: LockedError,
    },
    /// Two parts have the same name, or one has none.
    #[error("`{name}` is no name of one part: names are unique and not empty")]
    PartName {
        /// The name.
        name: String,
    },
    /// There is nothing to capture.
    #[error("there is no part to capture")]
    NoParts,
    /// The store could not be read.
    #[error("cannot use the store")]
    Store {
        /// Why.
        source: StoreError,
    },
    /// The store could not be written.
    #[error("cannot write the snapshot; the store is as it was before")]
    Write {
        /// Why.
        source: ObjectError,
    },
    /// It took longer than pruning waits in a store that nobody locks.
    #[error("the snapshot took {} h, longer than is safe without a lock", took.as_secs() / 3600)]
    TooSlow {
        /// How long.
        took: Duration,
    },
    /// The system refused something else.
    #[error("cannot prepare the snapshot")]
    System {
        /// Why.
        source: io::Error,
    },
    /// What was just written does not read back.
    #[error("the store does not hold what was written into it: {what}")]
    ReadBack {
        /// What differs.
        what: String,
    },
}

impl CreateError {
    /// Tells whether there was no room to write.
    #[must_use]
    pub fn is_out_of_space(&self) -> bool {
        matches!(self, Self::Write { source } if source.is_out_of_space())
    }
}

/// Captures parts into a new snapshot.
///
/// It is whole or not there, whenever the process or the machine ends. A part that fails does
/// not end the others; look at [`Manifest::is_good`] of what is returned.
///
/// # Errors
///
/// [`CreateError`]; the store then holds no new snapshot, but may hold packs that the next one
/// uses or prune removes.
pub fn create(
    store: &Store,
    parts: &mut [Part<'_>],
    options: &CreateOptions<'_>,
) -> Result<Manifest, CreateError> {
    let writer =
        store.lock("create a snapshot").map_err(|source| CreateError::Locked { source })?;
    create_locked(store, &writer, parts, options)
}

pub(crate) fn create_locked(
    store: &Store,
    _writer: &Writer,
    parts: &mut [Part<'_>],
    options: &CreateOptions<'_>,
) -> Result<Manifest, CreateError> {
    let began = now();
    check_names(parts)?;
    let before = store.ids().map_err(|source| CreateError::Store { source })?;
    let id = SnapshotId::next(options.now, before.last())
        .map_err(|source| CreateError::System { source })?;
    let index = store.index().map_err(|source| CreateError::Store { source })?;
    let secrets = (options.secrets, options.known_secrets.as_slice());
    let session = Session::new(store, Mode::Keep, secrets, index, options.progress)
        .map_err(|source| CreateError::System { source })?;
    let mut used = HashSet::<Digest, ByDigest>::default();
    let mut drafts = Vec::with_capacity(parts.len());
    for part in parts.iter_mut() {
        drafts.push(capture(&session, part, &mut used)?);
    }
    session.flush().map_err(|source| CreateError::Write { source })?;
    let packs = session.index().packs_of(&used).map_err(|digest| CreateError::ReadBack {
        what: format!("content {} is in no pack", digest.short()),
    })?;
    let took = began.elapsed();
    if !store.has_lock() && took > UNLOCKED_TIME_MAX {
        return Err(CreateError::TooSlow { took });
    }
    let draft = Draft {
        id,
        created_ns: nanos(options.now),
        tool_version: options.tool_version.clone(),
        config_digest: options.config_digest.clone(),
        tags: options.tags.clone(),
        parts: drafts,
        packs,
    };
    commit(store, &session, draft)
}

fn check_names(parts: &[Part<'_>]) -> Result<(), CreateError> {
    if parts.is_empty() {
        return Err(CreateError::NoParts);
    }
    let mut seen = HashSet::new();
    let wrong = parts.iter().find(|part| part.name.trim().is_empty() || !seen.insert(&part.name));
    wrong.map_or(Ok(()), |part| Err(CreateError::PartName { name: part.name.clone() }))
}

fn capture(
    session: &Session<'_>,
    part: &mut Part<'_>,
    used: &mut HashSet<Digest, ByDigest>,
) -> Result<(PartRecord, PartBody), CreateError> {
    let began = now();
    let mut intake = Intake::new(session, &part.name);
    let taken = part.capture.capture(&mut intake);
    if let Some(source) = session.take_fatal() {
        return Err(CreateError::Write { source });
    }
    let (outcome, tree, mut notes) = match taken {
        Ok(Taken::Whole) => (Outcome::Captured, std::mem::take(&mut intake.tree), Vec::new()),
        Ok(Taken::Nothing { why }) => (Outcome::Skipped { why }, Default::default(), Vec::new()),
        Err(error) => (failed(session, &error), Default::default(), Vec::new()),
    };
    let mut tree = tree;
    tree.sort();
    let mut body = PartBody {
        tree: Vec::new(),
        scope: std::mem::take(&mut intake.scope),
        facts: std::mem::take(&mut intake.facts),
    };
    notes.append(&mut intake.notes);
    used.extend(tree.entries.iter().flat_map(|entry| entry.node.pieces()).filter_map(|p| p.0));
    if outcome == Outcome::Captured {
        let text = tree.write().map_err(|source| CreateError::System { source })?;
        body.tree = keep_text(session, &text)?;
        used.extend(body.tree.iter().filter_map(|piece| piece.0));
    }
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let record = PartRecord {
        name: part.name.clone(),
        kind: part.capture.kind().to_owned(),
        need: part.need,
        outcome,
        entries: count(tree.entries.len()),
        len_bytes: tree.entries.iter().map(|entry| entry.node.len_bytes()).sum(),
        notes,
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    Ok((record, body))
}

fn failed(session: &Session<'_>, error: &CaptureError) -> Outcome {
    Outcome::Failed { why: session.masked(&chain(error)) }
}

fn keep_text(session: &Session<'_>, text: &[u8]) -> Result<Vec<Piece>, CreateError> {
    let mut worker = session.worker(0);
    let mut pieces = Vec::new();
    for cut in cuts(text, CONTENT_LEN_MAX) {
        let piece = session.keep(&mut worker, cut).map_err(|error| {
            let what = session.failure(error).to_string();
            session
                .take_fatal()
                .map_or(CreateError::ReadBack { what }, |source| CreateError::Write { source })
        })?;
        pieces.push(piece);
    }
    Ok(pieces)
}

/// Writes the manifest, once everything it names is there.
fn commit(store: &Store, session: &Session<'_>, draft: Draft) -> Result<Manifest, CreateError> {
    check_lengths(store, &draft.packs)?;
    let manifest =
        Manifest::new(draft, store.sealing()).map_err(|source| CreateError::System { source })?;
    store.put_manifest(&manifest, Put::New).map_err(|source| CreateError::Write { source })?;
    store.cache_contents(&session.index());
    Ok(manifest)
}

/// Asks the store for the packs again: a store that lost one is found out now, not at restore.
fn check_lengths(store: &Store, packs: &[PackRef]) -> Result<(), CreateError> {
    let listed = store
        .objects()
        .list(PACKS)
        .map_err(|source| CreateError::Store { source: StoreError::Object { source } })?;
    for pack in packs {
        let name = pack.name.to_string();
        let found = listed.binary_search_by(|object| object.name.cmp(&name)).ok();
        let len = found.and_then(|at| listed.get(at)).map(|object| object.len_bytes);
        if len != Some(pack.len_bytes) {
            let what = match len {
                Some(len) => format!("pack {name} has {len} bytes, not {}", pack.len_bytes),
                None => format!("pack {name} is gone"),
            };
            return Err(CreateError::ReadBack { what });
        }
    }
    Ok(())
}

fn nanos(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

#[allow(clippy::disallowed_methods, reason = "how long a capture took, for the manifest")]
fn now() -> Instant {
    Instant::now()
}
