//! `plimsoll deploy list`.

use clap::Args;
use plimsoll_snapshot::deploy::{Deployed, history};
use plimsoll_snapshot::plan::PlanState;
use serde_json::json;

use super::run::described;
use super::site::SiteArgs;
use crate::commands::snapshot::moment_text;
use crate::failure::{Exit, Failure};

/// Arguments of `plimsoll deploy list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Where
    #[arg(default_value = "staging", value_parser = ["staging", "prod"])]
    environment: String,
    /// Show every step, and what was seen, of the one whose id begins so
    #[arg(long, value_name = "ID")]
    steps: Option<String>,
}

pub(super) fn run(args: &ListArgs) -> Result<Exit, Failure> {
    let site = args.site.read(&args.environment)?;
    let mut deploys = history(&site.plans_dir())?;
    if let Some(id) = &args.steps {
        deploys.retain(|deployed| deployed.plan.id.starts_with(id));
    }
    let current = site.releases.current()?;
    if args.site.json {
        println!("{}", json!({ "version": 1, "current": current, "deploys": deploys }));
        return Ok(Exit::Fine);
    }
    for deployed in &deploys {
        println!("{}", line(deployed));
        if args.steps.is_some() {
            deployed
                .plan
                .steps
                .iter()
                .for_each(|(name, state)| println!("  {}", described(name, state)));
        }
    }
    match current {
        Some(release) => println!("{} runs in {}", release.id, args.environment),
        None => println!("nothing was deployed to {}", args.environment),
    }
    Ok(Exit::Fine)
}

fn line(deployed: &Deployed) -> String {
    let plan = &deployed.plan;
    let state = match plan.state {
        PlanState::Done => "healthy",
        PlanState::Undone => "taken back",
        PlanState::HalfUndone => "HALF TAKEN BACK",
        _ => "CUT SHORT",
    };
    let from = deployed.subject.from.as_ref().map_or("nothing", |from| from.id.as_str());
    let secs = std::time::Duration::from_nanos(
        u64::try_from(plan.last_ns.saturating_sub(plan.began_ns)).unwrap_or_default(),
    )
    .as_secs_f64();
    let why = plan.undone_because.as_deref().map_or_else(String::new, |why| format!("  {why}"));
    format!(
        "{}  {}  {:<8}  {from} -> {}  {state}  {secs:.1} s{why}",
        plan.id,
        moment_text(plan.began_ns),
        plan.kind,
        deployed.subject.to.id
    )
}
