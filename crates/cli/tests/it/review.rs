//! `plimsoll review`, with the model's service played by a script.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::{Reply, ScriptedHttp};

use crate::run::{command, ended, plimsoll};

const DIFF: &str = "--- a/config/risk.yaml\n+++ b/config/risk.yaml\n@@ -1 +1 @@\n-max_leverage: 3\n+max_leverage: 10\n";
const CLEAN: &str = "--- a/src/a.py\n+++ b/src/a.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n";

fn with_diff(diff: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("change.diff"), diff).unwrap();
    dir
}

/// Runs with a key, against a service that gives this reply.
fn asked(dir: &TempDir, reply: Reply, args: &[&str]) -> (crate::run::Ran, Vec<testbed::Request>) {
    let server = ScriptedHttp::start([], reply).unwrap();
    let mut command = command(dir.path(), &["review", "--diff", "change.diff"]);
    command
        .args(args)
        .env("ANTHROPIC_API_KEY", "not-a-real-key")
        .env("ANTHROPIC_BASE_URL", server.url());
    (ended(&mut command), server.requests())
}

fn answer(line: u32) -> Reply {
    let finding = json!({"file": "src/a.py", "line": line, "end_line": line, "severity": "high",
        "focus": "correctness", "title": "wrong number", "why": "because", "suggestion": null});
    let body = json!({"type": "message", "stop_reason": "tool_use",
        "content": [{"type": "tool_use", "name": "report_findings", "input": {"findings": [finding]}}],
        "usage": {"input_tokens": 1000, "output_tokens": 100}});
    Reply::json(200, &body.to_string())
}

#[test]
fn without_a_key_the_lints_decide_and_the_models_part_is_unverified() {
    let dir = with_diff(DIFF);
    let mut command = command(dir.path(), &["review", "--diff", "change.diff"]);
    let ran = ended(command.env_remove("ANTHROPIC_API_KEY").env_remove("ANTHROPIC_API_KEY_FILE"));
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(
        ran.out.contains("config/risk.yaml:1: high: a risk limit is loosened [limit-loosened]"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("model: UNVERIFIED: neither ANTHROPIC_API_KEY"), "{}", ran.out);
    let milder = plimsoll(
        dir.path(),
        &["review", "--diff", "change.diff", "--no-model", "--blocks-on", "critical"],
    );
    assert_eq!(milder.code, 0);
    let needs = [
        "review",
        "--diff",
        "change.diff",
        "--no-model",
        "--blocks-on",
        "critical",
        "--require-model",
    ];
    assert_eq!(plimsoll(dir.path(), &needs).code, 2);
}

#[test]
fn a_models_finding_is_shown_counted_and_can_be_replayed_offline() {
    let dir = with_diff(CLEAN);
    let (ran, requests) = asked(&dir, answer(1), &["--record", "answers.json"]);
    assert_eq!((ran.code, requests.len()), (1, 1), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("src/a.py:1: high: wrong number [model/correctness]"), "{}", ran.out);
    assert!(ran.out.contains("1000 tokens in, 100 out, 0.01 USD"), "{}", ran.out);
    let replayed = plimsoll(
        dir.path(),
        &["review", "--diff", "change.diff", "--replay", "answers.json", "--json"],
    );
    assert_eq!(replayed.code, 1, "{}", replayed.err);
    let report: Value = serde_json::from_str(&replayed.out).unwrap();
    assert_eq!(
        (report["schema_version"].as_u64(), report["findings"][0]["line"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(report["model"]["state"], "reviewed");
}

#[test]
fn a_service_that_refuses_leaves_the_review_unverified_and_shows_no_key() {
    let dir = with_diff(CLEAN);
    let (ran, _) = asked(
        &dir,
        Reply::json(401, "{\"error\":{\"message\":\"bad not-a-real-key\"}}"),
        &["--require-model"],
    );
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.out.contains("UNVERIFIED: src/a.py: the service answered 401"), "{}", ran.out);
    assert!(
        !ran.out.contains("not-a-real-key") && !ran.err.contains("not-a-real-key"),
        "{}",
        ran.out
    );
}

#[test]
fn a_secret_that_is_found_is_not_printed() {
    let key = format!("AKIA{}", "IOSFODNN7QWERTYU");
    let dir =
        with_diff(&format!("--- /dev/null\n+++ b/src/a.py\n@@ -0,0 +1 @@\n+KEY = \"{key}\"\n"));
    let ran = plimsoll(dir.path(), &["review", "--diff", "change.diff", "--no-model"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("[secret-in-code]") && !ran.out.contains(&key), "{}", ran.out);
}

#[test]
fn what_is_not_committed_is_reviewed_and_a_range_cannot_be_an_option() {
    let dir = TempDir::new().unwrap();
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=A", "-c", "user.email=a@example.com"]).args(args);
        assert!(git.current_dir(dir.path()).output().unwrap().status.success());
    };
    git(&["init", "-q"]);
    fs::write(dir.path().join("a.yaml"), "max_leverage: 3\n").unwrap();
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "x"]);
    fs::write(dir.path().join("a.yaml"), "max_leverage: 9\n").unwrap();
    assert_eq!(plimsoll(dir.path(), &["review", "--no-model"]).code, 1);
    assert_eq!(plimsoll(dir.path(), &["review", "--no-model", "--staged"]).code, 0);
    let option = plimsoll(dir.path(), &["review", "--no-model", "--", "--output=stolen"]);
    assert_eq!(option.code, 2, "{}", option.out);
    assert!(!dir.path().join("stolen").exists());
}

#[test]
fn the_rules_and_the_checklist_can_be_read() {
    let dir = TempDir::new().unwrap();
    let rules = plimsoll(dir.path(), &["review", "--rules"]);
    assert!(
        rules.out.contains("order-without-limit-check (high, position_limits)"),
        "{}",
        rules.out
    );
    assert!(
        plimsoll(dir.path(), &["review", "--checklist"]).out.starts_with("# Review checklist\n")
    );
}

#[test]
fn the_configuration_says_what_blocks_and_is_never_replaced_when_broken() {
    let dir = with_diff(DIFF);
    fs::create_dir(dir.path().join("config")).unwrap();
    let canonical = dir.path().join("config/canonical.yaml");
    let args =
        ["review", "--diff", "change.diff", "--no-model", "--config", "config/canonical.yaml"];
    fs::write(&canonical, "review:\n  blocks_on: critical\n").unwrap();
    assert_eq!(plimsoll(dir.path(), &args).code, 0);
    fs::write(&canonical, "review:\n  disabled_lints: [limit-loosend]\n").unwrap();
    let broken = plimsoll(dir.path(), &args);
    assert_eq!(broken.code, 2);
    assert!(
        broken.err.contains("canonical.yaml:2") && broken.err.contains("limit-loosend"),
        "{}",
        broken.err
    );
}
