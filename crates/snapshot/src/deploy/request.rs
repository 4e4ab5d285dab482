//! What is to be deployed, as it is written down.

use serde::{Deserialize, Serialize};

use super::config::Environment;
use super::release::Release;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Request {
    /// A new version: from a clean tree, with everything that `preflight` names.
    Deploy,
    /// A version that ran before; tables stay as they are.
    Rollback,
    /// A version that ran before; tables are changed back by the release that changed them.
    RollbackWithTables,
}

impl Request {
    /// Its name, for people and journals.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback | Self::RollbackWithTables => "rollback",
        }
    }
}

/// Everything that the steps of a deploy have to know, whoever continues or undoes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Subject {
    /// What is asked for.
    pub request: Request,
    /// Where to.
    pub environment: String,
    /// How, as it stood in the configuration when it began.
    pub settings: Environment,
    /// What shall run.
    pub to: Release,
    /// What runs; `None` for the first deploy.
    pub from: Option<Release>,
    /// When what runs was deployed, UTC nanoseconds since 1970; `None` if that is not known.
    /// Rows from then on are kept before tables are changed back.
    #[serde(default)]
    pub rows_since_ns: Option<i64>,
}

impl Subject {
    /// What is asked for, where to, and how.
    #[must_use]
    pub fn new(
        request: Request,
        environment: &str,
        settings: &Environment,
        to: Release,
        from: Option<Release>,
    ) -> Self {
        let (environment, settings) = (environment.to_owned(), settings.clone());
        Self { request, environment, settings, to, from, rows_since_ns: None }
    }

    /// Sets [`Subject::rows_since_ns`].
    #[must_use]
    pub fn with_rows_since(mut self, ns: Option<i64>) -> Self {
        self.rows_since_ns = ns;
        self
    }

    /// What people are told of the plan of that name.
    #[must_use]
    pub fn reason(&self, plan_id: &str) -> String {
        format!("{} {plan_id} of {}", self.request.as_str(), self.environment)
    }
}
