//! A writer killed at any moment.

use std::fs;
use std::path::Path;
use std::time::Duration;

use plimsoll_durable::replace;

use crate::child::{command, contents, start, this_program};

const KILLS: u64 = 50;

#[test]
fn a_writer_killed_at_any_moment_leaves_one_of_the_two_contents() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("state.json");
    replace(&target, contents(b'a')).unwrap();
    let mut leftovers_max = 0;
    for kill in 0..KILLS {
        let mut child = start(command(&this_program(), "replace in a loop", &target));
        // The moment of the kill is spread over a few replacements; no outcome depends on it.
        std::thread::sleep(Duration::from_micros(kill * 7919 % 12_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = fs::read(&target).unwrap();
        let whole = found == contents(b'a') || found == contents(b'b');
        assert!(whole, "after kill {kill}: {} bytes of neither contents", found.len());
        leftovers_max = leftovers_max.max(leftovers(dir.path()));
    }
    assert!(leftovers_max <= 1, "leftovers pile up: {leftovers_max}");
    replace(&target, contents(b'b')).unwrap();
    assert_eq!(leftovers(dir.path()), 0);
    assert_eq!(fs::read(&target).unwrap(), contents(b'b'));
}

fn leftovers(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().count() - 1
}
