//! What a team wanted to see with its own eyes, line by line, and the checks that show it.

/// A line of a checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChecklistLine {
    /// The part of the checklist.
    pub part: &'static str,
    /// Its words.
    pub text: &'static str,
    /// The check that shows it.
    pub id: &'static str,
}

const fn line(part: &'static str, text: &'static str, id: &'static str) -> ChecklistLine {
    ChecklistLine { part, text, id }
}

/// The verification part of the checklist: no line is without a check.
pub const VERIFICATION_CHECKLIST: &[ChecklistLine] = &[
    line("Security", "Run `bandit -r strategies/` - zero HIGH", "security.bandit"),
    line("Security", "Run `gitleaks detect` - zero secrets", "security.gitleaks"),
    line("Security", "Check Dependabot alerts - zero CRITICAL", "security.dependabot-alerts"),
    line("Security", "Trigger test error - appears in Sentry", "monitoring.sentry-event"),
    line("Monitoring", "Execute test trade - appears in dashboard", "monitoring.trade-rows"),
    line("Monitoring", "Trigger drawdown - alert received", "monitoring.drawdown-alert"),
    line("Monitoring", "Check latency - metrics visible", "monitoring.latency"),
    line("Monitoring", "Verify Discord - message received", "monitoring.discord"),
    line("Review", "Create test PR - Opus review appears", "review.comment"),
    line("Review", "Check review quality - actionable feedback", "review.model"),
    line("Review", "Security items - flagged correctly", "review.lints"),
    line("Staging", "Deploy to staging - success", "staging.deploy"),
    line("Staging", "Run backtest - completes", "staging.backtest"),
    line("Staging", "Paper trade - orders execute", "staging.paper-trade"),
    line("Staging", "Metrics flow - visible in staging Grafana", "staging.metrics"),
    line("Rollback", "Execute rollback - completes < 5 min", "rollback.drill"),
    line("Rollback", "Verify state - consistent", "rollback.snapshot"),
    line("Rollback", "Trading resumes - functional", "rollback.resumes"),
];
