//! When a rule's value is too much.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    labels::{Glob, Matcher},
    seconds,
    unit::Unit,
};

/// When a rule holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Condition {
    /// The value is strictly greater.
    Above(Threshold),
    /// The value is greater or equal.
    AtLeast(Threshold),
    /// The value is strictly less.
    Below(Threshold),
    /// The value is less or equal.
    AtMost(Threshold),
    /// The value is this number.
    Equal(Threshold),
    /// The value is another number.
    NotEqual(Threshold),
    /// Nothing has arrived for this long, by the clock of arrival, never by the rows' own time.
    Absent {
        /// Longest silence that is fine.
        #[serde(rename = "longer_than_secs", with = "seconds")]
        longer_than: Duration,
        /// After a sample of such a series, as a producer's "closed", silence is fine.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ended_by: Vec<Matcher>,
    },
    /// All of these rules fire for the same labels, and none of the others.
    All(Join),
    /// At least one of these rules fires.
    Any(Join),
}

/// A number to compare with, in the rule's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Threshold {
    /// The limit.
    pub threshold: f64,
    /// A rule that fires goes on until the same comparison with this number is false. Default: the
    /// threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolve_at: Option<f64>,
}

/// Rules that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Join {
    /// Names of the rules.
    pub of: Vec<String>,
    /// Rules of which none may fire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
    /// Labels that must be the same. Default: all. The alert of [`Condition::All`] has the labels of
    /// the first rule in `of`, that of [`Condition::Any`] has these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Vec<String>>,
}

impl Condition {
    /// Holds above `threshold`, strictly.
    #[must_use]
    pub fn above(threshold: f64) -> Self {
        Self::Above(Threshold::new(threshold))
    }

    /// Holds at `threshold` and above.
    #[must_use]
    pub fn at_least(threshold: f64) -> Self {
        Self::AtLeast(Threshold::new(threshold))
    }

    /// Holds below `threshold`, strictly.
    #[must_use]
    pub fn below(threshold: f64) -> Self {
        Self::Below(Threshold::new(threshold))
    }

    /// Holds after a silence of `longer_than`.
    #[must_use]
    pub fn absent(longer_than: Duration) -> Self {
        Self::Absent { longer_than, ended_by: Vec::new() }
    }

    /// Holds while all of `rules` fire.
    pub fn all<'a>(rules: impl IntoIterator<Item = &'a str>) -> Self {
        Self::All(Join::of(rules))
    }

    /// Holds while one of `rules` fires.
    pub fn any<'a>(rules: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Any(Join::of(rules))
    }

    /// With another number to resolve at; nothing to set for silence and joins.
    #[must_use]
    pub fn resolving_at(mut self, resolve_at: f64) -> Self {
        if let Some(threshold) = self.threshold_mut() {
            threshold.resolve_at = Some(resolve_at);
        }
        self
    }

    /// The number compared with.
    #[must_use]
    pub fn threshold(&self) -> Option<Threshold> {
        match self {
            Self::Above(t)
            | Self::AtLeast(t)
            | Self::Below(t)
            | Self::AtMost(t)
            | Self::Equal(t)
            | Self::NotEqual(t) => Some(*t),
            Self::Absent { .. } | Self::All(_) | Self::Any(_) => None,
        }
    }

    /// The number compared with, to change it.
    pub fn threshold_mut(&mut self) -> Option<&mut Threshold> {
        match self {
            Self::Above(t)
            | Self::AtLeast(t)
            | Self::Below(t)
            | Self::AtMost(t)
            | Self::Equal(t)
            | Self::NotEqual(t) => Some(t),
            Self::Absent { .. } | Self::All(_) | Self::Any(_) => None,
        }
    }

    /// When it holds, for a person's eyes: `above 10 %, until 9 %`.
    #[must_use]
    pub fn words(&self, unit: Unit) -> String {
        let compared = |word: &str, limit: &Threshold| {
            // What has no limit of its own holds for exceptions only.
            if limit.threshold == f64::MAX {
                return format!("{word} the limit of its own entry");
            }
            let until = limit.resolve_at.map(|at| format!(", until {}", unit.show(at)));
            format!("{word} {}{}", unit.show(limit.threshold), until.unwrap_or_default())
        };
        let joined = |word: &str, join: &Join| {
            let unless = join.unless.iter().map(|rule| format!(" and not {rule}"));
            format!("{}{}", join.of.join(word), unless.collect::<String>())
        };
        match self {
            Self::Above(limit) => compared("above", limit),
            Self::AtLeast(limit) => compared("at least", limit),
            Self::Below(limit) => compared("below", limit),
            Self::AtMost(limit) => compared("at most", limit),
            Self::Equal(limit) => compared("exactly", limit),
            Self::NotEqual(limit) => compared("not", limit),
            Self::Absent { longer_than, .. } => {
                format!("silent for {} s", longer_than.as_secs_f64())
            }
            Self::All(join) => joined(" and ", join),
            Self::Any(join) => joined(" or ", join),
        }
    }

    /// The rules that it looks at.
    #[must_use]
    pub fn join(&self) -> Option<&Join> {
        match self {
            Self::All(join) | Self::Any(join) => Some(join),
            _ => None,
        }
    }
}

impl Threshold {
    /// A limit that is also the number to resolve at.
    #[must_use]
    pub fn new(threshold: f64) -> Self {
        Self { threshold, resolve_at: None }
    }

    /// A limit with another number to resolve at.
    #[must_use]
    pub fn resolving_at(self, resolve_at: f64) -> Self {
        Self { resolve_at: Some(resolve_at), ..self }
    }
}

impl Join {
    /// These rules, for the same labels.
    pub fn of<'a>(rules: impl IntoIterator<Item = &'a str>) -> Self {
        let of = rules.into_iter().map(str::to_owned).collect();
        Self { of, unless: Vec::new(), on: None }
    }
}

/// Another limit for some instances of a rule. The most specific one that matches applies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Override {
    /// Labels with the values that they must have; empty matches every instance.
    #[serde(rename = "match")]
    pub matches: BTreeMap<String, Glob>,
    /// What holds for them.
    pub set: Exception,
}

/// What an [`Override`] changes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Exception {
    /// Another limit.
    Threshold(Threshold),
    /// The rule says nothing about them.
    Exempt,
}

impl Override {
    /// How much it says: whole values before patterns, then characters.
    pub(crate) fn specificity(&self) -> (usize, usize) {
        self.matches.values().map(Glob::specificity).fold((0, 0), |sum, (is_whole, said)| {
            (sum.0.saturating_add(usize::from(is_whole)), sum.1.saturating_add(said))
        })
    }

    /// `set` for the instances whose labels match.
    pub fn new<'a>(matches: impl IntoIterator<Item = (&'a str, &'a str)>, set: Exception) -> Self {
        let glob = |(label, is): (&str, &str)| (label.to_owned(), Glob::new(is));
        Self { matches: matches.into_iter().map(glob).collect(), set }
    }
}
