//! A disk that is full, or read-only, from some change on.

use std::io;
use std::sync::Arc;

use crate::scenario::{ALL, Effect, Scenario, Trip};

/// How many changes are passed over between two that fail; none when all are tried.
fn stride() -> usize {
    if std::env::var_os("PLIMSOLL_SNAPSHOT_FULL").is_some() { 1 } else { 9 }
}

#[track_caller]
fn fail_everywhere(scenario: Scenario, kind: io::ErrorKind) -> usize {
    let (home, before) = scenario.prepare();
    let mut tried = 0;
    for at in (0..10_000).step_by(stride()) {
        home.reset();
        let trip = Arc::new(Trip::at(at, Effect::Fail(kind)));
        let ended = scenario.run(&home.single().watched(trip.clone()), &before.first);
        if !trip.is_sprung() {
            ended.unwrap();
            break;
        }
        tried += 1;
        scenario.check(&home, &before, &format!("{kind} from change {at} on: {ended:?}"));
    }
    println!("{scenario:?}, {kind}: {tried} changes failed");
    assert!(tried > 1, "{scenario:?} makes no changes");
    tried
}

#[test]
fn a_full_disk_leaves_everything_whole_and_the_operation_can_be_finished() {
    let tried: usize =
        ALL.into_iter().map(|scenario| fail_everywhere(scenario, io::ErrorKind::StorageFull)).sum();
    println!("{tried} changes on a full disk");
}

#[test]
fn a_disk_that_turns_read_only_does_too() {
    let tried: usize = ALL
        .into_iter()
        .map(|scenario| fail_everywhere(scenario, io::ErrorKind::ReadOnlyFilesystem))
        .sum();
    println!("{tried} changes on a read-only disk");
}
