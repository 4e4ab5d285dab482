//! The environment that programs were started with.

use std::collections::BTreeMap;
use std::ffi::OsString;

use globset::GlobBuilder;
use plimsoll_redact::{Rules, find, key_is_secret};

use super::{Capture, CaptureError, Taken};
use crate::intake::Intake;

/// Captures variables of the environment.
///
/// What is secret by its name or by its form is kept only in a sealed store; another store gets
/// `env:NAME` in its place.
pub struct Environment {
    variables: Vec<(OsString, OsString)>,
    patterns: Vec<String>,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.len())
            .field("patterns", &self.patterns)
            .finish()
    }
}

impl Environment {
    /// Those of `variables` whose name one of the patterns matches, such as `PLIMSOLL_*`.
    #[must_use]
    pub fn new(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        patterns: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            variables: variables.into_iter().collect(),
            patterns: patterns.into_iter().map(Into::into).collect(),
        }
    }

    fn chosen(&self) -> Result<BTreeMap<String, String>, CaptureError> {
        let mut chosen = BTreeMap::new();
        for pattern in &self.patterns {
            let glob = GlobBuilder::new(pattern).build().map_err(|error| {
                CaptureError::new(format!("`{pattern}` is no pattern")).with_source(error)
            })?;
            let matcher = glob.compile_matcher();
            for (name, value) in &self.variables {
                let shown = name.to_string_lossy().into_owned();
                if !matcher.is_match(&shown) {
                    continue;
                }
                let value = value.to_str().ok_or_else(|| {
                    CaptureError::new(format!("the variable `{shown}` is no UTF-8"))
                })?;
                chosen.insert(shown, value.to_owned());
            }
        }
        Ok(chosen)
    }
}

impl Capture for Environment {
    fn kind(&self) -> &'static str {
        "environment"
    }

    fn capture(&mut self, into: &mut Intake<'_>) -> Result<Taken, CaptureError> {
        let chosen = self.chosen()?;
        if chosen.is_empty() {
            let why = format!("no variable is called `{}`", self.patterns.join("` or `"));
            return Ok(Taken::Nothing { why });
        }
        for (name, value) in &chosen {
            let path = format!("variables/{}", name.replace('/', "%2F"));
            if is_secret(name, value) {
                into.secret(&path, value.as_bytes(), &format!("env:{name}"))?;
            } else {
                into.document(&path, value.as_bytes())?;
            }
        }
        into.fact("variables", chosen.len().to_string());
        Ok(Taken::Whole)
    }
}

/// By its name, or by what the value looks like, also after the name.
fn is_secret(name: &str, value: &str) -> bool {
    let rules = Rules::default();
    key_is_secret(name)
        || !find(value, &rules).is_empty()
        || !find(&format!("{name}={value}"), &rules).is_empty()
}
