//! What to do with the comments of a pull request so that they say what this review says: once, at the right
//! lines, over any number of pushes. Pure; a client of the caller carries it out.

use crate::diff::Diff;
use crate::finding::{Finding, Origin, Severity};
use crate::review::{ModelPart, Report};

const MARK: &str = "<!-- plimsoll-review ";
const SUMMARY_MARK: &str = "<!-- plimsoll-review-summary -->";
const RESOLVED: &str = "<!-- resolved -->";

/// A review comment that is there already, written by us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The service's number.
    pub id: u64,
    /// Its text.
    pub body: String,
}

/// One change of the comments.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Write a comment at lines of the new side.
    Post {
        /// Path relative to the repository.
        path: String,
        /// First line.
        line: u32,
        /// Last line.
        end_line: u32,
        /// Text.
        body: String,
    },
    /// Put this text in place of a comment's.
    Update {
        /// The comment.
        id: u64,
        /// Text.
        body: String,
    },
    /// The finding is gone: say so in its comment.
    Resolve {
        /// The comment.
        id: u64,
        /// Text.
        body: String,
    },
}

/// Compares findings with the comments that are there. Comments without our mark are not touched.
///
/// The second value are findings at lines that the diff does not show, for the summary.
pub fn plan<'a>(
    findings: &'a [Finding],
    diff: &Diff,
    existing: &[Comment],
) -> (Vec<Action>, Vec<&'a Finding>) {
    let (mut actions, mut elsewhere) = (Vec::new(), Vec::new());
    let ours: Vec<(&str, &Comment)> =
        existing.iter().filter_map(|comment| Some((mark_of(&comment.body)?, comment))).collect();
    for finding in findings {
        let body = body(finding);
        if let Some((_, comment)) = ours.iter().find(|(mark, _)| *mark == finding.fingerprint) {
            if comment.body != body {
                actions.push(Action::Update { id: comment.id, body });
            }
            continue;
        }
        let is_shown = diff.files.iter().any(|file| {
            file.path() == finding.path && file.shows(finding.line) && file.shows(finding.end_line)
        });
        if is_shown {
            let Finding { path, line, end_line, .. } = finding.clone();
            actions.push(Action::Post { path, line, end_line, body });
        } else {
            elsewhere.push(finding);
        }
    }
    for (mark, comment) in ours {
        let is_gone = !findings.iter().any(|finding| finding.fingerprint == mark);
        if is_gone && !comment.body.contains(RESOLVED) {
            actions.push(Action::Resolve { id: comment.id, body: resolved(&comment.body) });
        }
    }
    (actions, elsewhere)
}

/// Whether a comment of the conversation is the summary of an earlier review.
pub fn is_summary(body: &str) -> bool {
    body.contains(SUMMARY_MARK)
}

/// What a whole review comes to, for the conversation of a pull request. `elsewhere` are findings at lines that the
/// diff does not show.
pub fn summary(report: &Report, elsewhere: &[&Finding]) -> String {
    let counts: Vec<String> = Severity::ALL
        .into_iter()
        .rev()
        .map(|severity| {
            let count = report.findings.iter().filter(|found| found.severity == severity).count();
            format!("{count} {severity}")
        })
        .collect();
    let mut text = format!(
        "**Review**: {} files, {} added lines: {}.\n\n{}\n",
        report.files,
        report.added_lines,
        counts.join(", "),
        model_line(&report.model)
    );
    for found in elsewhere {
        text.push_str(&format!(
            "\n- `{}` line {}: **{}**: {}",
            found.path.replace('`', "'"),
            found.line,
            found.severity,
            escaped(&found.title)
        ));
    }
    for left in &report.left_out {
        let path = left.path.replace('`', "'");
        text.push_str(&format!("\n- not seen by the model: `{path}`: {}", escaped(&left.why)));
    }
    text.push_str(&format!("\n\n{SUMMARY_MARK}"));
    text
}

fn model_line(model: &ModelPart) -> String {
    match model {
        ModelPart::Reviewed { spent } => format!(
            "Model `{}`: {} requests, {:.2} USD, {} entries discarded.",
            spent.model, spent.answered, spent.cost_usd, spent.discarded
        ),
        ModelPart::Partial { spent, unanswered } => format!(
            "Model `{}`: **partial**, {:.2} USD; not reviewed: {}",
            spent.model,
            spent.cost_usd,
            escaped(&unanswered.join("; "))
        ),
        ModelPart::Unverified { why } => format!("Model: **unverified**: {}", escaped(why)),
    }
}

/// The text of one finding's comment.
fn body(finding: &Finding) -> String {
    let by = match finding.origin {
        Origin::Lint => format!("rule `{}`", finding.rule),
        _ => "model".to_owned(),
    };
    let mut text = format!(
        "**{}** ({}): {}\n\n{}\n",
        finding.severity,
        by,
        escaped(&finding.title),
        escaped(&finding.why)
    );
    if let Some(suggestion) = &finding.suggestion {
        let fence = fence_for(suggestion);
        text.push_str(&format!("\n{fence}suggestion\n{suggestion}\n{fence}\n"));
    }
    text.push_str(&format!("\n{MARK}{} -->", finding.fingerprint));
    text
}

/// A model's words must not mention people, load pictures or fake our mark.
fn escaped(text: &str) -> String {
    let text = text.replace('@', "@\u{200b}").replace("![", "!\u{200b}[");
    let mut safe = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let opens_tag = character == '<'
            && rest.peek().is_some_and(|next| next.is_ascii_alphabetic() || "/!?".contains(*next));
        if opens_tag {
            safe.push_str("&lt;");
        } else {
            safe.push(character);
        }
    }
    safe
}

/// A fence longer than any inside.
fn fence_for(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat((longest + 1).max(3))
}

fn resolved(body: &str) -> String {
    let title = body.lines().next().unwrap_or_default();
    let mark = mark_of(body).unwrap_or_default();
    format!(
        "~~{title}~~\n\nResolved: the last push no longer has it.\n\n{RESOLVED}\n{MARK}{mark} -->"
    )
}

fn mark_of(body: &str) -> Option<&str> {
    body.rsplit_once(MARK)?.1.split_once(" -->").map(|(mark, _)| mark)
}
