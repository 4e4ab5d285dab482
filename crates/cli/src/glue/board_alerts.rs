//! Alert rules, as dashboards and Grafana know them.

use plimsoll_alerts as alerts;
use plimsoll_board::{Compare, Function, Measure, OnAbsent, Rule, Sample, Severity, Unit};

/// The rules that come with it, at these limits.
pub(crate) fn rules(limits: &alerts::Limits) -> Vec<Rule> {
    configured(&alerts::RulesConfig::default(), limits)
}

/// The rules that a configuration makes, at these limits: those that are evaluated.
pub(crate) fn configured(config: &alerts::RulesConfig, limits: &alerts::Limits) -> Vec<Rule> {
    config.rules(limits).iter().map(rule).collect()
}

/// A rule; what only the engine can evaluate says why.
fn rule(of: &alerts::Rule) -> Rule {
    let (compare, limit, resolve_at) = condition(&of.condition);
    let mut rule = Rule::new(of.name.clone(), measure(of), compare, limit, unit(of)).of_severity(
        match of.severity {
            alerts::Severity::Critical => Severity::Critical,
            alerts::Severity::Warning => Severity::Warning,
            _ => Severity::Info,
        },
    );
    rule.resolve_at = resolve_at;
    if let alerts::By::Labels(labels) = &of.by {
        rule.by.clone_from(labels);
    }
    rule.pending_for = of.pending_for;
    rule.keep_firing_for = of.keep_firing_for;
    rule.on_absent = match of.absent.then {
        alerts::OnAbsent::Keep => OnAbsent::Keep,
        _ => OnAbsent::NoData,
    };
    if !of.text.title.is_empty() {
        rule.title.clone_from(&of.text.title);
    }
    rule.meaning.clone_from(&of.text.meaning);
    rule.action.clone_from(&of.text.action);
    rule.runbook.clone_from(&of.text.runbook);
    rule.labels = of.labels.iter().map(|(name, value)| (name.into(), value.into())).collect();
    rule
}

/// Comparison, limit and where it ends.
fn condition(of: &alerts::Condition) -> (Compare, f64, Option<f64>) {
    use alerts::Condition::{Above, Absent, AtLeast, AtMost, Below, Equal, NotEqual};
    let (compare, threshold) = match of {
        Above(threshold) => (Compare::Above, threshold),
        AtLeast(threshold) => (Compare::AtLeast, threshold),
        Below(threshold) => (Compare::Below, threshold),
        AtMost(threshold) => (Compare::AtMost, threshold),
        Equal(threshold) => (Compare::Equal, threshold),
        NotEqual(threshold) => (Compare::NotEqual, threshold),
        Absent { longer_than, .. } => return (Compare::Above, longer_than.as_secs_f64(), None),
        _ => return (Compare::Above, 0.0, None),
    };
    (compare, threshold.threshold, threshold.resolve_at)
}

fn unit(of: &alerts::Rule) -> Unit {
    if matches!(of.condition, alerts::Condition::Absent { .. }) {
        return Unit::Secs;
    }
    match of.text.unit {
        alerts::Unit::Ratio => Unit::Ratio,
        alerts::Unit::Count => Unit::Count,
        alerts::Unit::PerSecond => Unit::PerSecond,
        alerts::Unit::Ms => Unit::Ms,
        alerts::Unit::Secs => Unit::Secs,
        alerts::Unit::Bps => Unit::Bps,
        alerts::Unit::Qty => Unit::Qty,
        alerts::Unit::BaseCurrency => Unit::Money,
        alerts::Unit::Bytes => Unit::Bytes,
        _ => Unit::None,
    }
}

fn measure(of: &alerts::Rule) -> Measure {
    try_measure(of).unwrap_or_else(|why| Measure::Engine(why.to_owned()))
}

fn try_measure(of: &alerts::Rule) -> Result<Measure, &'static str> {
    use alerts::Measure as M;
    if !of.overrides.is_empty() {
        return Err("its limit differs from instance to instance");
    }
    if matches!(of.condition, alerts::Condition::All(_) | alerts::Condition::Any(_)) {
        return Err("it is made of other rules");
    }
    if !matches!(of.by, alerts::By::Labels(_)) {
        return Err("its instances are those of its series");
    }
    Ok(match &of.measure {
        M::Value(query) if matches!(of.condition, alerts::Condition::Absent { .. }) => {
            Measure::Silence(sample(query)?)
        }
        M::Value(query) => Measure::Value(sample(query)?),
        M::Ratio { of, to, to_min } => {
            Measure::Ratio { of: sample(of)?, to: sample(to)?, to_min: *to_min }
        }
        M::Difference { of, minus } => {
            Measure::Difference { of: sample(of)?, minus: sample(minus)? }
        }
        M::Drawdown(drawdown) if drawdown.reset == alerts::PeakReset::Never => {
            Measure::Drawdown { equity: sample(&drawdown.equity)?, peak: sample(&drawdown.peak)? }
        }
        M::Drawdown(_) => return Err("the engine keeps its peak"),
        M::SessionLoss(_) => return Err("the engine keeps the start of its session"),
        _ => return Err("the engine works it out"),
    })
}

fn sample(query: &alerts::Query) -> Result<Sample, &'static str> {
    use alerts::{Across, Function as F, Over};
    let metric = alerts::Metric::parse(&query.metric);
    let mut sample = Sample::last(metric.table, metric.column.unwrap_or_default());
    sample.column = metric.column.map(str::to_owned);
    sample.words =
        metric.words.split('|').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    sample.function = match query.function {
        F::Last => Function::Last,
        F::Count => Function::Count,
        F::Sum => Function::Sum,
        F::Mean => Function::Mean,
        F::Min => Function::Min,
        F::Max => Function::Max,
        F::Quantile(q) => Function::Quantile(q),
        F::Increase => Function::Increase,
        F::SinceValue => Function::SinceValue,
        _ => return Err("a rate or a change has no query"),
    };
    sample.over = match query.over {
        Over::Latest => None,
        Over::Rolling(span) => Some(span),
        _ => return Err("the engine keeps the start of its session"),
    };
    match (query.across, query.over == Over::Latest) {
        (Across::Pool, _) => {}
        (Across::Max, true) => sample.function = Function::Max,
        (Across::Min, true) => sample.function = Function::Min,
        _ => return Err("it adds up several series"),
    }
    sample.rows_min = query.samples_min;
    for matcher in &query.filter {
        if !matcher.is.is_empty() {
            let words = matcher.is.iter().map(alerts::Glob::as_str);
            sample = sample.only(matcher.label.clone(), words);
        }
        if !matcher.is_not.is_empty() {
            let words = matcher.is_not.iter().map(alerts::Glob::as_str);
            sample = sample.without(matcher.label.clone(), words);
        }
    }
    Ok(sample)
}
