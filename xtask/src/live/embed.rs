//! What a strategy takes in with the metrics crate: crates, seconds of compiling, and peace with its own
//! database and TLS crates.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::Live;
use crate::steps::Outcome;
use crate::{Depth, command};

const LIMIT: Duration = Duration::from_secs(20 * 60);
/// Crates that ours brings in without default features, the support crates among them.
const CRATES_MAX: usize = 12;
/// Of a development build, the first that anybody waits for.
const CPU_SECONDS_MAX: f64 = 10.0;
/// A busy machine counts stalls as work, so the short run allows for that.
const BUSY: f64 = 2.0;
const BUILDS: u64 = 3;
/// What a program has at most one of: a second makes rustls' `ClientConfig::builder()` panic.
const PROVIDERS: [&str; 5] = ["ring", "aws-lc-rs", "openssl", "native-tls", "rustls-openssl"];

/// A strategy that has a crate of its own beside ours.
struct Neighbor {
    name: &'static str,
    dependency: &'static str,
    /// How it takes in ours.
    ours: &'static str,
    /// Program that uses both.
    main: &'static str,
}

const WITH_SQLITE: &str = "features = [\"ilp\"]";
const SPOOL_ONLY: &str = "default-features = false";
const SQLX: &str = "use std::str::FromStr; fn main() { \
    sqlx::sqlite::SqliteConnectOptions::from_str(\"sqlite::memory:\").unwrap(); \
    drop(plimsoll_metrics::Metrics::disabled()); }";

/// Rows go into a file and are read back, with the rusqlite that the program has.
const RUSQLITE: &str = r#"fn main() {
    use plimsoll_metrics::{Equity, Metrics, Mode, Options, read::Store};
    let dir = std::env::temp_dir().join(format!("neighbor-{}", std::process::id()));
    std::fs::create_dir(&dir).unwrap();
    let file = dir.join("rows.db");
    let metrics = Metrics::open(&Options::embedded(&file, Mode::Paper)).unwrap();
    metrics.account("a").unwrap().emit_equity(Equity::new(100.0));
    metrics.close(std::time::Duration::from_secs(30)).unwrap();
    assert_eq!(Store::open(&file).unwrap().query("SELECT equity FROM trading_risk", 9).unwrap().rows.len(), 1);
    rusqlite::Connection::open(&file).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
}"#;

const NEIGHBORS: [Neighbor; 6] = [
    Neighbor {
        name: "sqlx-0.9",
        dependency: "sqlx = { version = \"0.9\", default-features = false, features = [\"sqlite\", \"runtime-tokio\"] }",
        ours: WITH_SQLITE,
        main: SQLX,
    },
    // Its SQLite is older than any that rusqlite in our range has, and a program has one.
    Neighbor {
        name: "sqlx-0.8",
        dependency: "sqlx = { version = \"0.8\", default-features = false, features = [\"sqlite\", \"runtime-tokio\"] }",
        ours: SPOOL_ONLY,
        main: SQLX,
    },
    Neighbor {
        name: "diesel",
        dependency: "diesel = { version = \"2\", features = [\"sqlite\"] }",
        ours: WITH_SQLITE,
        main: "use diesel::Connection; fn main() { diesel::SqliteConnection::establish(\":memory:\").unwrap(); \
               drop(plimsoll_metrics::Metrics::disabled()); }",
    },
    Neighbor {
        name: "rusqlite-0.37",
        dependency: "rusqlite = { version = \"=0.37\", features = [\"bundled\"] }",
        ours: WITH_SQLITE,
        main: RUSQLITE,
    },
    Neighbor {
        name: "rusqlite-0.43",
        dependency: "rusqlite = { version = \"=0.43\", features = [\"bundled\"] }",
        ours: WITH_SQLITE,
        main: RUSQLITE,
    },
    // Its own provider by a feature: two in one program would make `builder()` panic.
    Neighbor {
        name: "rustls",
        dependency: "rustls = \"0.23\"",
        ours: WITH_SQLITE,
        main: "fn main() { let _ = rustls::ClientConfig::builder().with_root_certificates(rustls::RootCertStore::empty())\
               .with_no_client_auth(); drop(plimsoll_metrics::Metrics::disabled()); }",
    },
];

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let dir = tempfile::tempdir().context("no temporary directory")?;
    let spool_only = ["-p", "plimsoll-metrics", "--no-default-features"];
    // All but ours itself.
    let crates = names(live, &live.workspace.root, &spool_only)?.len().saturating_sub(1);
    let mut cpu = f64::INFINITY;
    for _ in 0..live.count(1, BUILDS) {
        cpu = cpu.min(cpu_seconds(live, &dir.path().join("target"))?);
    }
    let mut beside = Vec::new();
    for neighbor in &NEIGHBORS {
        beside.push(meet(live, neighbor, dir.path())?);
    }
    let binary = names(live, &live.workspace.root, &["-p", "plimsoll"])?;
    let providers = providers(&binary);
    let figure = format!(
        "{crates} crates and {cpu:.1} s of CPU without default features; {}; TLS providers of the binary: {}",
        beside.join(", "),
        providers.len()
    );
    let is_quick = live.depth == Depth::Quick;
    let seconds_max = if is_quick { CPU_SECONDS_MAX * BUSY } else { CPU_SECONDS_MAX };
    let is_small = crates <= CRATES_MAX && cpu <= seconds_max && providers.len() <= 1;
    Ok(if is_small { Outcome::Passed(figure) } else { Outcome::Failed(figure) })
}

/// Crates with their versions that a build in `dir` has.
fn names(live: &Live<'_>, dir: &Path, of: &[&str]) -> anyhow::Result<BTreeSet<String>> {
    let mut tree = live.workspace.cargo(["tree", "-e", "normal,build", "--prefix", "none"]);
    let text = command::stdout_of(tree.args(of).current_dir(dir), LIMIT)?;
    let name = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(text.lines().map(name).filter(|name| !name.is_empty()).collect())
}

/// Those crates that bring TLS or its algorithms.
fn providers(names: &BTreeSet<String>) -> Vec<&str> {
    let crates = names.iter().filter_map(|name| name.split(' ').next());
    crates.filter(|name| PROVIDERS.contains(name)).collect()
}

/// Processor time of that build from nothing, downloads apart.
fn cpu_seconds(live: &Live<'_>, target: &Path) -> anyhow::Result<f64> {
    let args = ["build", "-p", "plimsoll-metrics", "--no-default-features", "--quiet"];
    let mut fetch = live.workspace.cargo(["fetch", "--quiet"]);
    command::stdout_of(&mut fetch, LIMIT)?;
    if target.exists() {
        std::fs::remove_dir_all(target).context("cannot remove the build before")?;
    }
    let before = children_seconds()?;
    let mut build = live.workspace.cargo(args);
    build.arg("--target-dir").arg(target).env("CARGO_INCREMENTAL", "0");
    // A cache would answer for the compiler.
    build.env_remove("RUSTC_WRAPPER");
    command::stdout_of(&mut build, LIMIT)?;
    Ok(children_seconds()? - before)
}

/// Processor time of all children that have ended, theirs included.
fn children_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("no /proc")?;
    let ticks = child_ticks(&stat).context("/proc/self/stat is not as expected")?;
    let mut getconf = Command::new("getconf");
    let per_second: f64 = command::stdout_of(getconf.arg("CLK_TCK"), LIMIT)?.trim().parse()?;
    Ok(ticks / per_second)
}

/// `cutime` and `cstime`: fields 16 and 17, counted behind the name, which may hold anything.
fn child_ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(13);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// Builds and runs a program with both; with small counts, only for what is about running.
fn meet(live: &Live<'_>, neighbor: &Neighbor, dir: &Path) -> anyhow::Result<String> {
    let home = dir.join(neighbor.name);
    let name = neighbor.name;
    std::fs::create_dir_all(home.join("src")).context("cannot create the program's directory")?;
    let metrics = live.workspace.root.join("crates/metrics");
    let manifest = format!(
        "[package]\nname = \"neighbor\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{}\nplimsoll-metrics = {{ path = {:?}, {} }}\n",
        neighbor.dependency, metrics, neighbor.ours
    );
    std::fs::write(home.join("Cargo.toml"), manifest).context("cannot write the manifest")?;
    std::fs::write(home.join("src/main.rs"), neighbor.main).context("cannot write the program")?;
    let mut lock = live.workspace.cargo(["generate-lockfile", "--quiet"]);
    command::stdout_of(lock.current_dir(&home), LIMIT)
        .with_context(|| format!("does not resolve beside {name}"))?;
    let names = names(live, &home, &[])?;
    let providers = providers(&names);
    ensure!(providers.len() <= 1, "beside {name} there are {} TLS providers", providers.len());
    let ours = if neighbor.ours == SPOOL_ONLY { "spool only" } else { "with SQLite" };
    if live.depth == Depth::Quick && name != "rustls" {
        return Ok(format!("{name} resolves ({ours})"));
    }
    let mut run = live.workspace.cargo(["run", "--quiet"]);
    run.current_dir(&home)
        .env_remove("CARGO_TARGET_DIR")
        .arg("--target-dir")
        .arg(dir.join("target-beside"));
    command::stdout_of(&mut run, LIMIT).with_context(|| format!("does not run beside {name}"))?;
    Ok(format!("{name} runs beside it ({ours})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_told_from_crates_with_similar_names() {
        let names = ["ring 0.17", "plimsoll-ring 0.1", "rustls 0.23", "aws-lc-rs 1.1"];
        let names = names.map(String::from).into_iter().collect();
        assert_eq!(providers(&names), ["aws-lc-rs", "ring"]);
    }

    #[test]
    fn time_of_children_is_read_behind_any_name() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 150 50 20 0 1 0 99";
        assert_eq!(child_ticks(stat), Some(200.0));
        assert_eq!(child_ticks("7 (a"), None);
    }
}
