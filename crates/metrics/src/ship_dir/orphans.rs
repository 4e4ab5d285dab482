//! What producers that were killed and did not come back left in their rings.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use plimsoll_ring::{Arena, RingError};

use crate::{
    counts::Ledger,
    dictionary::Scope,
    drain::{DrainOptions, Drainer},
    open,
    options::RingMemory,
    recover::{self, Surveyor},
    shared::{self, Shared},
    spool::{self, BRIEF_PURPOSE, SpoolError, SpoolOptions, Survey, Writer},
};

use super::{ShipError, ShipOptions};

/// What the spool may hold now: the rows come from memory that a restart of the machine clears,
/// and the shipper that puts them there takes them out again.
const BYTES_MAX: u64 = 1 << 40;

/// Puts rows of killed producers into the spool, if no producer writes it now. Also makes blocks
/// visible that one wrote and did not live to announce.
pub(super) fn take_over(
    dir: &Path,
    options: &ShipOptions,
    ledger: &Ledger,
) -> Result<(), ShipError> {
    let spool = SpoolOptions { bytes_max: BYTES_MAX, ..SpoolOptions::new(dir) };
    match spool::open_writer(&spool, BRIEF_PURPOSE) {
        Ok(opened) => take(dir, options, ledger, opened),
        // It lives, and takes over itself when it starts.
        Err(SpoolError::Held { .. }) => Ok(()),
        Err(source) => Err(ShipError::Spool { dir: dir.to_owned(), source: Box::new(source) }),
    }
}

fn take(
    dir: &Path,
    options: &ShipOptions,
    ledger: &Ledger,
    (writer, survey): (Writer, Survey),
) -> Result<(), ShipError> {
    let ring = |source: RingError| ShipError::Ring { source: Box::new(source) };
    let arena = Arena::heap().map_err(ring)?;
    let shared = Arc::new(Shared::new(scope(), arena, 64));
    let mut drainer =
        Drainer::new(Arc::clone(&shared), writer, &drain_options(options)).map_err(ring)?;
    let mut surveyor = Surveyor::new(&mut drainer.deriver);
    survey
        .read(|block| surveyor.see(&block))
        .map_err(|source| ShipError::Read { dir: dir.to_owned(), source: Box::new(source) })?;
    let (seen, _) = surveyor.finish();
    let error = |source| ShipError::TakeOver { dir: dir.to_owned(), source };
    let Some(rings) = rings(options) else { return Ok(()) };
    let parent = recover::parent_of(&rings, dir).map_err(error)?;
    let taken = recover::take_over(&mut drainer, &parent, &seen).map_err(error)?;
    open::tell(&taken);
    ledger.recovered.fetch_add(taken.rows, Relaxed);
    Ok(())
}

fn rings(options: &ShipOptions) -> Option<PathBuf> {
    match &options.ring {
        RingMemory::Heap => None,
        RingMemory::Shared(dir) => Some(dir.clone()),
        RingMemory::Auto => plimsoll_ring::default_parent(),
    }
}

fn drain_options(options: &ShipOptions) -> DrainOptions {
    DrainOptions {
        interval: Duration::from_millis(20),
        beat: options.beat,
        session_start: options.session_start,
        version: String::new(),
        git_commit: String::new(),
        config_hash: String::new(),
        has_shipper: false,
    }
}

/// Rows have the scope of the process that emitted them; this one has none.
fn scope() -> Scope {
    let (id, host) = (shared::random63(), open::host_name());
    Scope {
        id,
        env: "-".to_owned(),
        mode: "live".to_owned(),
        producer: format!("plimsoll@{host}"),
        process_id: format!("{id:016x}"),
        pid: std::process::id(),
        host,
        is_replay: false,
    }
}
