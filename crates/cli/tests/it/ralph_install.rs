//! Hooks put into settings, tried, and taken out, through the command.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::run::{Ran, command, ended};

struct Checkout {
    dir: tempfile::TempDir,
}

impl Checkout {
    /// A checkout, a home, and a client that says this version.
    fn new(client: &str) -> Checkout {
        let checkout = Checkout { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(checkout.root().join(".git")).unwrap();
        fs::write(checkout.root().join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::create_dir_all(checkout.dir.path().join("home")).unwrap();
        let program = checkout.client();
        fs::write(&program, format!("#!/bin/sh\necho '{client} (Claude Code)'\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        checkout
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("checkout")
    }

    fn client(&self) -> PathBuf {
        self.dir.path().join("claude")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(&self.root(), &[&["ralph"], args].concat());
        command.env("HOME", self.dir.path().join("home")).env_remove("CLAUDE_CONFIG_DIR");
        command
    }

    fn ralph(&self, args: &[&str]) -> Ran {
        ended(&mut self.command(args))
    }

    fn with_client(&self, args: &[&str]) -> Ran {
        let client = self.client().display().to_string();
        self.ralph(&[args, &["--client", &client]].concat())
    }

    /// What an installed hook answers.
    fn hook(&self, input: &Value) -> Value {
        let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll-hook"))
            .current_dir(self.root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
        serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap()
    }
}

const SETTINGS: &str = "{\n    // mine\n    \"model\": \"opus\"\n}\n";

#[test]
fn hooks_are_put_in_tried_and_taken_out_again() {
    let checkout = Checkout::new("2.1.330");
    checkout.write(".claude/settings.local.json", SETTINGS);
    let none = checkout.with_client(&["doctor"]);
    assert!(none.code == 1 && none.out.contains("no hooks are installed"), "{none:?}");

    let planned = checkout.with_client(&["install", "--guard", "--dry-run"]);
    assert_eq!(planned.code, 0, "{planned:?}");
    assert!(
        planned.out.contains("+    \"hooks\": {") && !planned.out.contains("-    // mine"),
        "{}",
        planned.out
    );
    assert_eq!(checkout.read(".claude/settings.local.json"), SETTINGS);

    let installed = checkout.with_client(&["install", "--guard", "--statusline"]);
    assert!(
        installed.code == 0 && installed.out.contains("10 hooks, without a shell"),
        "{installed:?}"
    );
    let text = checkout.read(".claude/settings.local.json");
    assert!(
        text.starts_with("{\n    // mine\n    \"model\": \"opus\",\n    \"hooks\": {"),
        "{text}"
    );
    assert!(text.contains("plimsoll ralph statusline"), "{text}");

    let well = checkout.with_client(&["doctor"]);
    assert_eq!(well.code, 0, "{well:?}");
    assert!(well.out.contains("Stop: answers in"), "{}", well.out);
    let json: Value =
        serde_json::from_str(&checkout.with_client(&["doctor", "--json"]).out).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), 11, "{json}");

    assert_eq!(checkout.ralph(&["uninstall", "--dry-run"]).code, 0);
    let gone = checkout.ralph(&["uninstall"]);
    assert!(gone.code == 0 && gone.out.contains("restored byte for byte"), "{gone:?}");
    assert_eq!(checkout.read(".claude/settings.local.json"), SETTINGS);
    assert_eq!(checkout.ralph(&["uninstall"]).code, 1);
}

#[test]
fn a_scope_is_a_file_and_a_client_without_a_version_gets_the_least() {
    let checkout = Checkout::new("2.1.9");
    let user = checkout.with_client(&["install", "--user", "--json"]);
    let json: Value = serde_json::from_str(&user.out).unwrap();
    assert_eq!(json["is_exec_form"], false);
    let settings = checkout.dir.path().join("home/.claude/settings.json");
    assert!(fs::read_to_string(&settings).unwrap().contains("plimsoll-hook loop"));
    let project = checkout.with_client(&["install", "--project"]);
    assert!(project.out.contains("needs `plimsoll-hook` on the PATH"), "{project:?}");
    assert!(checkout.read(".claude/settings.json").contains("\"plimsoll-hook loop\""));
    let twice = checkout.with_client(&["doctor"]);
    assert!(twice.code == 1 && twice.out.contains("2 hooks of ours for Stop"), "{twice:?}");
    assert_eq!(checkout.ralph(&["uninstall"]).out.lines().count(), 2);
    assert!(!settings.exists() && !checkout.root().join(".claude").exists());

    let unknown = checkout.ralph(&["install", "--client", "/no/such/client"]);
    assert!(unknown.code == 0 && unknown.err.contains("cannot be told"), "{unknown:?}");
    assert!(unknown.out.contains("7 hooks, through a shell"), "{unknown:?}");
    assert!(unknown.out.contains("left out: StopFailure needs client 2.1.78"), "{unknown:?}");
    let both = checkout.ralph(&["install", "--user", "--local"]);
    assert_eq!(both.code, 2, "{both:?}");
}

#[test]
fn bounds_follow_the_configuration() {
    let checkout = Checkout::new("2.1.330");
    checkout.write("config/canonical.yaml", "ralph:\n  max_iterations: 4\n");
    assert_eq!(checkout.with_client(&["install"]).code, 0);
    let limits =
        || -> Value { serde_json::from_str(&checkout.read(".ralph/limits.json")).unwrap() };
    assert_eq!(limits()["ralph"]["max_iterations"], 4);
    assert_eq!(checkout.ralph(&["limits", "--check"]).code, 0);

    checkout.write("config/canonical.yaml", "ralph:\n  max_iterations: 6\n");
    let stale = checkout.ralph(&["limits", "--check"]);
    assert!(
        stale.code == 1
            && stale.out.contains("ralph.max_iterations: hooks have 4, the configuration says 6"),
        "{stale:?}"
    );
    assert!(checkout.with_client(&["doctor"]).out.contains("hooks have 4"));
    let prompt = json!({
        "session_id": "s", "cwd": checkout.root(), "hook_event_name": "UserPromptSubmit",
        "transcript_path": checkout.root().join("t.jsonl"), "prompt": "what is 2+2?",
    });
    assert_eq!(checkout.hook(&prompt), json!({}), "taken over without a word");
    assert_eq!(limits()["ralph"]["max_iterations"], 6);

    checkout.write("config/canonical.yaml", "ralph:\n  max_iterations: 6 # still\n");
    let doctor = checkout.with_client(&["doctor"]);
    assert!(doctor.code == 0 && doctor.out.contains("the values are the same"), "{doctor:?}");
    assert_eq!(checkout.ralph(&["limits"]).code, 0);
    assert_eq!(checkout.ralph(&["limits", "--check"]).code, 0);

    checkout.write("config/canonical.yaml", "ralph:\n  max_iteration: 9\n");
    let answer = checkout.hook(&prompt);
    assert!(
        answer["systemMessage"].as_str().unwrap().contains("bounds from before hold"),
        "{answer}"
    );
    assert_eq!(limits()["ralph"]["max_iterations"], 6, "a broken file is not replaced by defaults");
    let refused = checkout.with_client(&["install"]);
    assert!(
        refused.code == 2 && refused.err.contains("did you mean `max_iterations`?"),
        "{refused:?}"
    );

    checkout.write("config/canonical.yaml", "ralph:\n  max_iterations: 6\n");
    let mut with_env = checkout.command(&["limits"]);
    assert_eq!(ended(with_env.env("PLIMSOLL_RALPH__MAX_ITERATIONS", "3")).code, 0);
    assert_eq!(
        limits()["ralph"]["max_iterations"],
        6,
        "a shell's environment is not the project's"
    );
}

#[test]
fn a_prompt_is_explained_and_a_labeled_set_judged() {
    let checkout = Checkout::new("2.1.330");
    let told =
        checkout.ralph(&["classify", "--explain", "fix all lint errors until clippy passes"]);
    assert!(told.code == 0 && told.out.starts_with("ralph: a loop starts (0.90)\n"), "{told:?}");
    assert!(told.out.contains("fix all"), "{told:?}");
    assert!(checkout.ralph(&["classify", "--learned"]).out.contains("nothing was learned"));
    assert!(checkout.ralph(&["classify", "--reset"]).out.contains("nothing was learned"));
    checkout.write("labels.tsv", "# mine\nralph\tfix all lint errors\nstandard\twhat is 2+2?\n");
    let matrix = checkout.ralph(&["classify", "--labeled", "labels.tsv"]);
    assert!(matrix.out.contains("precision of `ralph` 1.000, recall 1.000"), "{matrix:?}");
    checkout.write("labels.tsv", "nonsense\tx\n");
    let refused = checkout.ralph(&["classify", "--labeled", "labels.tsv"]);
    assert!(refused.code == 2 && refused.err.contains("line 1: found `nonsense"), "{refused:?}");
    assert_eq!(checkout.ralph(&["classify"]).code, 2);
}

#[test]
fn a_prompt_file_a_plugin_and_a_status_line_are_made() {
    let checkout = Checkout::new("2.1.330");
    checkout.write(
        "config/canonical.yaml",
        "ralph:\n  checks:\n    - name: tests\n      command: [make, test]\n",
    );
    assert_eq!(checkout.ralph(&["init"]).code, 0);
    let text = checkout.read("PROMPT.md");
    for wanted in [
        "# Task",
        "## Exit criteria",
        "- `make test` (tests)",
        "## Constraints",
        "<promise>COMPLETE</promise>",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let again = checkout.ralph(&["init"]);
    assert!(again.code == 1 && again.err.contains("already"), "{again:?}");

    assert_eq!(checkout.ralph(&["plugin", "p", "--guard"]).code, 0);
    assert!(checkout.read("p/hooks/hooks.json").contains("\"guard\""));

    let line = |checkout: &Checkout| {
        let input = json!({"session_id": "s", "workspace": {"current_dir": checkout.root()}});
        let mut child = checkout
            .command(&["statusline"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    assert_eq!(line(&checkout), "");
    checkout.hook(&json!({
        "session_id": "s", "cwd": checkout.root(), "hook_event_name": "UserPromptSubmit",
        "transcript_path": checkout.root().join("t.jsonl"), "prompt": "RALPH START add a parser",
    }));
    assert_eq!(line(&checkout), "ralph 0/15 · $20.00 left · closed\n");
}
