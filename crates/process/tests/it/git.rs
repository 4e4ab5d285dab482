//! Git with a user and a repository full of surprises.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use plimsoll_process::git::{Git, GitError};
use plimsoll_process::{Exit, RunError};

const AUTHOR: [&str; 4] = ["-c", "user.name=A", "-c", "user.email=a@example.invalid"];

struct Repository {
    dir: tempfile::TempDir,
    git: Git,
}

impl Repository {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::at(dir.path());
        git.run(["init", "--quiet"]).unwrap();
        Self { dir, git }
    }

    fn commit(&self, name: &str) -> Result<Vec<u8>, GitError> {
        fs::write(self.dir.path().join(name), name).unwrap();
        self.git.run(["add", name])?;
        self.git.run(AUTHOR.iter().chain(&["commit", "--quiet", "-m", name]))
    }

    /// Lets every hook leave a trace and fail.
    fn plant_hooks(&self) {
        let hooks = self.dir.path().join(".git/hooks");
        fs::create_dir_all(&hooks).unwrap();
        for hook in
            ["pre-commit", "commit-msg", "post-commit", "post-checkout", "post-index-change"]
        {
            let path = hooks.join(hook);
            let trace = self.trace();
            fs::write(&path, format!("#!/bin/sh\necho {hook} >> {}\nexit 1\n", trace.display()))
                .unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    fn trace(&self) -> std::path::PathBuf {
        self.dir.path().join("trace-of-hooks")
    }
}

#[test]
fn planted_hooks_do_not_run() {
    let repository = Repository::new();
    repository.plant_hooks();
    repository.commit("one").unwrap();
    repository.git.run(["checkout", "--quiet", "-b", "other"]).unwrap();
    assert!(!repository.trace().exists(), "{}", fs::read_to_string(repository.trace()).unwrap());
    // The hooks are real: plain git runs them.
    let plain = plimsoll_process::Command::new("git")
        .args(["checkout", "--quiet", "-b", "third"])
        .current_dir(repository.dir.path())
        .run()
        .unwrap();
    assert!(repository.trace().exists(), "{plain:?}");
}

#[test]
fn settings_of_the_repository_do_not_bring_programs_or_hooks_back() {
    let repository = Repository::new();
    repository.plant_hooks();
    let monitor = repository.dir.path().join(".git/hooks/pre-commit");
    for (key, value) in [
        ("core.hooksPath", repository.dir.path().join(".git/hooks")),
        ("core.fsmonitor", monitor.clone()),
        ("core.pager", monitor.clone()),
        ("core.editor", monitor),
        ("commit.gpgSign", "true".into()),
    ] {
        repository.git.run(["config".as_ref(), key.as_ref(), value.as_os_str()]).unwrap();
    }
    repository.commit("one").unwrap();
    repository.git.run(["log", "--oneline"]).unwrap();
    repository.git.run(["status", "--porcelain=v2"]).unwrap();
    assert!(!repository.trace().exists(), "{}", fs::read_to_string(repository.trace()).unwrap());
}

#[test]
fn an_editor_is_refused_instead_of_waited_for() {
    let repository = Repository::new();
    repository.commit("one").unwrap();
    let run = repository.git.run(AUTHOR.iter().chain(&["commit", "--allow-empty"]));
    assert!(matches!(run, Err(GitError::Failed { .. })), "{run:?}");
}

#[test]
fn a_failed_command_says_what_git_said_and_an_answer_by_code_is_no_failure() {
    let repository = Repository::new();
    repository.commit("one").unwrap();
    let error = repository.git.run(["show", "no-such-revision"]).unwrap_err();
    let GitError::Failed { subcommand, exit, said, .. } = &error else { panic!("{error:?}") };
    assert_eq!((subcommand.as_str(), *exit), ("show", Exit::Code(128)));
    assert!(said.contains("no-such-revision"), "{said}");
    assert!(!error.to_string().contains('\n'), "{error}");
    fs::write(repository.dir.path().join("one"), "changed").unwrap();
    assert_eq!(repository.git.status(["diff", "--quiet"]).unwrap().code(), Some(1));
}

#[test]
fn an_answer_beyond_the_limit_is_no_answer() {
    let repository = Repository::new();
    repository.commit("one").unwrap();
    let git = repository.git.clone().with_output_limit(8);
    let error = git.run(["rev-parse", "HEAD"]).unwrap_err();
    assert!(
        matches!(error, GitError::TooLong { found_bytes: 41, limit_bytes: 8, .. }),
        "{error:?}"
    );
    assert_eq!(repository.git.run(["rev-parse", "HEAD"]).unwrap().len(), 41);
}

#[test]
fn outside_a_repository_and_in_no_directory_git_fails_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let error = Git::at(dir.path()).run(["rev-parse", "HEAD"]).unwrap_err();
    assert!(error.to_string().contains("not a git repository"), "{error}");
    let absent = dir.path().join("absent");
    let error = Git::at(&absent).run(["status"]).unwrap_err();
    let GitError::Run { source: RunError::Directory { dir, .. }, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(dir.as_path(), absent.as_path() as &Path);
}

#[test]
fn a_command_that_does_not_end_is_stopped() {
    let repository = Repository::new();
    let git = repository.git.clone().with_timeout(Duration::from_millis(300));
    let run = git.run(["-c", "alias.hang=!sleep 1000", "hang"]);
    let Err(GitError::Run { source: RunError::TimedOut { .. }, .. }) = run else {
        panic!("{run:?}")
    };
}
