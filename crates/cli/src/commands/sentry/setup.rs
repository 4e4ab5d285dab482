//! `plimsoll sentry setup`.

use clap::Args;
use plimsoll_alerts::{Secrets, SentryApi, SentryApiError};

use super::ProjectArgs;
use crate::failure::{Exit, Failure};

/// Arguments of `plimsoll sentry setup`.
#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    #[command(flatten)]
    project: ProjectArgs,
    /// Only show what would be done; exit code 1 if there is anything
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: &SetupArgs) -> Result<Exit, Failure> {
    let config = args.project.load()?;
    let api = SentryApi::new(config.project(), &Secrets::of_process()).map_err(failed)?;
    let plan = api.plan().map_err(failed)?;
    print!("{plan}");
    if plan.is_done() {
        println!("everything is as it should be");
        return Ok(Exit::Fine);
    }
    if args.dry_run {
        println!("nothing was changed");
        return Ok(Exit::Finding);
    }
    let (created, updated) = api.apply(&plan).map_err(failed)?;
    if !api.plan().map_err(failed)?.is_done() {
        return Err(Failure::refused(anyhow::anyhow!(
            "Sentry took the rules and shows them otherwise"
        ))
        .with_hint("`plimsoll sentry setup --dry-run` shows what still differs"));
    }
    println!("{created} created, {updated} changed; read back, and as they should be");
    Ok(Exit::Fine)
}

/// What can be done about it.
pub(super) fn failed(error: SentryApiError) -> Failure {
    let hint = match &error {
        SentryApiError::Token { .. } => {
            "make a token with the scopes alerts:write and event:read, and set SENTRY_AUTH_TOKEN"
        }
        SentryApiError::Forbidden { .. } => {
            "the token needs the scopes alerts:write and event:read of this organization"
        }
        SentryApiError::Unreachable { .. } => {
            "a region has an address of its own, such as https://de.sentry.io: --url"
        }
        _ => "`plimsoll sentry setup --dry-run` changes nothing and shows how far it gets",
    };
    Failure::new(error).with_hint(hint)
}
