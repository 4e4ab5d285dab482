//! A throw-away project with a home of its own, and the client run in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::ClaudeApi;

use super::client::Client;
use crate::{command, machine};

const GIT_LIMIT: Duration = Duration::from_secs(30);
/// A run takes one to three seconds on an idle machine.
const RUN_LIMIT: Duration = Duration::from_secs(180);
const TOOLS: &str = "Bash Write Edit Read Task Agent";

/// A git repository, a home, and nothing else that a client could find.
#[derive(Debug)]
pub(super) struct Project {
    dir: TempDir,
    client: Client,
    programs: Option<PathBuf>,
}

/// What a client did.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) output: command::Output,
    /// The records of its output, one a line.
    pub(super) records: Vec<Value>,
}

impl Project {
    pub(super) fn new(client: &Client) -> anyhow::Result<Project> {
        let dir = tempfile::tempdir().context("no temporary directory")?;
        let project = Project { dir, client: client.clone(), programs: None };
        for folder in
            [project.home().join(".claude"), project.root(), project.dir.path().join("tmp")]
        {
            fs::create_dir_all(&folder)
                .with_context(|| format!("cannot create `{}`", folder.display()))?;
        }
        project.write("README.md", "A project.\n")?;
        for args in [
            &["init", "--quiet", "--initial-branch", "main"][..],
            &["config", "user.email", "person@example.invalid"],
            &["config", "user.name", "Person"],
            &["add", "README.md"],
            &["commit", "--quiet", "--message", "start"],
        ] {
            project.git(args)?;
        }
        // Without trust the client ignores the project's settings; 1.0 wants the list of tools besides.
        let trusted = json!({"hasTrustDialogAccepted": true, "allowedTools": []});
        let root = project.root().display().to_string();
        let config = json!({"hasCompletedOnboarding": true, "projects": {root: trusted}});
        fs::write(project.home().join(".claude/.claude.json"), config.to_string())
            .context("cannot write the client's configuration")?;
        Ok(project)
    }

    /// The same with the programs of one more folder on the path.
    pub(super) fn with_programs(mut self, folder: PathBuf) -> Project {
        self.programs = Some(folder);
        self
    }

    pub(super) fn root(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    pub(super) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Writes a file under the project.
    pub(super) fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let file = self.root().join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot create `{}`", parent.display()))?;
        }
        fs::write(&file, text).with_context(|| format!("cannot write `{}`", file.display()))
    }

    /// Reads a file under the project.
    pub(super) fn read(&self, path: &str) -> anyhow::Result<String> {
        let file = self.root().join(path);
        fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))
    }

    /// Runs git in the project and returns what it wrote.
    pub(super) fn git(&self, args: &[&str]) -> anyhow::Result<String> {
        command::stdout_of(self.command(Path::new("git")).args(args), GIT_LIMIT)
    }

    /// Runs a program in the project, in the client's environment.
    pub(super) fn capture(&self, program: &Path, args: &[&str]) -> anyhow::Result<command::Output> {
        command::capture(self.command(program).args(args), RUN_LIMIT)
    }

    /// The client's program, for commands that ask it for its version.
    pub(super) fn client_program(&self) -> anyhow::Result<PathBuf> {
        let [program] = self.client.program.as_slice() else { return self.client_script() };
        Ok(program.clone())
    }

    /// A program of one word for a client that is a script.
    fn client_script(&self) -> anyhow::Result<PathBuf> {
        let file = self.dir.path().join("claude");
        let words: Vec<_> =
            self.client.program.iter().map(|word| format!("'{}'", word.display())).collect();
        fs::write(&file, format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" ")))
            .context("cannot write the client's script")?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755))
            .context("cannot make the client's script run")?;
        Ok(file)
    }

    /// Runs the client to its end. `more` are further arguments.
    pub(super) fn run(&self, api: &ClaudeApi, prompt: &str, more: &[&str]) -> anyhow::Result<Run> {
        let output = command::capture(&mut self.client_command(api, prompt, more)?, RUN_LIMIT)?;
        let records = output.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>();
        let records = records.with_context(|| {
            let end = command::last_lines(&output.stderr, 5);
            format!("the client wrote something else than records; errors: {end}")
        })?;
        Ok(Run { output, records })
    }

    /// The client, ready to start.
    pub(super) fn client_command(
        &self,
        api: &ClaudeApi,
        prompt: &str,
        more: &[&str],
    ) -> anyhow::Result<Command> {
        let (program, leading) = self.client.program.split_first().context("no program")?;
        let mut command = self.command(program);
        command.args(leading).args(["-p", prompt]);
        command.args(["--output-format", "stream-json", "--verbose", "--allowedTools", TOOLS]);
        command.args(more);
        command.env("ANTHROPIC_BASE_URL", api.url());
        Ok(command)
    }

    /// Every transcript that the client has written, by path.
    pub(super) fn transcripts(&self) -> anyhow::Result<Vec<(PathBuf, Vec<Value>)>> {
        let mut found = Vec::new();
        let mut folders = vec![self.home().join(".claude/projects")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)
                .with_context(|| format!("cannot list `{}`", folder.display()))?
            {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "jsonl") {
                    let text = fs::read_to_string(&path)?;
                    let lines = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
                    found.push((path, lines.context("a transcript line is not JSON")?));
                }
            }
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    }

    fn command(&self, program: &Path) -> Command {
        let home = self.home();
        let mut command = Command::new(program);
        command.current_dir(self.root()).env_clear();
        let more = self.programs.iter().map(|folder| format!(":{}", folder.display()));
        command
            .env("PATH", more.fold(path(), |all, folder| all + &folder))
            .env("HOME", &home)
            .env("CLAUDE_CONFIG_DIR", home.join(".claude"));
        command
            .env("TMPDIR", self.dir.path().join("tmp"))
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb");
        command.env("ANTHROPIC_API_KEY", "dummy-not-a-key");
        for switch in [
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
            "DISABLE_AUTOUPDATER",
            "DISABLE_TELEMETRY",
            "DISABLE_ERROR_REPORTING",
        ] {
            command.env(switch, "1");
        }
        command
    }
}

/// The system's folders, and that of node wherever it lies.
fn path() -> String {
    let node = machine::program("node").and_then(|node| node.parent().map(Path::to_owned));
    let node = node.map(|dir| format!("{}:", dir.display())).unwrap_or_default();
    format!("{node}/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin")
}

impl Run {
    /// Fails unless the client ended well.
    pub(super) fn expect_success(&self) -> anyhow::Result<&Run> {
        ensure!(
            self.output.status.success(),
            "the client ended with {}: {}",
            self.output.status,
            command::last_lines(&self.output.stderr, 5)
        );
        Ok(self)
    }
}
