//! `plimsoll rollback`: back to a version that ran before.

use clap::Args;
use plimsoll_snapshot::deploy::{Deployed, Release, Request, Subject, history, newest_healthy};

use super::deploy::{Running, Site, SiteArgs, cut_short, rehearse};
use crate::failure::{Exit, Failure, Hint as _};
use crate::moment::Stopwatch;

const EXAMPLES: &str = "\
Examples:
  plimsoll rollback                         to the newest other version that ended healthy
  plimsoll rollback --to v1.3.0 --dry-run
  plimsoll rollback 20261124 --env prod     to what that deploy brought
  plimsoll rollback --drill                 back, and forward again, with the times of both
  plimsoll rollback --continue              go on with one that was cut short; or --undo

A version goes back as one: files, services and the settings of section `deploy` that it ran with.
It is neither built nor tested again. Tables and rows stay as they are, unless --with-tables; then
the rows that came since are kept in a snapshot of their own, tagged rows-before-PLAN. The snapshot
that is made first has the present. A halt stays a halt.

Exit codes: 0 the wanted version runs; 1 it does not, and the error says what does; 2 could not
tell, or wrong usage.";

/// Arguments of `plimsoll rollback`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RollbackArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// To what the deploy brought whose id begins so
    #[arg(value_name = "ID", conflicts_with = "to")]
    id: Option<String>,
    /// To this commit or tag, which has been deployed before
    #[arg(long, value_name = "TAG")]
    to: Option<String>,
    /// Where
    #[arg(long, value_name = "NAME", default_value = "staging", value_parser = ["staging", "prod"])]
    env: String,
    /// Let the version that runs change its tables back
    #[arg(long)]
    with_tables: bool,
    /// Show the steps, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Go back and forward again; on staging only
    #[arg(long, conflicts_with = "dry_run")]
    drill: bool,
    /// Go on with a deploy or rollback that was cut short
    #[arg(long = "continue", conflicts_with_all = ["id", "to", "undo", "dry_run", "drill"])]
    go_on: bool,
    /// Take back a deploy or rollback that was cut short
    #[arg(long, conflicts_with_all = ["id", "to", "dry_run", "drill"])]
    undo: bool,
}

pub(crate) fn run(args: &RollbackArgs) -> Result<Exit, Failure> {
    let mut site = args.site.read(&args.env)?;
    if args.go_on || args.undo {
        return cut_short(&mut site, args.undo, args.site.json);
    }
    if args.drill && args.env != "staging" {
        return Err(Failure::new(anyhow::anyhow!("a drill stops what trades: only on staging")));
    }
    let deploys = history(&site.plans_dir())?;
    let current = site.releases.current()?;
    let target = target(args, &site, &deploys, current.as_ref())?;
    let request = if args.with_tables { Request::RollbackWithTables } else { Request::Rollback };
    let brought = |deployed: &&Deployed| Some(&deployed.subject.to) == current.as_ref();
    let since = deploys.iter().rev().find(brought).map(|deployed| deployed.plan.began_ns);
    let subject = back_to(&target.subject, request, current.as_ref(), &site).with_rows_since(since);
    if args.dry_run {
        return rehearse(&subject, args.site.json);
    }
    if !args.drill {
        return Running::begin(&mut site, &subject, args.site.json);
    }
    drill(&mut site, &deploys, &subject, args.site.json)
}

/// Back and forward again.
fn drill(
    site: &mut Site,
    deploys: &[Deployed],
    back: &Subject,
    is_json: bool,
) -> Result<Exit, Failure> {
    let none = || Failure::refused(anyhow::anyhow!("no journal tells how what runs was deployed"));
    let from = back.from.as_ref().ok_or_else(none)?;
    let brought = |deployed: &&Deployed| deployed.subject.to == *from;
    let now = deploys.iter().rev().find(brought).ok_or_else(none)?;
    let watch = Stopwatch::start();
    Running::begin(site, back, is_json)?;
    let secs = watch.elapsed().as_secs_f64();
    let watch = Stopwatch::start();
    let current = site.releases.current()?;
    let forward = back_to(&now.subject, Request::Rollback, current.as_ref(), site);
    let exit = Running::begin(site, &forward, is_json)?;
    eprintln!("drill: back in {secs:.1} s, forward in {:.1} s", watch.elapsed().as_secs_f64());
    Ok(exit)
}

/// What leads to the version of an earlier deploy, with the settings that it ran with.
fn back_to(earlier: &Subject, request: Request, current: Option<&Release>, site: &Site) -> Subject {
    let settings = &earlier.settings;
    let (commit, dir) = (&earlier.to.commit, site.releases.dir_of(&earlier.to.commit));
    let to =
        Release::new(commit, dir, &settings.services, current).with_tag(earlier.to.tag.clone());
    Subject::new(request, &site.name, settings, to, current.cloned())
}

fn target<'a>(
    args: &RollbackArgs,
    site: &Site,
    deploys: &'a [Deployed],
    current: Option<&Release>,
) -> Result<&'a Deployed, Failure> {
    let mut healthy = deploys.iter().rev().filter(|deployed| deployed.is_healthy());
    let none = |what: String| {
        Failure::refused(anyhow::anyhow!(what)).with_hint("`plimsoll deploy list` shows all")
    };
    let found = match (&args.id, &args.to) {
        (Some(id), _) => healthy
            .find(|deployed| deployed.plan.id.starts_with(id.as_str()))
            .ok_or_else(|| none(format!("no deploy `{id}` ended healthy")))?,
        (None, Some(rev)) => {
            let commit = site.releases.commit(rev).hint("name a tag or a commit")?;
            healthy
                .find(|deployed| deployed.subject.to.commit == commit)
                .ok_or_else(|| none(format!("`{rev}` was never deployed here and healthy")))?
        }
        (None, None) => newest_healthy(deploys, current)
            .ok_or_else(|| none("no other version ever ended healthy here".to_owned()))?,
    };
    if current.is_some_and(|current| current.commit == found.subject.to.commit) {
        return Err(none(format!("{} runs already", found.subject.to.id)));
    }
    Ok(found)
}
