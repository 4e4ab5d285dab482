//! What is rendered does what it says: path filters run in git, pytest's settings by pytest.

use anyhow::{Context, ensure};
use serde_json::Value;

use super::fixtures::Fixture;
use super::tools::{Said, Tools};

/// A file, and whether Python's and Rust's part are touched by a change of it.
const FILTERS: [(&str, bool, bool); 14] = [
    ("lib/desk.py", true, false),
    ("deep/er/new.pyi", true, false),
    ("pyproject.toml", true, false),
    ("uv.lock", true, false),
    ("tests/conftest.py", true, false),
    ("src/lib.rs", false, true),
    ("crates/x/src/main.rs", false, true),
    ("crates/x/Cargo.toml", false, true),
    ("Cargo.lock", false, true),
    ("rust-toolchain.toml", false, true),
    ("README.md", false, false),
    ("docs/py.rs.md", false, false),
    ("config/canonical.yaml", false, false),
    (".github/workflows/ci.yml", true, true),
];

/// Changes one file at a time; returns how many answers were right.
pub(super) fn path_filters(tools: &Tools) -> anyhow::Result<usize> {
    let fixture = Fixture::make(tools, "mixed")?;
    fixture.init_twice(tools)?;
    let dir = fixture.path();
    let script = ".github/scripts/changed.sh";
    for (path, python, rust) in FILTERS {
        let base = tools.fine(dir, &["git", "rev-parse", "HEAD"])?;
        fixture.write(path, "# changed\n")?;
        fixture.commit(tools, path)?;
        let said = tools.fine(dir, &["bash", script, base.trim()])?;
        let wanted = format!("python={python}\nrust={rust}\n");
        ensure!(said == wanted, "{path}: {said}");
        tools.fine(dir, &["git", "reset", "--quiet", "--hard", base.trim()])?;
    }
    for unknown in ["", "0000000000000000000000000000000000000000"] {
        let said = tools.fine(dir, &["bash", script, unknown])?;
        ensure!(said == "python=true\nrust=true\n", "from {unknown:?}: {said}");
    }
    Ok(FILTERS.len() + 2)
}

/// A test that fails when it is first run.
const FLAKY: &str = "\"\"\"Fails once.\"\"\"\n\nfrom pathlib import Path\n\n\ndef test_once() -> None:\n    \
                     \"\"\"The second time is fine.\"\"\"\n    mark = Path(\".once\")\n    if not mark.exists():\n        \
                     mark.touch()\n        raise AssertionError\n";
/// Code that no test reaches.
const UNTESTED: &str =
    "\"\"\"Nobody tests this.\"\"\"\n\n\ndef untested(x: int) -> int:\n    \"\"\"Counts.\"\"\"\n";

/// Runs the step `pytest` of the workflow as it stands there.
pub(super) fn pytest(tools: &Tools) -> anyhow::Result<String> {
    let fixture = Fixture::make(tools, "python")?;
    fixture.init_twice(tools)?;
    fixture.write("tests/test_flaky.py", FLAKY)?;
    let fine = step(tools, &fixture)?;
    ensure!(fine.is_fine, "pytest is not content: {}", fine.text);
    for sign in ["workers", "1 rerun", "Required test coverage of 80% reached"] {
        ensure!(fine.text.contains(sign), "pytest says no `{sign}`: {}", fine.text);
    }
    ensure!(!fine.text.contains("test_first"), "benchmarks are run as tests: {}", fine.text);
    let lines = "    x += 1\n".repeat(40);
    fixture.write("lib/desk.py", &format!("{UNTESTED}{lines}    return x\n\n\ndef size(equity: float) -> float:\n    \"\"\"A tenth.\"\"\"\n    return equity / 10\n"))?;
    let short = step(tools, &fixture)?;
    let sign = "Required test coverage of 80% not reached";
    ensure!(!short.is_fine && short.text.contains(sign), "no gate: {}", short.text);
    let args = [
        "uv",
        "run",
        "--locked",
        "--with-requirements",
        ".github/requirements/python.txt",
        "pytest",
        "tests/benchmarks",
        "--codspeed",
    ];
    let measured = tools.fine(fixture.path(), &args)?;
    ensure!(measured.contains("1 passed"), "no benchmark was collected: {measured}");
    Ok("pytest runs workers, repeats a flaky test, and fails below 80 % coverage; 1 benchmark collected".to_owned())
}

fn step(tools: &Tools, fixture: &Fixture) -> anyhow::Result<Said> {
    const READ: &str = "import json, yaml\nw = yaml.safe_load(open('.github/workflows/ci.yml'))\n\
                        print(json.dumps([s for s in w['jobs']['python']['steps'] if s.get('name') == 'pytest']))";
    let found = tools.fine(fixture.path(), &["python", "-c", READ])?;
    let found: Value = serde_json::from_str(&found)?;
    let step = found.get(0).context("the workflow has no step pytest")?;
    let run = step.get("run").and_then(Value::as_str).context("it runs nothing")?;
    let variables = step.get("env").and_then(Value::as_object).into_iter().flatten();
    let variables: Vec<(String, String)> = variables
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    tools.run_with(fixture.path(), &["bash", "-c", run], &variables)
}
