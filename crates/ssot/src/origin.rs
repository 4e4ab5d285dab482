//! Where an effective value was said.

use std::fmt;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody said anything: the default of the crate that owns the section.
    Default,
    /// A file.
    #[non_exhaustive]
    File {
        /// The file.
        path: PathBuf,
        /// The profile in which the value stands, if it stands in one.
        profile: Option<String>,
        /// Counted from one.
        line: u32,
        /// In characters, counted from one.
        column: u32,
    },
    /// A variable of the environment.
    #[non_exhaustive]
    Env {
        /// Its name.
        name: String,
    },
}

impl Origin {
    /// Tells whether nobody said anything.
    #[must_use]
    pub fn is_default(&self) -> bool {
        matches!(self, Self::Default)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, profile, line, column } => {
                write!(f, "{}:{line}:{column}", path.display())?;
                profile.as_ref().map_or(Ok(()), |profile| write!(f, " (profile {profile})"))
            }
            Self::Env { name } => f.write_str(name),
        }
    }
}
