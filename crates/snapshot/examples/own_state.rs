//! A program captures its own state, changes it, and puts it back.

use std::fs;
use std::time::SystemTime;

use plimsoll_snapshot::plan::Event;
use plimsoll_snapshot::restore::{RestoreOptions, restore};
use plimsoll_snapshot::{CreateOptions, Files, Part, Protection, Quiet, Store, StoreOptions};
use plimsoll_snapshot::{create, verify};

#[allow(clippy::disallowed_methods, reason = "a program is the edge that reads the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let home = tempfile::tempdir()?;
    let state = home.path().join("state");
    fs::create_dir(&state)?;
    fs::write(state.join("limits.toml"), "max_position = 10\n")?;

    let options = StoreOptions::default();
    let store = Store::create(home.path().join("snapshots"), &Protection::Clear, &options)?;
    let mut parts = [Part::required("state", Files::new([&state]))];
    let snapshot = create(&store, &mut parts, &CreateOptions::new(now(), "own_state 1"))?;
    assert!(
        snapshot.is_good()
            && verify(&store, std::slice::from_ref(&snapshot.id), &Quiet)?.is_whole()
    );

    fs::write(state.join("limits.toml"), "max_position = 1000\n")?;
    let told = &mut |_: &Event<'_>| {};
    restore(&store, &snapshot.id, &mut RestoreOptions::new(&now, "own_state 1", told))?;
    assert_eq!(fs::read_to_string(state.join("limits.toml"))?, "max_position = 10\n");
    Ok(())
}
