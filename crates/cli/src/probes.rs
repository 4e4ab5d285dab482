//! How each check of `plimsoll verify` is tried out: as a person would, by the commands that a person would type.

mod monitoring;
mod repository;
mod review;
mod run;
mod staging;

use std::sync::{Arc, OnceLock};

use plimsoll_kit::{Check, CheckState, VerifyConfig};

use crate::glue::github::GitHubArgs;
use crate::store::StoreArgs;

pub(crate) use monitoring::Demo;
pub(crate) use run::Program;

/// What probes are told.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) config: VerifyConfig,
    pub(crate) github: GitHubArgs,
    pub(crate) store: StoreArgs,
    pub(crate) program: Program,
    /// Nothing may be asked that is not on this machine's disk.
    pub(crate) is_offline: bool,
    /// The one demo that several checks look at, made by the first that asks.
    pub(crate) demo: Arc<OnceLock<Demo>>,
}

impl Surroundings {
    /// What is not there: a failure if somebody requires it, else merely not set up.
    fn absent(&self, id: &str, why: impl Into<String>, fix: &str) -> CheckState {
        if self.config.required.iter().any(|required| required == id) {
            CheckState::failed(why, fix)
        } else {
            CheckState::skipped(format!("{}; {fix}", why.into()))
        }
    }
}

/// The probe of a check; `None` for a name that is no check.
pub(crate) fn probe(id: &str, around: &Surroundings) -> Option<Box<dyn Check>> {
    let around = around.clone();
    let probe: fn(&Surroundings) -> CheckState = match id {
        "security.bandit" => repository::bandit,
        "security.gitleaks" => repository::gitleaks,
        "security.dependabot-alerts" => repository::dependabot_alerts,
        "monitoring.canary-row" => monitoring::canary_row,
        "monitoring.station" => monitoring::station,
        "monitoring.trade-rows" => monitoring::trade_rows,
        "monitoring.latency" => monitoring::latency,
        "monitoring.rules" => monitoring::rules,
        "monitoring.drawdown-alert" => monitoring::drawdown_alert,
        "monitoring.discord" => monitoring::discord,
        "monitoring.sentry-event" => monitoring::sentry_event,
        "review.lints" => review::lints,
        "review.model" => review::model,
        "review.comment" => review::comment,
        "staging.deploy" => staging::deploy,
        "staging.backtest" => staging::backtest,
        "staging.paper-trade" => staging::paper_trade,
        "staging.metrics" => staging::metrics,
        "rollback.drill" => staging::drill,
        "rollback.resumes" => staging::resumes,
        "rollback.snapshot" => staging::snapshot,
        "hooks.doctor" => repository::hooks,
        "hooks.sentry-login" => repository::sentry_login,
        "drift.configuration" => repository::configuration,
        "drift.documents" => repository::documents,
        "drift.files" => repository::files,
        "drift.decisions" => repository::decisions,
        _ => return None,
    };
    Some(Box::new(move || probe(&around)))
}

#[cfg(test)]
mod tests {
    use plimsoll_kit::CHECKS;

    use super::*;

    #[test]
    fn every_check_has_a_probe() {
        let around = Surroundings {
            config: VerifyConfig::default(),
            github: GitHubArgs::default(),
            store: StoreArgs::default(),
            program: Program::default(),
            is_offline: true,
            demo: Arc::default(),
        };
        for check in CHECKS {
            assert!(probe(check.id, &around).is_some(), "{}", check.id);
        }
        assert!(probe("monitoring.nothing", &around).is_none());
    }
}
