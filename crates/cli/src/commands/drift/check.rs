//! `plimsoll drift`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use plimsoll_drift::{Around, Report, Verdict, ask, check_tables};

use super::pull::PullArgs;
use super::show::{self, Look};
use super::subject::{Subject, SubjectArgs};
use super::{fix, pull, staged, watch};
use crate::failure::{Exit, Failure};
use crate::glue::installed::{Containers, Python, Rust};
use crate::glue::metrics_drift;

/// Arguments of the check.
#[derive(Debug, Clone, Args)]
pub(crate) struct CheckArgs {
    /// Files and folders; the whole repository if none is named
    pub(crate) files: Vec<PathBuf>,
    /// Only what is about to be committed, as it is in git's index
    #[arg(long, conflicts_with_all = ["files", "fix", "watch"])]
    pub(crate) staged: bool,
    /// Every place that was compared, also those that agree
    #[arg(long)]
    pub(crate) all: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Look::Text, value_name = "FORM")]
    pub(crate) format: Look,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// Print the change that would bring the files back, and change nothing
    #[arg(long)]
    pub(crate) diff: bool,
    /// Change the files to what is declared, and check again
    #[arg(long, conflicts_with = "diff")]
    pub(crate) fix: bool,
    /// Change also where several files agree with each other against what is declared
    #[arg(long)]
    pub(crate) conflicts: bool,
    /// Change lock files too; their own programs keep the digests right
    #[arg(long)]
    pub(crate) locks: bool,
    /// Also the tables of a running QuestDB at <http://user:password@host:port>: ours and those of `drift.tables`
    #[arg(long, value_name = "URL", conflicts_with_all = ["staged", "watch"])]
    pub(crate) questdb: Option<String>,
    /// Also what is installed here; who is named has to answer
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT", conflicts_with_all = ["staged", "watch"])]
    pub(crate) installed: Vec<Installed>,
    /// The interpreter of the Python environment [default: .venv, the active environment, python3]
    #[arg(long, value_name = "FILE", requires = "installed")]
    pub(crate) python: Option<PathBuf>,
    /// Check again after every change, until Ctrl-C
    #[arg(long, conflicts_with_all = ["fix", "diff"])]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) pull: PullArgs,
    #[command(flatten)]
    pub(crate) subject: SubjectArgs,
}

/// Who may be asked what is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Installed {
    /// The packages of the Python environment, and the interpreter
    Python,
    /// The compiler, and the programs that cargo installed
    Rust,
    /// The images of the containers that run, by Docker or Podman
    Containers,
}

impl CheckArgs {
    pub(crate) fn look(&self) -> Look {
        if self.json { Look::Json } else { self.format }
    }
}

pub(crate) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    if args.watch {
        return watch::run(args);
    }
    if args.pull.pr {
        return pull::run(args);
    }
    if args.staged {
        return staged::run(args);
    }
    let subject = args.subject.read()?;
    let files = subject.below(&args.files)?;
    let report = subject.check(&files, around(args, &subject)?);
    if args.diff || args.fix {
        return fix::run(args, &subject, &files, &report);
    }
    show::report(args, &subject, &report)?;
    Ok(exit(&subject, &report))
}

/// What else is asked besides the files.
pub(crate) fn around(args: &CheckArgs, subject: &Subject) -> Result<Around, Failure> {
    let mut around = Around::default();
    if let Some(url) = &args.questdb {
        let (server, name) = metrics_drift::connect(url)?;
        let mut declared = metrics_drift::declared();
        declared.extend(subject.declared.iter().filter(|value| value.key == "tables").cloned());
        let (findings, compared) = check_tables(&declared, &server, &name);
        around.findings.extend(findings);
        around.compared += compared;
    }
    for what in &args.installed {
        match what {
            Installed::Python => {
                let python = Python::of(&subject.root, args.python.as_deref());
                ask(&mut around, &python, "the Python environment");
            }
            Installed::Rust => {
                ask(&mut around, &Rust { root: subject.root.clone() }, "the Rust toolchain");
            }
            Installed::Containers => ask(&mut around, &Containers, "containers"),
        }
    }
    Ok(around)
}

/// Without a canonical file the best that can be said is that nothing contradicts the defaults.
pub(crate) fn exit(subject: &Subject, report: &Report) -> Exit {
    match report.verdict() {
        Verdict::Clean if subject.canonical.is_some() => Exit::Fine,
        Verdict::Drift => Exit::Finding,
        _ => Exit::Unknown,
    }
}
