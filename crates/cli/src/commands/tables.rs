//! `plimsoll tables`: creates and changes the tables of a store.

use clap::Args;

use crate::failure::{Exit, Failure};

/// Arguments of `plimsoll tables`.
#[derive(Debug, Args)]
pub(crate) struct TablesArgs {
    /// Not there yet
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub(crate) fn run(args: &TablesArgs) -> Result<Exit, Failure> {
    let asked = args.rest.join(" ");
    Err(Failure::new(anyhow::anyhow!("`plimsoll tables {asked}` is not in this version"))
        .with_hint("the embedded store creates its tables itself"))
}
