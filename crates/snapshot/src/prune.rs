//! Removing snapshots by a policy, and then what no snapshot needs any more.

mod policy;
mod repack;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

pub use policy::{Keep, Reason, decide};

use crate::digest::Digest;
use crate::id::SnapshotId;
use crate::manifest::{Manifest, PackRef};
use crate::objects::{Listed, ObjectError, Put};
use crate::plan::{PlanError, PlanState, Plans};
use crate::restore::plans_dir;
use crate::store::{LockedError, PACKS, Store, StoreError};
use crate::view::ReadError;

/// Where packs are named that nobody needs, in stores without a lock.
pub(crate) const DOOMED: &str = "doomed";

/// How a store is pruned.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PruneOptions {
    /// The present.
    pub now: SystemTime,
    /// Which snapshots stay.
    pub keep: Keep,
    /// How long a pack stays after it was found to be needed by none, in a store that has no
    /// lock, such as a bucket. No snapshot may take longer. Default 24 h.
    pub grace: Duration,
    /// Directory of journals, whose unfinished plans need their snapshots. Default: in the store.
    pub plans_dir: Option<PathBuf>,
    /// Whether packs of which less than half is needed are written anew. Default yes.
    pub repack: Repack,
}

/// What to do with packs of which less than half is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Repack {
    /// Write what is needed of them into new ones. A sealed store needs its identity for that.
    #[default]
    Wasteful,
    /// Leave them.
    Never,
}

impl PruneOptions {
    /// The default policy at that moment.
    #[must_use]
    pub fn new(now: SystemTime) -> Self {
        Self {
            now,
            keep: Keep::default(),
            grace: Duration::from_secs(24 * 3600),
            plans_dir: None,
            repack: Repack::default(),
        }
    }

    /// Sets [`PruneOptions::keep`].
    #[must_use]
    pub fn with_keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// Sets [`PruneOptions::grace`].
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Sets [`PruneOptions::repack`].
    #[must_use]
    pub fn with_repack(mut self, repack: Repack) -> Self {
        self.repack = repack;
        self
    }
}

/// What pruning did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// Snapshots that stay, and why.
    pub kept: Vec<(SnapshotId, Reason)>,
    /// Snapshots that go.
    pub removed: Vec<SnapshotId>,
    /// Packs that go, or will go when the grace is over.
    pub packs_removed: u64,
    /// Length of those packs, in bytes.
    pub removed_bytes: u64,
    /// Length of the packs that were written anew, in bytes.
    pub rewritten_bytes: u64,
    /// Why packs stay that might go, if so.
    pub notes: Vec<String>,
}

/// Why pruning did not come to its end. What it left is whole; run it again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PruneError {
    /// The right to write could not be had.
    #[error("cannot begin to prune")]
    Locked {
        /// Why.
        source: LockedError,
    },
    /// The store could not be listed.
    #[error("cannot list the store")]
    Store {
        /// Why.
        source: StoreError,
    },
    /// Journals of plans cannot be read, so it is not known which snapshots they need.
    #[error("cannot tell which snapshots unfinished plans need")]
    Plans {
        /// Why.
        source: PlanError,
    },
    /// What a snapshot holds cannot be read.
    #[error("cannot write packs anew")]
    Read {
        /// Why.
        source: ReadError,
    },
    /// The store could not be changed.
    #[error("cannot change the store")]
    Change {
        /// Why.
        source: ObjectError,
    },
}

/// Tells what [`prune`] would remove, and changes nothing.
///
/// # Errors
///
/// When the store cannot be read.
pub fn preview_prune(store: &Store, options: &PruneOptions) -> Result<Pruned, PruneError> {
    let survey = Survey::of(store, options)?;
    let packs = survey.unneeded(&survey.kept_manifests());
    let mut pruned = survey.pruned;
    pruned.note_packs(&packs);
    Ok(pruned)
}

/// Removes snapshots by the policy, and then packs that no snapshot needs.
///
/// Whenever it is cut short, every snapshot that is listed is whole.
///
/// # Errors
///
/// [`PruneError`]; run it again.
pub fn prune(store: &Store, options: &PruneOptions) -> Result<Pruned, PruneError> {
    let _writer = store.lock("prune").map_err(|source| PruneError::Locked { source })?;
    let mut survey = Survey::of(store, options)?;
    let mut kept = survey.kept_manifests();
    if options.repack == Repack::Wasteful && survey.is_complete {
        let rewritten = repack::repack(store, &mut kept)?;
        survey.pruned.rewritten_bytes = rewritten;
    }
    for id in &survey.pruned.removed {
        store.delete_manifest(id).map_err(|source| PruneError::Change { source })?;
    }
    let packs = survey.unneeded(&kept);
    survey.pruned.note_packs(&packs);
    if store.has_lock() {
        for pack in &packs {
            delete(store, &format!("{PACKS}/{}", pack.name))?;
        }
    } else {
        doom(store, options, &packs, &kept)?;
    }
    if let Ok(index) = store.index() {
        store.cache_contents(&index);
    }
    Ok(survey.pruned)
}

/// What is in the store, and what the policy says of it.
struct Survey {
    pruned: Pruned,
    manifests: BTreeMap<SnapshotId, Manifest>,
    packs: Vec<Listed>,
    /// Whether every manifest could be read, so that what is needed is known.
    is_complete: bool,
}

impl Survey {
    fn of(store: &Store, options: &PruneOptions) -> Result<Self, PruneError> {
        let listings = store.list().map_err(|source| PruneError::Store { source })?;
        let packs = store
            .objects()
            .list(PACKS)
            .map_err(|source| PruneError::Store { source: StoreError::Object { source } })?;
        let mut manifests = BTreeMap::new();
        let mut pruned = Pruned::default();
        for listing in listings {
            match listing.manifest {
                Ok(manifest) => drop(manifests.insert(listing.id, manifest)),
                Err(error) => pruned.notes.push(format!(
                    "no pack is removed, as it is not known which ones `{}` needs: {error}",
                    listing.id
                )),
            }
        }
        let pinned = pinned(store, options)?;
        let all: Vec<&Manifest> = manifests.values().collect();
        for (id, reason) in decide(&all, &options.keep, &pinned) {
            match reason {
                Some(reason) => pruned.kept.push((id, reason)),
                None => pruned.removed.push(id),
            }
        }
        let is_complete = pruned.notes.is_empty();
        Ok(Self { pruned, manifests, packs, is_complete })
    }

    fn kept_manifests(&self) -> Vec<Manifest> {
        let kept = self.pruned.kept.iter().filter_map(|(id, _)| self.manifests.get(id));
        kept.cloned().collect()
    }

    /// Packs that were listed and that no manifest needs.
    fn unneeded(&self, kept: &[Manifest]) -> Vec<PackRef> {
        if !self.is_complete {
            return Vec::new();
        }
        let needed: BTreeSet<Digest> =
            kept.iter().flat_map(Manifest::packs).map(|pack| pack.name).collect();
        let packs = self.packs.iter().filter_map(|object| {
            let name = object.name.parse().ok()?;
            Some(PackRef { name, len_bytes: object.len_bytes })
        });
        packs.filter(|pack| !needed.contains(&pack.name)).collect()
    }
}

impl Pruned {
    fn note_packs(&mut self, packs: &[PackRef]) {
        self.packs_removed = u64::try_from(packs.len()).unwrap_or(u64::MAX);
        self.removed_bytes = packs.iter().map(|pack| pack.len_bytes).sum();
    }
}

/// Snapshots that unfinished plans need.
fn pinned(store: &Store, options: &PruneOptions) -> Result<BTreeSet<String>, PruneError> {
    let Ok(dir) = plans_dir(store, options.plans_dir.as_deref()) else {
        return Ok(BTreeSet::new());
    };
    let plans = Plans::list(&dir).map_err(|source| PruneError::Plans { source })?;
    let open = plans
        .into_iter()
        .filter(|plan| matches!(plan.state, PlanState::Unfinished | PlanState::HalfUndone));
    // A plan names snapshots in its subject and in the outputs of its steps.
    let mut words = BTreeSet::new();
    for plan in open {
        words.insert(format!("plan:{}", plan.id));
        let ids = plan.subject.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        words.extend(ids.filter(|word| word.parse::<SnapshotId>().is_ok()).map(str::to_owned));
    }
    Ok(words)
}

fn delete(store: &Store, name: &str) -> Result<(), PruneError> {
    store.objects().delete(name).map_err(|source| PruneError::Change { source })
}

/// Marks packs that nobody needs, and removes those that were marked long enough ago.
///
/// Without a lock, somebody may be making a snapshot that needs such a pack. Whoever begins
/// after the mark does not use it, and nobody who began before takes longer than the grace.
fn doom(
    store: &Store,
    options: &PruneOptions,
    unneeded: &[PackRef],
    kept: &[Manifest],
) -> Result<(), PruneError> {
    let listed = |source| PruneError::Store { source: StoreError::Object { source } };
    let marks = store.objects().list(DOOMED).map_err(listed)?;
    let unneeded: BTreeSet<String> = unneeded.iter().map(|pack| pack.name.to_string()).collect();
    let is_marked = |name: &String| marks.iter().any(|mark| mark.name == *name);
    for name in unneeded.iter().filter(|name| !is_marked(name)) {
        let put = store.objects().put(&format!("{DOOMED}/{name}"), b"", Put::Replace);
        put.map_err(|source| PruneError::Change { source })?;
    }
    let needed: BTreeSet<String> =
        kept.iter().flat_map(Manifest::packs).map(|pack| pack.name.to_string()).collect();
    for mark in &marks {
        let age = options.now.duration_since(mark.modified).unwrap_or_default();
        let is_over = age >= options.grace && unneeded.contains(&mark.name);
        if is_over {
            delete(store, &format!("{PACKS}/{}", mark.name))?;
        }
        if is_over || needed.contains(&mark.name) {
            delete(store, &format!("{DOOMED}/{}", mark.name))?;
        }
    }
    Ok(())
}
