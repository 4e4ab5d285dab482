//! `plimsoll drift --pr`, against a stand-in of GitHub and a bare repository as the remote.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use testbed::GitHubStandIn;

use crate::run::{Ran, command, ended};

const CANONICAL: &str = "ports:\n  questdb_http: 9000\n  grafana: 3000\n";
const README: &str =
    "# Quoter\n\nQuestDB listens on http://localhost:9000, Grafana on port 3000.\n";
const OURS: &str = "plimsoll/drift";

/// A clone of a remote, with a GitHub beside it.
struct Desk {
    folder: TempDir,
    github: GitHubStandIn,
}

impl Desk {
    fn new() -> Desk {
        let desk =
            Desk { folder: TempDir::new().unwrap(), github: GitHubStandIn::start().unwrap() };
        let top = desk.folder.path().to_owned();
        git(&top, &["init", "-q", "--bare", "remote.git"]);
        git(&top, &["init", "-q", "-b", "main", "clone"]);
        desk.write("config/canonical.yaml", CANONICAL);
        desk.write("README.md", README);
        git(&desk.clone(), &["remote", "add", "origin", "../remote.git"]);
        desk.commit("first");
        desk
    }

    fn clone(&self) -> PathBuf {
        self.folder.path().join("clone")
    }

    fn remote(&self) -> PathBuf {
        self.folder.path().join("remote.git")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.clone().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn commit(&self, message: &str) {
        git(&self.clone(), &["add", "."]);
        git(&self.clone(), &["commit", "-qm", message]);
        git(&self.clone(), &["push", "-q", "origin", "main"]);
    }

    #[track_caller]
    fn run(&self, args: &[&str], code: i32) -> Ran {
        let mut command = command(&self.clone(), &["drift", "--pr"]);
        let (repository, token) = self.github.access();
        command
            .args(args)
            .env("GITHUB_API_URL", self.github.url())
            .env("GITHUB_REPOSITORY", repository)
            .env("GITHUB_TOKEN", token)
            .env_remove("GITHUB_TOKEN_FILE");
        let ran = ended(&mut command);
        assert_eq!(ran.code, code, "{args:?}\n{}\n{}", ran.out, ran.err);
        assert_eq!(self.github.violations(), Vec::<String>::new());
        ran
    }

    /// A file as our branch at the remote has it.
    fn pushed(&self, path: &str) -> String {
        git(&self.remote(), &["show", &format!("{OURS}:{path}")])
    }
}

fn git(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(args);
    let output = command.current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_first_run_opens_the_second_updates_and_an_agreeing_base_closes_what_is_ours() {
    let desk = Desk::new();
    let others = desk.github.open_pull_from("topic", "by hand", "of somebody");
    desk.write("README.md", &README.replace("3000", "3001"));
    desk.commit("drift");
    // What lies beside has no part in it.
    desk.write("left.md", "Grafana on port 3009.\n");
    desk.write("README.md", "nothing");
    let ran = desk.run(&[], 0);
    assert!(ran.err.contains("opened https://github.com/desk/strategies/pull/"), "{}", ran.err);
    let pull = desk.github.pulls().pop().unwrap();
    assert_eq!((&pull["head"]["ref"], &pull["base"]["ref"]), (&OURS.into(), &"main".into()));
    let body = pull["body"].as_str().unwrap();
    let row =
        "| `README.md:3` | `ports.grafana` | `3001` | `3000` | `config/canonical.yaml:3:12` |";
    assert!(body.contains(row), "{body}");
    assert_eq!(desk.pushed("README.md"), README);
    let changed = git(&desk.remote(), &["diff", "--name-only", "main", OURS]);
    assert_eq!(changed, "README.md\n", "and nothing else");
    assert_eq!(fs::read_to_string(desk.clone().join("README.md")).unwrap(), "nothing");

    let writes = desk.github.writes().len();
    let tip = git(&desk.remote(), &["rev-parse", OURS]);
    let ran = desk.run(&[], 0);
    assert!(ran.err.contains("says it already"), "{}", ran.err);
    assert_eq!(desk.github.writes().len(), writes, "the same again writes nothing");
    assert_eq!(git(&desk.remote(), &["rev-parse", OURS]), tip);

    fs::remove_file(desk.clone().join("left.md")).unwrap();
    desk.write("README.md", &README.replace("3000", "3001").replace("9000", "9005"));
    desk.commit("more drift");
    let ran = desk.run(&[], 0);
    assert!(ran.err.contains("updated https://"), "{}", ran.err);
    assert_eq!(desk.github.pulls().len(), 2, "no second one");
    assert_eq!(desk.github.pulls()[1]["title"], "Bring 2 values back to what is declared");
    assert_eq!(desk.pushed("README.md"), README);

    desk.write("README.md", README);
    desk.commit("mended by hand");
    let ran = desk.run(&[], 0);
    assert!(ran.err.contains("agrees by itself; closed"), "{}", ran.err);
    let states: Vec<_> = desk.github.pulls().iter().map(|pull| pull["state"].clone()).collect();
    assert_eq!(states, ["open", "closed"], "{others} is not ours");
}

#[test]
fn a_clean_base_closes_nothing_that_is_not_ours() {
    let desk = Desk::new();
    // From the branch of that name, but in the words of somebody else.
    let _number = desk.github.open_pull_from(OURS, "by hand", "of somebody");
    let _number = desk.github.open_pull_from("topic", "by hand", "of somebody");
    let ran = desk.run(&[], 0);
    assert!(ran.err.contains("no pull request of ours is open"), "{}", ran.err);
    assert!(desk.github.writes().is_empty(), "{:?}", desk.github.writes());
}

#[test]
fn a_branch_with_commits_of_others_is_left_as_it_is() {
    let desk = Desk::new();
    desk.write("README.md", &README.replace("3000", "3001"));
    desk.commit("drift");
    desk.run(&[], 0);
    let clone = desk.clone();
    git(&clone, &["fetch", "-q", "origin", OURS]);
    git(&clone, &["checkout", "-q", "FETCH_HEAD"]);
    desk.write("notes.md", "Mine.\n");
    git(&clone, &["add", "notes.md"]);
    git(&clone, &["commit", "-q", "--amend", "--no-edit"]);
    git(&clone, &["push", "-qf", "origin", &format!("HEAD:{OURS}")]);
    let tip = git(&desk.remote(), &["rev-parse", OURS]);
    let ran = desk.run(&["--base", "main"], 1);
    assert!(ran.err.contains("has commits that are not ours"), "{}", ran.err);
    assert_eq!(git(&desk.remote(), &["rev-parse", OURS]), tip);
}

#[test]
fn what_only_a_person_can_tell_is_left_and_said() {
    let desk = Desk::new();
    desk.write("README.md", &README.replace("3000", "3001"));
    desk.write("docs/run.md", "Open Grafana at http://localhost:3001.\n");
    desk.commit("a conflict");
    let ran = desk.run(&[], 1);
    assert!(ran.out.contains("README.md:3:"), "{}", ran.out);
    assert!(desk.github.pulls().is_empty());
    let ran = desk.run(&["--conflicts", "--diff"], 1);
    assert!(ran.out.contains("+Open Grafana at http://localhost:3000."), "{}", ran.out);
    assert!(desk.github.pulls().is_empty(), "--diff only shows");
    desk.run(&["--conflicts"], 0);
    assert_eq!(desk.github.pulls().len(), 1);
    desk.run(&["--base", "elsewhere"], 2);
}

#[test]
fn without_a_token_nothing_is_pushed() {
    let desk = Desk::new();
    desk.write("README.md", &README.replace("3000", "3001"));
    desk.commit("drift");
    let mut command = command(&desk.clone(), &["drift", "--pr", "--repo", "desk/strategies"]);
    for name in ["GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN_FILE"] {
        command.env_remove(name);
    }
    let ran = ended(&mut command);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no token for GitHub"), "{}", ran.err);
    assert_eq!(git(&desk.remote(), &["branch", "--list", OURS]), "");
}
