//! Files that are not to be changed without a person: the limits, `.env*`, the kill switch, a loop's own state.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::files::{Change, How, changed, fits, resolved};
use super::limits;
use super::shell::{Command, base_name};
use super::{GuardList, Place, Rule};
use crate::state::DIR_NAME;

/// Names of environment files without secrets.
const EXAMPLES: &[&str] = &[".example", ".sample", ".template", ".dist", ".defaults"];
/// Prose about a kill switch stops nothing.
const PROSE: &[&str] = &["md", "txt", "rst", "adoc", "html", "png", "svg"];
/// Environment variables and commands that set limits without touching the file.
const LIMIT_VARIABLES: &str = "PLIMSOLL_LIMITS__";

/// Variables that change the bounds of a loop: the mode, and its section of the canonical file.
const BOUND_VARIABLES: [&str; 2] = ["RALPH_MODE", "PLIMSOLL_RALPH__"];
/// Parts of `plimsoll ralph` that lift or replace what stopped a loop.
const LIFTING: [&str; 5] = ["reset", "resume", "discard", "install", "uninstall"];

/// The rule for what a shell command writes or sets.
pub(super) fn by_command(command: &Command, list: &GuardList, place: &Place<'_>) -> Option<Rule> {
    let args = command.args();
    let sets_limits = sets_variable(command, &[LIMIT_VARIABLES])
        || command.program() == "plimsoll"
            && args.windows(2).any(|w| w == ["ssot", "set"])
            && args.iter().any(|arg| arg == "limits" || arg.starts_with("limits."));
    if sets_limits {
        return Some(Rule::Limits);
    }
    if lifts_bounds(command) {
        return Some(Rule::Bounds);
    }
    let rules =
        changed(command).into_iter().filter_map(|change| by_change(&change, command, list, place));
    rules.min()
}

fn sets_variable(command: &Command, begins: &[&str]) -> bool {
    let sets = |text: &str| begins.iter().any(|begin| text.starts_with(begin));
    command.assignments.iter().any(|(name, _)| sets(name))
        || matches!(command.program(), "export" | "declare" | "env")
            && command.args().iter().any(|arg| sets(arg))
}

fn lifts_bounds(command: &Command) -> bool {
    let is_lifting = |pair: &[String]| match pair {
        [first, second] => first == "ralph" && LIFTING.contains(&second.as_str()),
        _ => false,
    };
    sets_variable(command, &BOUND_VARIABLES)
        || command.program() == "plimsoll" && command.args().windows(2).any(is_lifting)
}

/// Whether the path is a loop's state, something in it, or, if it is removed, a folder that holds it.
fn is_of_loop(path: &Path, how: How, root: &Path) -> bool {
    let state = root.join(DIR_NAME);
    path.starts_with(&state)
        || how == How::Removed
            && state.ancestors().any(|part| fits_path(path, part) || part == path)
}

fn by_change(
    change: &Change,
    command: &Command,
    list: &GuardList,
    place: &Place<'_>,
) -> Option<Rule> {
    let path = change.path.as_str();
    let whole = resolved(place.cwd, command.dir.as_deref(), path);
    let is_there = || change.how != How::Perhaps || whole.as_deref().and_then(place.read).is_some();
    if is_env_file(base_name(path)) && is_there() {
        return Some(Rule::EnvFiles);
    }
    let canonical = place.root.join(&list.canonical_file);
    let is_canonical = match (&whole, change.how) {
        (Some(whole), How::Removed) => {
            canonical.ancestors().any(|part| part == whole || fits_path(whole, part))
        }
        (Some(whole), _) => *whole == canonical || fits_path(whole, &canonical),
        (None, _) => base_name(path) == base_name(&list.canonical_file),
    };
    if is_canonical {
        return Some(Rule::Limits);
    }
    if whole.as_deref().is_some_and(|whole| is_of_loop(whole, change.how, place.root)) {
        return Some(Rule::Bounds);
    }
    let is_code = is_kill_switch(whole.as_deref().unwrap_or(Path::new(path)), list, place.root);
    (is_code && is_there()).then_some(Rule::KillSwitch)
}

/// The rule for an editing tool.
pub(super) fn by_edit(
    tool: &str,
    input: &Value,
    list: &GuardList,
    place: &Place<'_>,
) -> Option<Rule> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let path = text("file_path").or_else(|| text("notebook_path"))?;
    let whole = resolved(place.cwd, None, path).unwrap_or_else(|| PathBuf::from(path));
    if is_env_file(base_name(path)) {
        return Some(Rule::EnvFiles);
    }
    if is_kill_switch(&whole, list, place.root) {
        return Some(Rule::KillSwitch);
    }
    if is_of_loop(&whole, How::Perhaps, place.root) {
        return Some(Rule::Bounds);
    }
    let is_canonical = whole == place.root.join(&list.canonical_file);
    if !is_canonical && !mentions_kill_switch(&input.to_string()) {
        return None;
    }
    let before = (place.read)(&whole).unwrap_or_default();
    let after = edited(tool, input, &before)?;
    if is_canonical && limits::differ(&before, &after) {
        return Some(Rule::Limits);
    }
    let is_code = whole.extension().is_none_or(|e| !PROSE.iter().any(|prose| e == *prose));
    (is_code && kill_switch_lines(&before) != kill_switch_lines(&after)).then_some(Rule::KillSwitch)
}

/// The file after the edit. `None`: the edit does not fit, so the client will refuse it.
fn edited(tool: &str, input: &Value, before: &str) -> Option<String> {
    let edits = match tool {
        "Write" => return Some(input.get("content")?.as_str()?.to_owned()),
        "MultiEdit" => input.get("edits")?.as_array()?.iter().collect(),
        "Edit" => vec![input],
        _ => return None,
    };
    let mut text = before.to_owned();
    for edit in edits {
        let old = edit.get("old_string")?.as_str()?;
        let new = edit.get("new_string")?.as_str()?;
        let is_everywhere = edit.get("replace_all") == Some(&Value::Bool(true));
        if old.is_empty() {
            text.push_str(new);
        } else if !text.contains(old) {
            return None;
        } else if is_everywhere {
            text = text.replace(old, new);
        } else {
            text = text.replacen(old, new, 1);
        }
    }
    Some(text)
}

fn is_env_file(name: &str) -> bool {
    let is_example = EXAMPLES.iter().any(|end| name.ends_with(end));
    let is_pattern = name.contains(['*', '?', '[']) && name.starts_with(['.', '[']) && name != ".*";
    name.starts_with(".env") && !is_example || is_pattern && fits(name, ".env")
}

/// Whether a pattern with `*` in its last part fits the path.
fn fits_path(pattern: &Path, path: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let (Some(pattern_name), Some(path_name)) = (name(pattern), name(path)) else { return false };
    pattern_name.contains(['*', '?', '['])
        && pattern.parent() == path.parent()
        && fits(&pattern_name, &path_name)
}

fn is_kill_switch(path: &Path, list: &GuardList, root: &Path) -> bool {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let is_prose = inside.extension().is_some_and(|e| PROSE.iter().any(|prose| e == *prose));
    let text = inside.to_string_lossy();
    let is_listed = list
        .kill_switch_paths
        .iter()
        .any(|listed| inside.starts_with(listed.trim_end_matches('/')) || fits(listed, &text));
    is_listed || !is_prose && mentions_kill_switch(&text)
}

/// `kill_switch`, `KillSwitch`, `kill-switch` and the like.
fn mentions_kill_switch(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| !matches!(c, '_' | '-')).collect();
    bare.to_lowercase().contains("killswitch")
}

fn kill_switch_lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| mentions_kill_switch(line)).collect()
}
