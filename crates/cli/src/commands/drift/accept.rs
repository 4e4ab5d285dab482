//! `plimsoll drift accept`.

use std::fs;

use anyhow::Context as _;
use clap::Args;
use plimsoll_drift::{Around, Baseline, Finding, Level};

use super::subject::{SubjectArgs, read_baseline};
use crate::failure::{Exit, Failure};

/// Arguments of `plimsoll drift accept`.
#[derive(Debug, Args)]
pub(crate) struct AcceptArgs {
    /// Keys, paths or fingerprints; every finding if none is named
    which: Vec<String>,
    /// The last day on which it is accepted, such as 2026-12-31
    #[arg(long, value_name = "DAY")]
    until: String,
    /// Why it may differ until then
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Also take out what covers nothing any more
    #[arg(long)]
    prune: bool,
    /// Say what would be accepted, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    subject: SubjectArgs,
}

pub(crate) fn run(args: &AcceptArgs) -> Result<Exit, Failure> {
    let subject = SubjectArgs { no_baseline: true, ..args.subject.clone() }.read()?;
    let path = subject.root.join(&subject.config.baseline);
    let mut baseline = read_baseline(&path)?.unwrap_or_default();
    let mut report = subject.check(&[], Around::default());
    let is_wanted = |finding: &&Finding| {
        let names = [&finding.key, &finding.place.path, &finding.fingerprint];
        finding.level != Level::Note
            && (args.which.is_empty() || args.which.iter().any(|which| names.contains(&which)))
    };
    let wanted: Vec<&Finding> = report.findings.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        return Err(Failure::new(anyhow::anyhow!("there is no such finding"))
            .with_hint("`plimsoll drift` lists them; name a key, a path or a fingerprint"));
    }
    baseline.accept(&wanted, &args.until, &args.reason);
    for finding in &wanted {
        println!("accepted until {}: {}: {}", args.until, finding.place, finding.message);
    }
    if args.prune {
        let unused = baseline.apply(&mut report, &args.until, &subject.config.baseline);
        baseline.accepted.retain(|accepted| !unused.contains(&accepted.fingerprint));
    }
    // What was typed is checked as a file's text would be.
    let text = baseline.to_text();
    Baseline::parse(&text).context("--until or --reason cannot be used")?;
    if args.dry_run {
        return Ok(Exit::Fine);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make `{}`", folder.display()))?;
    }
    plimsoll_durable::replace(&path, text)
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(Exit::Fine)
}
