//! Positions against their limits.

use super::{
    Entry, Limits, OpenOrders, PositionMax, PositionSize, RulesConfig, by, limits::threshold,
    stale, text,
};
use crate::rule::{Condition, Exception, Override, Rule, Severity, Threshold, Unit};

const OWNER: [&str; 3] = ["account_id", "instrument_id", "venue"];
const SOURCE: &str = "RTS 6 Art. 15 and 17; limits of the configuration";

pub(super) fn entries(limits: &Limits, config: &RulesConfig) -> Vec<Entry> {
    let mut all = Vec::new();
    for kind in [PositionMax::Qty(0.0), PositionMax::Notional(0.0), PositionMax::EquityRatio(0.0)] {
        for orders in [OpenOrders::Count, OpenOrders::Ignore] {
            let is_ours = |size: &PositionSize| {
                size.orders == orders
                    && std::mem::discriminant(&size.max) == std::mem::discriminant(&kind)
            };
            all.extend(largest(limits, config, kind, orders, &is_ours));
        }
    }
    all.push(missing(limits, config));
    all
}

/// Positions measured by one kind of size, if some limit is of this kind.
fn largest(
    limits: &Limits,
    config: &RulesConfig,
    kind: PositionMax,
    orders: OpenOrders,
    is_ours: &dyn Fn(&PositionSize) -> bool,
) -> Option<Entry> {
    let is_used = limits.position.iter().map(|limit| &limit.size).chain(&limits.position_default);
    if !is_used.into_iter().any(is_ours) {
        return None;
    }
    let (name, column, unit) = match kind {
        PositionMax::Qty(_) => ("position_max_qty", "qty", Unit::Qty),
        PositionMax::Notional(_) => ("position_max_notional", "notional", Unit::BaseCurrency),
        PositionMax::EquityRatio(_) => ("position_max_equity_ratio", "equity_ratio", Unit::Ratio),
    };
    let (suffix, meaning) = match orders {
        OpenOrders::Count => {
            ("", "A position, with open orders on its side as if they were filled.")
        }
        OpenOrders::Ignore => ("_held", "A position, open orders left out."),
    };
    // Each instance has the limit of its own entry; those of another kind are none of this rule's.
    let default = limits.position_default.filter(is_ours);
    let condition = Condition::above(default.map_or(f64::MAX, |size| size.max.value()));
    let action = "Reduce the position or cancel its orders.";
    let mut rule = Rule::new(
        format!("{name}{suffix}"),
        format!("position_at_risk.{column}{suffix}"),
        condition,
        Severity::Critical,
    )
    .by(by(OWNER))
    .with_text(text("Position", unit, meaning, action, SOURCE));
    if default.is_none() {
        rule.overrides.push(Override::new([], Exception::Exempt));
    }
    rule.overrides.extend(limits.position.iter().map(|limit| {
        let is_own = is_ours(&limit.size);
        let set = if is_own { threshold(limit.size.max.value()) } else { Exception::Exempt };
        limit.exception(set)
    }));
    rule.absent = stale(config.stale_after, Severity::Critical);
    Some(Entry::on(rule).limited_by("position"))
}

/// Instruments that are held and have no limit.
fn missing(limits: &Limits, config: &RulesConfig) -> Entry {
    let words = text(
        "Limit missing",
        Unit::Qty,
        "An instrument is held for which no limit was set.",
        "Set `limits.position` for it, or close the position.",
        SOURCE,
    );
    let condition = Condition::Above(Threshold::new(0.0));
    let metric = "position_at_risk.qty_held";
    let mut rule =
        Rule::new("position_limit_missing", metric, condition, Severity::Critical).by(by(OWNER));
    if limits.position_default.is_some() {
        rule.overrides.push(Override::new([], Exception::Exempt));
    }
    let exempt = limits.position.iter().map(|limit| limit.exception(Exception::Exempt));
    rule.overrides.extend(exempt);
    rule.absent = stale(config.stale_after, Severity::Warning);
    Entry::on(rule.with_text(words)).limited_by("position_default")
}
