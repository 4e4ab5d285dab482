//! Labels of a series, and what picks some of them.

use std::collections::{BTreeMap, btree_map};

use serde::{Deserialize, Serialize};

/// Names and values that tell one series or alert from another, sorted by name. A label that is
/// missing reads as the empty text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// No labels.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a label; empty when there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Sets a label; an empty value removes it.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        if value.is_empty() {
            self.0.remove(&name);
        } else {
            self.0.insert(name, value);
        }
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those whose names are listed.
    #[must_use]
    pub fn only(&self, names: &[String]) -> Self {
        names.iter().map(|name| (name.as_str(), self.get(name))).collect()
    }

    /// Those whose names are not listed.
    #[must_use]
    pub fn without(&self, names: &[String]) -> Self {
        self.iter().filter(|(name, _)| names.iter().all(|n| n != name)).collect()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut labels = Self::new();
        for (name, value) in pairs {
            labels.set(name, value);
        }
        labels
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = (&'a String, &'a String);
    type IntoIter = btree_map::Iter<'a, String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// A text in which `*` stands for anything, also for nothing: `BTC-*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Glob(String);

impl Glob {
    /// A pattern; every text is one.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether all of `text` is covered.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            match rest.split_once(part) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last)
    }

    /// How much the pattern says: texts without `*` before those with one, then by the number of
    /// characters that are no `*`.
    #[must_use]
    pub fn specificity(&self) -> (bool, usize) {
        let said = self.0.chars().filter(|c| *c != '*').count();
        (!self.0.contains('*'), said)
    }
}

/// Picks series by one label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Matcher {
    /// Name of the label.
    pub label: String,
    /// The value must match one of these; empty asks nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub is: Vec<Glob>,
    /// The value must match none of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub is_not: Vec<Glob>,
}

impl Matcher {
    /// The label has one of these values.
    pub fn is<'a>(label: impl Into<String>, values: impl IntoIterator<Item = &'a str>) -> Self {
        let is = values.into_iter().map(Glob::new).collect();
        Self { label: label.into(), is, is_not: Vec::new() }
    }

    /// The label has none of these values.
    pub fn is_not<'a>(label: impl Into<String>, values: impl IntoIterator<Item = &'a str>) -> Self {
        let is_not = values.into_iter().map(Glob::new).collect();
        Self { label: label.into(), is: Vec::new(), is_not }
    }

    /// Whether these labels are picked.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.label);
        (self.is.is_empty() || self.is.iter().any(|glob| glob.matches(value)))
            && !self.is_not.iter().any(|glob| glob.matches(value))
    }
}
