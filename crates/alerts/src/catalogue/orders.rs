//! Orders, errors, latency and fills.

use std::time::Duration;

use super::{Entry, FIVE_MINUTES, MINUTE, by, text};
use crate::rule::{Condition, Function, Matcher, Measure, Query, Rule, Severity, Text, Unit};

const OWNER: [&str; 2] = ["strategy_id", "venue"];
const HOUR: Duration = Duration::from_secs(3_600);
const SECOND: Duration = Duration::from_secs(1);

pub(super) fn entries() -> Vec<Entry> {
    let mut all = errors();
    all.extend(rejects());
    all.extend(rates());
    all.push(duplicates());
    all.extend(latency());
    all.push(slippage());
    all.push(inferred());
    all
}

fn orders(events: &[&str], span: Duration) -> Query {
    Query::rolling("trading_orders", Function::Count, span)
        .filtered(Matcher::is("event", events.iter().copied()))
}

/// Errors that are no part of normal trading.
fn unexpected() -> Query {
    Query::rolling("trading_errors.count", Function::Sum, FIVE_MINUTES)
        .filtered(Matcher::is("severity", ["error", "critical"]))
        .filtered(Matcher::is_not("error_class", ["expected"]))
}

/// Both steps of a ratio of orders.
fn ratio(name: &str, of: &Query, to: &Query, limit: f64, severity: Severity) -> Rule {
    let measure = Measure::Ratio { of: of.clone(), to: to.clone(), to_min: 20.0 };
    Rule::measuring(name, measure, Condition::above(limit), severity).by(by(OWNER))
}

fn errors() -> Vec<Entry> {
    let words = |title: &str, unit, meaning: &str| {
        let action = "See the newest errors and what they have in common: `plimsoll metrics tail trading_errors`.";
        text(title, unit, meaning, action, "the mission")
    };
    let rate = || {
        let meaning =
            "Errors for each order request of the last 5 minutes, expected ones left out.";
        words("Error rate", Unit::Ratio, meaning)
    };
    let requests = orders(&["submitted", "pending_update", "pending_cancel"], FIVE_MINUTES);
    let step = |name: &str, limit, severity| {
        ratio(name, &unexpected(), &requests, limit, severity)
            .in_family("error_rate")
            .with_text(rate())
    };
    let meaning = "So many errors in 5 minutes, whether or not orders still go out.";
    let burst = Rule::measuring(
        "error_burst",
        Measure::Value(unexpected()),
        Condition::at_least(10.0),
        Severity::Critical,
    )
    .by(by(OWNER))
    .with_text(words("Error burst", Unit::Count, meaning));
    vec![
        Entry::on(step("error_rate", 0.01, Severity::Warning)),
        Entry::on(burst),
        Entry::off(step("error_rate_critical", 0.05, Severity::Critical)),
    ]
}

fn rejects() -> Vec<Entry> {
    let rejected = orders(&["rejected", "denied"], FIVE_MINUTES)
        .filtered(Matcher::is_not("reject_class", ["expected"]));
    let submitted = orders(&["submitted", "denied"], FIVE_MINUTES);
    let step = |name: &str, limit, severity| {
        let words = text(
            "Reject rate",
            Unit::Ratio,
            "Orders that the venue or our own checks refused, of those sent, in 5 minutes.",
            "See the venue's reasons: `trading_orders.reason`.",
            "practice: 20 % in 5 minutes is a common stop",
        );
        let rule = ratio(name, &rejected, &submitted, limit, severity);
        Entry::off(rule.in_family("reject_rate").with_text(words))
    };
    vec![
        step("reject_rate", 0.05, Severity::Warning),
        step("reject_rate_critical", 0.20, Severity::Critical),
    ]
}

fn rates() -> Vec<Entry> {
    let words = |meaning: &str| {
        let action = "Stop the strategy if it was not meant to trade this much.";
        text(
            "Order rate",
            Unit::Count,
            meaning,
            action,
            "RTS 6 Art. 15; NautilusTrader's default of 100 a second",
        )
    };
    let sent = |span| Measure::Value(orders(&["submitted"], span));
    let rule = |name: &str, measure, limit, severity, words: Text| {
        let rule = Rule::measuring(name, measure, Condition::at_least(limit), severity);
        let rule = rule.by(by(OWNER)).in_family("order_rate");
        // A second is over before anybody can look.
        Entry::off(rule.keep_firing_for(MINUTE).with_text(words))
    };
    let a_second = || words("Orders sent in one second.");
    vec![
        rule("order_rate_warning", sent(SECOND), 80.0, Severity::Warning, a_second()),
        rule("order_rate_critical", sent(SECOND), 100.0, Severity::Critical, a_second()),
        rule(
            "order_rate_hour",
            sent(HOUR),
            500.0,
            Severity::Critical,
            words("Orders sent in one hour."),
        ),
    ]
}

fn duplicates() -> Entry {
    let words = text(
        "Duplicate orders",
        Unit::Count,
        "Orders with the same side, size and price within a second.",
        "Stop the strategy: it repeats itself.",
        "SEC 15c3-5(c)(1), RTS 6 Art. 15: repeated execution throttle",
    );
    let query = Query::rolling("order_repeats.count", Function::Max, SECOND);
    let condition = Condition::at_least(3.0);
    let rule =
        Rule::measuring("duplicate_orders", Measure::Value(query), condition, Severity::Critical)
            .by(by(["account_id", "instrument_id", "venue"]))
            .keep_firing_for(MINUTE);
    Entry::off(rule.with_text(words))
}

fn latency() -> Vec<Entry> {
    let query = Query::rolling("order_latency.latency_ms", Function::Quantile(0.99), FIVE_MINUTES)
        .filtered(Matcher::is("stage", ["ack", "timeout"]))
        // Venue time in it would be a comparison of two clocks.
        .filtered(Matcher::is("clock", ["mono"]))
        .with_samples_min(50);
    let step = |name: &str, limit: f64, severity| {
        let words = text(
            "Order latency",
            Unit::Ms,
            "99 of 100 orders are acknowledged within this; unanswered ones count as the time waited.",
            "See whether the venue or this host is slow.",
            "practice",
        );
        let condition = Condition::above(limit).resolving_at(limit * 0.8);
        let measure = Measure::Value(query.clone());
        let rule = Rule::measuring(name, measure, condition, severity).by(by(OWNER));
        Entry::off(rule.in_family("latency_p99").with_text(words))
    };
    vec![
        step("latency_p99", 500.0, Severity::Warning),
        step("latency_p99_critical", 2_000.0, Severity::Critical),
    ]
}

fn slippage() -> Entry {
    let query = Query::rolling("trading_fills.slippage_bps", Function::Mean, HOUR)
        .filtered(Matcher::is_not("source", ["inferred"]))
        .with_samples_min(20);
    let words = text(
        "Slippage",
        Unit::Bps,
        "Fills of the last hour cost this much more than the price at the decision, on average.",
        "Compare with what the model expects, and trade smaller.",
        "practice: twice the expected cost; set the threshold to yours",
    );
    let condition = Condition::above(10.0).resolving_at(8.0);
    let rule = Rule::measuring("slippage", Measure::Value(query), condition, Severity::Warning);
    Entry::off(rule.by(by(OWNER)).with_text(words))
}

fn inferred() -> Entry {
    let query = Query::rolling("trading_fills", Function::Count, HOUR)
        .filtered(Matcher::is("source", ["inferred"]));
    let words = text(
        "Inferred fills",
        Unit::Count,
        "Fills that were concluded, not reported; sums leave them out.",
        "Compare the venue's fills: `plimsoll backfill fills`.",
        "NautilusTrader's reconciliation",
    );
    let measure = Measure::Value(query);
    let rule = Rule::measuring("inferred_fills", measure, Condition::above(0.0), Severity::Warning);
    Entry::off(rule.by(by(["account_id", "venue"])).with_text(words))
}
