//! The programs that read what is rendered, in the versions that it names, beside cargo's output.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::command;
use crate::machine;
use crate::workspace::Workspace;

const INSTALL_LIMIT: Duration = Duration::from_secs(900);
const RUN_LIMIT: Duration = Duration::from_secs(600);
const PYPI: [&str; 4] =
    ["bandit==1.9.4", "check-jsonschema==0.39.0", "yamllint==1.38.0", "zizmor==1.32.0"];
/// What only the whole proof needs.
const PYPI_FULL: [&str; 2] = ["pre-commit==4.7.0", "uv==0.13.9"];
const GITLEAKS: &str = "github.com/zricethezav/gitleaks/v8@v8.30.1";
const ACTIONLINT: &str = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12";
/// Takes minutes to build, so only the whole proof does.
const COMPOSE: &str = "github.com/docker/compose/v2";
const COMPOSE_VERSION: &str = "v2.40.3";
const COMPOSE_PROGRAM: &str = "docker-compose";

/// Where they are.
#[derive(Debug)]
pub(in crate::live) struct Tools {
    python: PathBuf,
    go: PathBuf,
    plimsoll: PathBuf,
}

/// What a program said.
#[derive(Debug)]
pub(in crate::live) struct Said {
    pub(in crate::live) is_fine: bool,
    pub(in crate::live) text: String,
}

impl Tools {
    /// Installs what is not there yet.
    pub(in crate::live) fn install(
        workspace: &Workspace,
        plimsoll: PathBuf,
        is_full: bool,
    ) -> anyhow::Result<Self> {
        let home = workspace.scratch()?.join("kit-tools");
        fs::create_dir_all(&home)?;
        let python = home.join("python/bin");
        let go = home.join("go");
        let mut wanted: Vec<&str> = PYPI.to_vec();
        if is_full {
            wanted.extend(PYPI_FULL);
        }
        let list = wanted.join("\n");
        let mark = home.join("python/installed.txt");
        if fs::read_to_string(&mark).ok().as_deref() != Some(list.as_str()) {
            let python3 = machine::program("python3").context("no python3")?;
            let venv = home.join("python");
            command::stdout_of(
                Command::new(python3).arg("-m").arg("venv").arg(&venv),
                INSTALL_LIMIT,
            )?;
            let mut pip = Command::new(python.join("python"));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .args(&wanted);
            command::stdout_of(&mut pip, INSTALL_LIMIT).context("no packages from PyPI")?;
            fs::write(&mark, &list)?;
        }
        for (name, module) in [("gitleaks", GITLEAKS), ("actionlint", ACTIONLINT)] {
            if !go.join(name).is_file() {
                let program = machine::program("go").context("no go")?;
                let mut install = Command::new(program);
                install.args(["install", module]).env("GOBIN", &go).env("GOFLAGS", "-modcacherw");
                command::stdout_of(&mut install, INSTALL_LIMIT).context("no modules for go")?;
            }
        }
        if is_full && !go.join(COMPOSE_PROGRAM).is_file() {
            build_compose(&home.join("compose"), &go.join(COMPOSE_PROGRAM))
                .context("no client for compose files")?;
        }
        Ok(Self { python, go, plimsoll })
    }

    /// The client that reads compose files, if it is there: as a program of its own, or as a part of docker.
    pub(super) fn compose(&self, folder: &Path) -> Option<Vec<&'static str>> {
        if self.go.join(COMPOSE_PROGRAM).is_file() {
            return Some(vec![COMPOSE_PROGRAM]);
        }
        let part = vec!["docker", "compose"];
        let asked = self.run(folder, &[&part[..], &["version"]].concat());
        asked.is_ok_and(|said| said.is_fine).then_some(part)
    }

    /// Runs a program in a folder, with ours before all others.
    pub(super) fn run(&self, folder: &Path, args: &[&str]) -> anyhow::Result<Said> {
        self.run_with(folder, args, &[])
    }

    /// As [`Tools::run`], with variables.
    pub(super) fn run_with(
        &self,
        folder: &Path,
        args: &[&str],
        variables: &[(String, String)],
    ) -> anyhow::Result<Said> {
        let (name, rest) = args.split_first().context("no program")?;
        let found = [&self.python, &self.go, &self.plimsoll]
            .into_iter()
            .map(|bin| bin.join(name))
            .find(|path| path.is_file());
        let mut command = Command::new(found.unwrap_or_else(|| PathBuf::from(name)));
        command.args(rest).current_dir(folder).env("PATH", self.path(None)?);
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "PLIMSOLL_CONFIG", "VIRTUAL_ENV"]
        {
            command.env_remove(name);
        }
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let output = command::capture(&mut command, RUN_LIMIT)?;
        let text = format!("{}{}", output.stdout, output.stderr);
        Ok(Said { is_fine: output.status.success(), text })
    }

    /// Where programs are looked for: with us, then where they always are.
    pub(in crate::live) fn path(&self, first: Option<PathBuf>) -> anyhow::Result<OsString> {
        let old = machine::env("PATH").unwrap_or_default();
        let ours = [self.python.clone(), self.go.clone(), self.plimsoll.clone()];
        let paths = first.into_iter().chain(ours).chain(env::split_paths(&old));
        Ok(env::join_paths(paths)?)
    }

    /// The program that is tried out.
    pub(in crate::live) fn plimsoll(&self) -> PathBuf {
        self.plimsoll.join("plimsoll")
    }

    /// Runs a program that must be content.
    pub(in crate::live) fn fine(&self, folder: &Path, args: &[&str]) -> anyhow::Result<String> {
        let said = self.run(folder, args)?;
        ensure!(said.is_fine, "{} is not content: {}", args.join(" "), said.text);
        Ok(said.text)
    }

    /// Runs a program that must find something, and say this of it.
    pub(super) fn finds(&self, folder: &Path, args: &[&str], word: &str) -> anyhow::Result<()> {
        let said = self.run(folder, args)?;
        ensure!(!said.is_fine, "{} found nothing: {}", args.join(" "), said.text);
        ensure!(said.text.contains(word), "{} says no `{word}`: {}", args.join(" "), said.text);
        Ok(())
    }
}

/// Its module excludes versions, so it cannot be installed by name: a module that needs it builds it.
fn build_compose(folder: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("go.mod"), "module client\n\ngo 1.24\n")?;
    let import = format!("//go:build tools\n\npackage main\n\nimport _ \"{COMPOSE}/cmd\"\n");
    fs::write(folder.join("tools.go"), import)?;
    let go = machine::program("go").context("no go")?;
    let (module, package) = (format!("{COMPOSE}@{COMPOSE_VERSION}"), format!("{COMPOSE}/cmd"));
    let with_package = format!("{package}@{COMPOSE_VERSION}");
    let to = to.to_str().context("a path that is no text")?;
    for args in [&["get", &module][..], &["get", &with_package], &["build", "-o", to, &package]] {
        let mut command = Command::new(&go);
        command.args(args).current_dir(folder).env("GOFLAGS", "-modcacherw");
        command::stdout_of(&mut command, INSTALL_LIMIT)?;
    }
    Ok(())
}

/// Builds our own program, and says where it is. What does not build is a failure, and nothing to skip.
pub(in crate::live) fn built(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let mut build = workspace.cargo(["build", "--quiet", "-p", "plimsoll"]);
    command::stdout_of(&mut build, INSTALL_LIMIT)?;
    let plimsoll = target(workspace)?.join("debug");
    ensure!(plimsoll.join("plimsoll").is_file(), "no plimsoll in `{}`", plimsoll.display());
    Ok(plimsoll)
}

fn target(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    Ok(workspace.scratch()?.parent().context("no target directory")?.to_owned())
}
