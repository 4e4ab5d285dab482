//! Breaks one thing of the desk, and mends it again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::desk::Desk;
use super::fault::How;
use crate::command;

const LIMIT: Duration = Duration::from_secs(60);

/// What brings something back.
#[derive(Debug)]
pub(super) enum Mend {
    /// A file has these bytes again, or is not there.
    File(PathBuf, Option<Vec<u8>>),
    /// A file or folder goes back to its place.
    Back {
        from: PathBuf,
        to: PathBuf,
    },
    /// The last commit goes.
    Commit,
    Station,
    Strategy,
    Hooks,
    Service,
    Advisory,
    /// That pull request gets its review.
    Pull(u64),
    Deploy,
    /// These releases come up again, and there is a way back.
    Rollback(Vec<PathBuf>),
}

/// Breaks one thing.
pub(super) fn break_it(desk: &mut Desk<'_>, how: &How) -> anyhow::Result<Mend> {
    if let Some(mend) = break_file(&desk.root(), how)? {
        return Ok(mend);
    }
    Ok(match *how {
        How::Committed => {
            let token = "aZ3xK9mQ7wL2pR8vT4yB6nH1cJ5dF0gS";
            let text = format!("token = \"ghp_{token}aBcD\"\n");
            fs::write(desk.root().join("strategies/settings.txt"), text)?;
            desk.git(&["add", "."])?;
            desk.git(&["commit", "-q", "--no-verify", "-m", "settings"])?;
            Mend::Commit
        }
        How::Station => {
            desk.kill_station()?;
            Mend::Station
        }
        How::Strategy => {
            command::signal("KILL", &desk.strategy()?.to_string())?;
            Mend::Strategy
        }
        How::Hooks => {
            desk.fine(&["ralph", "uninstall"])?;
            Mend::Hooks
        }
        How::Refuses(service) => {
            desk.refusing = Some(service);
            Mend::Service
        }
        How::Advisory => {
            desk.github.open_advisory("openssl");
            Mend::Advisory
        }
        How::Pull => {
            let diff = "--- a/b.md\n+++ b/b.md\n@@ -1 +1 @@\n-one\n+two\n";
            Mend::Pull(desk.github.open_pull(&"a".repeat(40), &"c".repeat(40), diff))
        }
        How::Deploy => {
            ends_with_1(desk, &["deploy", "staging", "--commit", "broken"])?;
            Mend::Deploy
        }
        _ => {
            let others = desk.other_releases()?;
            for release in &others {
                fs::rename(release.join("index.html"), release.join("index.kept"))?;
            }
            ends_with_1(desk, &["rollback"])?;
            Mend::Rollback(others)
        }
    })
}

/// Breaks a file, if that is how.
fn break_file(root: &Path, how: &How) -> anyhow::Result<Option<Mend>> {
    let at = |path: &str| root.join(path);
    Ok(Some(match *how {
        How::Holds(path, text) => {
            let (path, was) = kept(at(path));
            fs::write(&path, text)?;
            Mend::File(path, was)
        }
        How::Says(path, old, new) => {
            let (path, was) = kept(at(path));
            let text = fs::read_to_string(&path)?;
            ensure!(text.contains(old), "`{}` does not say `{old}`", path.display());
            fs::write(&path, text.replace(old, new))?;
            Mend::File(path, was)
        }
        How::Gone(path) => {
            let (path, kept) = (at(path), at("../kept"));
            fs::rename(&path, &kept)?;
            Mend::Back { from: kept, to: path }
        }
        How::Spoiled(folder) => {
            let first = fs::read_dir(at(folder))?.next().context("the folder is empty")??;
            let (path, was) = kept(first.path());
            let mut bytes = was.clone().context("no file")?;
            let middle = bytes.len() / 2;
            let byte = bytes.get_mut(middle).context("the file is empty")?;
            *byte = !*byte;
            overwrite(&path, &bytes)?;
            Mend::File(path, was)
        }
        How::Sql(store, sql) => {
            let (path, was) = kept(at(store));
            sqlite(&path, sql)?;
            Mend::File(path, was)
        }
        _ => return Ok(None),
    }))
}

impl Mend {
    /// Brings it back.
    pub(super) fn mend(self, desk: &mut Desk<'_>) -> anyhow::Result<()> {
        match self {
            Self::File(path, Some(bytes)) => overwrite(&path, &bytes)?,
            Self::File(path, None) => fs::remove_file(path)?,
            Self::Back { from, to } => fs::rename(from, to)?,
            Self::Commit => desk.git(&["reset", "-q", "--hard", "HEAD~1"])?,
            Self::Station => desk.start_station()?,
            Self::Strategy => desk.fine(&["rollback"])?,
            Self::Hooks => desk.fine(&["ralph", "install"])?,
            Self::Service => desk.refusing = None,
            Self::Advisory => desk.github.fix_advisories(),
            Self::Pull(number) => desk.review(number)?,
            Self::Deploy => desk.fine(&["deploy", "staging", "--commit", "v3"])?,
            Self::Rollback(releases) => {
                for release in &releases {
                    fs::rename(release.join("index.kept"), release.join("index.html"))?;
                }
                desk.fine(&["rollback"])?;
            }
        }
        Ok(())
    }
}

fn ends_with_1(desk: &Desk<'_>, words: &[&str]) -> anyhow::Result<()> {
    let ran = desk.run(words)?;
    ensure!(ran.code == 1, "{} ended with {}: {}{}", words.join(" "), ran.code, ran.out, ran.err);
    Ok(())
}

/// A file, and what it holds.
fn kept(path: PathBuf) -> (PathBuf, Option<Vec<u8>>) {
    let bytes = fs::read(&path).ok();
    (path, bytes)
}

/// Also what is only to be read.
fn overwrite(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if path.exists() {
        fs::remove_file(path)?;
    }
    for more in ["-wal", "-shm"] {
        let beside = PathBuf::from(format!("{}{more}", path.display()));
        if beside.exists() {
            fs::remove_file(beside)?;
        }
    }
    fs::write(path, bytes)?;
    Ok(())
}

fn sqlite(store: &Path, sql: &str) -> anyhow::Result<()> {
    let script = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as c:\n    c.execute(sys.argv[2])\nc.close()\n";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(store).arg(sql);
    command::stdout_of(&mut python, LIMIT)?;
    Ok(())
}
