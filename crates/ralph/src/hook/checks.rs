//! Running the configured checks: without a shell, each with its own time limit.

use std::path::Path;
use std::time::Duration;

use plimsoll_process::Command;
use plimsoll_redact::{Rules, mask};

use super::store::chain;
use crate::config::Check;
use crate::now::ms;
use crate::step::words::shorten;
use crate::usage::{CheckOutcome, CheckResult};

const OUTPUT_BYTES: usize = 64 << 10;
const DETAIL_CHARS: usize = 600;
/// Where programs are found and kept; a check sees no key of anybody's.
const ENV_ALLOWED: [&str; 12] = [
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "GOPATH",
    "GOCACHE",
    "JAVA_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
    "UV_CACHE_DIR",
    "SSL_CERT_FILE",
    "USER",
];

/// Runs every check in order, also after one that failed: the agent fixes them in one turn.
pub(crate) fn run(checks: &[Check], root: &Path, tree: Option<String>) -> CheckResult {
    CheckResult::new(tree, checks.iter().map(|check| one(check, root)).collect())
}

fn one(check: &Check, root: &Path) -> CheckOutcome {
    let Some((program, args)) = check.command.split_first() else {
        return CheckOutcome::new(&check.name, false, "no command is configured");
    };
    let command = Command::new(program)
        .args(args)
        .current_dir(root)
        .env_allow(ENV_ALLOWED)
        .env_allow(&check.env_allow)
        .timeout(Duration::from_secs(check.timeout_secs.into()))
        .output_limit(OUTPUT_BYTES);
    match command.run() {
        Ok(output) => {
            let detail = if output.success() {
                String::new()
            } else {
                let said = format!("{} {}", output.stdout.text(), output.stderr.text());
                format!("{}: {}", output.exit, tail(&said))
            };
            CheckOutcome {
                duration_ms: ms(output.elapsed),
                ..CheckOutcome::new(&check.name, output.success(), detail)
            }
        }
        Err(error) => CheckOutcome::new(&check.name, false, chain(&error)),
    }
}

/// The end of what a check wrote, where the reason usually stands; secrets masked.
fn tail(said: &str) -> String {
    let masked = mask(said, &Rules::default());
    let skipped = masked.chars().count().saturating_sub(DETAIL_CHARS);
    shorten(&masked.chars().skip(skipped).collect::<String>(), DETAIL_CHARS)
}
