//! `plimsoll drift`, through the binary.

use std::fs;
use std::path::Path;

use super::run::{Ran, plimsoll};

const CANONICAL: &str = "\
# What holds.
ports:
  questdb_http: 9000
  grafana: 3000
versions:
  questdb: \"9.2.3\"
profiles:
  staging:
    ports:
      questdb_http: 9001
      questdb_ilp: 9010
      grafana: 3001
      redis: 6380
drift:
  facts: { catalog_days: 90 }
";
const COMPOSE: &str = "\
services:
  questdb: # the database
    image: questdb/questdb:9.2.3
    ports: [\"127.0.0.1:${QDB:-9000}:9000\"]
";
const STAGING: &str = "services:\n  questdb:\n    ports: [\"9001:9000\"]\n";
const README: &str =
    "# Quoter\n\nQuestDB listens on http://localhost:9000, Grafana on port 3000.\n";

/// A repository that agrees with its configuration.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "config/canonical.yaml", CANONICAL);
    write(folder.path(), "docker-compose.yml", COMPOSE);
    write(folder.path(), "docker-compose.staging.yml", STAGING);
    write(folder.path(), "README.md", README);
    folder
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[track_caller]
fn check(root: &Path, args: &[&str], code: i32) -> Ran {
    let mut all = vec!["drift"];
    all.extend_from_slice(args);
    let ran = plimsoll(root, &all);
    assert_eq!(ran.code, code, "{all:?}\n{}\n{}", ran.out, ran.err);
    ran
}

#[test]
fn a_repository_that_agrees_is_clean_and_says_what_was_checked() {
    let folder = repository();
    let ran = check(folder.path(), &[], 0);
    assert!(ran.out.contains("checked 7 values in 3 of 3 files: 0 findings"), "{}", ran.out);
    let ran = check(folder.path(), &["--all"], 0);
    let staging = "docker-compose.staging.yml:3:14: match: ports.questdb_http [staging]: 9001";
    assert!(ran.out.contains(staging), "{}", ran.out);
}

#[test]
fn drift_is_shown_in_its_line_and_brought_back_to_the_byte() {
    let folder = repository();
    let drifted = COMPOSE.replace("QDB:-9000", "QDB:-9005");
    write(folder.path(), "docker-compose.yml", &drifted);
    let ran = check(folder.path(), &[], 1);
    for part in [
        "drift[port]: `ports.questdb_http` is 9000, and here it is 9005",
        "declared at config/canonical.yaml:3:17",
        "--> docker-compose.yml:4:31",
        "4 |     ports: [\"127.0.0.1:${QDB:-9005}:9000\"]",
        "  |                               ^^^^ 9000",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    let ran = check(folder.path(), &["--diff"], 1);
    assert!(ran.out.contains("+    ports: [\"127.0.0.1:${QDB:-9000}:9000\"]"), "{}", ran.out);
    assert_eq!(fs::read_to_string(folder.path().join("docker-compose.yml")).unwrap(), drifted);
    check(folder.path(), &["--fix"], 0);
    assert_eq!(fs::read_to_string(folder.path().join("docker-compose.yml")).unwrap(), COMPOSE);
    let ran = check(folder.path(), &["--fix"], 0);
    assert!(!ran.err.contains("changed"), "{}", ran.err);
}

#[test]
fn what_files_agree_on_is_left_to_a_person() {
    let folder = repository();
    write(folder.path(), "docker-compose.yml", &COMPOSE.replace("QDB:-9000", "QDB:-9005"));
    write(folder.path(), "README.md", &README.replace("9000", "9005"));
    let ran = check(folder.path(), &["--fix"], 1);
    assert!(ran.err.contains("a person has to say who is right"), "{}", ran.err);
    check(folder.path(), &["--fix", "--conflicts"], 0);
}

#[test]
fn without_a_configuration_the_defaults_are_compared_and_nothing_passes() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), ".git/HEAD", "ref: refs/heads/main\n");
    write(folder.path(), "docs/loop.md", "QuestDB listens on port 9000.\n");
    let ran = check(folder.path(), &[], 2);
    assert!(ran.err.contains("every value is a default"), "{}", ran.err);
    write(folder.path(), "docs/loop.md", "QuestDB listens on port 9007.\n");
    check(folder.path(), &[], 1);
}

#[test]
fn a_broken_configuration_compares_nothing() {
    let folder = repository();
    write(folder.path(), "docker-compose.yml", &COMPOSE.replace("QDB:-9000", "QDB:-9005"));
    for broken in ["ports: [9000\n", "ports:\n  grafana: seven\n", "prots: {}\n"] {
        write(folder.path(), "config/canonical.yaml", broken);
        let ran = check(folder.path(), &[], 2);
        assert!(ran.out.is_empty(), "{broken}: {}", ran.out);
    }
}

#[test]
fn files_that_cannot_be_told_are_no_pass() {
    let folder = repository();
    write(folder.path(), "broken.yml", "questdb: [9000\n");
    let ran = check(folder.path(), &[], 2);
    assert!(ran.out.contains("unparsable[unparsable]"), "{}", ran.out);
    check(folder.path(), &["README.md"], 0);
}

#[test]
fn json_has_a_version_a_verdict_and_places() {
    let folder = repository();
    write(folder.path(), "README.md", &README.replace("3000", "3001"));
    let ran = check(folder.path(), &["--json"], 1);
    let body: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(body["version"], 1);
    assert_eq!(body["verdict"], "drift");
    let finding = &body["report"]["findings"][0];
    assert_eq!(finding["place"]["path"], "README.md");
    assert_eq!(finding["place"]["start"]["line"], 3);
    assert_eq!(finding["declared"], "3000");
    assert_eq!(finding["origin"], "config/canonical.yaml:4:12");
}

#[test]
fn each_form_for_another_program_names_the_finding_and_what_was_not_checked() {
    let folder = repository();
    write(folder.path(), "README.md", &README.replace("3000", "3001"));
    fs::write(folder.path().join("odd.yml"), b"grafana: 3000 # \xff\n").unwrap();
    let ran = check(folder.path(), &["--format", "sarif"], 1);
    let body: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let results = body["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!(results[0]["ruleId"], "port");
    let region = &results[0]["locations"][0]["physicalLocation"]["region"];
    let wanted =
        serde_json::json!({"startLine": 3, "endLine": 3, "startColumn": 59, "endColumn": 63});
    assert_eq!(*region, wanted);
    assert_eq!(results[1]["ruleId"], "not-checked");
    assert!(ran.err.contains("checked 7 values"), "{}", ran.err);
    let ran = check(folder.path(), &["--format", "junit"], 1);
    assert!(ran.out.contains("tests=\"4\" failures=\"2\""), "{}", ran.out);
    let ran = check(folder.path(), &["--format", "github"], 1);
    let wanted =
        "::error file=README.md,line=3,endLine=3,col=59,endColumn=62,title=drift%3A port::";
    assert!(ran.out.contains(wanted), "{}", ran.out);
    // A form for programs has standard output for itself, also beside a change.
    let ran = check(folder.path(), &["--fix", "--json"], 2);
    serde_json::from_str::<serde_json::Value>(&ran.out).unwrap();
}

#[test]
fn accepted_drift_is_accepted_until_its_day() {
    let folder = repository();
    write(folder.path(), "README.md", &README.replace("3000", "3001"));
    let accept = |until: &str, code| {
        let args = ["accept", "--until", until, "--reason", "moves next week", "ports.grafana"];
        check(folder.path(), &args, code);
    };
    accept("soon", 2);
    check(folder.path(), &[], 1);
    accept("9999-12-31", 0);
    let ran = check(folder.path(), &[], 0);
    assert!(ran.out.contains("1 accepted"), "{}", ran.out);
    check(folder.path(), &["--no-baseline"], 1);
    // A line before it moves the finding; another value is another finding.
    write(folder.path(), "README.md", &format!("\n{}", README.replace("3000", "3001")));
    check(folder.path(), &[], 0);
    write(folder.path(), "README.md", &README.replace("3000", "3002"));
    check(folder.path(), &[], 1);
    write(folder.path(), "README.md", &README.replace("3000", "3001"));
    accept("2020-01-01", 0);
    let ran = check(folder.path(), &[], 1);
    assert!(ran.out.contains("accepted until 2020-01-01, which is over"), "{}", ran.out);
    write(folder.path(), ".plimsoll/drift-baseline.json", "{}");
    check(folder.path(), &[], 2);
}

fn git(root: &Path, args: &[&str]) {
    let mut command = std::process::Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(args);
    let output = command.current_dir(root).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_hook_looks_at_what_is_staged_and_not_at_what_lies_beside_it() {
    let folder = repository();
    let root = folder.path();
    git(root, &["init", "-q"]);
    git(root, &["add", "."]);
    git(root, &["commit", "-qm", "first"]);
    let ran = check(root, &["--staged"], 0);
    assert!(ran.err.contains("nothing is staged"), "{}", ran.err);
    // Staged wrong, mended beside: what is committed is wrong.
    write(root, "README.md", &README.replace("3000", "3001"));
    git(root, &["add", "README.md"]);
    write(root, "README.md", README);
    check(root, &["--staged"], 1);
    // Wrong beside, staged right.
    git(root, &["add", "README.md"]);
    write(root, "notes.txt", "Nothing of ours.\n");
    git(root, &["add", "notes.txt"]);
    write(root, "docker-compose.yml", &COMPOSE.replace("QDB:-9000", "QDB:-9005"));
    check(root, &["--staged"], 0);
    // A staged configuration concerns every file.
    write(root, "config/canonical.yaml", &CANONICAL.replace("grafana: 3000", "grafana: 3005"));
    git(root, &["add", "config/canonical.yaml"]);
    let ran = check(root, &["--staged"], 1);
    assert!(ran.out.contains("README.md:3:"), "{}", ran.out);
}

#[test]
fn init_proposes_what_the_files_say_and_lists_conflicts() {
    let folder = repository();
    fs::remove_dir_all(folder.path().join("config")).unwrap();
    let ran = check(folder.path(), &["init"], 0);
    for part in [
        "ports:\n",
        "  questdb_http: 9000",
        "  grafana: 3000",
        "versions:\n",
        "  questdb: \"9.2.3\"",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    // What it proposes is a configuration, and the repository agrees with it.
    write(folder.path(), "config/canonical.yaml", &ran.out);
    check(folder.path(), &["docker-compose.yml", "README.md"], 0);
    fs::remove_dir_all(folder.path().join("config")).unwrap();
    write(folder.path(), "README.md", &README.replace("3000", "3001"));
    write(folder.path(), "docs/run.md", "Open Grafana at http://localhost:3000.\n");
    let ran = check(folder.path(), &["init"], 1);
    assert!(ran.out.contains("# or 300"), "{}", ran.out);
}

#[test]
fn what_is_installed_is_asked_of_the_programs_that_know_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = repository();
    let tools = tempfile::tempdir().unwrap();
    let (root, tools) = (folder.path(), tools.path());
    let tool = |folder: &Path, name: &str, says: &str| {
        write(folder, name, &format!("#!/bin/sh\ncat <<'END'\n{says}\nEND\n"));
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.join(name), mode).unwrap();
    };
    write(root, "requirements.txt", "polars>=1.9\n");
    let run = |args: &[&str], code: i32| {
        let mut command = super::run::command(root, &["drift"]);
        let path = format!("{}:/usr/bin:/bin", tools.display());
        let ran = super::run::ended(command.args(args).env("PATH", path).env_remove("VIRTUAL_ENV"));
        assert_eq!(ran.code, code, "{args:?}\n{}\n{}", ran.out, ran.err);
        ran
    };
    tool(tools, "docker", r#"{"Names":"questdb","Image":"questdb/questdb:9.2.3"}"#);
    tool(
        root,
        ".venv/bin/python",
        r#"[["python", "3.12.4"], ["polars", "1.9.0"], ["polars", "0.1"]]"#,
    );
    run(&["--installed", "containers,python"], 0);
    tool(tools, "docker", r#"{"Names":"questdb","Image":"questdb/questdb:9.3.0@sha256:00"}"#);
    let ran = run(&["--installed", "containers"], 1);
    assert!(
        ran.out.contains("the container `questdb` runs `questdb/questdb` 9.3.0"),
        "{}",
        ran.out
    );
    tool(tools, "other/python", r#"[["polars", "1.8.2"]]"#);
    let other = tools.join("other/python");
    let ran = run(&["--installed", "python", "--python", other.to_str().unwrap()], 1);
    assert!(ran.out.contains("asks for `polars` >=1.9, and 1.8.2 is installed"), "{}", ran.out);
    // Nobody who could tell: no answer is no match.
    tool(tools, "docker", r#"{"Names":"questdb","Image":"questdb/questdb:9.2.3"}"#);
    let ran = run(&["--installed", "python", "--python", "/nowhere/python"], 2);
    assert!(ran.out.contains("nobody can tell what is installed"), "{}", ran.out);
}
