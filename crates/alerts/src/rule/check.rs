//! Finds what is wrong with rules, all of it at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Condition, Exception, Function, Measure, Over, PeakReset, Query, Rule, Session, Threshold,
    problem::RuleProblem,
};
use crate::window::session::SessionClock;

/// Everything that is wrong with these rules, in their order; empty when they can be evaluated.
#[must_use]
pub fn problems(rules: &[Rule]) -> Vec<RuleProblem> {
    let mut found = Vec::new();
    let names: BTreeSet<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    let mut seen = BTreeSet::new();
    for rule in rules {
        if rule.name.trim().is_empty() {
            found.push(RuleProblem::new(&rule.name, "name", "empty", "a name"));
        }
        if !seen.insert(rule.name.as_str()) {
            found.push(RuleProblem::new(&rule.name, "name", "used twice", "a name of its own"));
        }
        Checking { rule, names: &names, found: &mut found }.all();
    }
    found.extend(cycles(rules));
    found
}

struct Checking<'a> {
    rule: &'a Rule,
    names: &'a BTreeSet<&'a str>,
    found: &'a mut Vec<RuleProblem>,
}

impl Checking<'_> {
    fn all(&mut self) {
        self.measure();
        self.condition();
        self.references();
        for exception in &self.rule.overrides {
            if let Exception::Threshold(threshold) = exception.set {
                self.threshold("overrides.threshold", threshold);
            }
        }
    }

    fn add(&mut self, field: &str, found: impl Into<String>, wanted: impl Into<String>) {
        self.found.push(RuleProblem::new(&self.rule.name, field, found, wanted));
    }

    fn measure(&mut self) {
        for query in self.rule.measure.queries() {
            self.query(query);
        }
        match &self.rule.measure {
            Measure::Ratio { to_min, .. } if !(to_min.is_finite() && *to_min >= 0.0) => {
                self.add("measure.to_min", to_min.to_string(), "a number from 0");
            }
            Measure::Drawdown(drawdown) => {
                if let PeakReset::Daily(session) = &drawdown.reset {
                    self.session("measure.reset", session);
                }
            }
            Measure::SessionLoss(loss) => self.session("measure.session", &loss.session),
            _ => {}
        }
        let is_own = matches!(self.rule.measure, Measure::Drawdown(_) | Measure::SessionLoss(_));
        let is_up = matches!(self.rule.condition, Condition::Above(_) | Condition::AtLeast(_));
        if is_own && !is_up {
            self.add("condition", "another comparison", "`above` or `at_least`");
        }
    }

    fn query(&mut self, query: &Query) {
        if query.metric.trim().is_empty() {
            self.add("measure.metric", "empty", "a metric");
        }
        if let Function::Quantile(q) = query.function
            && !(0.0..=1.0).contains(&q)
        {
            self.add("measure.quantile", q.to_string(), "a number from 0 to 1");
        }
        let needs_window = !matches!(query.function, Function::Last | Function::SinceValue);
        match &query.over {
            Over::Latest if needs_window => {
                self.add("measure.over", "`latest`", "`rolling_secs` or `session`");
            }
            Over::Rolling(span) if span.is_zero() => {
                self.add("measure.over.rolling_secs", "0", "more than 0");
            }
            Over::Rolling(_) | Over::Latest => {}
            Over::Session(session) => {
                self.session("measure.over.session", session);
                let is_there = !matches!(
                    query.function,
                    Function::Quantile(_) | Function::Rate | Function::SinceValue
                );
                if !is_there {
                    let wanted = "a function that sessions have (not quantile, rate, since_value)";
                    self.add("measure.function", format!("{:?}", query.function), wanted);
                }
            }
        }
    }

    fn session(&mut self, field: &str, session: &Session) {
        if SessionClock::new(session).is_none() {
            let wanted = "a zone such as `UTC` or `Europe/Berlin`";
            self.add(&format!("{field}.zone"), format!("`{}`", session.zone), wanted);
        }
    }

    fn condition(&mut self) {
        if let Some(threshold) = self.rule.condition.threshold() {
            self.threshold("condition.threshold", threshold);
        }
        let is_join = self.rule.condition.join().is_some();
        let is_nothing = matches!(self.rule.measure, Measure::Nothing);
        if is_join != is_nothing {
            let wanted = "`nothing` with `all` and `any`, and only with them";
            self.add("measure", if is_nothing { "`nothing`" } else { "something" }, wanted);
        }
        let is_silence = matches!(self.rule.condition, Condition::Absent { .. });
        if is_silence && !matches!(self.rule.measure, Measure::Value(_)) {
            self.add("measure", "more than one query", "`value` with `absent`");
        }
    }

    fn threshold(&mut self, field: &str, limit: Threshold) {
        if limit.threshold.is_nan() {
            self.add(field, "not a number", "a number");
        }
        let Some(resolve_at) = limit.resolve_at else { return };
        let text = resolve_at.to_string();
        let side = field.replace("threshold", "resolve_at");
        match self.rule.condition {
            Condition::Above(_) | Condition::AtLeast(_) if resolve_at > limit.threshold => {
                self.add(&side, text, format!("at most the threshold {}", limit.threshold));
            }
            Condition::Below(_) | Condition::AtMost(_) if resolve_at < limit.threshold => {
                self.add(&side, text, format!("at least the threshold {}", limit.threshold));
            }
            Condition::Equal(_) | Condition::NotEqual(_) => {
                self.add(&side, text, "nothing with `equal` and `not_equal`");
            }
            _ if resolve_at.is_nan() => self.add(&side, "not a number", "a number"),
            _ => {}
        }
    }

    fn references(&mut self) {
        if let Some(join) = self.rule.condition.join() {
            if join.of.is_empty() {
                self.add("condition.of", "empty", "names of rules");
            }
            for name in join.of.iter().chain(&join.unless) {
                self.reference("condition", name);
            }
        }
        for inhibition in &self.rule.inhibited_by {
            self.reference("inhibited_by.rule", &inhibition.rule);
            if inhibition.rule == self.rule.name {
                self.add("inhibited_by.rule", "the rule itself", "another rule");
            }
        }
    }

    fn reference(&mut self, field: &str, name: &str) {
        if !self.names.contains(name) {
            self.add(field, format!("`{name}`"), "the name of a rule that is there");
        }
    }
}

/// Rules that are made of themselves.
fn cycles(rules: &[Rule]) -> Vec<RuleProblem> {
    let parts: BTreeMap<&str, Vec<&str>> = rules
        .iter()
        .filter_map(|rule| Some((rule.name.as_str(), rule.condition.join()?)))
        .map(|(name, join)| {
            (name, join.of.iter().chain(&join.unless).map(String::as_str).collect())
        })
        .collect();
    let mut found = Vec::new();
    for start in parts.keys() {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&str> = parts.get(start).cloned().unwrap_or_default();
        while let Some(name) = next.pop() {
            if reached.insert(name) {
                next.extend(parts.get(name).into_iter().flatten().copied());
            }
        }
        if reached.contains(start) {
            let wanted = "rules that are not made of this one";
            found.push(RuleProblem::new(start, "condition", "made of itself", wanted));
        }
    }
    found
}
