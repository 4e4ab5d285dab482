//! `plimsoll review`: a change, by lints and by a model.

mod forms;
mod model;
mod pull;
mod show;
mod source;

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use plimsoll_review::{Config, Diff, Report, Review, Severity, checklist_markdown, lints};

use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure};
use crate::glue::sections;
use crate::report::Form;

/// Arguments of `plimsoll review`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll review                         what is not committed yet
  plimsoll review main...HEAD             what this branch adds to main
  git diff -U20 | plimsoll review --diff -
  plimsoll review --no-model --json       lints only, for a script
  plimsoll review --dry-run               which requests a model would get, and what they may cost
  plimsoll review --record answers.json   keep the answers; --replay answers.json uses them again
  plimsoll review --pr 7 --comment        a pull request, with comments at its lines
  plimsoll review --format sarif          for code scanning; also junit and github
  plimsoll review --rules                 every lint with its examples

The model is asked if ANTHROPIC_API_KEY is set, or ANTHROPIC_API_KEY_FILE names a file with it. Without a key its part
is UNVERIFIED. Exit code 1: a finding as bad as --blocks-on, or worse. 2: no such finding, but the model's part is
missing although --require-model was given.")]
pub(crate) struct ReviewArgs {
    /// What git compares: main...HEAD, HEAD~3, a commit; default: what is not committed
    range: Option<String>,
    #[command(flatten)]
    source: source::SourceArgs,
    #[command(flatten)]
    model: model::ModelArgs,
    #[command(flatten)]
    pull: pull::PullArgs,
    #[command(flatten)]
    config: ConfigArgs,
    /// The mildest severity that makes the exit code 1 [default: `review.blocks_on`]
    #[arg(long, value_parser = severity, value_name = "SEVERITY")]
    blocks_on: Option<Severity>,
    /// Print the report as JSON, version 1 of its form
    #[arg(long)]
    json: bool,
    /// Print the findings for another program
    #[arg(long, value_name = "FORM", conflicts_with = "json")]
    format: Option<Form>,
    /// Print every lint with its examples, and review nothing
    #[arg(long, exclusive = true)]
    rules: bool,
    /// Print the checklist as Markdown, and review nothing
    #[arg(long, exclusive = true)]
    checklist: bool,
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::ALL
        .into_iter()
        .find(|severity| severity.name() == text)
        .ok_or_else(|| format!("`{text}` is no severity, wanted low, medium, high or critical"))
}

pub(crate) fn run(args: &ReviewArgs) -> Result<Exit, Failure> {
    if args.rules {
        lints().for_each(show::rule);
        return Ok(Exit::Fine);
    }
    if args.checklist {
        print!("{}", checklist_markdown());
        return Ok(Exit::Fine);
    }
    let mut config: Config = args.config.section(sections::REVIEW)?;
    config.blocks_on = args.blocks_on.unwrap_or(config.blocks_on);
    let pull = args.pull.open()?;
    let text = match &pull {
        Some(pull) => pull.diff()?,
        None => args.source.read(args.range.as_deref())?,
    };
    let diff = Diff::parse(&text).context("what git printed is no diff")?;
    let review = Review::new(&diff, &config);
    if args.model.dry_run {
        show::requests(&review.requests(), &config);
        return Ok(Exit::Fine);
    }
    let report = args.model.review(&review, &config)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else if let Some(form) = args.format {
        print!("{}", forms::findings(&report, &diff, config.blocks_on).render(form));
    } else {
        show::report(&report, &diff);
    }
    if let Some(pull) = &pull
        && let Some(told) = args.pull.tell(pull, &report, &diff)?
    {
        eprintln!("{told}");
    }
    Ok(exit(&report, &config, args.model.require_model))
}

fn exit(report: &Report, config: &Config, requires_model: bool) -> Exit {
    if report.blocks(config.blocks_on) {
        Exit::Finding
    } else if requires_model && !matches!(report.model, plimsoll_review::ModelPart::Reviewed { .. })
    {
        Exit::Unknown
    } else {
        Exit::Fine
    }
}

/// A file that must not be there yet, or may be replaced whole.
fn write(path: &PathBuf, text: &str) -> Result<(), Failure> {
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        fs::create_dir_all(dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
    }
    plimsoll_durable::replace(path, text)?;
    Ok(())
}
