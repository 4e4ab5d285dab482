//! `plimsoll sentry`: Sentry's own alert rules, and whether events arrive.

mod setup;
mod test;

use clap::{Args, Subcommand};
use plimsoll_alerts::SentryConfig;

use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure};
use crate::glue::sections::SENTRY;

const EXAMPLES: &str = "\
Examples:
  plimsoll sentry setup --dry-run     what would be created and changed
  plimsoll sentry setup               four alert rules, made once, put right when they drift
  plimsoll sentry test                send an event and find it again by its id

Organization, project and token stand in the section `sentry` of the configuration; the token and the address of the
project are read from SENTRY_AUTH_TOKEN and SENTRY_DSN unless it says otherwise.";

/// Arguments of `plimsoll sentry`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SentryArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create or put right Sentry's alert rules
    Setup(setup::SetupArgs),
    /// Send an event and look for it
    Test(test::TestArgs),
}

pub(crate) fn run(args: &SentryArgs) -> Result<Exit, Failure> {
    match &args.command {
        Command::Setup(args) => setup::run(args),
        Command::Test(args) => test::run(args),
    }
}

/// Which project.
#[derive(Debug, Clone, Args)]
struct ProjectArgs {
    /// Short name of the organization [default: as configured]
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
    /// Short name of the project [default: as configured]
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Base address of the API, such as <https://de.sentry.io> [default: as configured]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

impl ProjectArgs {
    fn load(&self) -> Result<SentryConfig, Failure> {
        let mut config: SentryConfig = self.config.section(SENTRY)?;
        let set = |to: &mut String, from: &Option<String>| {
            if let Some(from) = from {
                to.clone_from(from);
            }
        };
        set(&mut config.organization, &self.organization);
        set(&mut config.project, &self.project);
        set(&mut config.url, &self.url);
        for (name, value) in [("organization", &config.organization), ("project", &config.project)]
        {
            if value.trim().is_empty() {
                return Err(Failure::new(anyhow::anyhow!("no {name} is named")).with_hint(
                    format!("set sentry.{name} in the configuration, or add --{name} NAME"),
                ));
            }
        }
        Ok(config)
    }
}
