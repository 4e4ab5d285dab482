//! `plimsoll ralph install`.

use std::path::{Path, PathBuf};

use clap::Args;
use plimsoll_ralph::Mode;
use plimsoll_ralph::install::{HookProgram, Plan, install, plan};
use serde_json::json;
use similar::TextDiff;

use super::client::ClientArgs;
use super::scope::{Scope, ScopeArgs, shown};
use super::{DirArgs, limits};
use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure, Hint as _};

const EXAMPLES: &str = "\
Examples:
  plimsoll ralph install                     hooks for this checkout; loops of our own may run
  plimsoll ralph install --guard --user      bounds over any loop, in every project of this user
  plimsoll ralph install --dry-run           what would be changed

Nothing in the settings is lost, and `plimsoll ralph uninstall` restores them byte for byte. RALPH_MODE=off|guard|loop
switches what installed hooks do.";

/// What the status line of the client runs.
const STATUSLINE: &str = "plimsoll ralph statusline";

/// Arguments of `plimsoll ralph install`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InstallArgs {
    /// Watch any loop, and run none: hooks never let a session go on
    #[arg(long)]
    guard: bool,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Show iteration, budget and breaker in the client's status line, if it has none yet
    #[arg(long)]
    statusline: bool,
    /// Print the change, and make none
    #[arg(long)]
    dry_run: bool,
    /// The hook program [default: plimsoll-hook beside this program]
    #[arg(long, value_name = "PROGRAM")]
    hook: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    dir: DirArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &InstallArgs) -> Result<Exit, Failure> {
    let project = args.dir.open()?;
    let scope = args.scope.scope();
    let (settings, record) = (scope.settings(&project)?, scope.record(&project)?);
    // First what may be wrong with the configuration: hooks without bounds are not put in.
    let limits = limits::resolved(&project, &args.config)?;
    let mode = if args.guard { Mode::Guard } else { Mode::Loop };
    let hook = HookProgram::new(hook_program(args.hook.as_deref(), scope)?, mode);
    let client = args.client.ask()?.version;
    let status_line = args.statusline.then_some(STATUSLINE);
    let before = std::fs::read_to_string(&settings).unwrap_or_default();
    let plan = if args.dry_run {
        plan(&before, &hook, client, status_line).map_err(|source| {
            anyhow::Error::new(source)
                .context(format!("`{}` cannot be changed", settings.display()))
        })?
    } else {
        if scope != Scope::User {
            limits::write(&project, &limits)?;
        }
        install(&settings, &record, &hook, client, status_line).hint("nothing was changed")?
    };
    if args.json {
        println!("{}", as_json(args, &settings, &plan));
    } else {
        tell(args, &settings, &before, &plan);
    }
    Ok(Exit::Fine)
}

/// The program as the settings name it: by its path, or by its name where others use the same settings.
fn hook_program(named: Option<&Path>, scope: Scope) -> Result<String, Failure> {
    const NAME: &str = "plimsoll-hook";
    if let Some(path) = named {
        let whole = std::fs::canonicalize(path)
            .map_err(|error| anyhow::anyhow!("`{}`: {error}", path.display()));
        return Ok(whole.hint("name the program with --hook")?.display().to_string());
    }
    if scope == Scope::Project {
        return Ok(NAME.to_owned());
    }
    let this = std::env::current_exe()?;
    let beside = this.with_file_name(NAME);
    if beside.is_file() {
        return Ok(beside.display().to_string());
    }
    Err(Failure::new(anyhow::anyhow!("there is no `{NAME}` beside `{}`", this.display()))
        .with_hint("`cargo install plimsoll` brings both; or name it with --hook"))
}

fn tell(args: &InstallArgs, settings: &Path, before: &str, plan: &Plan) {
    let name = shown(settings);
    if args.dry_run {
        let diff = TextDiff::from_lines(before, plan.after.as_str());
        print!("{}", diff.unified_diff().context_radius(2).header(&name, &name));
    } else {
        println!(
            "{name}: {} hooks, {}",
            plan.events.len(),
            if plan.is_exec_form { "without a shell" } else { "through a shell" }
        );
    }
    for left in &plan.left_out {
        println!(
            "left out: {} needs client {}; without it {}",
            left.event, left.since, left.without
        );
    }
    if args.scope.scope() == Scope::Project {
        println!("note: everybody who works here needs `plimsoll-hook` on the PATH");
    }
    if !args.dry_run {
        println!("next: start the client anew, then `plimsoll ralph doctor`");
    }
}

fn as_json(args: &InstallArgs, settings: &Path, plan: &Plan) -> serde_json::Value {
    let left_out: Vec<_> = plan
        .left_out
        .iter()
        .map(|left| json!({"event": left.event, "since": left.since.to_string(), "without": left.without}))
        .collect();
    json!({
        "version": 1,
        "settings": settings,
        "is_changed": !args.dry_run,
        "events": plan.events,
        "left_out": left_out,
        "is_exec_form": plan.is_exec_form,
    })
}
