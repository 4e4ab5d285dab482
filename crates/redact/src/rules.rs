//! What counts as a secret.

use std::fmt;

use crate::Kind;
use crate::known::Known;

/// What counts as a secret: every [`Kind`] by default, and exact values that the caller knows.
#[derive(Clone, Default)]
pub struct Rules {
    known: Known,
    off: Vec<Kind>,
}

impl Rules {
    /// Adds exact values to be found wherever they stand.
    ///
    /// Each is also found percent-encoded, escaped as in JSON, and in base64, there also as a
    /// part of something longer such as `user:password`. Values shorter than 6 bytes are
    /// ignored, as they would mask ordinary text: see [`Rules::ignored_known`].
    #[must_use]
    pub fn with_known(mut self, values: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        for value in values {
            self.known.add(value.as_ref());
        }
        self.known.sort();
        self
    }

    /// Does not look for a kind.
    #[must_use]
    pub fn without(mut self, kind: Kind) -> Self {
        self.off.push(kind);
        self
    }

    /// Returns how many values given to [`Rules::with_known`] were too short to be looked for.
    #[must_use]
    pub fn ignored_known(&self) -> usize {
        self.known.ignored()
    }

    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    pub(crate) fn wants(&self, kind: Kind) -> bool {
        !self.off.contains(&kind)
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("known_patterns", &self.known.patterns())
            .field("off", &self.off)
            .finish_non_exhaustive()
    }
}
