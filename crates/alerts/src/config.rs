//! The section `alerts` of a configuration: what is watched, who is told, and who watches the watcher.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::deadman::DeadmanConfig;
use crate::delivery::{DeliveryConfig, DeliveryProblem};
use crate::{Engine, Maintenance, Rule};

/// The section as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AlertsConfig {
    /// Rules of one's own.
    pub rules: Vec<Rule>,
    /// Windows in which what lives and is reached tells nobody.
    pub maintenance: Vec<Maintenance>,
    /// Receivers and routes.
    pub delivery: DeliveryConfig,
    /// Directory of the outbox. Default `runs/alerts`.
    pub outbox: PathBuf,
    /// Signs of life for an outside watcher.
    pub deadman: DeadmanConfig,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            maintenance: Vec::new(),
            delivery: DeliveryConfig::default(),
            outbox: PathBuf::from("runs/alerts"),
            deadman: DeadmanConfig::default(),
        }
    }
}

impl AlertsConfig {
    /// Everything in it that cannot be meant.
    #[must_use]
    pub fn problems(&self) -> Vec<DeliveryProblem> {
        let errors = Engine::new(self.rules.clone()).err();
        let of_rules = errors.into_iter().flat_map(|errors| errors.found);
        let of_rules = of_rules.map(|problem| DeliveryProblem {
            key: format!("rules.{}.{}", problem.rule, problem.field),
            found: problem.found,
            wanted: problem.wanted,
        });
        let of_delivery = self
            .delivery
            .problems()
            .into_iter()
            .map(|problem| DeliveryProblem { key: format!("delivery.{}", problem.key), ..problem });
        of_rules.chain(of_delivery).collect()
    }
}
