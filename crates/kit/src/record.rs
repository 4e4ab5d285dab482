//! What was rendered last, so that a later template knows what people changed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::piece::Piece;

/// Where the record is, relative to the repository. It is committed.
pub const RECORD_FILE: &str = ".plimsoll/kit.json";

const VERSION: u32 = 1;

/// The text of each file or part as it was rendered last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    schema_version: u32,
    /// Pieces that were left out, by name.
    #[serde(default)]
    without: BTreeSet<String>,
    /// By path.
    rendered: BTreeMap<String, Vec<String>>,
}

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It is no record.
    #[error("cannot read `{RECORD_FILE}`")]
    Form {
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A newer program wrote it.
    #[error("`{RECORD_FILE}` has version {found}, this program knows {VERSION}")]
    Newer {
        /// Its version.
        found: u32,
    },
}

impl Default for Record {
    fn default() -> Self {
        Self { schema_version: VERSION, without: BTreeSet::new(), rendered: BTreeMap::new() }
    }
}

impl Record {
    /// Reads the text of the file.
    ///
    /// # Errors
    ///
    /// [`RecordError::Form`] if it is no record, [`RecordError::Newer`] if it is one of a newer
    /// program.
    pub fn parse(text: &str) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: u32,
        }
        let form = |source| RecordError::Form { source };
        let Version { schema_version } = serde_json::from_str(text).map_err(form)?;
        if schema_version > VERSION {
            return Err(RecordError::Newer { found: schema_version });
        }
        serde_json::from_str(text).map_err(form)
    }

    /// The text of the file; one line of it for each rendered line, so that a change can be read.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Leaves pieces out from now on.
    #[must_use]
    pub fn with_left_out(mut self, pieces: &[Piece]) -> Self {
        self.without.extend(pieces.iter().map(|piece| piece.name().to_owned()));
        self
    }

    /// Takes pieces in again.
    #[must_use]
    pub fn with_taken_in(mut self, pieces: &[Piece]) -> Self {
        self.without.retain(|name| !pieces.iter().any(|piece| piece.name() == name));
        self
    }

    /// Pieces that were left out.
    pub fn left_out(&self) -> impl Iterator<Item = Piece> {
        self.without.iter().filter_map(|name| Piece::named(name))
    }

    /// What was rendered last.
    pub(crate) fn get(&self, path: &str) -> Option<String> {
        self.rendered.get(path).map(|lines| lines.concat())
    }

    pub(crate) fn set(&mut self, path: &str, text: &str) {
        let lines = text.split_inclusive('\n').map(str::to_owned).collect();
        self.rendered.insert(path.to_owned(), lines);
    }

    pub(crate) fn forget(&mut self, path: &str) {
        self.rendered.remove(path);
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.rendered.keys().map(String::as_str)
    }
}
