//! `plimsoll review --pr`, against a stand-in of GitHub.

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use testbed::{GitHubStandIn, Reply};

use crate::run::{Ran, command, ended};

const LOOSER: &str = "--- a/config/risk.yaml\n+++ b/config/risk.yaml\n@@ -1 +1 @@\n-max_leverage: 3\n+max_leverage: 10\n";
const FINE: &str = "--- a/config/risk.yaml\n+++ b/config/risk.yaml\n@@ -1 +1 @@\n-max_leverage: 3\n+max_leverage: 2\n";

fn reviewed(github: &GitHubStandIn, number: u64, args: &[&str]) -> Ran {
    let dir = TempDir::new().unwrap();
    let number = number.to_string();
    let mut command = command(dir.path(), &["review", "--no-model", "--pr", &number]);
    let command = at(&mut command, github);
    ended(command.args(args))
}

fn at<'a>(command: &'a mut Command, github: &GitHubStandIn) -> &'a mut Command {
    let (repository, token) = github.access();
    command
        .env("GITHUB_API_URL", github.url())
        .env("GITHUB_REPOSITORY", repository)
        .env("GITHUB_TOKEN", token)
        .env_remove("GITHUB_TOKEN_FILE")
}

fn texts(comments: &[Value]) -> Vec<&str> {
    comments.iter().map(|comment| comment["body"].as_str().unwrap()).collect()
}

#[test]
fn a_finding_is_told_once_over_pushes_and_struck_through_when_it_is_gone() {
    let github = GitHubStandIn::start().unwrap();
    let number = github.open_pull(&"a".repeat(40), &"b".repeat(40), LOOSER);
    let first = reviewed(&github, number, &["--comment"]);
    assert_eq!(first.code, 1, "{}", first.err);
    assert!(first.err.contains("comments: 1 written, 0 changed, 0 resolved"), "{}", first.err);
    let comments = github.review_comments(number);
    assert_eq!(
        (&comments[0]["path"], &comments[0]["line"]),
        (&"config/risk.yaml".into(), &1.into())
    );
    assert!(texts(&comments)[0].contains("a risk limit is loosened"));
    let summary = github.comments(number);
    assert!(texts(&summary)[0].contains("1 high"), "{summary:?}");
    assert!(texts(&summary)[0].contains("**unverified**"), "{summary:?}");

    github.push(number, &"c".repeat(40), LOOSER);
    let writes = github.writes().len();
    reviewed(&github, number, &["--comment"]);
    assert_eq!(github.writes().len(), writes, "the same again writes nothing");

    github.push(number, &"d".repeat(40), FINE);
    let last = reviewed(&github, number, &["--comment"]);
    assert_eq!(last.code, 0, "{}", last.err);
    assert!(last.err.contains("0 written, 0 changed, 1 resolved"), "{}", last.err);
    assert!(texts(&github.review_comments(number))[0].contains("Resolved"));
    assert_eq!(github.comments(number).len(), 1, "one summary, edited");
    assert_eq!(github.violations(), Vec::<String>::new());
    keep(&github);
}

/// Where a proof wants what was written, `PLIMSOLL_GITHUB_WRITES` names the file.
fn keep(github: &GitHubStandIn) {
    let writes = github.writes();
    assert!(writes.iter().any(|(method, ..)| method == "PATCH"), "{writes:?}");
    if let Some(path) = std::env::var_os("PLIMSOLL_GITHUB_WRITES") {
        let writes: Vec<Value> = writes
            .into_iter()
            .map(|(method, path, body)| serde_json::json!({"method": method, "path": path, "body": body}))
            .collect();
        std::fs::write(path, serde_json::to_string(&writes).unwrap()).unwrap();
    }
}

#[test]
fn a_comment_of_somebody_else_that_copies_our_mark_hides_nothing() {
    let github = GitHubStandIn::start().unwrap();
    let number = github.open_pull(&"a".repeat(40), &"b".repeat(40), LOOSER);
    reviewed(&github, number, &["--comment"]);
    let copied = texts(&github.review_comments(number))[0].to_owned();
    let other = github.open_pull(&"a".repeat(40), &"b".repeat(40), LOOSER);
    // Three, so that the list has a second page.
    for _ in 0..3 {
        github.write_review_comment(other, "somebody", &copied);
    }
    let ran = reviewed(&github, other, &["--comment"]);
    assert!(ran.err.contains("1 written, 0 changed"), "{}", ran.err);
    assert_eq!(github.review_comments(other).len(), 4);
}

#[test]
fn what_github_refuses_is_said_with_what_to_do_and_without_the_token() {
    let github = GitHubStandIn::start().unwrap();
    let number = github.open_pull(&"a".repeat(40), &"b".repeat(40), LOOSER);
    let (_, token) = github.access();
    github.reply_next([Reply::json(403, &format!("{{\"message\": \"not with {token}\"}}"))]);
    let ran = reviewed(&github, number, &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("GitHub answered 403: not with"), "{}", ran.err);
    assert!(ran.err.contains("pull-requests: write"), "{}", ran.err);
    assert!(!ran.err.contains(token), "{}", ran.err);
    assert_eq!(reviewed(&github, 99, &[]).code, 2, "no such pull request");
    // A short outage is waited out where nothing is written.
    github.reply_next([Reply::status(502)]);
    assert_eq!(reviewed(&github, number, &[]).code, 1);
}

#[test]
fn each_form_for_another_program_names_the_finding() {
    let github = GitHubStandIn::start().unwrap();
    let number = github.open_pull(&"a".repeat(40), &"b".repeat(40), LOOSER);
    for (form, wanted) in [
        ("sarif", "\"ruleId\": \"limit-loosened\""),
        ("junit", "failures=\"1\""),
        (
            "github",
            "::error file=config/risk.yaml,line=1,endLine=1,title=review%3A limit-loosened::",
        ),
    ] {
        let ran = reviewed(&github, number, &["--format", form]);
        assert_eq!(ran.code, 1);
        assert!(ran.out.contains(wanted), "{form}: {}", ran.out);
    }
    assert_eq!(github.writes().len(), 0, "nothing is written without --comment");
}
