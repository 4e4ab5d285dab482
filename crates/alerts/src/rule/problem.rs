//! Rules that cannot be.

use std::fmt;

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleProblem {
    /// Name of the rule.
    pub rule: String,
    /// Which part of it, as `condition.resolve_at`.
    pub field: String,
    /// What stands there.
    pub found: String,
    /// What was wanted.
    pub wanted: String,
}

impl RuleProblem {
    pub(crate) fn new(
        rule: &str,
        field: &str,
        found: impl Into<String>,
        wanted: impl Into<String>,
    ) -> Self {
        Self {
            rule: rule.to_owned(),
            field: field.to_owned(),
            found: found.into(),
            wanted: wanted.into(),
        }
    }
}

impl fmt::Display for RuleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, field, found, wanted } = self;
        write!(f, "rule `{rule}`: `{field}` is {found}, wanted {wanted}")
    }
}

/// Everything that is wrong with a set of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleErrors {
    /// Each, in the order of the rules; never empty.
    pub found: Vec<RuleProblem>,
}

impl fmt::Display for RuleErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.found.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RuleErrors {}
