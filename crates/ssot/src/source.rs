//! The texts that were read: files and variables, and places in them.

use std::ops::Range;
use std::path::PathBuf;

use crate::node::At;
use crate::origin::Origin;

/// A file's text.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// Where profiles stand.
    pub(crate) profiles: Vec<(String, Range<usize>)>,
    line_starts: Vec<usize>,
}

/// A variable of the environment.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) files: Vec<File>,
    pub(crate) variables: Vec<Variable>,
}

impl File {
    pub(crate) fn new(path: PathBuf, text: String) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { path, text, profiles: Vec::new(), line_starts }
    }

    /// Line and column of a byte, both counted from one; the column in characters.
    pub(crate) fn line_column(&self, byte: usize) -> (u32, u32) {
        let line = self.line_starts.partition_point(|start| *start <= byte).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..byte.min(self.text.len())).unwrap_or_default();
        let column = before.chars().count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    fn profile_at(&self, byte: usize) -> Option<&str> {
        let found = self.profiles.iter().find(|(_, range)| range.contains(&byte));
        found.map(|(name, _)| name.as_str())
    }
}

impl Sources {
    /// What is said of a place to people and programs.
    pub(crate) fn origin(&self, at: &At) -> Origin {
        match at {
            At::Default => Origin::Default,
            At::Env { variable } => {
                let found = self.variables.get(*variable);
                Origin::Env { name: found.map(|v| v.name.clone()).unwrap_or_default() }
            }
            At::File { file, bytes } => {
                let Some(found) = self.files.get(*file) else { return Origin::Default };
                let (line, column) = found.line_column(bytes.start);
                Origin::File {
                    path: found.path.clone(),
                    profile: found.profile_at(bytes.start).map(str::to_owned),
                    line,
                    column,
                }
            }
        }
    }
}
