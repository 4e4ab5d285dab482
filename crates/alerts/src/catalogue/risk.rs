//! Money: drawdown, the day's loss, leverage, margin.

use super::{Entry, Limits, RulesConfig, by, stale, text};
use crate::rule::{
    Across, Condition, Drawdown, Matcher, Measure, PeakReset, Query, Rule, SessionLoss, Severity,
    Text, Unit,
};

/// Whose equity.
const OWNER: [&str; 3] = ["scope", "account_id", "strategy_id"];

pub(super) fn entries(limits: &Limits, config: &RulesConfig) -> Vec<Entry> {
    let mut all = drawdowns(limits, config);
    all.push(daily_loss(limits, config));
    all.extend(exposure(limits, config));
    all.extend(margin(config));
    all
}

fn drawdowns(limits: &Limits, config: &RulesConfig) -> Vec<Entry> {
    let peak = match config.drawdown_reset {
        // A peak of today is at least what today began with.
        PeakReset::Daily(_) => "trading_risk.day_start_equity",
        PeakReset::Never | PeakReset::Manual => "trading_risk.peak_equity",
    };
    let flows = Query::last("equity_flows.amount")
        .filtered(Matcher::is("kind", ["deposit", "withdrawal", "transfer"]));
    let measure = Measure::Drawdown(Drawdown::new(
        Query::last("trading_risk.equity"),
        Query::last(peak),
        Some(flows),
        config.drawdown_reset.clone(),
    ));
    let words = |action: &str| {
        let meaning = "Equity lies this far below its peak, deposits and withdrawals left out.";
        text("Drawdown", Unit::Ratio, meaning, action, "the mission; limits of the configuration")
    };
    let step = |name: &str, limit: f64, severity, words: Text| {
        let condition = Condition::above(limit).resolving_at(limit * 0.9);
        let mut rule = Rule::measuring(name, measure.clone(), condition, severity)
            .by(by(OWNER))
            .in_family("drawdown")
            .data_inhibited_by("stale_equity_open", super::WHERE.into_iter().chain(["account_id"]))
            .with_text(words);
        rule.absent = stale(config.stale_after, Severity::Critical);
        rule
    };
    let warning = step(
        "drawdown_warning",
        limits.drawdown_warn_ratio,
        Severity::Warning,
        words("See which strategy loses, and whether its positions are meant."),
    );
    let critical = step(
        "drawdown_critical",
        limits.drawdown_critical_ratio,
        Severity::Critical,
        words("Reduce or stop now; decide before the kill limit does."),
    );
    let kill = step(
        "drawdown_kill",
        limits.drawdown_kill_ratio,
        Severity::Critical,
        words("Trading has to be stopped: `plimsoll halt`. A person ends this alert."),
    )
    .latched();
    let silenced = |rule: Rule| rule.inhibited_by("drawdown_kill", by(OWNER));
    vec![
        Entry::on(silenced(warning)).limited_by("drawdown_warn_ratio"),
        Entry::on(silenced(critical)).limited_by("drawdown_critical_ratio"),
        Entry::off(kill).limited_by("drawdown_kill_ratio"),
    ]
}

fn daily_loss(limits: &Limits, config: &RulesConfig) -> Entry {
    let limit = limits.max_daily_loss_ratio;
    let words = text(
        "Daily loss",
        Unit::Ratio,
        "Loss since the day's start, open positions included, of the equity then.",
        "Take no new risk today; a person ends this alert.",
        "practice; limits of the configuration",
    );
    let rule = match &config.day {
        // The producers' own day, whose profit is positive.
        None => {
            let measure = Measure::last("trading_risk.daily_pnl_ratio");
            let condition = Condition::below(-limit).resolving_at(-limit * 0.9);
            Rule::measuring("daily_loss", measure, condition, Severity::Critical).by(by(OWNER))
        }
        Some(day) => {
            let account =
                |metric: &str| Query::last(metric).filtered(Matcher::is("scope", ["account"]));
            let flows = Query::last("equity_flows.amount")
                .filtered(Matcher::is("kind", ["deposit", "withdrawal", "transfer"]));
            let loss =
                SessionLoss::new(account("trading_risk.equity"), Some(flows), None, day.clone());
            let condition = Condition::above(limit).resolving_at(limit * 0.9);
            Rule::measuring("daily_loss", Measure::SessionLoss(loss), condition, Severity::Critical)
                .by(by(["account_id"]))
        }
    };
    let mut rule = rule.latched().with_text(words);
    rule.absent = stale(config.stale_after, Severity::Critical);
    Entry::off(rule).limited_by("max_daily_loss_ratio")
}

fn exposure(limits: &Limits, config: &RulesConfig) -> Vec<Entry> {
    let rule = |name: &str, column: &str, limit: f64, words: Text| {
        let metric = format!("trading_risk.{column}");
        let condition = Condition::above(limit);
        let mut rule =
            Rule::new(name, metric, condition, Severity::Critical).by(by(OWNER)).with_text(words);
        rule.absent = stale(config.stale_after, Severity::Warning);
        rule
    };
    let action = "Reduce positions, or raise the limit with a reason.";
    let source = "SEC 15c3-5(c)(1), RTS 6 Art. 15; limits of the configuration";
    let meaning = "Gross notional is this many times equity.";
    let words = text("Leverage", Unit::None, meaning, action, source);
    let mut all = vec![
        Entry::on(rule("leverage_max", "leverage_ratio", limits.max_leverage, words))
            .limited_by("max_leverage"),
    ];
    if let Some(limit) = limits.max_gross_ratio {
        let meaning = "All notionals together, whatever their side, over equity.";
        let words = text("Gross exposure", Unit::Ratio, meaning, action, source);
        all.push(
            Entry::on(rule("gross_exposure_max", "leverage_ratio", limit, words))
                .limited_by("portfolio.max_gross_ratio"),
        );
    }
    if let Some(limit) = limits.max_net_ratio {
        let meaning = "Notionals with short ones subtracted, over equity.";
        let words = text("Net exposure", Unit::Ratio, meaning, action, source);
        all.push(
            Entry::on(rule("net_exposure_max", "exposure_ratio", limit, words))
                .limited_by("portfolio.max_net_ratio"),
        );
    }
    all
}

fn margin(config: &RulesConfig) -> Vec<Entry> {
    // Margin ratios of 1.5 and 1.2 in the words of venues: equity over maintenance margin.
    let steps = [
        ("margin_warning", 1.0 / 1.5, Severity::Warning),
        ("margin_critical", 1.0 / 1.2, Severity::Critical),
    ];
    let rule = |(name, limit, severity): (&str, f64, Severity)| {
        let condition = Condition::above(limit).resolving_at(limit * 0.95);
        let words = text(
            "Margin",
            Unit::Ratio,
            "Maintenance margin is this share of equity; at all of it the venue liquidates.",
            "Reduce positions or add margin before the venue does.",
            "practice: equity of 1.5 and 1.2 times the maintenance margin",
        );
        let query = Query::last("account_state.margin_ratio").across(Across::Max);
        let mut rule = Rule::measuring(name, Measure::Value(query), condition, severity)
            .by(by(["account_id", "venue"]))
            .in_family("margin")
            .with_text(words);
        rule.absent = stale(config.stale_after, Severity::Warning);
        Entry::off(rule)
    };
    steps.map(rule).into()
}
