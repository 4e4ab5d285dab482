//! Whether a snapshot is what was captured, and could be restored.

mod finding;
mod meaning;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

pub use finding::Finding;

use crate::digest::{ByDigest, Digest};
use crate::id::SnapshotId;
use crate::manifest::{Manifest, Outcome, PackRef, PartBody, PartRecord};
use crate::pass::{PackFault, Pass, Seen};
use crate::progress::{Meter, Progress};
use crate::store::{Store, StoreError, chain};
use crate::tree::Tree;
use crate::view::{PartReader, View};

/// How many entries of one part are named before the rest is counted.
const NAMED_MAX: usize = 10;

/// What verifying found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Verified {
    /// What is wrong; empty if nothing is.
    pub findings: Vec<Finding>,
    /// What could not be told; empty if everything could.
    pub untold: Vec<String>,
    /// Snapshots looked at.
    pub snapshots: u64,
    /// Packs read.
    pub packs: u64,
    /// Length of them, in bytes.
    pub packed_bytes: u64,
    /// Contents decoded and compared with their digests.
    pub contents: u64,
}

impl Verified {
    /// Tells whether nothing is wrong and everything could be told.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty() && self.untold.is_empty()
    }
}

/// Reads every byte of the given snapshots, compares it with its digest, and checks that all
/// parts could be restored.
///
/// # Errors
///
/// [`StoreError`] if the store cannot be listed. What is wrong with a snapshot is no error but a
/// finding.
pub fn verify(
    store: &Store,
    ids: &[SnapshotId],
    progress: &dyn Progress,
) -> Result<Verified, StoreError> {
    let mut verified = Verified::default();
    if let Err(error) = store.check_settings() {
        verified.findings.push(Finding::Store { why: chain(&error) });
    }
    let mut manifests = Vec::new();
    for id in ids {
        match store.manifest(id) {
            Ok(manifest) => manifests.push(manifest),
            Err(error) => {
                verified.findings.push(Finding::Manifest { id: id.clone(), why: chain(&error) });
            }
        }
    }
    let opened = open_all(store, manifests, &mut verified);
    let packs = distinct_packs(&opened);
    let read = read_packs(store, &packs, &opened, progress);
    verified.snapshots = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    verified.packs = u64::try_from(packs.len()).unwrap_or(u64::MAX);
    verified.packed_bytes = packs.iter().map(|pack| pack.len_bytes).sum();
    verified.contents = u64::try_from(read.good.len()).unwrap_or(u64::MAX);
    for (name, fault) in &read.faults {
        match fault {
            PackFault::Sealed(error) => {
                let what = format!("pack {}: {error}", name.short());
                verified.untold.push(what);
            }
            other => verified.findings.push(Finding::of_pack(*name, other)),
        }
    }
    verified.untold.sort();
    verified.untold.truncate(1);
    for (pack, content, why) in &read.bad_contents {
        let (pack, content, why) = (*pack, *content, why.clone());
        verified.findings.push(Finding::Content { pack, content, why });
    }
    for (manifest, bodies) in &opened {
        check_parts(store, manifest, bodies.as_ref(), &read, &mut verified);
    }
    Ok(verified)
}

type Bodies = BTreeMap<String, PartBody>;
type Opened = (Manifest, Option<Bodies>);

/// What was found in the packs.
struct Read {
    good: HashSet<Digest, ByDigest>,
    /// Texts of trees.
    kept: HashMap<Digest, Vec<u8>, ByDigest>,
    faults: Vec<(Digest, PackFault)>,
    bad_contents: Vec<(Digest, Digest, String)>,
}

fn open_all(store: &Store, manifests: Vec<Manifest>, verified: &mut Verified) -> Vec<Opened> {
    let open = |manifest: Manifest| match manifest.bodies(store.sealing()) {
        Ok(bodies) => (manifest, Some(bodies)),
        Err(error) if !store.can_read() => {
            verified.untold.push(format!("contents of `{}`: {}", manifest.id, chain(&error)));
            (manifest, None)
        }
        Err(error) => {
            let (id, why) = (manifest.id.clone(), chain(&error));
            verified.findings.push(Finding::Manifest { id, why });
            (manifest, None)
        }
    };
    manifests.into_iter().map(open).collect()
}

fn distinct_packs(opened: &[Opened]) -> Vec<PackRef> {
    let packs = opened.iter().flat_map(|(manifest, _)| manifest.packs());
    let by_name: BTreeMap<Digest, PackRef> = packs.map(|pack| (pack.name, *pack)).collect();
    by_name.into_values().collect()
}

fn read_packs(
    store: &Store,
    packs: &[PackRef],
    opened: &[Opened],
    progress: &dyn Progress,
) -> Read {
    let bodies = opened.iter().filter_map(|(_, bodies)| bodies.as_ref());
    let trees: HashSet<Digest, ByDigest> = bodies
        .flat_map(BTreeMap::values)
        .flat_map(|body| body.tree.iter().filter_map(|piece| piece.0))
        .collect();
    let read = Mutex::new(Read {
        good: HashSet::default(),
        kept: HashMap::default(),
        faults: Vec::new(),
        bad_contents: Vec::new(),
    });
    let total = packs.iter().map(|pack| pack.len_bytes).sum();
    let meter = Meter::new(progress, "verify", Some(total));
    let seen = |seen: Seen<'_>| {
        let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
        match seen {
            Seen::Content(digest, bytes) => {
                read.good.insert(digest);
                if trees.contains(&digest) {
                    read.kept.insert(digest, bytes.to_vec());
                }
            }
            Seen::BadPack(name, fault) => read.faults.push((name, fault)),
            Seen::BadContent { pack, content, why } => read.bad_contents.push((pack, content, why)),
        }
        true
    };
    let pass =
        Pass { store, meter: &meter, compares_bytes: true, wanted: &|_, _| true, seen: &seen };
    pass.run(packs);
    let mut read = read.into_inner().unwrap_or_else(PoisonError::into_inner);
    read.faults.sort_by_key(|(name, _)| *name);
    read
}

fn check_parts(
    store: &Store,
    manifest: &Manifest,
    bodies: Option<&Bodies>,
    read: &Read,
    verified: &mut Verified,
) {
    let id = &manifest.id;
    for part in &manifest.parts {
        let finding = |why: String| Finding::Part { id: id.clone(), part: part.name.clone(), why };
        match &part.outcome {
            Outcome::Captured => {}
            Outcome::Failed { why } => {
                verified.findings.push(finding(format!("was not captured: {why}")));
                continue;
            }
            Outcome::Skipped { .. } => continue,
        }
        let Some(bodies) = bodies else { continue };
        let Some(body) = bodies.get(&part.name) else {
            verified.findings.push(finding("has no list of contents".to_owned()));
            continue;
        };
        let tree = match read_tree(body, read) {
            Ok(tree) => tree,
            Err(why) => {
                verified.findings.push(finding(why));
                continue;
            }
        };
        let entries = u64::try_from(tree.entries.len()).unwrap_or(u64::MAX);
        if entries != part.entries {
            let why = format!("has {entries} entries, the manifest says {}", part.entries);
            verified.findings.push(finding(why));
        }
        let missing = missing(&tree, read);
        let wrong = if missing.is_empty() { means(store, id, part, tree) } else { missing };
        verified.findings.extend(wrong.into_iter().map(finding));
    }
}

fn means(store: &Store, id: &SnapshotId, part: &PartRecord, tree: Tree) -> Vec<String> {
    match View::open(store, id) {
        Ok(mut view) => {
            let mut reader = PartReader::of(&mut view, &part.name, tree);
            meaning::check(&part.kind, &mut reader)
        }
        Err(error) => vec![format!("cannot be read: {}", chain(&error))],
    }
}

fn read_tree(body: &PartBody, read: &Read) -> Result<Tree, String> {
    let mut text = Vec::new();
    for piece in &body.tree {
        let content = piece.0.and_then(|digest| read.kept.get(&digest));
        let content = content.ok_or("its list of entries is missing or damaged")?;
        text.extend_from_slice(content);
    }
    Tree::read(&text).map_err(|error| chain(&error))
}

/// Names entries whose contents are not all there.
fn missing(tree: &Tree, read: &Read) -> Vec<String> {
    let lacks =
        |piece: &crate::tree::Piece| piece.0.is_some_and(|digest| !read.good.contains(&digest));
    let lacking = tree.entries.iter().filter(|entry| entry.node.pieces().iter().any(lacks));
    let paths: Vec<String> = lacking.map(|entry| entry.path.shown()).collect();
    let mut named: Vec<String> =
        paths.iter().take(NAMED_MAX).map(|path| format!("lacks contents of `{path}`")).collect();
    let more = paths.len().saturating_sub(NAMED_MAX);
    named.extend((more > 0).then(|| format!("lacks contents of {more} more entries")));
    named
}
