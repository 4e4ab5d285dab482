//! Letting people know that a loop has ended: by a program that may use the network, which a hook may not.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// What the program said that was started last.
const LOG: &str = "announce.log";

/// Starts the program, and does not wait for it: it outlives the hook, and the client's end too.
///
/// What it needs to reach people is in the environment, so it has all of it, unlike a check.
pub(super) fn start(program: &Path, root: &Path, dir: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let said = options.write(true).create(true).truncate(true).mode(0o600).open(dir.join(LOG))?;
    Command::new(program)
        .args(["ralph", "ship", "--alerts", "--dir"])
        .arg(root)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said)
        .process_group(0)
        .spawn()
        .map(drop)
}
