//! Looking at what snapshots hold, and in what two of them differ.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde::Serialize;

use crate::capture::{CaptureError, Part, Taken};
use crate::compare::{Difference, compare};
use crate::disk::Owners;
use crate::id::SnapshotId;
use crate::index::Index;
use crate::intake::{Intake, Mode, Session, scan};
use crate::progress::Progress;
use crate::secrets::Secrets;
use crate::store::Store;
use crate::tree::{Node, Tree};
use crate::view::{PartReader, ReadError, View};

/// Something of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ListedEntry {
    /// Its path: below the root of its number, or of a document.
    pub path: String,
    /// What it is: `dir`, `file`, `symlink`, `hard_link`, `document` or `reference`.
    pub sort: &'static str,
    /// Length of its contents, in bytes.
    pub len_bytes: u64,
    /// Permission bits, where it has some.
    pub mode: Option<u32>,
    /// Where a link leads, or where a reference is to be had.
    pub to: Option<String>,
}

/// One thing in which two snapshots differ, or a snapshot and the present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Changed {
    /// The part.
    pub part: String,
    /// The path, empty for the part as a whole.
    pub path: String,
    /// How, in a word or two.
    pub what: String,
}

/// Returns the facts that captures stated, by part.
///
/// # Errors
///
/// When the snapshot cannot be read.
pub fn facts(
    store: &Store,
    id: &SnapshotId,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, ReadError> {
    let view = View::open(store, id)?;
    let parts = view.manifest.parts.iter();
    let facts = parts
        .filter_map(|part| Some((part.name.clone(), view.body(&part.name).ok()?.facts.clone())));
    Ok(facts.collect())
}

/// Lists what a part holds.
///
/// # Errors
///
/// When the part cannot be read.
pub fn entries(store: &Store, id: &SnapshotId, part: &str) -> Result<Vec<ListedEntry>, ReadError> {
    let tree = View::open(store, id)?.tree(part)?;
    let listed = tree.entries.iter().map(|entry| {
        let (sort, to) = match &entry.node {
            Node::Dir { .. } => ("dir", None),
            Node::File { .. } => ("file", None),
            Node::Symlink { target, .. } => ("symlink", Some(target.shown())),
            Node::HardLink { to } => ("hard_link", Some(to.shown())),
            Node::Document { .. } => ("document", None),
            Node::Reference { by } => ("reference", Some(by.clone())),
        };
        let mode = entry.node.meta().map(|meta| meta.mode);
        ListedEntry { path: entry.path.shown(), sort, len_bytes: entry.node.len_bytes(), mode, to }
    });
    Ok(listed.collect())
}

/// Writes a document of a part to `out`.
///
/// # Errors
///
/// When there is none, or it cannot be read or written.
pub fn copy_document(
    store: &Store,
    id: &SnapshotId,
    (part, path): (&str, &str),
    out: &mut dyn Write,
) -> Result<(), ReadError> {
    let mut view = View::open(store, id)?;
    PartReader::new(&mut view, part)?.copy_to(path, out)
}

/// Returns what leads from one snapshot to another.
///
/// # Errors
///
/// When one of them cannot be read.
pub fn diff(
    store: &Store,
    before: &SnapshotId,
    after: &SnapshotId,
) -> Result<Vec<Changed>, ReadError> {
    let (mut one, mut other) = (View::open(store, before)?, View::open(store, after)?);
    let names: BTreeSet<String> = [&one, &other]
        .iter()
        .flat_map(|view| view.manifest.parts.iter().map(|part| part.name.clone()))
        .collect();
    let mut changed = Vec::new();
    for name in names {
        let trees = (one.tree(&name), other.tree(&name));
        match trees {
            (Ok(before), Ok(after)) => changed.extend(of(&name, &before, &after)),
            (Err(error), _) if is_absent(&error) => {
                changed.push(whole(&name, &format!("not in `{before}`")));
            }
            (_, Err(error)) if is_absent(&error) => {
                changed.push(whole(&name, &format!("not in `{after}`")));
            }
            (Err(error), _) | (_, Err(error)) => return Err(error),
        }
    }
    Ok(changed)
}

/// Returns what leads from a snapshot to the present. Parts of files are looked for where they
/// were; other parts are captured by one of `parts` that has their name.
///
/// # Errors
///
/// When the snapshot cannot be read. A part whose present cannot be had is a change.
pub fn diff_now(
    store: &Store,
    before: &SnapshotId,
    parts: &mut [Part<'_>],
    progress: &dyn Progress,
) -> Result<Vec<Changed>, ReadError> {
    let mut view = View::open(store, before)?;
    let names: Vec<String> = view.manifest.parts.iter().map(|part| part.name.clone()).collect();
    let mut changed = Vec::new();
    for name in names {
        let tree = match view.tree(&name) {
            Ok(tree) => tree,
            Err(error) if is_absent(&error) => {
                changed.push(whole(&name, &format!("not in `{before}`")));
                continue;
            }
            Err(error) => return Err(error),
        };
        let scope = view.body(&name)?.scope.clone();
        let part = parts.iter_mut().find(|part| part.name == name);
        let now = match part {
            Some(part) => present(store, part, progress),
            None if scope.roots.is_empty() => {
                changed.push(whole(&name, "not compared: its source is not named"));
                continue;
            }
            None => scan(store, &scope, progress),
        };
        match now {
            Ok(now) => changed.extend(of(&name, &tree, &now)),
            Err(error) => changed.push(whole(&name, &crate::store::chain(&error))),
        }
    }
    Ok(changed)
}

/// Captures a part for a comparison only.
fn present(
    store: &Store,
    part: &mut Part<'_>,
    progress: &dyn Progress,
) -> Result<Tree, CaptureError> {
    let secrets = (Secrets::default(), &[][..]);
    let session = Session::new(store, Mode::Compare, secrets, Index::default(), progress)
        .map_err(|source| CaptureError::new("cannot prepare to read").with_source(source))?;
    let mut intake = Intake::new(&session, &part.name);
    match part.capture.capture(&mut intake)? {
        Taken::Whole => {}
        Taken::Nothing { .. } => intake.tree = Tree::default(),
    }
    let mut tree = intake.tree;
    tree.sort();
    Ok(tree)
}

fn of(part: &str, before: &Tree, after: &Tree) -> Vec<Changed> {
    let differs = compare(before, after, Owners::Count);
    let changed = |differs: &crate::compare::Differs<'_>| Changed {
        part: part.to_owned(),
        path: differs.path().shown(),
        what: differs.what.word().to_owned(),
    };
    // What is by reference in both is the same as far as anybody can tell.
    differs.iter().filter(|differs| differs.what != Difference::Unknown).map(changed).collect()
}

fn whole(part: &str, what: &str) -> Changed {
    Changed { part: part.to_owned(), path: String::new(), what: what.to_owned() }
}

fn is_absent(error: &ReadError) -> bool {
    matches!(error, ReadError::NoPart { .. } | ReadError::NotCaptured { .. })
}
