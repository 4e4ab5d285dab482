//! The commands to try next, exactly as they must be typed.

use std::path::Path;

use crate::cli;

/// How this program was called, so that the next call can be typed alike.
#[derive(Debug)]
pub(super) struct Called {
    /// The first word that was typed.
    pub(super) name: String,
    /// Whether cargo ran it.
    pub(super) by_cargo: bool,
}

impl Called {
    /// By this process's arguments and environment.
    #[allow(
        clippy::disallowed_methods,
        reason = "a command is the edge that reads its environment"
    )]
    pub(super) fn found() -> Self {
        let name = std::env::args_os().next().map(|name| name.to_string_lossy().into_owned());
        Self {
            name: name.filter(|name| !name.is_empty()).unwrap_or_else(|| "plimsoll".to_owned()),
            by_cargo: std::env::var("CARGO").is_ok() && std::env::var("CARGO_PKG_NAME").is_ok(),
        }
    }

    fn words(&self) -> String {
        match (self.by_cargo, cfg!(debug_assertions)) {
            (true, false) => "cargo run --release --".to_owned(),
            (true, true) => "cargo run --".to_owned(),
            (false, _) => quoted(&self.name),
        }
    }
}

/// The commands; those of `metrics` only if this version has them.
pub(super) fn commands(called: &Called, store: &Path) -> Vec<String> {
    let program = called.words();
    let longer = store.with_file_name("twenty-years.db");
    let store = quoted(&store.to_string_lossy());
    let mut commands = Vec::new();
    if cli::is_listed("metrics") {
        let metrics = format!("{program} metrics");
        commands.extend([
            format!(
                "{metrics} query --store {store} \"SELECT ts, equity, drawdown_ratio FROM \
                 trading_risk WHERE scope = 'account' ORDER BY drawdown_ratio DESC LIMIT 5\""
            ),
            format!("{metrics} tail --store {store} trading_fills"),
            format!("{metrics} gaps --store {store}"),
            format!("{metrics} export --store {store} trading_fills"),
        ]);
    }
    // Into a store of its own: what was just recorded stays to be looked at.
    let longer = quoted(&longer.to_string_lossy());
    commands
        .push(format!("{program} demo --fast --from 1999-01-01 --to 2019-01-01 --store {longer}"));
    commands.push(format!("{program} paper --help"));
    commands
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{Called, quoted};

    #[track_caller]
    fn check(word: &str, expected: &str) {
        assert_eq!(quoted(word), expected);
    }

    #[test]
    fn words_are_quoted_only_if_a_shell_would_split_them() {
        check("runs/demo.db", "runs/demo.db");
        check("my runs/demo.db", "'my runs/demo.db'");
        check("it's.db", r"'it'\''s.db'");
    }

    #[test]
    fn what_cargo_ran_is_run_by_cargo_again() {
        let typed = Called { name: "./plimsoll".to_owned(), by_cargo: false };
        assert_eq!(typed.words(), "./plimsoll");
        let by_cargo = Called { name: "target/debug/plimsoll".to_owned(), by_cargo: true };
        assert!(by_cargo.words().starts_with("cargo run"), "{by_cargo:?}");
    }
}
