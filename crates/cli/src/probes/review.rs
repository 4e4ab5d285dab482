//! The review of changes.

use plimsoll_kit::CheckState;
use plimsoll_review::lints as all_lints;
use plimsoll_review::{Config, Diff, Review};

use super::Surroundings;

/// Every lint reports its example of a defect, and leaves its other example alone.
pub(super) fn lints(_around: &Surroundings) -> CheckState {
    let (mut defects, mut wrong) = (0, Vec::new());
    for lint in all_lints() {
        let reports = |body: &str| {
            let diff = Diff::parse(&sample(lint.path, body)).unwrap_or_default();
            let report = Review::new(&diff, &Config::default()).without_model("only lints");
            report.findings.iter().any(|found| found.rule == lint.id)
        };
        defects += 1;
        if !reports(lint.bad) || reports(lint.good) {
            wrong.push(lint.id);
        }
    }
    if wrong.is_empty() && defects > 0 {
        CheckState::ok(format!("{defects} planted defects flagged, {defects} clean changes passed"))
    } else {
        CheckState::failed(format!("not as it should be: {}", wrong.join(", ")), "report this")
    }
}

/// A hunk as a diff of one file, which is new if nothing was there before.
fn sample(path: &str, body: &str) -> String {
    let count = |marks: [char; 2]| body.lines().filter(|line| line.starts_with(marks)).count();
    let (old, new) = (count([' ', '-']), count([' ', '+']));
    let from = if old == 0 { "/dev/null".to_owned() } else { format!("a/{path}") };
    format!("--- {from}\n+++ b/{path}\n@@ -1,{old} +1,{new} @@\n{body}\n")
}

/// The model answers, within the budget of the configuration.
pub(super) fn model(around: &Surroundings) -> CheckState {
    if !around.program.has_variable("ANTHROPIC_API_KEY")
        && !around.program.has_variable("ANTHROPIC_API_KEY_FILE")
    {
        return CheckState::skipped("no key: set ANTHROPIC_API_KEY");
    }
    let fix = "run `plimsoll review --require-model` by hand";
    let Ok(dir) = tempfile::tempdir() else {
        return CheckState::failed("no scratch directory", "free space in TMPDIR");
    };
    let path = dir.path().join("sample.diff");
    let text = sample("orders.py", "+def half(quantity):\n+    return quantity / 3");
    if std::fs::write(&path, text).is_err() {
        return CheckState::failed("no scratch file", "free space in TMPDIR");
    }
    let path = path.to_string_lossy();
    around
        .program
        .own(&["review", "--require-model", "--blocks-on", "critical", "--diff", &path], fix)
}

/// The newest pull request has the summary of its review.
pub(super) fn comment(around: &Surroundings) -> CheckState {
    if !around.github.has_token() {
        return CheckState::skipped("no token: set GITHUB_TOKEN");
    }
    let fix = "is the workflow that calls `plimsoll review --pr N --comment` there?";
    let looked = around.github.connect().and_then(|github| {
        let Some(number) = github.newest_pull()? else { return Ok(None) };
        let comments = github.comments(number)?;
        Ok(Some((number, comments.iter().any(|one| plimsoll_review::is_summary(&one.body)))))
    });
    match looked {
        Ok(Some((number, true))) => CheckState::ok(format!("pull request {number} has its review")),
        Ok(Some((number, false))) => {
            CheckState::failed(format!("pull request {number} has no review"), fix)
        }
        Ok(None) => CheckState::skipped("there is no pull request yet"),
        Err(failure) => CheckState::failed(failure.to_string(), fix),
    }
}
