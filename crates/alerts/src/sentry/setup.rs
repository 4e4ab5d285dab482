//! Sentry's own alert rules, by its workflow API: what there should be, what there is, and the steps between.

mod api;
mod rules;

use std::{fmt, time::Duration};

use plimsoll_redact::Secret;
use serde_json::Value;

use crate::http::{Fault, Http, Reply};
use crate::secret::{SecretError, SecretRef, Secrets};

use rules::Wanted;

/// Longest time for one request.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Which project, and how to get in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SentryProject {
    /// Base address, as `https://sentry.io` or `https://de.sentry.io`.
    pub url: String,
    /// Short name of the organization.
    pub organization: String,
    /// Short name of the project.
    pub project: String,
    /// A token with the scopes `alerts:write` and `event:read`.
    pub token: SecretRef,
    /// Environment that the rules look at. Default: all.
    pub environment: Option<String>,
    /// A channel on Discord that is told besides: id of the integration, and of the channel.
    pub discord: Option<(String, String)>,
}

impl SentryProject {
    /// A project of sentry.io.
    pub fn new(
        organization: impl Into<String>,
        project: impl Into<String>,
        token: SecretRef,
    ) -> Self {
        Self {
            url: "https://sentry.io".to_owned(),
            organization: organization.into(),
            project: project.into(),
            token,
            environment: None,
            discord: None,
        }
    }

    /// At another address, such as a region's or one's own.
    #[must_use]
    pub fn at(self, url: impl Into<String>) -> Self {
        Self { url: url.into(), ..self }
    }

    /// Only for this environment.
    #[must_use]
    pub fn in_environment(self, environment: impl Into<String>) -> Self {
        Self { environment: Some(environment.into()), ..self }
    }

    /// Also to a channel on Discord, by Sentry's own integration.
    #[must_use]
    pub fn with_discord(self, integration: impl Into<String>, channel: impl Into<String>) -> Self {
        Self { discord: Some((integration.into(), channel.into())), ..self }
    }
}

/// Why Sentry's rules could not be read or changed. Never repeats the token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SentryApiError {
    /// The token cannot be read.
    #[error("cannot read the token of Sentry")]
    Token {
        /// Why.
        source: SecretError,
    },
    /// Sentry cannot be reached.
    #[error("cannot reach Sentry at {url}: {detail}")]
    Unreachable {
        /// Base address.
        url: String,
        /// What happened.
        detail: String,
    },
    /// The token is refused, or lacks a scope.
    #[error("Sentry refuses the token ({status}) for {what}: {detail}")]
    Forbidden {
        /// Status code.
        status: u16,
        /// What was asked for.
        what: String,
        /// What it said.
        detail: String,
    },
    /// It does not know the organization or the project, or has no workflow API.
    #[error(
        "Sentry does not find {what}: is the name right, and is it new enough for the workflow API?"
    )]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// The project has no detector that a rule could be bound to.
    #[error("project `{project}` has no detector of errors; send it one event first")]
    NoDetector {
        /// The project.
        project: String,
    },
    /// It refused a rule, or answered what is no answer.
    #[error("Sentry answered {status} to {what}: {detail}")]
    Refused {
        /// Status code.
        status: u16,
        /// What was asked for.
        what: String,
        /// What it said.
        detail: String,
    },
}

impl SentryApiError {
    fn of_fault(url: &str, fault: &Fault) -> Self {
        Self::Unreachable { url: url.to_owned(), detail: fault.to_string() }
    }

    fn of_reply(what: &str, reply: &Reply) -> Self {
        let (status, what, detail) = (reply.status, what.to_owned(), reply.excerpt());
        match status {
            401 | 403 => Self::Forbidden { status, what, detail },
            404 | 410 => Self::NotFound { what },
            _ => Self::Refused { status, what, detail },
        }
    }
}

/// Steps from what there is to what there should be.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SentryPlan {
    /// One for each rule.
    pub steps: Vec<SentryStep>,
}

/// What is done about one rule.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SentryStep {
    /// Name of the rule at Sentry.
    pub name: String,
    /// What is done.
    pub kind: SentryStepKind,
    body: Value,
}

/// What is done about one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SentryStepKind {
    /// It is as it should be.
    Keep,
    /// It is not there.
    Create,
    /// It is another way.
    Update {
        /// Its id.
        id: String,
        /// What differs: the field, what stands there, what should.
        differences: Vec<String>,
    },
}

impl SentryPlan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.steps.iter().all(|step| step.kind == SentryStepKind::Keep)
    }
}

impl fmt::Display for SentryPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            match &step.kind {
                SentryStepKind::Keep => writeln!(f, "keep    {}", step.name)?,
                SentryStepKind::Create => writeln!(f, "create  {}", step.name)?,
                SentryStepKind::Update { differences, .. } => {
                    writeln!(f, "update  {}", step.name)?;
                    for difference in differences {
                        writeln!(f, "        {difference}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// A project's interface.
#[derive(Debug)]
pub struct SentryApi {
    project: SentryProject,
    token: Secret,
    http: Http,
}

impl SentryApi {
    /// Opens it; nothing is asked yet.
    ///
    /// # Errors
    ///
    /// [`SentryApiError::Token`]: the token cannot be read.
    pub fn new(project: SentryProject, secrets: &Secrets) -> Result<Self, SentryApiError> {
        let token = secrets.read(&project.token);
        let token = token.map_err(|source| SentryApiError::Token { source })?;
        Ok(Self { project, token, http: Http::new(TIMEOUT) })
    }

    /// Compares what there is with what there should be. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`SentryApiError`]: Sentry cannot be read.
    pub fn plan(&self) -> Result<SentryPlan, SentryApiError> {
        let detector = self.detector()?;
        let there = self.workflows()?;
        let steps = rules::wanted(&self.project)
            .into_iter()
            .map(|wanted| step(&wanted, detector, &there))
            .collect();
        Ok(SentryPlan { steps })
    }

    /// Does what a plan says. Returns how many rules were created and changed.
    ///
    /// # Errors
    ///
    /// [`SentryApiError`] of the first rule that could not be brought about; those before it are.
    pub fn apply(&self, plan: &SentryPlan) -> Result<(usize, usize), SentryApiError> {
        let (mut created, mut updated) = (0_usize, 0_usize);
        for step in &plan.steps {
            match &step.kind {
                SentryStepKind::Keep => {}
                SentryStepKind::Create => {
                    self.write(None, step)?;
                    created = created.saturating_add(1);
                }
                SentryStepKind::Update { id, .. } => {
                    self.write(Some(id), step)?;
                    updated = updated.saturating_add(1);
                }
            }
        }
        Ok((created, updated))
    }
}

fn step(wanted: &Wanted, detector: u64, there: &[Value]) -> SentryStep {
    let named =
        |workflow: &&Value| workflow.get("name").and_then(Value::as_str) == Some(&wanted.name);
    let body = wanted.body(detector);
    let kind = match there.iter().find(named) {
        None => SentryStepKind::Create,
        Some(found) => {
            let differences = wanted.differences(detector, found);
            match found.get("id").and_then(Value::as_str) {
                Some(id) if !differences.is_empty() => {
                    SentryStepKind::Update { id: id.to_owned(), differences }
                }
                _ => SentryStepKind::Keep,
            }
        }
    };
    SentryStep { name: wanted.name.clone(), kind, body }
}
