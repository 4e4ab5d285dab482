//! Bringing files back to what is declared: the bytes of each value, and no other byte.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use plimsoll_durable::replace;

use crate::check::{Canon, check_text};
use crate::format::Format;
use crate::report::{Finding, Report, State};
use crate::span::Span;

/// What may be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FixOptions {
    /// Also where several files agree with each other against what is declared.
    pub conflicts: bool,
    /// Also in lock files. Their own programs do it better: they keep the digests right.
    pub locks: bool,
}

impl FixOptions {
    /// Changes conflicts too: what is declared is right.
    #[must_use]
    pub fn with_conflicts(mut self) -> Self {
        self.conflicts = true;
        self
    }

    /// Changes lock files too.
    #[must_use]
    pub fn with_locks(mut self) -> Self {
        self.locks = true;
        self
    }
}

/// One change of a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Edit {
    /// The key of the value.
    pub key: String,
    /// The bytes that are replaced.
    pub span: Span,
    /// What stands there.
    pub old: String,
    /// What will.
    pub new: String,
}

/// All changes of one file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct FileFix {
    /// The path below the root.
    pub path: String,
    /// The changes, by their place.
    pub edits: Vec<Edit>,
}

/// What a fix will change, and what it leaves to a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct FixPlan {
    /// The files that change.
    pub files: Vec<FileFix>,
    /// What it leaves: where, and why.
    pub left: Vec<(String, String)>,
}

/// Why a file was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FixError {
    /// It could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no longer what was checked.
    #[error("`{}` has changed since it was checked; check again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The changed text would not say what is declared. The file is as it was.
    #[error("`{}` would still not say what is declared for `{key}`; change it by hand", path.display())]
    NotSaid {
        /// The file.
        path: PathBuf,
        /// The key whose value would be wrong.
        key: String,
    },
    /// It could not be written. The file is as it was.
    #[error("cannot replace `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Plans the changes that a report asks for.
pub fn plan(report: &Report, options: &FixOptions) -> FixPlan {
    let mut files: BTreeMap<&str, Vec<Edit>> = BTreeMap::new();
    let mut plan = FixPlan::default();
    for finding in report.findings.iter().filter(|finding| finding.state != State::Match) {
        match edit(finding, options) {
            Ok(edit) => files.entry(&finding.place.path).or_default().push(edit),
            Err(why) => plan.left.push((finding.place.to_string(), why)),
        }
    }
    for (path, mut edits) in files {
        edits.sort_by_key(|edit| edit.span);
        edits.dedup_by(|later, earlier| earlier.span.end > later.span.start);
        plan.files.push(FileFix { path: path.to_owned(), edits });
    }
    plan
}

fn edit(finding: &Finding, options: &FixOptions) -> Result<Edit, String> {
    let name = finding.place.path.rsplit('/').next().unwrap_or_default();
    let is_lock = matches!(Format::of_name(name), Format::Lock | Format::PackageLock);
    let (Some(new), Some(old)) = (&finding.fix, &finding.found) else {
        return Err(match finding.state {
            State::Drift if finding.key.contains(" or ") => {
                "it does not say which value it means".to_owned()
            }
            State::Drift => "only a person can tell which side is right".to_owned(),
            state => format!("{state}: there is nothing to replace"),
        });
    };
    if is_lock && !options.locks {
        return Err("a lock file: its own program keeps the digests right".to_owned());
    }
    if finding.is_conflict && !options.conflicts {
        return Err(
            "several files agree against what is declared: a person has to say who is right"
                .to_owned(),
        );
    }
    Ok(Edit {
        key: finding.key.clone(),
        span: finding.place.span,
        old: old.clone(),
        new: new.clone(),
    })
}

impl FileFix {
    /// The text after the changes; `None` if the text is not the one that was checked.
    pub fn apply_to(&self, text: &str) -> Option<String> {
        let mut changed = String::with_capacity(text.len() + 16);
        let mut at = 0;
        for edit in &self.edits {
            if edit.span.of(text) != edit.old || edit.span.start < at {
                return None;
            }
            changed.push_str(text.get(at..edit.span.start)?);
            changed.push_str(&edit.new);
            at = edit.span.end;
        }
        changed.push_str(text.get(at..)?);
        Some(changed)
    }

    /// The difference as a patch.
    pub fn diff(&self, text: &str) -> Option<String> {
        let changed = self.apply_to(text)?;
        let diff = similar::TextDiff::from_lines(text, &changed);
        let (old, new) = (format!("a/{}", self.path), format!("b/{}", self.path));
        Some(diff.unified_diff().header(&old, &new).to_string())
    }
}

/// Changes one file: reads it again, replaces the values, checks the new text, and only then puts it in the
/// file's place. A crash leaves the old file or the new one.
///
/// # Errors
///
/// [`FixError`]; the file is then as it was.
pub fn apply(canon: &Canon, root: &Path, fix: &FileFix) -> Result<(), FixError> {
    let path = root.join(&fix.path);
    let text = fs::read_to_string(&path)
        .map_err(|source| FixError::Read { path: path.clone(), source })?;
    let changed = fix.apply_to(&text).ok_or_else(|| FixError::Changed { path: path.clone() })?;
    if let Some(key) = unsaid(canon, fix, &changed) {
        return Err(FixError::NotSaid { path, key });
    }
    replace(&path, changed).map_err(|source| FixError::Write { path, source: Box::new(source) })
}

/// The key of a change after which the text still does not say what is declared.
fn unsaid(canon: &Canon, fix: &FileFix, changed: &str) -> Option<String> {
    let checked = check_text(canon, &fix.path, changed);
    let mut shift = 0_i64;
    for edit in &fix.edits {
        let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
        let start = i64::try_from(edit.span.start).unwrap_or(i64::MAX).saturating_add(shift);
        shift += length(&edit.new) - length(&edit.old);
        let is_here = |place: Span| i64::try_from(place.start).is_ok_and(|at| at == start);
        let occurrence =
            checked.occurrences.iter().find(|occurrence| is_here(occurrence.place.span));
        let is_value = canon.keys().any(|key| key == edit.key);
        let is_said = match occurrence {
            Some(occurrence) => occurrence.state == State::Match,
            // Columns and tables are compared over all files; here their new name has to stand.
            None => !is_value,
        };
        if !is_said {
            return Some(edit.key.clone());
        }
    }
    None
}
