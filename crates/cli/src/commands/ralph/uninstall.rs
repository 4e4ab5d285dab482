//! `plimsoll ralph uninstall`.

use std::path::Path;

use clap::Args;
use plimsoll_ralph::hook::Project;
use plimsoll_ralph::install::{Installed, Restored, hooks, uninstall};
use serde_json::json;

use super::DirArgs;
use super::scope::{Scope, ScopeArgs, shown};
use crate::failure::{Exit, Failure, Hint as _};

/// Arguments of `plimsoll ralph uninstall`.
#[derive(Debug, Args)]
#[command(after_help = "Without --user, --project or --local: wherever there are hooks of ours.\n\
    Exit codes: 0 taken out; 1 there was nothing to take out; 2 it could not be done.")]
pub(crate) struct UninstallArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// Say which files would be changed, and change none
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    dir: DirArgs,
}

pub(crate) fn run(args: &UninstallArgs) -> Result<Exit, Failure> {
    let project = args.dir.open()?;
    let named = [args.scope.scope()];
    let scopes = if args.scope.is_named() { &named[..] } else { &Scope::ALL };
    let mut files = Vec::new();
    for scope in scopes {
        let settings = scope.settings(&project)?;
        let restored =
            if args.dry_run { dry(&settings) } else { restore(*scope, &project, &settings)? };
        let Some(how) = restored else { continue };
        files.push(json!({"settings": settings, "how": how}));
        if !args.json {
            println!("{}: {how}", shown(&settings));
        }
    }
    if args.json {
        println!("{}", json!({"version": 1, "is_changed": !args.dry_run, "files": files}));
    } else if files.is_empty() {
        println!("no hooks of ours in the settings");
    }
    Ok(if files.is_empty() { Exit::Finding } else { Exit::Fine })
}

fn dry(settings: &Path) -> Option<&'static str> {
    let text = std::fs::read_to_string(settings).ok()?;
    let has_ours = hooks(&text).is_ok_and(|hooks| hooks.iter().any(Installed::is_ours));
    has_ours.then_some("has hooks of ours")
}

fn restore(
    scope: Scope,
    project: &Project,
    settings: &Path,
) -> Result<Option<&'static str>, Failure> {
    // Where nothing of ours has been, nothing is made either.
    if dry(settings).is_none() && !scope.record(project)?.is_file() {
        return Ok(None);
    }
    let restored = uninstall(settings, &scope.record(project)?)
        .hint("mend the file, or take out the hooks that name `plimsoll-hook` by hand")?;
    Ok(match restored {
        Restored::Exactly => Some("restored byte for byte"),
        Restored::AroundChanges => Some("hooks taken out, later changes kept"),
        Restored::ByStructure => Some("hooks taken out; the file had been written anew"),
        _ => None,
    })
}
