//! `plimsoll grafana`.

use crate::run::plimsoll;

#[test]
fn an_export_is_whole_has_no_fault_and_a_check_knows_what_was_changed() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| plimsoll(dir.path(), &[&["grafana"], args].concat());
    let missing = run(&["export", "--out", "g", "--check"]);
    assert_eq!(missing.code, 1, "{missing:?}");
    assert_eq!(missing.out.lines().filter(|line| line.starts_with("missing")).count(), 16);
    let rehearsed = run(&["export", "--out", "g", "--dry-run"]);
    assert_eq!(rehearsed.code, 0, "{rehearsed:?}");
    assert!(!dir.path().join("g").exists());

    let made = run(&["export", "--out", "g"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.out.starts_with("16 files in g"), "{made:?}");
    assert!(made.err.contains("stays with the station"), "{made:?}");
    let rules = dir.path().join("g/provisioning/alerting/plimsoll-rules.yaml");
    let text = std::fs::read_to_string(&rules).unwrap();
    for rule in
        ["drawdown_warning", "drawdown_critical", "error_rate", "error_burst", "leverage_max"]
    {
        assert!(text.contains(&format!("title: {rule}\n")), "no {rule}: {}", made.err);
    }
    assert_eq!(run(&["export", "--out", "g", "--check"]).code, 0);
    let clean = run(&["lint", "g"]);
    assert_eq!((clean.code, clean.out.as_str()), (0, "16 files, 0 faults\n"), "{clean:?}");

    std::fs::write(&rules, text.replacen("for: \"0s\"", "for: \"5m\"", 1)).unwrap();
    let changed = run(&["export", "--out", "g", "--check"]);
    assert_eq!(changed.code, 1, "{changed:?}");
    assert!(changed.out.contains("should") && changed.out.contains("5m"), "{changed:?}");
    std::fs::write(&rules, text.replace("noDataState: NoData", "noDataState: OK")).unwrap();
    let fault = run(&["lint", "g"]);
    assert_eq!(fault.code, 1, "{fault:?}");
    assert!(fault.out.contains("takes silence for fine"), "{fault:?}");
}

#[test]
fn a_limit_of_the_configuration_reaches_rule_and_picture() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("canonical.yaml");
    std::fs::write(&path, "limits:\n  drawdown_warn_ratio: 0.04\n").unwrap();
    let ran = plimsoll(
        dir.path(),
        &["grafana", "export", "--out", "g", "--config", "canonical.yaml", "--source", "postgres"],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    let read = |name: &str| std::fs::read_to_string(dir.path().join("g").join(name)).unwrap();
    assert!(read("plimsoll/drawdown.json").contains("\"value\": 0.04"));
    assert!(read("provisioning/alerting/plimsoll-rules.yaml").contains("- 0.04\n"));
    assert!(
        read("provisioning/datasources/plimsoll.yaml").contains("grafana-postgresql-datasource")
    );
}

/// A picture and a rule in Grafana that say something else than what is evaluated mislead.
#[test]
fn a_rule_that_the_configuration_changes_or_turns_off_is_so_in_grafana_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("canonical.yaml");
    let text = "alerts:\n  rules:\n    enable: [latency_p99]\n    change: {latency_p99: {threshold: 321.0, resolve_at: 300.0}}\n    disable: [error_burst]\n";
    std::fs::write(&path, text).unwrap();
    let run = |more: &[&str]| {
        let args = ["grafana", "export", "--out", "g", "--config", "canonical.yaml"];
        plimsoll(dir.path(), &[&args, more].concat())
    };
    let ran = run(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let read = |name: &str| std::fs::read_to_string(dir.path().join("g").join(name)).unwrap();
    assert!(read("plimsoll/latency.json").contains("\"value\": 321"));
    let rules = read("provisioning/alerting/plimsoll-rules.yaml");
    assert!(rules.contains("- 321") && !rules.contains("title: error_burst\n"), "{rules}");
    // What was exported and what holds now may not drift apart unseen.
    std::fs::write(&path, text.replace("321.0", "322.0")).unwrap();
    let drifted = run(&["--check"]);
    assert_eq!(drifted.code, 1, "{drifted:?}");
    assert!(drifted.out.contains("322"), "{drifted:?}");
}

#[test]
fn bad_usage_is_refused_with_what_was_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| plimsoll(dir.path(), &[&["grafana"], args].concat());
    let odd = run(&["export", "--out", "g", "--interval", "15"]);
    assert_eq!(odd.code, 2, "{odd:?}");
    assert!(odd.err.contains("every 10 s"), "{odd:?}");
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    assert_eq!(run(&["lint", "empty"]).code, 2);
    assert_eq!(run(&["try", "--store", "missing.db"]).code, 2);
}

/// Every query runs on a store as it is made, with nothing in it.
#[test]
fn every_query_runs_on_an_empty_store() {
    let dir = tempfile::tempdir().unwrap();
    let made = plimsoll(dir.path(), &["tables", "apply", "--store", "empty.db"]);
    assert_eq!(made.code, 0, "{made:?}");
    let tried = plimsoll(dir.path(), &["grafana", "try", "--store", "empty.db"]);
    assert_eq!(tried.code, 0, "{tried:?}");
    assert!(tried.out.contains(" 0 failed"), "{tried:?}");
}
