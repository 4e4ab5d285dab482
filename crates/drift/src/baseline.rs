//! Drift that somebody has accepted for a while: a file with a reason and a last day for each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::{Finding, Level, Place, Report, State};

/// The version of the file. A newer one is refused.
const SCHEMA_VERSION: u32 = 1;

/// Accepted drift.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Baseline {
    /// The version of the file's form.
    pub schema_version: u32,
    /// What is accepted.
    pub accepted: Vec<Accepted>,
}

/// One accepted finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Accepted {
    /// The finding, by its fingerprint: rule, key, file and what was found, not the line.
    pub fingerprint: String,
    /// How many findings with that fingerprint are accepted.
    #[serde(default = "one")]
    pub count: usize,
    /// The last day on which it is accepted, as `2026-12-31`.
    pub until: String,
    /// Why.
    pub reason: String,
    /// What it is about, for people; nothing depends on it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
}

fn one() -> usize {
    1
}

/// Why accepted drift cannot be told. Nothing is accepted then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// The file is not what it should be.
    #[error("the baseline is no such file: line {line}, column {column}: {what}")]
    Parse {
        /// Counted from one.
        line: usize,
        /// Counted from one.
        column: usize,
        /// What is wrong.
        what: String,
    },
    /// A newer program wrote it.
    #[error("the baseline has version {found}, and this program reads up to {SCHEMA_VERSION}")]
    Newer {
        /// Its version.
        found: u32,
    },
    /// An entry is not complete.
    #[error("entry {entry} of the baseline, `{fingerprint}`: {what}")]
    Entry {
        /// Counted from one.
        entry: usize,
        /// Its fingerprint.
        fingerprint: String,
        /// What is wrong.
        what: &'static str,
    },
}

impl Default for Baseline {
    fn default() -> Self {
        Self { schema_version: SCHEMA_VERSION, accepted: Vec::new() }
    }
}

impl Baseline {
    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// [`BaselineError`] if it is broken, newer, or an entry has no reason or no day.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self = serde_json::from_str(text).map_err(|error| BaselineError::Parse {
            line: error.line(),
            column: error.column(),
            what: error.to_string(),
        })?;
        if baseline.schema_version > SCHEMA_VERSION {
            return Err(BaselineError::Newer { found: baseline.schema_version });
        }
        for (index, accepted) in baseline.accepted.iter().enumerate() {
            let what = if accepted.reason.trim().is_empty() {
                "no reason"
            } else if !is_day(&accepted.until) {
                "`until` is no day such as 2026-12-31"
            } else {
                continue;
            };
            let (entry, fingerprint) = (index + 1, accepted.fingerprint.clone());
            return Err(BaselineError::Entry { entry, fingerprint, what });
        }
        Ok(baseline)
    }

    /// The text of a file.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// Accepts findings up to a day. Those that are accepted already get the new reason and day.
    pub fn accept(&mut self, findings: &[&Finding], until: &str, reason: &str) {
        let mut counts: BTreeMap<&str, (usize, &Finding)> = BTreeMap::new();
        for finding in findings {
            counts.entry(&finding.fingerprint).or_insert((0, finding)).0 += 1;
        }
        for (fingerprint, (count, finding)) in counts {
            self.accepted.retain(|accepted| accepted.fingerprint != fingerprint);
            self.accepted.push(Accepted {
                fingerprint: fingerprint.to_owned(),
                count,
                until: until.to_owned(),
                reason: reason.to_owned(),
                about: format!("{}: {}", finding.place.path, finding.message),
            });
        }
        self.accepted.sort_by(|a, b| (&a.about, &a.fingerprint).cmp(&(&b.about, &b.fingerprint)));
    }

    /// Takes accepted findings out of a report; `today` as `2026-12-31`, `path` is the file's. An entry that is over is a
    /// warning beside the finding that it no longer covers, an entry without a finding is a note. Returns the
    /// fingerprints of entries that cover nothing any more.
    pub fn apply(&self, report: &mut Report, today: &str, path: &str) -> Vec<String> {
        let mut unused = Vec::new();
        for accepted in &self.accepted {
            let is_over = accepted.until.as_str() < today;
            let is_it = |finding: &Finding| finding.fingerprint == accepted.fingerprint;
            let found = report.findings.iter().filter(|finding| is_it(finding)).count();
            let about = &accepted.about;
            let (state, level, message) = if found == 0 {
                unused.push(accepted.fingerprint.clone());
                let message =
                    format!("nothing is left of what was accepted here; take it out: {about}");
                (State::Match, Level::Note, message)
            } else if is_over {
                let message = format!("accepted until {}, which is over: {about}", accepted.until);
                (State::Drift, Level::Warning, message)
            } else {
                let mut left = accepted.count;
                report.findings.retain(|finding| {
                    let takes = is_it(finding) && left > 0;
                    left -= usize::from(takes);
                    !takes
                });
                report.accepted += found.min(accepted.count);
                continue;
            };
            let finding = Finding::new("baseline", state, level, "", Place::top_of(path));
            report.findings.push(finding.with_message(message).with_fingerprint());
        }
        unused
    }
}

/// Whether a text is a day as `2026-12-31`; days then sort as texts do.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |part: &str, length: usize, most: u32| {
        part.len() == length
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && part.parse().is_ok_and(|number: u32| (1..=most).contains(&number))
    };
    matches!(parts.as_slice(), [year, month, day]
        if number(year, 4, 9999) && number(month, 2, 12) && number(day, 2, 31))
}
