//! What a creative task is given: a request for several solutions, built apart and compared by commands.

/// Longest text, characters.
const CHARS_MAX: usize = 600;
const BEFORE_CHECKS: &str = "\
This task has more than one good solution, so don't settle on the first. Name at least three that differ in their \
approach, not in details. Build the smallest honest version of each on a worktree of its own: \
`git worktree add -b explore/NAME ../explore-NAME`. ";
const AFTER_CHECKS: &str = "\
Put them into a table (what passed, size of the change, what it costs, what it rules out), say which one you would \
take and why, and let the person choose. Keep every branch until then.";
const NO_CHECKS: &str =
    "Say beforehand which command would tell a good one from a bad one, and run it in each. ";

/// The context for a creative task, whose solutions these commands compare.
pub(super) fn context(checks: &[&str]) -> String {
    let room = CHARS_MAX - BEFORE_CHECKS.chars().count() - AFTER_CHECKS.chars().count();
    format!("{BEFORE_CHECKS}{}{AFTER_CHECKS}", compared_by(checks, room))
}

/// Names as many checks as fit.
fn compared_by(checks: &[&str], room: usize) -> String {
    for count in (1..=checks.len()).rev() {
        let named: Vec<_> = checks.iter().take(count).map(|check| format!("`{check}`")).collect();
        let rest = checks.len() - count;
        let more = if rest == 0 { String::new() } else { format!(" and {rest} more checks") };
        let text = format!("Run {}{more} in each. ", named.join(", "));
        if text.chars().count() <= room {
            return text;
        }
    }
    match checks.len() {
        0 => NO_CHECKS.to_owned(),
        _ => "Run the project's checks in each. ".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(checks: &[&str], wanted: &str) {
        let context = context(checks);
        assert!(context.contains(wanted), "{checks:?}: {context}");
        assert!(context.chars().count() <= CHARS_MAX, "{} characters", context.chars().count());
    }

    #[test]
    fn the_context_names_the_checks_and_stays_short() {
        check(&["cargo test"], "Run `cargo test` in each. ");
        check(&["cargo test", "cargo clippy"], "Run `cargo test`, `cargo clippy` in each. ");
        check(&[], "which command would tell");
        check(&["x".repeat(500).as_str()], "Run the project's checks in each. ");
        check(&["cargo test", "y".repeat(500).as_str()], "`cargo test` and 1 more checks in each");
    }
}
