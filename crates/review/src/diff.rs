//! A unified diff as data: files, hunks and lines with their numbers on both sides.

mod header;
mod parse;

use std::fmt;

pub use parse::DiffError;

/// What a diff changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// One entry a file, in the diff's order.
    pub files: Vec<FileDiff>,
}

/// What a diff changes in one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileDiff {
    /// Path before, relative to the repository; `None` for a new file.
    pub old_path: Option<String>,
    /// Path after; `None` for a removed file.
    pub new_path: Option<String>,
    /// Whether git gave no text of it.
    pub is_binary: bool,
    /// Changed regions with the context around them.
    pub hunks: Vec<Hunk>,
}

/// One changed region.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hunk {
    /// What git printed after the second `@@`: the function that the region is in.
    pub section: String,
    /// Lines in the diff's order.
    pub lines: Vec<Line>,
}

/// One line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which side has it.
    pub side: Side,
    /// Number before the change, counted from 1; `None` for an added line.
    pub old: Option<u32>,
    /// Number after the change, counted from 1; `None` for a removed line.
    pub new: Option<u32>,
    /// Text without the mark in front and without the end of line.
    pub text: String,
}

/// Which side of a diff has a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Side {
    /// The new side only.
    Added,
    /// The old side only.
    Removed,
    /// Both.
    Context,
}

impl Diff {
    /// Reads what `git diff` prints, with or without its `diff --git` lines.
    ///
    /// Text before the first file, such as a commit message, is skipped.
    ///
    /// # Errors
    ///
    /// [`DiffError`] names the line where the text stops being a diff: a hunk that ends early, a header that
    /// cannot be read. An empty text is an empty diff.
    pub fn parse(text: &str) -> Result<Diff, DiffError> {
        parse::parse(text)
    }

    /// Lines that were added, over all files.
    pub fn added_lines(&self) -> usize {
        self.files.iter().map(FileDiff::added_lines).sum()
    }
}

impl FileDiff {
    /// The path that a reader knows the file by: after the change, or before it where it was removed.
    pub fn path(&self) -> &str {
        self.new_path.as_deref().or(self.old_path.as_deref()).unwrap_or_default()
    }

    /// Lines that were added.
    pub fn added_lines(&self) -> usize {
        let is_added = |line: &&Line| line.side == Side::Added;
        self.hunks.iter().map(|hunk| hunk.lines.iter().filter(is_added).count()).sum()
    }

    /// Whether the new side shows this line, so that a comment can stand there.
    pub fn shows(&self, line: u32) -> bool {
        self.hunks.iter().flat_map(|hunk| &hunk.lines).any(|shown| shown.new == Some(line))
    }
}

impl fmt::Display for FileDiff {
    /// The file as a unified diff with line numbers of the new side in front, which a model can quote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, hunk) in self.hunks.iter().enumerate() {
            if index > 0 {
                writeln!(f, "      ...")?;
            }
            for line in &hunk.lines {
                let mark = match line.side {
                    Side::Added => '+',
                    Side::Removed => '-',
                    Side::Context => ' ',
                };
                match line.new {
                    Some(number) => writeln!(f, "{number:>5} {mark}{}", line.text)?,
                    None => writeln!(f, "      {mark}{}", line.text)?,
                }
            }
        }
        Ok(())
    }
}
