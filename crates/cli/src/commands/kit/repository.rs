//! The files of a repository, and what its configuration says.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use plimsoll_durable::{Options, replace_with};
use plimsoll_kit::{Config, Facts, Piece, RECORD_FILE, Record, Survey, retired_agents};
use plimsoll_process::git::Git;
use plimsoll_ssot::{CANONICAL, Layers, Section};

use crate::cli::Cli;
use crate::configuration;
use crate::failure::{Failure, Hint as _};
use crate::glue::{sections, ssot_kit};
use crate::moment::now;

/// Largest file that is read, bytes.
const BYTES_MAX: u64 = 4 << 20;
/// Most files that are looked at where there is no git, and how deep they may lie.
const FILES_MAX: usize = 200_000;
const DEPTH_MAX: usize = 24;

/// A repository, looked at.
#[derive(Debug)]
pub(super) struct Repository {
    root: PathBuf,
    pub(super) survey: Survey,
    pub(super) facts: Facts,
    pub(super) config: Config,
    pub(super) record: Record,
}

impl Repository {
    /// Looks at the files below `root`, and reads the canonical file alone: what one machine adds to it must not be in
    /// files that everybody has.
    pub(super) fn at(root: &Path) -> Result<Self, Failure> {
        let root = fs::canonicalize(root)
            .with_context(|| format!("cannot find `{}`", root.display()))
            .hint("name the root of the repository with --root")?;
        let paths = paths(&root)?;
        let survey = Survey::of(paths.iter().map(String::as_str));
        let record = match read(&root, RECORD_FILE).map_err(anyhow::Error::msg)? {
            Some(text) => Record::parse(&text)
                .hint("bring it back from git; without it nobody knows what people changed")?,
            None => Record::default(),
        };
        let canonical = read(&root, CANONICAL).map_err(anyhow::Error::msg)?;
        let mut layers = sections::all();
        if let Some(text) = &canonical {
            layers = layers.with_file(CANONICAL, text.clone());
        }
        let (mut facts, config) = said(&layers)?;
        let all = layers.check().map_err(|problems| configuration::broken(&problems))?;
        facts.secrets = ssot_kit::secrets(&all);
        facts.canonical = canonical.map(|_| CANONICAL.to_owned());
        facts.commands = Cli::names().into_iter().collect();
        let is_there = |path: &str| paths.iter().any(|there| there == path);
        facts.retired = retired_agents(&config.retired_agents, is_there, now());
        Ok(Self { root, survey, facts, config, record })
    }

    /// Leaves pieces out, and takes others in again.
    pub(super) fn with_pieces(self, without: &[Piece], with: &[Piece]) -> Self {
        let record = self.record.with_left_out(without).with_taken_in(with);
        Self { record, ..self }
    }

    /// Pieces that are left out, by the record or by the configuration.
    pub(super) fn left_out(&self) -> Vec<Piece> {
        let named = self.config.without.iter().filter_map(|name| Piece::named(name));
        named.chain(self.record.left_out()).collect()
    }

    /// The text of a file; `None` if there is none.
    pub(super) fn read(&self, path: &str) -> Result<Option<String>, String> {
        read(&self.root, path)
    }

    /// Writes a file, or takes it away.
    pub(super) fn write(&self, path: &str, text: Option<&str>) -> anyhow::Result<()> {
        let path = self.root.join(path);
        let cannot = || format!("cannot write `{}`", path.display());
        let Some(text) = text else {
            return fs::remove_file(&path).with_context(cannot);
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(cannot)?;
        }
        let is_new = !path.exists();
        let options = if is_new { Options::default().with_mode(0o644) } else { Options::default() };
        replace_with(&path, &options, text).with_context(cannot)
    }
}

fn said(layers: &Layers) -> Result<(Facts, Config), Failure> {
    let load = |layers: &Layers| layers.load().map_err(|problems| configuration::broken(&problems));
    let real = load(layers)?;
    // Who has no profile for staging rehearses with what production has, on other ports.
    let staging = layers.clone().with_profile("staging").load();
    let staging = staging.as_ref().unwrap_or(&real);
    let facts =
        ssot_kit::facts(&real, staging).map_err(|problems| configuration::broken(&problems))?;
    let config = real
        .section(sections::KIT)
        .map(Section::into_inner)
        .map_err(|problems| configuration::broken(&problems))?;
    Ok((facts, config))
}

fn read(root: &Path, path: &str) -> Result<Option<String>, String> {
    let path = root.join(path);
    let cannot = |error: io::Error| format!("cannot read `{}`: {error}", path.display());
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(cannot(error)),
        Ok(found) if !found.is_file() => {
            return Err(format!("`{}` is no file of its own", path.display()));
        }
        Ok(found) if found.len() > BYTES_MAX => {
            return Err(format!("`{}` has more than {BYTES_MAX} bytes", path.display()));
        }
        Ok(_) => {}
    }
    fs::read_to_string(&path).map(Some).map_err(cannot)
}

/// The files that git knows or would add; without git, all of them.
fn paths(root: &Path) -> Result<Vec<String>, Failure> {
    let listed =
        Git::at(root).run(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    if let Ok(listed) = listed {
        let text = String::from_utf8_lossy(&listed).into_owned();
        let there = |path: &&str| !path.is_empty() && root.join(path).exists();
        return Ok(text.split('\0').filter(there).map(str::to_owned).collect());
    }
    let mut files = Vec::new();
    walk(root, root, 0, &mut files).hint("name the root of the repository with --root")?;
    Ok(files)
}

fn walk(root: &Path, folder: &Path, depth: usize, files: &mut Vec<String>) -> anyhow::Result<()> {
    let cannot = || format!("cannot read `{}`", folder.display());
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let path = entry.path();
        let kind = entry.file_type().with_context(cannot)?;
        let is_foreign = [".git", "node_modules", "target", ".venv"]
            .iter()
            .any(|name| entry.file_name().to_str() == Some(name));
        if kind.is_dir() && !is_foreign && depth < DEPTH_MAX {
            walk(root, &path, depth + 1, files)?;
        } else if kind.is_file() {
            anyhow::ensure!(files.len() < FILES_MAX, "more than {FILES_MAX} files");
            files.extend(path.strip_prefix(root).ok().and_then(Path::to_str).map(str::to_owned));
        }
    }
    Ok(())
}
