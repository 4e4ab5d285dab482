//! Which files a part is of.

use std::path::PathBuf;

use globset::{GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

/// Directories and files, and patterns for what of them counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scope {
    /// Absolute paths.
    pub(crate) roots: Vec<PathBuf>,
    /// Patterns of paths below a root; none means everything.
    pub(crate) include: Vec<String>,
    /// Patterns of paths below a root that do not count, with all that is in them.
    pub(crate) exclude: Vec<String>,
    /// They belong to a server that runs: they are put elsewhere, or where they were only if
    /// somebody says that it is stopped.
    #[serde(default)]
    pub(crate) is_live: bool,
}

/// A pattern that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`{pattern}` is no pattern: {why}")]
#[non_exhaustive]
pub struct PatternError {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub why: String,
}

/// A scope whose patterns are ready.
#[derive(Debug)]
pub(crate) struct Matcher {
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Scope {
    pub(crate) fn matcher(&self) -> Result<Matcher, PatternError> {
        let include = if self.include.is_empty() { None } else { Some(set(&self.include)?) };
        Ok(Matcher { include, exclude: set(&self.exclude)? })
    }
}

fn set(patterns: &[String]) -> Result<GlobSet, PatternError> {
    let mut builder = GlobSetBuilder::new();
    for pattern in patterns {
        let wrong = |error: globset::Error| PatternError {
            pattern: pattern.clone(),
            why: error.kind().to_string(),
        };
        // As in .gitignore: a pattern without a slash counts at every depth.
        let anywhere = if pattern.contains('/') {
            pattern.trim_start_matches('/').to_owned()
        } else {
            format!("**/{pattern}")
        };
        let glob = globset::GlobBuilder::new(&anywhere).literal_separator(true).build();
        builder.add(glob.map_err(wrong)?);
    }
    let whole = |error: globset::Error| PatternError {
        pattern: patterns.join(" "),
        why: error.kind().to_string(),
    };
    builder.build().map_err(whole)
}

impl Matcher {
    /// Whether a path below a root counts out, so that a directory is not entered.
    pub(crate) fn is_excluded(&self, below: &std::path::Path) -> bool {
        !self.exclude.is_empty() && self.exclude.is_match(below)
    }

    /// Whether something that is no directory counts.
    pub(crate) fn is_included(&self, below: &std::path::Path) -> bool {
        self.include.as_ref().is_none_or(|include| include.is_match(below))
    }

    /// Whether directories count for themselves, or only for what is in them.
    pub(crate) fn keeps_empty_dirs(&self) -> bool {
        self.include.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[track_caller]
    fn check(patterns: &[&str], path: &str, expected: bool) {
        let exclude = patterns.iter().map(ToString::to_string).collect();
        let scope = Scope { exclude, ..Scope::default() };
        let found = scope.matcher().unwrap().is_excluded(Path::new(path));
        assert_eq!(found, expected, "{patterns:?} {path}");
    }

    #[test]
    fn a_pattern_without_a_slash_counts_at_every_depth() {
        check(&["*.log"], "a.log", true);
        check(&["*.log"], "x/y/a.log", true);
        check(&["x/*.log"], "x/a.log", true);
        check(&["x/*.log"], "x/y/a.log", false);
        check(&["x/**/*.log"], "x/y/a.log", true);
        check(&["target"], "a/target", true);
        check(&["/target"], "a/target", false);
        let wrong = Scope { include: vec!["a[".to_owned()], ..Scope::default() }.matcher();
        assert!(wrong.unwrap_err().to_string().starts_with("`a[` is no pattern"));
    }
}
