//! Putting prepared files in place, one rename each.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::finding;
use super::stage::{Stage, Unit, units};
use crate::compare::same_meta;
use crate::disk::{Disk, Owners, parent};
use crate::intake::{meta, root_name};
use crate::plan::StepError;
use crate::tree::{Entry, Tree, TreePath};

pub(super) struct Apply<'a> {
    pub(super) disk: &'a Disk,
    pub(super) wanted: &'a Tree,
    /// Roots as they are now, by the first names of paths.
    pub(super) roots: &'a [PathBuf],
    pub(super) owners: Owners,
}

impl Apply<'_> {
    /// Makes every change that is prepared and not made yet, and then sets modes and times.
    pub(super) fn run(&self, stages: &[Stage]) -> Result<(), StepError> {
        for stage in stages {
            let failed = |error| {
                finding(&format!("cannot put files in place in `{}`", stage.root.display()), error)
            };
            let mut changed = BTreeSet::new();
            if let Some(units) = units(&stage.dir).map_err(failed)? {
                self.units(stage, &units).map_err(failed)?;
                let place = |unit: &Unit| parent(&unit.at().under(&stage.root)).to_owned();
                changed.extend(units.iter().map(place));
            }
            // The names in place first: a power cut may lose the removal, not the file.
            self.disk.sync_changed(&stage.root, &changed).map_err(failed)?;
            self.disk.remove_tree(&stage.dir).map_err(failed)?;
            self.disk.sync_dir(parent(&stage.dir)).map_err(failed)?;
        }
        let changed = self.metas()?;
        for (number, root) in self.roots.iter().enumerate().filter(|(_, root)| root.exists()) {
            let failed = |error| finding(&format!("cannot sync `{}`", root.display()), error);
            let number = root_name(number);
            let own = changed.iter().filter(|(first, _)| *first == number).map(|(_, path)| path);
            self.disk.sync_changed(root, &own.cloned().collect()).map_err(failed)?;
        }
        Ok(())
    }

    fn units(&self, stage: &Stage, units: &[Unit]) -> io::Result<()> {
        let place = |at: &TreePath| at.under(&stage.root);
        for unit in units {
            match unit {
                Unit::Put { n, at } => self.put(&stage.dir.join(n.to_string()), &place(at))?,
                Unit::Swap { n, at } => self.swap(&stage.dir.join(n.to_string()), &place(at))?,
                Unit::Remove { .. } | Unit::RemoveDir { .. } => {}
            }
        }
        // What goes, goes last and from below, so that a directory is empty when its turn comes.
        for unit in units.iter().rev() {
            let path = place(unit.at());
            let is_removal = matches!(unit, Unit::Remove { .. } | Unit::RemoveDir { .. });
            if !is_removal || inode(&path)?.is_none() {
                continue;
            }
            self.open_up(parent(&path))?;
            if matches!(unit, Unit::Remove { .. }) {
                self.disk.remove_file(&path)?;
                continue;
            }
            match self.disk.remove_dir(&path) {
                // Something in it is not ours to remove.
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Renames what is prepared, unless that was done before.
    fn put(&self, prepared: &Path, place: &Path) -> io::Result<()> {
        let Some(from) = inode(prepared)? else { return Ok(()) };
        self.open_up(parent(place))?;
        // After a power cut both names may be there; a rename of one to the other does nothing.
        if inode(place)? == Some(from) {
            return self.disk.remove_file(prepared);
        }
        // A directory is only put where none was, so this one is in its place already.
        if prepared.is_dir() && place.is_dir() {
            return Ok(());
        }
        self.disk.rename(prepared, place)
    }

    /// Lets a file and a directory change places, unless that was done before.
    fn swap(&self, prepared: &Path, place: &Path) -> io::Result<()> {
        let sort = |path: &Path| fs::symlink_metadata(path).map(|metadata| metadata.is_dir());
        let Ok(is_dir) = sort(prepared) else { return Ok(()) };
        let wanted = self.wanted_sort(place);
        if wanted != Some(is_dir) {
            return Ok(());
        }
        self.open_up(parent(place))?;
        match sort(place) {
            Ok(_) => self.disk.exchange(prepared, place),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.disk.rename(prepared, place)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether a directory is wanted at a place.
    fn wanted_sort(&self, place: &Path) -> Option<bool> {
        let entries = self.wanted.entries.iter();
        let found = entries.into_iter().find(|entry| self.place(entry).as_deref() == Some(place));
        found.map(|entry| entry.node.is_dir())
    }

    fn place(&self, entry: &Entry) -> Option<PathBuf> {
        let number = std::str::from_utf8(entry.path.first()).ok()?.parse::<usize>().ok()?;
        let root = self.roots.get(number)?;
        Some(entry.path.under(root))
    }

    /// Gives ourselves the right to change a directory; its mode is set again at the end.
    fn open_up(&self, dir: &Path) -> io::Result<()> {
        let Ok(found) = fs::symlink_metadata(dir) else { return Ok(()) };
        if !found.is_dir() || found.mode() & 0o300 == 0o300 || self.owners == Owners::Count {
            return Ok(());
        }
        let mut open = meta(&found);
        open.mode |= 0o700;
        self.disk.set_meta(dir, &open, Owners::Ignored)
    }

    /// Sets what is not as wanted, from below: a directory's time changes with what is in it.
    /// Returns what was set, with the first name of its path.
    fn metas(&self) -> Result<Vec<(String, PathBuf)>, StepError> {
        let mut set = Vec::new();
        for entry in self.wanted.entries.iter().rev() {
            let (Some(wanted), Some(path)) = (entry.node.meta(), self.place(entry)) else {
                continue;
            };
            let failed = |error| {
                finding(&format!("cannot set mode and time of `{}`", path.display()), error)
            };
            let found = match fs::symlink_metadata(&path) {
                Ok(found) => found,
                // The check that follows says that it is missing.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
            };
            let is_same_sort = found.is_dir() == entry.node.is_dir();
            // The mode of a symbolic link is what the system says.
            let found_meta = meta(&found);
            if is_same_sort && !same_meta(&found_meta, &wanted, self.owners) {
                self.disk.set_meta(&path, &wanted, self.owners).map_err(failed)?;
                set.push((String::from_utf8_lossy(entry.path.first()).into_owned(), path));
            }
        }
        Ok(set)
    }
}

fn inode(path: &Path) -> io::Result<Option<(u64, u64)>> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some((found.dev(), found.ino()))),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
