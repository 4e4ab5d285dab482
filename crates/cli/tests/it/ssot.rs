use std::path::Path;

use crate::run::{Ran, Running, command, ended, plimsoll};

fn desk(canonical: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("config")).unwrap();
    std::fs::write(dir.path().join("config/canonical.yaml"), canonical).unwrap();
    dir
}

#[track_caller]
fn ssot(dir: &Path, args: &[&str], code: i32) -> Ran {
    let ran = plimsoll(dir, &[&["ssot"], args].concat());
    assert_eq!(ran.code, code, "{args:?}: {ran:?}");
    ran
}

#[test]
fn without_a_file_defaults_hold_and_that_is_said_once() {
    let dir = tempfile::tempdir().unwrap();
    let ran = ssot(dir.path(), &["show", "limits"], 0);
    assert_eq!(ran.err.matches("every value is a default").count(), 1, "{ran:?}");
    assert!(
        ran.out.contains("limits.drawdown_kill_ratio                 0.15   default"),
        "{ran:?}"
    );
    let missing = ssot(dir.path(), &["show", "--config", "mine.yaml"], 2);
    assert!(missing.err.contains("cannot read `mine.yaml`"), "{missing:?}");
}

#[test]
fn every_layer_that_spoke_is_explained() {
    let dir =
        desk("limits:\n  max_leverage: 2\nprofiles:\n  prod: {limits: {max_leverage: 1.5}}\n");
    std::fs::write(dir.path().join("config/canonical.local.yaml"), "limits: {max_leverage: 4}\n")
        .unwrap();
    let args = ["ssot", "explain", "limits.max_leverage", "--profile", "prod"];
    let ran = ended(command(dir.path(), &args).env("PLIMSOLL_LIMITS__MAX_LEVERAGE", "1"));
    insta::assert_snapshot!(ran.out, @r"
    holds  value  said at
    -----  -----  -----------------------------------------
    yes    1      PLIMSOLL_LIMITS__MAX_LEVERAGE
           4      config/canonical.local.yaml:1:24
           1.5    config/canonical.yaml:4:33 (profile prod)
           2      config/canonical.yaml:2:17
           3.0    default
    ");
}

#[test]
fn a_value_is_got_and_an_unknown_key_names_the_nearest() {
    let dir = desk("versions:\n  questdb: 9.10\n");
    assert_eq!(ssot(dir.path(), &["get", "versions.questdb"], 0).out, "9.10\n");
    assert_eq!(ssot(dir.path(), &["get", "ports.grafana"], 0).out, "3000\n");
    let json = ssot(dir.path(), &["get", "versions.questdb", "--json"], 0).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["value"], "9.10");
    assert_eq!(json["origin"]["line"], 2);
    let wrong = ssot(dir.path(), &["get", "port.grafana"], 2);
    assert!(wrong.err.contains("did you mean `ports.grafana`?"), "{wrong:?}");
}

#[test]
fn a_check_shows_the_problems_of_every_profile_at_once() {
    let dir = desk(
        "limits:\n  drawdown_warn_ratio: 0.12\nprofiles:\n  staging:\n    ports: {grafana: 3001}\n  prod:\n    limits: {max_leverage: \"3\"}\n",
    );
    let ran = ssot(dir.path(), &["check"], 1);
    insta::assert_snapshot!(ran.out, @r#"
    error[contradiction]: `drawdown_warn_ratio` of 0.12 is not below `drawdown_critical_ratio` of 0.1
     --> config/canonical.yaml:2:24
      |
    2 |   drawdown_warn_ratio: 0.12
      |                        ^^^^ `limits.drawdown_warn_ratio`
      |
      = note: `limits.drawdown_critical_ratio`, by default

    error[value]: `limits.max_leverage` is the text "3", wanted a number
     --> config/canonical.yaml:7:28
      |
    7 |     limits: {max_leverage: "3"}
      |                            ^^^
      |
      = help: leave out the quotes

    2 problems
    "#);
    let json = ssot(dir.path(), &["check", "--json"], 1).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["problems"].as_array().unwrap().len(), 2);
    assert_eq!(json["problems"][0]["related"].as_array().unwrap().len(), 1);
}

#[test]
fn a_broken_file_is_never_replaced_by_defaults() {
    let dir = desk("limits: {max_leverage: 3\n");
    for args in [&["show"][..], &["get", "limits.max_leverage"], &["explain", "ports"]] {
        let ran = ssot(dir.path(), args, 2);
        assert_eq!(ran.out, "", "{ran:?}");
        assert!(ran.err.contains("config/canonical.yaml:"), "{ran:?}");
    }
    assert_eq!(ssot(dir.path(), &["check"], 1).err, "");
    let ran = plimsoll(dir.path(), &["metrics", "gaps"]);
    assert_eq!(ran.code, 2, "a command that needs a value does not guess it: {ran:?}");
}

#[test]
fn the_file_to_begin_with_says_nothing_and_is_fine() {
    let dir = tempfile::tempdir().unwrap();
    let defaults = ssot(dir.path(), &["defaults"], 0).out;
    let before = ssot(dir.path(), &["check"], 0).out;
    let dir = desk(&defaults);
    assert_eq!(ssot(dir.path(), &["check"], 0).out, before);
    let all = defaults.lines().map(|line| line.replacen("  #", "  ", 1));
    let all: Vec<String> = all.filter(|line| !line.starts_with("   ")).collect();
    let dir = desk(&(all.join("\n") + "\n"));
    assert_eq!(ssot(dir.path(), &["check"], 0).out, before, "{all:?}");
}

#[test]
fn commands_take_what_the_configuration_says() {
    let dir = desk("metrics:\n  store: mine.db\n");
    let applied = plimsoll(dir.path(), &["tables", "apply"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(dir.path().join("mine.db").exists());
}

fn canonical(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("config/canonical.yaml")).unwrap()
}

fn ops_events(dir: &Path) -> Vec<serde_json::Value> {
    let sql = "SELECT kind, outcome, target, ref_id, actor, from_value, to_value, detail FROM ops_events ORDER BY seq";
    let ran = plimsoll(dir, &["metrics", "query", sql, "--format", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    json["rows"].as_array().unwrap().clone()
}

#[test]
fn a_value_is_set_and_every_other_byte_stays() {
    let dir = desk("# ours\nlimits:\n  max_leverage: 3 # of equity\n\nports: {grafana: 3000}\n");
    let dry = ssot(dir.path(), &["set", "limits.max_leverage", "2", "--dry-run"], 0);
    assert!(dry.out.contains("would change config/canonical.yaml"), "{dry:?}");
    assert!(canonical(dir.path()).contains("max_leverage: 3 #"));
    let ran = ssot(dir.path(), &["set", "limits.max_leverage", "2"], 0);
    assert!(ran.out.contains("profile prod: limits.max_leverage 3.0 -> 2.0"), "{ran:?}");
    assert_eq!(
        canonical(dir.path()),
        "# ours\nlimits:\n  max_leverage: 2 # of equity\n\nports: {grafana: 3000}\n"
    );
    assert!(!dir.path().join("plimsoll.db").exists(), "a record alone begins no store");
    let again = ssot(dir.path(), &["set", "limits.max_leverage", "2"], 0);
    assert!(again.out.contains("says so already"), "{again:?}");
}

#[test]
fn more_risk_in_production_needs_a_reason_which_is_recorded() {
    let before = "limits:\n  max_leverage: 3\n";
    let dir = desk(before);
    for profile in [&[][..], &["--profile", "prod"]] {
        let args = [&["set", "limits.max_leverage", "4"], profile].concat();
        let ran = ssot(dir.path(), &args, 1);
        assert!(ran.err.contains("limits.max_leverage 3.0 -> 4.0"), "{ran:?}");
        assert_eq!(canonical(dir.path()), before);
    }
    let args = ["set", "limits.max_leverage", "4", "--profile", "prod", "--reason", "ticket 812"];
    let args = [&["ssot"], &args[..]].concat();
    let ran = ended(command(dir.path(), &args).env("USER", "ada").env_remove("SUDO_USER"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(canonical(dir.path()).starts_with(before));
    let rows = ops_events(dir.path());
    let row = serde_json::json!([
        "limit",
        "loosened",
        "limits.max_leverage",
        "prod",
        "ada",
        "3.0",
        "4.0",
        "ticket 812"
    ]);
    assert_eq!(rows, [row]);
    ssot(dir.path(), &["set", "limits.max_leverage", "2", "--profile", "prod"], 0);
    assert_eq!(ops_events(dir.path()).len(), 2, "once there is a store, every limit is recorded");
}

#[test]
fn where_the_record_cannot_be_kept_more_risk_is_refused() {
    let dir = desk("limits:\n  max_leverage: 3\nmetrics:\n  store: absent/dir/plimsoll.db\n");
    let before = canonical(dir.path());
    let args = ["set", "limits.max_leverage", "4", "--reason", "ticket 812"];
    let ran = ssot(dir.path(), &args, 2);
    assert!(ran.err.contains("has to be recorded"), "{ran:?}");
    assert_eq!(canonical(dir.path()), before);
}

#[test]
fn two_who_set_at_the_same_time_both_succeed() {
    let dir = desk("");
    let ran: Vec<Ran> = std::thread::scope(|scope| {
        let set = |n: u16| {
            let (key, port) = (format!("ports.service_{n}"), (20_000 + n).to_string());
            scope.spawn({
                let dir = dir.path();
                move || plimsoll(dir, &["ssot", "set", &key, &port])
            })
        };
        (0..8).map(set).collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(ran.iter().all(|ran| ran.code == 0), "{ran:?}");
    let ports = ssot(dir.path(), &["get", "ports"], 0).out;
    assert_eq!(ports.matches("service_").count(), 8, "{ports}");
}

#[test]
fn what_would_be_wrong_is_not_set() {
    let dir = desk("ports:\n  grafana: 3000\n");
    let before = canonical(dir.path());
    for (key, value, said) in [
        ("ports.grafana", "9000", "port 9000 is used by"),
        ("ports.grafana", "99009", "wanted a whole number"),
        ("limits.max_leverag", "2", "did you mean `max_leverage`?"),
        ("limit.max_leverage", "2", "did you mean `limits`?"),
        ("contacts.escalation[0].contact", "ada", "set the whole list"),
    ] {
        let ran = ssot(dir.path(), &["set", key, value], 1);
        assert!(ran.err.contains(said), "{key}: {ran:?}");
        assert_eq!(canonical(dir.path()), before);
    }
    let typo = ssot(dir.path(), &["set", "ports.grafana", "3001", "--profile", "stagin"], 1);
    assert!(typo.err.contains("did you mean `staging`?"), "{typo:?}");
}

#[test]
fn a_watch_tells_what_each_change_comes_to() {
    let dir = desk("ports: {grafana: 3000}\n");
    let path = dir.path().join("config/canonical.yaml");
    let mut watch = Running::start(dir.path(), &["ssot", "watch", "--interval-ms", "5", "--json"]);
    let mut next = || serde_json::from_str::<serde_json::Value>(&watch.line()).unwrap();
    assert_eq!(next()["version"], 1);
    std::fs::write(&path, "ports: {grafana: 3001}\n").unwrap();
    let swapped = next();
    assert_eq!(swapped["changes"][0]["to"], 3001, "{swapped}");
    std::fs::write(&path, "ports: {grafana: 9000}\n").unwrap();
    let kept = next();
    assert!(kept["why"].as_str().unwrap().contains("port 9000 is used by"), "{kept}");
    std::fs::write(&path, "ports: {grafana: 3001}\n").unwrap();
    assert_eq!(next()["event"], "unchanged");
    let hup = std::process::Command::new("kill").args(["-HUP", &watch.pid()]).status().unwrap();
    assert!(hup.success());
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&watch.line()).unwrap()["event"],
        "unchanged"
    );
    assert_eq!(watch.terminate().0, 0);
}

#[test]
fn what_this_repository_says_itself_is_fine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let ran = ssot(&root, &["check"], 0);
    assert_eq!(ran.out.matches("fine: profile ").count(), 2, "{ran:?}");
    let version = ssot(&root, &["get", "versions.questdb"], 0).out;
    let used = std::fs::read_to_string(root.join("xtask/src/live/questdb_server.rs")).unwrap();
    assert!(used.contains(&format!("VERSION: &str = \"{}\"", version.trim())), "{version}");
}

#[test]
fn a_budget_below_what_the_iterations_are_expected_to_cost_is_found() {
    let dir = desk("ralph: {expected_iteration_cost_usd: 2, max_budget_usd: 20}\n");
    let ran = ssot(dir.path(), &["check"], 1);
    assert!(ran.out.contains("30 for 15 iterations"), "{ran:?}");
    let fits = "ralph: {expected_iteration_cost_usd: 2, max_budget_usd: 20, max_iterations: 10}\n";
    ssot(desk(fits).path(), &["check"], 0);
}

#[test]
fn bounds_of_a_loop_are_limits_and_have_short_names() {
    let dir = desk("ralph: {max_budget_usd: 20}\n");
    let ran = ssot(dir.path(), &["set", "ralph.max_budget_usd", "50", "--profile", "prod"], 1);
    assert!(ran.err.contains("say why with --reason"), "{ran:?}");
    let args = ["ssot", "explain", "ralph.max_budget_usd"];
    let ran = ended(command(dir.path(), &args).env("RALPH_MAX_BUDGET_USD", "5"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("RALPH_MAX_BUDGET_USD"), "{ran:?}");
}
