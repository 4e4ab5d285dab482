//! `plimsoll drift --pr`: the change as one pull request.

mod branch;
mod words;

use std::path::Path;

use clap::Args;
use plimsoll_drift::{Around, FixPlan, Report, Verdict, apply, plan};

use super::check::{CheckArgs, exit};
use super::subject::Subject;
use super::{fix, show};
use crate::failure::{Exit, Failure};
use crate::glue::github::{GitHub, GitHubArgs, NewPull, Pull};

use branch::{Branches, Pushed};

/// Where the change goes.
#[derive(Debug, Clone, Args)]
pub(crate) struct PullArgs {
    /// Push the change as a branch of its own, and open or update one pull request; nothing here is changed
    #[arg(long, conflicts_with_all = ["files", "staged", "watch", "questdb", "installed"])]
    pub(crate) pr: bool,
    /// The branch that is checked and that the pull request goes to [default: the one that is checked out here]
    #[arg(long, value_name = "BRANCH", requires = "pr")]
    base: Option<String>,
    /// The branch with the change; it is ours alone
    #[arg(long, value_name = "BRANCH", default_value = "plimsoll/drift", requires = "pr")]
    branch: String,
    /// The remote of git that both are at
    #[arg(long, value_name = "NAME", default_value = "origin", requires = "pr")]
    remote: String,
    #[command(flatten)]
    github: GitHubArgs,
}

pub(super) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let wanted = &args.pull;
    let (root, canonical) = args.subject.places()?;
    // Before anything is pushed: a pull request has to be possible.
    let github = if args.diff { None } else { Some(wanted.github.connect()?) };
    let branches = Branches::fetch(&root, &wanted.remote, wanted.base.as_deref(), &wanted.branch)?;
    let copy = branches.write_out(&root)?;
    let canonical = canonical
        .and_then(|path| path.strip_prefix(&root).ok().map(|below| copy.root().join(below)))
        .filter(|path| path.is_file());
    if canonical.is_none() {
        let error = anyhow::anyhow!("`{}` has no canonical file", branches.base());
        return Err(Failure::refused(error)
            .with_hint("nothing is changed toward defaults; commit config/canonical.yaml first"));
    }
    let subject = args.subject.read_at(copy.root().to_owned(), canonical)?;
    let report = subject.check(&[], Around::default());
    let plan = plan(&report, &fix::options(args));
    let Some(github) = github else {
        print!("{}", fix::patch(&subject, &plan)?);
        eprintln!("files that the pull request would change: {}", plan.files.len());
        return Ok(exit(&subject, &report));
    };
    let changed = changed(&subject, plan);
    let after = subject.check(&[], Around::default());
    show::report(args, &subject, &after)?;
    if changed.files.is_empty() {
        settle(&github, &branches, &after)?;
    } else {
        let title = words::title(&changed);
        let pushed = branches.push(&copy, &changed, &title)?;
        propose(&github, &branches, &title, &words::body(&changed, &report), pushed)?;
    }
    Ok(exit(&subject, &after))
}

/// Applies what can be applied; the rest is left, with the reason.
fn changed(subject: &Subject, plan: FixPlan) -> FixPlan {
    let mut changed = FixPlan::default();
    changed.left = plan.left;
    for file in plan.files {
        match apply(&subject.canon, &subject.root, &file) {
            Ok(()) => changed.files.push(file),
            Err(error) => {
                changed.left.push((file.path, format!("{:#}", anyhow::Error::new(error))));
            }
        }
    }
    changed
}

/// Opens a pull request, or brings the one that is open up to date.
fn propose(
    github: &GitHub,
    branches: &Branches,
    title: &str,
    body: &str,
    pushed: Pushed,
) -> Result<(), Failure> {
    let (head, base) = (branches.branch(), branches.base());
    let pushed = match pushed {
        Pushed::New => "pushed",
        Pushed::Same => "is already there",
    };
    let Some(open) = open(github, branches)? else {
        let pull = github.open_pull(NewPull { title, body, head, base })?;
        eprintln!("`{head}` {pushed}; opened {}", pull.url);
        return Ok(());
    };
    if !words::is_ours(&open) {
        eprintln!("`{head}` {pushed}; somebody else opened {}, its words are left", open.url);
    } else if open.title == title && open.body == body {
        eprintln!("`{head}` {pushed}; {} says it already", open.url);
    } else {
        github.edit_pull(open.number, title, body)?;
        eprintln!("`{head}` {pushed}; updated {}", open.url);
    }
    Ok(())
}

/// There is nothing to change: our pull request, if one is open, has nothing to say any more.
fn settle(github: &GitHub, branches: &Branches, after: &Report) -> Result<(), Failure> {
    let Some(open) = open(github, branches)?.filter(words::is_ours) else {
        eprintln!("nothing to change; no pull request of ours is open");
        return Ok(());
    };
    if after.verdict() == Verdict::Clean {
        github.close_pull(open.number)?;
        eprintln!("`{}` agrees by itself; closed {}", branches.base(), open.url);
    } else {
        eprintln!("nothing that could be changed; {} is left as it is", open.url);
    }
    Ok(())
}

fn open(github: &GitHub, branches: &Branches) -> Result<Option<Pull>, Failure> {
    let pulls = github.pulls_of(branches.branch())?;
    Ok(pulls.into_iter().find(|pull| pull.base == branches.base()))
}

/// A path below a folder; the folder itself if it is not below.
fn below(path: &Path, folder: &Path) -> std::path::PathBuf {
    path.strip_prefix(folder).unwrap_or(Path::new("")).to_owned()
}
