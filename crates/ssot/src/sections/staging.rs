//! The rehearsal of production.

use serde::{Deserialize, Serialize};

use crate::spec::Complaint;

/// Section `staging`: where production is rehearsed. What differs there stands in the profile
/// `staging`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Staging {
    /// The compose file that starts it, relative to the repository.
    /// Default docker-compose.staging.yml.
    pub compose_file: String,
    /// Whether it runs on the host of production, so that no port may be the same. Default true.
    pub shares_host: bool,
}

impl Default for Staging {
    fn default() -> Self {
        Self { compose_file: "docker-compose.staging.yml".to_owned(), shares_host: true }
    }
}

impl Staging {
    /// Returns what is no file of the repository.
    #[must_use]
    pub fn problems(&self) -> Vec<Complaint> {
        let path = &self.compose_file;
        let leaves = path.starts_with(['/', '~']) || path.split('/').any(|part| part == "..");
        if !path.trim().is_empty() && !leaves {
            return Vec::new();
        }
        let message = format!("{path:?} is no path inside of the repository");
        vec![Complaint::new(message, ["compose_file"])]
    }
}
