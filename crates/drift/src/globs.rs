//! The globs of the configuration, made ready.

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::bind::Environment;
use crate::check::CanonError;
use crate::config::Config;

/// Which files the configuration leaves out, takes in, or holds to a profile.
#[derive(Debug)]
pub(crate) struct Globs {
    ignored: Vec<(GlobSet, Vec<String>, String)>,
    included: GlobSet,
    scopes: Vec<(GlobSet, Environment)>,
}

impl Globs {
    pub(crate) fn new(config: &Config) -> Result<Self, CanonError> {
        let mut ignored = Vec::new();
        for (index, ignore) in config.ignore.iter().enumerate() {
            let set = set(&ignore.files, &format!("ignore[{index}].files"))?;
            ignored.push((set, ignore.keys.clone(), ignore.reason.clone()));
        }
        let mut scopes = Vec::new();
        for (index, scope) in config.scopes.iter().enumerate() {
            let set = set(&scope.files, &format!("scopes[{index}].files"))?;
            let environment = match scope.profile.as_str() {
                "base" => Environment::Base,
                profile => Environment::Profile(profile.to_owned()),
            };
            scopes.push((set, environment));
        }
        Ok(Self { ignored, included: set(&config.include, "include")?, scopes })
    }

    /// Why all of a file is left out.
    pub(crate) fn ignored(&self, path: &str) -> Option<&str> {
        let found =
            self.ignored.iter().find(|(set, keys, _)| keys.is_empty() && set.is_match(path))?;
        Some(&found.2)
    }

    /// Why a key is left out in a file.
    pub(crate) fn ignored_key(&self, path: &str, keys: &[String]) -> Option<&str> {
        let is_one = |own: &[String]| {
            keys.iter().any(|key| {
                own.iter().any(|own| {
                    key == own
                        || key.strip_prefix(own.as_str()).is_some_and(|rest| rest.starts_with('.'))
                })
            })
        };
        let found = self.ignored.iter().find(|(set, own, _)| is_one(own) && set.is_match(path))?;
        Some(&found.2)
    }

    pub(crate) fn is_included(&self, path: &str) -> bool {
        self.included.is_match(path)
    }

    pub(crate) fn profile(&self, path: &str) -> Option<Environment> {
        self.scopes
            .iter()
            .find(|(set, _)| set.is_match(path))
            .map(|(_, environment)| environment.clone())
    }
}

fn set(globs: &[String], path: &str) -> Result<GlobSet, CanonError> {
    let wrong = |glob: &str, what: String| CanonError::Glob {
        path: path.to_owned(),
        glob: glob.to_owned(),
        what,
    };
    let mut builder = GlobSetBuilder::new();
    for glob in globs {
        builder.add(Glob::new(glob).map_err(|error| wrong(glob, error.to_string()))?);
    }
    builder.build().map_err(|error| wrong(&globs.join(", "), error.to_string()))
}
