//! Reads a unified diff line by line. Hunks are read by the counts of their header, so that a removed line that
//! begins with `-- ` is not taken for a file header.

use super::{Diff, FileDiff, Hunk, Line, Side, header};

/// Why a text is not a diff.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiffError {
    /// A hunk header that cannot be read.
    #[error("line {line} of the diff: `{found}` is no hunk header such as `@@ -1,2 +3,4 @@`")]
    HunkHeader {
        /// Line of the diff, counted from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// A hunk with fewer lines than its header says.
    #[error(
        "line {line} of the diff: the hunk ends early, {old_missing} old and {new_missing} new lines are missing"
    )]
    HunkTooShort {
        /// Line of the diff where it ended, counted from 1.
        line: usize,
        /// Lines of the old side that the header promised and that are not there.
        old_missing: u32,
        /// The same of the new side.
        new_missing: u32,
    },
    /// A hunk before any file.
    #[error("line {line} of the diff: a hunk without a file before it")]
    NoFile {
        /// Line of the diff, counted from 1.
        line: usize,
    },
}

pub(super) fn parse(text: &str) -> Result<Diff, DiffError> {
    let mut diff = Diff::default();
    let mut is_in_header = false;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut lines = text.split('\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if let Some(rest) = line.strip_prefix("diff --git ") {
            diff.files.push(header::git_paths(rest));
            is_in_header = true;
        } else if line.starts_with("@@ ") {
            let file = diff.files.last_mut().ok_or(DiffError::NoFile { line: index + 1 })?;
            is_in_header = false;
            let counts = Counts::read(line).ok_or_else(|| DiffError::HunkHeader {
                line: index + 1,
                found: line.chars().take(80).collect(),
            })?;
            file.hunks.push(hunk(counts, &mut lines, index + 1)?);
        } else if is_in_header {
            if let Some(file) = diff.files.last_mut() {
                header::take(file, line);
            }
        } else if line.starts_with("--- ")
            && lines.peek().is_some_and(|(_, next)| next.starts_with("+++ "))
        {
            // A diff without git's own lines.
            let mut file = FileDiff::default();
            header::take(&mut file, line);
            diff.files.push(file);
            is_in_header = true;
        }
    }
    Ok(diff)
}

/// What a hunk header says.
struct Counts<'a> {
    old: u32,
    new: u32,
    old_left: u32,
    new_left: u32,
    section: &'a str,
}

impl<'a> Counts<'a> {
    fn read(line: &'a str) -> Option<Counts<'a>> {
        let (ranges, section) = line.strip_prefix("@@ -")?.split_once(" @@")?;
        let (old, new) = ranges.split_once(" +")?;
        let range = |text: &str| {
            let (start, count) = text.split_once(',').unwrap_or((text, "1"));
            Some((start.parse::<u32>().ok()?, count.parse::<u32>().ok()?))
        };
        let ((old, old_left), (new, new_left)) = (range(old)?, range(new)?);
        Some(Counts { old, new, old_left, new_left, section: section.trim() })
    }
}

fn hunk<'a>(
    mut counts: Counts<'_>,
    lines: &mut std::iter::Peekable<impl Iterator<Item = (usize, &'a str)>>,
    header_line: usize,
) -> Result<Hunk, DiffError> {
    let mut hunk = Hunk { section: counts.section.to_owned(), lines: Vec::new() };
    let mut at = header_line;
    while counts.old_left > 0 || counts.new_left > 0 {
        let line = lines.next_if(|(_, line)| is_content(line)).map(|(index, line)| {
            at = index + 1;
            line.strip_suffix('\r').unwrap_or(line)
        });
        let too_short = || DiffError::HunkTooShort {
            line: at,
            old_missing: counts.old_left,
            new_missing: counts.new_left,
        };
        let line = line.ok_or_else(too_short)?;
        if line.starts_with('\\') {
            continue;
        }
        // Some tools strip the space of an empty context line.
        let (mark, text) = line.split_at_checked(1).unwrap_or((" ", ""));
        let side = match mark {
            "+" if counts.new_left > 0 => Side::Added,
            "-" if counts.old_left > 0 => Side::Removed,
            " " if counts.old_left > 0 && counts.new_left > 0 => Side::Context,
            _ => return Err(too_short()),
        };
        let (in_old, in_new) = (side != Side::Added, side != Side::Removed);
        hunk.lines.push(Line {
            side,
            old: in_old.then_some(counts.old),
            new: in_new.then_some(counts.new),
            text: text.to_owned(),
        });
        counts.old = counts.old.saturating_add(in_old.into());
        counts.new = counts.new.saturating_add(in_new.into());
        counts.old_left = counts.old_left.saturating_sub(in_old.into());
        counts.new_left = counts.new_left.saturating_sub(in_new.into());
    }
    Ok(hunk)
}

fn is_content(line: &str) -> bool {
    line.is_empty() || line == "\r" || line.starts_with(['+', '-', ' ', '\\'])
}
