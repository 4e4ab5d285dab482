//! What a review says about a line.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How bad a finding is. Ordered: `Low < Medium < High < Critical`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Worth a thought.
    Low,
    /// Should be changed.
    Medium,
    /// Will hurt: wrong orders, lost errors, leaks under some condition.
    High,
    /// Must not be merged.
    Critical,
}

/// Which part of the checklist a finding belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Focus {
    /// What comes from outside is checked before it is used.
    InputValidation,
    /// Keys are neither in code nor in logs.
    ApiKeys,
    /// Limits are there, fixed, and asked before each order.
    PositionLimits,
    /// Errors are seen, bounded and told.
    ErrorHandling,
    /// The hot path stays fast, memory stays flat.
    Performance,
    /// Numbers and times mean what they say.
    Correctness,
    /// How `NautilusTrader` wants it.
    Nautilus,
}

/// Who found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Origin {
    /// A deterministic lint: the same diff gives the same finding.
    Lint,
    /// The model: an opinion, checked to point at a line of the diff.
    Model,
}

/// One thing to change, at one place of the new side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// Path relative to the repository.
    pub path: String,
    /// First line, counted from 1, new side.
    pub line: u32,
    /// Last line, at least `line`.
    pub end_line: u32,
    /// How bad it is.
    pub severity: Severity,
    /// Part of the checklist.
    pub focus: Focus,
    /// Name of the rule, such as `order-without-limit-check`.
    pub rule: String,
    /// One line.
    pub title: String,
    /// Why it matters, and what to do.
    pub why: String,
    /// Lines to put in place of `line..=end_line`, without a final newline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// Who found it.
    pub origin: Origin,
    /// Names the finding over pushes: the same rule on the same text of the same file, wherever it has moved to.
    pub fingerprint: String,
}

impl Severity {
    /// All, from the mildest.
    pub const ALL: [Severity; 4] =
        [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The word in reports and settings.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl Focus {
    /// All, in the checklist's order.
    pub const ALL: [Focus; 7] = [
        Focus::PositionLimits,
        Focus::ErrorHandling,
        Focus::Correctness,
        Focus::ApiKeys,
        Focus::InputValidation,
        Focus::Performance,
        Focus::Nautilus,
    ];

    /// The word in reports and answers.
    pub fn name(self) -> &'static str {
        match self {
            Focus::InputValidation => "input_validation",
            Focus::ApiKeys => "api_keys",
            Focus::PositionLimits => "position_limits",
            Focus::ErrorHandling => "error_handling",
            Focus::Performance => "performance",
            Focus::Correctness => "correctness",
            Focus::Nautilus => "nautilus",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Names a finding by what does not change when lines move: rule, path, the text of the line without its spaces,
/// and which of several equal lines it is.
pub(crate) fn fingerprint(rule: &str, path: &str, text: &str, occurrence: usize) -> String {
    let mut hash = Sha256::new();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [rule, path, &words, &occurrence.to_string()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The worst first; then by file and line, so that the order is the same each time.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| {
            (std::cmp::Reverse(finding.severity), finding.path.clone(), finding.line)
        };
        key(a).cmp(&key(b)).then_with(|| a.rule.cmp(&b.rule))
    });
}
