//! Files that a command writes, moves or removes, as far as its words tell.

use std::path::{Component, Path, PathBuf};

use super::programs::operands;
use super::shell::{Command, UNKNOWN, base_name};

const WHOLE: &[&str] = &["rm", "rmdir"];
const ALL_OPERANDS: &[&str] = &[
    "unlink", "shred", "truncate", "tee", "touch", "sponge", "ed", "ex", "patch", "crudini",
    "sops", "dotenvx", "dos2unix", "vi", "vim", "nvim", "emacs",
];
const TO_LAST_OPERAND: &[&str] = &["cp", "install", "ln", "rsync", "scp", "mv"];
const IN_PLACE: &[&str] = &["sed", "gsed", "perl", "ruby", "yq", "awk", "gawk", "sd"];
const OTHERS: &[&str] = &["dd", "git", "curl", "wget"];

/// Whether a program is one of those whose arguments are looked at.
pub(super) fn writes_files(program: &str) -> bool {
    [WHOLE, ALL_OPERANDS, TO_LAST_OPERAND, IN_PLACE, OTHERS]
        .iter()
        .any(|list| list.contains(&program))
}

/// A path as it stands in the command, and what happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) path: String,
    pub(super) how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Written,
    /// With everything in it, if it is a folder.
    Removed,
    /// Written, if the target is a folder, which the command does not tell.
    Perhaps,
}

/// What a command changes.
pub(super) fn changed(command: &Command) -> Vec<Change> {
    let args = command.args();
    let program = command.program();
    let mut written = command.writes.clone();
    if WHOLE.contains(&program) {
        return operands(args)
            .map(|path| Change { path: path.to_owned(), how: How::Removed })
            .collect();
    }
    if ALL_OPERANDS.contains(&program) || IN_PLACE.contains(&program) && is_in_place(program, args)
    {
        written.extend(operands(args).map(str::to_owned));
    }
    match program {
        "dd" => {
            written
                .extend(args.iter().filter_map(|arg| arg.strip_prefix("of=")).map(str::to_owned));
        }
        "curl" => written.extend(option_value(args, "-o", "--output")),
        "wget" => written.extend(option_value(args, "-O", "--output-document")),
        "git" => written.extend(written_by_git(args)),
        _ => {}
    }
    let written = written.into_iter().map(|path| Change { path, how: How::Written });
    let moved = if program == "mv" { operands(args).collect() } else { Vec::new() };
    let removed = moved.into_iter().map(|path| Change { path: path.to_owned(), how: How::Removed });
    let copied = if TO_LAST_OPERAND.contains(&program) { copied(args) } else { Vec::new() };
    written.chain(removed).chain(copied).collect()
}

/// The last operand, or what `-t` names; in a folder each source keeps its name.
fn copied(args: &[String]) -> Vec<Change> {
    let mut paths: Vec<&str> = operands(args).collect();
    let named = option_value(args, "-t", "--target-directory").next();
    let is_named = named.is_some();
    let Some(target) = named.or_else(|| paths.pop().map(str::to_owned)) else { return Vec::new() };
    let is_folder = is_named || paths.len() > 1 || target.ends_with(['/', '.']) || target == "~";
    let how = if is_folder { How::Written } else { How::Perhaps };
    let dir = target.trim_end_matches('/');
    let inside = paths.iter().map(|path| base_name(path.trim_end_matches('/')));
    let mut found: Vec<Change> =
        inside.map(|name| Change { path: format!("{dir}/{name}"), how }).collect();
    found.push(Change { path: target, how: How::Written });
    found
}

fn option_value<'a>(
    args: &'a [String],
    short: &'a str,
    long: &'a str,
) -> impl Iterator<Item = String> + 'a {
    args.iter().enumerate().filter_map(move |(at, arg)| {
        if arg == short || arg == long {
            return args.get(at + 1).cloned();
        }
        let long = arg.strip_prefix(long).and_then(|rest| rest.strip_prefix('='));
        let short =
            arg.strip_prefix(short).filter(|value| !value.is_empty() && !arg.starts_with("--"));
        long.or(short).map(str::to_owned)
    })
}

fn is_in_place(program: &str, args: &[String]) -> bool {
    let is_letter = |arg: &String| {
        let letters = arg.strip_prefix('-').unwrap_or_default();
        let letters = letters.split(['.', '=']).next().unwrap_or_default();
        !arg.starts_with("--") && letters.contains('i')
    };
    match program {
        "sd" => true,
        "awk" | "gawk" => args.iter().any(|arg| arg == "inplace"),
        _ => args.iter().any(|arg| arg.starts_with("--in") || is_letter(arg)),
    }
}

fn written_by_git(args: &[String]) -> Vec<String> {
    let (subcommand, rest) = super::git::subcommand(args);
    match subcommand {
        "restore" | "rm" | "mv" => operands(rest).map(str::to_owned).collect(),
        // Without `--` a word may be a branch; a file has a dot in its name.
        "checkout" => {
            let after = rest.iter().position(|arg| arg == "--").and_then(|at| rest.get(at + 1..));
            let has_dot = |path: &&str| base_name(path).contains('.');
            match after {
                Some(files) => files.to_vec(),
                None => operands(rest).filter(has_dot).map(str::to_owned).collect(),
            }
        }
        _ => Vec::new(),
    }
}

/// Where a path leads, seen from a directory: without `.` and `..`, links not followed. `None`: nobody can tell.
pub(super) fn resolved(cwd: &Path, dir: Option<&str>, path: &str) -> Option<PathBuf> {
    let dir = dir.unwrap_or_default();
    let unclear = |text: &str| text.contains(UNKNOWN) || text.starts_with('~');
    if unclear(path) || !path.starts_with('/') && unclear(dir) {
        return None;
    }
    let mut whole = PathBuf::new();
    for component in cwd.join(dir).join(path).components() {
        match component {
            Component::ParentDir => {
                whole.pop();
            }
            Component::CurDir => {}
            other => whole.push(other),
        }
    }
    Some(whole)
}

/// Whether a name fits a pattern of `*`, `?` and `[..]`; a set in brackets fits any one character.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let mut chars = pattern.chars();
    match chars.next() {
        None => name.is_empty(),
        Some('*') => name
            .char_indices()
            .map(|(at, _)| at)
            .chain([name.len()])
            .any(|at| fits(chars.as_str(), name.get(at..).unwrap_or_default())),
        Some('[') => {
            let rest = chars.as_str().split_once(']').map_or("", |(_, rest)| rest);
            let mut left = name.chars();
            left.next().is_some() && fits(rest, left.as_str())
        }
        Some(c) => {
            let mut left = name.chars();
            left.next().is_some_and(|n| c == '?' || c == n) && fits(chars.as_str(), left.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_a_shell() {
        for (pattern, name, expected) in [
            (".env*", ".env.local", true),
            (".e?v", ".env", true),
            (".[e]nv", ".env", true),
            ("*", ".env", true),
            (".en", ".env", false),
            ("a*c*e", "abcde", true),
            ("a*d", "abc", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn paths_are_followed_without_looking() {
        let at =
            |dir, path| resolved(Path::new("/p/a"), dir, path).map(|p| p.display().to_string());
        assert_eq!(at(None, "../b/./c").as_deref(), Some("/p/b/c"));
        assert_eq!(at(Some("x/../y"), "z").as_deref(), Some("/p/a/y/z"));
        assert_eq!(at(Some("\u{FFFC}"), "/z").as_deref(), Some("/z"));
        assert_eq!(at(Some("~"), "z"), None);
        assert_eq!(at(None, "$x\u{FFFC}"), None);
    }
}
