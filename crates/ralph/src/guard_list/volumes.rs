//! Commands that throw stored data away together with its containers.

use super::programs::{has_arg, has_option};
use super::shell::Command;

/// Whether volumes are removed: `down -v` in all its spellings, and the commands for volumes themselves.
pub(super) fn removes_volumes(command: &Command) -> bool {
    let args = command.args();
    let is_compose = match command.program() {
        "docker-compose" | "podman-compose" => true,
        "docker" | "podman" | "nerdctl" => has_arg(args, &["compose"]),
        _ => return false,
    };
    let after = |word: &str| {
        let at = args.iter().position(|arg| arg == word)?;
        args.get(at + 1..)
    };
    if is_compose {
        // `rm -v` removes anonymous volumes only; `down -v` all of them.
        return after("down").is_some_and(|rest| has_option(rest, 'v', "volumes"));
    }
    match (after("volume"), after("system")) {
        (Some(rest), _) => has_arg(rest, &["rm", "remove", "prune"]),
        (_, Some(rest)) => has_arg(rest, &["prune"]) && has_option(rest, '\0', "volumes"),
        _ => false,
    }
}
