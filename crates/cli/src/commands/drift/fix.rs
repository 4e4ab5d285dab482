//! `plimsoll drift --diff` and `--fix`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use plimsoll_drift::{FixOptions, FixPlan, Report, Verdict, apply, plan};

use super::check::{CheckArgs, around, exit};
use super::show::{self, Look};
use super::subject::Subject;
use crate::failure::{Exit, Failure};

pub(crate) fn run(
    args: &CheckArgs,
    subject: &Subject,
    files: &[PathBuf],
    report: &Report,
) -> Result<Exit, Failure> {
    let plan = plan(report, &options(args));
    let patch = patch(subject, &plan)?;
    // A form for programs has standard output for itself.
    if args.diff || args.look() == Look::Text {
        print!("{patch}");
    } else {
        eprint!("{patch}");
    }
    for (place, why) in &plan.left {
        eprintln!("left as it is: {place}: {why}");
    }
    if args.diff {
        let count = plan.files.len();
        eprintln!("files that would change: {count}; `plimsoll drift --fix` changes them");
        return Ok(exit(subject, report));
    }
    let mut failed = 0_usize;
    for fix in &plan.files {
        match apply(&subject.canon, &subject.root, fix) {
            Ok(()) => eprintln!("changed {}: {} values", fix.path, fix.edits.len()),
            Err(error) => {
                failed += 1;
                let error = anyhow::Error::new(error);
                eprintln!("not changed: {error:#}");
            }
        }
    }
    let after = subject.check(files, around(args, subject)?);
    show::report(args, subject, &after)?;
    let is_done = failed == 0 || after.verdict() == Verdict::Drift;
    Ok(if is_done { exit(subject, &after) } else { Exit::Finding })
}

pub(crate) fn options(args: &CheckArgs) -> FixOptions {
    let mut options = FixOptions::default();
    if args.conflicts {
        options = options.with_conflicts();
    }
    if args.locks {
        options = options.with_locks();
    }
    options
}

/// The changes of a plan as one patch.
pub(crate) fn patch(subject: &Subject, plan: &FixPlan) -> Result<String, Failure> {
    let mut patch = String::new();
    for fix in &plan.files {
        let text = fs::read_to_string(subject.root.join(&fix.path))
            .with_context(|| format!("cannot read `{}`", fix.path))?;
        let diff = fix
            .diff(&text)
            .with_context(|| format!("`{}` has changed since it was checked", fix.path))?;
        patch.push_str(&diff);
    }
    Ok(patch)
}
