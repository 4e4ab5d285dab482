//! Which settings file of the client is meant, and where is remembered what was in it.

use std::path::{Path, PathBuf};

use clap::Args;
use plimsoll_ralph::hook::Project;

use crate::failure::{Failure, Hint as _};

/// Whose settings.
#[derive(Debug, Clone, Copy, Default, Args)]
#[group(multiple = false)]
pub(crate) struct ScopeArgs {
    /// Settings of this user, for every project
    #[arg(long)]
    user: bool,
    /// Settings of the project, for everybody who works on it: .claude/settings.json
    #[arg(long)]
    project: bool,
    /// Settings of this checkout alone, the default: .claude/settings.local.json
    #[arg(long)]
    local: bool,
}

/// The same, decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    User,
    Project,
    Local,
}

impl Scope {
    pub(crate) const ALL: [Scope; 3] = [Scope::User, Scope::Project, Scope::Local];

    /// The settings file.
    pub(crate) fn settings(self, project: &Project) -> Result<PathBuf, Failure> {
        Ok(match self {
            Scope::User => home_of_client()?.join("settings.json"),
            Scope::Project => project.root().join(".claude/settings.json"),
            Scope::Local => project.root().join(".claude/settings.local.json"),
        })
    }

    /// The file that remembers what was in it.
    pub(crate) fn record(self, project: &Project) -> Result<PathBuf, Failure> {
        Ok(match self {
            Scope::User => home_of_client()?.join("plimsoll-installed.json"),
            Scope::Project | Scope::Local => project.dir().join("installed.json"),
        })
    }
}

impl ScopeArgs {
    pub(crate) fn scope(self) -> Scope {
        match (self.user, self.project) {
            (true, _) => Scope::User,
            (_, true) => Scope::Project,
            _ => Scope::Local,
        }
    }

    /// Whether a person has named one.
    pub(crate) fn is_named(self) -> bool {
        self.user || self.project || self.local
    }
}

/// Where the client keeps what belongs to a user.
fn home_of_client() -> Result<PathBuf, Failure> {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = named("CLAUDE_CONFIG_DIR").or_else(|| Some(named("HOME")?.join(".claude")));
    home.ok_or_else(|| anyhow::anyhow!("neither CLAUDE_CONFIG_DIR nor HOME is set"))
        .hint("use --local or --project")
}

/// A path as a person would write it from here.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    short.unwrap_or(path).display().to_string()
}
