use std::fs;
use std::path::Path;

use crate::run::{Ran, command, ended, plimsoll};

const CANONICAL: &str = "\
services:
  questdb: {image: questdb/questdb, ports: [questdb_http, questdb_ilp], health_path: /ping}
versions: {questdb: 9.3.4}
contacts:
  people:
    ada: {name: Ada, reach: [a phone]}
  escalation: [{contact: ada, after_minutes: 0}]
";

fn desk(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

#[track_caller]
fn ran(dir: &Path, args: &[&str], code: i32) -> Ran {
    let ran = plimsoll(dir, args);
    assert_eq!(ran.code, code, "{args:?}: {ran:?}");
    ran
}

#[test]
fn a_proposal_writes_nothing_and_what_is_applied_is_in_step() {
    let dir = desk(&[("config/canonical.yaml", CANONICAL), ("Cargo.toml", "")]);
    let proposed = ran(dir.path(), &["init"], 0);
    assert!(
        proposed.out.contains("--- /dev/null\n+++ b/.github/workflows/ci.yml\n"),
        "{proposed:?}"
    );
    assert!(proposed.err.contains("`plimsoll init --apply` writes it"), "{proposed:?}");
    assert!(!dir.path().join(".github").exists());
    ran(dir.path(), &["kit", "check"], 1);
    ran(dir.path(), &["init", "--apply"], 0);
    assert!(ran(dir.path(), &["kit", "check"], 0).out.starts_with("in step: "));
    let ci = fs::read_to_string(dir.path().join(".github/workflows/ci.yml")).unwrap();
    assert!(ci.contains("run: plimsoll ssot check\n"), "{ci}");
    for line in ci.lines().filter_map(|line| line.trim().strip_prefix("run: plimsoll ")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        ran(dir.path(), &[&words[..], &["--help"]].concat(), 0);
    }
    let staging = fs::read_to_string(dir.path().join("docker-compose.staging.yml")).unwrap();
    assert!(
        staging.contains("image: questdb/questdb:9.3.4") && staging.contains("127.0.0.1:9001:9000")
    );
    let runbook = fs::read_to_string(dir.path().join("docs/runbooks/on-call.md")).unwrap();
    assert!(runbook.contains("1. ada, at once.") && runbook.contains("| ada | Ada |  | a phone |"));
}

#[test]
fn what_the_configuration_says_arrives_in_the_files() {
    let dir = desk(&[("config/canonical.yaml", CANONICAL)]);
    ran(dir.path(), &["init", "--apply"], 0);
    ran(dir.path(), &["ssot", "set", "versions.questdb", "9.3.5"], 0);
    let checked = ran(dir.path(), &["kit", "check"], 1);
    assert!(checked.out.contains("changed    docker-compose.staging.yml"), "{checked:?}");
    let shown = ran(dir.path(), &["kit", "update"], 0).out;
    assert!(shown.contains("-    image: questdb/questdb:9.3.4\n+    image: questdb/questdb:9.3.5"));
    ran(dir.path(), &["kit", "update", "--apply"], 0);
    ran(dir.path(), &["kit", "check"], 0);
}

#[test]
fn a_piece_is_left_out_and_stays_so() {
    let dir = desk(&[("Cargo.toml", "")]);
    ran(dir.path(), &["init", "--without", "codeql", "--apply"], 0);
    assert!(!dir.path().join(".github/workflows/codeql.yml").exists());
    ran(dir.path(), &["kit", "check"], 0);
    let listed = ran(dir.path(), &["kit", "list", "--json"], 0).out;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let codeql = listed["pieces"].as_array().unwrap().iter().find(|p| p["name"] == "codeql");
    assert_eq!(codeql.unwrap()["is_left_out"], true);
    ran(dir.path(), &["kit", "update", "--with", "codeql", "--apply"], 0);
    assert!(dir.path().join(".github/workflows/codeql.yml").exists());
    let unknown = ran(dir.path(), &["init", "--without", "everything"], 2);
    assert!(unknown.err.contains("there are: dependabot"), "{unknown:?}");
}

/// Commands of a document: lines of fenced shell blocks, what follows `$ ` in a console, and code in the text that begins
/// with our name.
fn commands(text: &str) -> Vec<String> {
    let mut block = None;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        match (line.strip_prefix("```"), block) {
            (Some(word), None) => block = Some(word),
            (Some(_), Some(_)) => block = None,
            (None, Some("sh")) if !line.is_empty() => found.push(line.to_owned()),
            (None, Some("console")) => found.extend(line.strip_prefix("$ ").map(str::to_owned)),
            (None, None) => {
                let code = line.split('`').skip(1).step_by(2);
                found.extend(code.filter(|code| code.starts_with("plimsoll ")).map(str::to_owned));
            }
            _ => {}
        }
    }
    found
}

/// The words of a command line; quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in line.chars() {
        match (character, quote) {
            ('\'' | '"', None) => quote = Some(character),
            (_, Some(open)) if open == character => quote = None,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().unwrap().push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Every command of the runbooks in a folder is known and takes its arguments, every link leads somewhere. Returns how many
/// commands of ours there were.
fn checked_runbooks(folder: &Path) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for line in commands(&text) {
            let all = words(&line);
            let known = ["git", "df"].contains(&all[0].as_str());
            assert!(known || all[0] == "plimsoll", "{}: {line}", path.display());
            if !known {
                // Everything but the last word must be read before help is: unknown words fail.
                let args = all[1..].iter().map(String::as_str);
                let args: Vec<&str> = args.filter(|word| *word != "--help").collect();
                let help = plimsoll(dir.path(), &[&args[..], &["--help"]].concat());
                assert_eq!(help.code, 0, "{}: {line}: {help:?}", path.display());
                seen += 1;
            }
        }
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            let is_elsewhere = target.starts_with("https://") || file.is_empty();
            assert!(
                is_elsewhere || path.with_file_name(file).exists(),
                "{}: {target}",
                path.display()
            );
        }
    }
    seen
}

#[test]
fn every_command_and_link_of_a_runbook_is_there() {
    let dir = desk(&[("config/canonical.yaml", CANONICAL)]);
    ran(dir.path(), &["init", "--apply"], 0);
    let seen = checked_runbooks(&dir.path().join("docs/runbooks"));
    assert!(seen >= 15, "{seen} commands");
}

#[test]
fn every_command_and_link_of_our_own_runbooks_is_there() {
    let seen = checked_runbooks(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/runbooks"));
    assert!(seen >= 20, "{seen} commands");
}

#[test]
fn a_runbook_that_dangles_is_noticed() {
    for text in ["```sh\nplimsoll deploy stagin --nowhere\n```\n", "See [this](gone.md).\n"] {
        let dir = desk(&[("runbooks/a.md", text)]);
        let folder = dir.path().join("runbooks");
        assert!(std::panic::catch_unwind(|| checked_runbooks(&folder)).is_err(), "{text}");
    }
}

#[test]
fn a_retired_agent_is_warned_of_then_due_then_taken_out() {
    const AGENT: &str = ".claude/agents/old.md";
    let dir = desk(&[(AGENT, "Old.\n"), ("config/canonical.yaml", "kit: {}\n")]);
    let none = ran(dir.path(), &["kit", "agents"], 0);
    assert!(none.out.contains("no agent is retired"), "{none:?}");
    let retire = |day: &str| {
        let text =
            format!("kit:\n  retired_agents:\n    {AGENT}: {{last_day: {day}, instead: ralph}}\n");
        fs::write(dir.path().join("config/canonical.yaml"), text).unwrap();
    };
    retire("2999-01-01");
    let warned = ran(dir.path(), &["kit", "agents"], 0);
    assert!(warned.out.starts_with("warning  .claude/agents/old.md: goes after"), "{warned:?}");
    ran(dir.path(), &["kit", "agents", "--apply"], 0);
    assert!(dir.path().join(AGENT).exists());
    retire("2020-01-01");
    let due = ran(dir.path(), &["kit", "agents", "--json"], 1);
    assert!(due.out.contains("\"state\":\"due\""), "{due:?}");
    assert!(dir.path().join(AGENT).exists(), "nothing goes by itself");
    ran(dir.path(), &["kit", "agents", "--apply"], 0);
    assert!(!dir.path().join(AGENT).exists());
    assert!(ran(dir.path(), &["kit", "agents"], 0).out.starts_with("gone"));
}

#[test]
fn staging_refuses_what_could_trade_on_mainnet() {
    let dir = desk(&[("config/canonical.yaml", CANONICAL)]);
    ran(dir.path(), &["init", "--apply"], 0);
    let guard = |changed: &[(&str, &str)]| {
        let fine = [
            ("HYPERLIQUID_TESTNET", "true"),
            ("TRADING_MODE", "paper"),
            ("HYPERLIQUID_PRIVATE_KEY_FILE", "/run/secrets/hyperliquid_testnet_key"),
            ("HYPERLIQUID_API_URL", "https://api.hyperliquid-testnet.xyz"),
        ];
        let mut command = std::process::Command::new("sh");
        command.arg(dir.path().join("scripts/staging-guard.sh")).env_clear();
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env("PATH", path).envs(fine).envs(changed.iter().copied());
        command.output().unwrap()
    };
    assert!(guard(&[]).status.success());
    let key = "0x".to_owned() + &"ab".repeat(32);
    for (name, value) in [
        ("HYPERLIQUID_TESTNET", "false"),
        ("TRADING_MODE", "live"),
        ("HYPERLIQUID_PRIVATE_KEY", "x"),
        ("HYPERLIQUID_PRIVATE_KEY_FILE", "/run/secrets/hyperliquid_key"),
        ("HYPERLIQUID_API_URL", "https://api.hyperliquid.xyz"),
        ("OTHER_URL", "wss://api.hyperliquid.xyz/ws"),
        ("WALLET", &key),
    ] {
        let refused = guard(&[(name, value)]);
        assert!(!refused.status.success(), "{name}={value}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("staging refused: "));
    }
}

const REFERS: &str = "\
alerts:
  delivery:
    receivers:
      ops: {webhook: {url: \"${OPS_HOOK}\"}}
      odd: {webhook: {url: \"${ODD:-https://example.org/hunter2}\"}}
      kept: {webhook: {url: \"file:/etc/desk/hook\"}}
profiles:
  prod: {sentry: {dsn: \"${PROD_DSN}\"}}
";

#[test]
fn secrets_are_listed_by_name_and_never_by_value() {
    const PLANTED: &str = "https://hooks.example.org/hunter2";
    let dir = desk(&[("config/canonical.yaml", &REFERS.replace("odd:", "# odd:"))]);
    let with_values = |args: &[&str]| {
        let mut command = command(dir.path(), args);
        ended(command.env("OPS_HOOK", PLANTED).env("PROD_DSN", PLANTED))
    };
    let example = || fs::read_to_string(dir.path().join(".env.example")).unwrap();
    assert_eq!(with_values(&["init", "--apply"]).code, 0);
    let told = example();
    assert!(told.contains("# alerts.delivery.receivers.ops.webhook.url\nOPS_HOOK=\n"), "{told}");
    assert!(told.contains("# sentry.dsn\nPROD_DSN=\n"), "of a profile: {told}");
    assert!(!told.contains("hunter2") && !told.contains("/etc/desk"), "{told}");

    ran(dir.path(), &["kit", "check"], 0);
    let more = REFERS.replace("odd:", "# odd:").replace("PROD_DSN", "OTHER_DSN");
    fs::write(dir.path().join("config/canonical.yaml"), more).unwrap();
    let checked = ran(dir.path(), &["kit", "check"], 1);
    assert!(checked.out.contains("changed    .env.example"), "{checked:?}");
    let verified = ran(dir.path(), &["verify", "--only", "drift.files"], 1);
    assert!(verified.out.contains("failed    optional drift.files"), "{verified:?}");
    ran(dir.path(), &["kit", "update", "--apply"], 0);
    assert!(example().contains("OTHER_DSN=\n") && !example().contains("PROD_DSN"));
}

#[test]
fn what_stands_where_a_name_should_is_not_repeated() {
    let dir = desk(&[("config/canonical.yaml", REFERS)]);
    let told = plimsoll(dir.path(), &["init"]);
    assert!(!told.out.contains("hunter2"), "{told:?}");
}

#[test]
fn a_profile_that_is_wrong_takes_no_secret_off_the_list() {
    let dir = desk(&[("config/canonical.yaml", &REFERS.replace("odd:", "# odd:"))]);
    ran(dir.path(), &["init", "--apply"], 0);
    let wrong = REFERS.replace("odd:", "# odd:") + "  staging: {paper: {listen: nowhere}}\n";
    fs::write(dir.path().join("config/canonical.yaml"), wrong).unwrap();
    let told = ran(dir.path(), &["kit", "update", "--apply"], 2);
    assert!(told.err.contains("paper.listen"), "{told:?}");
    assert!(dir.path().join(".env.example").exists());
}
