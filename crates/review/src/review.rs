//! A whole review: lints, then the model as far as budget and service allow, and a report that says what was not
//! looked at.

use std::time::Duration;

use plimsoll_redact::Rules;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{AnswerError, Usage, read, usage};
use crate::ask::{Ask, AskError};
use crate::batch::{LeftOut, split};
use crate::config::Config;
use crate::diff::Diff;
use crate::finding::{Finding, Severity, sort};
use crate::lint::lint;
use crate::request::Request;

/// What a review found, and how much of it is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Version of this form: 1.
    pub schema_version: u32,
    /// The worst first.
    pub findings: Vec<Finding>,
    /// What the model's part came to.
    pub model: ModelPart,
    /// What the model did not see.
    pub left_out: Vec<LeftOut>,
    /// Files of the diff.
    pub files: usize,
    /// Added lines of the diff.
    pub added_lines: usize,
}

/// What the model's part of a review came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ModelPart {
    /// The model saw everything that was not left out.
    Reviewed {
        /// What it took.
        #[serde(flatten)]
        spent: Spent,
    },
    /// Some requests were not answered: what they held was not reviewed.
    Partial {
        /// What it took.
        #[serde(flatten)]
        spent: Spent,
        /// The reasons, one for each request.
        unanswered: Vec<String>,
    },
    /// The model saw nothing, for this reason.
    Unverified {
        /// In words.
        why: String,
    },
}

/// What the model's part took.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Spent {
    /// The model's name.
    pub model: String,
    /// Requests that were answered.
    pub answered: usize,
    /// Tokens as the service counted them.
    pub usage: Usage,
    /// USD by the configured prices.
    pub cost_usd: f64,
    /// Entries that pointed at no line of the diff, and were not taken.
    pub discarded: usize,
}

/// Why one request has no findings.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

impl Report {
    /// Whether a finding is at least this bad.
    pub fn blocks(&self, on: Severity) -> bool {
        self.findings.iter().any(|finding| finding.severity >= on)
    }
}

/// A diff to be reviewed, and how.
#[derive(Debug)]
pub struct Review<'a> {
    diff: &'a Diff,
    config: &'a Config,
    rules: Rules,
}

impl<'a> Review<'a> {
    /// Of this diff, with these settings.
    pub fn new(diff: &'a Diff, config: &'a Config) -> Review<'a> {
        Review { diff, config, rules: Rules::default() }
    }

    /// Masks these values too before anything is sent: secrets that the caller knows.
    #[must_use]
    pub fn with_known_secrets(
        mut self,
        values: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Review<'a> {
        self.rules = self.rules.with_known(values);
        self
    }

    /// The requests that the model would get, for a look before anything is sent.
    pub fn requests(&self) -> Vec<Request> {
        let (batches, _) = split(self.diff, self.config, &self.rules);
        batches.iter().map(|batch| Request::new(batch, self.config)).collect()
    }

    /// Runs the lints only. `why` says why the model was not asked.
    pub fn without_model(&self, why: &str) -> Report {
        self.report(Vec::new(), ModelPart::Unverified { why: why.to_owned() }, Vec::new())
    }

    /// Runs the lints, then asks the model batch by batch until all are answered or the budget is used.
    ///
    /// `pause` waits before another try; at most 60 s, and [`Config::max_attempts`] tries a request.
    pub fn with_model(&self, model: &mut dyn Ask, pause: &mut dyn FnMut(Duration)) -> Report {
        let (batches, left_out) = split(self.diff, self.config, &self.rules);
        let mut spent = Spent { model: self.config.model.clone(), ..Spent::default() };
        let (mut findings, mut unanswered) = (Vec::new(), Vec::new());
        for (index, batch) in batches.iter().enumerate() {
            let request = Request::new(batch, self.config);
            let most = self.config.request_usd(request.input_tokens_max, request.output_tokens_max);
            if spent.cost_usd + most > self.config.max_budget_usd {
                let rest = batches.len() - index;
                unanswered.push(format!(
                    "{rest} requests not sent: {:.2} USD spent, the next may cost {most:.2}, the budget is {:.2}",
                    spent.cost_usd, self.config.max_budget_usd
                ));
                break;
            }
            match self.answer(&request, model, pause, &mut spent) {
                Ok(found) => findings.extend(found),
                Err(failed) => {
                    let paths: Vec<_> =
                        batch.pieces.iter().map(|piece| piece.path.as_str()).collect();
                    unanswered.push(format!("{}: {}", paths.join(", "), chain(&failed)));
                }
            }
        }
        let model = match (spent.answered, unanswered.is_empty()) {
            (_, true) => ModelPart::Reviewed { spent },
            (0, false) => ModelPart::Unverified { why: unanswered.join("; ") },
            (_, false) => ModelPart::Partial { spent, unanswered },
        };
        self.report(findings, model, left_out)
    }

    fn answer(
        &self,
        request: &Request,
        model: &mut dyn Ask,
        pause: &mut dyn FnMut(Duration),
        spent: &mut Spent,
    ) -> Result<Vec<Finding>, Failed> {
        let mut tries = 0;
        let body = loop {
            tries += 1;
            match model.ask(request) {
                Ok(body) => break body,
                Err(error) => match error.retry_in(tries) {
                    Some(wait) if tries < self.config.max_attempts => pause(wait),
                    _ => return Err(error.into()),
                },
            }
        };
        self.charge(&body, spent);
        let answer = read(&body, self.diff)?;
        spent.answered += 1;
        spent.discarded += answer.discarded;
        Ok(answer.findings)
    }

    fn charge(&self, body: &Value, spent: &mut Spent) {
        let used = usage(body);
        let count = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
        spent.cost_usd +=
            self.config.request_usd(count(used.input_tokens), count(used.output_tokens));
        spent.usage.input_tokens = spent.usage.input_tokens.saturating_add(used.input_tokens);
        spent.usage.output_tokens = spent.usage.output_tokens.saturating_add(used.output_tokens);
    }

    fn report(&self, by_model: Vec<Finding>, model: ModelPart, left_out: Vec<LeftOut>) -> Report {
        let mut findings: Vec<_> = lint(self.diff, &self.config.disabled_lints)
            .into_iter()
            .filter(|finding| !self.config.excludes(&finding.path))
            .collect();
        for finding in by_model {
            // What a lint says of the same line and part needs no second opinion, and nothing is said twice.
            let is_said = findings.iter().any(|said| {
                said.fingerprint == finding.fingerprint
                    || (said.path == finding.path
                        && said.focus == finding.focus
                        && (finding.line..=finding.end_line).contains(&said.line))
            });
            if !is_said {
                findings.push(finding);
            }
        }
        sort(&mut findings);
        Report {
            schema_version: 1,
            findings,
            model,
            left_out,
            files: self.diff.files.len(),
            added_lines: self.diff.added_lines(),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
