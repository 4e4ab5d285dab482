//! Counts its own runs in a file that survives a crash, one process at a time.

use std::error::Error;
use std::fs;
use std::time::Duration;

use plimsoll_durable::{Lock, free_space, replace};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::temp_dir().join("plimsoll-durable-example");
    fs::create_dir_all(&dir)?;
    let state = dir.join("runs.txt");

    let lock = Lock::acquire(dir.join("runs.lock"), "count a run", Duration::from_secs(2))?;
    let runs: u64 = match fs::read_to_string(&state) {
        Ok(text) => text.trim().parse()?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error.into()),
    };
    replace(&state, format!("{}\n", runs + 1))?;
    drop(lock);

    let text = fs::read_to_string(&state)?;
    assert_eq!(text, format!("{}\n", runs + 1));
    assert!(free_space(&dir)?.total_bytes > 0);
    Ok(())
}
