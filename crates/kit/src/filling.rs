//! The values that templates have.

use crate::facts::{Config, Facts};
use crate::piece::Piece;
use crate::survey::{PythonTool, Survey};
use crate::template::{Filling, when};

/// Actions by commit, with the tag that the commit has in their repositories.
const ACTIONS: [(&str, &str); 6] = [
    ("checkout", "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"),
    ("setup_uv", "astral-sh/setup-uv@20cfd1bf945f4377ade1205e4dbc17946fc9a30d # v10.0.1"),
    ("install_action", "taiki-e/install-action@ba47c86ac325773530516bb756137ac718732518 # v2.86.5"),
    ("codeql", "8aad20d150bbac5944a9f9d289da16a4b0d87c1e # v4.36.2"),
    ("codspeed", "CodSpeedHQ/action@4296e51e7041e24dadb86d1d6e8b9320d223dbe8 # v5.0.3"),
    ("metadata", "dependabot/fetch-metadata@25dd0e34f4fe68f24cc83900b1fe3fe149efef98 # v3.1.0"),
];

/// Tools that no file of Dependabot's knows, by version.
const TOOLS: [(&str, &str); 8] = [
    ("gitleaks", "github.com/zricethezav/gitleaks/v8@v8.30.1"),
    ("actionlint", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"),
    ("osv", "github.com/google/osv-scanner/v2/cmd/osv-scanner@v2.2.4"),
    ("nextest", "cargo-nextest@0.9.143"),
    ("deny", "cargo-deny@0.20.2"),
    ("audit", "cargo-audit@0.22.2"),
    ("llvm_cov", "cargo-llvm-cov@0.9.0"),
    ("semver_checks", "cargo-semver-checks@0.50.0"),
];

/// Tools from PyPI, by version; Dependabot keeps them where they stand in a list of requirements.
const PYPI: [(&str, &str); 10] = [
    ("v_bandit", "bandit==1.9.4"),
    ("v_ruff", "ruff==0.17.6"),
    ("v_mypy", "mypy==2.4.1"),
    ("v_pytest", "pytest==9.2.0"),
    ("v_xdist", "pytest-xdist==3.8.0"),
    ("v_reruns", "pytest-rerunfailures==16.7"),
    ("v_cov", "pytest-cov==7.1.0"),
    ("v_codspeed", "pytest-codspeed==5.0.4"),
    ("v_zizmor", "zizmor==1.32.0"),
    ("v_yamllint", "yamllint==1.38.0"),
];

pub(crate) fn of(survey: &Survey, facts: &Facts, config: &Config, without: &[Piece]) -> Filling {
    let mut filling = Filling::default();
    for (name, value) in ACTIONS.into_iter().chain(TOOLS).chain(PYPI) {
        filling = filling.with(name, value);
    }
    for (flag, piece) in [
        ("gitleaks", Piece::Gitleaks),
        ("bandit", Piece::Bandit),
        ("osv", Piece::Osv),
        ("zizmor", Piece::Zizmor),
        ("ci", Piece::Ci),
    ] {
        filling = filling.with_flag(flag, when(|| !without.contains(&piece)));
    }
    let uv_run = match survey.python {
        Some(PythonTool::Uv) => "uv run --locked".to_owned(),
        Some(PythonTool::Poetry | PythonTool::Project) => "uv run".to_owned(),
        _ => match &survey.requirements {
            Some(list) => format!("uv run --no-project --with-requirements {list}"),
            None => "uv run --no-project".to_owned(),
        },
    };
    let locked = if survey.is_rust_locked { " --locked" } else { "" };
    let percent = format!("{:.0}", config.coverage_min_ratio * 100.0);
    let mut needed = Vec::new();
    if survey.python.is_some() || survey.has_rust_root() {
        needed.push("changes");
    }
    needed.extend(survey.python.map(|_| "python"));
    needed.extend(survey.has_rust_root().then_some("rust"));
    let has_miri = config.miri && survey.has_rust_root();
    needed.extend(has_miri.then_some("miri"));
    needed.extend(facts.canonical.as_ref().map(|_| "configuration"));
    filling
        .with("needed", needed.join(", "))
        .with("branch", config.default_branch.clone())
        .with("install", config.install.clone())
        .with("uv_run", uv_run)
        .with("locked", locked)
        .with("coverage", percent)
        .with("reruns", config.pytest_reruns.to_string())
        .with("canonical", facts.canonical.as_deref().unwrap_or("config/canonical.yaml"))
        .with("staging_file", facts.staging_file.clone())
        .with_flag("drift", when(|| facts.commands.contains("drift")))
        .with_flag("verify", when(|| facts.commands.contains("verify")))
        .with_flag("canonical", when(|| facts.canonical.is_some()))
        .with_flag("python", when(|| survey.python.is_some()))
        .with_flag("python_project", when(|| survey.python_folders.contains("/")))
        .with_flag("python_tests", when(|| survey.has_python_tests))
        .with_flag("rust", when(|| survey.has_rust_root()))
        .with_flag("miri", when(|| has_miri))
        .with_flag("rust_library", when(|| survey.has_rust_root() && survey.has_rust_library))
        .with_flag("locks", when(|| !survey.locks.is_empty()))
}
