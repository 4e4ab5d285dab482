//! Where a project is, and what we keep there.

use std::fs;
use std::path::{Path, PathBuf};

pub use crate::state::DIR_NAME;

/// A project: the top of a git working tree, or a directory that is in none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    root: PathBuf,
    in_git: bool,
}

impl Project {
    /// The project that `dir` belongs to: the nearest directory upwards with a `.git`, which in a
    /// worktree is a file. Outside of git it is the nearest one with a `.ralph`, or `dir` itself.
    #[must_use]
    pub fn of(dir: &Path) -> Self {
        let mut ancestors = dir.ancestors();
        if let Some(root) = ancestors.find(|dir| has_git(dir)) {
            return Self { root: root.to_owned(), in_git: true };
        }
        let root = dir.ancestors().find(|dir| dir.join(DIR_NAME).is_dir()).unwrap_or(dir);
        Self { root: root.to_owned(), in_git: false }
    }

    /// Its top directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What people call it: the name of its directory.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.root.file_name().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| "-".to_owned())
    }

    /// Whether it is in git.
    #[must_use]
    pub fn is_in_git(&self) -> bool {
        self.in_git
    }

    /// The directory in which everything of ours is; it need not exist.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.root.join(DIR_NAME)
    }

    /// Makes [`Project::dir`], invisible to git, itself included.
    ///
    /// # Errors
    ///
    /// The system's error if a directory or file cannot be made.
    pub fn make_dir(&self) -> std::io::Result<PathBuf> {
        let dir = self.dir();
        match fs::create_dir(&dir) {
            // Another hook may make it at the same moment.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        let ignore = dir.join(".gitignore");
        if !ignore.exists() {
            fs::write(ignore, "*\n")?;
        }
        Ok(dir)
    }
}

fn has_git(dir: &Path) -> bool {
    let git = dir.join(".git");
    match fs::metadata(&git) {
        Ok(found) if found.is_dir() => git.join("HEAD").exists(),
        Ok(found) => found.is_file(),
        Err(_absent) => false,
    }
}
