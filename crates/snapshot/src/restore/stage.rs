//! Preparing what a restore will put in place: everything new lies beside its place, on the same
//! file system and on the disk, before the first old thing is touched.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::compare::{Difference, Differs};
use crate::digest::{ByDigest, Digest};
use crate::disk::{Disk, Meta, Owners, parent};
use crate::intake::STAGING_PREFIX;
use crate::pass::{Pass, Seen};
use crate::plan::StepError;
use crate::progress::Meter;
use crate::restore::finding;
use crate::tree::{Node, Piece, Tree, TreePath};
use crate::view::View;

/// A file that lists the units, the last thing that is written.
const UNITS: &str = "units";

/// Where one root's files are prepared, and where they belong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stage {
    /// The place of the root.
    pub(super) root: PathBuf,
    /// The directory of prepared files.
    pub(super) dir: PathBuf,
}

/// A change that is ready to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unit {
    /// What lies prepared under `n` gets its name; a file of that name is replaced.
    Put { n: usize, at: TreePath },
    /// A file takes the place of a directory, or the other way round.
    Swap { n: usize, at: TreePath },
    /// A file or link goes.
    Remove { at: TreePath },
    /// A directory goes, once it is empty.
    RemoveDir { at: TreePath },
}

impl Unit {
    pub(super) fn at(&self) -> &TreePath {
        match self {
            Self::Put { at, .. } | Self::Swap { at, .. } => at,
            Self::Remove { at } | Self::RemoveDir { at } => at,
        }
    }
}

/// A file to be written, perhaps from several contents.
struct File {
    path: PathBuf,
    meta: Meta,
    pieces: Vec<Piece>,
    left: AtomicU64,
}

/// A file and the byte where a content belongs.
type Place = (usize, u64);

pub(super) struct Staging<'a> {
    pub(super) disk: &'a Disk,
    /// Name of the plan, for names of directories.
    pub(super) name: &'a str,
    pub(super) wanted: &'a Tree,
    pub(super) changes: &'a [Differs<'a>],
    /// Roots as they are now, by the first names of paths.
    pub(super) roots: &'a [PathBuf],
    pub(super) owners: Owners,
}

/// What has to be prepared for one root.
#[derive(Default)]
struct Work {
    units: Vec<Unit>,
    dirs: Vec<PathBuf>,
    files: Vec<File>,
    symlinks: Vec<(PathBuf, TreePath, Meta)>,
    links: Vec<(TreePath, PathBuf)>,
    /// The last path at which a file takes the place of a directory, or the other way round.
    swapped: Option<TreePath>,
    /// Where paths of the tree lie prepared.
    places: HashMap<TreePath, PathBuf>,
}

impl Staging<'_> {
    /// Prepares everything and returns where it is.
    pub(super) fn run(&self, view: &View<'_>, meter: &Meter<'_>) -> Result<Vec<Stage>, StepError> {
        let mut stages = Vec::new();
        for (number, root) in self.roots.iter().enumerate() {
            let name = TreePath::new(crate::intake::root_name(number).as_bytes());
            let is_kept = self.wanted.get(&name).is_some_and(|entry| entry.node.is_dir());
            let dir = staging_dir(root, is_kept, &format!("{}-{number}", self.name));
            self.remove_old(&dir)?;
            let mut work = Work::default();
            for change in self.changes.iter().filter(|change| change.path().first() == name.bytes())
            {
                self.plan(&mut work, &dir, change);
            }
            if work.units.is_empty() {
                continue;
            }
            self.prepare(view, &work, &dir, meter).map_err(|error| {
                finding(&format!("cannot prepare files in `{}`", dir.display()), error)
            })?;
            stages.push(Stage { root: root.clone(), dir });
        }
        Ok(stages)
    }

    fn remove_old(&self, dir: &Path) -> Result<(), StepError> {
        self.disk
            .remove_tree(dir)
            .map_err(|error| finding(&format!("cannot remove `{}`", dir.display()), error))
    }

    /// Decides what a change needs.
    fn plan(&self, work: &mut Work, dir: &Path, change: &Differs<'_>) {
        let Some(after) = change.after else {
            let at = change.path().clone();
            // What was in a directory that changes places with a file goes with it. Its old path
            // may lead elsewhere by then: through a symbolic link that came in its place.
            if work.swapped.as_ref().is_some_and(|swapped| at.is_inside(swapped)) {
                return;
            }
            let is_dir = change.before.is_some_and(|before| before.node.is_dir());
            work.units.push(if is_dir { Unit::RemoveDir { at } } else { Unit::Remove { at } });
            return;
        };
        if matches!(change.what, Difference::Meta | Difference::Unknown) {
            return;
        }
        let above = after.path.parent().and_then(|parent| work.places.get(&parent));
        let place = match above.filter(|_| change.what == Difference::Added) {
            Some(above) => above.join(after.path.as_path().file_name().unwrap_or_default()),
            None => {
                let n = work.units.len();
                let at = after.path.clone();
                let was_dir = change.before.is_some_and(|before| before.node.is_dir());
                let is_swap = change.before.is_some() && was_dir != after.node.is_dir();
                if is_swap {
                    work.swapped = Some(at.clone());
                }
                work.units.push(if is_swap { Unit::Swap { n, at } } else { Unit::Put { n, at } });
                dir.join(n.to_string())
            }
        };
        work.places.insert(after.path.clone(), place.clone());
        match &after.node {
            Node::Dir { .. } => work.dirs.push(place),
            Node::File { meta, pieces, .. } => {
                let left = AtomicU64::new(count(pieces));
                let (meta, pieces) = (meta.meta(), pieces.clone());
                work.files.push(File { path: place, meta, pieces, left });
            }
            Node::Symlink { meta, target } => {
                work.symlinks.push((place, target.clone(), meta.meta()));
            }
            Node::HardLink { to } => work.links.push((to.clone(), place)),
            Node::Document { .. } | Node::Reference { .. } => {}
        }
    }

    fn prepare(
        &self,
        view: &View<'_>,
        work: &Work,
        dir: &Path,
        meter: &Meter<'_>,
    ) -> io::Result<()> {
        self.disk.make_dirs(parent(dir))?;
        self.disk.make_dir(dir)?;
        for place in &work.dirs {
            self.disk.make_dir(place)?;
        }
        self.write_files(view, &work.files, meter)?;
        for (place, target, meta) in &work.symlinks {
            self.disk.symlink(target.as_path(), place)?;
            self.disk.set_meta(place, meta, self.owners)?;
        }
        for (to, place) in &work.links {
            let staged = work.places.get(to).cloned();
            let number = to.first();
            let there = || {
                let index = std::str::from_utf8(number).ok().and_then(|n| n.parse::<usize>().ok());
                let root = index.and_then(|index| self.roots.get(index))?;
                Some(to.under(root))
            };
            let original = staged.or_else(there).ok_or(io::ErrorKind::NotFound)?;
            self.disk.link(&original, place)?;
        }
        let units = serde_json::to_vec(&work.units)?;
        let written = self.disk.create(&dir.join(UNITS))?;
        written.write_at(0, &units)?;
        let mut changed: BTreeSet<PathBuf> = work.places.values().cloned().collect();
        changed.extend([dir.to_owned(), dir.join(UNITS)]);
        self.disk.sync_changed(dir, &changed)?;
        self.disk.sync_dir(parent(dir))
    }

    fn write_files(&self, view: &View<'_>, files: &[File], meter: &Meter<'_>) -> io::Result<()> {
        let mut places: HashMap<Digest, Vec<Place>, ByDigest> = HashMap::default();
        for (index, file) in files.iter().enumerate() {
            let mut at = 0;
            for piece in &file.pieces {
                if let Some(digest) = piece.0 {
                    places.entry(digest).or_default().push((index, at));
                }
                at += piece.len();
            }
            // Files of one content are made when it is read.
            if !is_simple(&file.pieces) {
                let written = self.disk.create(&file.path)?;
                written.set_len(at)?;
                if count(&file.pieces) == 0 {
                    written.set_meta(&file.meta, self.owners)?;
                }
            }
        }
        let failed = Mutex::new(None);
        let seen = |seen: Seen<'_>| {
            let result = self.take(seen, files, &places);
            let is_fine = result.is_ok();
            if let Err(error) = result {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
            is_fine
        };
        let packs = view.packs_of(places.keys()).map_err(io::Error::other)?;
        // A content that two packs hold is taken from one of them.
        let wanted = |pack: &Digest, content: &Digest| {
            places.contains_key(content) && view.is_in(content, pack)
        };
        let store = view.store();
        let pass = Pass { store, meter, compares_bytes: false, wanted: &wanted, seen: &seen };
        pass.run(&packs);
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let lacking = files.iter().find(|file| file.left.load(Ordering::Acquire) > 0);
        lacking.map_or(Ok(()), |file| {
            let text = format!("the store lacks contents of `{}`", file.path.display());
            Err(io::Error::other(text))
        })
    }

    /// Writes a content wherever it belongs.
    fn take(
        &self,
        seen: Seen<'_>,
        files: &[File],
        places: &HashMap<Digest, Vec<Place>, ByDigest>,
    ) -> io::Result<()> {
        let (digest, bytes) = match seen {
            Seen::Content(digest, bytes) => (digest, bytes),
            Seen::BadPack(pack, fault) => {
                return Err(io::Error::other(format!("pack `{pack}` cannot be used: {fault:?}")));
            }
            Seen::BadContent { pack, why, .. } => {
                return Err(io::Error::other(format!("pack `{pack}` is damaged: {why}")));
            }
        };
        for (index, at) in places.get(&digest).into_iter().flatten() {
            let Some(file) = files.get(*index) else { continue };
            let written = if is_simple(&file.pieces) {
                self.disk.create(&file.path)?
            } else {
                self.disk.open(&file.path)?
            };
            written.write_at(*at, bytes)?;
            if file.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                written.set_meta(&file.meta, self.owners)?;
            }
        }
        Ok(())
    }
}

/// Whether a file is exactly one content.
fn is_simple(pieces: &[Piece]) -> bool {
    matches!(pieces, [Piece(Some(_), _)])
}

fn count(pieces: &[Piece]) -> u64 {
    let contents = pieces.iter().filter(|piece| piece.0.is_some()).count();
    u64::try_from(contents).unwrap_or(u64::MAX)
}

/// In the root, if that is a directory and stays one, and so on its file system; or beside it.
fn staging_dir(root: &Path, is_kept: bool, name: &str) -> PathBuf {
    let is_dir = fs::symlink_metadata(root).is_ok_and(|metadata| metadata.is_dir());
    let base = if is_dir && is_kept { root } else { parent(root) };
    base.join(format!("{STAGING_PREFIX}{name}"))
}

/// Reads the list of units; `None` once all of them were done.
pub(super) fn units(dir: &Path) -> io::Result<Option<Vec<Unit>>> {
    match fs::read(dir.join(UNITS)) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes what a plan of that name prepared for any root.
pub(super) fn remove_stages(disk: &Disk, roots: &[PathBuf], name: &str) -> io::Result<()> {
    for (number, root) in roots.iter().enumerate() {
        for base in [root.as_path(), parent(root)] {
            let dir = base.join(format!("{STAGING_PREFIX}{name}-{number}"));
            if dir.is_dir() {
                disk.remove_tree(&dir)?;
            }
        }
    }
    Ok(())
}
