//! Writing packs anew of which little is needed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use super::PruneError;
use crate::digest::{ByDigest, Digest};
use crate::index::Index;
use crate::intake::{Mode, Session};
use crate::manifest::{Manifest, PackRef};
use crate::objects::{ObjectError, Put};
use crate::pass::{Pass, Seen};
use crate::progress::{Meter, Quiet};
use crate::secrets::Secrets;
use crate::store::{Store, StoreError};
use crate::view::{ReadError, View};

type Contents = HashSet<Digest, ByDigest>;

/// Writes what is needed of wasteful packs into new ones, and lets the manifests name those.
/// Returns how long the new packs are, in bytes.
pub(super) fn repack(store: &Store, kept: &mut [Manifest]) -> Result<u64, PruneError> {
    if !store.can_read() {
        return Ok(0);
    }
    let read = |source| PruneError::Read { source };
    let mut needed_by: Vec<Contents> = Vec::new();
    for manifest in kept.iter() {
        needed_by.push(contents(store, manifest).map_err(read)?);
    }
    let needed: Contents = needed_by.iter().flatten().copied().collect();
    let wasteful = wasteful(store, kept, &needed).map_err(|source| PruneError::Store { source })?;
    if wasteful.is_empty() {
        return Ok(0);
    }
    let moved = rewrite(store, &wasteful, &needed)?;
    for (manifest, needs) in kept.iter_mut().zip(&needed_by) {
        let is_wasteful = |pack: &PackRef| wasteful.iter().any(|gone| gone.name == pack.name);
        if !manifest.packs().iter().any(is_wasteful) {
            continue;
        }
        let mut packs: BTreeMap<Digest, PackRef> =
            manifest.packs().iter().map(|pack| (pack.name, *pack)).collect();
        packs.retain(|_, pack| !is_wasteful(pack));
        packs.extend(needs.iter().filter_map(|d| moved.get(d)).map(|pack| (pack.name, *pack)));
        manifest.set_packs(packs.into_values().collect());
        store
            .put_manifest(manifest, Put::Replace)
            .map_err(|source| PruneError::Change { source })?;
    }
    let new: BTreeMap<Digest, u64> =
        moved.values().map(|pack| (pack.name, pack.len_bytes)).collect();
    Ok(new.values().sum())
}

/// Everything that a snapshot needs.
fn contents(store: &Store, manifest: &Manifest) -> Result<Contents, ReadError> {
    let mut view = View::open(store, &manifest.id)?;
    let mut needed = Contents::default();
    let names: Vec<String> = manifest.parts.iter().map(|part| part.name.clone()).collect();
    for name in names {
        let Ok(body) = view.body(&name) else { continue };
        needed.extend(body.tree.iter().filter_map(|piece| piece.0));
        let tree = view.tree(&name)?;
        let pieces = tree.entries.iter().flat_map(|entry| entry.node.pieces());
        needed.extend(pieces.filter_map(|piece| piece.0));
    }
    Ok(needed)
}

/// Packs of which less than half is needed.
fn wasteful(
    store: &Store,
    kept: &[Manifest],
    needed: &Contents,
) -> Result<Vec<PackRef>, StoreError> {
    let packs: BTreeMap<Digest, PackRef> =
        kept.iter().flat_map(Manifest::packs).map(|pack| (pack.name, *pack)).collect();
    let mut wasteful = Vec::new();
    for pack in packs.into_values() {
        let records = store.table(&pack.name)?;
        let len = |is_wanted: &dyn Fn(&Digest) -> bool| -> u64 {
            let records = records.iter().filter(|record| is_wanted(&record.digest));
            records.map(|record| u64::from(record.stored_len)).sum()
        };
        if len(&|digest| needed.contains(digest)) * 2 < len(&|_| true) {
            wasteful.push(pack);
        }
    }
    Ok(wasteful)
}

/// Returns the new pack of each content.
fn rewrite(
    store: &Store,
    wasteful: &[PackRef],
    needed: &Contents,
) -> Result<HashMap<Digest, PackRef, ByDigest>, PruneError> {
    let change = |source| PruneError::Change { source };
    let failed = |text: String| ObjectError::Read {
        name: "packs".to_owned(),
        source: std::io::Error::other(text),
    };
    let mode = Mode::Copy;
    let session = Session::new(store, mode, (Secrets::default(), &[]), Index::default(), &Quiet)
        .map_err(|error| change(failed(error.to_string())))?;
    let error = Mutex::new(None);
    let moved = Mutex::new(Contents::default());
    let seen = |seen: Seen<'_>| {
        let result = match seen {
            Seen::Content(digest, bytes) => {
                moved.lock().unwrap_or_else(PoisonError::into_inner).insert(digest);
                let mut worker = session.worker(0);
                session.keep(&mut worker, bytes).map(drop).map_err(|e| failed(e.to_string()))
            }
            Seen::BadPack(pack, fault) => Err(failed(format!("pack `{pack}`: {fault:?}"))),
            Seen::BadContent { pack, why, .. } => Err(failed(format!("pack `{pack}`: {why}"))),
        };
        let is_fine = result.is_ok();
        if let Err(first) = result {
            error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(first);
        }
        is_fine
    };
    let wanted = |_: &Digest, content: &Digest| needed.contains(content);
    let meter = Meter::new(&Quiet, "prune", None);
    Pass { store, meter: &meter, compares_bytes: true, wanted: &wanted, seen: &seen }.run(wasteful);
    if let Some(source) = error.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(change(source));
    }
    session.flush().map_err(change)?;
    let moved = moved.into_inner().unwrap_or_else(PoisonError::into_inner);
    let index = session.index();
    Ok(moved.iter().filter_map(|digest| Some((*digest, index.pack_of(digest)?))).collect())
}
