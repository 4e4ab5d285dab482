//! The command `plimsoll`: parses, calls, prints, and says by its exit code how it went.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command prints")]

mod cli;
mod commands;
mod configuration;
mod demo;
mod documents;
mod failure;
mod glue;
mod grid;
mod moment;
mod probes;
mod progress;
mod report;
mod secret;
mod service;
mod stop;
mod store;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

fn main() -> ExitCode {
    // The one place that picks a TLS provider; a second call would find this one.
    drop(rustls::crypto::ring::default_provider().install_default());
    match Cli::try_parse() {
        Ok(cli) => match cli.run() {
            Ok(exit) => exit.into(),
            Err(failure) => {
                if !failure.is_closed_pipe() {
                    eprint!("{failure}");
                }
                failure.exit().into()
            }
        },
        Err(usage) => {
            let code = u8::try_from(usage.exit_code()).unwrap_or(2);
            // A closed pipe is no reason to fail: `plimsoll --help | head` is a fine thing to do.
            drop(usage.print());
            ExitCode::from(code)
        }
    }
}
