//! `plimsoll tables apply`.

use std::path::Path;

use clap::Args;
use plimsoll_metrics::ddl::Dialect;
use plimsoll_metrics::migrate::{self, ApplyError, Plan, Step, TableStore, Target};
use plimsoll_metrics::{SCHEMA_VERSION, Schema, SqliteTables, built_in};

use crate::failure::{Exit, Failure, Hint as _};
use crate::store::{StoreArgs, StorePlace};

/// Arguments of `plimsoll tables apply`.
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Schema version to go to, forwards or back; this build's when left out
    #[arg(long, value_name = "N", default_value_t = SCHEMA_VERSION)]
    to: u16,
    /// Before each table's name, such as bt_
    #[arg(long, default_value = "")]
    prefix: String,
    /// Go back, which removes columns and tables, without being asked
    #[arg(long)]
    yes: bool,
    /// Show the steps, change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: &ApplyArgs) -> Result<Exit, Failure> {
    if args.to == 0 || args.to > SCHEMA_VERSION {
        return Err(Failure::new(anyhow::anyhow!(
            "no schema version {}, wanted 1 to {SCHEMA_VERSION}",
            args.to
        )));
    }
    let place = args.store.place()?;
    if args.dry_run && !place.is_server() && !Path::new(place.name()).exists() {
        println!(
            "`{}` is not there: all tables of version {} would be made",
            place.name(),
            args.to
        );
        return Ok(Exit::Fine);
    }
    let (mut store, plan) = planned(&place, &args.prefix, args.to)?;
    show(&plan);
    if args.dry_run {
        return rehearse(store.as_mut(), &plan);
    }
    if plan.steps.iter().any(Step::removes) && !args.yes {
        // What must be refused anyway is said first.
        migrate::rehearse(store.as_mut(), &plan).map_err(refused)?;
        return Err(Failure::refused(anyhow::anyhow!("going back removes columns or tables"))
            .with_hint("--dry-run shows what would be lost; --yes goes on"));
    }
    let done = migrate::apply(store.as_mut(), &plan).map_err(refused)?;
    println!("version {}: {done} steps done", plan.version);
    Ok(Exit::Fine)
}

/// The store, and what is between its tables and a version of ours.
pub(super) fn planned(
    of: &StorePlace,
    prefix: &str,
    version: u16,
) -> Result<(Box<dyn TableStore>, Plan), Failure> {
    let (dialect, mut store): (_, Box<dyn TableStore>) = if of.is_server() {
        (Dialect::QuestDb, Box::new(of.server()?.with_prefix(prefix)))
    } else {
        let store = SqliteTables::open(of.name(), prefix).hint("name a store with --store")?;
        (Dialect::Sqlite, Box::new(store))
    };
    let schemas: Vec<&Schema> = built_in().map(|(_, schema)| schema).collect();
    let target = Target { dialect, prefix, schemas: &schemas, version };
    let existing = store.existing().map_err(|error| {
        Failure::new(anyhow::anyhow!(error).context("cannot read the tables of the store"))
            .with_hint("is the store there, and do the credentials fit?")
    })?;
    let plan = migrate::plan(&existing, &target).map_err(|error| {
        Failure::refused(error)
            .with_hint("a table that was made by others must be renamed or dropped by hand")
    })?;
    Ok((store, plan))
}

fn show(plan: &Plan) {
    for (number, step) in plan.steps.iter().enumerate() {
        println!("{:>3}. {step}", number + 1);
    }
    if plan.steps.is_empty() {
        println!("the store has version {} already", plan.version);
    }
}

fn rehearse(store: &mut dyn TableStore, plan: &Plan) -> Result<Exit, Failure> {
    let open = migrate::rehearse(store, plan).map_err(refused)?;
    println!("version {}: {} steps to do, nothing was changed", plan.version, open.len());
    Ok(Exit::Fine)
}

fn refused(error: ApplyError) -> Failure {
    let is_loss = matches!(error, ApplyError::WouldLose { .. });
    let hint = if is_loss {
        "export what is to be kept and delete it, or stay at this version"
    } else {
        "run it again: it goes on where it stopped"
    };
    Failure::refused(error).with_hint(hint)
}
