//! Programs that cannot be started.

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use plimsoll_process::{Command, RunError};

#[track_caller]
fn check(command: Command, expected: &str, fits: fn(&RunError) -> bool) {
    let error = command.run().unwrap_err();
    assert!(fits(&error), "{error:?}");
    let said = error.to_string();
    assert!(said.contains(expected), "found `{said}`, wanted `{expected}`");
    if let Some(source) = error.source() {
        assert!(!said.contains(&source.to_string()), "the cause is said twice: {said}");
    }
}

fn script(dir: &Path, name: &str, text: &str, mode: u32) -> Command {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    Command::new(path)
}

#[test]
fn a_program_that_cannot_start_is_named_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    check(
        Command::new("no-such-program-here"),
        "cannot find the program `no-such-program-here`: install it",
        |error| matches!(error, RunError::NotFound { .. }),
    );
    check(Command::new(dir.path().join("absent")), "absent`: install it", |error| {
        matches!(error, RunError::NotFound { .. })
    });
    check(
        script(dir.path(), "plain", "#!/bin/sh\n", 0o644),
        "set its execute permission",
        |error| matches!(error, RunError::NotExecutable { .. }),
    );
    check(Command::new(dir.path()), "may not be executed", |error| {
        matches!(error, RunError::NotExecutable { .. })
    });
    check(script(dir.path(), "odd", "#!/no/such/shell\n", 0o755), "interpreter is not", |error| {
        matches!(error, RunError::NoInterpreter { .. })
    });
    check(script(dir.path(), "binary", "\u{1}\u{2}", 0o755), "cannot start", |error| {
        matches!(error, RunError::Start { .. })
    });
    let absent = dir.path().join("absent");
    check(Command::new("true").current_dir(absent), "no such directory", |error| {
        matches!(error, RunError::Directory { .. })
    });
    check(Command::new("a\0b"), "cannot start", |error| matches!(error, RunError::Start { .. }));
}
