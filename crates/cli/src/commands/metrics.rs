//! `plimsoll metrics`: reads what was recorded.

use clap::Args;

use crate::failure::{Exit, Failure};

/// Arguments of `plimsoll metrics`.
#[derive(Debug, Args)]
pub(crate) struct MetricsArgs {
    /// Not there yet
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub(crate) fn run(args: &MetricsArgs) -> Result<Exit, Failure> {
    let asked = args.rest.join(" ");
    Err(Failure::new(anyhow::anyhow!("`plimsoll metrics {asked}` is not in this version"))
        .with_hint("a store is an SQLite file: any SQLite client reads it"))
}
