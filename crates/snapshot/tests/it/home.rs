//! A store and a tree to capture, in a directory of their own.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use plimsoll_snapshot::plan::{Event, PlanSummary};
use plimsoll_snapshot::restore::{
    RestoreError, RestoreOptions, continue_restore, restore, undo_restore,
};
use plimsoll_snapshot::{
    CreateError, CreateOptions, Files, Manifest, Part, Protection, Quiet, SnapshotId, Store,
    StoreOptions, Verified, Watch, create, verify,
};

pub(crate) struct Home {
    dir: PathBuf,
    /// Removes the directory; a child uses that of its parent.
    _own: Option<tempfile::TempDir>,
    options: StoreOptions,
}

thread_local! {
    static NOW_SECS: Cell<u64> = const { Cell::new(1_790_000_000) };
}

/// A clock that only goes on when it is asked.
pub(crate) fn now() -> SystemTime {
    let secs = NOW_SECS.get() + 1;
    NOW_SECS.set(secs);
    SystemTime::UNIX_EPOCH + Duration::from_secs(secs)
}

impl Home {
    pub(crate) fn new() -> Self {
        // In memory where there is such a place: other processes' files need not be synced.
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let dir = dir.unwrap();
        let path = dir.path().to_owned();
        let home = Self { dir: path, _own: Some(dir), options: StoreOptions::default() };
        Store::create(home.store_dir(), &Protection::Clear, &home.options).unwrap();
        std::fs::create_dir(home.tree()).unwrap();
        home
    }

    /// The home of another process.
    pub(crate) fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), _own: None, options: StoreOptions::default() }
    }

    /// Keeps a copy of store and tree for [`Home::reset`].
    pub(crate) fn save(&self) {
        let saved = self.dir().join("saved");
        std::fs::create_dir(&saved).unwrap();
        copy(&[&self.store_dir(), &self.tree()], &saved);
    }

    /// Brings store and tree back to what was saved.
    pub(crate) fn reset(&self) {
        for dir in [self.store_dir(), self.tree()] {
            remove(&dir);
        }
        let saved = self.dir().join("saved");
        copy(&[&saved.join("store"), &saved.join("tree")], self.dir());
    }

    /// Lets something see every change of the file system from now on.
    pub(crate) fn watched(&self, watch: Arc<dyn Watch>) -> Self {
        let options = self.options.clone().with_watch(watch);
        Self { dir: self.dir.clone(), _own: None, options }
    }

    /// With one thread, so that changes come in the same order each time.
    pub(crate) fn single(&self) -> Self {
        let options = self.options.clone().with_threads(NonZeroUsize::MIN);
        Self { dir: self.dir.clone(), _own: None, options }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn tree(&self) -> PathBuf {
        self.dir().join("tree")
    }

    pub(crate) fn store_dir(&self) -> PathBuf {
        self.dir().join("store")
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(self.store_dir(), &self.options).unwrap()
    }

    pub(crate) fn create(&self) -> Result<Manifest, CreateError> {
        let mut parts = [Part::required("tree", Files::new([self.tree()]))];
        create(&self.store(), &mut parts, &CreateOptions::new(now(), "test 1"))
    }

    #[track_caller]
    pub(crate) fn created(&self) -> SnapshotId {
        let manifest = self.create().unwrap();
        assert!(manifest.is_good(), "{:?}", manifest.parts);
        manifest.id
    }

    pub(crate) fn restore(&self, id: &SnapshotId) -> Result<PlanSummary, RestoreError> {
        let observe = &mut |_: &Event<'_>| {};
        restore(&self.store(), id, &mut RestoreOptions::new(&now, "test 1", observe))
    }

    pub(crate) fn restore_into(
        &self,
        id: &SnapshotId,
        into: &Path,
    ) -> Result<PlanSummary, RestoreError> {
        let observe = &mut |_: &Event<'_>| {};
        let mut options = RestoreOptions::new(&now, "test 1", observe).with_into(into);
        restore(&self.store(), id, &mut options)
    }

    pub(crate) fn go_on(&self) -> Result<PlanSummary, RestoreError> {
        let observe = &mut |_: &Event<'_>| {};
        continue_restore(&self.store(), &mut RestoreOptions::new(&now, "test 1", observe))
    }

    pub(crate) fn undo(&self) -> Result<PlanSummary, RestoreError> {
        let observe = &mut |_: &Event<'_>| {};
        undo_restore(&self.store(), &mut RestoreOptions::new(&now, "test 1", observe))
    }

    pub(crate) fn ids(&self) -> Vec<SnapshotId> {
        self.store().list().unwrap().into_iter().map(|listing| listing.id).collect()
    }

    pub(crate) fn verify(&self) -> Verified {
        verify(&self.store(), &self.ids(), &Quiet).unwrap()
    }

    #[track_caller]
    pub(crate) fn assert_whole(&self, what: &str) {
        let verified = self.verify();
        assert!(verified.is_whole(), "{what}: {:?}", verified.findings);
    }
}

fn copy(from: &[&Path], to: &Path) {
    let status = Command::new("cp").arg("-a").args(from).arg(to).status().unwrap();
    assert!(status.success());
}

pub(crate) fn remove(path: &Path) {
    let status = Command::new("rm").arg("-rf").arg(path).status().unwrap();
    assert!(status.success());
}

/// Everything that is in the packs and manifests of a store, decoded, as text.
pub(crate) fn packed(home: &Home) -> String {
    let mut text = Vec::new();
    for listing in home.store().list().unwrap() {
        text.extend(serde_json::to_vec(&listing.manifest.unwrap()).unwrap());
    }
    for entry in std::fs::read_dir(home.store_dir().join("packs")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        text.extend_from_slice(&bytes);
        // Every frame of zstd in it, wherever it begins.
        for at in 0..bytes.len().saturating_sub(4) {
            if bytes[at..].starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
                let mut plain = Vec::new();
                let mut decoder = zstd::Decoder::new(&bytes[at..]).unwrap().single_frame();
                if std::io::copy(&mut decoder, &mut plain).is_ok() {
                    text.extend(plain);
                }
            }
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}
