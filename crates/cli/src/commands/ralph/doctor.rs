//! `plimsoll ralph doctor`.

use std::path::PathBuf;

use clap::Args;
use plimsoll_ralph::hook::{self, Options, Project};
use plimsoll_ralph::install::{Finding, Installed, Severity, examine, hooks, try_hook};
use serde_json::json;

use super::client::ClientArgs;
use super::scope::Scope;
use super::{DirArgs, limits};
use crate::configuration::ConfigArgs;
use crate::failure::{Exit, Failure, Hint as _};

const HELP: &str = "\
Looks at the settings of user, project and checkout, fires each hook of ours with a sample in a folder of its own, and
compares the bounds that hooks read with the configuration.

Exit codes: 0 all is well; 1 a problem or a warning; 2 it cannot be told.";

/// Arguments of `plimsoll ralph doctor`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct DoctorArgs {
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

pub(crate) fn run(args: &DoctorArgs) -> Result<Exit, Failure> {
    let project = args.dir.open()?;
    let client = args.client.ask()?;
    let files = settings(&project)?;
    let mut findings = Vec::new();
    let config = match hook::config(&project, &Options::from_env()) {
        Ok(config) => config,
        Err(error) => {
            findings.push(Finding::new(
                Severity::Problem,
                format!("{:#}", anyhow::Error::new(error)),
                "`plimsoll ralph limits` writes the bounds anew",
            ));
            plimsoll_ralph::Config::default()
        }
    };
    findings.extend(examine(&files, &client, &config));
    findings.extend(tried(&files)?);
    findings.extend(of_project(&project, &args.config)?);
    if args.json {
        println!(
            "{}",
            json!({"version": 1, "findings": findings.iter().map(as_json).collect::<Vec<_>>()})
        );
    } else {
        findings.iter().for_each(print);
    }
    let is_well = findings.iter().all(|finding| finding.severity == Severity::Fine);
    Ok(if is_well { Exit::Fine } else { Exit::Finding })
}

fn settings(project: &Project) -> Result<Vec<(PathBuf, String)>, Failure> {
    let mut files = Vec::new();
    for scope in Scope::ALL {
        let path = scope.settings(project)?;
        match std::fs::read_to_string(&path) {
            Ok(text) => files.push((path, text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(anyhow::anyhow!("cannot read `{}`: {error}", path.display()).into());
            }
        }
    }
    Ok(files)
}

/// Fires every hook of ours once.
fn tried(files: &[(PathBuf, String)]) -> Result<Vec<Finding>, Failure> {
    let scratch = std::env::temp_dir().join(format!("plimsoll-doctor-{}", std::process::id()));
    let failed = |error| anyhow::anyhow!("no folder for a trial, `{}`: {error}", scratch.display());
    std::fs::create_dir(&scratch)
        .map_err(failed)
        .hint("make the folder for temporary files writable")?;
    let ours =
        files.iter().filter_map(|(_, text)| hooks(text).ok()).flatten().filter(Installed::is_ours);
    let findings = ours.map(|hook| try_hook(&hook, &scratch)).collect();
    std::fs::remove_dir_all(&scratch).map_err(failed)?;
    Ok(findings)
}

/// State, bounds and place of the project.
fn of_project(project: &Project, config: &ConfigArgs) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    if let Err(error) = hook::state(project) {
        let what = format!("{:#}", anyhow::Error::new(error));
        findings.push(Finding::new(
            Severity::Problem,
            what,
            "make `.ralph` readable; a newer state needs a newer program",
        ));
    }
    findings.push(match limits::stale(project, config)? {
        None => Finding::new(Severity::Fine, "bounds are those of the configuration", ""),
        Some(stale) => {
            Finding::new(stale.severity, stale.what, "`plimsoll ralph limits` writes them anew")
        }
    });
    Ok(findings)
}

fn print(finding: &Finding) {
    let word = word(finding.severity);
    println!("{word:8} {}", finding.what.replace('\n', "\n         "));
    if !finding.hint.is_empty() {
        println!("         hint: {}", finding.hint);
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Fine => "ok",
        Severity::Warning => "warning",
        _ => "PROBLEM",
    }
}

fn as_json(finding: &Finding) -> serde_json::Value {
    json!({"severity": word(finding.severity).to_lowercase(), "what": finding.what, "hint": finding.hint})
}
