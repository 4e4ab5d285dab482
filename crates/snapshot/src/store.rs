//! A store: a directory or a bucket with packs and manifests.

mod error;
mod tables;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_durable::Lock;
use serde::{Deserialize, Serialize};

pub(crate) use error::chain;
pub use error::{LockedError, StoreError};

use crate::disk::{Disk, Watch};
use crate::framed;
use crate::id::SnapshotId;
use crate::manifest::{Manifest, SCHEMA_VERSION};
#[cfg(feature = "object-store")]
use crate::objects::{BucketOptions, RemoteObjects};
use crate::objects::{DirObjects, ObjectError, Objects, Put};
use crate::seal::{Protection, Sealing};

const SETTINGS: &str = "store";
const SETTINGS_WORD: &str = "plimsoll-store";
const MANIFESTS: &str = "snapshots";
pub(crate) const PACKS: &str = "packs";
const LOCK: &str = "lock";
/// More threads than that read and compress no faster than the disks.
const THREADS_MAX: usize = 8;

/// How a store is opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoreOptions {
    /// File with the identity that reads a sealed store. Default none: what is sealed can then
    /// be written and its bytes verified, but not read.
    pub identity: Option<PathBuf>,
    /// Who shall be able to read what is written from now on. Default: as when it was made.
    pub recipients: Option<Vec<String>>,
    /// Where to keep what makes the next snapshot fast. Default: in the directory of a store
    /// that is not sealed, nowhere otherwise, as it says which contents a snapshot has.
    pub cache_dir: Option<PathBuf>,
    /// Threads that read and compress. Default: as many as processors, at most eight.
    pub threads: Option<NonZeroUsize>,
    /// How long to wait while another process writes. Default 0: fail at once and say who.
    pub lock_wait: Duration,
    watch: Option<Arc<dyn Watch>>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            identity: None,
            recipients: None,
            cache_dir: None,
            threads: None,
            lock_wait: Duration::ZERO,
            watch: None,
        }
    }
}

impl StoreOptions {
    /// Sets [`StoreOptions::identity`].
    #[must_use]
    pub fn with_identity(mut self, file: impl Into<PathBuf>) -> Self {
        self.identity = Some(file.into());
        self
    }

    /// Sets [`StoreOptions::recipients`].
    #[must_use]
    pub fn with_recipients(mut self, recipients: impl IntoIterator<Item = String>) -> Self {
        self.recipients = Some(recipients.into_iter().collect());
        self
    }

    /// Sets [`StoreOptions::cache_dir`].
    #[must_use]
    pub fn with_cache_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(dir.into());
        self
    }

    /// Sets [`StoreOptions::threads`].
    #[must_use]
    pub fn with_threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Sets [`StoreOptions::lock_wait`].
    #[must_use]
    pub fn with_lock_wait(mut self, wait: Duration) -> Self {
        self.lock_wait = wait;
        self
    }

    /// Lets `watch` see every change of the file system before it is made.
    #[must_use]
    pub fn with_watch(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = Some(watch);
        self
    }
}

/// What a store says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    schema_version: u32,
    /// Random, so that two stores are never taken for one.
    store_id: String,
    /// Who may read; none means everybody.
    recipients: Option<Vec<String>>,
}

/// A store of snapshots.
#[derive(Debug)]
pub struct Store {
    objects: Box<dyn Objects>,
    /// For stores that are directories.
    dir: Option<PathBuf>,
    store_id: String,
    sealing: Sealing,
    cache_dir: Option<PathBuf>,
    threads: NonZeroUsize,
    lock_wait: Duration,
    disk: Disk,
}

/// A snapshot of a store, or why there is something that is none.
#[derive(Debug)]
#[non_exhaustive]
pub struct Listing {
    /// Its name.
    pub id: SnapshotId,
    /// What its manifest says, or why that cannot be read.
    pub manifest: Result<Manifest, StoreError>,
}

impl Store {
    /// Makes a store in `dir`, which is made too and which only its owner may enter.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] if there is one, and whatever the directory or the keys refuse.
    pub fn create(
        dir: impl Into<PathBuf>,
        protection: &Protection,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        let dir = dir.into();
        let disk = disk(options);
        if dir.join(SETTINGS).exists() {
            return Err(StoreError::Exists { dir });
        }
        let sealing = Sealing::new(protection, options.identity.as_deref())
            .map_err(|source| StoreError::Key { source })?;
        DirObjects::create(&dir, &disk)
            .map_err(|source| StoreError::Create { dir: dir.clone(), source })?;
        restrict(&dir)?;
        let objects = Box::new(DirObjects::new(dir.clone(), disk.clone()));
        let settings = new_settings(protection)?;
        write_settings(objects.as_ref(), &settings)?;
        Ok(Self::assemble(objects, Some(dir), settings, sealing, options))
    }

    /// Opens the store in `dir`.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoStore`] if there is none; [`StoreError::TooOpen`] if others may enter the
    /// directory; [`StoreError::Settings`] if a newer program made it; whatever the keys refuse.
    pub fn open(dir: impl Into<PathBuf>, options: &StoreOptions) -> Result<Self, StoreError> {
        let dir = dir.into();
        let objects = Box::new(DirObjects::new(dir.clone(), disk(options)));
        let settings = read_settings(objects.as_ref()).map_err(|error| match error {
            StoreError::Object { source: ObjectError::Missing { .. } } => {
                StoreError::NoStore { place: dir.display().to_string() }
            }
            other => other,
        })?;
        refuse_open_dir(&dir)?;
        let sealing = sealing(&settings, options)?;
        Ok(Self::assemble(objects, Some(dir), settings, sealing, options))
    }

    /// Makes a store in a bucket, by a URL such as `s3://bucket/prefix`.
    ///
    /// # Errors
    ///
    /// As [`Store::create`].
    #[cfg(feature = "object-store")]
    pub fn create_in(
        url: &str,
        bucket: &BucketOptions,
        protection: &Protection,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        let sealing = Sealing::new(protection, options.identity.as_deref())
            .map_err(|source| StoreError::Key { source })?;
        let objects = remote(url, bucket)?;
        let settings = new_settings(protection)?;
        write_settings(objects.as_ref(), &settings).map_err(|error| match error {
            StoreError::Object { source: ObjectError::Exists { .. } } => {
                StoreError::Exists { dir: url.into() }
            }
            other => other,
        })?;
        Ok(Self::assemble(objects, None, settings, sealing, options))
    }

    /// Opens a store in a bucket.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    #[cfg(feature = "object-store")]
    pub fn open_in(
        url: &str,
        bucket: &BucketOptions,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        let objects = remote(url, bucket)?;
        let settings = read_settings(objects.as_ref()).map_err(|error| match error {
            StoreError::Object { source: ObjectError::Missing { .. } } => {
                StoreError::NoStore { place: url.to_owned() }
            }
            other => other,
        })?;
        let sealing = sealing(&settings, options)?;
        Ok(Self::assemble(objects, None, settings, sealing, options))
    }

    fn assemble(
        objects: Box<dyn Objects>,
        dir: Option<PathBuf>,
        settings: Settings,
        sealing: Sealing,
        options: &StoreOptions,
    ) -> Self {
        let own_cache = dir.as_ref().filter(|_| !sealing.is_sealed()).map(|dir| dir.join("cache"));
        let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let threads_max = const { NonZeroUsize::new(THREADS_MAX).expect("it is not zero") };
        Self {
            objects,
            dir,
            cache_dir: options
                .cache_dir
                .clone()
                .map(|dir| dir.join(&settings.store_id))
                .or(own_cache),
            store_id: settings.store_id,
            sealing,
            threads: options.threads.unwrap_or(processors).min(threads_max),
            lock_wait: options.lock_wait,
            disk: disk(options),
        }
    }

    /// Returns the random name by which this store is told from others.
    #[must_use]
    pub fn store_id(&self) -> &str {
        &self.store_id
    }

    /// Tells whether only the holder of a key can read what it holds.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.sealing.is_sealed()
    }

    /// Tells whether its contents can be read here: it is not sealed, or an identity was given.
    #[must_use]
    pub fn can_read(&self) -> bool {
        self.sealing.can_open()
    }

    /// Returns its directory, if it is one.
    #[must_use]
    pub fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// Lists the snapshots, oldest first, also those whose manifest cannot be read.
    ///
    /// # Errors
    ///
    /// When the store cannot be listed.
    pub fn list(&self) -> Result<Vec<Listing>, StoreError> {
        let ids = self.ids()?;
        Ok(ids.into_iter().map(|id| Listing { manifest: self.manifest(&id), id }).collect())
    }

    /// Returns the names of the snapshots, oldest first.
    pub(crate) fn ids(&self) -> Result<Vec<SnapshotId>, StoreError> {
        let listed =
            self.objects.list(MANIFESTS).map_err(|source| StoreError::Object { source })?;
        Ok(listed.iter().filter_map(|object| object.name.parse().ok()).collect())
    }

    /// Reads a snapshot's manifest.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSnapshot`] if there is none, [`StoreError::Manifest`] if it is damaged.
    pub fn manifest(&self, id: &SnapshotId) -> Result<Manifest, StoreError> {
        let mut file = Vec::new();
        self.objects.get(&manifest_name(id), &mut file).map_err(|error| match error {
            ObjectError::Missing { .. } => StoreError::NoSnapshot { wanted: id.to_string() },
            source => StoreError::Object { source },
        })?;
        Manifest::read(&file, id).map_err(|source| StoreError::Manifest { id: id.clone(), source })
    }

    /// Finds a snapshot by its name, the beginning of it, a tag, or `latest`, the newest
    /// good one that was not taken by a restore before it began.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSnapshot`] if none fits, [`StoreError::Ambiguous`] if a beginning fits
    /// several; a tag means the newest that has it.
    pub fn find(&self, wanted: &str) -> Result<SnapshotId, StoreError> {
        let ids = self.ids()?;
        let by_name: Vec<_> = ids.iter().filter(|id| id.as_str().starts_with(wanted)).collect();
        match by_name.as_slice() {
            [one] if !wanted.is_empty() => return Ok((*one).clone()),
            [] => {}
            _ if !wanted.is_empty() => {
                let found = by_name.iter().take(5).map(ToString::to_string).collect();
                return Err(StoreError::Ambiguous { wanted: wanted.to_owned(), found });
            }
            _ => {}
        }
        for id in ids.iter().rev() {
            let Ok(manifest) = self.manifest(id) else { continue };
            let fits = match wanted {
                "latest" => manifest.is_good() && !manifest.is_of_plan(),
                tag => manifest.tags.iter().any(|own| own == tag),
            };
            if fits {
                return Ok(id.clone());
            }
        }
        Err(StoreError::NoSnapshot { wanted: wanted.to_owned() })
    }

    pub(crate) fn objects(&self) -> &dyn Objects {
        self.objects.as_ref()
    }

    pub(crate) fn sealing(&self) -> &Sealing {
        &self.sealing
    }

    pub(crate) fn disk(&self) -> &Disk {
        &self.disk
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads.get()
    }

    pub(crate) fn cache_dir(&self) -> Option<&Path> {
        self.cache_dir.as_deref()
    }

    /// Whether whoever writes is alone.
    pub(crate) fn has_lock(&self) -> bool {
        self.dir.is_some()
    }

    /// Takes the right to write and removes what killed writers left.
    pub(crate) fn lock(&self, purpose: &str) -> Result<Writer, LockedError> {
        let Some(dir) = &self.dir else { return Ok(Writer { _lock: None }) };
        let lock = Lock::acquire(dir.join(LOCK), purpose, self.lock_wait)
            .map_err(|source| LockedError::of(&source))?;
        DirObjects::new(dir.clone(), self.disk.clone())
            .remove_leftovers()
            .map_err(|source| LockedError::Leftovers { dir: dir.clone(), source })?;
        Ok(Writer { _lock: Some(lock) })
    }

    pub(crate) fn put_manifest(&self, manifest: &Manifest, put: Put) -> Result<(), ObjectError> {
        let name = manifest_name(&manifest.id);
        let bytes =
            manifest.write().map_err(|source| ObjectError::Write { name: name.clone(), source })?;
        self.objects.put(&name, &bytes, put)
    }

    pub(crate) fn delete_manifest(&self, id: &SnapshotId) -> Result<(), ObjectError> {
        self.objects.delete(&manifest_name(id))
    }

    /// Checks the file that says what the store is.
    pub(crate) fn check_settings(&self) -> Result<(), StoreError> {
        read_settings(self.objects.as_ref()).map(drop)
    }
}

/// The right to write to a store, until it is dropped.
#[derive(Debug)]
pub(crate) struct Writer {
    _lock: Option<Lock>,
}

#[cfg(feature = "object-store")]
fn remote(url: &str, bucket: &BucketOptions) -> Result<Box<dyn Objects>, StoreError> {
    let objects = RemoteObjects::open(url, bucket);
    let failed = |source| StoreError::Bucket { url: url.to_owned(), source };
    Ok(Box::new(objects.map_err(failed)?))
}

fn disk(options: &StoreOptions) -> Disk {
    options.watch.clone().map_or_else(Disk::default, Disk::watched)
}

fn manifest_name(id: &SnapshotId) -> String {
    format!("{MANIFESTS}/{id}")
}

fn new_settings(protection: &Protection) -> Result<Settings, StoreError> {
    let mut random = [0_u8; 8];
    rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())
        .map_err(|source| StoreError::Random { source: source.into() })?;
    Ok(Settings {
        schema_version: SCHEMA_VERSION,
        store_id: format!("{:016x}", u64::from_be_bytes(random)),
        recipients: match protection {
            Protection::Clear => None,
            Protection::Recipients(recipients) => Some(recipients.clone()),
        },
    })
}

fn write_settings(objects: &dyn Objects, settings: &Settings) -> Result<(), StoreError> {
    let text = serde_json::to_vec(settings)
        .map_err(|error| ObjectError::Write { name: SETTINGS.to_owned(), source: error.into() });
    text.and_then(|text| {
        objects.put(SETTINGS, &framed::write(SETTINGS_WORD, SCHEMA_VERSION, &text), Put::New)
    })
    .map_err(|source| StoreError::Object { source })
}

fn read_settings(objects: &dyn Objects) -> Result<Settings, StoreError> {
    let mut file = Vec::new();
    objects.get(SETTINGS, &mut file).map_err(|source| StoreError::Object { source })?;
    let text = framed::read(&file, SETTINGS_WORD, SCHEMA_VERSION)
        .map_err(|source| StoreError::Settings { source })?;
    serde_json::from_slice(text).map_err(|source| StoreError::SettingsText { source })
}

fn sealing(settings: &Settings, options: &StoreOptions) -> Result<Sealing, StoreError> {
    let protection = match (&settings.recipients, &options.recipients) {
        (None, None) => Protection::Clear,
        (None, Some(_)) => return Err(StoreError::NotSealed),
        (Some(own), given) => Protection::Recipients(given.as_ref().unwrap_or(own).clone()),
    };
    Sealing::new(&protection, options.identity.as_deref())
        .map_err(|source| StoreError::Key { source })
}

/// Takes all rights of others away, also where the directory was there before.
fn restrict(dir: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
        .map_err(|source| StoreError::Create { dir: dir.to_owned(), source })
}

fn refuse_open_dir(dir: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(dir)
        .map_err(|source| StoreError::Create { dir: dir.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(StoreError::TooOpen { dir: dir.to_owned(), mode });
    }
    Ok(())
}
