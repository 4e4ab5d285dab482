//! `plimsoll ralph statusline`: what the client's status line shows.

use std::io::Read as _;
use std::path::Path;

use clap::Args;
use plimsoll_ralph::hook::{self, Options, Project};
use plimsoll_ralph::statusline;
use serde_json::Value;

use crate::failure::{Exit, Failure};

const INPUT_BYTES_MAX: u64 = 1 << 20;

/// Arguments of `plimsoll ralph statusline`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads what the client writes to a status line's program. Prints one line, or none."
)]
pub(crate) struct StatuslineArgs {}

pub(crate) fn run(_args: &StatuslineArgs) -> Result<Exit, Failure> {
    let mut input = String::new();
    std::io::stdin().take(INPUT_BYTES_MAX).read_to_string(&mut input)?;
    let input: Value = serde_json::from_str(&input).unwrap_or_default();
    let text = |pointer: &str| input.pointer(pointer).and_then(Value::as_str);
    let dir = text("/workspace/current_dir").or_else(|| text("/cwd")).unwrap_or(".");
    let project = Project::of(Path::new(dir));
    let said = match (hook::state(&project), hook::config(&project, &Options::from_env())) {
        (Ok(state), Ok(config)) => statusline(&state, text("/session_id"), &config),
        // A status line has one line for everything; what is wrong is the doctor's.
        _ => Some("ralph: cannot be told, see `plimsoll ralph doctor`".to_owned()),
    };
    if let Some(line) = said {
        println!("{line}");
    }
    Ok(Exit::Fine)
}
