//! `plimsoll verify` and `plimsoll doctor`: whether the set-up works, shown by trying it out.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use plimsoll_kit::{
    CHECKS, CheckSpec, CheckState, Need, VERIFICATION_CHECKLIST, Verdict, Verification, Verified,
    VerifyConfig, VerifyReport, verify,
};

use crate::failure::{Exit, Failure};
use crate::glue::github::GitHubArgs;
use crate::glue::sections;
use crate::probes::{self, Program, Surroundings};
use crate::store::StoreArgs;

/// The check of the configuration itself.
const CONFIGURATION: &str = "drift.configuration";

/// Arguments of `plimsoll verify`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  plimsoll verify                        every check; what is not set up is skipped, and said
  plimsoll verify --offline              without a network and without a server
  plimsoll verify --only monitoring      a part, or one check by its name
  plimsoll verify --require review.lints besides those of the section `verify`
  plimsoll verify --list                 the checks, and which line of the checklist each shows

A check proves by reading back: a row, a delivery, an event's id. Exit code 0: all that is required is ok. 1: something
failed, or is required and degraded. 2: something that is required was skipped, so nobody can tell.")]
pub(crate) struct VerifyArgs {
    /// Only checks that need neither a network nor a server
    #[arg(long)]
    offline: bool,
    /// Only this part (security, monitoring, review, staging, rollback, hooks, drift) or check
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// A check that has to be ok, besides `verify.required` of the configuration
    #[arg(long, value_name = "CHECK")]
    require: Vec<String>,
    /// Print the report as JSON, version 1 of its form
    #[arg(long)]
    json: bool,
    /// Print the checks and run none
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    github: GitHubArgs,
}

impl VerifyArgs {
    /// The same without anything that is sent.
    pub(crate) fn without_network(&self) -> VerifyArgs {
        VerifyArgs { offline: true, ..self.clone() }
    }

    fn wants(&self, check: &CheckSpec) -> bool {
        let is_named = |name: &String| check.id == name || area(check) == *name;
        (self.only.is_empty() || self.only.iter().any(is_named))
            && (check.is_offline || !self.offline)
    }

    /// Refuses names that are no check: a misspelt one would never be run, and nobody would know.
    fn check_names(&self) -> Result<(), Failure> {
        let is_known = |name: &&String| CHECKS.iter().any(|check| check.id == name.as_str());
        let is_area = |name: &&String| CHECKS.iter().any(|check| area(check) == **name);
        let unknown = self.only.iter().find(|name| !is_known(name) && !is_area(name));
        match unknown.or_else(|| self.require.iter().find(|name| !is_known(name))) {
            None => Ok(()),
            Some(name) => Err(Failure::new(anyhow::anyhow!("`{name}` is no check"))
                .with_hint("`plimsoll verify --list` has all names")),
        }
    }
}

pub(crate) fn run(args: &VerifyArgs) -> Result<Exit, Failure> {
    args.check_names()?;
    if args.list {
        CHECKS.iter().for_each(list);
        return Ok(Exit::Fine);
    }
    let checks = match args.store.config().section::<VerifyConfig>(sections::VERIFY) {
        Ok(config) => checks(args, config)?,
        Err(failure) => without_configuration(args, failure)?,
    };
    let is_watched = std::io::stderr().is_terminal() && !args.json;
    let report = verify(checks, &mut |line| {
        if is_watched {
            eprintln!("{} {}", line.state.name(), line.id);
        }
    });
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        show(&report);
    }
    Ok(match report.verdict() {
        Verdict::Fine => Exit::Fine,
        Verdict::Failed => Exit::Finding,
        _ => Exit::Unknown,
    })
}

/// The checks that are wanted, each with its probe.
fn checks(args: &VerifyArgs, mut config: VerifyConfig) -> Result<Vec<Verification>, Failure> {
    config.required.extend(args.require.iter().cloned());
    let limit = Duration::from_secs(u64::from(config.limit_s));
    let around = Surroundings {
        program: Program::this(limit, args.store.config())?,
        is_offline: args.offline,
        config,
        github: args.github.clone(),
        store: args.store.clone(),
        demo: std::sync::Arc::default(),
    };
    let wanted = CHECKS.iter().filter(|check| args.wants(check));
    Ok(wanted.filter_map(|check| verification(check, limit, &around)).collect())
}

/// What can be said when the configuration cannot be read: that it cannot, and nothing of the rest.
fn without_configuration(
    args: &VerifyArgs,
    failure: Failure,
) -> Result<Vec<Verification>, Failure> {
    let wanted: Vec<&CheckSpec> = CHECKS.iter().filter(|check| args.wants(check)).collect();
    if !wanted.iter().any(|check| check.id == CONFIGURATION) {
        return Err(failure);
    }
    let required = VerifyConfig::default().required;
    let state = |check: &CheckSpec| match check.id {
        CONFIGURATION => CheckState::failed(
            failure.to_string().lines().next().unwrap_or_default().to_owned(),
            "run `plimsoll ssot check`; it names file and line",
        ),
        _ => CheckState::skipped("the configuration cannot be read"),
    };
    let checks = wanted.into_iter().map(|check| {
        let state = state(check);
        let is_required = required.iter().chain(&args.require).any(|id| id == check.id);
        Verification {
            id: check.id,
            area: check.area,
            title: check.title,
            need: if is_required { Need::Required } else { Need::Optional },
            limit: Duration::from_secs(1),
            check: Box::new(move || state.clone()),
        }
    });
    Ok(checks.collect())
}

fn verification(check: &CheckSpec, limit: Duration, around: &Surroundings) -> Option<Verification> {
    let is_required = around.config.required.iter().any(|id| id == check.id);
    Some(Verification {
        id: check.id,
        area: check.area,
        title: check.title,
        need: if is_required { Need::Required } else { Need::Optional },
        limit,
        check: probes::probe(check.id, around)?,
    })
}

/// The part of the set-up, as names have it.
fn area(check: &CheckSpec) -> &'static str {
    check.id.split_once('.').map_or(check.id, |(area, _)| area)
}

fn list(check: &CheckSpec) {
    let place = if check.is_offline { "offline" } else { "online" };
    println!("{:<28} {place:<8} {}", check.id, check.title);
    for line in VERIFICATION_CHECKLIST.iter().filter(|line| line.id == check.id) {
        println!("{:<28} shows: {}: {}", "", line.part, line.text);
    }
}

fn show(report: &VerifyReport) {
    for line in &report.checks {
        let need = if line.need == Need::Required { "required" } else { "optional" };
        println!("{:<9} {need} {:<28} {}", line.state.name(), line.id, words(line));
        if let CheckState::Failed { fix, .. } = &line.state {
            println!("{:<19}{:<28} to do: {fix}", "", "");
        }
    }
    let count = |name: &str| report.checks.iter().filter(|line| line.state.name() == name).count();
    println!(
        "{} checks: {} ok, {} failed, {} degraded, {} skipped",
        report.checks.len(),
        count("ok"),
        count("failed"),
        count("degraded"),
        count("skipped")
    );
}

fn words(line: &Verified) -> &str {
    match &line.state {
        CheckState::Ok { evidence } => evidence,
        CheckState::Degraded { why }
        | CheckState::Failed { why, .. }
        | CheckState::Skipped { why } => why,
        _ => "in a state that this version does not know",
    }
}
