//! `plimsoll verify`, with the tools and the services that a machine may have or not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use tempfile::TempDir;
use testbed::GitHubStandIn;

use crate::run::{Ran, Running, command, ended, plimsoll};

fn states(ran: &Ran) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
    let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    let lines = report["checks"].as_array().unwrap();
    lines.iter().map(|line| (text(line, "id"), text(line, "state"))).collect()
}

#[track_caller]
fn state(ran: &Ran, id: &str) -> String {
    let all = states(ran);
    all.into_iter().find(|(name, _)| name == id).unwrap_or_else(|| panic!("no {id}: {}", ran.out)).1
}

#[test]
fn a_paper_trade_is_read_back_and_what_is_not_there_is_skipped() {
    let dir = TempDir::new().unwrap();
    let mut command = command(
        dir.path(),
        &["verify", "--json", "--only", "monitoring", "--only", "staging.paper-trade"],
    );
    let ran = ended(command.env_remove("PLIMSOLL_METRICS__STORE"));
    assert_eq!(state(&ran, "monitoring.trade-rows"), "ok", "{}", ran.out);
    assert_eq!(state(&ran, "monitoring.latency"), "ok", "{}", ran.out);
    assert_eq!(state(&ran, "staging.paper-trade"), "ok", "{}", ran.out);
    assert_eq!(state(&ran, "monitoring.canary-row"), "skipped", "there is no store: {}", ran.out);
}

#[test]
fn a_canary_row_is_read_back_and_a_store_that_is_broken_has_failed() {
    let dir = TempDir::new().unwrap();
    let demo = ["demo", "--fast", "--from", "2008-01-01", "--to", "2008-02-01", "--store", "s.db"];
    plimsoll(dir.path(), &demo);
    let args = [
        "verify",
        "--json",
        "--only",
        "monitoring.canary-row",
        "--store",
        "s.db",
        "--require",
        "monitoring.canary-row",
    ];
    let ran = plimsoll(dir.path(), &args);
    assert_eq!((ran.code, state(&ran, "monitoring.canary-row").as_str()), (0, "ok"), "{}", ran.out);
    let twice = plimsoll(dir.path(), &args);
    assert_eq!(twice.code, 0, "again, and again one row: {}", twice.out);
    fs::write(dir.path().join("s.db"), "this is no store").unwrap();
    let ran = plimsoll(dir.path(), &args);
    assert_eq!(
        (ran.code, state(&ran, "monitoring.canary-row").as_str()),
        (1, "failed"),
        "{}",
        ran.out
    );
}

/// A tool that is not there is skipped; one that finds something has failed.
#[test]
fn a_scanner_is_believed_by_its_exit_code_and_only_if_it_is_there() {
    let dir = TempDir::new().unwrap();
    let tools = dir.path().join("bin");
    fs::create_dir(&tools).unwrap();
    let gitleaks = tools.join("gitleaks");
    let run = |code: Option<u8>| {
        match code {
            Some(code) => {
                fs::write(
                    &gitleaks,
                    format!("#!/bin/sh\necho 'leaks found: {code}'\nexit {code}\n"),
                )
                .unwrap();
                fs::set_permissions(&gitleaks, fs::Permissions::from_mode(0o755)).unwrap();
            }
            None => drop(fs::remove_file(&gitleaks)),
        }
        let args =
            ["verify", "--json", "--only", "security.gitleaks", "--require", "security.gitleaks"];
        let ran = ended(command(dir.path(), &args).env("PATH", &tools));
        (ran.code, state(&ran, "security.gitleaks"))
    };
    assert_eq!(run(None), (2, "skipped".to_owned()), "required and not tried: nobody can tell");
    assert_eq!(run(Some(0)), (0, "ok".to_owned()));
    assert_eq!(run(Some(1)), (1, "failed".to_owned()));
}

#[test]
fn lints_flag_what_is_planted_and_a_broken_configuration_leaves_everything_open() {
    let dir = TempDir::new().unwrap();
    let args = ["verify", "--json", "--only", "review.lints", "--only", "drift.configuration"];
    let ran = plimsoll(dir.path(), &args);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert_eq!(state(&ran, "review.lints"), "ok");
    fs::create_dir(dir.path().join("config")).unwrap();
    let text = "verify:\n  required: [nothing.such]\n";
    fs::write(dir.path().join("config/canonical.yaml"), text).unwrap();
    let ran = plimsoll(dir.path(), &args);
    assert_eq!((ran.code, state(&ran, "drift.configuration").as_str()), (1, "failed"));
    assert_eq!(state(&ran, "review.lints"), "skipped", "which checks are required is not known");
    assert!(ran.err.contains("config/canonical.yaml"), "{}", ran.err);
}

#[test]
fn a_check_that_cannot_be_told_from_a_wrong_configuration_is_skipped_and_not_ok() {
    let dir = configured("ports: {grafana: 3000}\n");
    fs::write(dir.path().join("README.md"), "Grafana on port 3000.\n").unwrap();
    let args = ["verify", "--json", "--only", "drift.documents", "--only", "drift.configuration"];
    let both = |ran: &Ran| (state(ran, "drift.configuration"), state(ran, "drift.documents"));
    let is = |ran: &Ran, wanted: [&str; 2]| both(ran) == (wanted[0].into(), wanted[1].into());
    let ran = plimsoll(dir.path(), &args);
    assert!(ran.code == 0 && is(&ran, ["ok", "ok"]), "{}", ran.out);

    let text = "ports: {grafana: 3000}\nprofiles: {prod: {paper: {listen: nowhere}}}\n";
    fs::write(dir.path().join("config/canonical.yaml"), text).unwrap();
    let ran = plimsoll(dir.path(), &args);
    assert!(ran.code == 1 && is(&ran, ["failed", "skipped"]), "{}", ran.out);
    assert!(ran.out.contains("see drift.configuration"), "{}", ran.out);
    let alone = plimsoll(
        dir.path(),
        &["verify", "--only", "drift.documents", "--require", "drift.documents"],
    );
    assert_eq!(alone.code, 2, "what is required and was not judged is not fine: {alone:?}");
}

#[test]
fn the_newest_pull_request_has_to_have_its_review() {
    let github = GitHubStandIn::start().unwrap();
    let number = github.open_pull(
        &"a".repeat(40),
        &"b".repeat(40),
        "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\n",
    );
    let dir = TempDir::new().unwrap();
    let (repository, token) = github.access();
    let run = |args: &[&str]| {
        let mut command = command(dir.path(), args);
        command.env("GITHUB_API_URL", github.url()).env("GITHUB_REPOSITORY", repository);
        ended(command.env("GITHUB_TOKEN", token).env_remove("GITHUB_TOKEN_FILE"))
    };
    let verify = ["verify", "--json", "--only", "review.comment"];
    assert_eq!(state(&run(&verify), "review.comment"), "failed");
    run(&["review", "--no-model", "--pr", &number.to_string(), "--comment"]);
    assert_eq!(state(&run(&verify), "review.comment"), "ok");
}

#[test]
fn a_name_that_is_no_check_is_refused() {
    let dir = TempDir::new().unwrap();
    let ran = plimsoll(dir.path(), &["verify", "--require", "monitoring.canary"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`monitoring.canary` is no check"), "{}", ran.err);
    let list = plimsoll(dir.path(), &["verify", "--list"]).out;
    assert!(list.contains("shows: Rollback: Execute rollback - completes < 5 min"), "{list}");
}

#[test]
fn what_was_never_set_up_is_skipped_and_does_not_fail_a_set_up() {
    let dir = TempDir::new().unwrap();
    let args =
        ["verify", "--json", "--only", "rollback", "--only", "hooks", "--only", "drift.files"];
    let ran = plimsoll(dir.path(), &args);
    assert_eq!(ran.code, 0, "{}", ran.out);
    for (id, state) in states(&ran) {
        assert_eq!(state, "skipped", "{id}: {}", ran.out);
    }
}

/// A directory with this configuration.
fn configured(canonical: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("config")).unwrap();
    fs::write(dir.path().join("config/canonical.yaml"), canonical).unwrap();
    dir
}

#[test]
fn a_login_that_only_the_client_sees_is_never_ok() {
    let dir = TempDir::new().unwrap();
    let id = "hooks.sentry-login";
    let run = || plimsoll(dir.path(), &["doctor", "--json", "--only", id]);
    assert_eq!(state(&run(), id), "skipped");
    let text =
        r#"{"mcpServers": {"sentry": {"type": "http", "url": "https://mcp.sentry.dev/mcp"}}}"#;
    fs::write(dir.path().join(".mcp.json"), text).unwrap();
    let ran = run();
    assert_eq!((ran.code, state(&ran, id).as_str()), (0, "degraded"));
    assert!(ran.out.contains("type /mcp, choose sentry"), "{}", ran.out);
}

/// Who requires something means that it is set up.
#[test]
fn what_is_required_and_not_set_up_has_failed() {
    let dir = TempDir::new().unwrap();
    for id in [
        "monitoring.canary-row",
        "monitoring.drawdown-alert",
        "monitoring.discord",
        "rollback.snapshot",
        "rollback.resumes",
        "hooks.doctor",
        "drift.files",
    ] {
        let ran = plimsoll(dir.path(), &["verify", "--json", "--only", id, "--require", id]);
        assert_eq!((ran.code, state(&ran, id).as_str()), (1, "failed"), "{id}: {}", ran.out);
    }
}

#[test]
fn a_station_shows_a_row_that_it_took_and_one_that_is_down_does_not() {
    let port = testbed::free_port().unwrap();
    let dir = configured(&format!("station: {{listen: \"127.0.0.1:{port}\", store: s.db}}\n"));
    let id = "monitoring.station";
    let run = || plimsoll(dir.path(), &["verify", "--json", "--only", id, "--require", id]);
    let down = run();
    assert_eq!((down.code, state(&down, id).as_str()), (1, "failed"), "{}", down.out);
    let mut station = Running::start(dir.path(), &["station"]);
    assert!(station.line().starts_with("http://"));
    let up = run();
    assert_eq!((up.code, state(&up, id).as_str()), (0, "ok"), "{}", up.out);
    assert!(up.out.contains("read back from producer_runs"), "{}", up.out);
    station.kill();
}

#[test]
fn a_store_in_which_nobody_trades_is_not_fine() {
    let dir = TempDir::new().unwrap();
    let demo = ["demo", "--fast", "--from", "2008-01-01", "--to", "2008-02-01", "--store", "s.db"];
    plimsoll(dir.path(), &demo);
    let id = "monitoring.trade-rows";
    let args = ["verify", "--json", "--only", id, "--store", "s.db", "--require", id];
    let run = || plimsoll(dir.path(), &args);
    let store = rusqlite::Connection::open(dir.path().join("s.db")).unwrap();
    store.execute("DELETE FROM _trading_fills", []).unwrap();
    drop(store);
    let ran = run();
    assert_eq!((ran.code, state(&ran, id).as_str()), (1, "degraded"), "{}", ran.out);
}

#[test]
fn a_backtest_of_ones_own_has_to_end_with_0() {
    let id = "staging.backtest";
    for (program, code, wanted) in [("true", 0, "ok"), ("false", 1, "failed")] {
        let dir = configured(&format!("verify:\n  required: [{id}]\n  backtest: [{program}]\n"));
        let ran = plimsoll(dir.path(), &["verify", "--json", "--only", id]);
        assert_eq!((ran.code, state(&ran, id).as_str()), (code, wanted), "{}", ran.out);
    }
}
