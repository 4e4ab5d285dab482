//! Pushes that take history away from others.

use super::programs::{has_arg, has_option, operands};
use super::shell::{Command, Variables, parse};

/// Options before the subcommand that take a value in the next word.
const WITH_VALUE: &[&str] = &[
    "-C",
    "-c",
    "--git-dir",
    "--work-tree",
    "--namespace",
    "--exec-path",
    "--super-prefix",
    "--config-env",
    "--attr-source",
];

/// A git command's subcommand and what follows it.
pub(super) fn subcommand(args: &[String]) -> (&str, &[String]) {
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        match arg.as_str() {
            option if WITH_VALUE.contains(&option) => at += 2,
            option if option.starts_with('-') => at += 1,
            word => return (word, args.get(at + 1..).unwrap_or_default()),
        }
    }
    ("", &[])
}

/// Whether a command force-pushes or deletes a remote branch, itself or through an alias that it makes.
pub(super) fn forces_a_push(command: &Command) -> bool {
    let args = command.args();
    match command.program() {
        "git" => {
            let (subcommand, rest) = subcommand(args);
            let is_alias = |pair: &[String]| {
                let setting = pair.get(1).and_then(|setting| setting.strip_prefix("alias."));
                let value = setting.and_then(|setting| setting.split_once('='));
                pair.first().is_some_and(|option| option == "-c")
                    && value.is_some_and(|(_, value)| is_forced_alias(value))
            };
            let forces = match subcommand {
                "push" | "send-pack" => is_forced(rest),
                "config" => {
                    rest.iter().any(|arg| is_forced_alias(arg) || arg.starts_with("+refs/"))
                }
                _ => false,
            };
            forces || args.windows(2).any(is_alias)
        }
        "gh" => {
            let is_api = has_arg(args, &["api"]) && args.iter().any(|arg| arg.contains("git/refs"));
            let is_forced = args.iter().any(|arg| {
                arg.replace([' ', '"'], "").contains("force=true") || arg.contains("DELETE")
            });
            let is_sync = has_arg(args, &["sync"]) && has_arg(args, &["--force"]);
            is_api && is_forced || is_sync
        }
        _ => false,
    }
}

fn is_forced(args: &[String]) -> bool {
    if has_option(args, 'n', "dry-run") {
        return false;
    }
    let mut args_left = args.iter();
    while let Some(arg) = args_left.next() {
        match arg.as_str() {
            "-o" | "--push-option" | "--receive-pack" | "--exec" | "--repo" => {
                args_left.next();
            }
            // Long options may be shortened as long as they are unique.
            long if long.starts_with("--force") && !long.starts_with("--force-if") => return true,
            "--forc" | "--mirror" | "--delete" | "--prune" => return true,
            short if short.starts_with('-') && !short.starts_with("--") => {
                let letters = short.split('=').next().unwrap_or_default();
                if letters.contains('f') || letters.contains('d') {
                    return true;
                }
            }
            _ => {}
        }
    }
    operands(args)
        .skip(1)
        .any(|refspec| refspec.starts_with('+') || refspec.starts_with(':') && refspec.len() > 1)
}

/// The value of an alias, with or without `!git`.
fn is_forced_alias(value: &str) -> bool {
    let value = value.trim_start_matches('!');
    let script = if value.starts_with("push") { format!("git {value}") } else { value.to_owned() };
    let commands = parse(&script, &Variables::default()).commands;
    commands.iter().any(|inner| {
        inner.program() == "git" && {
            let (subcommand, rest) = subcommand(inner.args());
            subcommand == "push" && is_forced(rest)
        }
    })
}
