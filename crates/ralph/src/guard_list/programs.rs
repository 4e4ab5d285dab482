//! Which programs the rules know something about, and the words that tell what a command is for.

use super::effective::is_runner;
use super::{deploy, files, mainnet};

/// Whether a word is worth looking at as a program behind another one.
pub(super) fn is_known(name: &str) -> bool {
    is_runner(name)
        || matches!(name, "git" | "gh" | "docker-compose" | "podman-compose" | "plimsoll")
        || files::writes_files(name)
        || deploy::is_known(name)
        || mainnet::is_known(name)
}

/// The parts of a word between punctuation, in lower case: `deploy-Prod.sh` has three.
pub(super) fn tokens(word: &str) -> impl Iterator<Item = String> + '_ {
    word.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|t| !t.is_empty())
        .map(str::to_lowercase)
}

/// Whether one of the parts of a word is one of these.
pub(super) fn has_token(word: &str, wanted: &[&str]) -> bool {
    tokens(word).any(|token| wanted.contains(&token.as_str()))
}

/// Arguments that are no options.
pub(super) fn operands(args: &[String]) -> impl Iterator<Item = &str> {
    args.iter().map(String::as_str).filter(|arg| !arg.starts_with('-'))
}

/// Whether one of the arguments is one of these words.
pub(super) fn has_arg(args: &[String], wanted: &[&str]) -> bool {
    args.iter().any(|arg| wanted.contains(&arg.as_str()))
}

/// Whether an option is given, as a word, with `=value`, or as a letter among others: `-v`, `-vt`.
pub(super) fn has_option(args: &[String], letter: char, long: &str) -> bool {
    args.iter().take_while(|arg| *arg != "--").any(|arg| {
        if let Some(name) = arg.strip_prefix("--") {
            let (name, value) = name.split_once('=').unwrap_or((name, "true"));
            return name == long && value != "false";
        }
        let letters = arg.strip_prefix('-').unwrap_or_default();
        letters.chars().all(|c| c.is_ascii_alphabetic()) && letters.contains(letter)
    })
}
