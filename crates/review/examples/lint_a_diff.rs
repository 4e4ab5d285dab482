//! Lints a diff from standard input: `git diff -U20 | cargo run --example lint_a_diff`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::io::Read;
use std::process::ExitCode;

use plimsoll_review::{Config, Diff, Review};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let (diff, config) = (Diff::parse(&text)?, Config::default());
    let report = Review::new(&diff, &config).without_model("lints only");
    for found in &report.findings {
        println!("{}:{}: {}: {}", found.path, found.line, found.severity, found.title);
    }
    println!("{} files, {} added lines", report.files, report.added_lines);
    Ok(if report.blocks(config.blocks_on) { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
