//! What is kept in git: the loop's files, and nobody else's.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use plimsoll_ralph::{Checkpoint, Mode};
use serde_json::json;

use crate::client::Client;

/// A loop in a project where a person has changed one file, and staged another.
fn started(how: Checkpoint) -> Client {
    let mut client = Client::new(Mode::Loop);
    client.config.checkpoint = how;
    client.write("mine.txt", "a person's\n");
    client.write("staged.txt", "a person's too\n");
    client.git(&["add", "staged.txt"]);
    client.prompt("RALPH START do it");
    client
}

fn kept(client: &Client) -> Vec<String> {
    let reference = client.iterations().pop().unwrap().checkpoint_ref.unwrap();
    let text =
        client.git(&["diff-tree", "-r", "--no-commit-id", "--name-only", "--root", &reference]);
    text.lines().map(str::to_owned).collect()
}

#[test]
fn only_what_the_loop_changed_is_kept_and_branch_and_index_stay() {
    let client = started(Checkpoint::SideRef);
    let (head, index) = (client.git(&["rev-parse", "HEAD"]), client.git(&["ls-files", "-s"]));
    client.work(1);
    client.stop("words");
    assert_eq!(kept(&client), ["work.txt"]);
    assert_eq!(client.git(&["rev-parse", "HEAD"]), head);
    assert_eq!(client.git(&["ls-files", "-s"]), index);
    let status = client.git(&["status", "--short"]);
    assert_eq!(status, "A  staged.txt\n?? mine.txt\n?? work.txt", "ours is invisible: {status}");
}

#[test]
fn a_file_that_a_person_changes_meanwhile_is_not_kept() {
    let client = started(Checkpoint::SideRef);
    // Long before any tool ran.
    client.write("later.txt", "a person's\n");
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(600);
    let file = fs::File::options().write(true).open(client.root().join("later.txt")).unwrap();
    file.set_modified(past).unwrap();
    client.work(1);
    client.stop("words");
    assert_eq!(kept(&client), ["work.txt"]);
}

#[test]
fn a_file_that_a_person_began_and_the_agent_edits_is_kept_aside_but_never_on_the_branch() {
    for (how, expected) in [
        (Checkpoint::SideRef, vec!["mine.txt", "work.txt"]),
        (Checkpoint::Branch, vec!["work.txt"]),
    ] {
        let client = started(how);
        let path = client.root().join("mine.txt");
        client.write("mine.txt", "and the agent's\n");
        client.send(
            "PostToolUse",
            &json!({ "tool_name": "Edit", "tool_use_id": "t", "duration_ms": 9,
            "tool_input": { "file_path": path, "old_string": "a", "new_string": "b" } }),
        );
        client.work(1);
        client.stop("words");
        assert_eq!(kept(&client), expected, "{how:?}");
    }
}

#[test]
fn a_checkpoint_on_the_branch_leaves_what_is_staged_staged_and_runs_no_hook() {
    let client = started(Checkpoint::Branch);
    let hook = client.root().join(".git/hooks/pre-commit");
    fs::write(&hook, "#!/bin/sh\ntouch ran-the-hook\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    client.work(1);
    client.stop("words");
    assert_eq!(kept(&client), ["work.txt"]);
    assert_eq!(client.git(&["log", "-1", "--format=%an %s"]).split(' ').next(), Some("a"));
    assert_eq!(client.git(&["status", "--short"]), "A  staged.txt\n?? mine.txt");
    assert!(!client.root().join("ran-the-hook").exists());
    client.git(&["checkout", "-q", "--detach"]);
    client.work(2);
    client.stop("words");
    let refused = client.iterations().pop().unwrap().checkpoint_refused.unwrap();
    assert_eq!(refused, "no branch is checked out");
}

#[test]
fn a_secret_refuses_the_checkpoint_and_the_loop_goes_on() {
    let client = started(Checkpoint::SideRef);
    client.work(1);
    let key = ["AKIA", "IOSFODNN7EXAMPLX"].concat();
    client.write("config.py", &format!("key = '{key}'\n"));
    let answer = client.stop("words");
    assert!(crate::client::goes_on(&answer));
    let last = client.iterations().pop().unwrap();
    assert_eq!(last.checkpoint_ref, None);
    let why = last.checkpoint_refused.unwrap();
    assert!(
        why.contains("config.py holds what looks like a secret") && !why.contains(&key),
        "{why}"
    );
    assert_eq!(client.git(&["for-each-ref", "refs/ralph"]), "");
    let record = fs::read_to_string(client.ralph().join("events.jsonl")).unwrap();
    assert!(!record.contains(&key));
}

#[test]
fn names_links_modes_and_deletions_are_kept_exactly() {
    let client = started(Checkpoint::SideRef);
    let odd = "a \"b\"\n\t\u{e9} \\ c.txt";
    client.write(odd, "odd\r\n");
    client.write("run.sh", "#!/bin/sh\n");
    let run = client.root().join("run.sh");
    fs::set_permissions(&run, fs::Permissions::from_mode(0o755)).unwrap();
    symlink("run.sh", client.root().join("link")).unwrap();
    fs::remove_file(client.root().join("README.md")).unwrap();
    client.tool();
    client.stop("words");
    let reference = client.iterations().pop().unwrap().checkpoint_ref.unwrap();
    let tree = client.git(&["ls-tree", "-r", "-z", &reference]);
    let entries: Vec<(&str, &str)> = tree
        .split('\0')
        .filter(|line| !line.is_empty())
        .map(|line| line.split_once('\t').map(|(head, path)| (&head[..6], path)).unwrap())
        .collect();
    assert_eq!(entries, [("100644", odd), ("120000", "link"), ("100755", "run.sh")]);
    let exact = client.git(&["cat-file", "blob", &format!("{reference}:{odd}")]);
    assert_eq!(exact, "odd", "trimmed: {exact:?}");
}

#[test]
fn a_repository_without_a_commit_is_kept_too() {
    let mut client = Client::outside_of_git(Mode::Loop);
    client.git(&["init", "-q", "-b", "main"]);
    client.config.checkpoint = Checkpoint::SideRef;
    client.prompt("RALPH START do it");
    client.work(1);
    client.stop("words");
    assert_eq!(kept(&client), ["work.txt"]);
}

#[test]
fn an_iteration_that_changes_nothing_is_not_kept_again() {
    let client = started(Checkpoint::SideRef);
    client.work(1);
    client.stop("words");
    client.stop("idle");
    assert_eq!(client.iterations().pop().unwrap().checkpoint_ref, None);
    assert_eq!(
        client.git(&["for-each-ref", "--format=%(refname)", "refs/ralph"]).lines().count(),
        1
    );
}

#[test]
fn outside_of_git_content_is_progress_and_nothing_is_kept() {
    let client = Client::outside_of_git(Mode::Loop);
    client.write("work.txt", "0");
    client.prompt("RALPH START do it");
    client.tool();
    client.stop("words");
    assert_eq!(client.iterations()[0].progressed, Some(false));
    client.work(1);
    client.stop("words");
    let last = client.iterations().pop().unwrap();
    assert_eq!(
        (last.progressed, last.checkpoint_ref, last.checkpoint_refused),
        (Some(true), None, None)
    );
}

#[test]
fn progress_says_what_each_iteration_changed_and_stays_small() {
    let mut client = Client::new(Mode::Loop);
    client.config.progress_max_bytes = 2_048;
    client.config.max_no_progress = 15.try_into().unwrap();
    client.prompt("RALPH START do\nit");
    client.work(1);
    client.stop("words");
    client.git(&["add", "work.txt"]);
    client.git(&["commit", "-q", "-m", "add work"]);
    client.tool();
    client.stop("words");
    let text = || fs::read_to_string(client.ralph().join("progress.md")).unwrap();
    let first = text();
    for wanted in
        ["Task: do it", "iteration 1: continued", "- changed: work.txt", "- kept at refs/ralph/"]
    {
        assert!(first.contains(wanted), "{wanted}:\n{first}");
    }
    assert!(first.contains("add work") && first.contains("only what is committed"), "{first}");
    for n in 2..14 {
        client.work(n);
        client.stop("words");
    }
    let last = text();
    assert!(last.len() <= 2_048 && last.contains("iteration 14"), "{}", last.len());
    assert!(!last.contains("iteration 1:"), "the oldest go first:\n{last}");
}

#[test]
fn after_a_compaction_task_iteration_and_progress_are_put_back() {
    let client = started(Checkpoint::SideRef);
    client.work(1);
    client.stop("words");
    let answer = client.send("SessionStart", &json!({ "source": "compact" }));
    let context = answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap();
    for wanted in ["do it", "iteration 1 of 15", "changed: work.txt", "<promise>COMPLETE</promise>"]
    {
        assert!(context.contains(wanted), "{wanted}:\n{context}");
    }
    client.prompt("STOP RALPH");
    client.prompt(&format!("RALPH START {}", "long ".repeat(5_000)));
    client.stop("words");
    let answer = client.send("SessionStart", &json!({ "source": "compact" }));
    let context = answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap();
    assert!(context.chars().count() <= 9_500, "{}", context.chars().count());
}
