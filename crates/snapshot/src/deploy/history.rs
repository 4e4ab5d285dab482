//! Which deploys there were, by their journals.

use std::path::Path;

use serde::Serialize;

use super::release::Release;
use super::request::Subject;
use crate::plan::{PlanError, PlanState, PlanSummary, Plans};

/// A deploy or rollback that was begun.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Deployed {
    /// Its plan.
    pub plan: PlanSummary,
    /// What it was for.
    pub subject: Subject,
}

impl Deployed {
    /// Whether it ended with everything healthy.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.plan.state == PlanState::Done
    }
}

/// Why it is not known which deploys there were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The journals cannot be read.
    #[error("cannot read the journals of deploys")]
    Plans {
        /// Why.
        source: PlanError,
    },
    /// A journal does not say what it was for.
    #[error("the journal of `{id}` does not say what was deployed")]
    Subject {
        /// Which.
        id: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// Lists deploys and rollbacks, oldest first.
///
/// # Errors
///
/// [`HistoryError`] if any journal cannot be read.
pub fn history(plans_dir: &Path) -> Result<Vec<Deployed>, HistoryError> {
    let plans = Plans::list(plans_dir).map_err(|source| HistoryError::Plans { source })?;
    let one = |plan: PlanSummary| {
        let subject = serde_json::from_str(&plan.subject)
            .map_err(|source| HistoryError::Subject { id: plan.id.clone(), source })?;
        Ok(Deployed { plan, subject })
    };
    plans.into_iter().map(one).collect()
}

/// The newest deploy that ended healthy and is another commit than the one that runs.
#[must_use]
pub fn newest_healthy<'a>(
    history: &'a [Deployed],
    current: Option<&Release>,
) -> Option<&'a Deployed> {
    let is_other = |deployed: &&Deployed| {
        current.is_none_or(|current| current.commit != deployed.subject.to.commit)
    };
    let mut healthy = history.iter().rev().filter(|deployed| deployed.is_healthy());
    healthy.find(is_other)
}
