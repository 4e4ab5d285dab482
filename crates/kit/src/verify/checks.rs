//! The checks that there are: names, words, and what a report needs to know before one runs.

use super::Area;

/// A check by name. Who runs it supplies the probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckSpec {
    /// Its name, as settings and reports have it.
    pub id: &'static str,
    /// Part of the set-up.
    pub area: Area,
    /// What it shows.
    pub title: &'static str,
    /// It needs neither a network nor a server.
    pub is_offline: bool,
}

const fn offline(id: &'static str, area: Area, title: &'static str) -> CheckSpec {
    CheckSpec { id, area, title, is_offline: true }
}

const fn online(id: &'static str, area: Area, title: &'static str) -> CheckSpec {
    CheckSpec { id, area, title, is_offline: false }
}

/// All checks, in the order of reports.
pub const CHECKS: &[CheckSpec] = &[
    offline("security.bandit", Area::Security, "Python code has no finding of severity HIGH"),
    offline("security.gitleaks", Area::Security, "no commit holds a secret"),
    online("security.dependabot-alerts", Area::Security, "no critical advisory is open"),
    online("monitoring.canary-row", Area::Monitoring, "a row that is written is read back"),
    online("monitoring.station", Area::Monitoring, "the station takes a row and shows it"),
    offline("monitoring.trade-rows", Area::Monitoring, "what a paper trade does reaches a store"),
    offline("monitoring.latency", Area::Monitoring, "latencies of orders reach a store"),
    offline("monitoring.rules", Area::Monitoring, "alert rules and receivers are in order"),
    online("monitoring.drawdown-alert", Area::Monitoring, "a drawdown reaches its receiver"),
    online("monitoring.discord", Area::Monitoring, "a message reaches Discord"),
    online("monitoring.sentry-event", Area::Monitoring, "an error reaches Sentry"),
    offline("review.lints", Area::Review, "planted defects are flagged"),
    online("review.model", Area::Review, "the model answers a review, within its budget"),
    online("review.comment", Area::Review, "the newest pull request has its review"),
    online("staging.deploy", Area::Staging, "the newest deploy to staging ended healthy"),
    offline("staging.backtest", Area::Staging, "a backtest ends with the books that it should"),
    offline("staging.paper-trade", Area::Staging, "an order is placed and cancelled on paper"),
    online("staging.metrics", Area::Staging, "the staging store has rows"),
    online("rollback.drill", Area::Rollback, "the newest drill was back within 300 s"),
    offline("rollback.snapshot", Area::Rollback, "the newest snapshot could be restored"),
    online("rollback.resumes", Area::Rollback, "after the newest drill the strategy was armed"),
    offline("hooks.doctor", Area::Hooks, "each installed hook answers a sample"),
    offline("hooks.sentry-login", Area::Hooks, "coding agents are sent to Sentry's tools"),
    offline("drift.configuration", Area::Drift, "the configuration is valid"),
    offline("drift.documents", Area::Drift, "nothing disagrees with the configuration"),
    offline("drift.files", Area::Drift, "rendered files are in step"),
    offline("drift.decisions", Area::Drift, "decision records are in order"),
];
