//! Five repositories as people have them.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use tempfile::TempDir;

use super::tools::Tools;

/// Their kinds.
pub(super) const KINDS: [&str; 5] = ["rust", "python", "mixed", "existing", "empty"];

const RUST: &[(&str, &str)] = &[
    (
        "Cargo.toml",
        "[package]\nname = \"desk\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"MIT\"\n",
    ),
    ("Cargo.lock", "version = 4\n\n[[package]]\nname = \"desk\"\nversion = \"0.1.0\"\n"),
    (
        "src/lib.rs",
        "//! A desk.\n\n/// A tenth.\npub fn size(equity: u64) -> u64 {\n    equity / 10\n}\n",
    ),
    (".gitignore", "/target\n"),
];
const PYTHON: &[(&str, &str)] = &[
    (
        "pyproject.toml",
        "[project]\nname = \"desk\"\nversion = \"0.1.0\"\nrequires-python = \">=3.11\"\n\n\
         [tool.pytest.ini_options]\npythonpath = [\"lib\"]\n",
    ),
    (
        "uv.lock",
        "version = 1\nrevision = 3\nrequires-python = \">=3.11\"\n\n[[package]]\nname = \"desk\"\n\
         version = \"0.1.0\"\nsource = { virtual = \".\" }\n",
    ),
    (
        "lib/desk.py",
        "\"\"\"A desk.\"\"\"\n\n\ndef size(equity: float) -> float:\n    \"\"\"A tenth.\"\"\"\n    return equity / 10\n",
    ),
    (
        "tests/test_size.py",
        "\"\"\"Sizes.\"\"\"\n\nfrom desk import size\n\n\ndef test_size() -> None:\n    \"\"\"A tenth of a hundred.\"\"\"\n    if size(100) != 10:\n        raise AssertionError\n",
    ),
    (".gitignore", "__pycache__/\n.venv/\n.coverage\n"),
];
const CANONICAL: &[(&str, &str)] = &[(
    "config/canonical.yaml",
    "schema_version: 1\nservices:\n  questdb: {image: questdb/questdb, ports: [questdb_http, questdb_ilp], health_path: /ping}\n  \
     grafana: {image: grafana/grafana, ports: [grafana], health_path: /api/health}\n  \
     redis: {image: redis, ports: [redis]}\nversions: {questdb: 9.3.4, grafana: 12.3.1, redis: 7.4.1}\n\
     contacts:\n  people:\n    ada: {name: Ada, reach: [a phone]}\n  escalation:\n    - {contact: ada, after_minutes: 0}\n",
)];
const EXISTING: &[(&str, &str)] = &[
    (
        ".github/dependabot.yml",
        "version: 2\nupdates:\n  - package-ecosystem: \"pip\"\n    directory: \"/\"\n    schedule:\n      interval: daily\n    \
         cooldown:\n      default-days: 7\n",
    ),
    (
        ".pre-commit-config.yaml",
        "repos:\n  - repo: local\n    hooks:\n      - id: mine\n        name: mine\n        language: system\n        \
         entry: \"true\"\n",
    ),
    (".mcp.json", "{\"mcpServers\": {\"mine\": {\"command\": \"mine\"}}}\n"),
    ("CLAUDE.md", "# Ours\n\nRead this first.\n"),
    ("CONTRIBUTING.md", "# Contributing\n\nBe kind.\n"),
    (
        ".github/workflows/ci.yml",
        "name: mine\non: [pull_request]\npermissions: {}\njobs:\n  mine:\n    runs-on: ubuntu-24.04\n    steps:\n      \
         - run: echo mine\n",
    ),
];

/// A repository in a folder of its own.
#[derive(Debug)]
pub(super) struct Fixture {
    dir: TempDir,
}

impl Fixture {
    /// Makes one of a kind, with its files committed.
    pub(super) fn make(tools: &Tools, kind: &str) -> anyhow::Result<Self> {
        let fixture = Self { dir: tempfile::tempdir()? };
        let sets: &[&[(&str, &str)]] = match kind {
            "rust" => &[RUST],
            "python" => &[PYTHON],
            "mixed" => &[PYTHON, RUST, CANONICAL],
            "existing" => &[PYTHON, EXISTING],
            _ => &[],
        };
        for (path, text) in sets.iter().copied().flatten() {
            fixture.write(path, text)?;
        }
        let dir = fixture.path();
        tools.fine(dir, &["git", "init", "--quiet", "--initial-branch=main"])?;
        tools.fine(dir, &["git", "config", "user.email", "desk@example.org"])?;
        tools.fine(dir, &["git", "config", "user.name", "Desk"])?;
        fixture.commit(tools, "begin")?;
        Ok(fixture)
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file.
    pub(super) fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().context("no folder")?)?;
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))
    }

    /// Commits everything that is there.
    pub(super) fn commit(&self, tools: &Tools, why: &str) -> anyhow::Result<()> {
        tools.fine(self.path(), &["git", "add", "--all"])?;
        tools.fine(
            self.path(),
            &["git", "commit", "--quiet", "--allow-empty", "--no-verify", "-m", why],
        )?;
        Ok(())
    }

    /// Takes over what is proposed and commits it; a second time changes nothing. Returns the number of files.
    pub(super) fn init_twice(&self, tools: &Tools) -> anyhow::Result<usize> {
        let dir = self.path();
        tools.fine(dir, &["plimsoll", "init"])?;
        let clean = tools.fine(dir, &["git", "status", "--porcelain"])?;
        ensure!(clean.is_empty(), "a proposal wrote: {clean}");
        tools.fine(dir, &["plimsoll", "init", "--apply"])?;
        let written =
            tools.fine(dir, &["git", "status", "--porcelain", "--untracked-files=all"])?;
        self.commit(tools, "what a well-run repository has")?;
        tools.fine(dir, &["plimsoll", "init", "--apply"])?;
        let again = tools.fine(dir, &["git", "status", "--porcelain"])?;
        ensure!(again.is_empty(), "a second init changed: {again}");
        tools.fine(dir, &["plimsoll", "kit", "check"])?;
        Ok(written.lines().count())
    }
}
