//! Runs a talkative child and one that does not end, each within its bounds.

use std::error::Error;
use std::time::Duration;

use plimsoll_process::{Command, RunError};

fn main() -> Result<(), Box<dyn Error>> {
    let talkative = Command::new("sh")
        .args(["-c", "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done"])
        .output_limit(40)
        .run()?;
    assert!(talkative.success());
    assert!(talkative.stdout.text().ends_with("line 4999\n"));
    assert_eq!(talkative.stdout.left_out_bytes, 48_890 - 40);

    let endless = Command::new("sh")
        .args(["-c", "echo started; sleep 1000"])
        .timeout(Duration::from_millis(300))
        .run();
    match endless {
        Err(RunError::TimedOut { output, .. }) => assert_eq!(output.stdout.text(), "started\n"),
        other => return Err(format!("not stopped: {other:?}").into()),
    }
    Ok(())
}
