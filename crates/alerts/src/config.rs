//! The section `alerts` of a configuration: what is watched, who is told, and who watches the watcher.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::deadman::DeadmanConfig;
use crate::delivery::{DeliveryConfig, DeliveryProblem};
use crate::{ActionConfig, Maintenance, RulesConfig};

/// The section as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AlertsConfig {
    /// Which rules there are.
    pub rules: RulesConfig,
    /// Programs that are run when a rule fires.
    pub actions: Vec<ActionConfig>,
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
            rules: RulesConfig::default(),
            actions: Vec::new(),
            maintenance: Vec::new(),
            delivery: DeliveryConfig::default(),
            outbox: PathBuf::from("runs/alerts"),
            deadman: DeadmanConfig::default(),
        }
    }
}

impl AlertsConfig {
    /// Everything in it that cannot be meant; for rules, which need the limits that are configured
    /// elsewhere, see [`RulesConfig::problems`].
    #[must_use]
    pub fn problems(&self) -> Vec<DeliveryProblem> {
        let of_delivery = self.delivery.problems().into_iter();
        let of_delivery = of_delivery
            .map(|problem| DeliveryProblem { key: format!("delivery.{}", problem.key), ..problem });
        of_delivery.collect()
    }
}
