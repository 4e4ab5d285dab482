//! What a child sees of our environment.

use std::process::Stdio;

use plimsoll_process::Command;

use crate::sh;

const ROLE: &str = "PLIMSOLL_PROCESS_TEST_ROLE";

/// Runs this test again in a process whose environment holds what must not leak.
fn keys_seen(role: &str) -> Vec<String> {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "environment::prints_what_a_child_sees_when_started_for_it"])
        .arg("--nocapture")
        .env(ROLE, role)
        .env("DISCORD_WEBHOOK_URL", "https://example.invalid/planted")
        .env("GIT_DIR", "/nowhere")
        .env("LD_PRELOAD", "")
        .env("TZ", "UTC")
        .stderr(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().filter_map(|line| line.strip_prefix("seen ")).map(str::to_owned).collect()
}

#[test]
fn prints_what_a_child_sees_when_started_for_it() {
    let Some(role) = std::env::var_os(ROLE) else { return };
    let mut command = Command::new("env");
    if role == "allowed" {
        command = command.env_allow(["DISCORD_WEBHOOK_URL", "NOT_SET"]);
    }
    println!();
    for line in command.run().unwrap().stdout.text().lines() {
        println!("seen {line}");
    }
}

#[test]
fn a_child_sees_only_what_is_allowed() {
    let seen = keys_seen("plain");
    assert!(seen.contains(&"TZ=UTC".to_owned()), "{seen:?}");
    for line in seen {
        let key = line.split('=').next().unwrap();
        assert!(["PATH", "HOME", "LANG", "TZ", "TMPDIR"].contains(&key), "{key} leaks");
    }
    let seen = keys_seen("allowed");
    let planted = "DISCORD_WEBHOOK_URL=https://example.invalid/planted".to_owned();
    assert!(seen.contains(&planted), "{seen:?}");
    assert!(!seen.iter().any(|line| line.starts_with("NOT_SET")), "{seen:?}");
}

#[test]
fn a_set_variable_wins_and_is_not_printed_by_debug() {
    let command = sh("printf %s \"$TZ\"").env("TZ", "planted-value");
    assert!(!format!("{command:?}").contains("planted-value"), "{command:?}");
    assert_eq!(command.run().unwrap().stdout.text(), "planted-value");
}

#[test]
fn a_child_starts_where_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new("pwd").arg("-P").current_dir(dir.path()).run().unwrap();
    let real = dir.path().canonicalize().unwrap();
    assert_eq!(output.stdout.text().trim(), real.to_str().unwrap());
}
