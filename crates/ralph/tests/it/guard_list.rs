//! The guard list: what it must not let pass, however it is spelled, and what it must leave alone.

use std::path::Path;

use plimsoll_ralph::guard_list::{Action, GuardList, Place, Rule, judge};
use proptest::prelude::*;
use serde_json::{Value, json};

mod harmful;
mod harmless;

const CANONICAL: &str = "\
env: dev
limits:
  drawdown_kill_ratio: 0.15
  max_leverage: 3
ralph:
  max_iterations: 15
";
const RISK: &str =
    "fn check() {\n    if kill_switch.is_set() {\n        return;\n    }\n    trade();\n}\n";

fn judged(tool: &str, input: &Value, list: &GuardList) -> Option<(Rule, Action)> {
    let read = |path: &Path| match path.to_str() {
        Some("/p/config/canonical.yaml") => Some(CANONICAL.to_owned()),
        Some("/p/src/risk.rs") => Some(RISK.to_owned()),
        _ => None,
    };
    judge(tool, input, list, &Place::new(Path::new("/p"), Path::new("/p"), &read))
}

#[track_caller]
fn check(tool: &str, input: &Value, expected: Option<Rule>) {
    let found = judged(tool, input, &GuardList::default()).map(|(rule, _)| rule);
    assert_eq!(found, expected, "{tool} {input}");
}

#[track_caller]
fn check_edit(file: &str, old: &str, new: &str, expected: Option<Rule>) {
    let one = json!({"file_path": file, "old_string": old, "new_string": new});
    check("Edit", &one, expected);
    let several = json!({"file_path": file, "edits": [{"old_string": old, "new_string": new}]});
    check("MultiEdit", &several, expected);
}

#[test]
fn an_edit_of_what_bounds_the_loop_is_seen() {
    check_edit("/p/.ralph/limits.json", "15", "9999", Some(Rule::Bounds));
    check_edit("/p/src/../.ralph/state.json", "a", "b", Some(Rule::Bounds));
    check_edit("/p/docs/.ralph.md", "a", "b", None);
}

#[test]
fn an_edit_is_judged_by_the_section_that_it_touches() {
    let canonical = "/p/config/canonical.yaml";
    check_edit(canonical, "max_leverage: 3", "max_leverage: 30", Some(Rule::Limits));
    check_edit(canonical, "limits:\n", "limits:\n  x: 1\n", Some(Rule::Limits));
    check_edit(
        "/p/config/../config/./canonical.yaml",
        "_ratio: 0.15",
        "_ratio: 0.9",
        Some(Rule::Limits),
    );
    check_edit(canonical, "max_iterations: 15", "max_iterations: 20", None);
    check_edit(canonical, "env: dev", "env: dev # limits: below", None);
    check_edit(canonical, "not in the file", "limits:\n  max_leverage: 9", None);
    check_edit("/elsewhere/config/canonical.yaml", "max_leverage: 3", "max_leverage: 30", None);
    let with = |text: &str| json!({"file_path": canonical, "content": text});
    check("Write", &with(CANONICAL), None);
    check("Write", &with(&CANONICAL.replace("0.15", "0.50")), Some(Rule::Limits));
    check("Write", &with("env: dev\n"), Some(Rule::Limits));
}

#[test]
fn secrets_and_the_kill_switch_are_judged_by_file_and_by_line() {
    let write = |file: &str| json!({"file_path": file, "content": "A=1\n"});
    for file in ["/p/.env", ".env.production", "/p/deploy/.env.local", "/p/.envrc", "/p/a/../.env"]
    {
        check("Write", &write(file), Some(Rule::EnvFiles));
    }
    for file in ["/p/.env.example", "/p/env.rs", "/p/src/dotenv.py", "/p/.environment/../x"] {
        check("Write", &write(file), None);
    }
    for file in ["/p/src/kill_switch.rs", "/p/src/KillSwitch.java", "/p/kill-switch/mod.py"] {
        check("Write", &write(file), Some(Rule::KillSwitch));
    }
    check("Write", &write("/p/docs/kill_switch.md"), None);
    check_edit("/p/src/risk.rs", "if kill_switch.is_set()", "if false", Some(Rule::KillSwitch));
    check_edit("/p/src/risk.rs", "trade();", "trade_fast();", None);
    check(
        "NotebookEdit",
        &json!({"notebook_path": "/p/kill_switch.ipynb", "new_source": ""}),
        Some(Rule::KillSwitch),
    );
    check("Read", &json!({"file_path": "/p/.env"}), None);
    check("Edit", &json!({"file_path": 5}), None);
    check("Bash", &json!({}), None);
}

#[test]
fn a_project_names_its_own_words_files_and_hosts() {
    let list: GuardList = serde_json::from_value(json!({
        "canonical_file": "ssot.yaml",
        "kill_switch_paths": ["src/halt", "*/panic_button.py"],
        "production_words": ["blue"],
        "mainnet_hosts": ["exchange.example"],
        "force_push": "off",
        "volumes": "ask",
    }))
    .unwrap();
    let bash = |command: &str| judged("Bash", &json!({"command": command}), &list);
    assert_eq!(bash("./deploy.sh blue"), Some((Rule::ProductionDeploy, Action::Deny)));
    assert_eq!(bash("./deploy.sh prod"), None);
    assert_eq!(bash("git push --force"), None);
    assert_eq!(bash("docker compose down -v"), Some((Rule::Volumes, Action::Ask)));
    assert_eq!(bash("sed -i s/a/b/ ssot.yaml"), Some((Rule::Limits, Action::Ask)));
    assert_eq!(bash("sed -i s/a/b/ src/halt/lib.rs"), Some((Rule::KillSwitch, Action::Ask)));
    assert_eq!(bash("rm app/panic_button.py"), Some((Rule::KillSwitch, Action::Ask)));
    assert_eq!(
        bash("curl -X POST https://api.exchange.example/order"),
        Some((Rule::Mainnet, Action::Deny))
    );
    assert!(serde_json::from_value::<GuardList>(json!({"force_pussh": "off"})).is_err());
}

#[test]
fn the_strictest_rule_speaks_and_says_what_to_do() {
    let both = json!({"command": "rm .env && git push -f"});
    assert_eq!(judged("Bash", &both, &GuardList::default()), Some((Rule::ForcePush, Action::Deny)));
    for rule in [
        Rule::Limits,
        Rule::EnvFiles,
        Rule::KillSwitch,
        Rule::ProductionDeploy,
        Rule::ForcePush,
        Rule::Volumes,
        Rule::Mainnet,
        Rule::Bounds,
        Rule::Unreadable,
    ] {
        assert!(rule.advice().len() > 20, "{}", rule.name());
    }
}

#[test]
fn what_cannot_be_read_is_asked_about() {
    let deep = (0..40).fold("true".to_owned(), |inner, _| {
        format!("bash -c \"{}\"", inner.replace('\\', "\\\\").replace('"', "\\\""))
            .chars()
            .take(200_000)
            .collect()
    });
    check("Bash", &json!({"command": deep}), Some(Rule::Unreadable));
    check("Bash", &json!({"command": "true;".repeat(100_000)}), Some(Rule::Unreadable));
}

proptest! {
    #[test]
    fn any_command_is_judged(command in "[a-z \"'$(){};|&<>`\\\\\n=-]{0,200}", file in ".{0,40}") {
        let list = GuardList::default();
        let _either_way = judged("Bash", &json!({"command": command}), &list);
        let _either_way = judged("Write", &json!({"file_path": file, "content": command}), &list);
    }
}
