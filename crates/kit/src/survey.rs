//! What a repository is made of, told by the names of its files.

use std::collections::BTreeSet;

use serde::Serialize;

/// How Python packages are installed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PythonTool {
    /// uv, by its lock file.
    Uv,
    /// Poetry, by its lock file.
    Poetry,
    /// A `pyproject.toml` and no lock.
    Project,
    /// Lists of requirements.
    Requirements,
    /// Modules and nothing that installs anything.
    #[default]
    Bare,
}

/// The languages, lock files, images and workflows of a repository. Folders are relative to its
/// root, `/` is the root itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Survey {
    /// Folders of Rust workspaces and of packages outside of one.
    pub rust: BTreeSet<String>,
    /// Whether every Rust folder has a lock file.
    pub is_rust_locked: bool,
    /// Whether there is a library in Rust.
    pub has_rust_library: bool,
    /// How Python is installed; `None` without any Python.
    pub python: Option<PythonTool>,
    /// Folders with a list of what Python needs.
    pub python_folders: BTreeSet<String>,
    /// The list of requirements at the root, if that is how Python is installed.
    pub requirements: Option<String>,
    /// Whether there are tests in Python.
    pub has_python_tests: bool,
    /// Folders with a `package.json`.
    pub node: BTreeSet<String>,
    /// Folders with a `go.mod`.
    pub go: BTreeSet<String>,
    /// Folders with a Dockerfile.
    pub docker: BTreeSet<String>,
    /// Folders with a compose file.
    pub compose: BTreeSet<String>,
    /// Lock files.
    pub locks: BTreeSet<String>,
    /// Workflows.
    pub workflows: BTreeSet<String>,
    /// Files at the root that coding agents read.
    pub agent_files: BTreeSet<String>,
    /// Definitions of coding agents.
    pub agents: BTreeSet<String>,
}

/// Folders whose files are somebody else's, or samples.
const FOREIGN: [&str; 9] = [
    "vendor",
    "third_party",
    "node_modules",
    "target",
    ".venv",
    "fixtures",
    "testdata",
    "site-packages",
    ".git",
];
const LOCKS: [&str; 9] = [
    "Cargo.lock",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "go.sum",
    "Pipfile.lock",
];
/// What is rendered here itself must not change what the next look finds.
const OURS: [&str; 2] = [".github/requirements/", "tests/benchmarks/"];

impl Survey {
    /// Looks at the paths of a repository, relative to its root, with `/` between their parts.
    #[must_use]
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut survey = Self::default();
        let mut cargo = BTreeSet::new();
        let mut python = BTreeSet::new();
        let mut has_module = false;
        for path in paths {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let is_ours = OURS.iter().any(|ours| path.starts_with(ours));
            if is_ours || folder.split('/').any(|part| FOREIGN.contains(&part)) {
                continue;
            }
            if LOCKS.contains(&name) || is_requirements(name) {
                survey.locks.insert(path.to_owned());
            }
            let place = || format!("/{folder}");
            match name {
                "Cargo.toml" => drop(cargo.insert(folder.to_owned())),
                "package.json" => drop(survey.node.insert(place())),
                "go.mod" => drop(survey.go.insert(place())),
                "lib.rs" => survey.has_rust_library = true,
                "CLAUDE.md" | "AGENTS.md" if folder.is_empty() => {
                    survey.agent_files.insert(path.to_owned());
                }
                _ if folder == ".claude/agents" && name.ends_with(".md") => {
                    survey.agents.insert(path.to_owned());
                }
                "pyproject.toml" | "setup.py" | "Pipfile" => drop(python.insert(place())),
                _ if is_requirements(name) => drop(python.insert(place())),
                _ if name == "Dockerfile" || name.starts_with("Dockerfile.") => {
                    survey.docker.insert(place());
                }
                _ if is_compose(name) => drop(survey.compose.insert(place())),
                _ if is_module(name) => {
                    has_module = true;
                    survey.has_python_tests |=
                        name.starts_with("test_") || name.ends_with("_test.py");
                }
                _ if folder == ".github/workflows" && is_yaml(name) => {
                    survey.workflows.insert(path.to_owned());
                }
                _ => {}
            }
        }
        survey.settle(&cargo, python, has_module);
        survey
    }

    fn settle(&mut self, cargo: &BTreeSet<String>, python: BTreeSet<String>, has_module: bool) {
        let has = |path: String| self.locks.contains(path.trim_start_matches('/'));
        let is_root = |folder: &&String| {
            let is_below = |other: &String| {
                *other != **folder && (other.is_empty() || folder.starts_with(&format!("{other}/")))
            };
            has(format!("{folder}/Cargo.lock")) || !cargo.iter().any(is_below)
        };
        let roots: BTreeSet<String> = cargo.iter().filter(is_root).cloned().collect();
        self.is_rust_locked = roots.iter().all(|folder| has(format!("{folder}/Cargo.lock")));
        self.rust = roots.iter().map(|folder| format!("/{folder}")).collect();
        if has_module || !python.is_empty() {
            let listed = self
                .locks
                .iter()
                .find(|path| !path.contains('/') && is_requirements(path) && !path.contains("dev"));
            self.python = Some(match listed {
                _ if has("uv.lock".to_owned()) => PythonTool::Uv,
                _ if has("poetry.lock".to_owned()) => PythonTool::Poetry,
                Some(_) => PythonTool::Requirements,
                None if python.contains("/") => PythonTool::Project,
                None => PythonTool::Bare,
            });
            self.requirements =
                listed.filter(|_| self.python == Some(PythonTool::Requirements)).cloned();
        }
        self.python_folders = python;
    }

    /// Whether the root has a Rust workspace or package.
    #[must_use]
    pub fn has_rust_root(&self) -> bool {
        self.rust.contains("/")
    }
}

fn is_requirements(name: &str) -> bool {
    name.starts_with("requirements") && (name.ends_with(".txt") || name.ends_with(".in"))
}

fn is_module(name: &str) -> bool {
    name.ends_with(".py") || name.ends_with(".pyi")
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yml") || name.ends_with(".yaml")
}

fn is_compose(name: &str) -> bool {
    is_yaml(name) && (name.starts_with("compose.") || name.starts_with("docker-compose"))
}
