//! Secrets are named, never written down: `${VARIABLE}` or `file:PATH`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Where secrets are kept.
///
/// A port: the program hands in what reads the real environment and files, a test what answers
/// from a table.
pub trait ReadSecret: Send + Sync {
    /// Returns the value of a variable; `None` when it is not set.
    fn variable(&self, name: &str) -> Option<String>;

    /// Returns the text of a file. The line end at its end is taken away by the caller.
    ///
    /// # Errors
    ///
    /// Whatever kept the file from being read.
    fn file(&self, path: &Path) -> io::Result<String>;
}

/// How a secret is named in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    Variable(String),
    File(PathBuf),
}

impl Reference {
    /// Reads `${NAME}` or `file:PATH`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("file:") {
            let path = path.trim();
            return (!path.is_empty()).then(|| Self::File(PathBuf::from(path)));
        }
        let name = text.strip_prefix("${")?.strip_suffix('}')?;
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_name.then(|| Self::Variable(name.to_owned()))
    }

    /// The secret itself, or why it cannot be had.
    pub(crate) fn resolve(&self, secrets: &dyn ReadSecret) -> Result<String, String> {
        match self {
            Self::Variable(name) => match secrets.variable(name) {
                None => Err(format!("the variable `{name}` is not set")),
                Some(value) if value.is_empty() => Err(format!("the variable `{name}` is empty")),
                Some(value) => Ok(value),
            },
            Self::File(path) => match secrets.file(path) {
                Err(error) => Err(format!("cannot read `{}`: {error}", path.display())),
                Ok(text) => match text.trim_end_matches(['\n', '\r']) {
                    "" => Err(format!("`{}` is empty", path.display())),
                    text => Ok(text.to_owned()),
                },
            },
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "${{{name}}}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}
