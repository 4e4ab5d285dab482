//! The hook program: reads one event of a coding agent's client, answers with one JSON object.
//!
//! It knows ralph and nothing else, so that it starts as fast as a program can: no argument
//! parser, no network. A word `guard`, `loop` or `off` sets what it does, `--exit-code-2` is for
//! hooks made by hand; anything else is ignored, because a hook must answer whatever it is given.

use std::io;
use std::process::ExitCode;

use plimsoll_ralph::hook::{self, Options};

fn main() -> ExitCode {
    let mut options = Options::from_env();
    for argument in std::env::args_os().skip(1) {
        match argument.to_str() {
            Some("--exit-code-2") => options = options.with_exit_code_2(),
            Some(word) => {
                if let Ok(mode) = word.parse() {
                    options = options.with_mode(mode);
                }
            }
            None => {}
        }
    }
    hook::run(io::stdin().lock(), io::stdout().lock(), &options, &mut ()).into()
}
