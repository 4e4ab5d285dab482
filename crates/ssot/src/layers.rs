//! Everything that speaks: defaults, the canonical file, a profile, a local file, the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
#[cfg(feature = "yaml")]
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Problems;
use crate::secret::ReadSecret;
use crate::spec::{Complaint, Registered, SectionSpec};
use crate::ssot::Ssot;

pub(crate) type CrossCheck = Arc<dyn Fn(&Ssot) -> Vec<Complaint> + Send + Sync>;

/// Profiles that exist without being declared.
pub const PROFILES: [&str; 3] = ["dev", "staging", "prod"];

/// What speaks about the configuration, each layer over the one before it.
///
/// The order is fixed, whatever the order of the calls: the sections' defaults, the canonical
/// file, its part for the profile, the local file, the environment.
#[derive(Clone, Default)]
pub struct Layers {
    pub(crate) sections: Vec<Registered>,
    #[cfg(feature = "yaml")]
    pub(crate) canonical: Option<(PathBuf, Vec<u8>)>,
    #[cfg(feature = "yaml")]
    pub(crate) local: Option<(PathBuf, Vec<u8>)>,
    pub(crate) profile: Option<String>,
    pub(crate) variables: BTreeMap<OsString, OsString>,
    pub(crate) checks: Vec<CrossCheck>,
    pub(crate) secrets: Option<Arc<dyn ReadSecret>>,
}

impl Layers {
    /// Begins with nothing: no section, no file, no variable.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a section; without it the section's name is an error in every layer.
    #[must_use]
    pub fn with_section<T>(mut self, spec: SectionSpec<T>) -> Self
    where
        T: Serialize + DeserializeOwned + 'static,
    {
        self.sections.push(Registered::new(spec));
        self
    }

    /// Adds the canonical file: the only one that may have profiles.
    #[cfg(feature = "yaml")]
    #[must_use]
    pub fn with_file(mut self, path: impl Into<PathBuf>, text: impl Into<Vec<u8>>) -> Self {
        self.canonical = Some((path.into(), text.into()));
        self
    }

    /// Adds the file of one machine, which is in no repository.
    #[cfg(feature = "yaml")]
    #[must_use]
    pub fn with_local_file(mut self, path: impl Into<PathBuf>, text: impl Into<Vec<u8>>) -> Self {
        self.local = Some((path.into(), text.into()));
        self
    }

    /// Chooses a profile.
    #[must_use]
    pub fn with_profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Adds the variables of the environment; those that are not ours are passed over.
    ///
    /// Ours are `PLIMSOLL_<SECTION>__<KEY>` and those with which a section was registered. An
    /// empty one says nothing.
    #[must_use]
    pub fn with_env<K: Into<OsString>, V: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.variables = variables.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        self
    }

    /// Adds a check over sections: its complaints name keys from the root.
    ///
    /// It is asked only if every section alone is fine.
    #[must_use]
    pub fn with_check(
        mut self,
        check: impl Fn(&Ssot) -> Vec<Complaint> + Send + Sync + 'static,
    ) -> Self {
        self.checks.push(Arc::new(check));
        self
    }

    /// Says where secrets are kept. Without it they have names only, and a section that has one
    /// cannot be taken out.
    #[must_use]
    pub fn with_secrets(mut self, secrets: impl ReadSecret + 'static) -> Self {
        self.secrets = Some(Arc::new(secrets));
        self
    }

    /// Reads and checks everything.
    ///
    /// # Errors
    ///
    /// All that is wrong, in one go. There is no partial result: a broken file is never replaced
    /// by defaults.
    pub fn load(&self) -> Result<Ssot, Problems> {
        crate::load::load_with_profiles(self).0
    }
}

impl fmt::Debug for Layers {
    // Not derived: texts and variables hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sections: Vec<&str> = self.sections.iter().map(|section| &*section.name).collect();
        f.debug_struct("Layers")
            .field("sections", &sections)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
