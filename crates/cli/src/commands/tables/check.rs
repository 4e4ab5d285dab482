//! `plimsoll tables check`.

use std::path::Path;

use clap::Args;
use plimsoll_metrics::SCHEMA_VERSION;

use super::apply::planned;
use crate::failure::{Exit, Failure};
use crate::store::StoreArgs;

const ABOUT: &str = "\
Compares each table's columns, types and key with this build's. Nothing is changed.

Exit codes: 0 the store fits; 1 tables or columns are missing, or one differs; 2 it cannot be told.";

/// Arguments of `plimsoll tables check`.
#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Before each table's name, such as bt_
    #[arg(long, default_value = "")]
    prefix: String,
}

pub(crate) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let place = args.store.place()?;
    if !place.is_server() && !Path::new(place.name()).exists() {
        return Err(Failure::new(anyhow::anyhow!("there is no file `{}`", place.name()))
            .with_hint("name a store with --store; `plimsoll tables apply` makes one"));
    }
    let (_, plan) = planned(&place, &args.prefix, SCHEMA_VERSION)?;
    if plan.steps.is_empty() {
        println!("the store has version {SCHEMA_VERSION}");
        return Ok(Exit::Fine);
    }
    for step in &plan.steps {
        println!("missing: {step}");
    }
    eprintln!("{} steps to version {SCHEMA_VERSION}: `plimsoll tables apply`", plan.steps.len());
    Ok(Exit::Finding)
}
