//! `PROMPT.md`: what a loop is told that is started without a task.

use crate::config::Config;

/// Returns a template with the checks and the completion tag that hold here. A person fills in the rest.
#[must_use]
pub fn prompt_file(config: &Config) -> String {
    let checks = if config.checks.is_empty() {
        "- none yet: add `ralph.checks` to the canonical file, or nobody but the agent says that it is done\n".to_owned()
    } else {
        config
            .checks
            .iter()
            .map(|check| format!("- `{}` ({})\n", check.command.join(" "), check.name))
            .collect()
    };
    let tag = &config.completion_tag;
    format!(
        "\
# Task

<!-- One sentence: what is different when this is done. RALPH START without a task runs this file. -->

## Exit criteria

<!-- What a stranger could check. One line each; the loop is not done while one of them is open. -->

- [ ] 

## Checks

Each ends with exit code 0 before the loop counts as done. They run at the project's root.

{checks}
## Constraints

<!-- What must not change: public names, files of others, limits, versions. -->

- Work in small steps. After each one the project builds, and its tests pass.
- Don't change tests so that they pass, and don't switch checks off.
- If something is unclear or blocked, write it into `.ralph/progress.md`'s next entry by saying it, and go on with what
  is not.

## Done

When every box above is ticked and every check passes, end your message with this line, alone:

{tag}
"
    )
}
