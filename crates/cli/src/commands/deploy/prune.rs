//! `plimsoll deploy prune`.

use std::collections::BTreeSet;

use clap::Args;
use plimsoll_snapshot::deploy::history;
use serde_json::json;

use super::site::SiteArgs;
use crate::failure::{Exit, Failure, Hint as _};

/// Arguments of `plimsoll deploy prune`.
#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Where
    #[arg(default_value = "staging", value_parser = ["staging", "prod"])]
    environment: String,
    /// Show what would be removed, change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &PruneArgs) -> Result<Exit, Failure> {
    let site = args.site.read(&args.environment)?;
    let deploys = history(&site.plans_dir())?;
    if deploys.iter().any(|deployed| {
        use plimsoll_snapshot::plan::PlanState;
        matches!(deployed.plan.state, PlanState::Unfinished | PlanState::HalfUndone)
    }) {
        return Err(Failure::refused(anyhow::anyhow!("a deploy was cut short"))
            .with_hint("settle it first: `plimsoll deploy ENV --continue` or `--undo`"));
    }
    let current = site.releases.current()?;
    // What runs, and the newest that ended healthy.
    let mut kept: BTreeSet<String> = current.iter().map(|current| current.commit.clone()).collect();
    let keep = usize::try_from(site.settings.keep_releases).unwrap_or(usize::MAX);
    for deployed in deploys.iter().rev().filter(|deployed| deployed.is_healthy()) {
        if kept.len() >= keep.max(1) {
            break;
        }
        kept.insert(deployed.subject.to.commit.clone());
    }
    let mut removed = BTreeSet::new();
    for deployed in &deploys {
        let commit = &deployed.subject.to.commit;
        if kept.contains(commit) || !site.releases.dir_of(commit).exists() {
            continue;
        }
        if !args.dry_run && !removed.contains(commit) {
            site.releases.remove(commit).hint("look into the directory of releases")?;
        }
        removed.insert(commit.clone());
    }
    if args.site.json {
        println!("{}", json!({ "version": 1, "kept": kept, "removed": removed }));
        return Ok(Exit::Fine);
    }
    removed.iter().for_each(|commit| println!("{commit}"));
    let what = if args.dry_run { "to remove, nothing was changed" } else { "removed" };
    println!("{} releases {what}; {} are kept", removed.len(), kept.len());
    Ok(Exit::Fine)
}
