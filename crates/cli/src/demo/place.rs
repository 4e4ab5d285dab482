//! The store's file: held against a second demo, and replaced only if a demo wrote it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_durable::{Lock, LockError};
use plimsoll_metrics::SqliteTables;
use plimsoll_metrics::read::{ReadError, Store};

use crate::failure::Failure;

/// The service that a demo's rows come from: by it a demo knows its own store.
pub(super) const SERVICE: &str = "plimsoll-demo";

/// The end of the name of the directory in which the history of alerts waits.
pub(super) const ALERTS_SPOOL: &str = ".demo-alerts-spool";

/// A store that is this demo's until it ends.
#[derive(Debug)]
pub(super) struct Place {
    store: PathBuf,
    _lock: Lock,
}

impl Place {
    pub(super) fn store(&self) -> &Path {
        &self.store
    }
}

/// What happens to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Create,
    ReplaceOurs,
    ReplaceForced,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::ReplaceOurs => "replace the earlier demo in",
            Self::ReplaceForced => "replace, because of `--force`, what no demo wrote in",
        })
    }
}

/// The directory in which a demo's rows wait. Its name says that a demo made it.
pub(super) fn spool_of(store: &Path, end: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Says what would happen to the file, or why nothing may.
pub(super) fn look(store: &Path, force: bool) -> Result<What, Failure> {
    let metadata = match fs::symlink_metadata(store) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(What::Create),
        Err(error) => {
            let told = anyhow::Error::from(error);
            return Err(Failure::new(told.context(format!("cannot read `{}`", store.display()))));
        }
    };
    if !metadata.is_file() {
        let found = if metadata.is_dir() { "a directory" } else { "no regular file" };
        return Err(Failure::refused(anyhow::anyhow!("`{}` is {found}", store.display()))
            .with_hint("give the path of a file with `--store`"));
    }
    if metadata.len() == 0 || is_ours(store) {
        return Ok(What::ReplaceOurs);
    }
    if force {
        return Ok(What::ReplaceForced);
    }
    Err(Failure::refused(anyhow::anyhow!("`{}` was not written by a demo", store.display()))
        .with_hint("give another path with `--store`, or replace it with `--force`"))
}

/// Whether it is a store in which there is nothing but rows of demos.
fn is_ours(path: &Path) -> bool {
    // A file that cannot be read or asked is not known to be ours.
    Store::open(path).is_ok_and(|store| has_only_demos(&store).unwrap_or(false))
}

fn has_only_demos(store: &Store) -> Result<bool, ReadError> {
    let foreign =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 1) <> '_'
        AND name NOT IN ('strings', 'schema_columns', 'schema_versions', 'schema_expired')";
    store.query("SELECT 1 FROM schema_columns", 1)?;
    if !store.query(foreign, 1)?.rows.is_empty() {
        return Ok(false);
    }
    for table in store.tables()?.iter().filter(|table| table.rows > 0) {
        let sql = format!(
            "SELECT 1 FROM \"{}\" WHERE NOT
             coalesce(mode = 'replay' AND producer LIKE '{SERVICE}@%', FALSE)",
            table.name
        );
        if !store.query(&sql, 1)?.rows.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes the place for this demo and removes what an earlier one left.
pub(super) fn prepare(store: &Path, force: bool) -> Result<Place, Failure> {
    if let Some(parent) = store.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot make the directory `{}`", parent.display()))?;
    }
    // Looked at before the lock file is made: a refusal leaves nothing behind.
    look(store, force)?;
    let lock = hold(&spool_of(store, ".demo-lock"))?;
    if look(store, force)? != What::Create {
        for end in ["", "-wal", "-shm"] {
            remove(&spool_of(store, end))?;
        }
    }
    for end in [".demo-spool", ALERTS_SPOOL] {
        let spool = spool_of(store, end);
        if spool.is_dir() {
            fs::remove_dir_all(&spool)
                .with_context(|| format!("cannot remove the old spool `{}`", spool.display()))?;
        }
    }
    SqliteTables::open(store, "")
        .map_err(anyhow::Error::from)
        .and_then(|mut tables| tables.create_all().map_err(|error| anyhow::anyhow!(error)))
        .with_context(|| format!("cannot create the tables of `{}`", store.display()))?;
    Ok(Place { store: store.to_owned(), _lock: lock })
}

fn hold(path: &Path) -> Result<Lock, Failure> {
    Lock::try_acquire(path, "plimsoll demo").map_err(|error| match &error {
        LockError::Held { .. } => Failure::refused(error)
            .with_hint("wait for the other demo, or give another path with `--store`"),
        _ => Failure::new(error),
    })
}

fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let told = anyhow::Error::from(error);
            Err(Failure::new(told.context(format!("cannot remove `{}`", path.display()))))
        }
        _ => Ok(()),
    }
}
