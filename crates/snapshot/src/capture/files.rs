//! Files and directories.

use std::path::PathBuf;

use super::{Capture, CaptureError, Taken};
use crate::intake::{Absent, Intake, Strictness};
use crate::scope::Scope;

/// Captures files, directories and symbolic links, with modes, owners and times.
///
/// Symbolic links are kept as links. Sockets, pipes and devices are named in the notes and not
/// kept. A file that changes each time it is read is kept as last read, and that is said.
#[derive(Debug, Clone)]
pub struct Files {
    kind: &'static str,
    scope: Scope,
    absent: Absent,
    strictness: Strictness,
}

impl Files {
    /// Everything at `roots`, which are absolute paths of files or directories.
    #[must_use]
    pub fn new(roots: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        let roots = roots.into_iter().map(Into::into).collect();
        Self {
            kind: "files",
            scope: Scope { roots, ..Scope::default() },
            absent: Absent::Failure,
            strictness: Strictness::Tolerant,
        }
    }

    /// Takes only files that a pattern such as `*.toml` or `conf/**/*.env` matches.
    ///
    /// Patterns are of paths below a root; one without a slash counts at every depth.
    #[must_use]
    pub fn with_include(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scope.include.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Leaves out what a pattern matches, with everything in it.
    #[must_use]
    pub fn with_exclude(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scope.exclude.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Skips the part, and says so, if none of the roots is there. Otherwise that is a failure.
    #[must_use]
    pub fn absent_is_fine(mut self) -> Self {
        self.absent = Absent::Fine;
        self
    }

    /// Fails if a file changes or goes while it is read. Otherwise that is noted.
    #[must_use]
    pub fn settled(mut self) -> Self {
        self.strictness = Strictness::Strict;
        self
    }

    /// Names another sort of part that is made of files, such as `alerts`.
    #[must_use]
    pub fn of_kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }
}

impl Capture for Files {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn capture(&mut self, into: &mut Intake<'_>) -> Result<Taken, CaptureError> {
        let is_there = |root: &PathBuf| root.symlink_metadata().is_ok();
        if self.absent == Absent::Fine && !self.scope.roots.iter().any(is_there) {
            let shown: Vec<_> = self.scope.roots.iter().map(|r| r.display().to_string()).collect();
            return Ok(Taken::Nothing { why: format!("`{}` is not there", shown.join("`, `")) });
        }
        into.files(self.scope.clone(), self.strictness, Absent::Failure)?;
        Ok(Taken::Whole)
    }
}

/// What is at the roots of an earlier capture now; that a root is not there is part of it.
#[derive(Debug)]
pub(crate) struct Present {
    pub(crate) scope: Scope,
}

impl Capture for Present {
    fn kind(&self) -> &'static str {
        "files"
    }

    fn capture(&mut self, into: &mut Intake<'_>) -> Result<Taken, CaptureError> {
        into.files(self.scope.clone(), Strictness::Tolerant, Absent::Fine)?;
        Ok(Taken::Whole)
    }
}
