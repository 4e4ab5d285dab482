//! What is installed against manifests and against what is declared.

use plimsoll_drift::{
    Around, Canon, Config, Declared, Ecosystem, Installed, ListInstalled, Report, State, Verdict,
    ask, check_text, summarize,
};

use crate::canon::origin;

const MANIFEST: &str = "[project]\nname = \"quoter\"\nrequires-python = \">=3.12\"\n\
                        dependencies = [\"nautilus_trader>=1.221\", \"polars==1.9\"]\n";
const CARGO: &str =
    "[package]\nname = \"feed\"\nrust-version = \"1.90\"\n[dependencies]\nripgrep = \"1\"\n";

struct Listed(Result<Vec<Installed>, String>);

impl ListInstalled for Listed {
    fn list(&self) -> Result<Vec<Installed>, String> {
        self.0.clone()
    }
}

fn check(files: &[(&str, &str)], installed: Result<Vec<Installed>, String>) -> Report {
    let declared = [
        Declared::new("versions.nautilus_trader", ">=1.222", origin(2)),
        Declared::new("versions.questdb", "9.2.3", origin(3)),
        Declared::new("versions.questdb", "9.3.0", origin(9)).with_profile("staging"),
        Declared::new("runtime.python", ">=3.12", origin(4)),
        Declared::new("runtime.rust", "1.95", origin(5)),
    ];
    let canon = Canon::new(&declared, Config::default()).unwrap();
    let mut around = Around::default();
    ask(&mut around, &Listed(installed), "the test");
    let files = files.iter().map(|(path, text)| check_text(&canon, path, text)).collect();
    summarize(&canon, files, around)
}

/// Place and what was found, of what is installed.
#[track_caller]
fn found(installed: &[Installed]) -> Vec<String> {
    let files = [("pyproject.toml", MANIFEST), ("feed/Cargo.toml", CARGO)];
    let report = check(&files, Ok(installed.to_vec()));
    let about = report.findings.iter().filter(|finding| finding.rule == "installed");
    about.map(|f| format!("{} {}", f.place.path, f.found.as_deref().unwrap_or_default())).collect()
}

fn python(name: &str, version: &str) -> Installed {
    Installed::new(Ecosystem::Python, name, version)
}

fn image(at: &str, tag: &str) -> Installed {
    Installed::new(Ecosystem::Image, "questdb/questdb", tag).at(at)
}

#[test]
fn what_is_installed_is_held_to_the_manifest_and_to_what_is_declared() {
    let fine = [
        python("python", "3.12.4"),
        python("nautilus-trader", "1.222.0"),
        python("polars", "1.9.0"),
    ];
    assert_eq!(found(&fine), [""; 0]);
    // Older than both ask for: once beside the manifest's line, once for what is declared.
    let old = found(&[python("nautilus_trader", "1.220.0")]);
    assert_eq!(old, ["pyproject.toml 1.220.0", "python:nautilus_trader 1.220.0"]);
    // The manifest allows it, and the declaration does not: a pre-release is no release.
    for version in ["1.221.3", "1.222.0a20250112"] {
        let wanted = format!("python:nautilus_trader {version}");
        assert_eq!(found(&[python("nautilus_trader", version)]), [wanted]);
    }
    assert_eq!(found(&[python("polars", "1.10.0")]), ["pyproject.toml 1.10.0"]);
    let old = found(&[python("python", "3.11.7")]);
    assert_eq!(old, ["pyproject.toml 3.11.7", "python:python 3.11.7"]);
}

#[test]
fn a_compiler_is_at_least_what_the_manifest_asks_for_and_a_program_is_no_dependency() {
    let cargo = |name: &str, version: &str| Installed::new(Ecosystem::Cargo, name, version);
    assert_eq!(found(&[cargo("rust", "1.95.0"), cargo("ripgrep", "14.1.0")]), [""; 0]);
    assert_eq!(found(&[cargo("rust", "1.94.1")]), ["cargo:rust 1.94.1"]);
    assert_eq!(found(&[cargo("rust", "1.89.0")]), ["cargo:rust 1.89.0", "feed/Cargo.toml 1.89.0"]);
}

#[test]
fn a_container_runs_what_its_environment_declares() {
    assert_eq!(found(&[image("questdb", "9.2.3"), image("questdb-staging", "9.3.0")]), [""; 0]);
    let swapped = found(&[image("questdb", "9.3.0"), image("questdb-staging-1", "9.2.3")]);
    assert_eq!(swapped, ["container:questdb 9.3.0", "container:questdb-staging-1 9.2.3"]);
    assert_eq!(found(&[image("questdb", "12.9.2.3")]), ["container:questdb 12.9.2.3"]);
    assert_eq!(found(&[image("questdb", "latest")]), [""; 0], "no version is none");
    assert_eq!(found(&[image("a: {b", "9.3.0\"\n")]), [""; 0], "no text for a file");
}

#[test]
fn who_does_not_answer_is_unreachable_and_no_match() {
    let file = [(".python-version", "3.12\n")];
    let report = check(&file, Err("no interpreter".to_owned()));
    assert_eq!(report.in_state(State::Unreachable).count(), 1);
    assert_eq!(report.verdict(), Verdict::Unknown);
    assert_eq!(check(&file, Ok(Vec::new())).verdict(), Verdict::Clean);
}
