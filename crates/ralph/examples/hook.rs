//! A hook program: ten iterations and five dollars for any loop, and a file that says what happened.
//!
//! ```sh
//! echo '{"hook_event_name":"Stop","session_id":"s"}' | cargo run -p plimsoll-ralph --example hook
//! ```

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::num::NonZeroU32;
use std::process::ExitCode;

use plimsoll_ralph::hook::{self, Options};
use plimsoll_ralph::{Config, Line, Mode, Observe};

/// Told of everything that happens; what goes wrong here changes no decision.
struct Log(Option<File>);

impl Observe for Log {
    fn observe(&mut self, line: &Line) -> Result<(), Box<dyn Error + Send + Sync>> {
        if let Some(file) = &mut self.0 {
            writeln!(file, "{} {:?}", line.ts, line.record)?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    let ten = const { NonZeroU32::new(10).expect("ten is not zero") };
    let config = Config::default().with_max_iterations(ten).with_max_budget_usd(5.0);
    let options = Options::from_env().with_config(config).with_mode(Mode::Guard);
    let path = std::env::temp_dir().join("plimsoll-ralph-example.log");
    let mut log = Log(File::options().create(true).append(true).open(path).ok());
    hook::run(io::stdin().lock(), io::stdout().lock(), &options, &mut log).into()
}
